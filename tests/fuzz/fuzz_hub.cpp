// The whole Hub under any sequence of events: what clients say (frames, and what are none), links
// that open, break and stop being read, time, a store that is late and fails, a process that is
// killed. Deterministic: an input is one run. It must not crash, and everything that it says is
// compared with what the store holds (hub_peer.hpp, hub_truth.hpp); when nothing fails any more,
// everything is answered and read.
//
// Input: a byte of options, then a script; each event takes a byte for what it is and some for the
// rest of it.
#include <kefu/hub.hpp>
#include <kefu/testing/fault_store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <span>

#include "fuzz/hub_peer.hpp"
#include "fuzz/source.hpp"

namespace kefu::fuzz {
namespace {

constexpr Nanoseconds kMs{1'000'000};
constexpr Nanoseconds kSecond{1'000'000'000};
constexpr std::size_t kMaxEvents = 400;

limits small_limits() {
  limits bounds;
  bounds.max_frame = 4096;
  bounds.max_answer = 16 * 1024;  // the clients' decoders are made anew for each input
  bounds.max_frames = 8;
  bounds.max_body = 64;
  bounds.max_history = 5;
  bounds.max_list = 3;
  bounds.window = 3;
  bounds.replay_limit = 6;
  bounds.session_ttl = 20 * kSecond;
  bounds.send_queue = 1024;
  bounds.page_entries = 2;
  bounds.page_bytes = 128;
  bounds.batch_drafts = 4;
  bounds.pending_drafts = 8;
  bounds.frames_per_second = 30;
  return bounds;
}

/// Tokens are the names of the people; "x" is nobody's.
class Doorkeeper final : public Authenticator {
 public:
  explicit Doorkeeper(const Clock& clock) : clock_(clock) {}
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    for (const Participant& who : kPeople) {
      if (token == who.id) return done(Identity{who, clock_.now() + 60 * kSecond});
    }
    done(errc::unauthenticated);
  }

 private:
  const Clock& clock_;
};

/// A process with a Hub in it.
struct Node {
  Node(std::size_t shards, Store& disk, Truth& truth, const Clock& wall, const limits& bounds,
       testing::SimNetwork& network, testing::ManualExecutor& loop, std::uint64_t& minted)
      : faults(disk, loop, ++minted), watched(faults, truth) {
    std::vector<Executor*> all;
    for (std::size_t i = 0; i < shards; ++i) {
      executors.push_back(std::make_unique<testing::ManualExecutor>(loop.now()));
      all.push_back(executors.back().get());
    }
    HubOptions options;
    options.limits = bounds;
    options.clock = &wall;
    options.random = [&minted] { return ++minted * 0x9e37'79b9'7f4a'7c15u; };
    hub = std::make_unique<Hub>(all, watched, std::move(options));
    hub->authenticate(std::make_unique<Doorkeeper>(wall));
    server = std::make_unique<testing::SimServer>(network, all);
    server->start(*hub);
  }
  /// kill -9. The executors stay until nothing of the network refers to them.
  std::vector<std::unique_ptr<testing::ManualExecutor>> die() {
    faults.crash();
    hub.reset();
    server.reset();
    for (const auto& executor : executors) executor->drop_all();
    return std::move(executors);
  }

  std::vector<std::unique_ptr<testing::ManualExecutor>> executors;
  testing::FaultStore faults;
  WatchedStore watched;
  std::unique_ptr<Hub> hub;
  std::unique_ptr<testing::SimServer> server;
};

class World {
 public:
  explicit World(Source source) : source_(source) {
    const std::uint8_t options = source_.byte();
    shards_ = 1 + (options & 1);
    network_.options.latency_max = Nanoseconds((options & 2) != 0 ? 20'000'000 : 0);
    network_.options.notice_max = kSecond;
    network_.options.send_bound = bounds_.send_queue;
    network_.options.in_flight = 512;
    start();
    for (std::size_t i = 0; i < 4; ++i)
      peers_.push_back(std::make_unique<Peer>(truth_, network_, loop_, bounds_));
  }
  ~World() {
    peers_.clear();
    kill();
    loop_.drop_all();
    for (const auto& executor : graveyard_) executor->drop_all();
  }

  void run() {
    for (std::size_t i = 0; i < kMaxEvents && !source_.empty(); ++i) {
      event();
      truth_.look();
    }
    rest();
  }

 private:
  void start() {
    node_ =
        std::make_unique<Node>(shards_, disk_, truth_, wall_, bounds_, network_, loop_, minted_);
  }
  void kill() {
    if (!node_) return;
    std::ranges::move(node_->die(), std::back_inserter(graveyard_));
    node_.reset();
  }

  // ---- time

  std::vector<testing::ManualExecutor*> loops() {
    std::vector<testing::ManualExecutor*> out{&loop_};
    for (const auto& executor : node_->executors) out.push_back(executor.get());
    return out;
  }
  /// At most `count` tasks, of whoever's turn it is.
  bool work(std::size_t count) {
    for (bool any = true; any && count > 0;) {
      any = false;
      for (testing::ManualExecutor* one : loops()) {
        if (count == 0) break;
        if (!one->run_one()) continue;
        any = true;
        --count;
      }
    }
    return count > 0;
  }
  void pass(Nanoseconds time) {
    const Instant end = loop_.now() + time;
    for (;;) {
      require(work(100'000), "it becomes quiet");
      truth_.look();
      Instant next = end;
      for (testing::ManualExecutor* one : loops()) {
        if (const auto due = one->next_due(); due && *due < next) next = *due;
      }
      const Nanoseconds passed = next - loop_.now();
      wall_.advance(passed);
      store_clock_.advance(passed);
      for (testing::ManualExecutor* one : loops()) one->advance_to(next);
      if (next == end) break;
    }
    work(100'000);
  }

  /// Nothing fails any more, and everybody reads.
  void rest() {
    node_->faults.faults = {};
    node_->faults.thaw();
    network_.options.latency_max = Nanoseconds(0);
    for (const auto& peer : peers_) peer->resume();
    pass(15 * kSecond);
    truth_.look();
    for (const auto& peer : peers_) peer->at_rest();
    bool told = false;
    node_->hub->stats([&](HubStats stats) {
      told = true;
      require(stats.pending_drafts == 0, "no draft is left without an outcome");
    });
    pass(kMs);
    require(told, "the hub tells its figures");
  }

  // ---- the script

  Peer& peer() { return *peers_[source_.byte() % peers_.size()]; }
  ConversationId conversation() { return {0xc0, 1 + (source_.byte() & 3u)}; }
  Log log() { return (source_.byte() & 3u) == 3 ? Log::internal : Log::public_log; }

  void event() {
    const std::uint8_t what = source_.byte();
    switch (what & 31u) {
      case 0:
      case 1:
        return peer().connect(*node_->server);
      case 2:
      case 3:
        return hello(peer());
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        return send(peer());
      case 9: {
        Peer& who = peer();
        const ConversationId id = conversation();
        return who.say({ref(), frame::Open{id, (what & 0x80) != 0 ? "b" : "", "s"}});
      }
      case 10: {
        Peer& who = peer();
        return who.say({ref(), frame::Change{frame::Change::What::accept, conversation(), {}}});
      }
      case 11: {
        Peer& who = peer();
        return who.say({ref(), frame::Change{frame::Change::What::close, conversation(), {}}});
      }
      case 12:
        return history(peer());
      case 13: {
        Peer& who = peer();
        return who.say({ref(), frame::List{{}, source_.byte() & 7u}});
      }
      case 14:
        return signal(peer());
      case 15: {
        Peer& who = peer();
        return who.say({ref(), frame::Token{kPeople[source_.byte() % 5].id}});
      }
      case 16: {
        Peer& who = peer();
        return who.transmit(source_.take(source_.byte()));
      }
      case 17:
        return mutated(peer());
      case 18:
        return several(peer());
      case 19:
        return peer().close();
      case 20:
        return peer().vanish();
      case 21: {
        Peer& who = peer();
        return who.cut(kMs * source_.byte());
      }
      case 22:
        return peer().pause();
      case 23:
        return peer().resume();
      case 24:
      case 25:
        work(1 + (what >> 5));
        return;
      case 26:
        return pass(kMs * source_.byte());
      case 27:
        return pass(kSecond * (source_.byte() & 127));
      case 28:
        return weather();
      case 29:
        return (what & 0x80) != 0 ? node_->faults.freeze() : node_->faults.thaw();
      case 30:
        kill();
        return start();
      default:
        return beside(what);
    }
  }

  std::string_view ref() { return ref_ = "r" + std::to_string(++refs_); }

  void hello(Peer& who) {
    const std::uint8_t options = source_.byte();
    const std::size_t person = (options & 7u) % 5;
    frame::Hello hello;
    hello.token = kPeople[person].id;
    if ((options & 0x80) != 0) hello.token = "x";
    hello.epoch = (options & 0x40) != 0 ? source_.byte() : who.epoch() + 1;
    if ((options & 0x20) != 0 && !peers_.empty()) {
      const Peer& other = (options & 0x10) != 0 ? peer() : who;
      if (!other.sessions().empty()) hello.session = other.sessions().back();
      if ((options & 0x40) == 0) hello.epoch = other.epoch() + 1;
    }
    if ((options & 0x08) != 0)
      hello.positions.push_back({conversation(), source_.byte() & 15u, source_.byte() & 3u});
    who.say({ref(), std::move(hello)});
  }

  frame::Send draft() {
    const std::uint8_t what = source_.byte();
    text_ = std::string(1 + (what & 3u), static_cast<char>('a' + (what >> 5)));
    frame::Send send{conversation(), log(), std::uint64_t{1} + (source_.byte() & 15u), "text",
                     text_};
    if ((what & 0x1f) == 0x1f) send.kind = kind::kOpened;
    if ((what & 0x1f) == 0x1e) send.body = text_ = std::string(65, 'l');
    return send;
  }
  void send(Peer& who) { who.say({{}, draft()}); }

  void history(Peer& who) {
    frame::History history{conversation(), log(), {}, {}, source_.byte() & 15u};
    (source_.byte() & 1u) != 0 ? history.before = source_.byte()& 15u
                               : history.after = source_.byte() & 15u;
    who.say({ref(), history});
  }

  void signal(Peer& who) {
    const ConversationId id = conversation();
    const std::uint8_t what = source_.byte();
    if ((what & 3u) == 0) return who.say({{}, frame::SetTyping{id, (what & 4u) != 0}});
    if ((what & 3u) == 1) return who.say({{}, frame::Read{id, std::uint64_t{what} >> 2}});
    who.say({{}, frame::Delivered{id, std::uint64_t{what} >> 2}});
  }

  void mutated(Peer& who) {
    std::string text;
    wire::encode(ClientFrame{{}, draft()}, text);
    const std::size_t at = source_.byte() % text.size();
    text[at] = static_cast<char>(source_.byte());
    who.transmit(std::move(text));
  }

  void several(Peer& who) {
    std::string text = "[";
    for (std::size_t left = source_.byte() % 10 + 1; left > 0; --left) {
      wire::encode(ClientFrame{{}, draft()}, text);
      if (left > 1) text += ',';
    }
    who.transmit(text + "]");
  }

  void weather() {
    const std::uint8_t what = source_.byte();
    testing::StoreFaults& faults = node_->faults.faults;
    faults.delay_max = kMs * (what & 15u);
    faults.fail_before = (what & 0x10) != 0 ? 0.2 : 0;
    faults.fail_after = (what & 0x20) != 0 ? 0.2 : 0;
    network_.options.refuse = (what & 0x40) != 0 ? 0.3 : 0;
  }

  /// What the host does beside the connections.
  void beside(std::uint8_t what) {
    if ((what & 0xc0) == 0) {
      wall_.advance(kSecond * (static_cast<int>(source_.byte()) - 128));
    } else if ((what & 0x80) == 0) {
      node_->hub->open({conversation(), kPeople[source_.byte() & 1u].id, "b", "s", {"a0"}},
                       [](const result<Conversation>& /*whatever*/) {});
    } else {
      network_.options.latency_max = kMs * source_.byte();
    }
  }

  Source source_;
  const limits bounds_ = small_limits();
  std::size_t shards_ = 1;
  testing::ManualClock wall_;
  testing::ManualClock store_clock_;
  testing::ManualExecutor loop_;
  memory::Store disk_{store_clock_, bounds_};
  Truth truth_{disk_};
  testing::SimNetwork network_{1, {}};
  std::uint64_t minted_ = 0;
  std::vector<std::unique_ptr<testing::ManualExecutor>> graveyard_;
  std::unique_ptr<Node> node_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::uint64_t refs_ = 0;
  std::string ref_;
  std::string text_;
};

}  // namespace
}  // namespace kefu::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kefu::fuzz::World(kefu::fuzz::Source{data, size}).run();
  return 0;
}
