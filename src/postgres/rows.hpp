// Rows: what a statement answered, in PostgreSQL's binary format.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <cstdlib>
#include <kefu/model/id.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/binary.hpp"

namespace kefu::inline v0::postgres {

class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  [[nodiscard]] int size() const { return PQntuples(result_.get()); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
  }
  /// Of a bigint; 0 for NULL.
  [[nodiscard]] std::uint64_t number(int row, int column) const {
    return null(row, column) ? 0 : take_number<std::uint64_t>(at(row, column));
  }
  /// Of a smallint.
  [[nodiscard]] unsigned small(int row, int column) const {
    return take_number<std::uint16_t>(at(row, column));
  }
  [[nodiscard]] std::string_view bytes(int row, int column) const {
    return {at(row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  template <class AnyId>
  [[nodiscard]] AnyId id(int row, int column) const {
    return {take_number<std::uint64_t>(at(row, column)),
            take_number<std::uint64_t>(at(row, column) + 8)};
  }

  /// "COMMIT", "UPDATE 3" …
  [[nodiscard]] std::string_view tag() const { return PQcmdStatus(result_.get()); }
  /// Rows that the statement wrote.
  [[nodiscard]] std::uint64_t written() const {
    return std::strtoull(PQcmdTuples(result_.get()), nullptr, 10);
  }

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  [[nodiscard]] const char* at(int row, int column) const {
    return PQgetvalue(result_.get(), row, column);
  }

  std::unique_ptr<PGresult, Clear> result_;
};

/// Of the statements of a step, in their order.
using Answers = std::vector<Rows>;

}  // namespace kefu::inline v0::postgres
