#include "hub_world.hpp"

#include <algorithm>
#include <kefu/hub.hpp>
#include <kefu/testing/fault_store.hpp>
#include <kefu/wire/records.hpp>
#include <map>
#include <set>
#include <utility>

#include "broken_stores.hpp"

namespace kefu::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kNodes = 2;
constexpr std::size_t kAgents = 5;
constexpr std::size_t kVisitors = 14;
constexpr Nanoseconds kTold = 8s;  // by then an agent has heard of what fills a slot of theirs
const std::vector<std::string> kDepartments = {"billing", "sales"};

core::RoutingStrategy strategy() { return core::sticky(core::skill_match(core::least_loaded())); }

class Tokens final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (!role) return done(errc::unauthenticated);
    done(Identity{{std::string(token.substr(space + 1)), *role},
                  {std::numeric_limits<std::int64_t>::max()}});
  }
};

DeskOptions desk_options() {
  DeskOptions desk;
  for (const std::string& id : kDepartments) {
    Department department;
    department.id = id;
    department.offer_timeout = 5s;
    department.decline_pause = 2s;
    department.wrap_up = id == "sales" ? Nanoseconds(1s) : Nanoseconds(0);
    if (id == "billing") department.overflow_to = "sales";
    department.overflow_after = 20s;
    desk.departments.push_back(department);
  }
  return desk;
}

}  // namespace

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

struct HubWorld::Node {
  explicit Node(Instant now) : loop(now) {}

  testing::ManualExecutor loop;
  std::unique_ptr<testing::FaultStore> store{};
  std::unique_ptr<Bus> bus{};
  std::unique_ptr<Hub> hub{};
};

/// One connection of a person, from their side.
struct HubWorld::Link final : Connection {
  Link(HubWorld& in, Node& on) : world(in), node(on), inbound(&on.hub->accepted(*this)) {}

  struct Handler final : wire::Decoder::ServerHandler {
    explicit Handler(Link& to) : link(to) {}
    void on_frame(const ServerFrame& frame) override {
      std::visit([this](const auto& one) { link.on(one); }, frame.body);
    }
    void on_error(const wire::DecodeError&) override {
      throw Violation("a hub has sent what nobody can read");
    }
    Link& link;
  };

  SendStatus send(SharedFrame frame) override {
    Handler handler(*this);
    world.decoder_.decode(frame.text(), 0, handler);
    return SendStatus::accepted;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(errc) override { closed = true; }
  [[nodiscard]] std::string_view peer() const override { return "sim"; }
  [[nodiscard]] Executor& executor() override { return node.loop; }

  void on(const frame::Welcome& welcome) {
    session = welcome.session;
    epoch = welcome.epoch;
    welcomed_at = world.clock_.now();
    for (const ConversationView& view : welcome.conversations) read.insert(view.id);
  }
  void on(const frame::Joined& joined) { read.insert(joined.conversation.id); }
  void on(const frame::Left& left) { read.erase(left.conversation); }
  void on(const frame::Offer& offer) { offered.insert(offer.conversation); }
  void on(const frame::OfferGone& gone) { offered.erase(gone.conversation); }
  template <class Other>
  void on(const Other&) {}

  HubWorld& world;
  Node& node;
  Inbound* inbound;
  bool closed = false;
  std::optional<SessionId> session;
  std::uint64_t epoch = 0;
  Timestamp welcomed_at;
  std::set<ConversationId> read, offered;
};

/// The same one on every node; sometimes it fails.
struct HubWorld::Sink final : EventSink {
  explicit Sink(HubWorld& in) : world(in) {}
  void deliver(const EventBatch& batch, Completion<errc> done) override {
    if (world.random_.chance(0.05)) return done(errc::unavailable);
    for (const Event& event : batch.events) world.on_event(event);
    done(errc::ok);
  }
  HubWorld& world;
};

/// A device of somebody.
struct HubWorld::Person {
  Participant who;
  std::unique_ptr<Link> link{};
  std::optional<SessionId> session{};
  std::uint64_t epoch = 0;
  bool wants = true;
  bool attached = false;  // the record says that this connection is there
};

HubWorld::HubWorld(std::uint64_t seed, Mutant mutant)
    : random_(seed),
      mutant_(mutant),
      checker_(bounds_, strategy()),
      observed_(store_, checker_, [this] { look_who_is_back(); }),
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
    people_.push_back(
        std::make_unique<Person>(Person{{"visitor-" + std::to_string(i), Role::visitor}}));
  }
  for (std::size_t place = 0; place < kNodes; ++place) start_node(place);
  for (auto& person : people_) person->who.role == Role::agent ? live(*person) : visit(*person);
  disturb();
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

/// One step of one loop, drawn.
bool HubWorld::run_something() {
  std::vector<testing::ManualExecutor*> ready;
  if (loop_.ready() > 0) ready.push_back(&loop_);
  for (const auto& node : nodes_) {
    if (node && node->loop.ready() > 0) ready.push_back(&node->loop);
  }
  if (ready.empty()) return false;
  return ready[random_.below(ready.size())]->run_one();
}

void HubWorld::pass_time() {
  std::optional<Instant> due = loop_.next_due();
  for (const auto& node : nodes_) {
    const auto next = node ? node->loop.next_due() : std::nullopt;
    if (next && (!due || *next < *due)) due = next;
  }
  clock_.advance(*due - loop_.now());
  loop_.advance_to(*due);
  for (const auto& node : nodes_) {
    if (node) node->loop.advance_to(*due);
  }
  checker_.on_time(clock_.now());
  check_told();
}

// ---- nodes

void HubWorld::start_node(std::size_t place) {
  auto node = std::make_unique<Node>(loop_.now());
  testing::StoreFaults faults{.delay_min = 0ms, .delay_max = 3ms, .fail_after = 0.01};
  if (outage_) faults.fail_before = 1;
  Store& root = broken_ ? static_cast<Store&>(*broken_) : observed_;
  node->store = std::make_unique<testing::FaultStore>(root, loop_, random_.next(), faults);
  node->bus = bus_.connect();
  HubOptions options;
  options.limits.presence_grace =
      mutant_ == Mutant::no_grace ? Nanoseconds(1) : Nanoseconds(bounds_.grace);
  options.limits.node_lease = bounds_.lease;
  if (mutant_ == Mutant::edge_triggered) options.limits.routing_sweep = 1h;
  options.clock = &clock_;
  options.bus = node->bus.get();
  options.random = [this] { return random_.next(); };
  options.desk = desk_options();
  node->hub = std::make_unique<Hub>(std::vector<Executor*>{&node->loop}, *node->store, options);
  node->hub->authenticate(std::make_unique<Tokens>());
  node->hub->deliver("all", std::make_unique<Sink>(*this));
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
  node->hub.reset();
  node->loop.drop_all();
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
        if (!any_node()) checker_.on_disturbed(store_.now(), true);  // a full restart
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
        calm_since_ = store_.now();
        for (auto& node : nodes_) {
          if (node) node->store->faults.fail_before = 0;
        }
        checker_.on_disturbed(store_.now(), lasts >= bounds_.lease);
        checker_.set_up(any_node() != nullptr);
      });
    } else if (chance == 8) {
      clock_.advance(10min);
      calm_since_ = store_.now();
      checker_.on_disturbed(store_.now(), true);
    }
  });
}

// ---- people

void HubWorld::connect(Person& person) {
  Node* const node = any_node();
  if (!node) return;
  person.link = std::make_unique<Link>(*this, *node);
  const std::string token = std::string(name(person.who.role)) + ' ' + person.who.id;
  frame::Hello hello;
  hello.token = token;
  hello.session = person.session;
  hello.epoch = ++person.epoch;
  ask(person, {{}, hello});
}

void HubWorld::cut(Person& person) {
  const std::unique_ptr<Link> link = std::move(person.link);
  if (link && link->inbound) link->inbound->on_closed(errc::ok);
  if (link && link->session) person.session = link->session;
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
      if (device.session != *link->session || device.epoch != link->epoch) continue;
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

void HubWorld::visit(Person& person) {
  at(random_.between(100ms, 2000ms), [this, &person] {
    visit(person);
    if (person.link && (person.link->closed || random_.chance(0.02))) cut(person);
    if (!person.link) return connect(person);
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

/// It was there before, or is the next in commit order (promise 13).
void HubWorld::on_event(const Event& event) {
  if (event.position <= delivered_) return;
  store_.events(delivered_, 1, [&](result<std::vector<Event>> next) {
    if (!next || next->empty() || next->front().position != event.position)
      throw Violation("promise 13: a sink has missed an event");
  });
  delivered_ = event.position;
}

/// Who holds it knows of it: the notices follow the slots, whatever got lost on the way.
void HubWorld::check_told() {
  const Timestamp now = store_.now();
  if (outage_ || now - calm_since_ < kTold) return;
  for (const auto& person : people_) {
    if (!person->attached || now - person->link->welcomed_at < kTold) continue;
    for (const AgentSlot& slot : checker_.agents().at(person->who.id).slots) {
      if (slot.use == SlotUse::wrap_up || now - slot.since < kTold) continue;
      const auto& known = slot.use == SlotUse::offered ? person->link->offered : person->link->read;
      if (!known.contains(slot.conversation))
        throw Violation(person->who.id + " has not heard of a slot of theirs");
    }
  }
}

}  // namespace kefu::sim
