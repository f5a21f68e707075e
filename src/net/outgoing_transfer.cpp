#include "net/outgoing_transfer.hpp"

#include <algorithm>

#include "net/zero_copy.hpp"

namespace kefu::inline v0::net {

TransferTurn OutgoingTransfer::turn(Socket& socket, std::span<std::byte> buffer) {
  using Status = TransferTurn::Status;
  std::size_t share = kTransferShare;
  bool moved = false;
  while (share != 0) {
    const RangedBody::Next next = body_->next();
    if (next.text.empty() && next.range.size() == 0) return {Status::complete, moved};
    const IoResult result = send(socket, next, share, buffer);
    switch (result.status) {
      case IoStatus::done:
        break;
      case IoStatus::would_block:
        return {Status::wait, moved};
      case IoStatus::ended:
      case IoStatus::failed:
        return {Status::gone, moved};
    }
    moved = true;
    body_->advance(result.bytes);
    share -= std::min(share, result.bytes);
  }
  return {Status::more, moved};
}

IoResult OutgoingTransfer::send(Socket& socket, const RangedBody::Next& next, std::size_t share,
                                std::span<std::byte> buffer) {
  if (!next.text.empty()) {
    const iovec text{const_cast<char*>(next.text.data()), next.text.size()};
    return socket.write({&text, 1});
  }
  FileSource& source = body_->source();
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(next.range.size(), share));
  if (sends_file_ && !socket.tls() && source.descriptor() >= 0) {
    const IoResult sent =
        send_file(socket.descriptor(), source.descriptor(), next.range.from, size);
    if (sent.status != IoStatus::failed) return sent;
    sends_file_ = false;  // the other way says whether it is the file or the peer
  }
  // What the socket doesn't take is read once more in the next turn, so nothing is held until then.
  const auto part = buffer.first(std::min(buffer.size(), size));
  const auto read = source.read_at(next.range.from, part);
  if (!read || *read != part.size()) return {IoStatus::failed, 0};
  const iovec bytes{part.data(), part.size()};
  return socket.write({&bytes, 1});
}

}  // namespace kefu::inline v0::net
