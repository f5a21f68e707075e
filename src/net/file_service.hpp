// FileService: the requests of tus, and downloads.
#pragma once

#include <kefu/net/file_service.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/transfer.hpp"

namespace kefu::inline v0::net {

/// Threading: any. It outlives the connections that it serves.
class FileService final : public TransferService {
 public:
  /// `origins`: of pages that may ask; none: any. Throws std::invalid_argument for a short secret,
  /// or where nobody says who may do what.
  FileService(Files& files, FileServiceOptions options, std::vector<std::string> origins);

  [[nodiscard]] bool serves(std::string_view path) const noexcept override;
  void begin(const Request& request, Completion<Begun> done) override;

 private:
  /// A request, copied out of its connection, which may go before the answer is there.
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  class Upload;
  /// What is asked of a file that somebody uploads.
  using Asked = void (FileService::*)(const CallPtr&, FileStatus);

  [[nodiscard]] CallPtr read(const Request& request, Completion<Begun> done) const;
  void route(const CallPtr& call);
  void create(const CallPtr& call);
  void announce(const CallPtr& call, FileInfo info);
  /// Goes on when the file is the caller's upload.
  void with_own(const CallPtr& call, Asked next);
  void head(const CallPtr& call, FileStatus known);
  /// How far it has got; what is whole is committed first.
  void tell_progress(const CallPtr& call, FileStatus known, int status);
  void patch(const CallPtr& call, FileStatus known);
  void terminate(const CallPtr& call, FileStatus known);
  void take_body(const CallPtr& call, FileStatus known, int status);
  void tell_url(const CallPtr& call);
  void download(const CallPtr& call);
  void send(const CallPtr& call, const FileInfo& info, std::unique_ptr<FileSource> source) const;

  [[nodiscard]] http::Response respond(const Call& call, int status) const;
  [[nodiscard]] http::Response refuse(const Call& call, errc why) const;
  [[nodiscard]] http::Response describe(const Call& call) const;
  [[nodiscard]] http::Response progress(const Call& call, const FileStatus& known,
                                        int status) const;
  /// Where the file is for a while, and what it is.
  [[nodiscard]] http::Response address(const Call& call, const FileInfo& info) const;
  [[nodiscard]] std::int64_t seconds_now() const;
  [[nodiscard]] FileId mint_id() const;

  Files& files_;
  FileServiceOptions options_;
  std::optional<JwtKeys> own_keys_;  // of a secret that stays
  std::vector<std::string> origins_;
  SystemClock system_clock_;
};

}  // namespace kefu::inline v0::net
