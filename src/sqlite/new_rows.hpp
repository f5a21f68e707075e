// NewRows: rows of the log that are not inserted yet, as a table that SQL reads (see
// sqlite.org/vtab.html). One statement inserts them all, which costs a third less than one each.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kefu::inline v0::sqlite {

/// A row without its position, as schema.cpp describes it. The texts are views.
struct NewRow {
  std::int64_t conversation = 0;
  std::int64_t flags = 0;
  std::uint64_t seq = 0;
  std::uint64_t after = 0;
  std::optional<std::int64_t> session;
  std::uint64_t cseq = 0;
  std::optional<std::uint64_t> digest;
  std::int64_t at = 0;
  std::optional<std::string_view> sender, kind, body, tags;
};

/// Threading: as its connection. Lifetime: it outlives the statements that read it.
class NewRows {
 public:
  /// Makes the table `new_rows` known to the connection, with the columns of `log`
  /// but its position. Throws SqlError.
  explicit NewRows(sqlite3* db);
  NewRows(const NewRows&) = delete;
  NewRows& operator=(const NewRows&) = delete;

  void add(const NewRow& row) { rows_.push_back(row); }
  void clear() noexcept { rows_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] const NewRow& operator[](std::size_t at) const { return rows_[at]; }

 private:
  std::vector<NewRow> rows_;
};

}  // namespace kefu::inline v0::sqlite
