// LoginTally: counts logins that were refused, so that a flood of them is told in few words.
//
// Memory: bounded; of more kinds than `kMost` between two takes the rest are told by their codes
// alone.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/rule.hpp>
#include <map>
#include <string>
#include <utility>

namespace kefu::inline v0::core {

class LoginTally {
 public:
  static constexpr std::size_t kMost = 64;

  /// What logins have in common that are told together.
  struct Kind {
    errc code = errc::unauthenticated;
    Rule rule = Rule::none;
    std::string participant;
    std::string network;
    std::string subject;

    friend std::strong_ordering operator<=>(const Kind&, const Kind&) = default;
    friend bool operator==(const Kind&, const Kind&) = default;
  };
  using Counts = std::map<Kind, std::uint64_t>;  ///< how many of each kind

  /// One more of these.
  void count(Kind kind) {
    if (counts_.size() >= kMost && !counts_.contains(kind))
      kind = {kind.code, kind.rule, {}, {}, {}};
    ++counts_[std::move(kind)];
  }

  /// All since the last call.
  [[nodiscard]] Counts take() { return std::exchange(counts_, {}); }

 private:
  Counts counts_;
};

}  // namespace kefu::inline v0::core
