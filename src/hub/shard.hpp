// Shard: one executor's share of the hub. It owns the sessions whose connections live on its loop
// and the conversations whose home it is, gathers what a turn of the loop produces, and hands it on
// once.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <kefu/core/ack_run.hpp>
#include <kefu/hub.hpp>
#include <kefu/wire/codec.hpp>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acts.hpp"
#include "allowance.hpp"
#include "attendance.hpp"
#include "bans.hpp"
#include "desk.hpp"
#include "desk_rules.hpp"
#include "dispatch.hpp"
#include "home.hpp"
#include "mail.hpp"
#include "session.hpp"
#include "slot_index.hpp"

namespace kefu::inline v0::hub {

class Shard;

/// What all shards share. Constant after set-up, but for the flag that says whether the hub still
/// exists.
struct Context {
  Store& store;
  kefu::limits limits;
  const Clock& clock;
  Logger* logger;
  Bus* bus;                          // null: there is no other node
  Callback<std::uint64_t()> random;  // may be empty
  Acts acts;                         // before the authenticator, which may use it
  DeskRules desk;
  std::string node;  // of this process, in the records
  std::unique_ptr<Authenticator> authenticator;
  std::vector<std::unique_ptr<Policy>> policies;  // in the order in which they are asked
  Allowances participants;                        // before the shards, whose sessions hold of them
  Allowances addresses;
  std::vector<std::unique_ptr<Shard>> shards;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // read on the shards' executors only
  // How often something got lost for want of memory. Shared with completions, like `alive`.
  std::shared_ptr<std::atomic<std::uint32_t>> damage =
      std::make_shared<std::atomic<std::uint32_t>>(0);

  [[nodiscard]] std::size_t home_of(ConversationId id) const {
    return std::hash<ConversationId>()(id) % shards.size();
  }
};

class Shard {
 public:
  Shard(Context& context, std::uint8_t index, Executor& executor);

  /// Starts the shard's clockwork; once, before the first connection.
  void start();

  /// See Hub::drain(). Once.
  void drain(Instant deadline, Completion<> done);

  Inbound& accept(Connection& connection);

  /// The session, or null when it has gone.
  [[nodiscard]] Session* find(SessionRef ref);

  /// Forgets a session, which destroys it.
  void release(SessionRef ref);

  /// The session now holds `id`; and holds it no longer.
  void enrol(Session& session);
  void discharge(Session& session);

  /// Gives a value to the shard with that index: at once when it is this one, else at the end of
  /// the turn.
  template <class T>
  void send(std::size_t to, T mail) {
    if (to == index_) return take(mail);
    outbox_[to].push_back(std::move(mail));
    flush_soon();
  }
  template <class T>
  void tell_all(const T& value) {
    for (std::size_t to = 0; to < context_.shards.size(); ++to) send(to, value);
  }
  /// The same for deliveries, which are moved out of `items`; its memory stays with the caller.
  void send_deliveries(std::size_t to, std::vector<Delivery>& items);
  template <class T>
  void send_home(ConversationId id, T mail) {
    send(context_.home_of(id), std::move(mail));
  }

  /// Adds a draft to the batch for its conversation's home. False: too many are pending.
  [[nodiscard]] bool submit(const Draft& draft);

  /// Store::commit; when its effect is unknown, readers of the logs look for its entries.
  void commit(Commit commit, Completion<result<Committed>> done);

  /// What was gathered is handed on at the end of this turn.
  void flush_soon();

  /// Whether so many drafts wait for the store that whoever sends should not be read.
  [[nodiscard]] bool is_congested() const noexcept {
    return unanswered_ >= bounds().pending_drafts / 2 ||
           unanswered_bytes_ >= bounds().pending_bytes / 2;
  }
  /// The session is not read until that is over.
  void resume_later(SessionRef ref) { paused_.push_back(ref); }

  /// A session's acks of this turn, which are flushed at its end. `number` is the session's to
  /// keep.
  [[nodiscard]] core::AckRun& ack_run(std::uint32_t& number, SessionRef of);
  [[nodiscard]] core::AckRun* find_ack_run(std::uint32_t number, SessionRef of) noexcept {
    const bool known = number < ack_runs_.size() && ack_runs_[number].of == of;
    return known ? &ack_runs_[number].acks : nullptr;
  }

  /// A completion that runs `f` on this shard, unless the hub is gone by then.
  template <class... Args, class F>
  [[nodiscard]] Completion<Args...> here(F f) {
    return [alive = context_.alive, this, executor = &executor_, damage = context_.damage,
            f = std::move(f)](Args... args) mutable {
      try {
        executor->post([alive = std::move(alive), this, f = std::move(f),
                        ... args = std::move(args)]() mutable {
          if (*alive) attend([&] { f(std::move(args)...); });
        });
      } catch (const std::bad_alloc&) {  // the caller is a store or an authenticator
        damage->fetch_add(1, std::memory_order_relaxed);
      }
    };
  }

  /// Calls something that serves several sessions. Where memory ends, what was under way is lost,
  /// and the next tick mends it: see recover().
  template <class Call>
  void attend(Call&& call) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      context_.damage->fetch_add(1, std::memory_order_relaxed);
    }
  }

  [[nodiscard]] std::unique_ptr<AppendBatch> take_batch();
  void give_back(std::unique_ptr<AppendBatch> batch);

  [[nodiscard]] SharedFrame encode(const ServerFrame& frame);
  template <class Frame>
  [[nodiscard]] SharedFrame encode_body(const Frame& frame) {
    scratch_.clear();
    wire::encode(frame, scratch_);
    return frames_.copy(scratch_);
  }

  [[nodiscard]] SharedFrame copy(std::string_view encoded) { return frames_.copy(encoded); }

  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const kefu::limits& bounds() const noexcept { return context_.limits; }
  [[nodiscard]] Executor& executor() noexcept { return executor_; }
  /// The executor's time, looked up once in a turn that has work: messages come by the dozen.
  [[nodiscard]] Instant turn_time() {
    if (!flush_scheduled_) turn_time_ = executor_.now();
    return turn_time_;
  }
  [[nodiscard]] wire::Decoder& decoder() noexcept { return decoder_; }
  /// Of the frame that is being served.
  [[nodiscard]] std::string_view& frame_ref() noexcept { return frame_ref_; }
  [[nodiscard]] Home& home() noexcept { return home_; }
  [[nodiscard]] Desk& desk() noexcept { return desk_; }
  /// Of the first shard alone.
  [[nodiscard]] Dispatch& dispatch() noexcept { return *dispatch_; }
  [[nodiscard]] Attendance& attendance() noexcept { return attendance_; }
  [[nodiscard]] const BanSet& bans() const noexcept { return *bans_; }
  /// Tells the session of all agents who are there, as far as this node knows.
  void seat_soon(SessionRef ref);
  /// Tells the agent's sessions here what the record says.
  void tell(const Agent& agent, std::uint64_t version);
  [[nodiscard]] const FrameCosts& frame_costs() const noexcept { return frame_costs_; }
  [[nodiscard]] HubStats& counters() noexcept { return counters_; }
  [[nodiscard]] HubStats stats() const;
  /// Of attached sessions: the one with that id, and the participant's.
  [[nodiscard]] std::optional<SessionView> view(SessionId id);
  void view(std::string_view participant, std::vector<SessionView>& out);
  [[nodiscard]] SessionId mint_session() { return mint<SessionId>(); }
  template <class AnyId>
  [[nodiscard]] AnyId mint() {
    const auto ms = static_cast<std::uint64_t>(context_.store.now().ns / 1'000'000);
    const std::uint64_t a = random_word();
    return make_uuid_v7<AnyId>(ms, a, random_word());
  }
  /// After how long a client that is sent away should come back: another time for each.
  [[nodiscard]] Nanoseconds reconnect_delay();
  void log(LogLevel level, std::string_view message) const;

 private:
  static constexpr std::uint32_t kNotStaff = 0xffff'ffff;  // nor enrolled
  struct Slot {
    std::unique_ptr<Session> session;
    std::uint32_t use = 0;
    std::uint32_t staff_at = kNotStaff;  // in staff_
  };
  struct AckRunOf {
    SessionRef of;
    core::AckRun acks;
  };

  void take(mail::Join& join) { home_.join(std::move(join)); }
  void take(mail::Leave& leave) { home_.leave(leave); }
  void take(mail::Submit& submit) { home_.submit(std::move(submit.batch)); }
  void take(mail::Changed& changed) { home_.changed(std::move(changed)); }
  void take(mail::Unsure& unsure) { home_.on_tails({unsure.tail}); }
  void take(mail::Cursor& cursor) { home_.cursor(cursor); }
  void take(mail::Recheck& recheck) { home_.recheck(recheck.conversation); }
  void take(mail::Place& place) { home_.place(place); }
  void take(mail::Signal& signal) { home_.signal(signal); }
  void take(mail::Joined& joined);
  void take(mail::Deliveries& deliveries) { deliver(deliveries.items); }
  void take(mail::Removed& removed);
  void take(mail::Wake& wake);
  void take(mail::Queued& queued);
  void take(mail::Dequeued& dequeued);
  void take(mail::Listed& listed);
  void take(mail::Fence& fence);
  void take(const mail::Seated& seated) {
    if (seated.at != index_) attendance_.hand_over(seated.who, seated.session, seated.epoch);
  }
  void take(mail::Enlist& enlist);
  void take(mail::Expect& expect);
  void take(mail::Offer& offer);
  void take(mail::OfferGone& gone);
  void take(mail::Missed& missed);
  void take(mail::AgentChanged& changed);
  void take(mail::Agents& agents);
  void take(mail::Bans& bans);
  void take(mail::Leased& leased);

  [[nodiscard]] std::vector<SharedFrame> encode_agents(const std::vector<AgentState>& states);
  void seat_some();
  void stop(SessionRef ref);
  void flush();
  void deliver(std::vector<Delivery>& items);
  void settle(const Delivery& outcome) noexcept;
  void resume_paused();
  /// All sessions of a participant that are held here.
  template <class F>
  void for_each_of(std::string_view participant, F call);
  template <class F>
  void for_attached_staff(F call);
  [[nodiscard]] std::uint64_t random_word();
  void drained();
  void arm_tick();
  void tick();
  void recover();
  void renew();
  void renew_from(std::size_t slot);
  void expire();

  Context& context_;
  const FrameCosts frame_costs_;
  const std::uint8_t index_;
  Executor& executor_;
  wire::Decoder decoder_;
  std::string_view frame_ref_;
  FramePool frames_;
  std::string scratch_;
  Home home_;
  Desk desk_;
  Attendance attendance_;
  std::unique_ptr<Dispatch> dispatch_;   // of the first shard
  std::unique_ptr<BanWatch> ban_watch_;  // of the first shard
  std::shared_ptr<const BanSet> bans_ = std::make_shared<const BanSet>();
  std::vector<SharedFrame> agents_;   // which tell of all who are there
  std::deque<SessionRef> newcomers_;  // who are to be seated

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  SlotIndex by_id_;           // of the sessions that are held
  SlotIndex by_participant_;  // the same
  std::vector<SessionRef> staff_;

  std::vector<std::unique_ptr<AppendBatch>> batches_;  // one for each home shard, null when empty
  std::vector<std::unique_ptr<AppendBatch>> spare_;
  std::vector<std::vector<Mail>> outbox_;  // one for each other shard
  std::vector<AckRunOf> ack_runs_;         // of this turn
  std::vector<SessionRef> paused_;         // for want of a store that answers
  bool flush_scheduled_ = false;
  Instant turn_time_;
  std::size_t unanswered_ = 0;  // drafts of this shard's sessions without an outcome
  std::size_t unanswered_bytes_ = 0;

  Instant next_renew_;
  Instant next_expire_;
  bool renewing_ = false;
  bool draining_ = false;
  bool tick_armed_ = false;
  bool lost_mail_ = false;
  std::uint32_t damage_seen_ = 0;
  Completion<> on_drained_;  // while draining
  HubStats counters_;
  std::random_device device_;  // of ids, which nobody may guess; made once, for that costs a file
};

}  // namespace kefu::inline v0::hub
