// How long the system tries to reach a peer.
#pragma once

#include <kefu/model/time.hpp>

namespace kefu::inline v0::net {

/// A connection whose bytes nobody acknowledges for so long is broken. Where the system can't be
/// told, its own patience counts.
void set_patience(int descriptor, Nanoseconds patience) noexcept;

}  // namespace kefu::inline v0::net
