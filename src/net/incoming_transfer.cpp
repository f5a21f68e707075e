#include "net/incoming_transfer.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "net/zero_copy.hpp"

namespace kefu::inline v0::net {
namespace {

using Status = TransferTurn::Status;

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What is in a pipe, for the file that takes no splice; 0 when it can't be had.
std::size_t read_from(const Pipe& pipe, std::span<std::byte> into) noexcept {
  const ssize_t count = ::read(pipe.out.get(), into.data(), into.size());
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace

IncomingTransfer::IncomingTransfer(const http::Head& head, std::unique_ptr<BodySink> sink,
                                   std::uint64_t most, PipePool& pipes)
    : body_{head, static_cast<std::size_t>(most)}, sink_{std::move(sink)}, pipes_{pipes} {}

IncomingTransfer::~IncomingTransfer() { let_pipe_go(); }

TransferTurn IncomingTransfer::feed(std::string_view& bytes) {
  bool moved = false;
  for (;;) {
    std::string_view data;
    const auto status = body_.next(bytes, data);
    moved = moved || !data.empty();
    if (!data.empty()) {
      if (auto response = sink_->take(data)) {
        response_ = *std::move(response);
        return {Status::refused, moved};
      }
    }
    if (status == http::BodyReader::Status::complete) return {Status::complete, moved};
    if (status == http::BodyReader::Status::failed) {
      response_ = http::text_response(http::status_for(body_.error()));
      return {Status::refused, moved};
    }
    if (bytes.empty()) return {Status::more, moved};
  }
}

TransferTurn IncomingTransfer::turn(Socket& socket, std::span<std::byte> buffer) {
  return can_splice(socket) ? splice(socket, buffer) : copy(socket, buffer);
}

/// Where there is no pipe for now this turn goes through the buffer.
bool IncomingTransfer::can_splice(const Socket& socket) {
  if (pipe_) return true;
  if (!splices_ || socket.tls() || body_.run() == 0) return false;
  FileSink* const file = sink_->unseen();
  if (!file || file->descriptor() < 0) return false;
  pipe_ = pipes_.take();
  if (!pipe_) return false;
  spliced_.emplace(body_.run());
  return true;
}

TransferTurn IncomingTransfer::splice(Socket& socket, std::span<std::byte> buffer) {
  using Action = SplicedBody::Action;
  const std::uint64_t before = spliced_->left();
  Action action = spliced_->begin_turn(kTransferShare);
  while (!refused_ &&
         (action == Action::fill || action == Action::drain || action == Action::rescue)) {
    action = carry_out(action, socket, buffer);
  }
  const bool moved = spliced_->left() != before;
  if (!spliced_->holds_pipe() || refused_) let_pipe_go();
  if (refused_) return {Status::refused, moved};
  switch (action) {
    case Action::wait:
      return {Status::wait, moved};
    case Action::complete:
      return {
          body_.status() == http::BodyReader::Status::complete ? Status::complete : Status::more,
          moved};
    case Action::gone:
      return {Status::gone, moved};
    case Action::give_up:
      splices_ = false;
      break;
    default:
      break;
  }
  return {Status::more, moved};
}

SplicedBody::Action IncomingTransfer::carry_out(SplicedBody::Action action, Socket& socket,
                                                std::span<std::byte> buffer) {
  const std::size_t size = spliced_->size();
  if (action == SplicedBody::Action::fill) {
    const IoResult result = splice_from(socket.descriptor(), *pipe_, size);
    body_.skip(result.bytes);
    return spliced_->filled(result);
  }
  if (action == SplicedBody::Action::drain) {
    FileSink& file = *sink_->unseen();
    const IoResult result = splice_to(file.descriptor(), file.offset(), *pipe_, size);
    file.advance(result.bytes);
    return spliced_->drained(result);
  }
  const std::size_t count = read_from(*pipe_, buffer.first(std::min(buffer.size(), size)));
  auto response = count != 0 ? sink_->take(as_text(buffer.first(count)))
                             : std::optional{http::text_response(500)};
  if (response) {
    response_ = *std::move(response);
    refused_ = true;
  }
  return spliced_->rescued(count);
}

TransferTurn IncomingTransfer::copy(Socket& socket, std::span<std::byte> buffer) {
  std::size_t share = kTransferShare;
  bool moved = false;
  while (share != 0) {
    const IoResult result = socket.read(buffer);
    if (result.status == IoStatus::would_block) return {Status::wait, moved};
    if (result.status != IoStatus::done) return {Status::gone, moved};
    std::string_view bytes = as_text(buffer.first(result.bytes));
    moved = true;
    const TransferTurn fed = feed(bytes);
    behind_ = bytes;
    if (fed.status != Status::more) return {fed.status, moved};
    share -= std::min(share, result.bytes);
  }
  return {Status::more, moved};
}

/// Bytes in it would be the next transfer's.
void IncomingTransfer::let_pipe_go() noexcept {
  if (!pipe_) return;
  if (spliced_->holds_pipe()) {
    pipes_.discard(*std::move(pipe_));
  } else {
    pipes_.give(*std::move(pipe_));
  }
  pipe_.reset();
  spliced_.reset();
}

}  // namespace kefu::inline v0::net
