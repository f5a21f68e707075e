// A hub on one manual executor and a store in memory, and peers that speak to it without a network
// in between.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::testing {

/// Address and subject of whoever came with a token.
using Callers = std::vector<std::pair<std::string, std::string>>;

/// A token is "<role> <id>". Whoever's id begins with "contact" is verified.
class PlainTokens final : public Authenticator {
 public:
  /// Callers are noted in `callers`, where it is not null.
  explicit PlainTokens(Callers* callers = nullptr) : callers_(callers) {}

  void authenticate(std::string_view token, const Caller& caller,
                    Completion<result<Identity>> done) override {
    if (callers_) callers_->emplace_back(caller.address, caller.subject);
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (!role || space == std::string_view::npos) return done(errc::unauthenticated);
    const std::string_view id = token.substr(space + 1);
    done(Identity{
        {std::string(id), *role}, {ManualClock::kStart.ns * 2}, id.starts_with("contact")});
  }

 private:
  Callers* callers_;
};

/// Keeps scans of the queue back, as they were answered, until they are let go.
class SlowScans final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    if (!slow || request.index != "queue") return inner().scan(std::move(request), std::move(done));
    inner().scan(std::move(request), [this, done = std::move(done)](auto page) mutable {
      kept.push_back(
          [done = std::move(done), page = std::move(page)]() mutable { done(std::move(page)); });
    });
  }
  void let_go() {
    for (Completion<>& each : std::exchange(kept, {})) each();
  }

  bool slow = false;
  std::vector<Completion<>> kept;
};

class Host;

/// A client's end, which keeps what it is sent.
class Peer final : public Connection {
 public:
  Peer(Hub& hub, ManualExecutor& loop) : loop_(loop), inbound_(&hub.accepted(*this)) {}
  explicit Peer(Host& host);
  ~Peer();

  void says(std::string frame);
  /// The same, after which the loop runs until nothing is left to do.
  void asks(std::string frame);
  void leaves();

  /// How many of the frames that came so far hold each of these texts.
  template <class... Text>
  [[nodiscard]] std::size_t got(Text... text) const {
    std::size_t count = 0;
    for (const std::string& frame : frames)
      count += ((frame.find(text) != std::string::npos) && ...) ? 1 : 0;
    return count;
  }

  SendStatus send(SharedFrame frame) override {
    if (keeping) frames.emplace_back(frame.text());
    ++sent;
    return SendStatus::accepted;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  void close(errc reason) override { closed_for = reason; }
  [[nodiscard]] std::string_view peer() const override { return "test"; }
  [[nodiscard]] std::string_view subject() const override { return certificate; }
  [[nodiscard]] std::optional<LinkQuality> quality() const override { return link; }
  [[nodiscard]] Executor& executor() override;

  std::deque<std::string> frames;
  std::size_t sent = 0;
  bool paused = false;
  bool keeping = true;  ///< frames; else they are only counted
  std::optional<errc> closed_for;
  std::string certificate;  ///< its subject
  std::optional<LinkQuality> link;

 private:
  ManualExecutor& loop_;
  Inbound* inbound_ = nullptr;
};

class Host {
 public:
  explicit Host(limits bounds = {}, DeskOptions desk = {}, Auditor* auditor = nullptr)
      : memory(clock, bounds),
        store(memory),
        hub({&loop}, store, options(bounds, std::move(desk), auditor)) {
    hub.authenticate(std::make_unique<PlainTokens>(&callers));
  }

  Callers callers;
  ManualClock clock;
  memory::Store memory;
  SlowScans store;
  ManualExecutor loop;
  Hub hub;

  /// Time goes by for everybody.
  void pass(Nanoseconds time) {
    constexpr Nanoseconds kStep = std::chrono::milliseconds(250);
    for (; time.count() > 0; time -= kStep) {
      clock.advance(std::min(time, kStep));
      loop.advance_to(loop.now() + std::min(time, kStep));
      loop.run_until_idle();
    }
  }

 private:
  HubOptions options(const limits& bounds, DeskOptions desk, Auditor* auditor) {
    HubOptions out;
    out.limits = bounds;
    out.desk = std::move(desk);
    out.clock = &clock;
    out.auditor = auditor;
    out.random = [this] { return ++random_ * 0x9e37'79b9'7f4a'7c15u; };
    return out;
  }
  std::uint64_t random_ = 0;
};

inline Peer::Peer(Host& host) : Peer(host.hub, host.loop) {}
inline Peer::~Peer() { leaves(); }
inline Executor& Peer::executor() { return loop_; }
inline void Peer::says(std::string frame) {
  const std::size_t size = frame.size();
  frame.append(Inbound::kSlack, '\0');
  inbound_->on_message({frame.data(), size}, Inbound::kSlack);
}
inline void Peer::asks(std::string frame) {
  says(std::move(frame));
  loop_.run_until_idle();
}
inline void Peer::leaves() {
  if (inbound_) std::exchange(inbound_, nullptr)->on_closed(errc::ok);
  loop_.run_until_idle();
}

inline constexpr std::string_view kConversation = "0199c1d2-0000-7000-8000-000000000001";

/// `"conversation":"…"` of the one that the tests talk in.
[[nodiscard]] inline std::string in_conversation(std::string_view id = kConversation) {
  return "\"conversation\":\"" + std::string(id) + "\"";
}
/// A frame about a conversation; its answers have the `ref` "r". `more` begins with a comma.
[[nodiscard]] inline std::string about(std::string_view type, std::string_view more = "",
                                       std::string_view id = kConversation) {
  return R"({"type":")" + std::string(type) + R"(","ref":"r",)" + in_conversation(id) +
         std::string(more) + "}";
}
[[nodiscard]] inline DeskOptions desk_with(Department department) {
  DeskOptions desk;
  desk.departments = {std::move(department)};
  return desk;
}
[[nodiscard]] inline std::string hello(std::string_view token) {
  return R"({"type":"hello","token":")" + std::string(token) + "\"}";
}
[[nodiscard]] inline std::string open(std::string_view id = kConversation,
                                      std::string_view department = "") {
  return R"({"type":"open","id":")" + std::string(id) + R"(","department":")" +
         std::string(department) + "\"}";
}
[[nodiscard]] inline std::string signal(std::string_view type, std::uint64_t seq) {
  return R"({"type":")" + std::string(type) + "\"," + in_conversation() +
         ",\"seq\":" + std::to_string(seq) + "}";
}

/// What a transcript, or an export, came to.
struct Written {
  std::vector<std::string> lines;
  std::optional<errc> ended;

  /// How many of the lines have all of these.
  template <class... Text>
  [[nodiscard]] std::size_t got(Text... text) const {
    std::size_t count = 0;
    for (const std::string& line : lines)
      count += ((line.find(text) != std::string::npos) && ...) ? 1 : 0;
    return count;
  }
};
[[nodiscard]] inline LineTaker taker(Written& out) {
  return [&out](std::string_view lines, Completion<bool> more) {
    for (; !lines.empty(); lines.remove_prefix(lines.find('\n') + 1))
      out.lines.emplace_back(lines.substr(0, lines.find('\n')));
    more(true);
  };
}

/// A visitor and an agent in a conversation.
struct Pair {
  explicit Pair(Host& host) : visitor(host), agent(host) {
    visitor.asks(hello("visitor v"));
    agent.asks(hello("agent a"));
    visitor.asks(open());
    agent.asks("{\"type\":\"accept\"," + in_conversation() + "}");
  }
  Peer visitor;
  Peer agent;
};

}  // namespace kefu::inline v0::testing
