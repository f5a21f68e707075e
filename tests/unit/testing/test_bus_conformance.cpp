#include <kefu/testing/bus_conformance.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/sim_bus.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace kefu;

enum class Fault {
  none,
  carries_nothing,
  cuts_bytes,        // what is longer than 4 KiB
  ignores_case,      // of topics
  takes_prefixes,    // a subscription to "a" hears "a.b" too
  echoes,            // publishers hear themselves
  one_for_a_topic,   // only the first subscriber hears
  outlives,          // subscriptions do not end
  does_not_wait,     // … while their handler runs
  handlers_overlap,  // a thread for each message
  calls_in_publish,  // handlers run inside publish()
};

/// A bus between threads: faithful, but for one fault.
class Broker {
 public:
  explicit Broker(Fault fault) : fault_(fault) {
    if (fault == Fault::handlers_overlap) threads_.emplace_back([this] { deliver(); });
    threads_.emplace_back([this] { deliver(); });
  }
  ~Broker() {
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    for (std::thread& one : threads_) one.join();
  }

  std::unique_ptr<Bus> connect() { return std::make_unique<End>(*this); }

 private:
  struct Subscriber {
    const Bus* end;
    std::string topic;
    Bus::Handler handler;
    void* context;
    bool gone = false;
    int running = 0;
  };
  struct Message {
    const Bus* from;
    std::string topic, bytes;
  };

  class End final : public Bus {
   public:
    explicit End(Broker& broker) : broker_(broker) {}
    void publish(std::string_view topic, std::string_view bytes) override {
      broker_.publish({this, std::string(topic), std::string(bytes)});
    }
    std::unique_ptr<Bus::Subscription> subscribe(std::string topic, Handler handler,
                                                 void* context) override {
      auto made = std::make_shared<Subscriber>();
      made->end = this;
      made->topic = std::move(topic);
      made->handler = handler;
      made->context = context;
      return broker_.add(std::move(made));
    }

   private:
    Broker& broker_;
  };

  class Held final : public Bus::Subscription {
   public:
    Held(Broker& broker, std::shared_ptr<Subscriber> subscriber)
        : broker_(broker), subscriber_(std::move(subscriber)) {}
    ~Held() override { broker_.remove(*subscriber_); }

   private:
    Broker& broker_;
    const std::shared_ptr<Subscriber> subscriber_;
  };

  std::unique_ptr<Bus::Subscription> add(std::shared_ptr<Subscriber> one) {
    const std::scoped_lock lock(mutex_);
    subscribers_.push_back(one);
    return std::make_unique<Held>(*this, std::move(one));
  }
  void remove(Subscriber& one) {
    if (fault_ == Fault::outlives) return;
    std::unique_lock lock(mutex_);
    one.gone = true;
    std::erase_if(subscribers_, [&](const auto& other) { return other.get() == &one; });
    if (fault_ == Fault::does_not_wait) return;
    changed_.wait(lock, [&] { return one.running == 0; });
  }
  void publish(Message message) {
    if (fault_ == Fault::calls_in_publish) return hand_out(message);
    const std::scoped_lock lock(mutex_);
    if (queue_.size() < 1000) queue_.push_back(std::move(message));
    changed_.notify_all();
  }
  void deliver() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return over_ || !queue_.empty(); });
      if (over_) return;
      const Message message = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      hand_out(message);
      lock.lock();
    }
  }
  [[nodiscard]] bool wants(const Subscriber& one, const Message& message) const {
    if (one.gone || fault_ == Fault::carries_nothing) return false;
    if (one.end == message.from && fault_ != Fault::echoes) return false;
    if (fault_ == Fault::takes_prefixes) return message.topic.starts_with(one.topic);
    const auto same = [](unsigned char a, unsigned char b) { return (a | 32) == (b | 32); };
    if (fault_ == Fault::ignores_case) return std::ranges::equal(one.topic, message.topic, same);
    return one.topic == message.topic;
  }
  void hand_out(const Message& message) {
    std::string_view bytes = message.bytes;
    if (fault_ == Fault::cuts_bytes) bytes = bytes.substr(0, 4096);
    std::unique_lock lock(mutex_);
    const std::vector<std::shared_ptr<Subscriber>> all = subscribers_;
    for (const std::shared_ptr<Subscriber>& one : all) {
      if (!wants(*one, message)) continue;
      ++one->running;
      lock.unlock();
      one->handler(one->context, one->topic, bytes);
      lock.lock();
      --one->running;
      changed_.notify_all();
      if (fault_ == Fault::one_for_a_topic) break;
    }
  }

  const Fault fault_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Message> queue_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

class ThreadHost final : public testing::BusHost {
 public:
  explicit ThreadHost(Fault fault) : broker_(fault) {}
  std::unique_ptr<Bus> connect() override { return broker_.connect(); }
  void let(Nanoseconds pass) override { std::this_thread::sleep_for(pass); }

 private:
  Broker broker_;
};

class SimHost final : public testing::BusHost {
 public:
  explicit SimHost(testing::SimBusOptions options) : bus_(loop_, 7, options) {}
  std::unique_ptr<Bus> connect() override { return bus_.connect(); }
  void let(Nanoseconds pass) override { loop_.advance(pass); }
  [[nodiscard]] bool threads() const override { return false; }

 private:
  testing::ManualExecutor loop_;
  testing::SimBus bus_;
};

void expect_passes(testing::BusHost& host) {
  for (const testing::BusCheck& check : testing::bus_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(host), "");
  }
}

/// Runs the one check that is made for the fault: some of the others would use what is gone.
void expect_caught(Fault fault, std::string_view by) {
  bool found = false;
  for (const testing::BusCheck& check : testing::bus_checks()) {
    if (check.name != by) continue;
    found = true;
    ThreadHost host(fault);
    CAPTURE(by);
    CHECK_NE(check.run(host), "");
  }
  CHECK(found);
}

TEST_CASE("bus conformance: the simulated bus passes, also while it loses, repeats and delays") {
  SimHost faithful({});
  expect_passes(faithful);
  SimHost lossy({.lose = 0.5, .repeat = 0.3, .delay_max = Nanoseconds(20'000'000)});
  expect_passes(lossy);
}

TEST_CASE("bus conformance: a bus with threads passes") {
  ThreadHost host(Fault::none);
  expect_passes(host);
}

TEST_CASE("bus conformance: each broken promise is found") {
  expect_caught(Fault::carries_nothing, "delivery: something arrives");
  expect_caught(Fault::cuts_bytes, "delivery: whole, whatever the size");
  expect_caught(Fault::ignores_case, "topics: exact");
  expect_caught(Fault::takes_prefixes, "topics: exact");
  expect_caught(Fault::echoes, "publish: not to oneself");
  expect_caught(Fault::one_for_a_topic, "delivery: to every subscriber");
  expect_caught(Fault::handlers_overlap, "threads: a handler runs alone");
  expect_caught(Fault::outlives, "subscription: ends when destroyed");
  expect_caught(Fault::does_not_wait, "threads: the end waits for the handler");
  expect_caught(Fault::calls_in_publish, "threads: publishing does not wait");
}

TEST_CASE("bus conformance: check names are unique") {
  std::vector<std::string_view> names;
  for (const auto& check : testing::bus_checks()) names.push_back(check.name);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

}  // namespace
