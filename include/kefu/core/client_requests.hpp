// ClientRequests: what a client asks and waits to be answered. Each request is said again on the
// next connection until it has its answer, which is safe, for every request that changes something
// names an id or a version. What the server can't do now is asked again later, not for ever.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// How long, and how many, requests are kept.
struct RequestTerms {
  std::size_t most = 1024;         ///< that wait at once
  std::uint32_t attempts = 8;      ///< of one to which the server says "later"
  Nanoseconds retry{200'000'000};  ///< before the second one, then twice as long each time …
  Nanoseconds retry_limit{10'000'000'000};  ///< … and at last so long
};

class ClientRequests {
 public:
  explicit ClientRequests(RequestTerms terms) : terms_(terms) {}

  /// No more are taken.
  [[nodiscard]] bool is_full() const noexcept { return open_.size() >= terms_.most; }
  [[nodiscard]] bool empty() const noexcept { return open_.empty(); }

  /// `number` was not used before.
  void add(std::uint64_t number, std::string message) {
    open_.emplace(number, Request{std::move(message)});
  }

  /// What to say now, on a connection that stands. The texts are valid until the next call.
  [[nodiscard]] std::vector<std::string_view> due(Instant now) {
    std::vector<std::string_view> messages;
    for (auto& [number, request] : open_) {
      if (request.said || request.not_before > now) continue;
      request.said = true;
      messages.push_back(request.message);
    }
    return messages;
  }

  /// When due() will have something again, should nothing else happen.
  [[nodiscard]] std::optional<Instant> wakes_at() const {
    std::optional<Instant> first;
    for (const auto& [number, request] : open_) {
      if (!request.said && (!first || request.not_before < *first)) first = request.not_before;
    }
    return first;
  }

  /// errc::ok for an answer proper. True: it is over, and forgotten; false: it is asked again, or
  /// nobody asked.
  [[nodiscard]] bool on_answer(std::uint64_t number, errc code, Instant now) {
    const auto at = open_.find(number);
    if (at == open_.end()) return false;
    Request& request = at->second;
    if (is_retryable(code) && ++request.failures < terms_.attempts) {
      const std::uint32_t doublings = std::min(request.failures - 1, 16u);
      request.not_before = now + std::min(terms_.retry * (1 << doublings), terms_.retry_limit);
      request.said = false;
      return false;
    }
    open_.erase(at);
    return true;
  }

  /// The connection is gone.
  void on_lost() {
    for (auto& [number, request] : open_) request.said = false;
  }

  /// Forgets all.
  void clear() { open_.clear(); }

 private:
  struct Request {
    std::string message;
    bool said = false;  // on this connection
    std::uint32_t failures = 0;
    Instant not_before{};
  };

  const RequestTerms terms_;
  std::map<std::uint64_t, Request> open_;  // in the order in which they were asked
};

}  // namespace kefu::inline v0::core
