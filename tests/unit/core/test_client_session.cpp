#include <kefu/core/client_session.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace kefu;
using namespace kefu::core;
namespace fx = kefu::core::client_effect;

constexpr ConversationId kHere{1, 1};
constexpr ConversationId kThere{1, 2};
constexpr SessionId kFirst{2, 1};
constexpr SessionId kSecond{2, 2};

ConversationView view(ConversationId id, std::uint64_t tail, std::uint64_t accepted = 0,
                      std::uint64_t internal_tail = 0) {
  ConversationView out;
  out.id = id;
  out.state = ConversationState::active;
  out.tail = tail;
  out.internal_tail = internal_tail;
  out.accepted_cseq = accepted;
  return out;
}

frame::Welcome welcome(SessionId session, bool resumed, std::vector<ConversationView> views,
                       std::uint64_t window = 4) {
  frame::Welcome out;
  out.session = session;
  out.resumed = resumed;
  out.limits.window = window;
  out.conversations = std::move(views);
  return out;
}

frame::Ack ack(std::uint64_t cseq, std::uint64_t seq, std::uint64_t count = 1) {
  frame::Ack out;
  out.conversation = kHere;
  out.cseq = cseq;
  out.seq = seq;
  out.count = count;
  return out;
}

frame::EntryFrame entry(std::uint64_t seq, std::string_view body,
                        std::optional<Origin> origin = std::nullopt,
                        ConversationId conversation = kHere) {
  frame::EntryFrame out;
  out.conversation = conversation;
  out.seq = seq;
  out.from = origin ? "me" : "somebody";
  out.kind = kind::kText;
  out.body = body;
  out.origin = origin;
  return out;
}

frame::Error send_error(errc code, std::uint64_t cseq,
                        std::optional<std::uint64_t> expected = std::nullopt) {
  frame::Error out;
  out.code = code;
  out.conversation = kHere;
  out.cseq = cseq;
  out.expected = expected;
  return out;
}

/// Drives a machine, and writes down its effects as words.
class Driver {
 public:
  explicit Driver(ClientState saved = {}) : machine(std::move(saved)) {}

  ClientSession machine;
  Instant now{1'000'000'000};

  std::string start() {
    return step([&](ClientEffects& out) { machine.start("token", now, out); });
  }
  std::string opened() {
    return step([&](ClientEffects& out) { machine.on_opened(now, out); });
  }
  std::string closed(errc reason = errc::unavailable) {
    return step([&](ClientEffects& out) { machine.on_closed(reason, now, out); });
  }
  template <class Frame>
  std::string frame(Frame body, std::string_view answers = {}) {
    const ServerFrame received{answers, std::move(body)};
    return step([&](ClientEffects& out) { machine.on_frame(received, now, out); });
  }
  std::string submit(std::string body, Log log = Log::public_log) {
    return step([&](ClientEffects& out) {
      machine.submit(kHere, log, std::string(kind::kText), std::move(body), now, out);
    });
  }
  std::string tick() {
    return step([&](ClientEffects& out) { machine.on_tick(now, out); });
  }
  /// Lets time pass to the machine's deadline.
  std::string wait() {
    REQUIRE(machine.deadline());
    now = std::max(now, *machine.deadline());
    return tick();
  }
  /// From stopped or waiting to `hello`.
  std::string greet() {
    std::string out;
    if (machine.state() == ClientSession::State::stopped) out = start();
    if (machine.state() == ClientSession::State::waiting) out = wait();
    return out + opened();
  }
  void attach(const frame::Welcome& hello) {
    greet();
    frame(hello);
    REQUIRE(machine.state() == ClientSession::State::attached);
  }

  std::string ref;  ///< of the last request

 private:
  template <class Call>
  std::string step(Call call) {
    ClientEffects effects;
    call(effects);
    std::string out;
    for (const ClientEffect& effect : effects) {
      out += std::visit([this](const auto& e) { return this->word(e); }, effect) + ' ';
    }
    return out;
  }

  std::string word(const fx::Persist&) { return "persist"; }
  std::string word(const fx::Connect&) { return "connect"; }
  std::string word(const fx::Disconnect&) { return "disconnect"; }
  std::string word(const fx::Refused& e) { return "refused:" + std::string(name(e.code)); }
  std::string word(const fx::Attached& e) { return e.resumed ? "resumed" : "new"; }
  std::string word(const fx::Reset& e) {
    return "reset:" + std::to_string(e.from) + "-" + std::to_string(e.tail);
  }
  std::string word(const fx::Deliver& e) {
    return (e.own ? "own:" : "entry:") + std::to_string(e.entry.seq) + "=" + e.entry.body;
  }
  std::string word(const fx::Settled& e) {
    return "settled:" + std::to_string(e.id) + "=" +
           (e.code == errc::ok ? std::to_string(e.seq) : std::string(name(e.code)));
  }
  std::string word(const fx::Transmit& e) {
    ref = e.frame.ref;
    return std::visit([](const auto& body) { return text(body); }, e.frame.body);
  }
  static std::string text(const frame::Hello& f) {
    std::string out = "hello:" + std::to_string(f.epoch);
    if (f.session) out += f.session == kFirst ? ":first" : ":second";
    for (const Position& at : f.positions) out += "@" + std::to_string(at.seq);
    return out;
  }
  static std::string text(const frame::Send& f) {
    return (f.log == Log::internal ? "note:" : "send:") + std::to_string(f.cseq) + "=" +
           std::string(f.body);
  }
  static std::string text(const frame::History& f) {
    return "history:" + std::to_string(f.after.value_or(999));
  }
  static std::string text(const frame::Delivered& f) {
    return "delivered:" + std::to_string(f.seq);
  }
  template <class Other>
  static std::string text(const Other&) {
    return "other";
  }
};

/// The longest wait before the next attempt that any of some clients has, after `what`.
template <class What>
Nanoseconds longest_wait(What what) {
  Nanoseconds longest{0};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    ClientOptions options;
    options.seed = seed;
    ClientSession machine({}, options);
    Instant now{1'000'000'000};
    ClientEffects out;
    machine.start("token", now, out);
    what(machine, now);
    longest = std::max(longest, *machine.deadline() - now);
  }
  return longest;
}

/// A connection that is welcomed, and ends after `held`.
void live(ClientSession& machine, Instant& now, Nanoseconds held, errc reason) {
  ClientEffects out;
  if (machine.state() == ClientSession::State::waiting) {
    now = *machine.deadline();
    machine.on_tick(now, out);
  }
  machine.on_opened(now, out);
  machine.on_frame({{}, welcome(kFirst, false, {})}, now, out);
  now = now + held;
  machine.on_closed(reason, now, out);
}

TEST_CASE("waits grow from one lost connection to the next, until one has held for a minute") {
  constexpr Nanoseconds kOneSecond{1'000'000'000};
  const auto lose = [](int times, Nanoseconds held) {
    return longest_wait([=](ClientSession& machine, Instant& now) {
      for (int i = 0; i < times; ++i) live(machine, now, held, errc::unavailable);
    });
  };
  CHECK(lose(1, kOneSecond) <= kOneSecond / 2);
  CHECK(lose(1, kOneSecond) > kOneSecond / 4);
  CHECK(lose(4, kOneSecond) > 2 * kOneSecond);
  CHECK(lose(4, kOneSecond) <= 4 * kOneSecond);
  CHECK(lose(20, kOneSecond) > 20 * kOneSecond);
  CHECK(lose(20, kOneSecond) <= 30 * kOneSecond);
  CHECK(lose(20, 60 * kOneSecond) <= kOneSecond / 2);
}

TEST_CASE("an overloaded server is left alone for longer") {
  constexpr Nanoseconds kOneSecond{1'000'000'000};
  const Nanoseconds longest = longest_wait([](ClientSession& machine, Instant& now) {
    live(machine, now, Nanoseconds(1), errc::overloaded);
  });
  CHECK(longest <= 8 * kOneSecond);
  CHECK(longest > 4 * kOneSecond);
}

}  // namespace

TEST_CASE("a first visit: hello with a persisted epoch, then everything in the window") {
  Driver d;
  CHECK(d.submit("a") == "persist ");
  CHECK(d.start() == "connect ");
  CHECK(d.opened() == "persist hello:1 ");
  CHECK(d.machine.snapshot().epoch == 1);
  CHECK(d.frame(welcome(kFirst, false, {view(kHere, 0)})) == "persist new persist send:1=a ");
  CHECK(d.submit("b") == "persist persist send:2=b ");
  CHECK(d.machine.session() == kFirst);
}

TEST_CASE("an ack stands for the entry, and settles") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 1)}));
  CHECK(d.frame(entry(1, "hi")) == "entry:1=hi ");
  d.submit("a");
  d.submit("b");
  CHECK(d.frame(ack(2, 3, 2)) == "settled:1=2 own:2=a settled:2=3 own:3=b ");
  CHECK(d.machine.pending() == 0);
  SUBCASE("a second one of the same says nothing new") { CHECK(d.frame(ack(2, 3, 2)).empty()); }
  SUBCASE("what is delivered already is not delivered again") {
    CHECK(d.frame(entry(3, "b", Origin{kFirst, 2})).empty());
  }
}

TEST_CASE("an ack ahead of the stream settles; its entry is delivered in its place") {
  Driver d;
  d.submit("a");
  d.attach(welcome(kFirst, false, {view(kHere, 3)}));
  CHECK(d.frame(ack(1, 3)) == "settled:1=3 ");
  CHECK(d.frame(entry(1, "x")) == "entry:1=x ");
  CHECK(d.frame(entry(2, "y")) == "entry:2=y ");
  CHECK(d.frame(entry(3, "a", Origin{kFirst, 1})) == "own:3=a ");
}

TEST_CASE("an ack that does not stand for its entry only settles") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  frame::Ack settles = ack(1, 1);
  settles.stands = false;
  frame::EntryFrame rewritten = entry(1, "A", Origin{kFirst, 1});
  rewritten.tags = "rewritten";
  SUBCASE("before the entry") {
    CHECK(d.frame(settles) == "settled:1=1 ");
    CHECK(d.frame(rewritten) == "own:1=A ");
  }
  SUBCASE("or behind it, which settles as far as can be told") {
    CHECK(d.frame(rewritten) == "settled:1=duplicate own:1=A ");
    CHECK(d.frame(settles).empty());
  }
  CHECK(d.machine.pending() == 0);
}

TEST_CASE("the entry of an ack that does not stand for it is read where nothing is streamed") {
  Driver d;
  d.submit("a");
  d.attach(welcome(kFirst, false, {}));
  frame::HistoryPage page;
  page.conversation = kHere;
  d.frame(page, "kefu-public-" + kHere.to_string());
  frame::Ack settles = ack(1, 1);
  settles.stands = false;
  CHECK(d.frame(settles) == "settled:1=1 history:0 ");
}

TEST_CASE("at most a window is on the way") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}, 2));
  d.submit("a");
  d.submit("b");
  CHECK(d.submit("c") == "persist ");
  CHECK(d.frame(ack(1, 1)) == "settled:1=1 own:1=a persist send:3=c ");
}

TEST_CASE("a resumed session transmits everything unsettled again, under its numbers") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.frame(ack(1, 1));
  d.closed();
  CHECK(d.wait() == "connect ");
  CHECK(d.opened() == "persist hello:2:first@1 ");
  SUBCASE("on the same machine") {}
  SUBCASE("after a restart") {
    Driver again(d.machine.snapshot());
    again.submit("c");
    CHECK(again.greet() == "connect persist hello:3:first@1 ");
    CHECK(again.frame(welcome(kFirst, true, {view(kHere, 1, 1)})) ==
          "persist resumed persist send:2=b send:3=c ");
    return;
  }
  CHECK(d.frame(welcome(kFirst, true, {view(kHere, 1, 1)})) == "persist resumed send:2=b ");
}

TEST_CASE("the origin of an entry settles a send whose ack was lost") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.closed();
  d.attach(welcome(kFirst, true, {view(kHere, 1, 1)}));
  CHECK(d.frame(entry(1, "a", Origin{kFirst, 1})) == "settled:1=1 own:1=a ");
  CHECK(d.frame(ack(1, 1)).empty());
  CHECK(d.frame(ack(2, 2)) == "settled:2=2 own:2=b ");
}

TEST_CASE("an entry with the number of a send and other content: a conflict") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.closed();
  // A copy of this client has had the session meanwhile, and was first.
  d.attach(welcome(kFirst, true, {view(kHere, 1, 1)}));
  CHECK(d.frame(entry(1, "other", Origin{kFirst, 1})) == "settled:1=conflict own:1=other ");
  CHECK(d.frame(send_error(errc::conflict, 1)).empty());
}

TEST_CASE("nothing goes out that could push the oldest one's outcome out of the window") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}, 2));
  d.submit("a");
  d.submit("b");
  d.submit("c");
  // The first may be stored all the same; then its outcome is kept until number 3 has one.
  CHECK(d.frame(send_error(errc::timed_out, 1)).empty());
  CHECK(d.frame(ack(2, 2)) == "settled:2=2 ");
  CHECK(d.wait() == "send:1=a ");
  CHECK(d.frame(ack(1, 1)) == "settled:1=1 own:1=a persist send:3=c ");
}

TEST_CASE("refusals settle and consume; retries of old ones settle too") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.submit("c");
  CHECK(d.frame(send_error(errc::denied, 1)) == "settled:1=denied ");
  CHECK(d.frame(send_error(errc::closed, 2)) == "settled:2=closed ");
  CHECK(d.frame(send_error(errc::duplicate, 3)) == "settled:3=duplicate ");
  CHECK(d.submit("d") == "persist persist send:4=d ");
}

TEST_CASE("an error that may go away: everything again, in order, once all is answered") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.submit("c");
  CHECK(d.frame(send_error(errc::overloaded, 1)).empty());
  CHECK(d.frame(send_error(errc::gap, 2, 1)).empty());
  CHECK(d.submit("d") == "persist ");
  CHECK(d.frame(send_error(errc::gap, 3, 1)).empty());
  CHECK(d.wait() == "persist send:1=a send:2=b send:3=c send:4=d ");
}

TEST_CASE("timed_out leaves the outcome open; a later send may be taken meanwhile") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.frame(send_error(errc::timed_out, 1));
  CHECK(d.frame(ack(2, 2)) == "settled:2=2 ");
  CHECK(d.wait() == "send:1=a ");
  CHECK(d.frame(entry(1, "a", Origin{kFirst, 1})) == "settled:1=1 own:1=a ");
  CHECK(d.frame(entry(2, "b", Origin{kFirst, 2})) == "own:2=b ");
}

TEST_CASE("an error that stays: the send fails, and those behind it move down, persisted first") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.submit("c");
  CHECK(d.frame(send_error(errc::too_large, 1)) == "settled:1=too_large ");
  CHECK(d.frame(send_error(errc::gap, 2, 1)).empty());
  CHECK(d.machine.snapshot().conversations[0].pending[0].cseq == 2);
  SUBCASE("on this connection") {
    CHECK(d.frame(send_error(errc::gap, 3, 1)) == "persist send:1=b send:2=c ");
    CHECK(d.machine.snapshot().conversations[0].pending[0].cseq == 1);
  }
  SUBCASE("on the next one") {
    d.closed();
    d.greet();
    CHECK(d.frame(welcome(kFirst, true, {view(kHere, 0)})) ==
          "persist resumed persist send:1=b send:2=c ");
  }
}

TEST_CASE("conflict settles, and moves nothing: the number was used") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  CHECK(d.frame(send_error(errc::conflict, 1)) == "settled:1=conflict ");
  CHECK(d.frame(ack(2, 2)) == "settled:2=2 ");
}

TEST_CASE("gap: a server that has taken less than this client thinks is followed") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0, 7)}));
  CHECK(d.submit("a") == "persist persist send:8=a ");
  CHECK(d.frame(send_error(errc::gap, 8, 3)) == "persist send:3=a ");
}

TEST_CASE("stale_epoch: once more, above the current one") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.closed();
  d.greet();
  frame::Error error;
  error.code = errc::stale_epoch;
  error.current = 40;
  CHECK(d.frame(error) == "persist hello:41:first ");
  SUBCASE("but not for ever") {
    d.frame(error);
    d.frame(error);
    CHECK(d.frame(error) == "disconnect ");
    CHECK(d.machine.state() == ClientSession::State::waiting);
  }
}

TEST_CASE("expiry: read to the tail, drop what is found there, number the rest anew") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  d.submit("c");
  d.frame(ack(1, 1));
  d.closed();
  d.greet();
  frame::Error expired;
  expired.code = errc::session_expired;
  CHECK(d.frame(expired) == "persist hello:3@1 ");
  SUBCASE("by the stream") {
    CHECK(d.frame(welcome(kSecond, false, {view(kHere, 3)})) == "persist new ");
    CHECK(d.frame(entry(2, "b", Origin{kFirst, 2})) == "settled:2=2 own:2=b ");
    CHECK(d.submit("d") == "persist ");
    CHECK(d.frame(entry(3, "x")) == "entry:3=x persist send:1=c send:2=d ");
  }
  SUBCASE("by history, when the server does not read it out") {
    CHECK(d.frame(welcome(kSecond, false, {})) == "persist new history:1 ");
    frame::HistoryPage page;
    page.conversation = kHere;
    page.tail = 3;
    page.entries = {entry(2, "b", Origin{kFirst, 2})};
    CHECK(d.frame(page, d.ref) == "settled:2=2 own:2=b history:2 ");
    page.entries = {entry(3, "x")};
    CHECK(d.frame(page, d.ref) == "entry:3=x persist send:1=c ");
  }
  SUBCASE("over a restart in between") {
    d.frame(welcome(kSecond, false, {view(kHere, 3)}));
    Driver again(d.machine.snapshot());
    CHECK(again.greet() == "connect persist hello:4:second@1 ");
    CHECK(again.frame(welcome(kSecond, true, {view(kHere, 3)})) == "persist resumed ");
    again.frame(entry(2, "b", Origin{kFirst, 2}));
    CHECK(again.frame(entry(3, "x")) == "entry:3=x persist send:1=c ");
  }
  SUBCASE("with a reset: the hole is searched by history first") {
    CHECK(d.frame(welcome(kSecond, false, {view(kHere, 9)})) == "persist new ");
    CHECK(d.frame(frame::Reset{kHere, Log::public_log, 9, {}}) == "reset:1-9 history:1 ");
    frame::HistoryPage page;
    page.conversation = kHere;
    page.tail = 9;
    for (std::uint64_t seq = 2; seq <= 9; ++seq) page.entries.push_back(entry(seq, "x"));
    page.entries[4] = entry(6, "b", Origin{kFirst, 2});
    CHECK(d.frame(page, d.ref) == "settled:2=6 persist send:1=c ");
    CHECK(d.frame(entry(10, "y")) == "entry:10=y ");
  }
  SUBCASE("with a reset behind what history has brought: nothing is skipped") {
    d.frame(welcome(kSecond, false, {}));
    frame::HistoryPage page;
    page.conversation = kHere;
    page.tail = 4;
    page.entries = {entry(2, "b", Origin{kFirst, 2}), entry(3, "x"), entry(4, "y")};
    d.frame(page, d.ref);
    CHECK(d.frame(frame::Reset{kHere, Log::public_log, 3, {}}).empty());
    CHECK(d.frame(entry(4, "y")).empty());
    CHECK(d.frame(entry(5, "z")) == "entry:5=z ");
  }
  SUBCASE("out of reach: what can't be found out is said so") {
    d.frame(welcome(kSecond, false, {}));
    frame::Error gone;
    gone.code = errc::not_found;
    CHECK(d.frame(gone, d.ref) == "settled:2=not_found settled:3=not_found ");
  }
  SUBCASE("history that fails for now is asked for again") {
    d.frame(welcome(kSecond, false, {}));
    frame::Error busy;
    busy.code = errc::unavailable;
    CHECK(d.frame(busy, d.ref).empty());
    CHECK(d.wait() == "history:1 ");
  }
}

TEST_CASE("a reset while resumed is remembered, should the session expire later") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");  // stored as 3, its ack lost
  d.closed();
  d.attach(welcome(kFirst, true, {view(kHere, 9, 1)}));
  CHECK(d.frame(frame::Reset{kHere, Log::public_log, 9, {}}) == "reset:0-9 ");
  d.closed();
  d.greet();
  frame::Error expired;
  expired.code = errc::session_expired;
  d.frame(expired);
  CHECK(d.frame(welcome(kSecond, false, {view(kHere, 9)})) == "persist new history:0 ");
}

TEST_CASE("superseded: a new session; what may have been stored is looked for first") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.submit("b");
  CHECK(d.closed(errc::superseded) == "persist ");
  CHECK(d.machine.session().is_nil());
  CHECK(d.greet() == "connect persist hello:2 ");
  d.frame(welcome(kSecond, false, {view(kHere, 2)}));
  CHECK(d.frame(entry(1, "a", Origin{kFirst, 1})) == "settled:1=1 own:1=a ");
  // The one that took over gave the number to something else.
  CHECK(d.frame(entry(2, "other", Origin{kFirst, 2})) == "settled:2=conflict own:2=other ");
}

TEST_CASE("fenced for a send: the same, without waiting for the close") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  CHECK(d.frame(send_error(errc::fenced, 1)) == "disconnect persist ");
  CHECK(d.machine.session().is_nil());
}

TEST_CASE("a hole in the stream: back to the position by a new connection") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.frame(entry(1, "x"));
  CHECK(d.frame(entry(3, "z")) == "disconnect ");
  CHECK(d.greet() == "connect persist hello:2:first@1 ");
}

TEST_CASE("an open conversation that the server does not list is read to its end by history") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.frame(entry(1, "x"));
  d.closed();
  d.greet();
  CHECK(d.frame(welcome(kFirst, true, {})) == "persist resumed history:1 ");
  frame::EntryFrame last = entry(2, "somebody");
  last.kind = kind::kClosed;
  frame::HistoryPage page;
  page.conversation = kHere;
  page.tail = 2;
  page.entries = {last};
  CHECK(d.frame(page, d.ref) == "entry:2=somebody ");
  d.closed();
  d.greet();
  CHECK(d.frame(welcome(kFirst, true, {})) == "persist resumed ");
}

TEST_CASE("a conversation that is named when it is closed already is read to its end too") {
  Driver d;
  d.attach(welcome(kFirst, false, {}));
  frame::Joined joined;
  joined.conversation = view(kHere, 2);
  joined.conversation.state = ConversationState::closed;
  CHECK(d.frame(joined).empty());
  CHECK(d.frame(entry(1, "opened")) == "entry:1=opened ");
  d.closed();
  d.greet();
  CHECK(d.frame(welcome(kFirst, true, {})) == "persist resumed history:1 ");
}

TEST_CASE("joined: a conversation is read out from now on") {
  Driver d;
  d.attach(welcome(kFirst, false, {}));
  frame::Joined joined;
  joined.conversation = view(kHere, 1);
  CHECK(d.frame(joined).empty());
  CHECK(d.frame(entry(1, "opened")) == "entry:1=opened ");
  CHECK(d.submit("a") == "persist persist send:1=a ");
}

TEST_CASE("both logs are numbered by one count, and read each by itself") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  CHECK(d.submit("n", Log::internal) == "persist persist note:2=n ");
  d.frame(ack(1, 1));
  frame::Ack note = ack(2, 1);
  note.log = Log::internal;
  CHECK(d.frame(note) == "settled:2=1 own:1=n ");
  CHECK(d.machine.snapshot().conversations[0].logs[1].position == 1);
}

TEST_CASE("a link without answers is given up; without doubt it is not") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  CHECK_FALSE(d.machine.deadline());
  d.submit("a");
  CHECK(d.wait() == "disconnect ");
  CHECK(d.wait() == "connect ");
  CHECK(d.wait() == "disconnect ");  // nobody answers
}

TEST_CASE("waits grow from attempt to attempt, and shrink after a welcome that held") {
  Driver d;
  d.start();
  const ClientOptions options;
  Nanoseconds most = options.link_retry;
  Nanoseconds longest{};
  for (int i = 0; i < 12; ++i) {
    const Instant before = d.now;
    d.closed();
    d.wait();
    CHECK(d.now - before <= most);
    longest = std::max(longest, d.now - before);
    most = std::min(options.link_retry_limit, 2 * most);
  }
  CHECK(longest > options.link_retry_limit / 4);
  d.opened();
  d.frame(welcome(kFirst, false, {}));
  d.now = d.now + options.stable_after;
  const Instant before = d.now;
  d.closed();
  d.wait();
  CHECK(d.now - before <= ClientOptions{}.link_retry);
}

TEST_CASE("a server that sends its clients away says when to come back") {
  Driver d;
  d.attach(welcome(kFirst, false, {}));
  frame::Error leave;
  leave.code = errc::shutting_down;
  leave.retry_after = 2750;
  d.frame(leave);
  const Instant before = d.now;
  d.closed(errc::shutting_down);
  d.wait();
  CHECK(d.now - before == std::chrono::milliseconds(2750));
  CHECK(d.machine.state() == ClientSession::State::connecting);
  d.closed();  // only the first attempt waits by its word
  d.wait();
  CHECK(d.now - before <= std::chrono::milliseconds(2750) + ClientOptions{}.link_retry);
}

TEST_CASE("a bad token stops it until there is another") {
  Driver d;
  d.greet();
  frame::Error error;
  error.code = errc::unauthenticated;
  CHECK(d.frame(error) == "disconnect refused:unauthenticated ");
  CHECK(d.machine.state() == ClientSession::State::stopped);
  CHECK(d.start() == "connect ");
}

TEST_CASE("delivered is told once for many entries, and not for own ones") {
  Driver d;
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.submit("a");
  d.frame(ack(1, 1));
  CHECK_FALSE(d.machine.deadline());
  d.frame(entry(2, "x"));
  d.frame(entry(3, "y"));
  CHECK(d.wait() == "delivered:3 ");
  CHECK_FALSE(d.machine.deadline());
}

TEST_CASE("events of a link that was given up change nothing") {
  Driver d;
  CHECK(d.closed().empty());
  CHECK(d.frame(entry(1, "x")).empty());
  d.attach(welcome(kFirst, false, {view(kHere, 0)}));
  d.closed();
  CHECK(d.frame(entry(1, "x", std::nullopt, kThere)).empty());
  CHECK(d.closed().empty());
}
