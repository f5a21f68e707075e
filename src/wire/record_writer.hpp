// RecordWriter: an archive that writes a record as a JSON object, without its empty fields.
#pragma once

#include <kefu/wire/json_writer.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "wire/record_fields.hpp"

namespace kefu::inline v0::wire {

class RecordWriter {
 public:
  explicit RecordWriter(JsonWriter& out) : out_(out) {}

  template <class T>
  void record(const T& value) {
    out_.raw("{");
    first_ = true;
    fields(*this, value);
    out_.raw("}");
    first_ = false;
  }

  template <class T>
  void operator()(std::string_view name, const T& value) {
    if (is_empty(value)) return;
    if (!std::exchange(first_, false)) out_.raw(",");
    out_.text(name);
    out_.raw(":");
    write(value);
  }

 private:
  // Only what is empty by default may be left out: a number has no such value.
  template <class T>
  static bool is_empty(const std::optional<T>& value) {
    return !value;
  }
  static bool is_empty(const std::string& value) { return value.empty(); }
  static bool is_empty(const Attributes& value) { return value.empty(); }
  template <class T>
  static bool is_empty(const std::vector<T>& value) {
    return value.empty();
  }
  template <class T>
  static bool is_empty(const T&) {
    return false;
  }

  void write(const std::string& value) { out_.text(value); }
  void write(bool value) { out_.boolean(value); }
  void write(std::uint32_t value) { out_.number(value); }
  void write(std::uint64_t value) { out_.number(value); }
  void write(Nanoseconds value) { out_.number(static_cast<std::uint64_t>(value.count())); }
  void write(Timestamp value) { out_.time(value); }
  template <class Tag>
  void write(Id<Tag> value) {
    out_.id(value);
  }
  template <class T>
  void write(const std::optional<T>& value) {
    write(*value);
  }
  template <class T>
  void write(const std::vector<T>& values) {
    out_.raw("[");
    for (const T& value : values) {
      if (&value != &values.front()) out_.raw(",");
      write(value);
    }
    out_.raw("]");
  }
  void write(const Attributes& values) {
    out_.raw("{");
    bool first = true;
    for (const auto& [key, value] : values) {
      if (!std::exchange(first, false)) out_.raw(",");
      out_.text(key);
      out_.raw(":");
      out_.text(value);
    }
    out_.raw("}");
  }
  template <class T>
  void write(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      out_.text(name(value));
    } else {
      record(value);
    }
  }

  JsonWriter& out_;
  bool first_ = true;
};

}  // namespace kefu::inline v0::wire
