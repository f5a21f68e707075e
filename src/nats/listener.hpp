// Listener: a subscription. It asks cnats for each message, on a thread of its own, so no callback
// of cnats can come too late.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <kefu/bus.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "nats/engine.hpp"

namespace kefu::inline v0::nats {

class Listener final : public kefu::Bus::Subscription {
 public:
  Listener(std::shared_ptr<Engine> engine, std::string topic, std::string subject,
           kefu::Bus::Handler handler, void* context);
  ~Listener() override;

 private:
  void run();
  /// Until the connection is lost, or the subscription over.
  void listen(Connection& link);
  void hand_out(natsSubscription* from);
  /// False when it is over.
  bool keep(natsSubscription* made);

  const std::shared_ptr<Engine> engine_;
  const std::string topic_, subject_;
  const kefu::Bus::Handler handler_;
  void* const context_;

  std::atomic<bool> over_{false};
  std::mutex mutex_;  // guards the pointer, so that whoever ends it ends one that is there
  natsSubscription* subscription_ = nullptr;
  std::thread thread_;
};

}  // namespace kefu::inline v0::nats
