#include "nats/listener.hpp"

#include <limits>
#include <string_view>
#include <utility>

namespace kefu::inline v0::nats {
namespace {

constexpr std::int64_t kLookAgain = 10'000;  // ms; nothing depends on it

struct FreeMessage {
  void operator()(natsMsg* one) const noexcept { natsMsg_Destroy(one); }
};

}  // namespace

Listener::Listener(std::shared_ptr<Engine> engine, std::string topic, std::string subject,
                   kefu::Bus::Handler handler, void* context)
    : engine_(std::move(engine)),
      topic_(std::move(topic)),
      subject_(std::move(subject)),
      handler_(handler),
      context_(context) {
  thread_ = std::thread([this] { run(); });
}

Listener::~Listener() {
  over_ = true;
  engine_->wake();
  {
    const std::scoped_lock lock(mutex_);
    if (subscription_) natsSubscription_Unsubscribe(subscription_);
  }
  thread_.join();
}

void Listener::run() {
  while (const Link link = engine_->wait(over_)) {
    listen(*link);
    if (!over_) engine_->lost(link);
  }
}

bool Listener::keep(natsSubscription* made) {
  const std::scoped_lock lock(mutex_);
  subscription_ = made;
  return !over_;
}

void Listener::listen(Connection& link) {
  natsSubscription* made = nullptr;
  if (natsConnection_SubscribeSync(&made, link.get(), subject_.c_str()) != NATS_OK) return;
  // The bytes are the bound.
  natsSubscription_SetPendingLimits(made, std::numeric_limits<int>::max(),
                                    static_cast<int>(engine_->options().buffer));
  if (keep(made)) hand_out(made);
  keep(nullptr);
  natsSubscription_Unsubscribe(made);
  link.free(made, engine_->options().timeout);
}

void Listener::hand_out(natsSubscription* from) {
  std::int64_t dropped = 0;
  while (!over_) {
    natsMsg* next = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&next, from, kLookAgain);
    const std::unique_ptr<natsMsg, FreeMessage> message(next);
    std::int64_t known = 0;
    if (natsSubscription_GetDropped(from, &known) == NATS_OK && known > dropped)
      engine_->count_dropped(static_cast<std::uint64_t>(known - std::exchange(dropped, known)));
    if (status == NATS_TIMEOUT || status == NATS_SLOW_CONSUMER) continue;
    if (status != NATS_OK) return;
    if (over_) return;
    engine_->count_received();
    handler_(context_, topic_,
             std::string_view(natsMsg_GetData(next),
                              static_cast<std::size_t>(natsMsg_GetDataLength(next))));
  }
}

}  // namespace kefu::inline v0::nats
