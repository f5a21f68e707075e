#include <kefu/net/deflate.hpp>

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <kefu/net/websocket.hpp>
#include <random>
#include <string>
#include <vector>

namespace ws = kefu::net::websocket;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text});
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// As a client might compress, in each of zlib's ways.
std::string packed(std::string_view text, int level = 9, int strategy = Z_DEFAULT_STRATEGY,
                   int flush = Z_SYNC_FLUSH, int window = -15) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, window, 8, strategy) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, flush);
  REQUIRE((result == Z_OK || result == Z_STREAM_END));
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (flush == Z_SYNC_FLUSH) out.resize(out.size() - 4);
  return out;
}

std::string chat(std::size_t size) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) {
    out += R"({"type":"entry","conversation":"0190-)" + std::to_string(i) + R"(","body":"谢谢"})";
  }
  return out;
}

std::string noise(std::size_t size) {
  std::minstd_rand random{7};
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

ws::Error error_of(ws::Inflater& inflater, std::string_view payload) {
  return inflater.inflate(bytes_of(payload)).error;
}

std::string response_to(std::string_view offers) {
  const auto agreement = ws::answer_deflate_offers(offers);
  return agreement ? agreement->response : "";
}

constexpr std::string_view kPlain =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

}  // namespace

TEST_CASE("deflate: the offers that browsers and libraries make are met") {
  CHECK(response_to("permessage-deflate") == kPlain);
  CHECK(response_to("permessage-deflate; client_max_window_bits") == kPlain);
  CHECK(response_to("permessage-deflate;server_no_context_takeover;client_no_context_takeover; "
                    "client_max_window_bits=12") == kPlain);
  CHECK(response_to("permessage-deflate; server_max_window_bits=15") ==
        std::string{kPlain} + "; server_max_window_bits=15");
  CHECK(response_to("permessage-deflate; server_max_window_bits=\"10\"") ==
        std::string{kPlain} + "; server_max_window_bits=9");
  CHECK(ws::answer_deflate_offers("permessage-deflate")->window == ws::DeflateWindow::wide);
  CHECK(ws::answer_deflate_offers("permessage-deflate; server_max_window_bits=14")->window ==
        ws::DeflateWindow::narrow);
}

TEST_CASE("deflate: an offer that can't be met is passed over for the next") {
  CHECK(response_to("x-webkit-deflate-frame") == "");
  CHECK(response_to("") == "");
  CHECK(response_to("permessage-deflate; server_max_window_bits=8") == "");
  CHECK(response_to("permessage-deflate; server_max_window_bits=8, permessage-deflate") == kPlain);
  CHECK(response_to("permessage-bzip2, permessage-deflate; future, permessage-deflate") == kPlain);
  for (const std::string_view bad :
       {"server_max_window_bits", "server_max_window_bits=16", "server_max_window_bits=09",
        "server_max_window_bits=+9", "server_max_window_bits=", "server_no_context_takeover=1",
        "client_no_context_takeover; client_no_context_takeover", "client_max_window_bits=7",
        "server_max_window_bits=9; server_max_window_bits=9", "unknown", "="}) {
    CAPTURE(bad);
    CHECK(response_to("permessage-deflate; " + std::string{bad}) == "");
  }
}

TEST_CASE("deflate: what was compressed unpacks to the same, in any order of sizes") {
  ws::Inflater inflater{1 << 20};
  for (const auto window : {ws::DeflateWindow::narrow, ws::DeflateWindow::wide}) {
    ws::Deflater deflater{window};
    for (const std::size_t size : {300U, 100'000U, 1000U, 70'000U, 400U}) {
      const std::string text = chat(size);
      const auto payload = deflater.deflate(bytes_of(text));
      REQUIRE(!payload.empty());
      CHECK(payload.size() < text.size());
      const auto inflated = inflater.inflate(payload);
      REQUIRE(inflated.error == ws::Error::none);
      CHECK(text_of(inflated.payload) == text);
      volatile std::byte padding = *(inflated.payload.data() + inflated.payload.size() +
                                     ws::kPadding - 1);  // readable, as promised
      (void)padding;
    }
  }
}

TEST_CASE("deflate: the narrow window refers no further back than 512 bytes") {
  ws::Deflater deflater{ws::DeflateWindow::narrow};
  const std::string text = noise(600) + noise(600);  // the same twice, out of its reach
  CHECK(deflater.deflate(bytes_of(text)).empty());
  CHECK(!ws::Deflater{ws::DeflateWindow::wide}.deflate(bytes_of(text)).empty());
}

TEST_CASE("deflate: what would not get smaller is left alone") {
  ws::Deflater deflater{ws::DeflateWindow::wide};
  CHECK(deflater.deflate(bytes_of(noise(5000))).empty());
  CHECK(deflater.deflate(bytes_of("x")).empty());
  CHECK(deflater.deflate({}).empty());
  CHECK(!deflater.deflate(bytes_of(chat(1000))).empty());
}

TEST_CASE("inflate: whatever way zlib compresses") {
  ws::Inflater inflater{1 << 20};
  for (const std::size_t size : {0U, 1U, 100U, 70'000U}) {
    const std::string text = chat(size).substr(0, size);
    for (const int level : {0, 1, 6, 9}) {
      for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
        for (const int flush : {Z_SYNC_FLUSH, Z_FINISH}) {
          if (size == 0 && flush == Z_SYNC_FLUSH) continue;
          CAPTURE(size);
          CAPTURE(level);
          CAPTURE(strategy);
          CAPTURE(flush);
          const auto inflated =
              inflater.inflate(bytes_of(packed(text, level, strategy, flush, -12)));
          REQUIRE(inflated.error == ws::Error::none);
          CHECK(text_of(inflated.payload) == text);
        }
      }
    }
  }
}

TEST_CASE("inflate: the examples of RFC 7692 7.2.3") {
  using namespace std::string_literals;
  ws::Inflater inflater{1 << 20};
  const auto unpacked = [&](std::string_view payload) {
    const auto inflated = inflater.inflate(bytes_of(payload));
    CHECK(inflated.error == ws::Error::none);
    return text_of(inflated.payload);
  };
  CHECK(unpacked("\xf2\x48\xcd\xc9\xc9\x07\x00"s) == "Hello");
  CHECK(unpacked("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s) == "Hello");
  CHECK(unpacked("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s) == "Hello");  // BFINAL, then a zero byte
  CHECK(unpacked("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s) == "Hello");
  CHECK(unpacked("\x00"s) == "");
}

TEST_CASE("inflate: a message can't refer to the one before it") {
  using namespace std::string_literals;
  ws::Inflater inflater{1 << 20};
  REQUIRE(error_of(inflater, packed("Hello")) == ws::Error::none);
  // The same message again, as one with context takeover compresses it (RFC 7692 7.2.3.2).
  CHECK(error_of(inflater, "\xf2\x00\x11\x00\x00"s) == ws::Error::bad_deflate);
}

TEST_CASE("inflate: a bad stream is bad_deflate, and the next message is none the worse") {
  using namespace std::string_literals;
  ws::Inflater inflater{1 << 20};
  const std::string good = packed(chat(500));
  for (const std::string& bad :
       {"\xff\xff\xff\xff"s, "\x06"s, "\x00\x05\x00\x00\x00Hello"s, good.substr(0, good.size() / 2),
        good.substr(1), good + "\xff\xff\xff", ""s, "\x78\x9c"s + good}) {
    CAPTURE(bad.size());
    CHECK(error_of(inflater, bad) == ws::Error::bad_deflate);
    CHECK(error_of(inflater, good) == ws::Error::none);
  }
}

TEST_CASE("inflate: mutated streams are refused or unpacked within the limit") {
  std::minstd_rand random{11};
  ws::Inflater inflater{100'000};
  const std::string good = packed(chat(5000));
  for (int i = 0; i < 5000; ++i) {
    std::string bad = good;
    for (std::size_t n = 1 + random() % 8; n > 0; --n) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    const auto inflated = inflater.inflate(bytes_of(bad));
    CHECK(inflated.payload.size() <= 100'000);
  }
}

TEST_CASE("inflate: a message may be as long as allowed, and no byte longer") {
  ws::Inflater inflater{5000, {.max_ratio = 100'000}};
  CHECK(error_of(inflater, packed(std::string(5000, 'x'))) == ws::Error::none);
  CHECK(error_of(inflater, packed(std::string(5001, 'x'))) == ws::Error::message_too_big);
  CHECK(error_of(inflater, packed(std::string(5001, 'x'), 0)) == ws::Error::message_too_big);
  CHECK(error_of(inflater, packed(noise(5000))) == ws::Error::none);
}

TEST_CASE("inflate: a bomb is refused at the limit of its ratio, with little memory") {
  ws::Inflater inflater{1 << 30, {.max_ratio = 100, .always_allowed = 1000}};
  const std::string bomb = packed(std::string(50'000'000, '\0'));
  REQUIRE(bomb.size() < 60'000);
  CHECK(error_of(inflater, bomb) == ws::Error::inflates_too_much);
  CHECK(inflater.buffered_capacity() <= 100 * bomb.size() + 1000);

  const std::string small = packed(std::string(1001, 'x'));
  REQUIRE(small.size() * 100 > 1001);
  CHECK(error_of(inflater, small) == ws::Error::none);
  CHECK(inflater.buffered_capacity() < 10'000);  // the bomb's memory isn't kept
}

TEST_CASE("inflate: bombs within one stream after another") {
  // Each unpacks to little; together they are too much.
  ws::Inflater inflater{10'000, {.max_ratio = 100'000}};
  const std::string part = packed(std::string(1000, 'x'), 9, Z_DEFAULT_STRATEGY, Z_FINISH);
  std::string all;
  for (int i = 0; i < 10; ++i) all += part;
  CHECK(error_of(inflater, all) == ws::Error::none);
  CHECK(error_of(inflater, all + part) == ws::Error::message_too_big);
}

TEST_CASE("deflate: compressed messages in fragments, with control frames between") {
  const std::string text = chat(3000);
  const std::string payload = packed(text);
  std::vector<std::byte> wire;
  const auto add = [&](ws::Opcode opcode, bool fin, std::string_view part, bool rsv1) {
    const std::size_t at = wire.size();
    ws::append_masked(wire, opcode, fin, bytes_of(part), 0x01020304);
    if (rsv1) wire[at] |= std::byte{0x40};
  };
  add(ws::Opcode::text, false, std::string_view{payload}.substr(0, 10), true);
  add(ws::Opcode::ping, true, "between", false);
  add(ws::Opcode::continuation, false, std::string_view{payload}.substr(10, 50), false);
  add(ws::Opcode::pong, true, "", false);
  add(ws::Opcode::continuation, false, std::string_view{payload}.substr(60), false);
  add(ws::Opcode::continuation, true, "", false);
  add(ws::Opcode::text, true, "plain", false);

  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, wire.size()}) {
    ws::Decoder decoder{{.allow_rsv1 = true, .max_message = 10'000}};
    ws::Inflater inflater{10'000};
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < wire.size(); at += step) {
      std::vector<std::byte> chunk(
          wire.begin() + static_cast<std::ptrdiff_t>(at),
          wire.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, wire.size())));
      const std::size_t size = chunk.size();
      chunk.resize(size + ws::kPadding);
      std::span<std::byte> input{chunk.data(), size};
      for (;;) {
        const ws::Event event = decoder.next(input);
        if (event.kind == ws::EventKind::need_more) break;
        REQUIRE(event.kind != ws::EventKind::error);
        seen.push_back(event.rsv1 ? text_of(inflater.inflate(event.payload).payload)
                                  : std::string{event.text()});
      }
    }
    CHECK(seen == std::vector<std::string>{"between", "", text, "plain"});
  }
}

TEST_CASE("deflate: RSV1 on a continuation or control frame is an error") {
  for (const auto opcode : {ws::Opcode::continuation, ws::Opcode::ping, ws::Opcode::close}) {
    std::vector<std::byte> wire;
    ws::append_masked(wire, ws::Opcode::text, false, bytes_of("x"), 0);
    const std::size_t at = wire.size();
    ws::append_masked(wire, opcode, true, bytes_of("yz"), 0);
    wire[at] |= std::byte{0x40};
    const std::size_t size = wire.size();
    wire.resize(size + ws::kPadding);
    ws::Decoder decoder{{.allow_rsv1 = true}};
    std::span<std::byte> input{wire.data(), size};
    CHECK(decoder.next(input).error == ws::Error::reserved_bits);
  }
}

TEST_CASE("deflate: what was unpacked is text only if it is UTF-8") {
  CHECK(ws::is_valid_text(bytes_of("谢谢")));
  CHECK(ws::is_valid_text({}));
  CHECK(!ws::is_valid_text(bytes_of("\xed\xa0\x80")));
}
