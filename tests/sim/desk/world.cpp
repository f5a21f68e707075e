#include "world.hpp"

#include <algorithm>
#include <kefu/core/desk_transaction.hpp>
#include <kefu/wire/records.hpp>
#include <utility>

namespace kefu::sim {
namespace {

using namespace std::chrono_literals;
using core::DeskCommand;
using core::transaction_effect::Ended;

constexpr std::size_t kNodes = 3;
constexpr std::size_t kAgents = 5;
constexpr std::size_t kVisitors = 14;
constexpr std::size_t kPage = 3;  // small, so that paging happens
const std::vector<std::string> kDepartments = {"billing", "sales"};

/// The assignment that a command was decided on.
struct Seen {
  ConversationId conversation;
  std::uint64_t epoch = 0;
};
template <class Command>
concept Epochal = requires(Command one) {
  one.epoch = std::optional<std::uint64_t>();
};

std::optional<Seen> seen_by(const DeskCommand& command) {
  return std::visit(
      [](const auto& one) -> std::optional<Seen> {
        if constexpr (Epochal<std::remove_cvref_t<decltype(one)>>) {
          if (one.epoch) return Seen{one.conversation, *one.epoch};
        }
        return std::nullopt;
      },
      command);
}
void forget_epoch(DeskCommand& command) {
  std::visit(
      [](auto& one) {
        if constexpr (Epochal<std::remove_cvref_t<decltype(one)>>) one.epoch.reset();
      },
      command);
}

core::RoutingStrategy strategy() { return core::sticky(core::skill_match(core::least_loaded())); }

}  // namespace

std::optional<Mutant> mutant_from_name(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "none",           "capacity-outside", "edge-triggered",     "no-grace",
      "rash-judge",     "loose-open",       "epochs-ignored",     "gappy-outbox",
      "gone-forgotten", "gone-elsewhere",   "recall-for-nothing", "recall-untold",
      "bans-unheard",   "notes-found",      "half-merged",        "chain-restarted",
      "heads-unkept",   "offers-unseen",    "offers-kept",        "members-unheard"};
  const auto at = std::find(std::begin(kNames), std::end(kNames), name);
  if (at == std::end(kNames)) return std::nullopt;
  return static_cast<Mutant>(at - std::begin(kNames));
}

struct World::Node {
  std::string id;
  std::size_t place = 0;
  bool alive = true;
  bool sweeping = false;
  std::vector<core::Router> routers;
  core::Sweep sweep;
};

/// A transaction under way. Its node's death ends it between two steps.
struct World::Task {
  Node* node = nullptr;
  core::Transaction transaction;
  std::vector<RecordKey> to_read;
  bool committing = false;
  bool ended = false;
  Then then;
  std::optional<Seen> seen;
};

/// A device of an agent.
struct World::Person {
  std::string id;
  SessionId session;
  std::uint64_t epoch = 0;
  Node* node = nullptr;  ///< attached there, or nowhere
  bool wants = true;     ///< is at the desk, and reconnects when cut
  bool connecting = false;
};

World::World(std::uint64_t seed, Mutant mutant)
    : random_(seed), mutant_(mutant), checker_(bounds_, strategy()) {
  for (std::size_t i = 0; i < kAgents; ++i) {
    Agent agent;
    agent.id = "agent-" + std::to_string(i);
    agent.capacity = static_cast<std::uint32_t>(random_.between(1, 3));
    if (i > 1) agent.departments.push_back({kDepartments[i % kDepartments.size()], std::nullopt});
    if (i % 2 == 0) agent.skills.push_back({"french", 1});
    Commit one;
    one.changes.push_back(
        {agent_key(agent.id), 0, wire::encode_record(DeskRecord(agent)), indexes_of(agent)});
    store(std::move(one));
    for (std::uint64_t device = 0; device <= i % 2; ++device) {  // some have two
      people_.push_back(std::make_unique<Person>());
      people_.back()->id = agent.id;
      people_.back()->session = {7 + device, i + 1};
    }
    checker_.on_gone(agent.id, store_.now());
  }
  for (std::size_t place = 0; place < kNodes; ++place) start_node(place);
  for (auto& person : people_) live(*person);
  for (std::size_t visitor = 0; visitor < kVisitors; ++visitor) visit(visitor);
  disturb();
}

World::~World() = default;

Totals World::run(Nanoseconds time) {
  const Timestamp end = clock_.now() + time;
  while (clock_.now() < end) {
    while (!events_.empty() && events_.begin()->first <= clock_.now()) {
      auto what = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      what();
    }
    std::erase_if(tasks_, [](const auto& task) { return task->ended || !task->node->alive; });
    if (tasks_.empty()) {
      clock_.set(std::max(clock_.now(), events_.begin()->first));
      checker_.on_time(clock_.now());
      continue;
    }
    step(*tasks_[random_.below(tasks_.size())]);
    clock_.advance(random_.between(Nanoseconds(0), 200us));
  }
  totals_.commits = checker_.commits;
  totals_.accepted = checker_.accepted;
  totals_.expired = checker_.expired;
  totals_.returned = checker_.returned;
  return totals_;
}

// ---- steps

void World::at(Nanoseconds delay, std::function<void()> what) {
  events_.emplace(clock_.now() + delay, std::move(what));
}

void World::submit(Node& node, DeskCommand command, Then then) {
  const auto seen = seen_by(command);
  if (mutant_ == Mutant::epochs_ignored) forget_epoch(command);
  auto task = std::make_unique<Task>(Task{
      &node, core::transaction_of(std::move(command)), {}, false, false, std::move(then), seen});
  core::TransactionEffects effects;
  task->transaction.start(store_.now(), effects);
  apply(*task, effects);
  tasks_.push_back(std::move(task));
}

void World::apply(Task& task, core::TransactionEffects& effects) {
  for (core::TransactionEffect& effect : effects) {
    if (auto* read = std::get_if<core::transaction_effect::Read>(&effect)) {
      task.to_read = std::move(read->keys);
    } else if (std::holds_alternative<core::transaction_effect::Commit>(effect)) {
      task.committing = true;
    } else {
      task.ended = true;
      const auto ended = std::get<Ended>(effect);
      if (ended.changed && is_news(task.transaction.records())) wake_all(*task.node);
      if (task.then) task.then(ended);
    }
  }
}

void World::step(Task& task) {
  core::TransactionEffects effects;
  if (!task.to_read.empty()) {
    read_one(task, effects);
  } else if (std::exchange(task.committing, false)) {
    commit(task, effects);
  }
  apply(task, effects);
}

void World::read_one(Task& task, core::TransactionEffects& out) {
  if (outage_) {
    task.to_read.clear();
    return task.transaction.on_failed(errc::unavailable, store_.now(), out);
  }
  const RecordKey key = std::move(task.to_read.back());
  task.to_read.pop_back();
  store_.get(key, [&](result<std::optional<Record>> record) {
    std::optional<DeskRecord> value;
    if (*record) value = *wire::decode_record(key, (**record).value);
    task.transaction.records().load(key, std::move(value), *record ? (**record).version : 0);
  });
  if (task.to_read.empty()) task.transaction.on_read(store_.now(), out);
}

Commit World::commit_of(const core::WorkingSet& desk) {
  Commit commit;
  for (const auto& [key, row] : desk.rows()) {
    if (!row.changed) continue;
    if (mutant_ == Mutant::loose_open && key.kind == RecordKind::open_conversation) continue;
    Change change{key, row.version, std::nullopt, {}};
    if (row.value) {
      change.value = wire::encode_record(*row.value);
      change.index = core::indexes_of(*row.value);
    }
    if (mutant_ == Mutant::capacity_outside && key.kind == RecordKind::agent) {
      store_.get(key, [&](result<std::optional<Record>> now) {
        change.expected = *now ? (**now).version : 0;
      });
    }
    commit.changes.push_back(std::move(change));
  }
  commit.entries = desk.entries();
  return commit;
}

void World::commit(Task& task, core::TransactionEffects& out) {
  const bool lost = random_.chance(0.01);
  if (outage_) return task.transaction.on_failed(errc::unavailable, store_.now(), out);
  if (!lost && !store(task)) {
    ++totals_.conflicts;
    return task.transaction.on_failed(errc::conflict, store_.now(), out);
  }
  if (lost || random_.chance(0.01))
    return task.transaction.on_failed(errc::timed_out, store_.now(), out);
  task.transaction.on_committed(out);
}

bool World::store(const Task& task) {
  const bool stored = store(commit_of(task.transaction.records()));
  if (stored && task.seen) checker_.on_asked(task.seen->conversation, task.seen->epoch);
  return stored;
}

bool World::store(Commit commit) {
  const std::vector<Change> changes = commit.changes;
  bool stored = false;
  store_.commit(std::move(commit), [&](result<Committed> done) { stored = done.has_value(); });
  if (!stored) return false;
  for (const Change& change : changes) {
    std::optional<DeskRecord> value;
    if (change.value) value = *wire::decode_record(change.key, *change.value);
    checker_.on_change(change.key, value, store_.now());
  }
  checker_.on_commit(store_.now());
  return true;
}

std::vector<DeskRecord> World::scan(RecordKind kind, std::string_view index, std::string prefix,
                                    std::string after, std::string& next) {
  std::vector<DeskRecord> out;
  ScanRequest request{kind, std::string(index), std::move(prefix), std::move(after), kPage};
  store_.scan(std::move(request), [&](result<ScanPage> page) {
    for (const Record& record : page->records)
      out.push_back(*wire::decode_record(record.key, record.value));
    next = page->next;
  });
  return out;
}

// ---- nodes

void World::start_node(std::size_t place) {
  core::SweepOptions options;
  options.node = "node-" + std::to_string(++ids_);
  options.grace = mutant_ == Mutant::no_grace ? Nanoseconds(0) : bounds_.grace;
  options.decline_pause = 2s;
  auto node =
      std::make_unique<Node>(Node{options.node, place, true, false, {}, core::Sweep(options)});
  for (const std::string& id : kDepartments) {
    Department department;
    department.id = id;
    department.offer_timeout = 5s;
    if (id == "billing") department.overflow_to = "sales";
    department.overflow_after = 20s;
    node->routers.emplace_back(std::move(department), strategy());
  }
  Node& running = *nodes_.emplace_back(std::move(node));
  renew(running);
  sweep(running);
}

void World::crash(std::size_t place) {
  for (auto& node : nodes_) {
    if (node->place != place || !node->alive) continue;
    node->alive = false;
    for (auto& person : people_) {
      if (person->node == node.get()) cut(*person, false);
    }
  }
}

void World::renew(Node& node) {
  submit(node, core::RenewLease{node.id, bounds_.lease});
  at(3s, [this, &node] {
    if (node.alive) renew(node);
  });
}

World::Node* World::any_node() {
  std::vector<Node*> alive;
  for (auto& node : nodes_) {
    if (node->alive) alive.push_back(node.get());
  }
  return alive.empty() ? nullptr : alive[random_.below(alive.size())];
}

/// Whatever has changed may let somebody be served.
bool World::is_news(const core::WorkingSet& desk) const {
  if (mutant_ != Mutant::edge_triggered) return true;
  return std::ranges::any_of(desk.rows(), [](const auto& row) {
    const auto* c = row.second.value ? std::get_if<Conversation>(&*row.second.value) : nullptr;
    return c && row.second.changed && c->state == ConversationState::queued;
  });
}

/// The news reach this node, and perhaps others.
void World::wake_all(Node& from) {
  for (auto& node : nodes_) {
    const double lost = node.get() == &from ? 0.1 : 0.5;
    if (node->alive && !random_.chance(lost)) wake(*node);
  }
}

void World::wake(Node& node) {
  for (std::size_t i = 0; i < node.routers.size(); ++i) {
    core::RouterEffects effects;
    node.routers[i].wake(effects);
    drive(node, i, effects);
  }
}

void World::drive(Node& node, std::size_t department, core::RouterEffects& effects) {
  for (core::RouterEffect& effect : effects) {
    if (auto* run = std::get_if<core::router_effect::Run>(&effect)) {
      submit(node, std::move(run->command), [this, &node, department](const Ended&) {
        core::RouterEffects out;
        node.routers[department].on_settled(out);
        drive(node, department, out);
      });
      continue;
    }
    at(random_.between(Nanoseconds(0), 2ms), [this, &node, department, effect] {
      if (!node.alive) return;
      core::RouterEffects out;
      core::Router& router = node.routers[department];
      std::string next;
      if (outage_) {
        router.on_failed(out);
      } else if (const auto* queue = std::get_if<core::router_effect::ReadQueue>(&effect)) {
        std::vector<Conversation> page;
        for (DeskRecord& record : scan(RecordKind::conversation, index::kQueue,
                                       index::of(kDepartments[department]), queue->after, next))
          page.push_back(std::get<Conversation>(std::move(record)));
        router.on_queue(page, next, out);
      } else {
        std::vector<Agent> agents;
        for (const std::string& prefix : {kDepartments[department], std::string()}) {
          do {
            for (DeskRecord& record :
                 scan(RecordKind::agent, index::kRoutable, index::of(prefix), next, next))
              agents.push_back(std::get<Agent>(std::move(record)));
          } while (!next.empty());
        }
        core::drop_dead_devices(agents, [this](const std::string& id) {
          const auto lease = checker_.leases().find(id);
          return lease != checker_.leases().end() && lease->second.valid_at(store_.now());
        });
        router.on_agents(std::move(agents), store_.now(), out);
      }
      drive(node, department, out);
    });
  }
}

void World::sweep(Node& node) {
  at(500ms, [this, &node] {
    if (!node.alive) return;
    sweep(node);
    if (mutant_ != Mutant::edge_triggered) wake(node);
    if (std::exchange(node.sweeping, true)) return;
    core::SweepEffects effects;
    node.sweep.start(effects);
    drive(node, effects);
  });
}

void World::drive(Node& node, core::SweepEffects& effects) {
  for (core::SweepEffect& effect : effects) {
    if (auto* run = std::get_if<core::sweep_effect::Run>(&effect)) {
      if (mutant_ == Mutant::rash_judge) {
        if (auto* absent = std::get_if<core::ReturnAbsent>(&run->command)) absent->grace = {};
        if (auto* drop = std::get_if<core::DropDevices>(&run->command)) drop->grace = {};
      }
      submit(node, std::move(run->command));
    } else if (const auto* page = std::get_if<core::sweep_effect::Scan>(&effect)) {
      at(random_.between(Nanoseconds(0), 2ms), [this, &node, request = *page] {
        if (!node.alive) return;
        core::SweepEffects out;
        std::string next;
        if (outage_) {
          node.sweep.on_failed(out);
        } else {
          const auto records =
              scan(request.kind, request.index, request.prefix, request.after, next);
          node.sweep.on_page(records, next, store_.now(), out);
        }
        drive(node, out);
      });
    } else if (std::holds_alternative<core::sweep_effect::Done>(effect)) {
      node.sweeping = false;
    }
  }
}

// ---- agents

void World::attach(Person& person) {
  Node* const node = any_node();
  if (!node || person.connecting) return;
  person.connecting = true;
  const Device device{person.session, ++person.epoch, node->id};
  const auto attached = [this, &person, node, epoch = person.epoch](const Ended& ended) {
    if (person.epoch != epoch) return;  // fenced by a newer attempt
    person.connecting = false;
    if (ended.code != errc::ok) return;
    person.node = node;
    checker_.on_back(person.id);
  };
  submit(*node, core::AttachDevice{person.id, device}, attached);
  // The node may die, and the answer with it.
  at(1s, [&person, epoch = person.epoch] {
    if (person.epoch == epoch) person.connecting = false;
  });
}

void World::cut(Person& person, bool says_so) {
  Node* const node = std::exchange(person.node, nullptr);
  const bool has_another = std::ranges::any_of(
      people_, [&](const auto& other) { return other->id == person.id && other->node; });
  if (!has_another) checker_.on_gone(person.id, store_.now());
  if (node && says_so) detach(*node, person.id, {person.session, person.epoch, node->id});
}

/// A node that lives says so until it is stored.
void World::detach(Node& node, std::string agent, Device device) {
  submit(node, core::DetachDevice{agent, device}, [this, &node, agent, device](const Ended& ended) {
    if (ended.code == errc::ok) return;
    at(200ms, [this, &node, agent, device] {
      if (node.alive) detach(node, agent, device);
    });
  });
}

void World::live(Person& person) {
  at(random_.between(50ms, 300ms), [this, &person] {
    live(person);
    if (!person.node) {
      if (person.wants) attach(person);
      return;
    }
    const auto record = checker_.agents().find(person.id);
    const Device here{person.session, person.epoch, person.node->id};
    const auto is_here = [&](const Device& device) {
      return device.session == here.session && device.node == here.node;
    };
    // As a hub's Attendance does: what another node took away meanwhile is put back.
    if (record != checker_.agents().end() && std::ranges::none_of(record->second.devices, is_here))
      submit(*person.node, core::AttachDevice{person.id, here});
    if (record != checker_.agents().end() && !record->second.slots.empty()) {
      const std::vector<AgentSlot> slots = record->second.slots;
      work(person, slots[random_.below(slots.size())]);
    }
    if (random_.chance(0.01)) cut(person, random_.chance(0.8));  // the link breaks
    if (random_.chance(0.003)) {                                 // goes for a while
      person.wants = false;
      for (auto& device : people_) {
        if (device->id != person.id) continue;
        device->wants = false;
        if (device->node) cut(*device, true);
        at(random_.between(10s, 120s), [&again = *device] { again.wants = true; });
      }
    }
  });
}

/// Names the assignment, sometimes, as it looks now; and then the same may come again, late.
void World::ask(Node& node, DeskCommand command) {
  std::visit(
      [this](auto& one) {
        if constexpr (Epochal<std::remove_cvref_t<decltype(one)>>) {
          if (random_.chance(0.7))
            one.epoch = checker_.conversations().at(one.conversation).assignment.epoch;
        }
      },
      command);
  if (random_.chance(0.2)) {
    at(random_.between(1ms, 20s), [this, command] {
      if (Node* const late = any_node()) submit(*late, command);
    });
  }
  submit(node, std::move(command));
}

void World::work(Person& person, const AgentSlot& slot) {
  Node& node = *person.node;
  const Participant by{person.id, Role::agent};
  const ConversationId id = slot.conversation;
  const std::uint64_t chance = random_.below(100);
  if (slot.use == SlotUse::offered) {
    if (chance < 40) ask(node, core::Accept{id, person.id, std::nullopt});
    if (chance >= 95) ask(node, core::Decline{id, person.id, std::nullopt, 2s});
  } else if (slot.use == SlotUse::owned) {
    const std::string other = "agent-" + std::to_string(random_.below(kAgents));
    if (chance < 6) ask(node, core::Resolve{id, by, random_.chance(0.5) ? 1s : 0s});
    if (chance == 6) ask(node, core::Release{id, by, {}});
    if (chance == 7) ask(node, core::TransferToAgent{id, by, other, "look", std::nullopt});
    if (chance == 8)
      ask(node, core::TransferToDepartment{id, by, slot.department == "sales" ? "billing" : "sales",
                                           "", std::nullopt});
    if (chance == 9) ask(node, core::Hold{id, by, store_.now() + 2s});
    if (chance == 10) ask(node, core::TakeOver{id, {other, Role::agent}, std::nullopt});
  }
}

// ---- visitors

void World::visit(std::size_t visitor) {
  at(random_.between(100ms, 2000ms), [this, visitor] {
    visit(visitor);
    const std::string id = "visitor-" + std::to_string(visitor);
    const std::string& department = kDepartments[random_.below(kDepartments.size())];
    if (!any_node()) return;
    const Conversation* last = nullptr;
    for (const auto& [key, c] : checker_.conversations()) {
      if (c.visitor == id && c.department == department) last = &c;
    }
    const Participant by{id, Role::visitor};
    if (last && last->state == ConversationState::resolved) {
      ask(*any_node(), core::Close{last->id, by, {}});
    } else if (last && is_open(last->state)) {
      if (random_.chance(0.02)) ask(*any_node(), core::Close{last->id, by, {}});
      if (random_.chance(0.02)) submit(*any_node(), core::Abandon{last->id});
    } else if (last && random_.chance(0.3)) {
      ask(*any_node(), core::Reopen{last->id, by});
    } else if (checker_.conversations().size() < 400) {
      // Two devices, two nodes, at once.
      const bool french = random_.chance(0.3);
      for (std::uint64_t i = random_.between(1, 2); i > 0; --i) {
        Conversation proposed;
        proposed.id = {1, ++ids_};
        proposed.visitor = id;
        proposed.department = department;
        if (french) proposed.skills = {"french"};
        submit(*any_node(), core::Open{std::move(proposed)});
      }
    }
  });
}

// ---- what goes wrong

void World::disturb() {
  at(random_.between(10s, 60s), [this] {
    disturb();
    const std::uint64_t chance = random_.below(10);
    if (chance < 5) {
      const std::size_t place = random_.below(kNodes);
      crash(place);
      checker_.set_up(!outage_ && any_node());
      at(random_.between(1s, 40s), [this, place] {
        const bool first = !any_node();
        if (first) checker_.on_disturbed(store_.now(), true);  // a full restart
        start_node(place);
        checker_.set_up(!outage_);
      });
    } else if (chance < 8 && !outage_) {
      outage_ = true;
      checker_.set_up(false);
      const Nanoseconds lasts = random_.between(1s, 90s);
      at(lasts, [this, lasts] {
        outage_ = false;
        checker_.on_disturbed(store_.now(), lasts >= bounds_.lease);
        checker_.set_up(any_node() != nullptr);
      });
    } else if (chance == 8) {
      clock_.advance(10min);
      checker_.on_disturbed(store_.now(), true);
    }
  });
}

}  // namespace kefu::sim
