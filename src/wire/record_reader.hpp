// RecordReader: an archive that reads a record from a JSON object. An absent field leaves the value
// as it is; one of another type makes the record bad.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "wire/record_fields.hpp"

namespace kefu::inline v0::wire {

class RecordReader {
 public:
  /// False when something in the object can't be what was written.
  template <class T>
  [[nodiscard]] static bool read_record(simdjson::dom::element json, T& value) {
    simdjson::dom::object object;
    if (json.get_object().get(object)) return false;
    RecordReader in_order(object);
    fields(in_order, value);
    if (in_order.next_ == in_order.end_) return in_order.good_;
    // Something in it is unknown, or stands elsewhere than where it is written: all are looked up.
    RecordReader looking_up(object);
    looking_up.looks_up_ = true;
    fields(looking_up, value);
    return looking_up.good_;
  }

  template <class T>
  void operator()(std::string_view name, T& value) {
    simdjson::dom::element json;
    if (looks_up_) {
      if (object_.at_key(name).get(json)) return;
    } else {
      if (next_ == end_ || next_.key() != name) return;
      json = next_.value();
      ++next_;
    }
    good_ = read(json, value) && good_;
  }

 private:
  using Json = simdjson::dom::element;

  explicit RecordReader(simdjson::dom::object object)
      : object_(object), next_(object.begin()), end_(object.end()) {}

  static bool read(Json json, std::string& value) {
    std::string_view text;
    if (json.get_string().get(text)) return false;
    value = text;
    return true;
  }
  static bool read(Json json, bool& value) { return !json.get_bool().get(value); }
  static bool read(Json json, std::uint64_t& value) { return !json.get_uint64().get(value); }
  static bool read(Json json, std::uint32_t& value) {
    std::uint64_t wide = 0;
    if (!read(json, wide) || wide > std::numeric_limits<std::uint32_t>::max()) return false;
    value = static_cast<std::uint32_t>(wide);
    return true;
  }
  static bool read(Json json, Nanoseconds& value) {
    std::int64_t count = 0;
    if (json.get_int64().get(count) || count < 0) return false;
    value = Nanoseconds(count);
    return true;
  }
  static bool read(Json json, Timestamp& value) { return parse(json, Timestamp::parse, value); }
  template <class Tag>
  static bool read(Json json, Id<Tag>& value) {
    return parse(json, Id<Tag>::parse, value);
  }
  template <class T>
  static bool read(Json json, std::optional<T>& value) {
    return read(json, value.emplace());
  }
  template <class T>
  static bool read(Json json, std::vector<T>& values) {
    simdjson::dom::array array;
    if (json.get_array().get(array)) return false;
    values.clear();
    for (const Json element : array) {
      if (!read(element, values.emplace_back())) return false;
    }
    return true;
  }
  static bool read(Json json, Attributes& values) {
    simdjson::dom::object object;
    if (json.get_object().get(object)) return false;
    for (const auto& [key, element] : object) {
      if (!read(element, values[std::string(key)])) return false;
    }
    return true;
  }
  template <class T>
  static bool read(Json json, T& value) {
    if constexpr (std::is_enum_v<T>) {
      return parse(json, enum_from_name<T>, value);
    } else {
      return read_record(json, value);
    }
  }

  template <class T, class Parse>
  static bool parse(Json json, Parse from_text, T& value) {
    std::string_view text;
    if (json.get_string().get(text)) return false;
    const std::optional<T> parsed = from_text(text);
    if (parsed) value = *parsed;
    return parsed.has_value();
  }

  simdjson::dom::object object_;
  simdjson::dom::object::iterator next_, end_;
  bool looks_up_ = false;
  bool good_ = true;
};

}  // namespace kefu::inline v0::wire
