// Load: the messages. It makes them, keeps those without an outcome, and judges what arrives.
//
// A flow is a conversation's one direction: from a visitor to its agent. Flow i belongs to visitor
// i and to agent i mod agents, so that neighbours in the schedule go to different agents.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine.hpp"
#include "histogram.hpp"
#include "marker.hpp"
#include "options.hpp"

namespace bench {

class Target;

struct Flow {
  std::uint32_t index = 0;
  std::uint32_t visitor = 0;  ///< link
  std::uint32_t agent = 0;    ///< link

  // The sender's side: numbers of messages, written <= created, accepted <= created.
  std::uint32_t created = 0;
  std::uint32_t written = 0;
  std::uint32_t accepted = 0;
  std::deque<std::uint64_t> pending;  ///< when each of accepted + 1 … created was due
  std::uint64_t paused_until = 0;

  // The receiver's side.
  std::uint32_t received = 0;  ///< distinct ones
  std::uint32_t highest = 0;
  std::vector<bool> seen;        ///< by number
  std::uint64_t server_seq = 0;  ///< the server's number of the last one
  std::uint32_t unreported = 0;  ///< received since the last `delivered`
  bool report_due = false;
};

/// What went wrong; all zero in a good run.
struct Faults {
  std::uint64_t doubled = 0;
  std::uint64_t reordered = 0;
  std::uint64_t misrouted = 0;   ///< got by somebody else
  std::uint64_t violations = 0;  ///< of the protocol's promises
  std::string first_violation;
};

class Load {
 public:
  Load(const Options& options, std::uint32_t visitors, std::uint32_t agents);

  void use(Engine& engine, Target& target);

  [[nodiscard]] std::uint32_t visitors() const { return visitors_; }
  [[nodiscard]] std::uint32_t agents() const { return agents_; }
  [[nodiscard]] bool is_visitor(const Link& link) const { return link.index < visitors_; }
  [[nodiscard]] std::uint32_t agent_of(std::uint32_t visitor) const { return visitor % agents_; }
  /// Neighbours are at different servers, and an agent at the next one of its first visitor's.
  [[nodiscard]] std::uint32_t node_of(const Link& link) const {
    return is_visitor(link) ? agent_of(link.index) : link.index - visitors_ + 1;
  }
  /// The participant's id: <prefix>v<i> or <prefix>a<j>.
  [[nodiscard]] std::string name(const Link& link) const;
  [[nodiscard]] std::vector<Flow>& flows() { return flows_; }

  // Sending
  void create(Flow& flow, std::uint64_t due_ns);
  /// Closed loop: as many new ones as keep `window` in flight.
  void fill(Flow& flow);
  /// Writes what is created, as far as the protocol's own window allows.
  void pump(Flow& flow);
  void accepted(Flow& flow, std::uint32_t up_to);
  /// Everything from `number` on is to be written again, after a pause.
  void rewind(Flow& flow, std::uint32_t number, double pause);
  /// The flows whose pause is over, and `delivered` for fewer entries than usual.
  void sweep(std::uint64_t now);

  // Receiving
  /// A body that came in on `link`; `server_seq` is the server's number for it. False when it isn't
  /// one of this run.
  bool received(const Link& link, std::string_view body, std::uint64_t server_seq);
  void violation(std::string_view what);

  [[nodiscard]] bool settled() const;  ///< everything created has arrived, and been accepted
  [[nodiscard]] std::uint64_t lost() const { return created_ - received_; }

  bool sending = false;             ///< closed loop: flows are kept full
  std::uint64_t measured_from = 0;  ///< latencies are those of messages due in this time,
  std::uint64_t measured_to = 0;    ///< deliveries are counted when they arrive in it

  std::uint64_t delivered_in_time = 0;
  std::uint64_t created_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t reports = 0;  ///< `delivered` said
  std::uint64_t retried = 0;  ///< refused for a while, and written again
  Histogram latency;          ///< to the receiver
  Histogram ack_latency;      ///< to the sender's knowledge
  Faults faults;

 private:
  void report(Flow& flow);
  [[nodiscard]] bool measured(std::uint64_t time) const {
    return time >= measured_from && time < measured_to;
  }

  const Options& options_;
  std::uint32_t visitors_;
  std::uint32_t agents_;
  std::uint32_t run_;
  std::string body_;
  std::vector<Flow> flows_;
  std::vector<std::uint32_t> report_due_, paused_, swept_;
  std::uint64_t next_sweep_ = 0;
  Engine* engine_ = nullptr;
  Target* target_ = nullptr;
};

}  // namespace bench
