// kefu-steady: the message path of a hub without a network and with a store that only counts, for
// what can be counted exactly: heap allocations, and under callgrind instructions.
//
//   kefu-steady MESSAGES [RECEIVERS [POLICIES]]    fails when a message costs an allocation
//   valgrind --tool=callgrind --toggle-collect=measured --callgrind-out-file=/dev/null kefu-steady
//   20000
//
// RECEIVERS are devices of the agent, 1 by default, which all get each message. POLICIES are those
// that ship and answer inside the call, as a host has them: a thousand keywords, links, and a rate
// (so many of them, in this order; none by default). They allow everything that is said here.
#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/keyword_policy.hpp>
#include <kefu/link_policy.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/rate_policy.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace kefu;

constexpr std::uint32_t kPairs = 100;
constexpr std::uint32_t kInTurn = 4;  // messages of a visitor that a turn of the loop finds
constexpr std::size_t kBody = 128;

/// Works in turns, as a loop does: what a task posts runs in the next.
class Turns final : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void post_at(Instant, Task task) override { later_.push_back(std::move(task)); }
  [[nodiscard]] Instant now() const override { return now_; }

  void run() {
    while (!tasks_.empty()) {
      running_.swap(tasks_);
      for (Task& task : running_) task();
      running_.clear();
    }
  }
  void pass(Nanoseconds time) {
    now_ = now_ + time;
    for (Task& task : std::exchange(later_, {})) post(std::move(task));
    run();
  }

 private:
  Instant now_{1'000'000'000};
  std::vector<Task> tasks_, running_, later_;
};

class Always final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return {1'767'225'600'000'000'000}; }
};

/// Numbers what is appended, and keeps nothing of it.
class CountingStore final : public StoreWrapper {
 public:
  CountingStore(Store& inner) : StoreWrapper(inner) {}

  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    batch->outcomes().clear();
    for (const Draft& draft : batch->drafts()) {
      Outcome& outcome = batch->outcomes().emplace_back();
      outcome.code = errc::ok;
      outcome.seq = ++tails_.try_emplace(draft.conversation, kOpening).first->second;
      outcome.at = {1'767'225'600'000'000'000};
    }
    done(std::move(batch));
  }

 private:
  static constexpr std::uint64_t kOpening = 2;  // entries that opening and accepting have left
  std::unordered_map<ConversationId, std::uint64_t> tails_;
};

class AnyToken final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const Role role = token.starts_with("v") ? Role::visitor : Role::agent;
    done(Identity{{std::string(token), role}, {9'000'000'000'000'000'000}});
  }
};

std::unique_ptr<Policy> local_policy(std::size_t number) {
  if (number == 1) return link_policy({.allowed = {"shop.example"}});
  if (number == 2) return rate_policy({.messages = 1'000'000, .within = std::chrono::minutes(1)});
  KeywordOptions options;
  constexpr int kWords = 500;
  for (int i = 0; i < kWords; ++i) {
    options.keywords.push_back({"word" + std::to_string(i) + "x"});
    options.keywords.push_back({"代开发票" + std::to_string(i)});
  }
  return keyword_policy(std::move(options));
}

class Peer final : public Connection {
 public:
  Peer(Hub& hub, Turns& loop) : loop_(loop), inbound_(hub.accepted(*this)) {}

  SendStatus send(SharedFrame frame) override {
    ++sent;
    last = std::move(frame);
    return SendStatus::accepted;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(errc) override {}
  [[nodiscard]] std::string_view peer() const override { return "127.0.0.1"; }
  [[nodiscard]] Executor& executor() override { return loop_; }

  void says(std::string& frame) {
    const std::size_t size = frame.size();
    frame.append(Inbound::kSlack, '\0');
    inbound_.on_message({frame.data(), size}, Inbound::kSlack);
    frame.resize(size);
  }
  void asks(std::string frame) {
    says(frame);
    loop_.run();
  }
  void leaves() { inbound_.on_closed(errc::ok); }

  std::size_t sent = 0;
  SharedFrame last;

 private:
  Turns& loop_;
  Inbound& inbound_;
};

struct Talk {
  Talk(Hub& hub, Turns& loop, std::uint32_t number, std::size_t receivers)
      : visitor(hub, loop), agent(hub, loop), id{0x0199'c1d2'0000'7000, number + 1} {
    const std::string n = std::to_string(number);
    const std::string text = id.to_string();
    visitor.asks(R"({"type":"hello","token":"v)" + n + "\"}");
    agent.asks(R"({"type":"hello","token":"a)" + n + "\"}");
    visitor.asks(R"({"type":"open","id":")" + text + "\"}");
    agent.asks(R"({"type":"accept","conversation":")" + text + "\"}");
    while (others.size() + 1 < receivers)
      others.emplace_back(hub, loop).asks(R"({"type":"hello","token":"a)" + n + "\"}");
    head = R"({"type":"send","conversation":")" + text + R"(","cseq":)";
    receipt = R"({"type":"delivered","conversation":")" + text + R"(","seq":)";
  }

  void end() {
    visitor.leaves();
    agent.leaves();
    for (Peer& other : others) other.leaves();
  }

  Peer visitor, agent;
  std::deque<Peer> others;  // of the agent, too
  ConversationId id;
  std::string head, receipt;
  std::uint64_t cseq = 0;
};

void append(std::string& frame, std::uint64_t number) {
  char digits[20];
  frame.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

struct Load {
  Load(Hub& hub, Turns& loop, std::size_t receivers) : turns(loop) {
    for (std::uint32_t i = 0; i < kPairs; ++i) talks.emplace_back(hub, loop, i, receivers);
  }

  /// A turn of the loop for each `kPairs * kInTurn` messages.
  void say(std::size_t messages) {
    for (std::size_t done = 0; done < messages; done += kPairs * kInTurn) {
      for (Talk& talk : talks) {
        for (std::uint32_t i = 0; i < kInTurn; ++i) {
          text.assign(talk.head);
          append(text, ++talk.cseq);
          text.append(R"(,"body":")").append(kBody, 'x').append("\"}");
          talk.visitor.says(text);
        }
      }
      turns.run();
      for (Talk& talk : talks) {
        text.assign(talk.receipt);
        append(text, talk.cseq);
        text.append("}");
        talk.agent.says(text);
      }
      turns.pass(Nanoseconds(20'000'000));
    }
  }

  Turns& turns;
  std::deque<Talk> talks;
  std::string text;
};

}  // namespace

extern "C" [[gnu::noinline]] void measured(void* load, std::size_t messages) {
  static_cast<Load*>(load)->say(messages);
}

int main(int argc, char** argv) {
  const std::size_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 40'000;
  const std::size_t receivers = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  const std::size_t policies = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  const std::size_t turn = kPairs * kInTurn;
  const std::size_t messages = (wanted + turn - 1) / turn * turn;
  Turns loop;
  const Always clock;
  limits bounds;
  bounds.frames_per_second = 1'000'000;
  // What the desk does by itself goes by time, not by messages.
  bounds.routing_sweep = bounds.presence_check = bounds.node_lease = std::chrono::hours(24);
  bounds.frames_per_second_of_participant = 1'000'000;
  bounds.frames_per_second_of_address = 1'000'000;
  memory::Store records(clock, bounds);
  CountingStore store(records);
  HubOptions options;
  options.limits = bounds;
  options.clock = &clock;
  Hub hub({&loop}, store, options);
  hub.authenticate(std::make_unique<AnyToken>());
  for (std::size_t i = 0; i < policies; ++i) hub.judge(local_policy(i));
  Load load(hub, loop, receivers);
  load.say(20 * turn);  // buffers grow to their working size

  const std::size_t before = allocations;
  Talk& one = load.talks.front();
  const Peer& last = one.others.empty() ? one.agent : one.others.back();
  const std::size_t sent = last.sent;
  const auto start = std::chrono::steady_clock::now();
  measured(&load, messages);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  const std::size_t made = allocations - before;
  const std::size_t delivered = last.sent - sent;
  for (Talk& talk : load.talks) talk.end();
  loop.run();
  std::printf("messages %zu policies %zu allocations %zu, %.0f ns a message\n", messages, policies,
              made, took.count() / static_cast<double>(messages));
  if (delivered < messages / kPairs) {  // the other devices are told of receipts, too
    std::printf("an agent got %zu frames for %zu entries\n", delivered, messages / kPairs);
    return 1;
  }
  constexpr std::size_t kAllowed = 100;  // messages for an allocation: what grows now and then
  return made > messages / kAllowed;
}
