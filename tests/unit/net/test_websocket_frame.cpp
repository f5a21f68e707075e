#include <kefu/net/websocket_frame.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

namespace ws = kefu::net::websocket;

namespace {

std::string header(ws::Opcode opcode, bool fin, std::uint64_t size) {
  std::array<std::byte, ws::kMaxHeader> out;
  const std::size_t written = ws::write_header(opcode, fin, size, out);
  CHECK(written == ws::header_size(size));
  return {reinterpret_cast<const char*>(out.data()), written};
}

std::string close(std::uint16_t code, std::string_view reason) {
  std::array<std::byte, ws::kMaxControlPayload> out;
  const std::size_t written = ws::write_close_payload(code, reason, out);
  return {reinterpret_cast<const char*>(out.data()), written};
}

}  // namespace

TEST_CASE("websocket frame: headers take the shortest form") {
  using namespace std::string_literals;
  CHECK(header(ws::Opcode::text, true, 0) == "\x81\x00"s);
  CHECK(header(ws::Opcode::text, false, 5) == "\x01\x05"s);
  CHECK(header(ws::Opcode::continuation, true, 125) == "\x80\x7d"s);
  CHECK(header(ws::Opcode::binary, true, 126) == "\x82\x7e\x00\x7e"s);
  CHECK(header(ws::Opcode::binary, true, 65535) == "\x82\x7e\xff\xff"s);
  CHECK(header(ws::Opcode::binary, true, 65536) == "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);
  CHECK(header(ws::Opcode::ping, true, 3) == "\x89\x03"s);
}

TEST_CASE("websocket frame: masking, RFC 6455 5.7") {
  const std::string hello = "Hello";
  const unsigned char key[] = {0x37, 0xfa, 0x21, 0x3d};
  std::uint32_t mask;
  std::memcpy(&mask, key, sizeof mask);
  std::vector<std::byte> out{std::byte{0xee}};  // appended behind what is there
  ws::append_masked(out, ws::Opcode::text, true, std::as_bytes(std::span{hello}), mask);
  const unsigned char expected[] = {0xee, 0x81, 0x85, 0x37, 0xfa, 0x21,
                                    0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  REQUIRE(out.size() == sizeof expected);
  CHECK(std::memcmp(out.data(), expected, sizeof expected) == 0);
}

TEST_CASE("websocket frame: a mask applies in pieces as it does whole") {
  constexpr std::uint32_t kMask = 0x01fe7f80;
  unsigned char key[4];
  std::memcpy(key, &kMask, sizeof key);
  for (std::size_t size = 0; size < 200; ++size) {
    std::vector<std::byte> naive(size, std::byte{0x33});
    for (std::size_t i = 0; i < size; ++i) naive[i] ^= static_cast<std::byte>(key[i % 4]);
    for (std::size_t cut = 0; cut <= size; ++cut) {
      std::vector<std::byte> pieces(size, std::byte{0x33});
      const std::uint32_t rotated = ws::apply_mask(std::span{pieces}.first(cut), kMask);
      ws::apply_mask(std::span{pieces}.subspan(cut), rotated);
      REQUIRE(pieces == naive);
    }
  }
}

TEST_CASE("websocket frame: close payloads fit, and are cut between characters") {
  using namespace std::string_literals;
  CHECK(close(1000, "") == "\x03\xe8"s);
  CHECK(close(4001, "bye") == "\x0f\xa1"s + "bye");
  CHECK(close(1001, std::string(200, 'x')) == "\x03\xe9"s + std::string(123, 'x'));
  // 122 bytes and a character of three: it is left out whole.
  CHECK(close(1001, std::string(122, 'x') + "\xe5\xae\xa2") == "\x03\xe9"s + std::string(122, 'x'));
  CHECK(close(1001, std::string(120, 'x') + "\xe5\xae\xa2") ==
        "\x03\xe9"s + std::string(120, 'x') + "\xe5\xae\xa2");
}

TEST_CASE("websocket frame: every error has a status and words") {
  CHECK(ws::close_code(ws::Error::invalid_utf8) == 1007);
  CHECK(ws::close_code(ws::Error::message_too_big) == 1009);
  for (int i = 1; i <= static_cast<int>(ws::Error::message_too_big); ++i) {
    const auto error = static_cast<ws::Error>(i);
    CHECK(ws::to_string(error) != "unknown");
    CHECK(ws::is_valid_close_code(ws::close_code(error)));
    if (error != ws::Error::invalid_utf8 && error != ws::Error::message_too_big) {
      CHECK(ws::close_code(error) == 1002);
    }
  }
}
