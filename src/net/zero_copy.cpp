#include "net/zero_copy.hpp"

#if !KEFU_NET_LINUX

namespace kefu::inline v0::net {

std::optional<Pipe> make_pipe(std::size_t) noexcept { return std::nullopt; }
IoResult splice_from(int, const Pipe&, std::size_t) noexcept { return {IoStatus::failed, 0}; }
IoResult splice_to(int, std::uint64_t, const Pipe&, std::size_t) noexcept {
  return {IoStatus::failed, 0};
}
IoResult send_file(int, int, std::uint64_t, std::size_t) noexcept { return {IoStatus::failed, 0}; }
void ignore_broken_sockets() noexcept {}

}  // namespace kefu::inline v0::net

#endif
