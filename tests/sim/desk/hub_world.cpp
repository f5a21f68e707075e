#include "hub_world.hpp"

#include <algorithm>
#include <kefu/hub.hpp>
#include <kefu/testing/fault_store.hpp>
#include <kefu/wire/records.hpp>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "broken_bus.hpp"
#include "broken_stores.hpp"
#include "hub_people.hpp"

namespace kefu::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNodes = 2;
constexpr std::size_t kLoops = 2;  // of each node
constexpr std::size_t kAgents = 5;
constexpr std::size_t kVisitors = 14;
constexpr std::size_t kFormer = 4;  // the next ones, who may be claimed
const std::vector<std::string> kDepartments = {"billing", "sales"};

/// In a third of the runs agents pick: in all departments, or in one that overflows into another.
std::set<std::string> picked_in(std::uint64_t seed) {
  if (seed % 3 != 2) return {};
  if (seed % 2 == 0) return {kDepartments.begin(), kDepartments.end()};
  return {"billing"};
}

core::RoutingStrategy strategy(const std::set<std::string>& picked) {
  return [picked, pick = core::manual_pick(),
          ask = core::sticky(core::skill_match(core::least_loaded()))](
             const Conversation& c, const core::RoutingSnapshot& snapshot) {
    return picked.contains(c.department) ? pick(c, snapshot) : ask(c, snapshot);
  };
}

class Tokens final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (!role) return done(errc::unauthenticated);
    const std::string id(token.substr(space + 1));
    const bool verified = is_contact(id);
    done(Identity{{id, *role}, {std::numeric_limits<std::int64_t>::max()}, verified});
  }
};

DeskOptions desk_options(const std::set<std::string>& picked) {
  DeskOptions desk;
  for (const std::string& id : kDepartments) {
    Department department;
    department.id = id;
    if (picked.contains(id)) department.strategy = strategy::kPick;
    department.offer_timeout = 5s;
    department.decline_pause = 2s;
    department.wrap_up = id == "sales" ? Nanoseconds(1s) : Nanoseconds(0);
    if (id == "billing") department.overflow_to = "sales";
    department.overflow_after = 20s;
    department.abandon_gone_after = kPatience;
    desk.departments.push_back(department);
  }
  return desk;
}

}  // namespace

void ObservedStore::append(std::unique_ptr<AppendBatch> batch,
                           Completion<std::unique_ptr<AppendBatch>> done) {
  inner().append(std::move(batch), [this, done = std::move(done)](auto judged) mutable {
    for (std::size_t i = 0; watching && i < judged->size(); ++i)
      listener_(judged->drafts()[i], judged->outcomes()[i]);
    done(std::move(judged));
  });
}

void ObservedStore::commit(Commit commit, Completion<result<Committed>> done) {
  std::vector<Change> changes = commit.changes;
  inner().commit(std::move(commit), [this, changes = std::move(changes),
                                     done = std::move(done)](result<Committed> committed) mutable {
    if (committed && watching) {
      for (const Change& change : changes) {
        std::optional<DeskRecord> value;
        if (change.value) value = *wire::decode_record(change.key, *change.value);
        checker_.on_change(change.key, value, now());
      }
      then_();
      checker_.on_commit(now());
    }
    done(std::move(committed));
  });
}

/// One on every node; sometimes it fails.
struct HubWorld::Sink final : EventSink {
  Sink(HubWorld& in, AuditLog& into) : world(in), log(into) {}
  void deliver(const EventBatch& batch, Completion<errc> done) override {
    if (world.random_.chance(0.05)) return done(errc::unavailable);
    for (const Event& event : batch.events) world.on_event(event);
    done(log.take(batch) ? errc::ok : errc::timed_out);
  }
  HubWorld& world;
  AuditLog& log;
};

HubWorld::HubWorld(std::uint64_t seed, Mutant mutant)
    : random_(seed),
      mutant_(mutant),
      picked_(picked_in(seed)),
      checker_(bounds_, strategy(picked_)),
      observed_(
          store_, checker_,
          [this] {
            look_who_is_back();
            shelf_.on_commit(store_.now());
          },
          [this](const Draft& draft, const Outcome& outcome) {
            talk_.on_stored(draft, outcome, calm_for(kTold));
          }),
      broken_(broken_store(mutant, observed_)),
      bus_(loop_, seed, {.lose = 0.2, .repeat = 0.1, .delay_max = 5ms}),
      nodes_(kNodes) {
  for (std::size_t i = 0; i < kAgents; ++i) {
    Agent agent;
    agent.id = "agent-" + std::to_string(i);
    agent.capacity = static_cast<std::uint32_t>(random_.between(1, 3));
    if (i > 1) agent.departments.push_back({kDepartments[i % kDepartments.size()], std::nullopt});
    Commit one;
    one.changes.push_back(
        {agent_key(agent.id), 0, wire::encode_record(DeskRecord(agent)), indexes_of(agent)});
    observed_.commit(std::move(one), [](result<Committed>) {});
    for (std::uint64_t device = 0; device <= i % 2; ++device) {  // some have two
      people_.push_back(std::make_unique<Person>(Person{{agent.id, Role::agent}}));
    }
    checker_.on_gone(agent.id, store_.now());
  }
  for (std::size_t i = 0; i < kVisitors; ++i) {
    for (std::uint64_t device = 0; device <= i % 2; ++device) {
      people_.push_back(
          std::make_unique<Person>(Person{{"visitor-" + std::to_string(i), Role::visitor}}));
    }
  }
  for (std::size_t place = 0; place < kNodes; ++place)
    audits_.emplace_back("node-" + std::to_string(place), seed ^ place, mutant);
  for (std::size_t place = 0; place < kNodes; ++place) start_node(place);
  for (auto& person : people_) person->who.role == Role::agent ? live(*person) : visit(*person);
  disturb();
  moderate();
  if (!shelf_.empty()) move_agents();
}

HubWorld::~HubWorld() {
  observed_.watching = false;
  for (std::size_t place = 0; place < kNodes; ++place) crash(place);
  loop_.drop_all();
}

Totals HubWorld::run(Nanoseconds time) {
  const Timestamp end = clock_.now() + time;
  while (clock_.now() < end) {
    if (!run_something()) pass_time();
  }
  check_audited();
  Totals totals;
  totals.commits = checker_.commits;
  totals.accepted = checker_.accepted;
  totals.expired = checker_.expired;
  totals.returned = checker_.returned;
  return totals;
}

// ---- time

void HubWorld::at(Nanoseconds delay, std::function<void()> what) {
  loop_.post_at(loop_.now() + delay, std::move(what));
}

/// Its own, and those of the nodes that are there.
std::vector<testing::ManualExecutor*> HubWorld::loops() {
  std::vector<testing::ManualExecutor*> all{&loop_};
  for (const auto& node : nodes_) {
    for (std::size_t i = 0; node && i < kLoops; ++i) all.push_back(node->loops[i].get());
  }
  return all;
}

/// One step of one loop, drawn.
bool HubWorld::run_something() {
  std::vector<testing::ManualExecutor*> ready = loops();
  std::erase_if(ready, [](const auto* loop) { return loop->ready() == 0; });
  if (ready.empty()) return false;
  return ready[random_.below(ready.size())]->run_one();
}

void HubWorld::pass_time() {
  const std::vector<testing::ManualExecutor*> all = loops();
  std::optional<Instant> due;
  for (const auto* loop : all) {
    const auto next = loop->next_due();
    if (next && (!due || *next < *due)) due = next;
  }
  clock_.advance(*due - loop_.now());
  for (auto* loop : all) loop->advance_to(*due);
  checker_.on_time(clock_.now());
  check_told();
  check_departures();
  if (clock_.now() < next_check_) return;
  next_check_ = clock_.now() + 1s;
  check_enlisted();
  check_shown();
  check_recalled();
  check_kept_out();
}

// ---- nodes

void HubWorld::start_node(std::size_t place) {
  auto node = std::make_unique<Node>(loop_.now(), kLoops);
  testing::StoreFaults faults{.delay_min = 0ms, .delay_max = 3ms, .fail_after = 0.01};
  if (outage_) faults.fail_before = 1;
  Store& root = broken_ ? static_cast<Store&>(*broken_) : observed_;
  node->store = std::make_unique<testing::FaultStore>(root, loop_, random_.next(), faults);
  node->bus = bus_.connect();
  if (mutant_ == Mutant::members_unheard)
    node->broken_bus = std::make_unique<BrokenBus>(*node->bus, "kefu.members");
  HubOptions options;
  options.limits.presence_grace =
      mutant_ == Mutant::no_grace ? Nanoseconds(1) : Nanoseconds(bounds_.grace);
  options.limits.node_lease = bounds_.lease;
  if (mutant_ == Mutant::edge_triggered) options.limits.routing_sweep = 1h;
  if (mutant_ == Mutant::bans_unheard) options.limits.ban_check = 1h;
  options.clock = &clock_;
  options.bus = node->broken_bus ? node->broken_bus.get() : node->bus.get();
  options.random = [this] { return random_.next(); };
  options.desk = desk_options(picked_);
  std::vector<Executor*> executors;
  for (const auto& loop : node->loops) executors.push_back(loop.get());
  node->hub = std::make_unique<Hub>(executors, *node->store, options);
  node->hub->authenticate(std::make_unique<Tokens>());
  audits_[place].open();
  node->hub->deliver("all", std::make_unique<Sink>(*this, audits_[place]));
  nodes_[place] = std::move(node);
}

/// Its process dies: nobody is told.
void HubWorld::crash(std::size_t place) {
  Node* const node = nodes_[place].get();
  if (!node) return;
  node->store->crash();
  for (auto& person : people_) {
    if (!person->link || &person->link->node != node) continue;
    person->link->inbound = nullptr;
    cut(*person);
  }
  for (auto& person : people_) {
    if (person->last_node == node) person->left.reset();  // nobody may have heard of it
  }
  node->hub.reset();
  for (const auto& loop : node->loops) loop->drop_all();
  audits_[place].die();
  nodes_[place].reset();
}

HubWorld::Node* HubWorld::any_node() {
  std::vector<Node*> alive;
  for (auto& node : nodes_) {
    if (node) alive.push_back(node.get());
  }
  return alive.empty() ? nullptr : alive[random_.below(alive.size())];
}

void HubWorld::disturb() {
  at(random_.between(10s, 60s), [this] {
    disturb();
    const std::uint64_t chance = random_.below(10);
    if (chance < 5) {
      const std::size_t place = random_.below(kNodes);
      if (!nodes_[place]) return;
      crash(place);
      checker_.set_up(!outage_ && any_node());
      at(random_.between(1s, 40s), [this, place] {
        calm_since_ = store_.now();
        if (!any_node()) {
          served_since_ = store_.now();
          checker_.on_disturbed(store_.now(), true);  // a full restart
        }
        start_node(place);
        checker_.set_up(!outage_);
      });
    } else if (chance < 8 && !outage_) {
      outage_ = true;
      checker_.set_up(false);
      for (auto& node : nodes_) {
        if (node) node->store->faults.fail_before = 1;
      }
      const Nanoseconds lasts = random_.between(1s, 90s);
      at(lasts, [this, lasts] {
        outage_ = false;
        calm_since_ = served_since_ = store_.now();
        for (auto& node : nodes_) {
          if (node) node->store->faults.fail_before = 0;
        }
        checker_.on_disturbed(store_.now(), lasts >= bounds_.lease);
        checker_.set_up(any_node() != nullptr);
      });
    } else if (chance == 8) {
      clock_.advance(10min);
      calm_since_ = served_since_ = store_.now();
      checker_.on_disturbed(store_.now(), true);
    } else if (chance == 9) {
      part();
    }
  });
}

/// Nodes don't hear each other for a while, or one does not hear the other: nothing is owed less.
void HubWorld::part() {
  const std::uint64_t who = random_.below(3);  // the first, the second, or both
  const Nanoseconds lasts = random_.between(1s, 60s);
  together_since_ = std::max(together_since_, store_.now() + lasts);
  for (std::size_t deaf = 0; deaf < kNodes; ++deaf) {
    const std::size_t other = kNodes - 1 - deaf;
    if (who == other || !nodes_[deaf] || !nodes_[other]) continue;
    bus_.part(*nodes_[other]->bus, *nodes_[deaf]->bus);
    at(lasts, [this, deaf, other] {
      if (nodes_[deaf] && nodes_[other]) bus_.mend(*nodes_[other]->bus, *nodes_[deaf]->bus);
    });
  }
}

// ---- people

void HubWorld::connect(Person& person) {
  Node* const node = any_node();
  if (!node) return;
  testing::ManualExecutor& loop = *node->loops[random_.below(kLoops)];
  person.link = std::make_unique<Link>(*this, *node, loop, person.who);
  const std::string token = std::string(name(person.who.role)) + ' ' + person.who.id;
  frame::Hello hello;
  hello.token = token;
  hello.session = person.session;
  hello.epoch = ++person.epoch;
  ask(person, {{}, hello});
}

void HubWorld::cut(Person& person) {
  const std::unique_ptr<Link> link = std::move(person.link);
  const bool heard = link && link->inbound && link->session;
  if (link && link->session) person.left.reset();
  if (heard) {
    person.left = clock_.now();
    person.last_node = &link->node;
  }
  if (link && link->inbound) link->inbound->on_closed(errc::ok);
  if (link && link->session) person.session = link->session;
  if (link && link->expired) person.session.reset();
  person.attached = false;
  if (person.who.role != Role::agent) return;
  const bool has_another = std::ranges::any_of(people_, [&](const auto& other) {
    return other->who.id == person.who.id && other->attached;
  });
  if (!has_another) checker_.on_gone(person.who.id, store_.now());
}

void HubWorld::look_who_is_back() {
  for (auto& person : people_) {
    const Link* const link = person->link.get();
    if (person->attached || !link || !link->session || person->who.role != Role::agent) continue;
    const auto record = checker_.agents().find(person->who.id);
    if (record == checker_.agents().end()) continue;
    for (const Device& device : record->second.devices) {
      if (device.session != *link->session) continue;
      // What a hub wrote tells its name, and who comes back to a hub that has them already is
      // there.
      if (device.epoch == link->epoch) link->node.name = device.node;
      if (device.node != link->node.name) continue;
      person->attached = true;
      checker_.on_back(person->who.id);
    }
  }
}

void HubWorld::ask(Person& person, ClientFrame frame) {
  if (!person.link || !person.link->inbound) return;
  std::string text;
  wire::encode(frame, text);
  person.link->inbound->on_message(text, 0);
}

std::optional<std::uint64_t> HubWorld::maybe_epoch(ConversationId id) {
  if (random_.chance(0.3)) return std::nullopt;
  return checker_.conversations().at(id).assignment.epoch;
}

void HubWorld::live(Person& person) {
  at(random_.between(50ms, 300ms), [this, &person] {
    live(person);
    if (person.link && person.link->closed) cut(person);
    if (!person.link) {
      if (person.wants) connect(person);
      return;
    }
    talk(person);
    if (!shelf_.empty()) pick(person);
    const auto record = checker_.agents().find(person.who.id);
    if (!record->second.slots.empty()) {
      const std::vector<AgentSlot> slots = record->second.slots;
      work(person, slots[random_.below(slots.size())]);
    }
    if (random_.chance(0.01)) cut(person);
    if (random_.chance(0.003)) {  // goes for a while
      for (auto& device : people_) {
        if (device->who != person.who) continue;
        device->wants = false;
        cut(*device);
        at(random_.between(10s, 120s), [&again = *device] { again.wants = true; });
      }
    }
  });
}

void HubWorld::work(Person& person, const AgentSlot& slot) {
  using What = frame::Change::What;
  const ConversationId id = slot.conversation;
  const auto change = [&](What what) {
    ask(person, {{}, frame::Change{what, id, maybe_epoch(id)}});
  };
  const std::uint64_t chance = random_.below(100);
  if (slot.use == SlotUse::offered) {
    if (chance < 40) change(What::accept);
    if (chance >= 95) change(What::decline);
    return;
  }
  if (slot.use != SlotUse::owned) return;
  const std::string other = "agent-" + std::to_string(random_.below(kAgents));
  const std::string there = slot.department == "sales" ? "billing" : "sales";
  if (chance < 6) change(What::resolve);
  if (chance == 6) change(What::release);
  if (chance == 7) ask(person, {{}, frame::Transfer{id, maybe_epoch(id), other, {}, "look"}});
  if (chance == 8) ask(person, {{}, frame::Transfer{id, maybe_epoch(id), {}, there, {}}});
  if (chance == 9) ask(person, {{}, frame::Hold{id, maybe_epoch(id), store_.now() + 2s}});
  if (chance == 10) change(What::resume);
}

/// Takes something that they see, at once or when it may be gone, alone or with all who see it.
void HubWorld::pick(Person& person) {
  const Shelf::Shown& shown = person.link->offered;
  if (shown.empty() || !random_.chance(0.1)) return;
  const auto [id, round] =
      *std::next(shown.begin(), static_cast<std::ptrdiff_t>(random_.below(shown.size())));
  std::optional<std::uint64_t> epoch;
  if (random_.chance(0.7)) epoch = round;
  const ClientFrame take{{}, frame::Change{frame::Change::What::accept, id, epoch}};
  if (random_.chance(0.3)) {
    for (auto& other : people_) {
      if (other->link && other->link->offered.contains(id)) ask(*other, take);
    }
  } else if (random_.chance(0.3)) {
    at(random_.between(10ms, 3s), [this, &person, take] { ask(person, take); });
  } else {
    ask(person, take);
  }
}

/// The host lets an agent serve another department.
void HubWorld::move_agents() {
  at(random_.between(5s, 30s), [this] {
    move_agents();
    Agent agent = checker_.agents().at("agent-" + std::to_string(random_.below(kAgents)));
    if (outage_) return;
    agent.departments.clear();
    if (random_.chance(0.8))
      agent.departments.push_back({kDepartments[random_.below(kDepartments.size())], {}});
    store_.get(agent_key(agent.id), [&](result<std::optional<Record>> record) {
      Commit one;
      one.changes.push_back({agent_key(agent.id), (**record).version,
                             wire::encode_record(DeskRecord(agent)), indexes_of(agent)});
      observed_.commit(std::move(one), [](result<Committed>) {});
    });
  });
}

void HubWorld::visit(Person& person) {
  at(random_.between(100ms, 2000ms), [this, &person] {
    visit(person);
    if (person.link && (person.link->closed || random_.chance(0.02))) cut(person);
    if (person.wants && random_.chance(0.02)) {  // goes for a while, with one device or all
      const bool all = random_.chance(0.5);
      for (auto& device : people_) {
        if (device->who != person.who || !(all || device.get() == &person)) continue;
        device->wants = false;
        cut(*device);
        at(random_.between(2s, 40s), [&again = *device] { again.wants = true; });
      }
    }
    if (!person.link) return person.wants ? connect(person) : void();
    if (!person.link->session) return;
    talk(person);
    const std::string& department = kDepartments[random_.below(kDepartments.size())];
    const Conversation* last = nullptr;
    for (const auto& [key, c] : checker_.conversations()) {
      if (c.visitor == person.who.id && c.department == department) last = &c;
    }
    const auto change = [&](frame::Change::What what) {
      ask(person, {{}, frame::Change{what, last->id, std::nullopt}});
    };
    if (last && is_open(last->state)) {
      if (last->state == ConversationState::resolved || random_.chance(0.02))
        change(frame::Change::What::close);
    } else if (last && random_.chance(0.3)) {
      change(frame::Change::What::reopen);
    } else if (checker_.conversations().size() < 400) {
      // Twice at once: one is found, the other was created.
      for (std::uint64_t i = random_.between(1, 2); i > 0; --i)
        ask(person, {{}, frame::Open{ConversationId{1, ++ids_}, department, {}}});
    }
  });
}

// ---- what they say

void HubWorld::talk(Person& person) {
  Link& link = *person.link;
  if (!link.session || link.read.empty()) return;
  if (random_.chance(0.02)) take_back(person);
  if (random_.chance(0.03)) look_for_something(person);
  if (!random_.chance(0.2)) return;
  const auto one =
      std::next(link.read.begin(), static_cast<std::ptrdiff_t>(random_.below(link.read.size())));
  Link::Reading& reading = one->second;
  if (std::exchange(reading.sending, true)) return;
  const bool note = person.who.role == Role::agent && random_.chance(0.3);
  const std::string body = "m-" + std::to_string(++ids_);
  ask(person, {{},
               frame::Send{one->first, note ? Log::internal : Log::public_log, reading.cseq + 1,
                           kind::kText, body}});
}

void HubWorld::take_back(Person& person) {
  const auto place = talk_.recallable(person.who.id, store_.now(), random_);
  if (!place || person.link->taking_back || !person.link->read.contains(place->conversation))
    return;
  person.link->taking_back = place;
  ask(person, {"recall", frame::Recall{place->conversation, place->log, place->seq}});
}

void HubWorld::look_for_something(Person& person) {
  Link& link = *person.link;
  if (std::exchange(link.finding, true)) return;
  link.asked_at = clock_.now();
  link.readable = talk_.readable_by(person.who);
  ask(person, {"find", frame::Search{"m-" + std::to_string(random_.below(10))}});
}

// ---- what is done to them

void HubWorld::moderate() {
  at(random_.between(3s, 15s), [this] {
    moderate();
    const std::string who = "visitor-" + std::to_string(random_.below(kVisitors));
    const std::uint64_t chance = random_.below(10);
    if (chance < 4) ban(who);
    if (chance == 4) erase(who);
    if (chance > 4) claim();
  });
}

void HubWorld::ban(const std::string& who) {
  Node* const node = any_node();
  if (!node) return;
  kefu::Ban ban;
  ban.participant = who;
  ban.until = store_.now() + random_.between(10s, 30s);
  node->hub->ban(ban, [this, who, until = *ban.until](DeskOutcome outcome) {
    if (outcome.code == errc::ok) talk_.on_banned(who, store_.now(), until);
  });
}

void HubWorld::erase(const std::string& who) {
  Node* const node = any_node();
  if (!node) return;
  node->hub->erase(who, [this, who, begun = store_.now()](result<std::uint64_t> bodies) {
    if (bodies) talk_.on_erased(who, begun, store_.now());
  });
}

void HubWorld::claim() {
  std::vector<Person*> contacts;
  for (auto& person : people_) {
    if (is_contact(person->who.id) && person->link && person->link->session)
      contacts.push_back(person.get());
  }
  if (contacts.empty()) return;
  Person& contact = *contacts[random_.below(contacts.size())];
  Link& link = *contact.link;
  if (!link.claimed.empty()) return;
  link.claimed = "visitor-" + std::to_string(kContacts + random_.below(kFormer));
  link.claimed_at = store_.now();
  const std::string token = "visitor " + link.claimed;
  ask(contact, {"claim", frame::Claim{token}});
}

}  // namespace kefu::sim
