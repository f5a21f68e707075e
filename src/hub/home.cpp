#include "home.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <limits>
#include <utility>

#include "prefetch.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kAhead = 2;             // drafts whose readers are fetched before their turn
constexpr std::size_t kReadersSize = 2 * 64;  // of a visitor and an agent

bool waits(const std::unique_ptr<AppendBatch>& held, std::uint64_t tag) {
  return held &&
         std::ranges::any_of(held->drafts(), [&](const Draft& other) { return other.tag == tag; });
}

bool needs_operator(errc code) { return code == errc::store_full || code == errc::store_failed; }

}  // namespace

Home::Home(Shard& shard)
    : shard_(shard),
      hints_(shard.context().bus, shard.bounds()),
      watch_(shard.bounds().tail_check, shard.bounds().tail_batch),
      departures_(shard) {}

void Home::begin_judging() { judges_ = std::make_unique<Judges>(shard_, *this); }

void Home::learn(Live& live, VersionedConversation conversation) {
  Guard& guard = live.guard;
  if (conversation.version <= guard.version) return;
  const Conversation& record = conversation.record;
  Few<Person> agents;
  for (const std::string& agent : record.agents) agents.push_back(Person(agent, Role::agent));
  guard.agents = std::move(agents);
  guard.visitor = Person(record.visitor, Role::visitor);
  for (const Reader& reader : live.readers) guard.share(reader.person);
  guard.state = record.state;
  guard.version = conversation.version;
  if (judges_) guard.whole = std::make_unique<Conversation>(std::move(conversation.record));
}

void Home::Guard::share(const Person& reader) {
  if (visitor.id() == reader.id()) visitor = reader;
  for (Person& agent : agents) {
    if (agent.id() == reader.id()) agent = reader;
  }
}

bool Home::Guard::admits(Role role, std::string_view who) const {
  if (role != Role::agent && role != Role::bot) return kefu::admits(visitor.id(), {}, role, who);
  return std::ranges::find(agents, who, &Person::id) != agents.end();
}

errc Home::Guard::refusal_for(const Draft& draft) const {
  if (!is_open(state)) return errc::closed;
  if (is_reserved_kind(draft.kind)) return errc::denied;
  if (draft.log == Log::internal && !is_staff(draft.role)) return errc::denied;
  return errc::ok;
}

void Home::join(mail::Join join) {
  const ConversationId id = join.conversation.record.id;
  if (!join.person.staff()) departures_.back(id, join.conversation.record.gone_until.has_value());
  Live& live = live_[id];
  learn(live, std::move(join.conversation));
  const auto same = [&](const Reader& reader) { return reader.who == join.who; };
  if (std::ranges::none_of(live.readers, same)) {
    live.guard.share(join.person);
    live.readers.push_back({join.who, std::move(join.person), {}, {}});
  }
  places_.erase(id);  // whoever comes is told where they stand
  shard_.send(join.who.shard, mail::Joined{join.who, id});
  dismiss(id, live);  // it was decided on an older record
  forget_if_idle(id);
}

void Home::dismiss(ConversationId id, Live& live) {
  erase_if(live.readers, [&](const Reader& reader) {
    if (live.guard.admits(reader.person.role(), reader.person.id())) return false;
    shard_.send(reader.who.shard, mail::Removed{reader.who, id});
    return true;
  });
}

void Home::leave(const mail::Leave& leave) {
  const auto at = live_.find(leave.conversation);
  if (at == live_.end()) return;
  if (at->second.cursors_moved) {  // what it has read last is known to nobody else
    tell_cursors(leave.conversation, at->second, shard_.executor().now());
    flush();
  }
  Live& live = at->second;
  const bool was_there = live.has_visitor();
  erase_if(live.readers, [&](const Reader& reader) { return reader.who == leave.who; });
  if (was_there && !live.has_visitor() && core::is_waiting(live.guard.state) &&
      shard_.context().desk.watches_visitors())
    departures_.left(leave.conversation);
  forget_if_idle(leave.conversation);
}

void Home::changed(mail::Changed changed) {
  std::vector<frame::EntryFrame> entries;
  for (const Entry& entry : changed.entries) {
    entries.push_back(frame::of(entry, true, true));
    hints_.stored(entries.back());
  }
  hints_.changed(changed.conversation.record);
  hints_.flush();
  const ConversationId id = changed.conversation.record.id;
  const auto at = live_.find(id);
  if (at == live_.end()) return;  // nobody here reads it; whoever comes reads the log
  Live& live = at->second;
  learn(live, std::move(changed.conversation));
  for (const frame::EntryFrame& entry : entries) publish(live, entry, SessionRef{});
  flush();
  if (live.guard.state != ConversationState::queued) places_.erase(id);
  dismiss(id, live);
  forget_if_idle(id);
}

void Home::recheck(ConversationId id) {
  const auto at = live_.find(id);
  if (at == live_.end()) return;
  at->second.outdated = at->second.refreshing;
  refresh(id, at->second);
}

void Home::on_tick(Instant now) {
  hints_.on_tick(now);
  watch_tails(now);
  departures_.on_tick(now);
  telling_.swap(moved_);
  for (const ConversationId id : telling_) {
    const auto at = live_.find(id);
    if (at == live_.end() || !at->second.cursors_moved) continue;
    if (now - at->second.cursors_told >= shard_.bounds().receipt_interval) {
      tell_cursors(id, at->second, now);
    } else {
      moved_.push_back(id);
    }
  }
  telling_.clear();
  flush();
}

void Home::submit(std::unique_ptr<AppendBatch> batch) {
  submit_released();
  pass(std::move(batch));
}

void Home::submit_released() {
  if (!judges_) return;
  if (std::unique_ptr<AppendBatch> batch = judges_->released()) pass(std::move(batch));
  flush();
}

void Home::pass(std::unique_ptr<AppendBatch> batch) {
  authorise(*batch);
  if (judges_) submit_released();  // what a draft of this batch has let go stands before it
  append(std::move(batch));
}

void Home::append(std::unique_ptr<AppendBatch> batch) {
  if (batch->empty()) return shard_.give_back(std::move(batch));
  shard_.counters().batch_drafts.add(batch->size());
  shard_.context().store.append(
      std::move(batch),
      shard_.here<std::unique_ptr<AppendBatch>>(
          [this, since = shard_.executor().now()](std::unique_ptr<AppendBatch> done) {
            constexpr std::int64_t kTenthOfMillisecond = 100'000;
            const Nanoseconds took = shard_.executor().now() - since;
            shard_.counters().append_time.add(
                static_cast<std::uint64_t>(took.count() / kTenthOfMillisecond));
            on_appended(std::move(done));
          }));
}

/// Gives each draft the version of the record under which it may be stored. Drafts for a record
/// that is still being read leave the batch and wait.
void Home::authorise(AppendBatch& batch) {
  bool held = false;
  std::pair<const ConversationId, Live>* at = nullptr;
  for (Draft& draft : batch.drafts()) {
    if (!at || at->first != draft.conversation) at = &*live_.try_emplace(draft.conversation).first;
    Live& live = at->second;
    if (live.refreshing || live.guard.version == 0) {
      hold(live, draft);
      refresh(draft.conversation, live);
      draft.tag = 0;
      held = true;
      continue;
    }
    // Whoever is not in the conversation goes without a version: the store then answers only what
    // it stored before. Else the draft comes back stale, and the record is read again before
    // anything is refused.
    const bool admitted = live.guard.admits(draft);
    draft.version = admitted ? live.guard.version : 0;
    draft.refusal = admitted ? live.guard.refusal_for(draft) : errc::ok;
    if (judges_ && !judged(batch, draft, live, admitted)) {
      draft.tag = 0;
      held = true;
    }
  }
  if (held) std::erase_if(batch.drafts(), [](const Draft& draft) { return draft.tag == 0; });
}

bool Home::judged(AppendBatch& batch, Draft& draft, Live& live, bool admitted) {
  const bool ask = admitted && draft.refusal == errc::ok;
  if (draft.judged == Draft::Judged::not_yet) {
    ++live.judging;
    if (!judges_->judge(batch, draft, *live.guard.whole, ask)) return false;
    --live.judging;
  }
  if (ask && draft.judged == Draft::Judged::denied) draft.refusal = errc::denied;
  return true;
}

void Home::on_judged(ConversationId conversation) { --live_.find(conversation)->second.judging; }

void Home::on_unjudged(const Draft& draft, errc code) {
  on_judged(draft.conversation);
  fail(draft, code);
}

const Conversation* Home::record(ConversationId conversation) const {
  const auto at = live_.find(conversation);
  return at == live_.end() ? nullptr : at->second.guard.whole.get();
}

void Home::hold(Live& live, const Draft& draft) {
  if (!live.held) live.held = shard_.take_batch();
  live.held->add(draft);
  if (!judges_) return;
  // One that policies have let go may come behind later ones of its session, which never saw them.
  std::vector<Draft>& drafts = live.held->drafts();
  const auto later = std::ranges::find_if(drafts, [&](const Draft& other) {
    return other.session == draft.session && other.cseq > draft.cseq;
  });
  if (later != drafts.end()) std::rotate(later, drafts.end() - 1, drafts.end());
}

void Home::refresh(ConversationId id, Live& live) {
  if (live.refreshing) return;
  live.refreshing = true;
  shard_.context().store.get(
      {RecordKind::conversation, id.to_string()},
      shard_.here<result<std::optional<Record>>>([this, id](result<std::optional<Record>> record) {
        on_refreshed(id, std::move(record));
      }));
}

void Home::on_refreshed(ConversationId id, result<std::optional<Record>> record) {
  Live& live = live_[id];
  live.refreshing = false;
  const bool outdated = std::exchange(live.outdated, false);
  std::unique_ptr<AppendBatch> held = std::move(live.held);
  errc code = record ? errc::ok : record.error();
  if (record && *record) {
    result<Conversation> decoded = wire::decode_conversation((*record)->value);
    code = decoded.error();
    if (decoded) learn(live, {std::move(*decoded), (*record)->version});
    dismiss(id, live);
  } else if (record) {
    code = errc::not_found;
  }
  if (held) {
    if (code == errc::ok) {
      for (const Draft& draft : held->drafts()) {
        if (!live.guard.admits(draft)) fail(draft, errc::not_found);
      }
      std::erase_if(held->drafts(), [&](const Draft& draft) { return !live.guard.admits(draft); });
      pass(std::move(held));  // what was released meanwhile stands behind these
    } else {
      for (const Draft& draft : held->drafts()) fail(draft, code);
      shard_.give_back(std::move(held));
    }
    flush();
  }
  if (outdated) recheck(id);  // by its id: flush() may have let go of it
  forget_if_idle(id);
}

void Home::on_appended(std::unique_ptr<AppendBatch> batch) {
  const std::vector<Draft>& drafts = batch->drafts();
  const std::vector<Outcome>& outcomes = batch->outcomes();
  look_up(drafts);
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const Draft& draft = drafts[i];
    const Outcome& outcome = outcomes[i];
    if (i + kAhead < drafts.size() && looked_up_[i + kAhead]) looked_up_[i + kAhead]->warm();
    switch (outcome.code) {
      case errc::ok:
        on_stored(draft, outcome, looked_up_[i]);
        break;
      case errc::stale: {
        Live& live = live_[draft.conversation];
        hold(live, draft);
        refresh(draft.conversation, live);
        break;
      }
      case errc::gap: {
        // Behind a draft that waits for the record: it waits too, and the sender never hears of it.
        const auto at = live_.find(draft.conversation);
        if (at != live_.end() && waits(at->second.held, draft.tag)) {
          hold(at->second, draft);
        } else {
          fail(draft, outcome.code, outcome.expected);
        }
        break;
      }
      case errc::timed_out: {
        // It may be there: the readers look.
        const auto at = live_.find(draft.conversation);
        if (at != live_.end())
          hint(at->second,
               {draft.conversation, draft.log, std::numeric_limits<std::uint64_t>::max()});
        fail(draft, outcome.code);
        break;
      }
      default: {
        if (outcome.repeated) ++shard_.counters().repeated;
        const bool denied = outcome.code == errc::denied && !outcome.repeated;
        if (denied) shard_.context().acts.refused(draft);
        fail(draft, outcome.code, outcome.expected, denied ? draft.reason : std::string_view{});
        break;
      }
    }
  }
  // One line for a batch: when the store is full or broken, it is so for all of it.
  if (!outcomes.empty() && needs_operator(outcomes.front().code)) {
    shard_.log(LogLevel::error, "store: " + std::string(name(outcomes.front().code)));
  }
  // Only now: a conversation that nobody reads was kept by its drafts.
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (i == 0 || drafts[i].conversation != drafts[i - 1].conversation)
      forget_if_idle(drafts[i].conversation);
  }
  shard_.give_back(std::move(batch));
  flush();
}

/// One after the other, so that the next are fetched while one is waited for.
void Home::look_up(const std::vector<Draft>& drafts) {
  looked_up_.clear();
  looked_up_.reserve(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (i != 0 && drafts[i].conversation == drafts[i - 1].conversation) {
      looked_up_.push_back(looked_up_.back());
      continue;
    }
    const auto at = live_.find(drafts[i].conversation);
    looked_up_.push_back(at == live_.end() ? nullptr : &at->second);
    if (at != live_.end()) prefetch(at->second.readers.memory(), kReadersSize);
  }
}

void Home::on_stored(const Draft& draft, const Outcome& outcome, const Live* live) {
  const SessionRef sender = SessionRef::unpack(draft.tag);
  Delivery& ack = deliver(sender);
  ack.what = Delivery::What::ack;
  ack.conversation = draft.conversation;
  ack.log = draft.log;
  ack.cseq = draft.cseq;
  ack.weight = draft.weight;
  ack.seq = outcome.seq;
  ack.at = outcome.at;
  const bool rewritten = tags::has_rewritten(draft.tags);
  // What a retry stands for may have been rewritten; its entry comes, or has come, by itself.
  ack.stands = !outcome.repeated && !rewritten;
  if (outcome.repeated) {
    // Whoever stored it may have died, or not have known, before it told anybody.
    ++shard_.counters().repeated;
    const Tail tail{draft.conversation, draft.log, outcome.seq};
    hints_.reaches(tail);
    if (live) hint(*live, tail);
    return;
  }
  ++shard_.counters().appended;
  frame::EntryFrame entry;
  entry.conversation = draft.conversation;
  entry.log = draft.log;
  entry.seq = outcome.seq;
  entry.after = outcome.after;
  entry.from = draft.from;
  entry.role = draft.role;
  entry.origin = Origin{draft.session, draft.cseq};
  entry.kind = draft.kind;
  entry.body = draft.body;
  entry.tags = draft.tags;
  entry.at = outcome.at;
  hints_.stored(entry);
  if (live) publish(*live, entry, rewritten ? SessionRef{} : sender);
}

void Home::recover() {
  departures_.recover();
  for (auto& [id, live] : live_) {
    live.refreshing = live.outdated = false;
    live.held.reset();
    for (const Log log : {Log::public_log, Log::internal})
      hint(live, {id, log, std::numeric_limits<std::uint64_t>::max()});
  }
  flush();
}

void Home::fail(const Draft& draft, errc code, std::uint64_t expected, std::string_view reason) {
  Delivery& delivery = deliver(SessionRef::unpack(draft.tag));
  delivery.what = Delivery::What::failed;
  delivery.conversation = draft.conversation;
  delivery.log = draft.log;
  delivery.cseq = draft.cseq;
  delivery.weight = draft.weight;
  delivery.code = code;
  delivery.expected = expected;
  if (!reason.empty()) {
    frame::Error error;
    error.code = code;
    error.detail = reason;
    error.conversation = draft.conversation;
    error.cseq = draft.cseq;
    delivery.frame = shard_.encode({{}, error});
  }
}

Delivery& Home::deliver(SessionRef to) {
  if (outgoing_.size() <= to.shard) outgoing_.resize(shard_.context().shards.size());
  Delivery& delivery = outgoing_[to.shard].emplace_back();
  delivery.to = to;
  return delivery;
}

void Home::flush() {
  for (std::size_t to = 0; to < outgoing_.size(); ++to) {
    if (!outgoing_[to].empty()) shard_.send_deliveries(to, outgoing_[to]);
  }
  hints_.flush();
}

void Home::forget_if_idle(ConversationId id) {
  const auto at = live_.find(id);
  if (at == live_.end()) return;
  const Live& live = at->second;
  if (live.readers.empty() && !live.held && live.judging == 0 && !live.refreshing) {
    places_.erase(id);
    live_.erase(at);
  }
}

}  // namespace kefu::inline v0::hub
