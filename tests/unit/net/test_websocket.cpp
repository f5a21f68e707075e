#include <kefu/net/websocket.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

namespace ws = kefu::net::websocket;
using ws::Error;
using ws::EventKind;
using ws::Opcode;

namespace {

constexpr std::uint32_t kMask = 0x21fa3d37;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

/// An event that owns its payload, so that runs can be compared.
struct Seen {
  EventKind kind;
  Error error;
  bool rsv1;
  std::uint16_t code;
  std::string payload;

  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << static_cast<int>(seen.kind) << '/' << ws::to_string(seen.error) << '/' << seen.code
             << '/' << seen.payload.size();
}

Seen message(EventKind kind, std::string payload) {
  return {kind, Error::none, false, 0, std::move(payload)};
}
Seen failure(Error error) { return {EventKind::error, error, false, 0, ""}; }
Seen closed(std::uint16_t code, std::string reason) {
  return {EventKind::close, Error::none, false, code, std::move(reason)};
}

/// Feeds one piece in an allocation of its own, so that a sanitizer sees every stray access.
bool feed(ws::Decoder& decoder, std::string_view piece, std::vector<Seen>& out) {
  std::vector<std::byte> buffer(piece.size() + ws::kPadding);
  if (!piece.empty()) std::memcpy(buffer.data(), piece.data(), piece.size());
  std::span<std::byte> input{buffer.data(), piece.size()};
  for (;;) {
    const ws::Event event = decoder.next(input);
    if (event.kind == EventKind::need_more) {
      CHECK(input.empty());
      return true;
    }
    std::string payload{event.text()};
    payload.resize(payload.size() + ws::kPadding);
    if (!event.payload.empty()) {  // the padding must be readable
      std::memcpy(payload.data(), event.payload.data(), payload.size());
    }
    payload.resize(event.payload.size());
    out.push_back({event.kind, event.error, event.rsv1, event.code, std::move(payload)});
    if (event.kind == EventKind::error) return false;
  }
}

std::vector<Seen> run(const ws::Options& options, const std::vector<std::string_view>& pieces) {
  ws::Decoder decoder{options};
  std::vector<Seen> seen;
  for (const std::string_view piece : pieces) {
    if (!feed(decoder, piece, seen)) break;
  }
  return seen;
}

/// Decodes whole, byte by byte and in every two pieces; all must tell the same.
std::vector<Seen> decode(std::string_view bytes, const ws::Options& options = {}) {
  const std::vector<Seen> whole = run(options, {bytes});
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  CHECK(run(options, single) == whole);
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 4096);
  for (std::size_t i = 0; i <= bytes.size(); i += step) {
    const std::vector<Seen> split = run(options, {bytes.substr(0, i), bytes.substr(i)});
    if (split != whole) {
      CAPTURE(i);
      CHECK(split == whole);
    }
  }
  return whole;
}

std::string frame(Opcode opcode, bool fin, std::string_view payload, std::uint32_t mask = kMask) {
  std::vector<std::byte> out;
  ws::append_masked(out, opcode, fin, as_bytes(payload), mask);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string text(std::string_view payload) { return frame(Opcode::text, true, payload); }

std::string server_frame(Opcode opcode, bool fin, std::string_view payload) {
  std::array<std::byte, ws::kMaxHeader> header;
  const std::size_t size = ws::write_header(opcode, fin, payload.size(), header);
  return std::string{reinterpret_cast<const char*>(header.data()), size} + std::string{payload};
}

std::string raw(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out.push_back(static_cast<char>(byte));
  return out;
}

std::string close_payload(int code, std::string_view reason = "") {
  return raw({code >> 8, code & 0xff}) + std::string{reason};
}

ws::Options client() {
  ws::Options options;
  options.role = ws::Role::client;
  return options;
}

}  // namespace

TEST_CASE("websocket: the examples of RFC 6455 5.7") {
  CHECK(decode(raw({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}), client()) ==
        std::vector{message(EventKind::text, "Hello")});
  CHECK(decode(raw({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})) ==
        std::vector{message(EventKind::text, "Hello")});
  CHECK(decode(raw({0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f}), client()) ==
        std::vector{message(EventKind::text, "Hello")});
  CHECK(decode(raw({0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}), client()) ==
        std::vector{message(EventKind::ping, "Hello")});
  CHECK(decode(raw({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})) ==
        std::vector{message(EventKind::pong, "Hello")});
  const std::string b256(256, '\x5a');
  CHECK(decode(raw({0x82, 0x7e, 0x01, 0x00}) + b256, client()) ==
        std::vector{message(EventKind::binary, b256)});
  const std::string b64k(65536, '\x5a');
  CHECK(decode(raw({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}) + b64k, client()) ==
        std::vector{message(EventKind::binary, b64k)});
}

TEST_CASE("websocket: payloads of every small size, and around each length form") {
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size <= 300; ++size) sizes.push_back(size);
  sizes.insert(sizes.end(), {65534, 65535, 65536, 65537});
  for (const std::size_t size : sizes) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + size);
    const std::vector<Seen> expected{message(EventKind::binary, payload)};
    CHECK(run({}, {frame(Opcode::binary, true, payload)}) == expected);
    CHECK(run(client(), {server_frame(Opcode::binary, true, payload)}) == expected);
    if (size <= 140) CHECK(decode(frame(Opcode::binary, true, payload)) == expected);
  }
}

TEST_CASE("websocket: a sequence of everything, at every split") {
  const std::string sequence =
      text("first") + frame(Opcode::ping, true, "p1") + frame(Opcode::text, false, "fr\xe5\xae") +
      frame(Opcode::ping, true, std::string(125, 'x')) + frame(Opcode::continuation, false, "") +
      frame(Opcode::pong, true, "") + frame(Opcode::continuation, false, "\xa2") +
      frame(Opcode::continuation, true, "\xe6\x9c\x8d!") + text("") +
      frame(Opcode::binary, true, std::string(200, '\xff')) + frame(Opcode::binary, false, "") +
      frame(Opcode::continuation, true, "end") +
      frame(Opcode::close, true, close_payload(1000, "bye")) + "whatever follows";
  CHECK(decode(sequence) ==
        std::vector{message(EventKind::text, "first"), message(EventKind::ping, "p1"),
                    message(EventKind::ping, std::string(125, 'x')), message(EventKind::pong, ""),
                    message(EventKind::text, "fr\xe5\xae\xa2\xe6\x9c\x8d!"),
                    message(EventKind::text, ""),
                    message(EventKind::binary, std::string(200, '\xff')),
                    message(EventKind::binary, "end"), closed(1000, "bye")});
}

TEST_CASE("websocket: three pieces, so that a header and a payload are both cut") {
  const std::string bytes = frame(Opcode::text, false, "abc") + frame(Opcode::ping, true, "ping") +
                            frame(Opcode::continuation, true, std::string(130, 'd'));
  const std::vector<Seen> expected{message(EventKind::ping, "ping"),
                                   message(EventKind::text, "abc" + std::string(130, 'd'))};
  const std::string_view view = bytes;
  for (std::size_t i = 0; i <= view.size(); ++i) {
    for (std::size_t j = i; j <= view.size(); ++j) {
      const auto seen = run({}, {view.substr(0, i), view.substr(i, j - i), view.substr(j)});
      REQUIRE(seen == expected);
    }
  }
}

TEST_CASE("websocket: a whole message is a view into the input and allocates nothing") {
  std::string bytes = text("in place") + frame(Opcode::ping, true, "too");
  bytes.resize(bytes.size() + ws::kPadding);
  std::span<std::byte> input{reinterpret_cast<std::byte*>(bytes.data()),
                             bytes.size() - ws::kPadding};
  ws::Decoder decoder{{}};
  const ws::Event first = decoder.next(input);
  CHECK(first.text() == "in place");
  CHECK(reinterpret_cast<const char*>(first.payload.data()) == bytes.data() + 6);
  CHECK(decoder.next(input).text() == "too");
  CHECK(decoder.next(input).kind == EventKind::need_more);
  CHECK(decoder.buffered_capacity() == 0);
}

TEST_CASE("websocket: the own buffer holds what arrived, not what was announced, and goes again") {
  ws::Options options;
  options.max_message = 1 << 20;
  ws::Decoder decoder{options};
  const std::string bytes = frame(Opcode::binary, true, std::string(1 << 20, 'b'));
  std::vector<Seen> seen;
  feed(decoder, std::string_view{bytes}.substr(0, 1014), seen);
  CHECK(decoder.buffered_capacity() >= 1000);
  CHECK(decoder.buffered_capacity() <= 4096);
  feed(decoder, std::string_view{bytes}.substr(1014), seen);
  CHECK(seen.size() == 1);
  CHECK(decoder.buffered_capacity() == 0);
  feed(decoder, text("x").substr(0, 1), seen);
  CHECK(decoder.buffered_capacity() > 0);
  feed(decoder, text("x").substr(1), seen);
  CHECK(seen.back() == message(EventKind::text, "x"));
  CHECK(decoder.buffered_capacity() == 0);
}

TEST_CASE("websocket: protocol errors") {
  const auto error_of = [](std::string_view bytes, const ws::Options& options = {}) {
    const std::vector<Seen> seen = decode(bytes, options);
    REQUIRE(!seen.empty());
    REQUIRE(seen.back().kind == EventKind::error);
    return seen.back().error;
  };
  const auto with_first_byte = [](int first) {
    std::string bytes = text("ab");
    bytes[0] = static_cast<char>(first);
    return bytes;
  };
  for (const int rsv : {0x40, 0x20, 0x10, 0x70}) {
    CHECK(error_of(with_first_byte(0x81 | rsv)) == Error::reserved_bits);
    CHECK(error_of(with_first_byte(0x89 | rsv)) == Error::reserved_bits);
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    CHECK(error_of(with_first_byte(0x80 | opcode)) == Error::reserved_opcode);
    CHECK(error_of(with_first_byte(opcode)) == Error::reserved_opcode);
  }
  for (const Opcode opcode : {Opcode::close, Opcode::ping, Opcode::pong}) {
    CHECK(error_of(frame(opcode, false, "")) == Error::fragmented_control);
    CHECK(error_of(frame(opcode, true, std::string(126, 'x'))) == Error::control_too_long);
  }
  CHECK(error_of(frame(Opcode::continuation, true, "x")) == Error::unexpected_continuation);
  CHECK(error_of(text("done") + frame(Opcode::continuation, false, "x")) ==
        Error::unexpected_continuation);
  CHECK(error_of(frame(Opcode::text, false, "x") + text("y")) == Error::expected_continuation);
  CHECK(error_of(frame(Opcode::binary, false, "") + frame(Opcode::binary, false, "")) ==
        Error::expected_continuation);
  CHECK(error_of(server_frame(Opcode::text, true, "x")) == Error::unmasked_frame);
  CHECK(error_of(text("x"), client()) == Error::masked_frame);
  CHECK(error_of(raw({0x82, 0xfe, 0, 125})) == Error::non_minimal_length);
  CHECK(error_of(raw({0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) == Error::non_minimal_length);
  CHECK(error_of(raw({0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0})) == Error::length_overflow);
  CHECK(error_of(raw({0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})) ==
        Error::length_overflow);
  CHECK(error_of(frame(Opcode::close, true, "x")) == Error::invalid_close_payload);
}

TEST_CASE("websocket: an error is final, and what came before it counts") {
  CHECK(decode(text("good") + raw({0x83, 0x80}) + text("never")) ==
        std::vector{message(EventKind::text, "good"), failure(Error::reserved_opcode)});
  ws::Decoder decoder{{}};
  std::vector<Seen> seen;
  CHECK_FALSE(feed(decoder, raw({0xff}), seen));
  CHECK_FALSE(feed(decoder, text("x"), seen));
  CHECK(seen == std::vector{failure(Error::reserved_bits), failure(Error::reserved_bits)});
}

TEST_CASE("websocket: close") {
  CHECK(decode(frame(Opcode::close, true, "")) == std::vector{closed(ws::kCloseNoStatus, "")});
  const std::string longest(123, 'r');
  CHECK(decode(frame(Opcode::close, true, close_payload(4321, longest))) ==
        std::vector{closed(4321, longest)});
  for (int code = 0; code <= 0xffff; ++code) {
    const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    const auto status = static_cast<std::uint16_t>(code);
    const Seen expected = valid ? closed(status, "") : failure(Error::invalid_close_code);
    if (run({}, {frame(Opcode::close, true, close_payload(code))}) != std::vector{expected}) {
      FAIL("close code " << code);
    }
  }
  CHECK(decode(frame(Opcode::close, true, close_payload(1000, "\xc3\x28"))) ==
        std::vector{failure(Error::invalid_utf8)});
  CHECK(decode(frame(Opcode::close, true, close_payload(1000, "\xe5\xae"))) ==
        std::vector{failure(Error::invalid_utf8)});
}

TEST_CASE("websocket: the limit counts whole messages and is checked before any payload") {
  ws::Options options;
  options.max_message = 10;
  CHECK(decode(text("0123456789"), options) == std::vector{message(EventKind::text, "0123456789")});
  CHECK(run(options, {frame(Opcode::text, true, "0123456789a").substr(0, 2)}) ==
        std::vector{failure(Error::message_too_big)});
  CHECK(decode(frame(Opcode::text, false, "012345") + frame(Opcode::continuation, false, "6789") +
                   frame(Opcode::ping, true, std::string(125, 'p')) +
                   frame(Opcode::continuation, true, ""),
               options) == std::vector{message(EventKind::ping, std::string(125, 'p')),
                                       message(EventKind::text, "0123456789")});
  CHECK(decode(frame(Opcode::text, false, "012345") + frame(Opcode::continuation, true, "6789a"),
               options) == std::vector{failure(Error::message_too_big)});
  CHECK(decode(raw({0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), options) ==
        std::vector{failure(Error::message_too_big)});
  options.max_message = 0xffffffff;  // clamped, so that sizes can't wrap
  CHECK(decode(raw({0x82, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}), options) ==
        std::vector{failure(Error::message_too_big)});
}

TEST_CASE("websocket: UTF-8, whole and in fragments cut anywhere") {
  const std::vector<std::string> good{
      "",
      "a",
      "\xc2\x80",
      "\xdf\xbf",
      "\xe0\xa0\x80",
      "\xed\x9f\xbf",
      "\xee\x80\x80",
      "\xef\xbf\xbf",
      "\xf0\x90\x80\x80",
      "\xf4\x8f\xbf\xbf",
      "\xe5\xae\xa2\xe6\x9c\x8d\xf0\x9f\x98\x80z",
      std::string(100, 'a') + "\xe5\xae\xa2" + std::string(70, 'b')};
  const std::vector<std::string> bad{"\x80",
                                     "\xbf",
                                     "\xc0\x80",
                                     "\xc1\xbf",
                                     "\xc3\x28",
                                     "\xe0\x9f\xbf",
                                     "\xed\xa0\x80",
                                     "\xed\xbf\xbf",
                                     "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80",
                                     "\xff",
                                     "\xe5\xae",
                                     "\xe5",
                                     "\xf0\x9f\x98",
                                     "\xe5\xae\x28",
                                     "\xf0\x9f\x98\x28"};
  const auto both = [](const std::string& payload, const Seen& expected) {
    CHECK(decode(text(payload)) == std::vector{expected});
    CHECK(decode(text("lead " + payload + " tail")).back().kind == expected.kind);
    for (std::size_t i = 0; i <= payload.size(); ++i) {
      CHECK(decode(frame(Opcode::text, false, payload.substr(0, i)) +
                   frame(Opcode::continuation, true, payload.substr(i))) == std::vector{expected});
    }
  };
  for (const std::string& payload : good) both(payload, message(EventKind::text, payload));
  for (const std::string& payload : bad) both(payload, failure(Error::invalid_utf8));
  // Binary messages carry anything.
  CHECK(decode(frame(Opcode::binary, true, "\xff\x80")) ==
        std::vector{message(EventKind::binary, "\xff\x80")});
}

TEST_CASE("websocket: impossible text is refused at its first impossible byte") {
  const auto fails_at_once = [](std::string_view start, std::string_view impossible) {
    std::vector<Seen> seen;
    ws::Decoder fragments{{}};
    CHECK(feed(fragments, frame(Opcode::text, false, start), seen));
    CHECK_FALSE(feed(fragments, frame(Opcode::continuation, false, impossible), seen));
    // The same inside one frame that never ends.
    const std::string bytes = text(std::string{start} + std::string{impossible} + "more");
    ws::Decoder chops{{}};
    CHECK(feed(chops, std::string_view{bytes}.substr(0, 6 + start.size()), seen));
    CHECK_FALSE(
        feed(chops, std::string_view{bytes}.substr(6 + start.size(), impossible.size()), seen));
    CHECK(seen == std::vector{failure(Error::invalid_utf8), failure(Error::invalid_utf8)});
  };
  fails_at_once("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4", "\x90");
  fails_at_once("\xe0", "\x80");
  fails_at_once("\xed", "\xa0");
  fails_at_once("\xf0", "\x8f");
  fails_at_once("a", "\xc1");
  fails_at_once("a", "\xf5");
  fails_at_once("\xe5\xae", "a");
}

TEST_CASE("websocket: RSV1 only where an extension allows it") {
  ws::Options options;
  options.allow_rsv1 = true;
  const auto marked = [](std::string bytes) {
    bytes[0] = static_cast<char>(bytes[0] | 0x40);
    return bytes;
  };
  const Seen packed{EventKind::text, Error::none, true, 0, "\xff\xff"};
  CHECK(decode(marked(text("\xff\xff")), options) == std::vector{packed});
  CHECK(decode(marked(frame(Opcode::text, false, "\xff")) +
                   frame(Opcode::continuation, true, "\xff") + text("plain"),
               options) == std::vector{packed, message(EventKind::text, "plain")});
  CHECK(decode(text("\xff"), options) == std::vector{failure(Error::invalid_utf8)});
  CHECK(decode(marked(frame(Opcode::ping, true, "")), options) ==
        std::vector{failure(Error::reserved_bits)});
  CHECK(
      decode(marked(frame(Opcode::text, false, "")) + marked(frame(Opcode::continuation, true, "")),
             options) == std::vector{failure(Error::reserved_bits)});
}
