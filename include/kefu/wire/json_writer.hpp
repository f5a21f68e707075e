// JsonWriter: appends JSON to a string by hand. It keeps the string larger than its content while
// it writes, so that each piece costs a bounds check and a copy; the destructor cuts the string to
// size.
//
//   std::string json;
//   {
//     JsonWriter out(json);
//     out.raw("{\"name\":");
//     out.text(name);
//     out.raw("}");
//   }
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <kefu/wire/json_text.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0::wire {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out), at_(out.size()) {}
  ~JsonWriter() { out_.resize(at_); }
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  /// JSON as it stands.
  template <std::size_t N>
  void raw(const char (&json)[N]) {
    std::memcpy(room(N - 1), json, N - 1);
    at_ += N - 1;
  }
  void raw(std::string_view json) {
    std::memcpy(room(json.size()), json.data(), json.size());
    at_ += json.size();
  }

  /// Between quotes, escaped. `value` must be valid UTF-8.
  void text(std::string_view value) {
    const std::size_t plain = plain_prefix(value);
    const std::size_t rest = value.size() - plain;
    char* to = room(plain + rest * kMaxEscape + 2);
    char* const begin = to;
    *to++ = '"';
    if (plain != 0) std::memcpy(to, value.data(), plain);
    to += plain;
    if (rest != 0) to = write_escaped(value.substr(plain), to);
    *to++ = '"';
    at_ += static_cast<std::size_t>(to - begin);
  }

  /// Writes a number.
  void number(std::uint64_t value) {
    constexpr std::size_t kDigits = 20;
    char* const to = room(kDigits);
    at_ += static_cast<std::size_t>(std::to_chars(to, to + kDigits, value).ptr - to);
  }

  /// Writes true or false.
  void boolean(bool value) { raw(value ? std::string_view("true") : std::string_view("false")); }

  /// Writes an id, in quotes.
  template <class Tag>
  void id(Id<Tag> value) {
    char* const to = room(kIdTextSize + 2);
    to[0] = '"';
    *value.format_to(to + 1) = '"';
    at_ += kIdTextSize + 2;
  }

  /// Writes a time, in quotes.
  void time(Timestamp value) {
    char* const to = room(kTimestampTextSize + 2);
    to[0] = '"';
    *value.format_to(to + 1) = '"';
    at_ += kTimestampTextSize + 2;
  }

 private:
  static constexpr std::size_t kSpare = 512;  ///< what an entry needs beside its body

  char* room(std::size_t size) {
    if (out_.size() - at_ < size) out_.resize(at_ + size + kSpare);
    return out_.data() + at_;
  }

  std::string& out_;
  std::size_t at_;
};

}  // namespace kefu::inline v0::wire
