// kefu-bench-threads: what a hub carries on N io threads when nothing else takes the cores: pairs
// of visitors and agents live in this process, as connections without a network.
//
//   kefu-bench-threads --threads 2 --pairs 1000 --window 16 --body 128 --secs 3 [--store FILE]
//
// A visitor has --window messages without an acknowledgement, always; their agent counts what
// comes. Visitor, agent and the conversation's home are on threads of their own choosing, so that
// with two threads half of the pairs speak across. --store keeps the messages in SQLite, whose
// thread needs a core, too; without it they stay in memory. Exit status 1 when an entry came twice
// or not at all.
#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/sqlite/store.hpp>

#include <sys/resource.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace kefu;

struct Settings {
  std::size_t threads = 1, pairs = 1000, window = 16, body = 128, secs = 3;
  std::string store;
};

Settings settings_of(int argc, char** argv) {
  Settings out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    std::size_t* const number = name == "--threads"  ? &out.threads
                                : name == "--pairs"  ? &out.pairs
                                : name == "--window" ? &out.window
                                : name == "--body"   ? &out.body
                                : name == "--secs"   ? &out.secs
                                                     : nullptr;
    if (number)
      *number = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--store")
      out.store = argv[i + 1];
    else
      throw std::invalid_argument(std::string(name) + ": not known");
  }
  if (argc % 2 == 0) throw std::invalid_argument(std::string(argv[argc - 1]) + ": needs a value");
  if (!out.threads || !out.pairs || !out.window || !out.secs)
    throw std::invalid_argument("--threads, --pairs, --window and --secs are at least 1");
  return out;
}

class AnyToken final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const Role role = token.starts_with("v") ? Role::visitor : Role::agent;
    done(Identity{{std::string(token), role}, {9'000'000'000'000'000'000}});
  }
};

/// The number behind `name` in a frame of kefu's, from `at` on; 0 when it is not there.
std::uint64_t number_after(std::string_view text, std::string_view name, std::size_t at) {
  const std::size_t found = text.substr(0, text.find('}', at)).find(name, at);
  std::uint64_t number = 0;
  if (found != text.npos)
    std::from_chars(text.data() + found + name.size(), text.data() + text.size(), number);
  return number;
}

/// A connection whose peer reads what it got in a turn of its own, as one behind a socket would.
class Peer : public Connection {
 public:
  Peer(Hub& hub, Executor& loop) : loop_(loop), inbound_(&hub.accepted(*this)) {}
  virtual ~Peer() = default;

  SendStatus send(SharedFrame frame) override {
    if (got_.empty()) loop_.post([this] { read(); });
    got_.push_back(std::move(frame));
    return SendStatus::accepted;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(errc) override { leave(); }
  [[nodiscard]] std::string_view peer() const override { return "127.0.0.1"; }
  [[nodiscard]] Executor& executor() override { return loop_; }

  void says(std::string& frame) {
    const std::size_t size = frame.size();
    frame.append(Inbound::kSlack, '\0');
    inbound_->on_message({frame.data(), size}, Inbound::kSlack);
    frame.resize(size);
  }
  void hello(std::string_view name) {
    std::string frame = R"({"type":"hello","token":")" + std::string(name) + "\"}";
    says(frame);
  }
  void leave() {
    if (inbound_) std::exchange(inbound_, nullptr)->on_closed(errc::ok);
  }

 protected:
  virtual void on_frames(std::string_view text) = 0;
  [[nodiscard]] bool here() const { return inbound_; }

 private:
  void read() {
    reading_.swap(got_);
    for (const SharedFrame& frame : reading_) {
      if (!here()) break;
      on_frames(frame.text());
    }
    reading_.clear();
  }

  Executor& loop_;
  Inbound* inbound_;
  std::vector<SharedFrame> got_, reading_;
};

class Agent final : public Peer {
 public:
  using Peer::Peer;
  std::atomic<std::uint64_t> tail{0};  ///< the last entry's seq
  std::atomic<bool> misplaced{false}, welcome{false};

 private:
  static constexpr std::string_view kEntry = R"("type":"entry")";

  void on_frames(std::string_view text) override {
    if (text.find(R"("type":"welcome")") != text.npos) welcome = true;
    for (std::size_t at = text.find(kEntry); at != text.npos; at = text.find(kEntry, at + 1)) {
      const std::uint64_t seq = number_after(text, R"("seq":)", at);
      if (seq != tail.load(std::memory_order_relaxed) + 1) misplaced = true;
      tail.store(seq, std::memory_order_relaxed);
    }
  }
};

class Visitor final : public Peer {
 public:
  Visitor(Hub& hub, Executor& loop, const Settings& settings, ConversationId conversation)
      : Peer(hub, loop),
        settings_(settings),
        head_(R"({"type":"send","conversation":")" + conversation.to_string() + R"(","cseq":)"),
        tail_(R"(,"body":")" + std::string(settings.body, 'x') + "\"}") {}

  void begin() { say_more(); }
  void end() { ended_ = true; }
  /// When it has ended.
  [[nodiscard]] std::uint64_t said() const { return said_; }
  std::atomic<bool> welcome{false};

 private:
  static constexpr std::string_view kAck = R"("type":"ack")";

  void on_frames(std::string_view text) override {
    if (text.find(R"("type":"welcome")") != text.npos) welcome = true;
    for (std::size_t at = text.find(kAck); at != text.npos; at = text.find(kAck, at + 1)) {
      settled_ = number_after(text, R"("cseq":)", at);
    }
    if (said_ > 0) say_more();
  }
  void say_more() {
    while (!ended_ && said_ < settled_ + settings_.window) {
      char digits[20];
      const std::string_view number(digits, std::to_chars(digits, std::end(digits), ++said_).ptr);
      text_.assign(head_).append(number).append(tail_);
      says(text_);
    }
  }

  const Settings& settings_;
  const std::string head_, tail_;
  std::string text_;
  std::uint64_t said_ = 0, settled_ = 0;
  bool ended_ = false;
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Steps on loop 0, each when what it waits for has come.
class Course {
 public:
  Course(net::Loops& loops, Hub& hub, const Settings& settings)
      : loops_(loops), hub_(hub), settings_(settings), control_(*loops.executors().front()) {}

  void start() {
    for (std::size_t i = 0; i < settings_.pairs; ++i) {
      Hub::OpenRequest request;
      request.id = id_of(i);
      request.visitor = "v" + std::to_string(i);
      request.agents = {"a" + std::to_string(i)};
      hub_.open(std::move(request), [this](const result<Conversation>& opened) {
        if (!opened) std::fprintf(stderr, "open: %s\n", std::string(name(opened.error())).c_str());
        opened_.fetch_add(1);
      });
    }
    when([this] { return opened_ == settings_.pairs; }, [this] { connect(); });
  }

  [[nodiscard]] bool good() const { return good_; }

 private:
  static constexpr std::uint64_t kOpening = 2;  // entries that opening has left

  static ConversationId id_of(std::size_t i) { return {0x0199'c1d2'0000'7000, i + 1}; }
  [[nodiscard]] Executor& loop(std::size_t i) const {
    return *loops_.executors()[i % loops_.size()];
  }

  template <class Condition, class Next>
  void when(Condition condition, Next next) {
    if (condition()) return next();
    control_.post_at(control_.now() + Nanoseconds(10'000'000),
                     [this, condition, next] { when(condition, next); });
  }
  template <class Do>
  void on_all(Do act) {
    done_ = 0;
    for (std::size_t i = 0; i < settings_.pairs; ++i) {
      loop(i).post([this, act, i] { act(*visitors_[i], i), done_.fetch_add(1); });
      loop(i / loops_.size()).post([this, act, i] { act(*agents_[i], i), done_.fetch_add(1); });
    }
  }
  [[nodiscard]] auto all_done() {
    return [this] { return done_ == 2 * settings_.pairs; };
  }

  void connect() {
    visitors_.resize(settings_.pairs);
    agents_.resize(settings_.pairs);
    for (std::size_t i = 0; i < settings_.pairs; ++i) {
      Executor& of_visitor = loop(i);
      Executor& of_agent = loop(i / loops_.size());
      of_visitor.post([this, i, &of_visitor] {
        visitors_[i] = std::make_unique<Visitor>(hub_, of_visitor, settings_, id_of(i));
        visitors_[i]->hello("v" + std::to_string(i));
        done_.fetch_add(1);
      });
      of_agent.post([this, i, &of_agent] {
        agents_[i] = std::make_unique<Agent>(hub_, of_agent);
        agents_[i]->hello("a" + std::to_string(i));
        done_.fetch_add(1);
      });
    }
    when(
        [this] {
          if (!all_done()()) return false;
          for (std::size_t i = 0; i < settings_.pairs; ++i)
            if (!visitors_[i]->welcome || !agents_[i]->welcome) return false;
          return true;
        },
        [this] { begin(); });
  }

  void begin() {
    for (std::size_t i = 0; i < settings_.pairs; ++i)
      loop(i).post([this, i] { visitors_[i]->begin(); });
    control_.post_at(control_.now() + Nanoseconds(1'000'000'000), [this] {
      before_ = entries();
      cpu_ = cpu_seconds();
      since_ = std::chrono::steady_clock::now();
      const Nanoseconds span(static_cast<std::int64_t>(settings_.secs) * 1'000'000'000);
      control_.post_at(control_.now() + span, [this] { measure(); });
    });
  }

  void measure() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since_;
    const double count = static_cast<double>(entries() - before_);
    std::printf("threads %zu, %.0f delivered/s, %.2f us CPU a message\n", settings_.threads,
                count / took.count(), (cpu_seconds() - cpu_) * 1e6 / count);
    for (std::size_t i = 0; i < settings_.pairs; ++i)
      loop(i).post([this, i] { visitors_[i]->end(), ended_.fetch_add(1); });
    when(
        [this] {
          if (ended_ != settings_.pairs) return false;
          for (std::size_t i = 0; i < settings_.pairs; ++i)
            if (agents_[i]->tail < kOpening + visitors_[i]->said()) return false;
          return true;
        },
        [this] { finish(); });
  }

  void finish() {
    good_ = true;
    for (const auto& agent : agents_) good_ = good_ && !agent->misplaced;
    if (!good_) std::puts("entries came twice or out of order");
    on_all([](Peer& peer, std::size_t) { peer.leave(); });
    when(all_done(), [this] { loops_.stop(); });
  }

  [[nodiscard]] std::uint64_t entries() const {
    std::uint64_t sum = 0;
    for (const auto& agent : agents_) sum += agent->tail.load(std::memory_order_relaxed);
    return sum;
  }

  net::Loops& loops_;
  Hub& hub_;
  const Settings& settings_;
  Executor& control_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::atomic<std::size_t> opened_{0}, done_{0}, ended_{0};
  std::uint64_t before_ = 0;
  double cpu_ = 0;
  std::chrono::steady_clock::time_point since_;
  bool good_ = false;
};

}  // namespace

int main(int argc, char** argv) try {
  const Settings settings = settings_of(argc, argv);
  HubOptions options;
  options.limits.frames_per_second = options.limits.frames_per_second_of_participant = 10'000'000;
  options.limits.window = static_cast<std::uint32_t>(std::max<std::size_t>(settings.window, 32));
  const SystemClock clock;
  std::unique_ptr<Store> store;
  if (settings.store.empty())
    store = std::make_unique<memory::Store>(clock, options.limits);
  else
    store = std::make_unique<sqlite::Store>(settings.store, sqlite::Options{}, options.limits);
  net::Loops loops{settings.threads};
  Hub hub{loops.executors(), *store, options};
  hub.authenticate(std::make_unique<AnyToken>());
  Course course{loops, hub, settings};
  course.start();
  loops.run();
  return course.good() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "kefu-bench-threads: %s\n", error.what());
  return 2;
}
