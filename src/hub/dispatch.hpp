// Dispatch: what one node does for the desk without being asked: it keeps its lease, routes what
// waits, looks for what has come due, and tells visitors their place and the staff who is there.
// It lives on the first shard. Every node does all of it: the decisions are made in commits.
#pragma once

#include <cstdint>
#include <kefu/core/offer_watch.hpp>
#include <kefu/core/router.hpp>
#include <kefu/core/sweep.hpp>
#include <kefu/desk_record.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mail.hpp"
#include "relay.hpp"
#include "retention.hpp"
#include "sla_watch.hpp"

namespace kefu::inline v0::hub {

class Shard;

class Dispatch {
 public:
  explicit Dispatch(Shard& shard);
  ~Dispatch();

  void on_tick(Instant now);
  /// After something got lost for want of memory, on any shard.
  void recover();

  /// The department may have somebody who can be served now; or any.
  void wake(const std::string& department);
  void wake_all();

  /// It waits for whoever takes it, or waits no more: the staff here is told.
  void queued(Conversation conversation);
  void dequeued(ConversationId conversation, std::uint64_t assignment);
  /// Somebody of the staff is shown these, which they have found in the store.
  void listed(const std::vector<mail::Listed::One>& found);

  /// Before the first tick.
  void deliver(std::string name, std::unique_ptr<EventSink> sink, SinkOptions options);

  /// See Hub::replay().
  void replay(std::string_view sink, Completion<result<Replayed>> done);

 private:
  /// An agent as decoded last.
  struct Known {
    std::uint64_t version = 0;  // 0: not yet
    Agent agent;
  };
  /// A department's queue that is not empty.
  struct Lane;
  using LanePtr = std::shared_ptr<Lane>;
  /// Records of an index, page by page.
  using Found = Completion<result<std::vector<DeskRecord>>>;
  void scan(ScanRequest request, Completion<result<std::vector<DeskRecord>>, std::string> page);
  void scan_all(ScanRequest request, std::vector<DeskRecord> so_far, Found done);

  void renew();
  [[nodiscard]] result<DeskRecord> decode_known(const Record& record);

  void drive(const LanePtr& lane, core::RouterEffects& effects);
  void carry_out(const LanePtr& lane, core::router_effect::ReadAgents effect);
  void carry_out(const LanePtr& lane, core::router_effect::ReadQueue effect);
  void carry_out(const LanePtr& lane, core::router_effect::Run effect);
  void find_agents(std::string department, std::string_view index, Found done);
  void find_alive(std::vector<Agent> agents, Completion<std::vector<Agent>> done);
  void ask_host(const LanePtr& lane, const Conversation& c);

  void sweep();
  void drive(core::SweepEffects& effects);

  void look_at_queues();
  void look_at_queues(std::map<std::string, std::vector<ConversationId>> so_far, std::string after);
  void on_waiting(const Conversation& conversation);
  void on_queues(const std::map<std::string, std::vector<ConversationId>>& queues);
  void tell_places(const std::string& department, std::vector<ConversationId> waiting);
  void look_at_agents();
  void look_at_agents(std::map<std::string, AgentState> so_far, std::string after);
  void on_agents(std::map<std::string, AgentState> now);

  Shard& shard_;
  std::map<std::string, LanePtr> lanes_;
  core::OfferWatch offers_;
  core::Sweep sweep_;
  SlaWatch sla_;
  Retention retention_;
  std::vector<core::Retained> old_;  // that the sweep has found
  std::uint64_t round_ = 0;          // of the sweep: pages of an earlier one are too late
  std::vector<std::unique_ptr<Relay>> relays_;
  std::map<std::string, Known> known_;
  Instant next_renew_, next_sweep_, next_places_, counted_at_;
  std::optional<Timestamp> leased_since_;
  bool renewing_ = false;
  bool sweeping_ = false;
  bool looking_ = false;      // at the queues
  bool counting_ = false;     // the agents
  bool agents_moved_ = true;  // since they were counted
  std::map<std::string, AgentState> agents_;
};

}  // namespace kefu::inline v0::hub
