// Search: finds entries by what they say. Behind the end of the log stands an index of all texts,
// by three characters each (FTS5, trigram); the rows that it lacks, and texts too short for it, are
// looked at one by one. So the index may lag, and nobody waits for it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/store.hpp>
#include <memory>
#include <string_view>

#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class Reader;

class Search {
 public:
  static constexpr std::uint64_t kSlice = 1'000;  ///< rows that are indexed at a time

  /// With `indexed` the index is made if there is none; without, it is dropped.
  Search(sqlite3* db, Reader& reader, const Unfolded& unfolded, bool indexed);
  ~Search();
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  [[nodiscard]] SearchPage search(const SearchRequest& request);

  /// How many rows the index lacks; 0 without an index.
  [[nodiscard]] std::uint64_t behind() const noexcept {
    return index_ ? unfolded_.end() - reach_ : 0;
  }

  // In the open transaction.

  /// Takes the next rows in.
  void step();
  /// Takes one out, before its text is emptied.
  void forget(std::uint64_t position);
  /// A slice of what leaves nothing of what was taken out; `going_on`: behind another one. True
  /// when it is done.
  [[nodiscard]] bool compact(bool going_on);

  /// How far the index reaches is read anew from the database.
  void load();

 private:
  struct Index;
  class Filler;

  void scan(std::uint64_t first, Filler& filler);
  void look_up(Filler& filler);

  sqlite3* db_;
  Reader& reader_;
  const Unfolded& unfolded_;
  std::unique_ptr<Index> index_;  // null: there is none
  std::uint64_t reach_ = 0;       // rows up to here are in it
};

}  // namespace kefu::inline v0::sqlite
