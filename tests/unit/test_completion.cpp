#include <kefu/completion.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using namespace kefu;

static_assert(!std::is_copy_constructible_v<Completion<int>>);
static_assert(std::is_nothrow_move_constructible_v<Completion<int>>);
static_assert(std::is_nothrow_move_assignable_v<Completion<int>>);
static_assert(!std::is_constructible_v<Completion<int>, std::string>);

/// Counts how many of its kind are alive; Padding chooses between inline and heap storage.
template <std::size_t Padding>
struct Probe {
  explicit Probe(int& alive_count, int& call_count) : alive(&alive_count), calls(&call_count) {
    ++*alive;
  }
  Probe(Probe&& other) noexcept : alive(other.alive), calls(other.calls) { ++*alive; }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  Probe& operator=(Probe&&) = delete;
  ~Probe() { --*alive; }
  void operator()(int by) { *calls += by; }

  int* alive;
  int* calls;
  std::array<char, Padding> padding{};
};

TEST_CASE_TEMPLATE("a completion owns its callable from the first to the last", P, Probe<1>,
                   Probe<200>) {
  int alive = 0, calls = 0;
  {
    Completion<int> dropped = P(alive, calls);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
  CHECK(calls == 0);
  {
    Completion<int> first = P(alive, calls);
    Completion<int> second = std::move(first);
    CHECK(!first);  // NOLINT(bugprone-use-after-move): what is left is empty
    CHECK(alive == 1);
    second = P(alive, calls);
    CHECK(alive == 1);
    first = std::move(second);
    first(3);
    CHECK(calls == 3);
    CHECK(alive == 0);  // gone with the call, not with the completion
    CHECK(!first);
  }
  CHECK(alive == 0);
}

TEST_CASE("a completion may replace itself while it runs") {
  int calls = 0;
  Completion<> again;
  Completion<> once = [&] {
    ++calls;
    again = [&calls] { calls += 10; };
  };
  again = std::move(once);
  again();
  CHECK(calls == 1);
  REQUIRE(again);
  again();
  CHECK(calls == 11);
}

TEST_CASE("arguments are moved through") {
  std::unique_ptr<int> seen;
  Completion<std::unique_ptr<int>, std::string> done = [&](std::unique_ptr<int> number,
                                                           std::string text) {
    seen = std::move(number);
    CHECK(text == "text");
  };
  done(std::make_unique<int>(7), "text");
  CHECK(*seen == 7);
}

TEST_CASE("an empty completion says so") {
  Completion<int> empty;
  CHECK(!empty);
  empty = Completion<int>();
  CHECK(!empty);
  empty = [](int) {};
  CHECK(empty);
}

}  // namespace
