#include <kefu/net/http_body.hpp>

#include <doctest/doctest.h>

#include <string>

namespace http = kefu::net::http;
using http::BodyError;
using http::BodyReader;

namespace {

http::Head head(std::string_view field) {
  http::HeadParser parser{http::HeadKind::request};
  const std::string text = "POST / HTTP/1.1\r\nHost: h\r\n" + std::string{field} + "\r\n\r\n";
  std::string_view bytes = text;
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  return std::move(parser).take_head();
}

struct Outcome {
  BodyReader::Status status;
  BodyError error;
  std::string body;
  std::string rest;
};

Outcome read(std::string_view field, std::string_view bytes, std::size_t limit = 1000,
             std::size_t step = ~std::size_t{0}) {
  BodyReader reader{head(field), limit};
  while (reader.status() == BodyReader::Status::need_more && !bytes.empty()) {
    std::string_view input = bytes.substr(0, step);
    const std::size_t size = input.size();
    reader.feed(input);
    bytes.remove_prefix(size - input.size());
  }
  return {reader.status(), reader.error(), reader.take(), std::string{bytes}};
}

constexpr std::string_view kChunked = "Transfer-Encoding: chunked";

}  // namespace

TEST_CASE("http body: of a known length") {
  const Outcome outcome = read("Content-Length: 5", "HelloGET /");
  CHECK(outcome.status == BodyReader::Status::complete);
  CHECK(outcome.body == "Hello");
  CHECK(outcome.rest == "GET /");
  CHECK(read("Content-Length: 5", "Hell").status == BodyReader::Status::need_more);
  CHECK(read("Content-Length: 0", "x").rest == "x");
  CHECK(!http::has_body(head("Content-Length: 0")));
  CHECK(http::has_body(head("Content-Length: 1")));
  CHECK(http::has_body(head(kChunked)));
  CHECK(!http::has_body(head("X: y")));
}

TEST_CASE("http body: in chunks, however they are cut") {
  constexpr std::string_view kBytes =
      "5\r\nHello\r\n7;name=value; \"quoted\"\r\n, world\r\n0a\r\n0123456789\r\n"
      "0\r\nTrailer: thrown away\r\nAnother: one\r\n\r\nGET /";
  for (std::size_t step = 1; step <= kBytes.size(); ++step) {
    const Outcome outcome = read(kChunked, kBytes, 1000, step);
    CHECK(outcome.status == BodyReader::Status::complete);
    CHECK(outcome.body == "Hello, world0123456789");
    CHECK(outcome.rest == "GET /");
  }
  CHECK(read(kChunked, "0\r\n\r\n").body.empty());
}

TEST_CASE("http body: chunks that another might read otherwise are refused") {
  using namespace std::string_literals;
  for (const std::string& bytes : {"5\nHello\r\n"s,
                                   "5\rHello"s,
                                   "5\r\nHello\n0\r\n"s,
                                   "5\r\nHello0\r\n"s,
                                   "5\r\nHello!\r\n"s,
                                   "\r\n"s,
                                   ";x\r\n"s,
                                   "0x5\r\n"s,
                                   "+5\r\n"s,
                                   "-5\r\n"s,
                                   " 5\r\n"s,
                                   "5 \r\n"s,
                                   "g\r\n"s,
                                   "1_0\r\n"s,
                                   "5;a\nb\r\n"s,
                                   "5;a\0\r\n"s,
                                   "10000000000000005\r\n"s,
                                   "0000000000000000005\r\n"s,
                                   "0\r\nA: b\n\r\n"s,
                                   "0\r\nA: \x01\r\n"s,
                                   "0\r\n\r\r\n"s}) {
    CAPTURE(bytes);
    CHECK(read(kChunked, bytes).error == BodyError::malformed);
    CHECK(read(kChunked, bytes, 1000, 1).error == BodyError::malformed);
  }
}

TEST_CASE("http body: shown where it stands, in place of being collected") {
  BodyReader reader{head(kChunked), 1000};
  const std::string bytes = "5\r\nHello\r\n7\r\n, world\r\n0\r\n\r\nGET /";
  std::string_view input = bytes;
  std::string_view data;
  CHECK(reader.next(input, data) == BodyReader::Status::need_more);
  CHECK(data == "Hello");
  CHECK(data.data() == bytes.data() + 3);
  CHECK(reader.run() == 0);
  CHECK(reader.next(input, data) == BodyReader::Status::need_more);
  CHECK(data == ", world");
  CHECK(reader.next(input, data) == BodyReader::Status::complete);
  CHECK(data.empty());
  CHECK(input == "GET /");
  CHECK(reader.size() == 0);
}

TEST_CASE("http body: moved unseen") {
  BodyReader reader{head("Content-Length: 10"), 10};
  CHECK(reader.run() == 10);
  std::string_view input = "abc";
  std::string_view data;
  CHECK(reader.next(input, data) == BodyReader::Status::need_more);
  CHECK(data == "abc");
  CHECK(reader.run() == 7);
  reader.skip(5);
  CHECK(reader.status() == BodyReader::Status::need_more);
  input = "ijk";
  CHECK(reader.next(input, data) == BodyReader::Status::complete);
  CHECK(data == "ij");
  CHECK(input == "k");
  CHECK(reader.run() == 0);
  CHECK(BodyReader{head("Content-Length: 11"), 10}.run() == 0);
  CHECK(BodyReader{head(kChunked), 10}.run() == 0);
}

TEST_CASE("http body: limits") {
  CHECK(read("Content-Length: 10", "", 10).error == BodyError::none);
  CHECK(read("Content-Length: 11", "", 10).error == BodyError::too_large);
  CHECK(read(kChunked, "a\r\n0123456789\r\n0\r\n\r\n", 10).error == BodyError::none);
  CHECK(read(kChunked, "b\r\n", 10).error == BodyError::too_large);
  CHECK(read(kChunked, "5\r\nHello\r\n6\r\n", 10).error == BodyError::too_large);
  CHECK(read(kChunked, "fffffffffffffff\r\n").error == BodyError::too_large);
  CHECK(read(kChunked, "5;" + std::string(300, 'x')).error == BodyError::malformed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 2000; ++i) trailers += "A: b\r\n";
  CHECK(read(kChunked, trailers).error == BodyError::malformed);
}

TEST_CASE("http body: what is written in chunks is read again") {
  std::string wire;
  http::append_chunk(wire, "Hello");
  http::append_chunk(wire, "");
  http::append_chunk(wire, std::string(300, 'x'));
  CHECK(wire.starts_with("5\r\nHello\r\n12c\r\nxxx"));
  wire += http::kLastChunk;
  CHECK(read(kChunked, wire).body == "Hello" + std::string(300, 'x'));
}

TEST_CASE("http body: every error has a status") {
  CHECK(http::status_for(BodyError::too_large) == 413);
  CHECK(http::status_for(BodyError::malformed) == 400);
}
