#include "relay.hpp"

#include <utility>

#include "shard.hpp"

namespace kefu::hub {

Relay::Relay(Shard& shard, std::string name, std::unique_ptr<EventSink> sink)
    : shard_(shard),
      name_(std::move(name)),
      sink_(std::move(sink)),
      back_off_(shard.bounds().sink_retry, shard.bounds().sink_retry_limit,
                shard.mint_session().lo) {}

void Relay::on_tick(Instant now) {
  if (busy_ || now < next_) return;
  busy_ = true;
  now >= renew_at_ ? hold() : read();
}

/// Later, with whatever comes then.
void Relay::pause() {
  next_ = shard_.executor().now() + back_off_.next();
  events_.clear();
  busy_ = false;
}

void Relay::hold() {
  const Nanoseconds lease = shard_.bounds().node_lease;
  shard_.desk().run(
      core::HoldSink{name_, shard_.context().node, lease},
      [this, lease](const core::transaction_effect::Ended& ended, core::WorkingSet& records) {
        const SinkCursor* const cursor = ended.code == errc::ok ? records.sink(name_) : nullptr;
        if (!cursor) {  // another node has it
          next_ = shard_.executor().now() + lease / 3;
          busy_ = false;
          return;
        }
        position_ = cursor->position;
        renew_at_ = shard_.executor().now() + lease / 3;
        read();
      });
}

void Relay::read() {
  shard_.context().store.events(
      position_, shard_.bounds().sink_batch,
      shard_.here<result<std::vector<Event>>>([this](result<std::vector<Event>> events) {
        if (!events) return pause();
        events_ = *std::move(events);
        if (!events_.empty()) return deliver();
        busy_ = false;
      }));
}

void Relay::deliver() {
  sink_->deliver(events_, shard_.here<errc>([this](errc code) {
    if (code != errc::ok) return pause();
    back_off_.reset();
    advance();
  }));
}

/// What could not be noted is delivered again.
void Relay::advance() {
  const std::uint64_t position = events_.back().position;
  shard_.desk().run(
      core::AdvanceSink{name_, shard_.context().node, position},
      [this, position](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (ended.rule == Rule::lease) renew_at_ = {};
        if (ended.code != errc::ok) return pause();
        position_ = position;
        if (shard_.executor().now() >= renew_at_) return hold();
        read();
      });
}

}  // namespace kefu::hub
