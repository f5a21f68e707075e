#include "checker.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <utility>

namespace kefu::sim {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string of_device(std::size_t device) { return "device " + std::to_string(device) + ": "; }

}  // namespace

std::string Checker::text(LogKey where, std::uint64_t seq) const {
  return std::string(name(where.log)) + " " + number(where.conversation.lo & 0xffff) + "/" +
         number(seq);
}

std::uint64_t Checker::tail(LogKey where) const {
  const auto at = logs_.find(where);
  return at == logs_.end() ? 0 : at->second.size();
}

bool Checker::admits(ConversationId conversation, const Participant& who) const {
  bool admitted = false;
  store_.get(conversation_key(conversation), [&](result<std::optional<Record>> record) {
    if (!*record) return;
    const result<Conversation> found = wire::decode_conversation((*record)->value);
    admitted = found && found->admits(who.role, who.id);
  });
  return admitted;
}

// ---- the store

void Checker::look() {
  store_.events(position_, 1000, [this](result<std::vector<Event>> events) {
    for (const Event& event : *events) {
      position_ = event.position;
      take(event.entry);
    }
  });
}

void Checker::take(const Entry& entry) {
  const LogKey where{entry.conversation, entry.log};
  std::vector<Stored>& log = logs_[where];
  if (entry.seq != log.size() + 1)
    return fail("not dense: " + text(where, entry.seq) + " behind " + number(log.size()));
  log.push_back({entry, false, court_.now()});
  mix(entry.seq);
  mix(entry.body);
  if (entry.origin.session.is_nil()) return;
  if (!origins_.emplace(entry.origin.session, entry.conversation, entry.origin.cseq).second)
    fail("stored twice: one cseq, the second time as " + text(where, entry.seq));
  const std::string original = Court::original(entry.body);
  judge(entry, original);
  const auto found = messages_.find(original);
  if (found == messages_.end())
    return fail("nobody has written " + text(where, entry.seq) + ": " + entry.body);
  Message& message = found->second;
  if (message.stored_as)
    return fail("stored twice: " + entry.body + " as " + text(where, message.stored_as) + " and " +
                text(where, entry.seq));
  if (message.where != where) fail("stored in another log than it was written for: " + entry.body);
  message.stored_as = entry.seq;
  std::uint64_t& last = last_stored_[{message.device, where}];
  // Of a refusal that is forgotten with its session the client may never hear, also when it was
  // that of another message, which a copy of the client had sent by the same number.
  const bool forgiven = std::ranges::any_of(court_.sentences(original), &Court::Sentence::denied) ||
                        std::ranges::any_of(sent_as_[original],
                                            [&](const Origin& as) { return denied_.contains(as); });
  if (message.id < last && !forgiven)
    fail("a sender's order changed: " + entry.body + " came behind a later one");
  last = std::max(last, message.id);
}

/// Nothing is stored but as the policies have left it.
void Checker::judge(const Entry& entry, const std::string& original) {
  const std::vector<Court::Sentence> allowed = court_.sentences(original);
  const auto same = [&](const Court::Sentence& one) {
    return !one.denied && one.body == entry.body && one.tags == entry.tags;
  };
  if (court_.sits() ? std::ranges::none_of(allowed, same) : !entry.tags.empty())
    fail("not what policies have left of it: " + entry.body + " with tags '" + entry.tags + "'");
}

/// Drafts come to the store in the order of their cseq, if they were received in it, and in time.
void Checker::on_draft(const Draft& draft) {
  if (!court_.sits()) return;
  if (draft.refusal == errc::denied) denied_.emplace(draft.session, draft.conversation, draft.cseq);
  std::map<std::uint64_t, Instant>& seen =
      drafts_[{draft.session, draft.epoch, draft.conversation}];
  const auto [at, fresh] = seen.emplace(draft.cseq, draft.received);
  if (!fresh) return;
  const std::string what = "cseq " + number(draft.cseq) + " of " + std::string(draft.from);
  for (auto later = std::next(at); later != seen.end(); ++later) {
    if (draft.received < later->second)
      fail("out of order: " + what + " behind cseq " + number(later->first));
  }
  const std::string original = Court::original(draft.body);
  // One of an older connection may wait for those of the newer one, and is fenced behind them.
  if (draft.epoch < epoch_of(draft.session)) return;
  if (decided_.insert(original).second && court_.overdue(original, draft.received))
    fail("decided too late: " + what);
}

void Checker::look_again() {
  look();
  for (const auto& [where, log] : logs_) {
    ReadRequest request;
    request.conversation = where.conversation;
    request.log = where.log;
    request.max_entries = log.size() + 1;
    request.max_bytes = ~std::size_t{0};
    store_.read(request, [&, key = where, &known = log](result<Page> page) {
      for (std::size_t i = 0; i < known.size(); ++i) {
        if (!known[i].shown) continue;
        if (i >= page->entries.size() || page->entries[i].body != known[i].entry.body)
          return fail("lost: " + text(key, i + 1) + " was shown to a client");
      }
    });
  }
}

// ---- clients

void Checker::on_submitted(std::size_t device, LogKey where, std::uint64_t id,
                           const std::string& body) {
  Message message;
  message.device = device;
  message.id = id;
  message.where = where;
  if (!messages_.emplace(body, message).second) fail("the workload wrote one body twice");
  bodies_[{device, id}] = body;
}

void Checker::on_forgotten(std::size_t device, std::uint64_t id) {
  messages_.at(bodies_.at({device, id})).forgotten = true;
  bodies_.erase({device, id});
}

void Checker::on_sent(SessionId session, ConversationId conversation, std::uint64_t cseq,
                      const std::string& body) {
  if (court_.sits()) sent_as_[body].emplace(session, conversation, cseq);
}

void Checker::on_copied(std::size_t from, std::size_t to) {
  std::map<std::pair<std::size_t, LogKey>, std::uint64_t> copied;
  for (const auto& [key, reached] : reached_) {
    if (key.first == from) copied[{to, key.second}] = reached;
  }
  reached_.merge(copied);
}

void Checker::on_started(std::size_t device, const core::ClientState& saved) {
  for (auto& [key, cursor] : cursors_) {
    if (key.first == device) cursor = 0;
  }
  for (const core::ClientConversationState& one : saved.conversations) {
    for (const Log log : {Log::public_log, Log::internal}) {
      const LogKey where{one.id, log};
      const std::uint64_t position = one.logs[static_cast<std::size_t>(log)].position;
      if (position > reached_[{device, where}])
        fail(of_device(device) +
             "saved a position that it has not read to: " + text(where, position));
      cursors_[{device, where}] = position;
    }
  }
}

void Checker::move_cursor(std::size_t device, LogKey where, std::uint64_t to) {
  cursors_[{device, where}] = to;
  if (const auto at = live_.find({device, where}); at != live_.end()) at->second = court_.now();
  std::uint64_t& reached = reached_[{device, where}];
  reached = std::max(reached, to);
}

void Checker::show(LogKey where, std::uint64_t seq) { logs_[where][seq - 1].shown = true; }

void Checker::on_delivered(std::size_t device, const Entry& entry, bool own) {
  const LogKey where{entry.conversation, entry.log};
  const std::uint64_t cursor = cursors_[{device, where}];
  if (entry.seq != cursor + 1)
    return fail(of_device(device) + "delivered " + text(where, entry.seq) + " behind " +
                number(cursor));
  move_cursor(device, where, entry.seq);
  look();
  if (entry.seq > tail(where))
    return fail(of_device(device) + "delivered " + text(where, entry.seq) +
                ", which is not stored");
  const Entry& stored = logs_[where][entry.seq - 1].entry;
  const bool same = stored.body == entry.body && stored.kind == entry.kind &&
                    (entry.from.empty() ? own || stored.from.empty() : stored.from == entry.from);
  if (!same)
    return fail(of_device(device) + "delivered " + text(where, entry.seq) + " as " + entry.body +
                ", stored is " + stored.body);
  if (own && entry.origin != stored.origin)
    fail(of_device(device) + "another origin than stored: " + text(where, entry.seq));
  show(where, entry.seq);
  mix(device);
  mix(entry.seq);
}

void Checker::on_reset(std::size_t device, LogKey where, std::uint64_t from, std::uint64_t tail) {
  const std::uint64_t cursor = cursors_[{device, where}];
  look();
  if (from != cursor) fail(of_device(device) + "reset from elsewhere: " + text(where, from));
  if (tail > this->tail(where)) fail(of_device(device) + "reset beyond the tail");
  move_cursor(device, where, tail);
}

void Checker::on_settled(std::size_t device, ConversationId conversation, std::uint64_t id,
                         errc code, std::uint64_t seq) {
  const auto body = bodies_.find({device, id});
  if (body == bodies_.end()) return fail(of_device(device) + "settled what was never submitted");
  Message& message = messages_.at(body->second);
  const std::string what = of_device(device) + body->second + " settled as " +
                           std::string(name(code)) + " " + number(seq);
  mix(device);
  mix(id);
  mix(static_cast<std::uint64_t>(code));
  if (message.where.conversation != conversation) return fail(what + " in another conversation");
  // After a restart it may be told again; but what is stored once is stored for ever.
  const bool other = message.told &&
                     ((*message.told == errc::ok) != (code == errc::ok) || message.told_seq != seq);
  if (other && *message.told != errc::duplicate && code != errc::duplicate)
    return fail(what + ", and before as " + std::string(name(*message.told)) + " " +
                number(message.told_seq));
  if (code == errc::denied) {
    const std::vector<Court::Sentence> allowed = court_.sentences(body->second);
    if (!allowed.empty() && std::ranges::none_of(allowed, &Court::Sentence::denied))
      fail(what + ", which no policy has denied");
  }
  message.told = code;
  message.told_seq = seq;
  if (code != errc::ok) return;
  look();
  if (message.stored_as == 0 || message.stored_as != seq)
    return fail(what + ": an ack for what is not stored there");
  show(message.where, seq);
}

// ---- streams

void Checker::on_hello(std::size_t device, const std::vector<Position>& positions) {
  std::erase_if(streams_, [&](const auto& one) { return one.first.first == device; });
  std::erase_if(live_, [&](const auto& one) { return one.first.first == device; });
  for (const Position& at : positions) {
    streams_[{device, {at.conversation, Log::public_log}}] = at.seq;
    streams_[{device, {at.conversation, Log::internal}}] = at.internal;
  }
}

void Checker::begin_live(std::size_t device, ConversationId conversation) {
  for (const Log log : {Log::public_log, Log::internal})
    live_[{device, {conversation, log}}] = court_.now();
}

void Checker::expect_told(std::size_t device, bool staff, Nanoseconds bound) {
  const Instant limit = court_.now() + -bound;
  for (auto at = live_.lower_bound({device, {}}); at != live_.end(); ++at) {
    const auto& [of, where] = at->first;
    if (of != device) break;
    if (at->second > limit || (where.log == Log::internal && !staff)) continue;
    const std::vector<Stored>& log = logs_[where];
    const std::uint64_t next = cursors_[{device, where}];
    if (next < log.size() && log[next].since <= limit)
      fail(of_device(device) + "is not told of " + text(where, next + 1));
  }
}

void Checker::on_reading_again(std::size_t device) {
  for (auto& [of, since] : live_) {
    if (of.first == device) since = court_.now();
  }
}

void Checker::on_frame(std::size_t device, const ServerFrame& frame) {
  if (const auto* welcome = std::get_if<frame::Welcome>(&frame.body)) {
    for (const ConversationView& view : welcome->conversations) begin_live(device, view.id);
  } else if (const auto* joined = std::get_if<frame::Joined>(&frame.body)) {
    begin_live(device, joined->conversation.id);
    for (const Log log : {Log::public_log, Log::internal})
      streams_[{device, {joined->conversation.id, log}}] = std::nullopt;
  } else if (const auto* entry = std::get_if<frame::EntryFrame>(&frame.body)) {
    on_streamed(device, {entry->conversation, entry->log}, entry->seq, false);
  } else if (const auto* ack = std::get_if<frame::Ack>(&frame.body)) {
    for (std::uint64_t left = ack->stands ? ack->count : 0; left-- > 0;)
      on_streamed(device, {ack->conversation, ack->log}, ack->seq - left, true);
  } else if (const auto* reset = std::get_if<frame::Reset>(&frame.body)) {
    const LogKey where{reset->conversation, reset->log};
    auto& at = streams_.try_emplace({device, where}, 0).first->second;
    if (at && (reset->tail < *at || reset->tail - *at <= replay_limit_))
      fail(of_device(device) + "reset without need: " + text(where, *at) + " to " +
           number(reset->tail) + ", limit " + number(replay_limit_));
    at = reset->tail;
  }
}

// An ack stands for its entry only where that would be next.
void Checker::on_streamed(std::size_t device, LogKey where, std::uint64_t seq, bool ack) {
  auto& at = streams_.try_emplace({device, where}, 0).first->second;
  // What the client has by history is read out all the same.
  const auto live = live_.find({device, where});
  if (live != live_.end()) live->second = court_.now();
  if (at && seq == *at + 1) {
    at = seq;
  } else if (!at && !ack) {
    at = seq;
  } else if (!ack) {
    fail(of_device(device) + "was sent " + text(where, seq) + " behind " + number(*at));
  }
}

// ---- sessions

void Checker::on_attached(SessionId session, std::uint64_t epoch) {
  std::uint64_t& current = epochs_[session];
  current = std::max(current, epoch);
}

std::uint64_t Checker::epoch_of(SessionId session) const {
  const auto at = epochs_.find(session);
  return at == epochs_.end() ? 0 : at->second;
}

void Checker::at_rest() {
  look_again();
  for (const auto& [body, message] : messages_) {
    const std::string what = of_device(message.device) + body;
    if (message.forgotten) {
      if (message.stored_as) fail(what + " was forgotten and is stored");
    } else if (!message.told) {
      fail(what + " was never settled");
    } else if (*message.told == errc::ok && message.stored_as != message.told_seq) {
      fail(what + " was acknowledged and is not stored");
    } else if (is_refusal(*message.told) && message.stored_as) {
      fail(what + " was refused and is stored");
    } else if ((*message.told == errc::too_large || *message.told == errc::bad_frame) &&
               message.stored_as) {
      fail(what + " was told to have failed and is stored");
    }
  }
}

}  // namespace kefu::sim
