// Session: what a client may ask for once it is attached.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "merging.hpp"
#include "search.hpp"
#include "session_parts.hpp"

namespace kefu::inline v0::hub {
namespace {

/// Of what the client sent, so that the same cseq with other content is found out. Stable across
/// versions: it is stored.
std::uint64_t digest_of(const frame::Send& send) {
  const std::uint64_t seed =
      XXH3_64bits_withSeed(send.kind.data(), send.kind.size(), static_cast<XXH64_hash_t>(send.log));
  return XXH3_64bits_withSeed(send.body.data(), send.body.size(), seed);
}

/// Leaves the last entries with seq < before whose bodies sum up to at most `max_bytes`, and at
/// least one.
void keep_last_before(std::vector<Entry>& entries, std::uint64_t before, std::size_t max_bytes) {
  while (!entries.empty() && entries.back().seq >= before) entries.pop_back();
  std::size_t bytes = 0;
  std::size_t first = entries.size();
  while (first > 0 &&
         (first == entries.size() || bytes + entries[first - 1].body.size() <= max_bytes)) {
    bytes += entries[--first].body.size();
  }
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(first));
}

}  // namespace

void Session::on(const frame::Send& sent) {
  if (sent.cseq == 0) return fail_send(sent, errc::bad_frame, "cseq");
  const std::uint64_t digest = digest_of(sent);
  switch (machine_.on_send(sent.conversation, sent.cseq, digest, shard_.bounds().window)) {
    case core::Session::Send::submit:
      break;
    case core::Session::Send::in_flight:
      return;
    case core::Session::Send::conflict:
      return fail_send(sent, errc::conflict, "in flight with other content");
    case core::Session::Send::full:
      return fail_send(sent, errc::overloaded, "window");
  }
  Draft draft;
  draft.session = id_;
  draft.epoch = epoch_;
  draft.conversation = sent.conversation;
  draft.cseq = sent.cseq;
  draft.digest = digest;
  draft.log = sent.log;
  draft.role = who_.role();
  draft.tag = ref_.pack();
  draft.weight = static_cast<std::uint32_t>(sent.body.size());
  draft.from = who_.id();
  draft.kind = sent.kind;
  draft.body = sent.body;
  if (sent.traceparent.size() <= shard_.bounds().max_tags) draft.tags = sent.traceparent;
  if (!shard_.context().policies.empty()) {
    draft.received = shard_.turn_time();
    draft.peer = connection_->peer();
    // It has an outcome, which no verdict changes.
    if (sent.cseq <= accepted(sent.conversation)) draft.judged = Draft::Judged::passed;
  }
  if (shard_.submit(draft)) {
    if (paused_ || !shard_.is_congested()) return;
    shard_.resume_later(ref_);
    paused_ = true;
    connection_->pause_reading();
    return;
  }
  machine_.on_outcome(sent.conversation, sent.cseq);
  fail_send(sent, errc::overloaded, "pending");
}

void Session::on(const frame::Token& token) {
  shard_.context().authenticator->authenticate(
      token.token, {connection_->peer(), connection_->subject()},
      mine<result<Identity>>(
          [ref = std::string(shard_.frame_ref())](Session& self, result<Identity> identity) {
            if (!identity) return self.fail(ref, identity.error(), "token");
            if (identity->participant != self.who_.participant())
              return self.fail(ref, errc::unauthenticated, "another participant");
            self.expires_at_ = identity->expires_at;
            self.verified_ = identity->verified;
            self.send({ref, frame::Done{}});
          }));
}

/// Whoever shows a token of each is both. Not the other way round: what is a known person's must
/// not become that of somebody of whom nothing is known.
void Session::on(const frame::Claim& claim) {
  if (who_.role() != Role::visitor || !verified_)
    return fail(shard_.frame_ref(), errc::denied, "verified visitors claim what was theirs");
  shard_.context().authenticator->authenticate(
      claim.token, {connection_->peer(), connection_->subject()},
      mine<result<Identity>>(
          [ref = std::string(shard_.frame_ref())](Session& self, result<Identity> former) mutable {
            self.on_claimed(std::move(ref), std::move(former));
          }));
}

void Session::on_claimed(std::string ref, result<Identity> former) {
  if (!former) return fail(ref, former.error(), "token");
  if (former->expires_at <= shard_.context().clock.now())
    return fail(ref, errc::token_expired, "token");
  Participant& who = former->participant;
  if (who.role != Role::visitor || former->verified || !is_plain_id(who.id, shard_.bounds().max_id))
    return fail(ref, errc::denied, "no former identity");
  if (shard_.bans().find(who.id, {}, shard_.context().store.now()))
    return refuse(ref, DeskAnswer{code_of(Rule::banned), Rule::banned});
  merge(shard_, std::move(who.id), std::string(who_.id()),
        mine<DeskOutcome>([ref = std::move(ref)](Session& self, DeskOutcome outcome) {
          if (outcome.code != errc::ok)
            return self.refuse(ref, DeskAnswer{outcome.code, outcome.rule});
          self.send({ref, frame::Done{}});
        }));
}

void Session::on(const frame::Delivered& delivered) {
  move_cursor({ref_, delivered.conversation, mail::Cursor::What::delivered, delivered.seq});
}

void Session::on(const frame::Read& read) {
  move_cursor({ref_, read.conversation, mail::Cursor::What::read, read.seq});
}

void Session::on(const frame::SetTyping& typing) {
  const Membership* const membership = find(typing.conversation);
  if (!membership || !membership->ready)
    return fail(shard_.frame_ref(), errc::not_found, "conversation");
  const frame::TypingState state{typing.conversation, who_.id(), typing.on};
  mail::Signal signal{ref_, typing.conversation, shard_.encode({{}, state})};
  if (typing.on && who_.role() == Role::visitor && shard_.context().desk.options().typing_preview)
    signal.preview = typing.preview;
  shard_.send_home(typing.conversation, std::move(signal));
}

void Session::move_cursor(const mail::Cursor& cursor) {
  const Membership* const membership = find(cursor.conversation);
  if (!membership || !membership->ready)
    return fail(shard_.frame_ref(), errc::not_found, "conversation");
  shard_.send_home(cursor.conversation, cursor);
}

void Session::on(const frame::History& history) {
  if (history.before.has_value() == history.after.has_value())
    return fail(shard_.frame_ref(), errc::bad_frame, "before, after");
  if (history.log == Log::internal && !staff())
    return fail(shard_.frame_ref(), errc::not_found, "log");
  const std::size_t limit = std::min<std::size_t>(history.limit, shard_.bounds().max_history);
  const std::uint64_t before = history.before.value_or(0);
  const std::uint64_t after =
      history.after ? *history.after : before - std::min<std::uint64_t>(before, limit + 1);
  auto read = [id = history.conversation, log = history.log, after, limit, before = history.before,
               ref = std::string(shard_.frame_ref())](Session& self, errc found) mutable {
    if (found != errc::ok) return self.fail(ref, found, "conversation");
    self.read_history(id, log, after, before, limit, std::move(ref));
  };
  shard_.desk().look_up(
      history.conversation, who_.participant(),
      mine<result<VersionedConversation>>(
          [id = history.conversation, read = std::move(read)](Session& self, auto found) mutable {
            const errc code = found ? errc::ok : found.error();
            if (code != errc::not_found) return read(self, code);
            self.look_up_ticket({id.hi, id.lo},  // or the log of a ticket
                                [read = std::move(read)](Session& of, auto ticket) mutable {
                                  read(of, ticket ? errc::ok : ticket.error());
                                });
          }));
}

void Session::read_history(ConversationId id, Log log, std::uint64_t after,
                           std::optional<std::uint64_t> before, std::size_t limit,
                           std::string ref) {
  ReadRequest request;
  request.conversation = id;
  request.log = log;
  request.after = after;
  request.max_entries = limit;
  // A page before an entry must reach it: it is cut at its other end, below.
  request.max_bytes = before ? limit * shard_.bounds().max_body : shard_.bounds().page_bytes;
  shard_.context().store.read(
      request, mine<result<Page>>([id, log, before, limit, ref = std::move(ref)](
                                      Session& self, result<Page> page) mutable {
        if (!page) return self.fail(ref, page.error(), "store");
        if (before && *before > page->tail + 1) {
          // Counted from beyond the end: the last entries begin elsewhere.
          const std::uint64_t end = page->tail + 1;
          return self.read_history(id, log, end - std::min<std::uint64_t>(end, limit + 1), end,
                                   limit, std::move(ref));
        }
        frame::HistoryPage answer;
        answer.conversation = id;
        answer.log = log;
        answer.tail = page->tail;
        if (before) keep_last_before(page->entries, *before, self.shard_.bounds().page_bytes);
        for (const Entry& entry : page->entries) {
          answer.entries.push_back(frame::of(entry, entry.from == self.who_.id(), self.staff()));
        }
        self.send({ref, std::move(answer)});
      }));
}

void Session::on(const frame::Search& ask) {
  if (searching_) return fail(shard_.frame_ref(), errc::rate_limited, "search");
  searching_ = true;
  SearchQuery query{std::string(ask.text), who_.participant(), ask.conversation,
                    std::string(ask.after), ask.limit};
  search(
      shard_, std::move(query),
      mine<result<SearchHits>>([ref = std::string(shard_.frame_ref())](Session& self, auto hits) {
        self.searching_ = false;
        if (!hits) return self.fail(ref, hits.error(), "search");
        frame::Found found;
        for (const Entry& entry : hits->entries) {
          found.entries.push_back(frame::of(entry, entry.from == self.who_.id(), self.staff()));
        }
        found.next = hits->next;
        self.send({ref, std::move(found)});
      }));
}

void Session::on(const frame::List& list) {
  const bool queue = list.scope == frame::List::Scope::queue;
  if (queue && who_.role() != Role::supervisor)
    return fail(shard_.frame_ref(), errc::denied, "scope");
  ScanRequest request;
  request.index = queue ? index::kQueue : index::kAllOf;
  if (!queue) request.prefix = index::of(who_.id());
  request.after = list.after;
  request.limit = std::clamp<std::size_t>(list.limit, 1, shard_.bounds().max_list);
  shard_.context().store.scan(
      std::move(request), mine<result<ScanPage>>([ref = std::string(shard_.frame_ref()), queue](
                                                     Session& self, result<ScanPage> page) {
        if (!page) return self.fail(ref, page.error(), "list");
        auto gathering = std::make_unique<Gathering>();
        gathering->purpose = Gathering::For::list;
        gathering->ref = ref;
        gathering->next = std::move(page->next);
        for (Record& record : page->records) {
          result<Conversation> decoded = wire::decode_conversation(record.value);
          if (!decoded || !(queue || decoded->admits(self.who_.role(), self.who_.id()))) continue;
          gathering->items.push_back({{std::move(*decoded), record.version}});
        }
        self.start(std::move(gathering));
      }));
}

}  // namespace kefu::inline v0::hub
