// The code of include/kefu/PORTS.md, over a loop and a broker that some host might have.
#include <kefu/bus.hpp>
#include <kefu/clock.hpp>
#include <kefu/disk/files.hpp>
#include <kefu/executor.hpp>
#include <kefu/file_scan.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/transport.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kefu_ports {

class HostLoop {
 public:
  virtual ~HostLoop() = default;
  virtual void defer(kefu::Task task) = 0;
  virtual void defer_until(std::int64_t ns, kefu::Task task) = 0;
};

class HostBroker {
 public:
  virtual ~HostBroker() = default;
  virtual bool try_publish(std::string topic, std::string bytes) = 0;
  virtual int subscribe(std::string topic, std::function<void(std::string_view)> handler) = 0;
  virtual void unsubscribe(int id) = 0;
};

/// A link to somebody in this process: what the hub says goes to a function.
class InProcess final : public kefu::Connection {
 public:
  InProcess(kefu::Executor& executor, std::function<void(std::string_view)> hear)
      : executor_(executor), hear_(std::move(hear)) {}

  /// On the executor. From then on say() speaks to the hub.
  void join(kefu::Acceptor& hub) { inbound_ = &hub.accepted(*this); }
  void say(std::string_view frame) {
    if (!closing_) inbound_->on_message(frame, 0);
  }

  kefu::SendStatus send(kefu::SharedFrame frame) override {
    if (closing_) return kefu::SendStatus::closed;
    executor_.post([this, frame = std::move(frame)] { hear_(frame.text()); });
    return kefu::SendStatus::accepted;
  }
  void close(kefu::errc reason) override {
    if (std::exchange(closing_, true)) return;
    executor_.post([this, reason] { inbound_->on_closed(reason); });
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  [[nodiscard]] std::string_view peer() const override { return "in process"; }
  [[nodiscard]] kefu::Executor& executor() override { return executor_; }

 private:
  kefu::Executor& executor_;
  std::function<void(std::string_view)> hear_;
  kefu::Inbound* inbound_ = nullptr;
  bool closing_ = false;
};

/// Over a broker that the host has. A handler that takes longer than the destructor is waited for
/// by the broker's unsubscribe().
class BrokerBus final : public kefu::Bus {
 public:
  explicit BrokerBus(HostBroker& broker) : broker_(broker) {}

  void publish(std::string_view topic, std::string_view bytes) override {
    broker_.try_publish(std::string(topic), std::string(bytes));
  }
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string topic, Handler handler,
                                                        void* context) override {
    class Ends final : public Subscription {
     public:
      Ends(HostBroker& broker, int id) : broker_(broker), id_(id) {}
      ~Ends() override { broker_.unsubscribe(id_); }

     private:
      HostBroker& broker_;
      int id_;
    };
    const int id = broker_.subscribe(topic, [topic, handler, context](std::string_view bytes) {
      handler(context, topic, bytes);
    });
    return std::make_unique<Ends>(broker_, id);
  }

 private:
  HostBroker& broker_;
};

/// Over any loop that can be told to run something, now or later.
class LoopExecutor final : public kefu::Executor {
 public:
  explicit LoopExecutor(HostLoop& loop) : loop_(loop) {}

  void post(kefu::Task task) override { loop_.defer(std::move(task)); }
  void post_at(kefu::Instant when, kefu::Task task) override {
    loop_.defer_until(when.ns, std::move(task));
  }
  [[nodiscard]] kefu::Instant now() const override {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<kefu::Nanoseconds>(time).count()};
  }

 private:
  HostLoop& loop_;
};

/// Says what it was told: for tests.
class FixedClock final : public kefu::Clock {
 public:
  explicit FixedClock(kefu::Timestamp at) : at_(at) {}
  [[nodiscard]] kefu::Timestamp now() const override { return at_; }

 private:
  kefu::Timestamp at_;
};

void keep_files(kefu::net::Loops& loops, kefu::FileScanner& scanner) {
  kefu::disk::Files disk{"/var/lib/desk/files"};
  kefu::ScannedFiles files{disk, scanner, *loops.executors().front()};
}

}  // namespace kefu_ports
