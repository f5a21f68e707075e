// Relay: brings the outbox to one sink, as long as this node holds its lease. What is delivered
// when is decided by core/sink_lanes.hpp.
#pragma once

#include <kefu/core/sink_lanes.hpp>
#include <kefu/event_sink.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace kefu::inline v0::hub {

class Shard;

class Relay {
 public:
  Relay(Shard& shard, std::string name, std::unique_ptr<EventSink> sink, SinkOptions options);

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  void on_tick(Instant now);
  /// After something got lost for want of memory, which may be an answer: it begins anew.
  void recover();
  /// See Hub::replay().
  void replay(Completion<result<Replayed>> done);

 private:
  /// A replay under way: the dead letters of a page, the next one last.
  struct Replay;
  using ReplayPtr = std::shared_ptr<Replay>;

  void hold();
  void begin(const SinkCursor& cursor, bool renewed);
  void serve();
  void read_marks();
  void read_marks(std::uint64_t reading, std::string after);
  template <class Call>
  void change(Call call);
  void settled();
  void pump();
  void read();
  void deliver(core::SinkLanes::Job job);
  void send(std::uint64_t token, std::shared_ptr<const EventBatch> batch);
  void settle(std::uint64_t token, errc code);
  void read_again(std::uint64_t token, std::shared_ptr<EventBatch> batch, std::size_t from);
  void read_entry(ConversationId conversation, Log log, std::uint64_t seq,
                  Completion<result<std::optional<Entry>>> done);
  void bury(core::SinkLanes::Job job);
  void note();
  [[nodiscard]] Instant now() const;

  void scan_dead(std::string after, Completion<result<std::vector<DeadLetter>>, std::string> done);
  void go_on(const ReplayPtr& replay);
  void send(const ReplayPtr& replay, const DeadLetter& letter);
  void keep(const ReplayPtr& replay, const DeadLetter& letter);
  void forget(const ReplayPtr& replay, const DeadLetter& letter);

  Shard& shard_;
  const std::string name_;
  std::unique_ptr<EventSink> sink_;
  const bool may_give_up_;
  core::SinkLanes lanes_;
  core::BackOff store_pause_;  // when the store fails
  Instant next_hold_;          // the lease is asked for then
  Instant held_until_;
  Instant next_read_;
  bool serving_ = false;   // this node has the lease, and the lanes are where the cursor was
  bool starting_ = false;  // this node has the lease, and will serve once the marks are read
  bool holding_ = false;
  bool reading_ = false;
  bool noting_ = false;
  std::uint64_t marks_reading_ = 0;  // counts how often they were read; only the last goes on
  std::weak_ptr<Replay> replaying_;
};

}  // namespace kefu::inline v0::hub
