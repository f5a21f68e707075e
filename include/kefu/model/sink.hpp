// SinkCursor: how far a sink has got in the outbox, and which node serves it now.
#pragma once

#include <cstdint>
#include <kefu/model/time.hpp>
#include <string>

namespace kefu {

struct SinkCursor {
  std::string sink;            ///< the host's name for it
  std::uint64_t position = 0;  ///< everything up to this was delivered
  std::string node;            ///< that delivers, alone …
  Timestamp until;             ///< … until then, by the Store's clock

  friend bool operator==(const SinkCursor&, const SinkCursor&) = default;
};

}  // namespace kefu
