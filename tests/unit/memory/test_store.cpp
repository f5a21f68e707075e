#include <kefu/memory/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/store_conformance.hpp>

namespace {

struct SteppedClock final : kefu::Clock {
  kefu::Timestamp time{1'700'000'000'000'000'000};
  [[nodiscard]] kefu::Timestamp now() const override { return time; }
};

struct MemoryFactory final : kefu::testing::StoreFactory {
  SteppedClock clock;
  std::unique_ptr<kefu::Store> open() override {
    return std::make_unique<kefu::memory::Store>(clock);
  }
  bool advance(kefu::Nanoseconds by) override {
    clock.time = clock.time + by;
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
  SteppedClock clock;
  const kefu::memory::Store store(clock);
  const kefu::Timestamp before = store.now();
  clock.time = clock.time - kefu::Nanoseconds(1);
  CHECK_EQ(store.now(), before);
}

}  // namespace
