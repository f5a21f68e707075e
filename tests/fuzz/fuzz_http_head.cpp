// A head must parse the same however it was cut into reads, and no accepted head may hold what
// could be read in two ways.

#include <kefu/net/http_head.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace http = kefu::net::http;
using http::HeadParser;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz_http_head: %s\n", what);
  std::abort();
}

HeadParser::Status feed(HeadParser& parser, std::string_view bytes, std::size_t piece_size,
                        std::size_t& used) {
  HeadParser::Status status = HeadParser::Status::need_more;
  for (used = 0; status == HeadParser::Status::need_more && used < bytes.size();) {
    const std::string piece{bytes.substr(used, piece_size)};
    std::string_view input = piece;
    status = parser.feed(input);
    used += piece.size() - input.size();
  }
  return status;
}

void check_accepted(const http::Head& head, http::HeadKind kind, std::string_view bytes) {
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) {
    require(at > 0 && bytes[at - 1] == '\r', "a bare line feed");
    ++lines;
  }
  require(lines >= head.field_count() + 2, "more fields than lines");
  require(!(head.chunked() && head.content_length()), "two lengths");
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    require(!head.field_name(i).empty(), "a field without a name");
    require(head.field_name(i).find(' ') == std::string_view::npos, "a space in a name");
    require(head.find(head.field_name(i)).has_value(), "a field that can't be found");
  }
  if (kind == http::HeadKind::response) return;
  require(head.count("Host") <= 1, "two hosts");
  require(head.path() == "*" || head.path().starts_with('/'), "a path without a slash");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto kind = (data[0] & 1) != 0 ? http::HeadKind::response : http::HeadKind::request;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  HeadParser whole{kind};
  std::size_t used = 0;
  const HeadParser::Status status = feed(whole, bytes, bytes.size(), used);
  for (const std::size_t piece_size : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    HeadParser pieces{kind};
    std::size_t used_in_pieces = 0;
    require(feed(pieces, bytes, piece_size, used_in_pieces) == status, "pieces end otherwise");
    require(pieces.error() == whole.error(), "errors differ");
    if (status == HeadParser::Status::complete) require(used_in_pieces == used, "ends differ");
    require(pieces.head().target() == whole.head().target(), "targets differ");
    require(pieces.head().field_count() == whole.head().field_count(), "fields differ");
  }
  if (status == HeadParser::Status::complete) {
    check_accepted(whole.head(), kind, bytes.substr(0, used));
  }
  return 0;
}
