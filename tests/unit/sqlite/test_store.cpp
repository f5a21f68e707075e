#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/store_conformance.hpp>

#include "scratch.hpp"

namespace {

using namespace kefu::test;

class SqliteFactory final : public kefu::testing::StoreFactory {
 public:
  explicit SqliteFactory(kefu::sqlite::Options options, std::uint64_t seed = 1)
      : options_(options), seed_(seed) {}

  std::unique_ptr<kefu::Store> open() override {
    path_ = scratch_.file(std::to_string(++opened_) + ".db");
    return reopen();
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::unique_ptr<kefu::Store> reopen() override {
    return std::make_unique<kefu::sqlite::Store>(path_, clock_, options_);
  }
  bool advance(kefu::Nanoseconds by) override {
    clock_.step(by);
    return true;
  }
  [[nodiscard]] std::uint64_t seed() const override { return seed_; }

 private:
  Scratch scratch_;
  SteppedClock clock_;
  kefu::sqlite::Options options_;
  std::uint64_t seed_;
  int opened_ = 0;
  std::string path_;
};

void run_all(SqliteFactory& factory) {
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

// Most checks wait for one commit after the other, and what survives power loss is not theirs to
// find out: NORMAL.
constexpr kefu::sqlite::Options kFast{kefu::sqlite::Synchronous::normal};

TEST_CASE("sqlite store: conformance") {
  SqliteFactory factory(kFast);
  run_all(factory);
}

TEST_CASE("sqlite store: conformance, with a checkpoint every few rows and a small WAL") {
  kefu::sqlite::Options options = kFast;
  options.checkpoint_entries = 6;
  options.wal_bytes = 64 * 1024;
  SqliteFactory factory(options, 2);
  run_all(factory);
}

}  // namespace
