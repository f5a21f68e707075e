#include "net/link_quality.hpp"

#if !KEFU_NET_LINUX

namespace kefu::net {

std::optional<LinkQuality> link_quality_of(int) noexcept { return std::nullopt; }

}  // namespace kefu::net

#endif
