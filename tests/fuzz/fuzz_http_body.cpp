// A body must read the same however it was cut into reads, and never be larger than is allowed.
#include <kefu/net/http_body.hpp>
#include <kefu/net/http_head.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace http = kefu::net::http;
using http::BodyReader;

namespace {

constexpr std::size_t kMost = 4096;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz_http_body: %s\n", what);
  std::abort();
}

struct Read {
  BodyReader::Status status;
  http::BodyError error;
  std::string body;
  std::size_t used = 0;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view fields, std::string_view bytes, std::size_t piece_size) {
  http::HeadParser parser{http::HeadKind::request, {}};
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n";
  std::string_view input = head;
  require(parser.feed(input) == http::HeadParser::Status::complete, "the head is sound");
  BodyReader reader{parser.head(), kMost};
  Read out{reader.status(), {}, {}, 0};
  while (out.status == BodyReader::Status::need_more && out.used < bytes.size()) {
    const std::string piece{bytes.substr(out.used, piece_size)};
    std::string_view rest = piece;
    out.status = reader.feed(rest);
    out.used += piece.size() - rest.size();
  }
  out.error = reader.error();
  require(reader.size() <= kMost, "more than allowed");
  if (out.status == BodyReader::Status::failed) out.used = 0;  // how far it looked is its business
  if (out.status == BodyReader::Status::complete) out.body = reader.take();
  return out;
}

void check(std::string_view fields, std::string_view bytes) {
  const Read whole = read(fields, bytes, std::max<std::size_t>(bytes.size(), 1));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{17}})
    require(read(fields, bytes, piece) == whole, "it depends on how the bytes were cut");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  check("Transfer-Encoding: chunked\r\n", bytes);
  check("Content-Length: " + std::to_string(size / 2) + "\r\n", bytes);
  return 0;
}
