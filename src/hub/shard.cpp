#include "shard.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "prefetch.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr Nanoseconds kTick{250'000'000};
constexpr std::size_t kSeatedInTick = 128;
constexpr Nanoseconds kExpireEvery{60'000'000'000};
constexpr std::size_t kExpireAtOnce = 1000;
constexpr std::size_t kSpareBatches = 8;
constexpr std::size_t kAhead = 3;  // deliveries whose sessions are fetched before their turn
constexpr std::size_t kRenewAtOnce = 1024;
constexpr std::size_t kAgentsInFrame = 200;
constexpr std::size_t kAskedForQuality = 1000;  // connections, for one reading of the figures

std::size_t hash_of(std::string_view participant) {
  return std::hash<std::string_view>()(participant);
}
std::size_t hash_of(SessionId id) { return std::hash<SessionId>()(id); }

}  // namespace

Shard::Shard(Context& context, std::uint8_t index, Executor& executor)
    : context_(context),
      frame_costs_{cost_of_frame(context.limits.frames_per_second),
                   cost_of_frame(context.limits.frames_per_second_of_participant),
                   cost_of_frame(context.limits.frames_per_second_of_address)},
      index_(index),
      executor_(executor),
      decoder_(context.limits),
      home_(*this),
      desk_(*this),
      attendance_(*this) {}

void Shard::start() {
  batches_.resize(context_.shards.size());
  outbox_.resize(context_.shards.size());
  if (index_ == 0) {
    dispatch_ = std::make_unique<Dispatch>(*this);
    ban_watch_ = std::make_unique<BanWatch>(*this);
  }
  // Before the post: an executor that runs already may be at it before this returns.
  tick_armed_ = true;
  executor_.post([this, alive = context_.alive] {
    if (!*alive) return;
    next_renew_ = next_expire_ = executor_.now();
    tick();
  });
}

Inbound& Shard::accept(Connection& connection) {
  if (!tick_armed_) arm_tick();
  if (free_slots_.empty()) {
    // By a quarter, for what is not used is held as well.
    if (slots_.size() == slots_.capacity()) slots_.reserve(slots_.size() + slots_.size() / 4 + 1);
    free_slots_.reserve(slots_.capacity());  // so that giving a slot back allocates nothing
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  Slot& slot = slots_[index];
  if (++slot.use == 0) ++slot.use;
  slot.session = std::make_unique<Session>(*this, SessionRef::make(index_, index, slot.use),
                                           connection, executor_.now());
  free_slots_.pop_back();
  ++counters_.connections;
  if (draining_) {
    executor_.post([this, alive = context_.alive, ref = slot.session->ref()] {
      if (*alive) stop(ref);
    });
  }
  return *slot.session;
}

void Shard::stop(SessionRef ref) {
  if (Session* const session = find(ref)) session->on_stopping();
}

void Shard::drain(Instant deadline, Completion<> done) {
  draining_ = true;
  on_drained_ = std::move(done);
  for (const Slot& slot : slots_) {
    if (slot.session) slot.session->on_stopping();
  }
  if (counters_.connections == 0) return drained();
  executor_.post_at(deadline, [this, alive = context_.alive] {
    if (!*alive || !on_drained_) return;
    for (const Slot& slot : slots_) {
      if (slot.session) slot.session->end(errc::shutting_down);
    }
    drained();
  });
}

void Shard::drained() {
  if (on_drained_) on_drained_();
}

Session* Shard::find(SessionRef ref) {
  if (ref.slot >= slots_.size() || slots_[ref.slot].use != ref.use) return nullptr;
  return slots_[ref.slot].session.get();
}

void Shard::release(SessionRef ref) {
  --counters_.connections;
  slots_[ref.slot].session.reset();
  free_slots_.push_back(ref.slot);
  if (draining_ && counters_.connections == 0) drained();
}

void Shard::enrol(Session& session) {
  by_id_.add(hash_of(session.id()), session.ref().slot);
  by_participant_.add(hash_of(session.who().id()), session.ref().slot);
  if (!session.who().staff()) return;
  staff_.push_back(session.ref());
  slots_[session.ref().slot].staff_at = static_cast<std::uint32_t>(staff_.size() - 1);
}

void Shard::discharge(Session& session) {
  by_id_.remove(hash_of(session.id()), session.ref().slot);
  by_participant_.remove(hash_of(session.who().id()), session.ref().slot);
  std::uint32_t& place = slots_[session.ref().slot].staff_at;
  if (place == kNotStaff) return;
  staff_[place] = staff_.back();
  slots_[staff_.back().slot].staff_at = place;
  staff_.pop_back();
  place = kNotStaff;
}

void Shard::send_deliveries(std::size_t to, std::vector<Delivery>& items) {
  if (to == index_) {
    deliver(items);
    items.clear();
  } else {
    send(to, mail::Deliveries{std::exchange(items, {})});
  }
}

bool Shard::submit(const Draft& draft) {
  if (unanswered_ >= bounds().pending_drafts || unanswered_bytes_ >= bounds().pending_bytes)
    return false;
  const std::size_t home = context_.home_of(draft.conversation);
  std::unique_ptr<AppendBatch>& batch = batches_[home];
  // Between two sessions: what is acknowledged in parts is sent and read in parts from then on.
  if (batch && batch->size() >= bounds().batch_drafts &&
      batch->drafts().back().session != draft.session)
    attend([&] { send(home, mail::Submit{std::move(batch)}); });
  if (!batch) batch = take_batch();
  flush_soon();
  batch->add(draft);
  ++unanswered_;
  unanswered_bytes_ += draft.weight;
  return true;
}

void Shard::commit(Commit commit, Completion<result<Committed>> done) {
  std::vector<Tail> logs;
  for (const Entry& entry : commit.entries)
    logs.push_back({entry.conversation, entry.log, std::numeric_limits<std::uint64_t>::max()});
  context_.store.commit(
      std::move(commit),
      here<result<Committed>>([this, logs = std::move(logs),
                               done = std::move(done)](result<Committed> committed) mutable {
        if (committed.error() == errc::timed_out) {
          for (const Tail& log : logs) send_home(log.conversation, mail::Unsure{log});
        }
        done(std::move(committed));
      }));
}

void Shard::flush_soon() {
  if (flush_scheduled_) return;
  executor_.post([this, alive = context_.alive] {
    if (*alive) flush();
  });
  flush_scheduled_ = true;
}

void Shard::flush() {
  flush_scheduled_ = false;
  if (!tick_armed_) arm_tick();
  attend([&] { home_.submit_released(); });
  for (std::size_t to = 0; to < batches_.size(); ++to) {
    if (batches_[to]) attend([&] { send(to, mail::Submit{std::move(batches_[to])}); });
  }
  for (std::size_t to = 0; to < outbox_.size(); ++to) {
    if (outbox_[to].empty()) continue;
    Shard& other = *context_.shards[to];
    try {
      other.executor_.post(
          [&other, alive = context_.alive, mails = std::exchange(outbox_[to], {})]() mutable {
            if (!*alive) return;
            for (Mail& mail : mails)
              other.attend([&] { std::visit([&](auto& each) { other.take(each); }, mail); });
          });
    } catch (const std::bad_alloc&) {
      lost_mail_ = true;
      context_.damage->fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void Shard::deliver(std::vector<Delivery>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + kAhead < items.size()) prefetch(find(items[i + kAhead].to), sizeof(Session));
    if (Session* const next = i + 1 < items.size() ? find(items[i + 1].to) : nullptr) next->warm();
    Delivery& item = items[i];
    const bool outcome = item.what == Delivery::What::ack || item.what == Delivery::What::failed;
    if (outcome) settle(item);
    Session* const session = find(item.to);
    if (session) session->attend([&] { session->on_delivery(item); });
  }
  for (std::size_t i = 0; i < ack_runs_.size(); ++i) {
    Session* const session = find(ack_runs_[i].of);
    if (session) session->attend([&] { session->flush_ack(); });
  }
  ack_runs_.clear();
  const bool relieved =
      unanswered_ <= bounds().pending_drafts / 4 && unanswered_bytes_ <= bounds().pending_bytes / 4;
  if (!paused_.empty() && relieved) resume_paused();
}

/// After a loss of memory outcomes may come of drafts that are counted no more.
void Shard::settle(const Delivery& outcome) noexcept {
  if (unanswered_ != 0) --unanswered_;
  unanswered_bytes_ -= std::min<std::size_t>(unanswered_bytes_, outcome.weight);
}

core::AckRun& Shard::ack_run(std::uint32_t& number, SessionRef of) {
  if (core::AckRun* const known = find_ack_run(number, of)) return *known;
  ack_runs_.push_back({of, {}});
  number = static_cast<std::uint32_t>(ack_runs_.size() - 1);
  return ack_runs_.back().acks;
}

void Shard::resume_paused() {
  for (const SessionRef& ref : std::exchange(paused_, {})) {
    if (Session* const session = find(ref)) session->resume();
  }
}

void Shard::take(mail::Joined& joined) {
  if (Session* const session = find(joined.who)) session->on_joined(joined.conversation);
}

void Shard::take(mail::Fence& fence) {
  by_id_.for_each(hash_of(fence.session), [&](std::uint32_t slot) {
    Session& session = *slots_[slot].session;
    if (session.id() == fence.session && session.epoch() < fence.epoch)
      session.end(errc::superseded);
  });
}

void Shard::take(mail::Enlist& enlist) {
  for_each_of(enlist.participant, [&](Session& session) { session.enlist(enlist.conversation); });
}

void Shard::take(mail::Expect& expect) {
  for_each_of(expect.participant, [&](Session& session) { session.expect(expect.conversation); });
}

template <class F>
void Shard::for_each_of(std::string_view participant, F call) {
  by_participant_.for_each(hash_of(participant), [&](std::uint32_t slot) {
    Session& session = *slots_[slot].session;
    if (session.who().id() == participant) call(session);
  });
}

template <class F>
void Shard::for_attached_staff(F call) {
  for (const SessionRef& ref : staff_) {
    Session* const session = find(ref);
    if (session && session->attached()) call(*session);
  }
}

void Shard::take(mail::Removed& removed) {
  if (Session* const session = find(removed.who)) session->on_removed(removed.conversation);
}

void Shard::take(mail::Wake& wake) {
  wake.department ? dispatch_->wake(*wake.department) : dispatch_->wake_all();
}

void Shard::take(mail::Queued& queued) { dispatch_->queued(std::move(queued.conversation)); }

void Shard::take(mail::Dequeued& dequeued) {
  dispatch_->dequeued(dequeued.conversation, dequeued.assignment);
}

void Shard::take(mail::Listed& listed) { dispatch_->listed(listed.waiting); }

void Shard::take(mail::Offer& offer) {
  for_attached_staff([&](Session& session) { session.on_waiting(offer.conversation); });
}

void Shard::take(mail::OfferGone& gone) {
  for_attached_staff([&](Session& session) { session.withdraw_offer(gone.conversation); });
}

/// They need not read it here: another node may have opened it for another device of theirs.
void Shard::take(mail::Missed& missed) {
  bool here = false;
  for_each_of(missed.visitor, [&](const Session& session) {
    here = here || (session.attached() && !session.who().staff());
  });
  if (!here) return;
  desk_.run(core::VisitorBack{missed.conversation},
            [](const core::transaction_effect::Ended&, core::WorkingSet&) {});
}

void Shard::tell(const Agent& agent, std::uint64_t version) {
  mail::AgentChanged changed{std::make_shared<AgentNews>(AgentNews{agent, version, {}})};
  take(changed);
}

void Shard::take(mail::AgentChanged& changed) {
  for_each_of(changed.news->record.id, [&](Session& session) { session.on_agent(changed.news); });
}

/// At the next tick, and so many in each: when thousands come at once, all of them read their
/// conversations before anybody is told of colleagues.
void Shard::seat_soon(SessionRef ref) { newcomers_.push_back(ref); }

void Shard::seat_some() {
  for (std::size_t seated = 0; seated < kSeatedInTick && !newcomers_.empty();) {
    Session* const session = find(newcomers_.front());
    newcomers_.pop_front();
    if (!session) continue;
    ++seated;
    session->attend([&] { session->tell_agents(agents_); });
  }
}

void Shard::take(mail::Agents& agents) {
  agents_ = encode_agents(*agents.all);
  const std::vector<SharedFrame> changed = encode_agents(*agents.changed);
  for_attached_staff([&](Session& session) { session.tell_agents(changed); });
}

/// Encoded once for everybody.
std::vector<SharedFrame> Shard::encode_agents(const std::vector<AgentState>& states) {
  std::vector<SharedFrame> frames;
  for (std::size_t first = 0; first < states.size(); first += kAgentsInFrame) {
    frame::Agents frame;
    for (std::size_t i = first; i < std::min(states.size(), first + kAgentsInFrame); ++i) {
      const AgentState& one = states[i];
      frame.agents.push_back({one.id, one.intent, one.present, one.capacity, one.load});
    }
    frames.push_back(encode({{}, std::move(frame)}));
  }
  return frames;
}

void Shard::take(mail::Bans& bans) {
  if (bans.all->version() <= bans_->version()) return;
  bans_ = bans.all;
  for (const Slot& slot : slots_) {
    Session* const session = slot.session.get();
    if (session) session->attend([&] { session->on_bans(); });
  }
}

void Shard::take(mail::Leased&) { attendance_.on_tick(executor_.now()); }

void Shard::arm_tick() {
  tick_armed_ = false;
  try {
    executor_.post_at(executor_.now() + kTick, [this, alive = context_.alive] {
      if (*alive) tick();
    });
    tick_armed_ = true;
  } catch (const std::bad_alloc&) {  // the next connection or flush tries again
  }
}

void Shard::tick() {
  arm_tick();
  const Instant now = executor_.now();
  const Timestamp wall = context_.clock.now();
  for (const Slot& slot : slots_) {
    Session* const session = slot.session.get();
    if (session) session->attend([&] { session->on_tick(now, wall); });
  }
  frames_.age();
  attend([&] {
    seat_some();
    home_.on_tick(now);
    attendance_.on_tick(now);
    desk_.on_tick();
    if (dispatch_) dispatch_->on_tick(now);
    if (ban_watch_) ban_watch_->on_tick(now);
    if (index_ == 0) context_.acts.on_tick(now);
    if (now >= next_renew_ && !renewing_) renew();
    if (index_ == 0 && now >= next_expire_) expire();
    recover();
  });
}

/// After something got lost for want of memory, on any shard: whoever waits for an answer may wait
/// for that one, so they come back and ask again; and every reader looks what its log has.
void Shard::recover() {
  const std::uint32_t damage = context_.damage->load(std::memory_order_relaxed);
  if (damage == damage_seen_) return;
  const bool all = std::exchange(lost_mail_, false);
  for (const Slot& slot : slots_) {
    if (slot.session && (all || slot.session->awaits_something())) slot.session->give_up();
  }
  unanswered_ = 0;
  unanswered_bytes_ = 0;
  resume_paused();
  renewing_ = false;
  ack_runs_.clear();
  home_.recover();
  attendance_.recover();
  if (dispatch_) dispatch_->recover();
  flush_soon();
  damage_seen_ = damage;
  log(LogLevel::warning, "out of memory: sessions that waited for an answer were closed");
}

/// Keeps the sessions of this shard from expiring, and ends those that another node has taken over.
void Shard::renew() {
  next_renew_ = executor_.now() + bounds().fence_check / 2;
  renew_from(0);
}

void Shard::renew_from(std::size_t slot) {
  std::vector<SessionLease> leases;
  std::vector<SessionRef> refs;
  const std::size_t most = std::min(by_id_.size(), kRenewAtOnce);
  leases.reserve(most);
  refs.reserve(most);
  for (; slot < slots_.size() && leases.size() < kRenewAtOnce; ++slot) {
    const Session* const session = slots_[slot].session.get();
    if (!session || !session->holds_session()) continue;
    leases.push_back({session->id(), session->epoch()});
    refs.push_back(session->ref());
  }
  renewing_ = false;
  if (leases.empty()) return;
  context_.store.renew(
      std::move(leases), here<result<std::vector<errc>>>([this, slot, refs = std::move(refs)](
                                                             result<std::vector<errc>> states) {
        renewing_ = false;
        if (!states)
          return;  // the next round asks again; until then every append is checked by the store
        for (std::size_t i = 0; i < refs.size() && i < states->size(); ++i) {
          Session* const session = find(refs[i]);
          if (!session || (*states)[i] == errc::ok) continue;
          session->end((*states)[i] == errc::fenced ? errc::superseded : errc::session_expired);
        }
        renew_from(slot);
      }));
  renewing_ = true;  // its answer is posted, so it has not come yet
}

void Shard::expire() {
  next_expire_ = executor_.now() + kExpireEvery;
  context_.store.expire(
      bounds().session_ttl, kExpireAtOnce,
      here<result<std::vector<SessionId>>>([this](result<std::vector<SessionId>> expired) {
        if (expired && expired->size() == kExpireAtOnce) next_expire_ = executor_.now();
      }));
}

std::unique_ptr<AppendBatch> Shard::take_batch() {
  if (spare_.empty()) return std::make_unique<AppendBatch>();
  std::unique_ptr<AppendBatch> batch = std::move(spare_.back());
  spare_.pop_back();
  return batch;
}

void Shard::give_back(std::unique_ptr<AppendBatch> batch) {
  if (spare_.size() >= kSpareBatches) return;
  batch->clear();
  spare_.push_back(std::move(batch));
}

SharedFrame Shard::encode(const ServerFrame& frame) { return encode_body(frame); }

HubStats Shard::stats() const {
  HubStats stats = counters_;
  stats.sessions = by_id_.size();
  stats.conversations = home_.live();
  stats.pending_drafts = unanswered_;
  stats.pending_bytes = unanswered_bytes_;
  stats.unmended = context_.damage->load(std::memory_order_relaxed) - damage_seen_;
  // Each is a system call, and this is on the loop: where they are many, some speak for all.
  const std::size_t step = slots_.size() / kAskedForQuality + 1;
  for (std::size_t i = 0; i < slots_.size(); i += step) {
    const Session* const session = slots_[i].session.get();
    const auto quality = session ? session->quality() : std::nullopt;
    if (!quality) continue;
    const auto ms = std::chrono::duration_cast<Milliseconds>(quality->round_trip);
    stats.round_trip.add(static_cast<std::uint64_t>(ms.count()));
    stats.retransmits += quality->retransmits;
  }
  return stats;
}

std::optional<SessionView> Shard::view(SessionId id) {
  std::optional<SessionView> found;
  by_id_.for_each(hash_of(id), [&](std::uint32_t slot) {
    const Session& session = *slots_[slot].session;
    if (session.id() == id && session.attached()) found = session.view();
  });
  return found;
}

void Shard::view(std::string_view participant, std::vector<SessionView>& out) {
  for_each_of(participant, [&](const Session& session) {
    if (session.attached()) out.push_back(session.view());
  });
}

Nanoseconds Shard::reconnect_delay() {
  const auto spread = static_cast<std::uint64_t>(bounds().reconnect_spread.count());
  const std::uint64_t part = spread == 0 ? 0 : random_word() % spread;
  return bounds().reconnect_after + Nanoseconds{static_cast<std::int64_t>(part)};
}

std::uint64_t Shard::random_word() {
  if (context_.random) return context_.random();
  const std::uint64_t high = device_();
  return high << 32 | device_();
}

void Shard::log(LogLevel level, std::string_view message) const {
  if (context_.logger) context_.logger->log(level, message);
}

}  // namespace kefu::inline v0::hub
