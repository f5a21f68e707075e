// Relay: brings the outbox to one sink, as long as this node holds its lease.
#pragma once

#include <kefu/core/back_off.hpp>
#include <kefu/event_sink.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::hub {

class Shard;

class Relay {
 public:
  Relay(Shard& shard, std::string name, std::unique_ptr<EventSink> sink);

  void on_tick(Instant now);

 private:
  void hold();
  void read();
  void deliver();
  void advance();
  void pause();

  Shard& shard_;
  const std::string name_;
  std::unique_ptr<EventSink> sink_;
  std::uint64_t position_ = 0;
  std::vector<Event> events_;  // being delivered
  core::BackOff back_off_;
  Instant next_;      // nothing before this
  Instant renew_at_;  // the lease
  bool busy_ = false;
};

}  // namespace kefu::hub
