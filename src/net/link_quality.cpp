#include "net/link_quality.hpp"

#if !KEFU_NET_LINUX

namespace kefu::inline v0::net {

std::optional<LinkQuality> link_quality_of(int) noexcept { return std::nullopt; }

}  // namespace kefu::inline v0::net

#endif
