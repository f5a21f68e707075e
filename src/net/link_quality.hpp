// What the system knows of a TCP connection.
#pragma once

#include <kefu/transport.hpp>
#include <optional>

namespace kefu::inline v0::net {

std::optional<LinkQuality> link_quality_of(int descriptor) noexcept;

}  // namespace kefu::inline v0::net
