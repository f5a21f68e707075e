// FileService: uploads, as tus has them.
#include <simdjson.h>

#include <span>
#include <utility>

#include "digest.hpp"
#include "net/file_call.hpp"
#include "net/tus.hpp"

namespace kefu::inline v0::net {
namespace {

std::optional<Digest> digest_for(std::string_view algorithm) {
  if (algorithm == "sha1") return Digest{EVP_sha1()};
  if (algorithm == "sha256") return Digest{EVP_sha256()};
  return std::nullopt;
}

}  // namespace

/// The body of a PATCH, or of a POST that brings the first bytes.
class FileService::Upload final : public BodySink {
 public:
  Upload(FileService& service, CallPtr call, FileStatus known, int status,
         std::unique_ptr<FileSink> sink, std::optional<tus::Checksum> checksum)
      : service_{service},
        call_{std::move(call)},
        known_{std::move(known)},
        sink_{std::move(sink)},
        checksum_{std::move(checksum)},
        begin_{sink_->offset()},
        status_{status} {
    if (checksum_) digest_ = digest_for(checksum_->algorithm);
  }
  /// What came is kept, unless it can't be checked any more.
  ~Upload() override {
    if (sink_ && digest_) (void)sink_->rewind(begin_);
  }

  std::optional<http::Response> take(std::string_view bytes) override {
    const auto data = std::as_bytes(std::span{bytes});
    const auto written = sink_->write(data);
    if (!written) return service_.refuse(*call_, written.error());
    if (digest_) digest_->update(data);
    return std::nullopt;
  }

  FileSink* unseen() override { return digest_ ? nullptr : sink_.get(); }

  void finish(Completion<http::Response> done) override {
    if (digest_ && digest_->finish() != checksum_->digest) {
      const errc rewound = sink_->rewind(begin_);
      digest_.reset();
      return done(rewound == errc::ok ? service_.respond(*call_, 460)
                                      : service_.refuse(*call_, rewound));
    }
    known_.offset = sink_->offset();
    digest_.reset();
    sink_.reset();
    if (known_.offset != known_.info.size) {
      return done(service_.progress(*call_, known_, status_));
    }
    service_.files_.commit(known_.info.id,
                           [&service = service_, call = call_, known = known_, status = status_,
                            done = std::move(done)](result<FileInfo> committed) mutable {
                             done(committed ? service.progress(*call, known, status)
                                            : service.refuse(*call, committed.error()));
                           });
  }

 private:
  FileService& service_;
  CallPtr call_;
  FileStatus known_;
  std::unique_ptr<FileSink> sink_;
  std::optional<tus::Checksum> checksum_;
  std::optional<Digest> digest_;
  std::uint64_t begin_;
  int status_;
};

void FileService::create(const CallPtr& call) {
  const auto length = tus::parse_number(call->length.value_or(""));
  auto metadata = tus::parse_metadata(call->metadata.value_or(""));
  if (!length || !metadata) return call->answer(respond(*call, 400));
  if (*length > options_.limits.max_file) return call->answer(respond(*call, 413));
  if (call->has_body() && call->type != tus::kBodyType) return call->answer(respond(*call, 415));
  const auto conversation = ConversationId::parse(tus::find(*metadata, "conversation"));
  const std::string_view wished = tus::find(*metadata, "id");
  const auto id = wished.empty() ? mint_id() : FileId::parse(wished);
  const std::string_view file_name = tus::find(*metadata, "filename");
  const std::string_view type = tus::find(*metadata, "filetype");
  if (!conversation || !id || !simdjson::validate_utf8(file_name) || !simdjson::validate_utf8(type))
    return call->answer(respond(*call, 400));
  FileInfo info;
  info.id = *id;
  info.conversation = *conversation;
  info.name = file_name;
  info.type = type;
  info.metadata = call->metadata.value_or("");
  info.size = *length;
  const Caller caller{call->client, call->subject};
  options_.admit(call->token, caller, *conversation,
                 [this, call, info = std::move(info)](result<Identity> who) mutable {
                   if (!who) return call->answer(refuse(*call, who.error()));
                   info.owner = std::move(who->participant.id);
                   announce(call, std::move(info));
                 });
}

void FileService::announce(const CallPtr& call, FileInfo info) {
  files_.create(std::move(info), [this, call](result<FileStatus> created) {
    if (!created) return call->answer(refuse(*call, created.error()));
    take_body(call, *std::move(created), 201);
  });
}

void FileService::head(const CallPtr& call, FileStatus known) {
  tell_progress(call, std::move(known), 200);
}

void FileService::tell_progress(const CallPtr& call, FileStatus known, int status) {
  if (known.state != FileState::growing || known.offset != known.info.size) {
    return call->answer(progress(*call, known, status));
  }
  // All is there, but the server went before it said so.
  const FileId id = known.info.id;
  files_.commit(id, [this, call, status, known = std::move(known)](result<FileInfo> committed) {
    if (!committed && committed.error() == errc::conflict)  // it is being committed
      return call->answer(respond(*call, 423));
    if (!committed) return call->answer(refuse(*call, committed.error()));
    call->answer(progress(*call, known, status));
  });
}

void FileService::patch(const CallPtr& call, FileStatus known) {
  const auto offset = tus::parse_number(call->offset.value_or(""));
  if (call->type != tus::kBodyType) return call->answer(respond(*call, 415));
  if (!offset) return call->answer(respond(*call, 400));
  if (*offset != known.offset) return call->answer(respond(*call, 409));
  take_body(call, std::move(known), 204);
}

void FileService::take_body(const CallPtr& call, FileStatus known, int status) {
  std::optional<tus::Checksum> checksum;
  if (call->checksum && call->has_body()) {
    checksum = tus::parse_checksum(*call->checksum);
    if (!checksum || !digest_for(checksum->algorithm)) return call->answer(respond(*call, 400));
  }
  call->id = known.info.id;
  const std::uint64_t left = known.info.size - known.offset;
  // A creation that is repeated finds the upload where it got to: its body is not for there.
  const bool stale = status == 201 && known.offset != 0;
  if (call->body.value_or(0) > left && !stale) return call->answer(respond(*call, 413));
  if (known.state != FileState::growing || stale || (!call->has_body() && left != 0)) {
    return tell_progress(call, std::move(known), status);
  }
  files_.resume(*call->id, [this, call, status, known = std::move(known)](
                               result<std::unique_ptr<FileSink>> sink) mutable {
    if (!sink) {
      // Its last request may be under way still.
      if (sink.error() == errc::conflict) return call->answer(respond(*call, 423));
      return call->answer(refuse(*call, sink.error()));
    }
    if ((*sink)->offset() != known.offset) return call->answer(respond(*call, 409));
    std::optional<tus::Checksum> wanted;
    if (call->checksum && call->has_body()) wanted = tus::parse_checksum(*call->checksum);
    const std::uint64_t most = known.info.size - known.offset;
    Begun begun;
    begun.sink = std::make_unique<Upload>(*this, call, std::move(known), status, *std::move(sink),
                                          std::move(wanted));
    begun.most = most;
    call->done(std::move(begun));
  });
}

}  // namespace kefu::inline v0::net
