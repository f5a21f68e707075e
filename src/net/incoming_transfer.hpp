// IncomingTransfer: takes the body of an upload, a part a turn.
#pragma once

#include <cstddef>
#include <kefu/net/http_body.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "net/pipe_pool.hpp"
#include "net/socket.hpp"
#include "net/spliced_body.hpp"
#include "net/transfer.hpp"

namespace kefu::inline v0::net {

/// Threading: its loop, to which `pipes` belong.
class IncomingTransfer {
 public:
  IncomingTransfer(const http::Head& head, std::unique_ptr<BodySink> sink, std::uint64_t most,
                   PipePool& pipes);
  ~IncomingTransfer();
  IncomingTransfer(const IncomingTransfer&) = delete;
  IncomingTransfer& operator=(const IncomingTransfer&) = delete;

  /// Takes bytes that are here already from the front of `bytes`; what is left when it is complete
  /// is the next request's. May block for the file.
  [[nodiscard]] TransferTurn feed(std::string_view& bytes);
  /// Takes bytes from the socket. `buffer` is for those that must be seen; it holds nothing between
  /// turns but, when it is complete, behind(). May block for the file.
  [[nodiscard]] TransferTurn turn(Socket& socket, std::span<std::byte> buffer);

  /// Once it is complete: what was read of the next request, in the buffer.
  [[nodiscard]] std::string_view behind() const noexcept { return behind_; }
  /// Once it is complete.
  [[nodiscard]] std::unique_ptr<BodySink> take_sink() noexcept { return std::move(sink_); }
  /// Once it is refused.
  [[nodiscard]] http::Response take_response() noexcept { return std::move(response_); }

 private:
  [[nodiscard]] bool can_splice(const Socket& socket);
  [[nodiscard]] TransferTurn splice(Socket& socket, std::span<std::byte> buffer);
  [[nodiscard]] SplicedBody::Action carry_out(SplicedBody::Action action, Socket& socket,
                                              std::span<std::byte> buffer);
  [[nodiscard]] TransferTurn copy(Socket& socket, std::span<std::byte> buffer);
  void let_pipe_go() noexcept;

  http::BodyReader body_;
  std::unique_ptr<BodySink> sink_;
  PipePool& pipes_;
  std::optional<Pipe> pipe_;            // during a turn, and as long as there are bytes in it
  std::optional<SplicedBody> spliced_;  // likewise
  std::string_view behind_;
  http::Response response_;
  bool splices_ = true;
  bool refused_ = false;
};

}  // namespace kefu::inline v0::net
