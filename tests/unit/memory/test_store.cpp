#include <kefu/memory/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/store_conformance.hpp>

namespace {

struct MemoryFactory final : kefu::testing::StoreFactory {
  kefu::testing::ManualClock clock;
  std::unique_ptr<kefu::Store> open() override {
    return std::make_unique<kefu::memory::Store>(clock);
  }
  bool advance(kefu::Nanoseconds by) override {
    clock.advance(by);
    return true;
  }
};

TEST_CASE("memory store: conformance") {
  MemoryFactory factory;
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

TEST_CASE("memory store: hides the clock's steps back") {
  kefu::testing::ManualClock clock;
  const kefu::memory::Store store(clock);
  const kefu::Timestamp before = store.now();
  clock.advance(-kefu::Nanoseconds(1));
  CHECK_EQ(store.now(), before);
}

}  // namespace
