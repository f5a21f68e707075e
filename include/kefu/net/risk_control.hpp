// RiskControl: a Policy that asks a service of the host's over HTTP. Drafts that come in one turn
// of its loop go in one request, over connections that are kept; a service that is slow, gone or
// wrong costs a message no more than the deadline, and after some failures nothing at all.
//
//   hub.judge(std::make_unique<kefu::net::RiskControl>(
//       loops, kefu::net::RiskControlOptions{.url = "http://127.0.0.1:9090/judge"}));
//
// A request has one to RiskControlOptions::batch drafts:
//
//   POST <path>
//   Content-Type: application/json
//
//   {"drafts":[{"conversation":"<uuid>","visitor":"v7","department":"sales","from":"v7",
//               "role":"visitor","peer":"203.0.113.7","log":"public","kind":"text","body":"…"}]}
//
// The answer has status 200, a length or chunks, and a verdict for each draft, in their order:
//
//   {"verdicts":[{"verdict":"allow"}]}
//
// or {"verdict":"deny","reason":"…"}, whose reason is told to the sender and may be left out, or
// {"verdict":"rewrite","body":"…"}, or {"verdict":"flag","tag":"…"}. Further members are ignored.
// Anything else (another status, another count, a verdict that is none of these, no UTF-8) is a
// failure of the whole request: nothing of it is believed.
//
// The same draft may be asked about twice: a request on a connection that broke is sent again, and
// so is a message by its client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <kefu/core/breaker.hpp>
#include <kefu/model/time.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/policy.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::net {

/// How a service is asked.
struct RiskControlOptions {
  std::string url;                 ///< http:// or https://, whose certificate and name are verified
  std::string authorization = {};  ///< value of the field Authorization; empty: none
  /// What stands where the service gives no verdict. With `allow` the message is stored with the
  /// tag `unjudged` (kUnjudged), so that staff sees it.
  OnTimeout on_timeout = OnTimeout::allow;
  /// From the asking, with all that it needs; above limits::policy_deadline it is of no use (40
  /// ms).
  Nanoseconds deadline{40'000'000};
  std::size_t batch = 64;          ///< drafts in a request
  std::size_t connections = 4;     ///< requests under way
  std::size_t max_waiting = 4096;  ///< drafts that wait for one of them; one more is not judged
  std::size_t max_response = 1024 * 1024;  ///< bytes of an answer's body
  core::Breaker::Terms breaker = {};       ///< counts requests
  /// The service is the host's own, so it may be in this network or on this machine. False: only
  /// addresses of the public internet are connected to.
  bool allow_private = true;
  std::filesystem::path roots = {};  ///< PEM: who may have signed; empty: the system's
  std::size_t loop = 0;              ///< which of the loops it lives on
};

/// Since the start.
struct RiskControlStats {
  std::uint64_t requests = 0;    ///< that were answered or failed
  std::uint64_t judged = 0;      ///< drafts with a verdict of the service
  std::uint64_t timed_out = 0;   ///< drafts without one: the deadline came first …
  std::uint64_t failed = 0;      ///< … their request failed …
  std::uint64_t overloaded = 0;  ///< … too many waited …
  std::uint64_t skipped = 0;     ///< … the breaker was open
  std::uint64_t request_ns = 0;  ///< all requests took together
  bool open = false;             ///< now: the breaker is not closed
};

/// Appends the figures in Prometheus' text format, each name behind "kefu_risk_control_".
void write_prometheus(const RiskControlStats& stats, std::string& out);

/// Threading: as Policy says; stats() in any thread. Lifetime: the loops outlive it. Destroyed
/// while they run, what was declared stands for the drafts that it has.
class RiskControl final : public Policy {
 public:
  static constexpr const char* kUnjudged = "unjudged";

  /// Throws std::invalid_argument for a bad URL or a bound of 0, std::runtime_error for bad roots.
  RiskControl(Loops& loops, RiskControlOptions options);
  ~RiskControl() override;
  RiskControl(const RiskControl&) = delete;
  RiskControl& operator=(const RiskControl&) = delete;

  void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) override;
  [[nodiscard]] OnTimeout on_timeout() const override;

  /// Its figures so far. Any thread.
  [[nodiscard]] RiskControlStats stats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::net
