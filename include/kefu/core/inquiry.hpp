// Inquiry: drafts about which somebody far away is asked, many in one request. Each draft has its
// answer by its own deadline or is settled without one; a request that fails settles those that it
// carries; while the breaker is open nobody is asked. Drafts that come while all requests are under
// way gather for the next one.
//
// Calls are events; each appends effects. Every draft added has exactly one effect Judged or
// Unjudged.
//
// Memory: at most `waiting` drafts, and those of `requests` requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/core/breaker.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

namespace inquiry_effect {

/// Send these drafts, in this order. Answered with on_answer(), sooner or later.
struct Request {
  std::uint64_t number = 0;
  std::vector<std::uint64_t> drafts;
};
/// Its verdict stands at `index` of the answer that has just come.
struct Judged {
  std::uint64_t draft = 0;
  std::size_t index = 0;
};
/// There is no verdict: what was declared stands.
struct Unjudged {
  /// Why a draft has no verdict of the service.
  enum class Why : std::uint8_t {
    timed_out,   ///< its deadline came first
    failed,      ///< its request failed
    overloaded,  ///< too many wait
    skipped,     ///< the breaker is open
  };
  std::uint64_t draft = 0;
  Why why = Why::failed;
};

}  // namespace inquiry_effect

/// What to do, in this order.
using InquiryEffects = std::vector<
    std::variant<inquiry_effect::Request, inquiry_effect::Judged, inquiry_effect::Unjudged>>;

class Inquiry {
 public:
  /// How the service is asked.
  struct Terms {
    std::size_t batch = 64;      ///< drafts in a request
    std::size_t requests = 4;    ///< under way
    std::size_t waiting = 4096;  ///< drafts that no request carries yet
    Breaker::Terms breaker = {};
  };
  /// See Unjudged.
  using Why = inquiry_effect::Unjudged::Why;

  Inquiry(const Terms& terms, std::uint64_t seed) : terms_(terms), breaker_(terms.breaker, seed) {}

  /// Whether the service is asked at all.
  [[nodiscard]] Breaker::State breaker() const noexcept { return breaker_.state(); }
  /// Requests that have no answer yet.
  [[nodiscard]] std::size_t requests() const noexcept { return requests_.size(); }
  /// Drafts without an effect.
  [[nodiscard]] std::size_t size() const noexcept { return due_.size(); }

  /// When on_tick() is due.
  [[nodiscard]] std::optional<Instant> deadline() const {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first;
  }

  // ---- events

  /// A draft to be judged by `due`. Nothing goes out before the next ask(). Precondition: `number`
  /// was never used.
  void add(std::uint64_t number, Instant due, InquiryEffects& out) {
    if (waiting_.size() >= terms_.waiting) {
      out.push_back(inquiry_effect::Unjudged{number, Why::overloaded});
      return;
    }
    due_.emplace(number, due);
    by_time_.emplace(due, number);
    waiting_.insert(number);
  }

  /// All drafts that came together have been added.
  void ask(Instant now, InquiryEffects& out) {
    while (!waiting_.empty() && requests_.size() < terms_.requests) {
      if (!breaker_.admits(now)) return settle_waiting(Why::skipped, out);
      inquiry_effect::Request request{++last_request_, {}};
      while (!waiting_.empty() && request.drafts.size() < terms_.batch) {
        request.drafts.push_back(*waiting_.begin());
        waiting_.erase(waiting_.begin());
      }
      requests_.emplace(request.number, request.drafts);
      out.emplace_back(std::move(request));
    }
  }

  /// What became of a request: an answer with a verdict for each of its drafts, or not.
  void on_answer(std::uint64_t request, bool good, Instant now, InquiryEffects& out) {
    const auto found = requests_.extract(request);
    if (found.empty()) return;
    good ? breaker_.on_success() : breaker_.on_failure(now);
    const std::vector<std::uint64_t>& drafts = found.mapped();
    for (std::size_t index = 0; index < drafts.size(); ++index) {
      if (!forget(drafts[index])) continue;  // its time was over
      if (good) out.push_back(inquiry_effect::Judged{drafts[index], index});
      if (!good) out.push_back(inquiry_effect::Unjudged{drafts[index], Why::failed});
    }
    ask(now, out);
  }

  /// deadline() has come.
  void on_tick(Instant now, InquiryEffects& out) {
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      const std::uint64_t number = by_time_.begin()->second;
      waiting_.erase(number);
      (void)forget(number);
      out.push_back(inquiry_effect::Unjudged{number, Why::timed_out});
    }
  }

  /// Nobody is asked any more.
  void stop(InquiryEffects& out) {
    requests_.clear();
    waiting_.clear();
    while (!by_time_.empty()) {
      const std::uint64_t number = by_time_.begin()->second;
      (void)forget(number);
      out.push_back(inquiry_effect::Unjudged{number, Why::failed});
    }
  }

 private:
  bool forget(std::uint64_t number) {
    const auto found = due_.extract(number);
    if (found.empty()) return false;
    by_time_.erase({found.mapped(), number});
    return true;
  }

  void settle_waiting(Why why, InquiryEffects& out) {
    for (const std::uint64_t number : std::exchange(waiting_, {})) {
      (void)forget(number);
      out.push_back(inquiry_effect::Unjudged{number, why});
    }
  }

  const Terms terms_;
  Breaker breaker_;
  std::unordered_map<std::uint64_t, Instant> due_;  // of each draft without an effect
  std::set<std::pair<Instant, std::uint64_t>> by_time_;
  std::set<std::uint64_t> waiting_;  // in the order in which they came
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> requests_;  // under way
  std::uint64_t last_request_ = 0;
};

}  // namespace kefu::inline v0::core
