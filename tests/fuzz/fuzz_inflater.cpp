// Compressed messages as anybody might send them: none unpacks to more than is allowed, none harms
// the next, and what was compressed here comes back.
#include <kefu/net/deflate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

using namespace kefu::net::websocket;

namespace {

constexpr std::uint32_t kMost = 64 * 1024;
constexpr std::size_t kAnyRatio = 8192;  // bytes to which any message may unpack

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz_inflater: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Inflater inflater{kMost};
  static Deflater deflater{DeflateWindow::narrow};
  const std::span bytes = std::as_bytes(std::span{data, size});
  const Inflated inflated = inflater.inflate(bytes);
  require(inflated.payload.size() <= kMost, "more than max_message");
  require(inflated.error == Error::none || inflated.payload.empty(), "a payload beside an error");
  if (inflated.error == Error::none) (void)is_valid_text(inflated.payload);

  const auto message = bytes.first(std::min(size, kAnyRatio));
  const auto deflated = deflater.deflate(message);
  if (deflated.empty()) return 0;  // it would not have been smaller
  const Inflated back = inflater.inflate(deflated);
  require(back.error == Error::none && std::ranges::equal(back.payload, message),
          "a message does not come back");
  return 0;
}
