#include <kefu/wire/json_text.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace kefu::wire;

std::string escaped(std::string_view text) {
  std::string out(text.size() * kMaxEscape, '?');
  out.resize(static_cast<std::size_t>(write_escaped(text, out.data()) - out.data()));
  return out;
}

TEST_CASE("the plain prefix ends at the first byte that needs an escape, at every place") {
  for (int c = 0; c < 256; ++c) {
    const bool plain = c >= 0x20 && c != '"' && c != '\\';
    for (std::size_t size = 1; size < 40; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        REQUIRE(plain_prefix(text) == (plain ? size : at));
      }
    }
  }
  CHECK(plain_prefix("") == 0);
  // Bytes that a scan by words could take for a special one when it borrows from the byte below.
  CHECK(plain_prefix("!#[]!#[]!#[]!#[]") == 16);
  CHECK(plain_prefix("\x80\xff\x7f !#[]\xa2\xdc\xa0\x9f") == 12);
}

TEST_CASE("escapes are the short ones where JSON has them") {
  CHECK(escaped("") == "");
  CHECK(escaped("a\"b\\c\b\f\n\r\t") == R"(a\"b\\c\b\f\n\r\t)");
  CHECK(escaped(std::string_view("\0\x01\x1f\x7f", 4)) == "\\u0000\\u0001\\u001f\x7f");
  CHECK(escaped("\n\n\n") == R"(\n\n\n)");
}

}  // namespace
