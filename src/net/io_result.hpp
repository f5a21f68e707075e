// What reading and writing a connection answers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kefu::inline v0::net {

enum class IoStatus : std::uint8_t {
  done,         ///< `bytes` were moved; fewer than asked for means that the rest would block
  would_block,  ///< none were
  ended,        ///< reading: the peer has sent its last byte
  failed,       ///< the connection is broken
};

struct IoResult {
  IoStatus status = IoStatus::done;
  std::size_t bytes = 0;
  bool again = false;  ///< the rest would not block, however few bytes these are
};

}  // namespace kefu::inline v0::net
