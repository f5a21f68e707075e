#include <algorithm>
#include <kefu/testing/sim_bus.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::testing {
namespace {

struct Subscriber {
  const Bus* end;
  std::string topic;
  Bus::Handler handler;
  void* context;
};

/// The only owner of its subscriber: what is under way to it then finds it gone.
class Subscription final : public Bus::Subscription {
 public:
  explicit Subscription(std::shared_ptr<Subscriber> subscriber)
      : subscriber_(std::move(subscriber)) {}

 private:
  std::shared_ptr<Subscriber> subscriber_;
};

}  // namespace

struct SimBus::Impl {
  SimBus& bus;
  Executor& loop;
  Random random;
  std::vector<std::weak_ptr<Subscriber>> subscribers;
  std::set<std::pair<const Bus*, const Bus*>> parted;  // who is not heard by whom

  void publish(const Bus* from, std::string_view topic, std::string_view bytes) {
    std::erase_if(subscribers, [](const auto& one) { return one.expired(); });
    for (const std::weak_ptr<Subscriber>& one : subscribers) {
      const std::shared_ptr<Subscriber> to = one.lock();
      if (to->end == from || to->topic != topic || random.chance(bus.options.lose)) continue;
      if (parted.contains({from, to->end})) continue;
      for (int copies = random.chance(bus.options.repeat) ? 2 : 1; copies > 0; --copies)
        deliver(one, bytes);
    }
  }

  void deliver(const std::weak_ptr<Subscriber>& to, std::string_view bytes) {
    const Nanoseconds most = bus.options.delay_max;
    const Nanoseconds delay =
        most.count() == 0 ? Nanoseconds(0) : random.between(Nanoseconds(0), most);
    loop.post_at(loop.now() + delay, [to, bytes = std::string(bytes)] {
      if (const std::shared_ptr<Subscriber> there = to.lock())
        there->handler(there->context, there->topic, bytes);
    });
  }
};

namespace {

/// The bus must not be called when it is gone; nodes may outlive it.
template <class Broker>
class End final : public Bus {
 public:
  explicit End(std::weak_ptr<Broker> broker) : broker_(std::move(broker)) {}
  // Another end may come to stand at its address.
  ~End() override {
    if (const std::shared_ptr<Broker> broker = broker_.lock())
      std::erase_if(broker->parted,
                    [this](const auto& two) { return two.first == this || two.second == this; });
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  void publish(std::string_view topic, std::string_view bytes) override {
    if (const std::shared_ptr<Broker> broker = broker_.lock()) broker->publish(this, topic, bytes);
  }

  std::unique_ptr<Bus::Subscription> subscribe(std::string topic, Handler handler,
                                               void* context) override {
    auto subscriber =
        std::make_shared<Subscriber>(Subscriber{this, std::move(topic), handler, context});
    if (const std::shared_ptr<Broker> broker = broker_.lock())
      broker->subscribers.push_back(subscriber);
    return std::make_unique<kefu::testing::Subscription>(std::move(subscriber));
  }

 private:
  std::weak_ptr<Broker> broker_;
};

}  // namespace

SimBus::SimBus(Executor& loop, std::uint64_t seed, SimBusOptions with)
    : options(with), impl_(new Impl{*this, loop, Random(seed), {}, {}}) {}

SimBus::~SimBus() = default;

std::unique_ptr<Bus> SimBus::connect() { return std::make_unique<End<Impl>>(impl_); }

void SimBus::part(const Bus& from, const Bus& to) { impl_->parted.emplace(&from, &to); }

void SimBus::mend(const Bus& from, const Bus& to) { impl_->parted.erase({&from, &to}); }

}  // namespace kefu::inline v0::testing
