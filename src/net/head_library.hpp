// The seam to the library that parses HTTP heads. One implementation is compiled in.
#pragma once

#include <kefu/net/http_head.hpp>

#include <string_view>
#include <vector>

namespace kefu::inline v0::net::http {

/// What the library found. The views point into the bytes it was given.
struct ParsedHead {
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  std::string_view target;
  std::vector<Field> fields;
  int status = 0;
  int major_version = 0;
  int minor_version = 0;
  bool keep_alive = false;
};

/// Parses one whole head, from its first byte to its empty line. False when the library refuses it.
bool parse_with_library(HeadKind kind, std::string_view bytes, ParsedHead& out);

}  // namespace kefu::inline v0::net::http
