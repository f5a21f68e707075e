// OutgoingTransfer: sends the body of a download, a part a turn.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "net/socket.hpp"
#include "net/transfer.hpp"

namespace kefu::inline v0::net {

/// Threading: its loop.
class OutgoingTransfer {
 public:
  explicit OutgoingTransfer(std::unique_ptr<RangedBody> body) noexcept : body_{std::move(body)} {}

  /// `buffer` is for what the system can't send from the file itself; it holds nothing between
  /// turns. May block for the file.
  [[nodiscard]] TransferTurn turn(Socket& socket, std::span<std::byte> buffer);

 private:
  [[nodiscard]] IoResult send(Socket& socket, const RangedBody::Next& next, std::size_t share,
                              std::span<std::byte> buffer);

  std::unique_ptr<RangedBody> body_;
  bool sends_file_ = true;
};

}  // namespace kefu::inline v0::net
