#include "dispatch.hpp"

#include <algorithm>
#include <iterator>
#include <kefu/core/queue.hpp>
#include <kefu/wire/records.hpp>
#include <set>
#include <utility>

#include "merging.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kPage = 100;
constexpr std::size_t kKnown = 1024;  // agents kept decoded, with some 400 bytes each
constexpr Nanoseconds kCountAnyway{10'000'000'000};  // agents of other nodes, of whom nothing tells

core::SweepOptions sweep_options(const Context& context) {
  core::SweepOptions options;
  options.node = context.node;
  options.grace = context.limits.presence_grace;
  return options;
}

ScanRequest request_of(RecordKind kind, std::string_view index, std::string prefix,
                       std::string after = {}) {
  return {kind, std::string(index), std::move(prefix), std::move(after), kPage};
}

AgentState state_of(const Agent& agent) {
  return {agent.id, agent.intent, !agent.devices.empty(), agent.capacity,
          static_cast<std::uint32_t>(agent.slots.size())};
}

template <class T>
std::vector<T> as(std::vector<DeskRecord> records) {
  std::vector<T> out;
  for (DeskRecord& record : records) {
    if (T* const one = std::get_if<T>(&record)) out.push_back(std::move(*one));
  }
  return out;
}

}  // namespace

struct Dispatch::Lane {
  Lane(Department given, core::RoutingStrategy strategy)
      : department(given), router(std::move(given), std::move(strategy)) {}

  Department department;
  core::Router router;
  std::vector<Agent> agents;  // of the last pass, for the host
};

Dispatch::Dispatch(Shard& shard)
    : shard_(shard), sweep_(sweep_options(shard.context())), sla_(shard), retention_(shard) {}
Dispatch::~Dispatch() = default;

void Dispatch::on_tick(Instant now) {
  if (now >= next_renew_ && !renewing_) renew();
  if (now >= next_sweep_) {
    next_sweep_ = now + shard_.bounds().routing_sweep;
    sweep();
    look_at_queues();
  }
  sla_.on_tick(now);
  for (const auto& relay : relays_) relay->on_tick(now);
  const Nanoseconds since = now - counted_at_;
  if (since >= (agents_moved_ ? shard_.bounds().presence_check : kCountAnyway)) look_at_agents();
}

/// What waits for an answer may wait for a lost one, so all of it begins anew. An answer that comes
/// after all finds what it was for gone, or does no harm: what it leads to is decided in commits.
void Dispatch::recover() {
  renewing_ = looking_ = counting_ = sweeping_ = false;
  lanes_.clear();
  sla_.recover();
  for (const auto& relay : relays_) relay->recover();
}

void Dispatch::deliver(std::string name, std::unique_ptr<EventSink> sink, SinkOptions options) {
  relays_.push_back(std::make_unique<Relay>(shard_, std::move(name), std::move(sink), options));
}

void Dispatch::replay(std::string_view sink, Completion<result<Replayed>> done) {
  for (const auto& relay : relays_) {
    if (relay->name() == sink) return relay->replay(std::move(done));
  }
  done(errc::not_found);
}

// ---- the node's lease

void Dispatch::renew() {
  renewing_ = true;
  next_renew_ = shard_.executor().now() + shard_.bounds().node_lease / 3;
  shard_.desk().run(
      core::RenewLease{shard_.context().node, shard_.bounds().node_lease},
      [this](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        renewing_ = false;
        const NodeLease* const lease =
            ended.code == errc::ok ? records.node(shard_.context().node) : nullptr;
        if (!lease) {
          next_renew_ = shard_.executor().now();
        } else if (std::exchange(leased_since_, lease->since) != lease->since) {
          shard_.tell_all(mail::Leased{});
        }
      });
}

// ---- routing

void Dispatch::wake(const std::string& department) {
  const DeskRules& rules = shard_.context().desk;
  if (rules.is_picked(department) && rules.department(department).overflow_to.empty()) return;
  LanePtr& lane = lanes_[department];
  if (!lane) {
    const Department known = rules.department(department);
    lane = std::make_shared<Lane>(known, rules.strategy_of(known));
  }
  core::RouterEffects effects;
  lane->router.wake(effects);
  drive(LanePtr(lane), effects);
}

void Dispatch::wake_all() {
  agents_moved_ = true;
  std::vector<std::string> names;
  for (const auto& [name, lane] : lanes_) names.push_back(name);
  for (const std::string& name : names) wake(name);
}

void Dispatch::drive(const LanePtr& lane, core::RouterEffects& effects) {
  for (core::RouterEffect& effect : effects)
    std::visit([&](auto& one) { carry_out(lane, std::move(one)); }, effect);
}

void Dispatch::carry_out(const LanePtr& lane, core::router_effect::ReadAgents) {
  const auto stepped = [this, lane](auto step) {
    core::RouterEffects effects;
    step(effects);
    drive(lane, effects);
  };
  find_agents(
      lane->department.id, index::kRoutable,
      [this, lane, stepped](result<std::vector<DeskRecord>> found) {
        if (!found) return stepped([&](core::RouterEffects& out) { lane->router.on_failed(out); });
        find_alive(as<Agent>(*std::move(found)), [this, lane, stepped](std::vector<Agent> agents) {
          lane->agents = agents;
          stepped([&](core::RouterEffects& out) {
            lane->router.on_agents(std::move(agents), shard_.context().store.now(), out);
          });
        });
      });
}

void Dispatch::carry_out(const LanePtr& lane, core::router_effect::ReadQueue effect) {
  scan(request_of(RecordKind::conversation, index::kQueue, index::of(lane->department.id),
                  std::move(effect.after)),
       [this, lane](result<std::vector<DeskRecord>> page, const std::string& next) {
         core::RouterEffects effects;
         page ? lane->router.on_queue(as<Conversation>(*std::move(page)), next, effects)
              : lane->router.on_failed(effects);
         drive(lane, effects);
       });
}

void Dispatch::carry_out(const LanePtr& lane, core::router_effect::Run effect) {
  const auto* const asked = std::get_if<core::AskHost>(&effect.command);
  const ConversationId about = asked ? asked->conversation : ConversationId{};
  shard_.desk().run(
      std::move(effect.command),
      [this, lane, about](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        if (!about.is_nil() && ended.changed) {
          if (const Conversation* const c = records.conversation(about)) ask_host(lane, *c);
        }
        core::RouterEffects effects;
        lane->router.on_settled(effects);
        drive(lane, effects);
      });
}

/// The answer is an offer like any other; it comes to nothing when somebody else was faster.
void Dispatch::ask_host(const LanePtr& lane, const Conversation& c) {
  const DeskOptions& options = shard_.context().desk.options();
  if (!options.ask) return;
  const auto answered = [this, lane, id = c.id, epoch = c.assignment.epoch](std::string agent) {
    if (agent.empty()) return;
    const Timestamp until = shard_.context().store.now() + lane->department.offer_timeout;
    shard_.desk().run(core::MakeOffer{id, epoch, std::move(agent), until},
                      [](const core::transaction_effect::Ended&, core::WorkingSet&) {});
  };
  options.ask(c, lane->agents, shard_.here<std::string>(answered));
}

/// Of the department's own, and of those who serve all.
void Dispatch::find_agents(std::string department, std::string_view index, Found done) {
  scan_all(request_of(RecordKind::agent, index, index::of(department)), {},
           [this, index, everywhere = department.empty(),
            done = std::move(done)](result<std::vector<DeskRecord>> found) mutable {
             if (!found || everywhere) return done(std::move(found));
             scan_all(request_of(RecordKind::agent, index, index::of({})), *std::move(found),
                      std::move(done));
           });
}

namespace {
/// Leases of nodes that are still being read, and those that are valid.
struct Leases {
  std::size_t missing = 0;
  std::set<std::string> valid;
  std::vector<Agent> agents;
  Completion<std::vector<Agent>> done;

  void finish() {
    core::drop_dead_devices(agents,
                            [this](const std::string& node) { return valid.contains(node); });
    done(std::move(agents));
  }
};
}  // namespace

void Dispatch::find_alive(std::vector<Agent> agents, Completion<std::vector<Agent>> done) {
  std::set<std::string> nodes;
  for (const Agent& agent : agents) {
    for (const Device& device : agent.devices) nodes.insert(device.node);
  }
  auto leases = std::make_shared<Leases>();
  leases->missing = nodes.size();
  leases->agents = std::move(agents);
  leases->done = std::move(done);
  if (nodes.empty()) return leases->finish();
  for (const std::string& node : nodes) {
    shard_.context().store.get(
        node_key(node),
        shard_.here<result<std::optional<Record>>>([this, node,
                                                    leases](result<std::optional<Record>> record) {
          if (record && *record) {
            const result<DeskRecord> found = wire::decode_record(node_key(node), (*record)->value);
            if (found && std::get<NodeLease>(*found).valid_at(shard_.context().store.now()))
              leases->valid.insert(node);
          }
          if (--leases->missing == 0) leases->finish();
        }));
  }
}

// ---- reading

void Dispatch::scan(ScanRequest request,
                    Completion<result<std::vector<DeskRecord>>, std::string> page) {
  const bool routable = request.index == index::kRoutable;
  shard_.context().store.scan(
      std::move(request), shard_.here<result<ScanPage>>([this, routable, page = std::move(page)](
                                                            result<ScanPage> found) mutable {
        if (!found) return page(found.error(), {});
        std::vector<DeskRecord> records;
        records.reserve(found->records.size());
        for (const Record& record : found->records) {
          result<DeskRecord> one =
              routable ? decode_known(record) : wire::decode_record(record.key, record.value);
          if (one) records.push_back(*std::move(one));
        }
        page(std::move(records), std::move(found->next));
      }));
}

/// For a routing pass, which reads the same agents again and again.
result<DeskRecord> Dispatch::decode_known(const Record& record) {
  if (known_.size() == kKnown && !known_.contains(record.key.id)) known_.clear();
  Known& known = known_[record.key.id];
  if (known.version != record.version) {
    result<DeskRecord> one = wire::decode_record(record.key, record.value);
    if (!one) return one;
    known.agent = std::get<Agent>(*std::move(one));
    known.version = record.version;
  }
  return DeskRecord(known.agent);
}

void Dispatch::scan_all(ScanRequest request, std::vector<DeskRecord> so_far, Found done) {
  ScanRequest again = request;
  scan(std::move(request),
       [this, again = std::move(again), so_far = std::move(so_far), done = std::move(done)](
           result<std::vector<DeskRecord>> page, std::string next) mutable {
         if (!page) return done(page.error());
         std::ranges::move(*page, std::back_inserter(so_far));
         if (next.empty()) return done(std::move(so_far));
         again.after = std::move(next);
         scan_all(std::move(again), std::move(so_far), std::move(done));
       });
}

// ---- what has come due

void Dispatch::sweep() {
  if (std::exchange(sweeping_, true)) return;
  ++round_;
  old_.clear();
  core::SweepEffects effects;
  sweep_.start(effects);
  drive(effects);
}

void Dispatch::drive(core::SweepEffects& effects) {
  for (core::SweepEffect& effect : effects) {
    if (auto* const run = std::get_if<core::sweep_effect::Run>(&effect)) {
      shard_.desk().run(std::move(run->command),
                        [](const core::transaction_effect::Ended&, core::WorkingSet&) {});
    } else if (auto* const page = std::get_if<core::sweep_effect::Scan>(&effect)) {
      scan(request_of(page->kind, page->index, std::move(page->prefix), std::move(page->after)),
           [this, round = round_](result<std::vector<DeskRecord>> found, const std::string& next) {
             if (round != round_) return;
             core::SweepEffects out;
             found ? sweep_.on_page(*found, next, shard_.context().store.now(), out)
                   : sweep_.on_failed(out);
             drive(out);
           });
    } else if (const auto* const due = std::get_if<core::sweep_effect::Judge>(&effect)) {
      sla_.judge(due->conversation);
    } else if (const auto* const old = std::get_if<core::sweep_effect::Expire>(&effect)) {
      old_.push_back(old->of);
    } else if (const auto* const missed = std::get_if<core::sweep_effect::Look>(&effect)) {
      shard_.tell_all(mail::Missed{missed->conversation, missed->visitor});
    } else if (auto* const begun = std::get_if<core::sweep_effect::Merge>(&effect)) {
      merge(shard_, std::move(begun->visitor), std::move(begun->contact), [](DeskOutcome) {});
    } else if (std::holds_alternative<core::sweep_effect::Done>(effect)) {
      sweeping_ = false;
      retention_.take(std::exchange(old_, {}));
    }
  }
}

// ---- the queues, whole

/// The net under every wake-up that was lost, the order in which visitors wait, and what other
/// nodes have queued and accepted.
void Dispatch::look_at_queues() {
  if (std::exchange(looking_, true)) return;
  offers_.begin();
  look_at_queues({}, {});
}

void Dispatch::look_at_queues(std::map<std::string, std::vector<ConversationId>> so_far,
                              std::string after) {
  scan(request_of(RecordKind::conversation, index::kQueue, {}, std::move(after)),
       [this, so_far = std::move(so_far)](result<std::vector<DeskRecord>> page,
                                          std::string next) mutable {
         if (!page) {
           looking_ = false;
           return;
         }
         for (const Conversation& c : as<Conversation>(*std::move(page))) {
           on_waiting(c);
           so_far[c.department].push_back(c.id);
         }
         if (!next.empty()) return look_at_queues(std::move(so_far), std::move(next));
         looking_ = false;
         on_queues(so_far);
       });
}

void Dispatch::on_waiting(const Conversation& c) {
  if (!shard_.context().desk.is_picked(c.department)) return;
  queued(c);
}

void Dispatch::queued(Conversation c) {
  if (offers_.waits(c.id, c.assignment.epoch)) shard_.tell_all(mail::Offer{std::move(c)});
}

void Dispatch::listed(const std::vector<mail::Listed::One>& found) {
  for (const auto& [id, assignment] : found) offers_.listed(id, assignment);
}

void Dispatch::dequeued(ConversationId id, std::uint64_t assignment) {
  if (offers_.dequeued(id, assignment)) shard_.tell_all(mail::OfferGone{id});
}

void Dispatch::on_queues(const std::map<std::string, std::vector<ConversationId>>& queues) {
  std::erase_if(lanes_, [&](const auto& lane) {
    return lane.second->router.state() == core::Router::State::idle && !queues.contains(lane.first);
  });
  for (const ConversationId id : offers_.end()) shard_.tell_all(mail::OfferGone{id});
  const Instant now = shard_.executor().now();
  const bool tell = now >= next_places_;
  if (tell) next_places_ = now + shard_.bounds().queue_interval;
  for (const auto& [department, waiting] : queues) {
    wake(department);
    if (tell) tell_places(department, waiting);
  }
}

void Dispatch::tell_places(const std::string& department, std::vector<ConversationId> waiting) {
  const DeskRules& rules = shard_.context().desk;
  const core::Calendar& calendar = rules.calendar_of(rules.department(department));
  const Timestamp now = shard_.context().store.now();
  std::optional<Timestamp> opens_at;
  if (!calendar.is_open(now)) opens_at = calendar.next_open(now);
  find_agents(
      department, index::kPresent,
      [this, department, opens_at,
       waiting = std::move(waiting)](result<std::vector<DeskRecord>> found) {
        std::vector<Agent> present;
        if (found && !opens_at) present = as<Agent>(*std::move(found));
        for (std::size_t i = 0; i < waiting.size(); ++i) {
          shard_.send_home(
              waiting[i],
              mail::Place{waiting[i], core::place_in_queue(i, department, present), opens_at});
        }
      });
}

// ---- the agents, all

void Dispatch::look_at_agents() {
  if (std::exchange(counting_, true)) return;
  agents_moved_ = false;
  counted_at_ = shard_.executor().now();
  look_at_agents({}, {});
}

/// Page by page, for they may be many, and few are told of.
void Dispatch::look_at_agents(std::map<std::string, AgentState> so_far, std::string after) {
  scan(request_of(RecordKind::agent, index::kPresent, {}, std::move(after)),
       [this, so_far = std::move(so_far)](result<std::vector<DeskRecord>> page,
                                          std::string next) mutable {
         if (!page) {
           counting_ = false;
           return;
         }
         for (const Agent& agent : as<Agent>(*std::move(page))) {
           so_far[agent.id] = state_of(agent);
           if (so_far.size() > shard_.bounds().agents_told) so_far.erase(std::prev(so_far.end()));
         }
         if (!next.empty()) return look_at_agents(std::move(so_far), std::move(next));
         counting_ = false;
         on_agents(std::move(so_far));
       });
}

void Dispatch::on_agents(std::map<std::string, AgentState> now) {
  auto all = std::make_shared<std::vector<AgentState>>();
  auto changed = std::make_shared<std::vector<AgentState>>();
  for (const auto& [id, state] : now) {
    all->push_back(state);
    const auto known = agents_.find(id);
    if (known == agents_.end() || known->second != state) changed->push_back(state);
  }
  for (auto& [id, state] : agents_) {
    if (now.contains(id)) continue;
    changed->push_back(state);
    changed->back().present = false;
  }
  agents_ = std::move(now);
  if (!changed->empty()) shard_.tell_all(mail::Agents{std::move(all), std::move(changed)});
}

}  // namespace kefu::inline v0::hub
