#include "relay.hpp"

#include <fmt/format.h>
#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

core::SinkTerms terms_of(const SinkOptions& options, const kefu::limits& bounds) {
  core::SinkTerms terms;
  terms.by_conversation = options.by_conversation;
  terms.batch = options.batch != 0 ? options.batch : bounds.sink_batch;
  terms.window = options.by_conversation ? bounds.sink_window : terms.batch;
  terms.parallel = options.parallel;
  terms.attempts = options.attempts;
  terms.age = options.age;
  terms.retry = bounds.sink_retry;
  terms.retry_limit = bounds.sink_retry_limit;
  terms.dead_marks = bounds.sink_dead_marks;
  return terms;
}

}  // namespace

Relay::Relay(Shard& shard, std::string name, std::unique_ptr<EventSink> sink, SinkOptions options)
    : shard_(shard),
      name_(std::move(name)),
      sink_(std::move(sink)),
      may_give_up_(options.attempts != 0 || options.age.count() != 0),
      lanes_(terms_of(options, shard.bounds()), shard.mint_session().lo),
      store_pause_(shard.bounds().sink_retry, shard.bounds().sink_retry_limit,
                   shard.mint_session().lo) {}

Instant Relay::now() const { return shard_.executor().now(); }

void Relay::on_tick(Instant now) {
  if (now >= next_hold_ && !holding_) hold();
  pump();
}

/// An earlier delivery may still be under way; what it was comes again, as nobody can tell whether
/// its answer will.
void Relay::recover() {
  serving_ = starting_ = holding_ = reading_ = noting_ = false;
  lanes_.start({});
  next_hold_ = now();
}

// ---- the lease

void Relay::hold() {
  holding_ = true;
  const Nanoseconds lease = shard_.bounds().node_lease;
  next_hold_ = now() + lease / 3;
  const Instant until = now() + lease;
  const bool renews = (serving_ || starting_) && now() < held_until_;
  shard_.desk().run(core::HoldSink{name_, shard_.context().node, lease},
                    [this, until, renews](const core::transaction_effect::Ended& ended,
                                          core::WorkingSet& records) {
                      holding_ = false;
                      const SinkCursor* const cursor =
                          ended.code == errc::ok ? records.sink(name_) : nullptr;
                      if (cursor) {
                        held_until_ = until;
                        return begin(*cursor, renews && (serving_ || starting_));
                      }
                      // Another node has it, or nobody can tell.
                      if (ended.rule == Rule::lease) serving_ = starting_ = false;
                    });
}

void Relay::begin(const SinkCursor& cursor, bool renewed) {
  if (renewed) return pump();
  serving_ = starting_ = false;
  if (lanes_.busy()) return;  // from before the lease was lost: settled() asks for it again
  lanes_.start(cursor);
  starting_ = true;
  if (may_give_up_) return read_marks();
  serve();
}

void Relay::serve() {
  if (!std::exchange(starting_, false)) return;
  serving_ = true;
  pump();
}

/// Which conversations have dead letters.
void Relay::read_marks() {
  lanes_.begin_marks();
  read_marks(++marks_reading_, {});
}

void Relay::read_marks(std::uint64_t reading, std::string after) {
  scan_dead(std::move(after),
            [this, reading](result<std::vector<DeadLetter>> letters, std::string next) {
              if (reading != marks_reading_) return;
              if (!letters) {
                if (std::exchange(starting_, false)) next_hold_ = now() + store_pause_.next();
                return;
              }
              for (const DeadLetter& letter : *letters) lanes_.mark(letter.conversation);
              if (!next.empty()) return read_marks(reading, std::move(next));
              lanes_.end_marks();
              serve();
            });
}

// ---- delivering

/// Calls what changes the lanes. Where memory ends in it they may have lost something: nothing more
/// is delivered or noted until they have begun anew where the cursor is, see recover().
template <class Call>
void Relay::change(Call call) {
  try {
    call();
  } catch (const std::bad_alloc&) {
    serving_ = false;
    throw;
  }
}

void Relay::pump() {
  if (!serving_ || now() >= held_until_) return;
  change([this] {
    while (std::optional<core::SinkLanes::Job> job = lanes_.next(now()))
      job->bury ? bury(*std::move(job)) : deliver(*std::move(job));
    if (!noting_) note();
    if (!reading_ && now() >= next_read_ && lanes_.room() > 0) read();
  });
}

/// What the answer to a job leads to.
void Relay::settled() {
  if (!serving_ && !starting_ && !lanes_.busy()) next_hold_ = now();
  pump();
}

void Relay::read() {
  reading_ = true;
  const std::uint64_t after = lanes_.read_from();
  const std::size_t size = std::min(lanes_.room(), shard_.bounds().sink_batch);
  shard_.context().store.events(
      after, size,
      shard_.here<result<std::vector<Event>>>([this, after](result<std::vector<Event>> events) {
        reading_ = false;
        if (!events) {
          next_read_ = now() + store_pause_.next();
          return;
        }
        store_pause_.reset();
        // At the end of the outbox the next tick looks again.
        if (events->empty() || !serving_ || after != lanes_.read_from()) return;
        change([&] { lanes_.take(*std::move(events), now()); });
        pump();
      }));
}

void Relay::deliver(core::SinkLanes::Job job) {
  if (!job.again) return send(job.token, std::move(job.batch));
  read_again(job.token, std::make_shared<EventBatch>(*job.batch), 0);
}

void Relay::send(std::uint64_t token, std::shared_ptr<const EventBatch> batch) {
  const EventBatch& events = *batch;
  sink_->deliver(events, shard_.here<errc>([this, token, keep = std::move(batch)](errc code) {
    settle(token, code);
  }));
}

void Relay::settle(std::uint64_t token, errc code) {
  change([&] { lanes_.settle(token, code, now()); });
  settled();
}

/// One entry after the other, from that one on: they may have been recalled or erased since.
void Relay::read_again(std::uint64_t token, std::shared_ptr<EventBatch> batch, std::size_t from) {
  if (batch->events.empty()) return settle(token, errc::ok);  // its log has been removed
  if (from == batch->events.size()) {
    if (serving_ && now() < held_until_) return send(token, std::move(batch));
    change([&] { lanes_.put_off(token, now()); });
    return settled();
  }
  const Entry& entry = batch->events[from].entry;
  read_entry(entry.conversation, entry.log, entry.seq,
             [this, token, batch = std::move(batch), from](result<std::optional<Entry>> found) {
               if (!found) {
                 change([&] { lanes_.put_off(token, now()); });
                 return settled();
               }
               std::vector<Event>& events = batch->events;
               if (*found) {
                 events[from].entry = **std::move(found);
                 return read_again(token, batch, from + 1);
               }
               events.erase(events.begin() + static_cast<std::ptrdiff_t>(from));
               read_again(token, batch, from);
             });
}

/// Nothing when there is none.
void Relay::read_entry(ConversationId conversation, Log log, std::uint64_t seq,
                       Completion<result<std::optional<Entry>>> done) {
  ReadRequest request;
  request.conversation = conversation;
  request.log = log;
  request.after = seq - 1;
  request.max_entries = 1;
  shard_.context().store.read(
      request, shard_.here<result<Page>>([done = std::move(done)](result<Page> page) mutable {
        if (!page) return done(page.error());
        if (page->entries.empty()) return done(std::optional<Entry>{});
        done(std::optional<Entry>{std::move(page->entries.front())});
      }));
}

void Relay::bury(core::SinkLanes::Job job) {
  core::BuryEvents command{name_, shard_.context().node, {}};
  for (const Event& event : job.batch->events) {
    command.letters.push_back({name_,
                               event.position,
                               event.entry.conversation,
                               event.entry.log == Log::internal,
                               event.entry.seq,
                               job.failures,
                               {}});
  }
  shard_.log(LogLevel::warning,
             fmt::format("sink {}: {} event(s) of conversation {} given up after {} attempts: {}",
                         name_, job.batch->events.size(),
                         job.batch->events.front().entry.conversation.to_string(), job.failures,
                         kefu::name(job.last_failure)));
  shard_.desk().run(
      std::move(command),
      [this, token = job.token](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (ended.rule == Rule::lease) serving_ = false;
        change([&] { lanes_.buried(token, ended.code == errc::ok, now()); });
        settled();
      });
}

/// What could not be noted is delivered again.
void Relay::note() {
  std::optional<core::SinkLanes::Progress> progress = lanes_.progress();
  if (!progress) return;
  noting_ = true;
  core::AdvanceSink command{name_, shard_.context().node, progress->position, progress->ahead,
                            progress->held};
  shard_.desk().run(std::move(command),
                    [this, progress = *std::move(progress)](
                        const core::transaction_effect::Ended& ended, core::WorkingSet&) mutable {
                      noting_ = false;
                      if (ended.rule == Rule::lease) serving_ = false;
                      if (ended.code != errc::ok) return;  // the next tick tries again
                      if (serving_) lanes_.noted(std::move(progress));
                      pump();
                    });
}

// ---- dead letters

void Relay::scan_dead(std::string after,
                      Completion<result<std::vector<DeadLetter>>, std::string> done) {
  ScanRequest request{RecordKind::cursor, std::string(index::kDead), index::of(name_),
                      std::move(after), 0};
  request.limit = shard_.bounds().max_list;
  shard_.context().store.scan(
      std::move(request),
      shard_.here<result<ScanPage>>([done = std::move(done)](result<ScanPage> page) mutable {
        if (!page) return done(page.error(), {});
        std::vector<DeadLetter> letters;
        for (const Record& record : page->records) {
          result<DeskRecord> one = wire::decode_record(record.key, record.value);
          if (!one) return done(one.error(), {});
          letters.push_back(std::get<DeadLetter>(*std::move(one)));
        }
        done(std::move(letters), std::move(page->next));
      }));
}

struct Relay::Replay {
  Completion<result<Replayed>> done;
  Replayed outcome{};
  std::vector<DeadLetter> letters{};
  std::string next{};
  bool begun = false;
  EventBatch batch{};
  std::unordered_set<ConversationId> failed{};
};

void Relay::replay(Completion<result<Replayed>> done) {
  if (!replaying_.expired()) return done(errc::conflict);
  const ReplayPtr replay(new Replay{std::move(done)});
  replaying_ = replay;
  go_on(replay);
}

void Relay::go_on(const ReplayPtr& replay) {
  if (!replay->letters.empty()) {
    const DeadLetter letter = std::move(replay->letters.back());
    replay->letters.pop_back();
    return send(replay, letter);
  }
  const bool full = replay->failed.size() > shard_.bounds().sink_dead_marks;
  if (replay->begun && (replay->next.empty() || full)) {
    replaying_.reset();
    read_marks();
    return replay->done(replay->outcome);
  }
  replay->begun = true;
  scan_dead(replay->next,
            [this, replay](result<std::vector<DeadLetter>> letters, std::string next) {
              if (!letters) {
                replaying_.reset();
                return replay->done(letters.error());
              }
              replay->letters.assign(letters->rbegin(), letters->rend());
              replay->next = std::move(next);
              go_on(replay);
            });
}

void Relay::keep(const ReplayPtr& replay, const DeadLetter& letter) {
  ++replay->outcome.kept;
  replay->failed.insert(letter.conversation);
  go_on(replay);
}

/// As the entry is now.
void Relay::send(const ReplayPtr& replay, const DeadLetter& letter) {
  if (replay->failed.contains(letter.conversation)) return keep(replay, letter);
  read_entry(letter.conversation, letter.internal ? Log::internal : Log::public_log, letter.seq,
             [this, replay, letter](result<std::optional<Entry>> found) {
               if (!found) return keep(replay, letter);
               if (!*found) return forget(replay, letter);  // its log has been removed
               replay->batch = {{{letter.position, **std::move(found)}}, true, true};
               sink_->deliver(replay->batch, shard_.here<errc>([this, replay, letter](errc code) {
                 code == errc::ok ? forget(replay, letter) : keep(replay, letter);
               }));
             });
}

void Relay::forget(const ReplayPtr& replay, const DeadLetter& letter) {
  shard_.desk().run(
      core::ForgetLetter{name_, letter.position},
      [this, replay, letter](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (ended.code != errc::ok) return keep(replay, letter);
        ++replay->outcome.delivered;
        go_on(replay);
      });
}

}  // namespace kefu::inline v0::hub
