// The seam on llhttp.
#if KEFU_NET_LLHTTP
#include <llhttp.h>

#include "net/head_library.hpp"

namespace kefu::inline v0::net::http {
namespace {

struct Collector {
  ParsedHead& head;
  bool in_value = true;
};

Collector& collector(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }

/// The library may report one element in several pieces, which lie next to each other.
void extend(std::string_view& element, const char* at, std::size_t size) {
  element = element.empty() ? std::string_view{at, size}
                            : std::string_view{element.data(), element.size() + size};
}

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
  extend(collector(parser).head.target, at, size);
  return 0;
}

int on_header_field(llhttp_t* parser, const char* at, std::size_t size) {
  Collector& into = collector(parser);
  if (into.in_value) into.head.fields.emplace_back();
  into.in_value = false;
  extend(into.head.fields.back().name, at, size);
  return 0;
}

int on_header_value(llhttp_t* parser, const char* at, std::size_t size) {
  Collector& into = collector(parser);
  into.in_value = true;
  extend(into.head.fields.back().value, at, size);
  return 0;
}

int on_headers_complete(llhttp_t* parser) {
  ParsedHead& head = collector(parser).head;
  head.major_version = parser->http_major;
  head.minor_version = parser->http_minor;
  head.keep_alive = llhttp_should_keep_alive(parser) != 0;
  head.status = parser->status_code;  // 0 in a request
  return HPE_PAUSED;                  // the body, or another protocol, is not its business
}

}  // namespace

bool parse_with_library(HeadKind kind, std::string_view bytes, ParsedHead& out) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = on_url;
  settings.on_header_field = on_header_field;
  settings.on_header_value = on_header_value;
  settings.on_headers_complete = on_headers_complete;

  Collector into{out};
  llhttp_t parser;
  llhttp_init(&parser, kind == HeadKind::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  parser.data = &into;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  return error == HPE_PAUSED && out.major_version != 0;
}

}  // namespace kefu::inline v0::net::http

#endif
