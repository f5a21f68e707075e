#include "net/ranged_body.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

using namespace kefu;
using namespace kefu::net;

namespace {

const std::string kText = "0123456789";

class Source final : public FileSource {
 public:
  [[nodiscard]] std::uint64_t size() const override { return kText.size(); }
  result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::memcpy(out.data(), kText.data() + offset, out.size());
    return out.size();
  }
};

/// All of it, in parts of at most `step` bytes.
std::string send(RangedBody& body, std::size_t step) {
  std::string out;
  for (;;) {
    const RangedBody::Next next = body.next();
    const std::size_t size =
        std::min<std::size_t>(step, next.text.empty() ? next.range.size() : next.text.size());
    if (size == 0) return out;
    if (!next.text.empty()) {
      out.append(next.text.substr(0, size));
    } else {
      std::string part(size, '\0');
      REQUIRE(body.source().read_at(next.range.from, std::as_writable_bytes(std::span{part})));
      out.append(part);
    }
    body.advance(size);
  }
}

RangedBody body_of(const std::vector<ByteRange>& ranges) {
  return {std::make_unique<Source>(), ranges, "text/plain", "line"};
}

}  // namespace

TEST_CASE("one range is its bytes") {
  for (const std::size_t step : {1u, 3u, 100u}) {
    RangedBody body = body_of({{2, 7}});
    CHECK_FALSE(body.multipart());
    CHECK(body.size() == 5);
    CHECK(send(body, step) == "23456");
  }
  RangedBody nothing = body_of({{0, 0}});
  CHECK(nothing.size() == 0);
  CHECK(send(nothing, 100).empty());
}

TEST_CASE("several ranges have heads between them") {
  const std::string head = "\r\n--line\r\nContent-Type: text/plain\r\nContent-Range: bytes ";
  for (const std::size_t step : {1u, 7u, 1000u}) {
    RangedBody body = body_of({{0, 2}, {8, 10}});
    CHECK(body.multipart());
    const std::string whole =
        head + "0-1/10\r\n\r\n01" + head + "8-9/10\r\n\r\n89" + "\r\n--line--\r\n";
    CHECK(body.size() == whole.size());
    CHECK(send(body, step) == whole);
  }
}
