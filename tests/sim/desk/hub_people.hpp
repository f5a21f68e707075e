// Who is in a HubWorld: its nodes, its people, and the connections between them.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/testing/fault_store.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub_world.hpp"

namespace kefu::sim {

inline constexpr std::size_t kContacts = 2;  // of the visitors, who claim what was others'
inline constexpr Nanoseconds kPatience{10'000'000'000};  // with visitors who have left
inline constexpr Nanoseconds kOnItsWay{1'000'000'000};   // a page that was read, and not shown yet
inline constexpr Nanoseconds kTold{8'000'000'000};  // by then people have heard of what is theirs

inline bool is_contact(const std::string& visitor) {
  return visitor.starts_with("visitor-") && std::stoul(visitor.substr(8)) < kContacts;
}

struct HubWorld::Node {
  Node(Instant now, std::size_t loop_count) {
    while (loops.size() < loop_count)
      loops.push_back(std::make_unique<testing::ManualExecutor>(now));
  }

  /// Its io threads.
  std::vector<std::unique_ptr<testing::ManualExecutor>> loops;
  std::string name{};  // as its hub calls itself, once that is known
  std::unique_ptr<testing::FaultStore> store{};
  std::unique_ptr<Bus> bus{};
  std::unique_ptr<Bus> broken_bus{};  // null: it is as it should be
  std::unique_ptr<Hub> hub{};
};

/// One connection of a person, from their side.
struct HubWorld::Link final : Connection {
  Link(HubWorld& in, Node& on, testing::ManualExecutor& accepted_by, Participant of)
      : world(in),
        node(on),
        loop(accepted_by),
        who(std::move(of)),
        inbound(&on.hub->accepted(*this)) {}

  /// A conversation that it reads.
  struct Reading {
    Timestamp since;
    std::uint64_t cseq = 0;  // the last one that has an outcome
    bool sending = false;
  };

  struct Handler final : wire::Decoder::ServerHandler {
    explicit Handler(Link& to) : link(to) {}
    void on_frame(const ServerFrame& frame) override {
      link.ref = frame.ref;
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
  [[nodiscard]] Executor& executor() override { return loop; }

  void on(const frame::Welcome& welcome) {
    session = welcome.session;
    epoch = welcome.epoch;
    welcomed_at = world.clock_.now();
    world.look_who_is_back();
    for (const ConversationView& view : welcome.conversations) begin(view);
  }
  void on(const frame::Joined& joined) { begin(joined.conversation); }
  void begin(const ConversationView& view) {
    read[view.id] = {world.clock_.now(), view.accepted_cseq, false};
  }
  void on(const frame::Ack& ack) { settle(ack.conversation, ack.cseq); }
  void on(const frame::Error& error) {
    if (error.code == errc::session_expired) expired = true;  // it was erased
    if (error.code == errc::session_expired || error.code == errc::stale_epoch) closed = true;
    if (ref == "find") finding = false;
    if (ref == "recall") taking_back.reset();
    if (ref == "claim") claimed.clear();
    if (!error.conversation || !error.cseq) return;
    const bool settled = error.code == errc::denied || error.code == errc::closed ||
                         error.code == errc::duplicate || error.code == errc::conflict;
    if (error.code == errc::gap && error.expected)
      settle(*error.conversation, *error.expected - 1);
    else
      settle(*error.conversation, settled ? *error.cseq : *error.cseq - 1);
  }
  void settle(ConversationId id, std::uint64_t accepted) {
    const auto at = read.find(id);
    if (at != read.end()) at->second = {at->second.since, accepted, false};
  }
  void on(const frame::Done&) {
    if (ref == "recall") world.talk_.on_recalled(*taking_back, world.clock_.now());
    if (ref == "recall") taking_back.reset();
    if (ref == "claim") world.on_claimed(std::exchange(claimed, {}), claimed_at);
  }
  void on(const frame::EntryFrame& entry) {
    const Timestamp now = world.clock_.now();
    world.talk_.on_shown(entry, now - kOnItsWay);
    if (who.role == Role::agent) world.check_reader(who.id, entry.conversation);
    if (entry.kind == kind::kRecalled)
      told.insert({entry.conversation, entry.log, std::stoull(std::string(entry.body))});
  }
  void on(const frame::Found& found) {
    finding = false;
    for (const frame::EntryFrame& entry : found.entries)
      world.talk_.on_found(entry, who, asked_at, readable);
  }
  void on(const frame::Left& left) { read.erase(left.conversation); }
  void on(const frame::Offer& offer) { offered[offer.conversation] = offer.assignment; }
  void on(const frame::OfferGone& gone) { offered.erase(gone.conversation); }
  template <class Other>
  void on(const Other&) {}

  HubWorld& world;
  Node& node;
  testing::ManualExecutor& loop;
  const Participant who;
  Inbound* inbound;
  bool closed = false;
  bool expired = false;
  std::optional<SessionId> session;
  std::uint64_t epoch = 0;
  Timestamp welcomed_at;
  std::map<ConversationId, Reading> read;
  Shelf::Shown offered;
  std::string ref;       // of the frame that is being read
  std::set<Place> told;  // that they were taken back
  std::optional<Place> taking_back;
  std::string claimed;  // a former identity, of which the answer is still to come
  Timestamp claimed_at;
  bool finding = false;
  Timestamp asked_at;
  std::set<ConversationId> readable;  // then
};

/// A device of somebody.
struct HubWorld::Person {
  Participant who;
  std::unique_ptr<Link> link{};
  std::optional<SessionId> session{};
  std::uint64_t epoch = 0;
  bool wants = true;
  bool attached = false;            // the record says that this connection is there
  std::optional<Timestamp> left{};  // its last connection was closed, and its node has heard of it
  Node* last_node = nullptr;        // until which it was
};

}  // namespace kefu::sim
