// Connection: one of cnats, with the subscriptions that may not be freed before it.
#pragma once

#include <nats/nats.h>

#include <kefu/model/time.hpp>
#include <memory>
#include <mutex>
#include <vector>

namespace kefu::inline v0::nats {

class Connection {
 public:
  explicit Connection(natsConnection* made) : connection_(made) {}
  /// Nobody closes it any more, so cnats's thread that reads has ended, or will do nothing with a
  /// subscription.
  ~Connection() {
    natsConnection_Close(connection_);
    for (natsSubscription* const one : ended_) natsSubscription_Destroy(one);
    natsConnection_Destroy(connection_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] natsConnection* get() const { return connection_; }

  /// Frees a subscription that has ended. The thread that reads takes one out of its table and then
  /// locks it, without a hold on it (cnats 3.4): it is past that when it has seen an answer to what
  /// was asked after the end. Without one the subscription is kept.
  void free(natsSubscription* subscription, Nanoseconds patience) {
    if (natsConnection_FlushTimeout(connection_, patience.count() / 1'000'000 + 1) == NATS_OK)
      return natsSubscription_Destroy(subscription);
    const std::scoped_lock lock(mutex_);
    ended_.push_back(subscription);
  }

 private:
  natsConnection* const connection_;
  std::mutex mutex_;
  std::vector<natsSubscription*> ended_;
};

using Link = std::shared_ptr<Connection>;

}  // namespace kefu::inline v0::nats
