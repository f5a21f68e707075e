#include <atomic>
#include <condition_variable>
#include <functional>
#include <kefu/testing/bus_conformance.hpp>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "testing/expect.hpp"

namespace kefu::inline v0::testing {
namespace {

/// A subscriber that keeps what it hears, and sees that it is called once at a time.
class Listener {
 public:
  /// `script`: what else happens in the handler.
  Listener(Bus& bus, std::string topic, std::function<void()> script = {})
      : topic_(std::move(topic)), script_(std::move(script)) {
    subscription_ = bus.subscribe(topic_, &Listener::hear, this);
    expect(subscription_ != nullptr, "subscribe() gave nothing");
  }

  /// A bus that calls it still must not harm whoever runs the suite.
  ~Listener() {
    subscription_.reset();
    for (int i = 0; i < 10'000 && inside_ != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void leave() {
    subscription_.reset();
    gone_ = true;
  }
  [[nodiscard]] std::size_t count() const {
    const std::scoped_lock lock(mutex_);
    return heard_.size();
  }
  [[nodiscard]] std::vector<std::string> heard() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  /// Throws what was wrong.
  void check() const {
    const std::scoped_lock lock(mutex_);
    if (!wrong_.empty()) throw Failure(wrong_);
  }

 private:
  static void hear(void* context, std::string_view topic, std::string_view bytes) {
    auto& self = *static_cast<Listener*>(context);
    const bool alone = self.inside_++ == 0;
    {
      const std::scoped_lock lock(self.mutex_);
      if (!alone) self.wrong_ = "a handler was called while it was running";
      if (self.gone_) self.wrong_ = "a handler was called after its subscription had ended";
      if (topic != self.topic_) self.wrong_ = "a handler of one topic was given another";
      self.heard_.emplace_back(bytes);
    }
    if (self.script_) self.script_();
    --self.inside_;
  }

  const std::string topic_;
  const std::function<void()> script_;
  std::atomic<int> inside_{0};
  std::atomic<bool> gone_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::string wrong_;
  std::unique_ptr<Bus::Subscription> subscription_;
};

/// A topic that no other check uses: what that published may still be on its way.
std::string topic_of(std::string_view check) { return "conformance." + std::string(check); }

constexpr int kTries = 2'000;  // of which a bus that is any good lets one through

/// Publishes until it holds.
template <class Condition>
void publish_until(BusHost& host, Bus& bus, const std::string& topic, const std::string& bytes,
                   Condition holds) {
  for (int i = 0; i < kTries && !holds(); ++i) {
    bus.publish(topic, bytes);
    host.let(Nanoseconds(1'000'000));
  }
  expect(holds(), "what is published again and again never arrives");
}

/// Lets what is under way arrive.
void settle(BusHost& host) {
  for (int i = 0; i < 50; ++i) host.let(Nanoseconds(1'000'000));
}

void carries_something(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  Listener listener(*b, topic_of("carries"));
  publish_until(host, *a, topic_of("carries"), "hello", [&] { return listener.count() > 0; });
  for (const std::string& one : listener.heard()) expect_equal(one, std::string("hello"), "bytes");
  listener.check();
}

void carries_it_whole(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  std::set<std::string> sent;
  for (const std::size_t size : {0u, 1u, 2u, 100u, 1000u, 4096u, 5000u, 65536u}) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>((i * 31 + size) % 256);
    sent.insert(bytes);
  }
  Listener listener(*b, topic_of("whole"));
  for (int round = 0; round < 20; ++round) {
    for (const std::string& one : sent) a->publish(topic_of("whole"), one);
    host.let(Nanoseconds(1'000'000));
  }
  publish_until(host, *a, topic_of("whole"), *sent.begin(), [&] { return listener.count() > 0; });
  settle(host);
  for (const std::string& one : listener.heard())
    expect(sent.contains(one), "what arrives is not what was published");
  listener.check();
}

void keeps_topics_apart(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  const std::string topic = topic_of("topics.one");
  Listener exact(*b, topic);
  std::vector<std::unique_ptr<Listener>> others;
  for (const std::string& other :
       {topic_of("topics"), topic_of("topics.on"), topic_of("topics.one.more"),
        topic_of("topics.*"), topic_of("topics.>"), topic_of("topics.ONE"), std::string(">")})
    others.push_back(std::make_unique<Listener>(*b, other));
  publish_until(host, *a, topic, "hello", [&] { return exact.count() >= 3; });
  settle(host);
  for (const auto& other : others)
    expect_equal(other->count(), std::size_t{0}, "messages of another topic");
  exact.check();
}

void publishers_do_not_hear_themselves(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  Listener own(*a, topic_of("own"));
  Listener other(*b, topic_of("own"));
  publish_until(host, *a, topic_of("own"), "hello", [&] { return other.count() >= 3; });
  settle(host);
  expect_equal(own.count(), std::size_t{0}, "messages that came back to their publisher");
}

void everybody_hears(BusHost& host) {
  const auto a = host.connect(), b = host.connect(), c = host.connect();
  Listener first(*b, topic_of("everybody")), second(*b, topic_of("everybody")),
      third(*c, topic_of("everybody"));
  publish_until(host, *a, topic_of("everybody"), "hello",
                [&] { return first.count() && second.count() && third.count(); });
  second.leave();
  const std::size_t before = first.count();
  publish_until(host, *a, topic_of("everybody"), "hello", [&] { return first.count() > before; });
  settle(host);
  second.check();
}

void a_subscription_ends(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  std::vector<std::unique_ptr<Listener>> all;  // kept, so that a call too late is no accident
  for (int round = 0; round < 20; ++round) {
    Listener& listener = *all.emplace_back(std::make_unique<Listener>(*b, topic_of("ends")));
    for (int i = 0; i < 20; ++i) a->publish(topic_of("ends"), "hello");
    if (round % 2 == 0) host.let(Nanoseconds(100'000));
    listener.leave();
    for (int i = 0; i < 5; ++i) a->publish(topic_of("ends"), "too late");
    for (int i = 0; i < 5; ++i) host.let(Nanoseconds(1'000'000));
  }
  for (const auto& listener : all) listener->check();
}

void handlers_may_publish(BusHost& host) {
  const auto a = host.connect(), b = host.connect();
  std::atomic<int> left{200};
  Listener ping(*a, topic_of("ping"), [&] { a->publish(topic_of("pong"), "pong"); });
  Listener pong(*b, topic_of("pong"), [&] {
    if (left-- > 0) b->publish(topic_of("ping"), "ping");
  });
  publish_until(host, *b, topic_of("ping"), "ping", [&] { return pong.count() >= 5; });
  left = 0;
  settle(host);
  ping.check();
  pong.check();
}

// ---- with threads

void handlers_run_one_at_a_time(BusHost& host) {
  if (!host.threads()) return;
  const auto a = host.connect(), b = host.connect(), c = host.connect();
  Listener listener(*c, topic_of("alone"), [] {
    std::this_thread::sleep_for(std::chrono::microseconds(20));  // the chance for another call
  });
  const auto shout = [](Bus& bus) {
    for (int i = 0; i < 2'000; ++i) bus.publish(topic_of("alone"), "hello");
  };
  std::thread one([&] { shout(*a); }), two([&] { shout(*b); }), three([&] { shout(*b); });
  one.join();
  two.join();
  three.join();
  publish_until(host, *a, topic_of("alone"), "hello", [&] { return listener.count() > 0; });
  settle(host);
  listener.check();
}

void leaving_waits_for_the_handler(BusHost& host) {
  if (!host.threads()) return;
  const auto a = host.connect(), b = host.connect();
  std::atomic<bool> over{false};
  std::thread shouting([&] {
    while (!over) a->publish(topic_of("leaving"), "hello");
  });
  struct Round {
    std::atomic<bool> inside{false};
    std::optional<Listener> listener;
  };
  std::vector<std::unique_ptr<Round>> rounds;  // kept, so that a call too late is no accident
  std::string wrong;
  for (int i = 0; i < 50 && wrong.empty(); ++i) {
    Round& round = *rounds.emplace_back(std::make_unique<Round>());
    round.listener.emplace(*b, topic_of("leaving"), [&inside = round.inside] {
      inside = true;
      for (int yields = 0; yields < 100; ++yields) std::this_thread::yield();
      inside = false;
    });
    for (int step = 0; step < 100 && round.listener->count() == 0; ++step)
      host.let(Nanoseconds(1'000'000));
    round.listener->leave();
    if (round.inside) wrong = "a subscription has ended while its handler runs";
  }
  over = true;
  shouting.join();
  settle(host);
  for (const auto& round : rounds) round->listener->check();
  if (!wrong.empty()) throw Failure(wrong);
}

void publishing_does_not_wait(BusHost& host) {
  if (!host.threads()) return;
  const auto a = host.connect(), b = host.connect();
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  Listener listener(*b, topic_of("waiting"), [&] {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return released; });
  });
  std::atomic<bool> published{false};
  std::thread publisher([&] {
    for (int i = 0; i < 20'000; ++i) a->publish(topic_of("waiting"), std::string(1000, 'x'));
    published = true;
  });
  const std::string failure = outcome_of([&] {
    for (int i = 0; !published; ++i) {
      expect(i < 5'000, "publish() waits for a handler");
      host.let(Nanoseconds(1'000'000));
    }
  });
  {
    const std::scoped_lock lock(mutex);
    released = true;
  }
  changed.notify_all();
  publisher.join();
  if (!failure.empty()) throw Failure(failure);
}

template <void (*Body)(BusHost&)>
std::string run(BusHost& host) {
  return outcome_of([&] { Body(host); });
}

}  // namespace

std::vector<BusCheck> bus_checks() {
  return {
      {"delivery: something arrives", run<carries_something>},
      {"delivery: whole, whatever the size", run<carries_it_whole>},
      {"delivery: to every subscriber", run<everybody_hears>},
      {"topics: exact", run<keeps_topics_apart>},
      {"publish: not to oneself", run<publishers_do_not_hear_themselves>},
      {"publish: from within a handler", run<handlers_may_publish>},
      {"subscription: ends when destroyed", run<a_subscription_ends>},
      {"threads: a handler runs alone", run<handlers_run_one_at_a_time>},
      {"threads: the end waits for the handler", run<leaving_waits_for_the_handler>},
      {"threads: publishing does not wait", run<publishing_does_not_wait>},
  };
}

}  // namespace kefu::inline v0::testing
