// Params: the parameters of a statement, in PostgreSQL's binary format. Any unsigned number goes
// into a bigint as the same 64 bits.
#pragma once

#include <cstdint>
#include <kefu/model/id.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "postgres/binary.hpp"

namespace kefu::inline v0::postgres {

/// Values of one column, for unnest() and ANY().
class Array {
 public:
  [[nodiscard]] static Array bigints() { return Array(20); }
  [[nodiscard]] static Array smallints() { return Array(21); }
  [[nodiscard]] static Array byteas() { return Array(17); }
  [[nodiscard]] static Array uuids() { return Array(2950); }

  /// Of bigints.
  void add(std::uint64_t value) {
    begin(8);
    put_number(bytes_, value);
  }
  /// Of smallints.
  void add_small(unsigned value) {
    begin(2);
    put_number(bytes_, static_cast<std::uint16_t>(value));
  }
  /// Of byteas.
  void add(std::string_view value) {
    begin(value.size());
    bytes_ += value;
  }
  /// Of uuids.
  template <class Tag>
  void add(Id<Tag> id) {
    begin(16);
    put_number(bytes_, id.hi);
    put_number(bytes_, id.lo);
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  /// As PostgreSQL's array_recv() reads it.
  [[nodiscard]] std::string encoded() const {
    std::string out;
    out.reserve(20 + bytes_.size());
    put_number(out, std::uint32_t{count_ == 0 ? 0u : 1u});  // dimensions
    put_number(out, std::uint32_t{0});                      // no NULLs
    put_number(out, type_);
    if (count_ == 0) return out;
    put_number(out, count_);
    put_number(out, std::uint32_t{1});  // the first index
    return out += bytes_;
  }

 private:
  explicit Array(std::uint32_t type) : type_(type) {}
  void begin(std::size_t size) {
    ++count_;
    put_number(bytes_, static_cast<std::uint32_t>(size));
  }

  std::uint32_t type_;  ///< the oid of the elements' type, from pg_type.dat
  std::uint32_t count_ = 0;
  std::string bytes_;
};

class Params {
 public:
  Params& add(std::uint64_t value) {
    std::string bytes;
    put_number(bytes, value);
    return push(std::move(bytes));
  }
  Params& add(std::int64_t value) { return add(static_cast<std::uint64_t>(value)); }
  Params& add_small(unsigned value) {
    std::string bytes;
    put_number(bytes, static_cast<std::uint16_t>(value));
    return push(std::move(bytes));
  }
  Params& add_bool(bool value) { return push(std::string(1, value ? '\1' : '\0')); }
  Params& add_bytes(std::string_view value) { return push(std::string(value)); }
  template <class Tag>
  Params& add(Id<Tag> id) {
    std::string bytes;
    put_number(bytes, id.hi);
    put_number(bytes, id.lo);
    return push(std::move(bytes));
  }
  Params& add(const Array& array) { return push(array.encoded()); }

  [[nodiscard]] const std::vector<std::string>& values() const noexcept { return values_; }

 private:
  Params& push(std::string bytes) {
    values_.push_back(std::move(bytes));
    return *this;
  }
  std::vector<std::string> values_;
};

}  // namespace kefu::inline v0::postgres
