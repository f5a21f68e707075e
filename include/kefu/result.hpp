// result<T>: a value or an errc. C++20 has no std::expected; this is the part of it that kefu
// needs, with its names.
#pragma once

#include <cassert>
#include <kefu/error.hpp>
#include <optional>
#include <utility>

namespace kefu::inline v0 {

/// A value or an errc, never both.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value)
      : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;`
  result(errc code) : code_(code) {
    assert(code != errc::ok);
  }  // NOLINT(google-explicit-constructor)

  /// There is a value.
  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// errc::ok when there is a value.
  [[nodiscard]] errc error() const noexcept { return code_; }

  /// Precondition: has_value().
  [[nodiscard]] T& value() & { return assert(value_), *value_; }
  [[nodiscard]] const T& value() const& { return assert(value_), *value_; }
  [[nodiscard]] T&& value() && { return assert(value_), *std::move(value_); }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  errc code_ = errc::ok;
};

}  // namespace kefu::inline v0
