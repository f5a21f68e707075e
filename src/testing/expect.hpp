// What the conformance suites are written with: expectations that say what was expected, and end a
// check.
#pragma once

#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace kefu::inline v0::testing {

/// Ends a check.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void expect(bool holds, std::string_view what, int line = __builtin_LINE()) {
  if (!holds) throw Failure("line " + std::to_string(line) + ": " + std::string(what));
}

inline std::string show(errc code) { return std::string(name(code)); }
inline std::string show(Timestamp at) { return at.to_string(); }
inline std::string show(const std::string& text) { return '"' + text + '"'; }
template <class T>
requires std::is_arithmetic_v<T> std::string show(T value) { return std::to_string(value); }

/// `what` names the value in the failure's text.
template <class T, class U>
void expect_equal(const T& got, const U& wanted, std::string_view what,
                  int line = __builtin_LINE()) {
  if (got == static_cast<T>(wanted)) return;
  throw Failure("line " + std::to_string(line) + ": " + std::string(what) + ": got " + show(got) +
                ", expected " + show(static_cast<T>(wanted)));
}

/// Lets time pass until it holds. `host` has let(); the time is its own, simulated or not.
template <class Host, class Condition>
void await(Host& host, Condition holds, std::string_view what, int line = __builtin_LINE()) {
  constexpr Nanoseconds kStep{1'000'000};
  constexpr int kPatience = 20'000;  // steps
  for (int step = 0; !holds(); ++step) {
    expect(step < kPatience, std::string(what) + ": it did not come to pass", line);
    host.let(kStep);
  }
}

/// Runs the body of a check: what went wrong, or nothing.
template <class Body>
std::string outcome_of(Body body) {
  try {
    body();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

}  // namespace kefu::inline v0::testing
