#include <doctest/doctest.h>

#include <kefu/callback.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

using namespace kefu;

namespace {

int twice(int number) { return 2 * number; }

TEST_CASE("a callback is made of functions, lambdas and objects, and called as often as needed") {
  CHECK(Callback<int(int)>(twice)(4) == 8);
  CHECK(Callback<int(int)>(&twice)(4) == 8);
  CHECK(Callback<int(int)>([](int number) { return number + 1; })(4) == 5);
  const Callback<int()> counter = [count = 0]() mutable { return ++count; };
  CHECK(counter() == 1);
  CHECK(counter() == 2);
  const Callback<void(int)> ignoring = twice;  // what it answers is dropped
  ignoring(1);
}

TEST_CASE("copies of a callback share what it keeps, and the last one lets go of it") {
  const auto kept = std::make_shared<int>(0);
  Callback<int()> one = [kept] { return ++*kept; };
  Callback<int()> other = one;
  CHECK(one() == 1);
  CHECK(other() == 2);
  one = {};
  CHECK(kept.use_count() == 2);
  other = {};
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a callback that is made of nothing is empty") {
  CHECK_FALSE(Callback<void()>());
  CHECK_FALSE(Callback<void()>(std::function<void()>()));
  CHECK_FALSE(Callback<void()>(Callback<int()>()));
  CHECK(Callback<void()>(std::function<void()>([] {})));
}

TEST_CASE("arguments that can only be moved are passed on") {
  const Callback<std::string(std::unique_ptr<std::string>)> take =
      [](std::unique_ptr<std::string> text) { return std::move(*text); };
  CHECK(take(std::make_unique<std::string>("kept")) == "kept");
}

}  // namespace
