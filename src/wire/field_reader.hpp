// FieldReader: takes the fields that it is asked for out of Fields, converts them, and remembers
// the first that was missing or wrong. After a failure the values are meaningless, so that callers
// ask for everything and check once.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <limits>
#include <optional>
#include <string_view>

#include "wire/fields.hpp"

namespace kefu::inline v0::wire {

class FieldReader {
 public:
  static constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max();

  explicit FieldReader(const Fields& fields) : fields_(fields) {
    if (fields.malformed) fail(errc::bad_frame, *fields.malformed);
  }

  [[nodiscard]] bool ok() const noexcept { return code_ == errc::ok; }
  [[nodiscard]] errc code() const noexcept { return code_; }
  /// The name of the field that failed.
  [[nodiscard]] std::string_view detail() const noexcept { return detail_; }

  void fail(errc code, std::string_view detail) noexcept {
    if (!ok()) return;
    code_ = code;
    detail_ = detail;
  }
  void fail(Field field) noexcept { fail(errc::bad_frame, name(field)); }

  [[nodiscard]] bool has(Field field) const noexcept {
    return fields_.kind(field) != Fields::Kind::absent;
  }

  std::string_view text(Field field, std::size_t max) {
    if (!expect(field, Fields::Kind::text)) return {};
    const std::string_view text = fields_.text(field);
    if (text.size() > max) fail(errc::too_large, name(field));
    return text;
  }
  std::string_view text(Field field, std::size_t max, std::string_view otherwise) {
    return has(field) ? text(field, max) : otherwise;
  }

  std::uint64_t number(Field field, std::uint64_t least = 0) {
    if (!expect(field, Fields::Kind::number)) return 0;
    const std::uint64_t number = fields_.number(field);
    if (number < least) fail(field);
    return number;
  }
  std::uint64_t number(Field field, std::uint64_t least, std::uint64_t otherwise) {
    return has(field) ? number(field, least) : otherwise;
  }
  std::optional<std::uint64_t> optional_number(Field field) {
    return has(field) ? std::optional(number(field)) : std::nullopt;
  }

  bool boolean(Field field, bool otherwise) {
    return has(field) ? expect(field, Fields::Kind::boolean) && fields_.number(field) != 0
                      : otherwise;
  }

  template <class AnyId>
  AnyId id(Field field) {
    return parsed(field, &AnyId::parse);
  }
  template <class AnyId>
  std::optional<AnyId> optional_id(Field field) {
    return has(field) ? std::optional(id<AnyId>(field)) : std::nullopt;
  }
  Timestamp time(Field field) { return parsed(field, &Timestamp::parse); }
  Role role(Field field) { return parsed(field, &role_from_name); }
  ConversationState state(Field field) { return parsed(field, &conversation_state_from_name); }

  std::optional<Timestamp> optional_time(Field field) {
    return has(field) ? std::optional(time(field)) : std::nullopt;
  }
  /// One of an enumeration, by its name.
  template <class Enum>
  Enum one_of(Field field) {
    if (!expect(field, Fields::Kind::text)) return {};
    const std::optional<Enum> value = enum_from_name<Enum>(fields_.text(field));
    if (!value) fail(field);
    return value.value_or(Enum{});
  }
  template <class Enum>
  Enum one_of(Field field, Enum otherwise) {
    return has(field) ? one_of<Enum>(field) : otherwise;
  }

  /// `log`: public when absent.
  Log log() {
    const std::string_view text = this->text(Field::log, kAnySize, name(Log::public_log));
    if (text == name(Log::internal)) return Log::internal;
    if (text != name(Log::public_log)) fail(Field::log);
    return Log::public_log;
  }

  /// True when the container is there; it fails when it is wrong, or missing and `needed`.
  bool container(Field field, bool needed = false) {
    return (needed || has(field)) && expect(field, Fields::Kind::container);
  }

 private:
  bool expect(Field field, Fields::Kind kind) {
    if (fields_.kind(field) == kind) return true;
    fail(field);
    return false;
  }
  template <class T>
  T parsed(Field field, std::optional<T> (*parse)(std::string_view) noexcept) {
    if (!expect(field, Fields::Kind::text)) return {};
    const std::optional<T> value = parse(fields_.text(field));
    if (!value) fail(field);
    return value.value_or(T{});
  }

  const Fields& fields_;
  errc code_ = errc::ok;
  std::string_view detail_;
};

}  // namespace kefu::inline v0::wire
