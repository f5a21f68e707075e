// A stream must decode to the same events however it was cut into reads.

#include <cstdio>
#include <cstdlib>

#include "fuzz/websocket_stream.hpp"

using namespace kefu::fuzz;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz_websocket: %s\n", what);
  std::abort();
}

void check_bounds(const ws::Options& options, std::string_view stream) {
  ws::Decoder decoder{options};
  std::vector<Seen> seen;
  const std::size_t bound = 2 * (std::size_t{options.max_message} + 125 + ws::kPadding);
  for (std::size_t i = 0; i < stream.size(); ++i) {
    if (!feed(decoder, stream.substr(i, 1), seen)) break;
    require(decoder.buffered_capacity() <= bound, "buffer beyond the limit");
    require(decoder.buffered_capacity() <= 2 * (i + 1) + 256, "buffer beyond what arrived");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source source{data, size};
  const std::uint8_t flags = source.byte();
  ws::Options options;
  options.role = (flags & 1) != 0 ? ws::Role::client : ws::Role::server;
  options.allow_rsv1 = (flags & 2) != 0;
  options.max_message = (flags & 4) != 0 ? 60 : 1 << 20;
  const std::uint8_t seed = source.byte();
  const std::string stream = make_stream(source, options.role);

  const auto whole = decode(options, stream, [&] { return stream.size(); });
  require(decode(options, stream, [] { return std::size_t{1}; }) == whole, "byte by byte differs");
  for (std::uint32_t round = 1; round <= 4; ++round) {
    std::uint32_t state = seed * 4 + round;
    const auto cut = [&] {
      state = state * 1664525 + 1013904223;
      return std::size_t{state >> 16} % (round * round * 8);
    };
    require(decode(options, stream, cut) == whole, "pieces differ");
  }
  check_bounds(options, stream);
  return 0;
}
