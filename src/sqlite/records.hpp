// Records: versioned values and their index keys, written through in the open transaction.
#pragma once

#include <sqlite3.h>

#include <kefu/record.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/cache.hpp"
#include "sqlite/statement.hpp"

namespace kefu::inline v0::sqlite {

class Records {
 public:
  Records(sqlite3* db, Cache& cache);

  /// Applies all changes, or none and answers errc::conflict. The versions after the changes.
  result<std::vector<std::uint64_t>> apply(const std::vector<Change>& changes);

  std::optional<Record> get(const RecordKey& key);
  result<ScanPage> scan(const ScanRequest& request);

 private:
  std::uint64_t version(const RecordKey& key);
  void apply(const Change& change, std::uint64_t version);
  void index(const Change& change);

  Cache& cache_;
  Statement version_, insert_, update_, remove_, get_, index_, remove_index_, scan_, scan_on_;
};

}  // namespace kefu::inline v0::sqlite
