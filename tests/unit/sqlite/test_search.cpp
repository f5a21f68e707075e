// Search with the index of texts: written behind the log, and never believed where it lags.
#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/store_conformance.hpp>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

sqlite::Options with_index(std::size_t lag = 0) {
  sqlite::Options options;
  options.synchronous = sqlite::Synchronous::normal;
  options.search_index = true;
  options.search_lag = lag;
  return options;
}

SearchPage search(Store& store, std::string text, std::size_t max_scan = 10'000) {
  SearchRequest request;
  request.text = std::move(text);
  request.max_scan = max_scan;
  return *ask<result<SearchPage>>([&](auto done) { store.search(request, std::move(done)); });
}

void fill(Store& store, std::uint64_t first, std::uint64_t last, std::string_view body) {
  std::vector<Draft> drafts;
  for (std::uint64_t cseq = first; cseq <= last; ++cseq) drafts.push_back(draft(0, 0, cseq, body));
  for (const Outcome& outcome : append(store, drafts)) REQUIRE_EQ(outcome.code, errc::ok);
}

class IndexedFactory final : public testing::StoreFactory {
 public:
  std::unique_ptr<Store> open() override {
    path_ = scratch_.file(std::to_string(++opened_) + ".db");
    return reopen();
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::unique_ptr<Store> reopen() override {
    return std::make_unique<sqlite::Store>(path_, clock_, with_index());
  }
  bool advance(Nanoseconds by) override {
    clock_.advance(by);
    return true;
  }

 private:
  Scratch scratch_;
  testing::ManualClock clock_;
  int opened_ = 0;
  std::string path_;
};

TEST_CASE("sqlite store: what it finds with an index is what it finds without") {
  IndexedFactory factory;
  for (const testing::StoreCheck& check : testing::store_checks()) {
    if (!check.name.starts_with("search") && !check.name.starts_with("erase") &&
        !check.name.starts_with("commit: redacts"))
      continue;
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

TEST_CASE("sqlite store: with an index few rows are looked at") {
  const Scratch scratch;
  const testing::ManualClock clock;
  for (const bool indexed : {true, false}) {
    sqlite::Options options = with_index();
    options.search_index = indexed;
    sqlite::Store store(scratch.file("s.db"), clock, options);
    if (indexed) {
      attach(store, session(0), 1, true);
      fill(store, 1, 1, "the needle");
      fill(store, 2, 900, "straw");  // within a slice of the index
    }
    const SearchPage page = search(store, "needle", 1);
    CHECK_EQ(page.entries.size(), indexed ? 1 : 0);
    CHECK_EQ(page.next, indexed ? 0 : 900);
    CHECK_EQ(search(store, "needle").entries.size(), 1);
  }
}

TEST_CASE("sqlite store: an index that lags is made up for, and taken up again") {
  const Scratch scratch;
  const testing::ManualClock clock;
  {
    sqlite::Store store(scratch.file("s.db"), clock, with_index(20'000));
    attach(store, session(0), 1, true);
    fill(store, 1, 500, "needle in the part that is not indexed");
    CHECK_EQ(search(store, "needle").entries.size(), 50);
  }
  sqlite::Store store(scratch.file("s.db"), clock, with_index());
  fill(store, 501, 501, "the last needle");
  const SearchPage page = search(store, "the last needle", 1);
  REQUIRE_EQ(page.entries.size(), 1);
  CHECK_EQ(page.entries[0].entry.seq, 501);
  CHECK_EQ(page.entries[0].position, 501);
}

TEST_CASE("sqlite store: an erasure leaves nothing in the index") {
  constexpr char kSecret[] = "qzxjkwvy";
  const testing::ManualClock clock;
  Disk disk;
  sqlite::Store store("index.db", clock, with_index());
  attach(store, session(0), 1, true);
  fill(store, 1, 1'500, kSecret);
  REQUIRE_EQ(search(store, kSecret).entries.size(), 50);
  REQUIRE(disk.holds("qzx"));
  CHECK_EQ(*ask<result<std::uint64_t>>([&](auto done) { store.erase("ann", std::move(done)); }),
           1'500);
  CHECK(search(store, kSecret).entries.empty());
  for (const char* part : {"qzx", "zxj", "xjk", "jkw", "kwv", "wvy"}) {
    CAPTURE(part);
    CHECK_FALSE(disk.holds(part));
  }
}

}  // namespace
