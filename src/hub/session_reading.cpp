// Session: entries, acks and outcomes on their way to the connection.
#include <algorithm>
#include <utility>

#include "session_parts.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::uint32_t kFetchesAtOnce = 4;  // pages in flight for one session

}  // namespace

Session::Membership* Session::find(ConversationId conversation) {
  const auto at =
      std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  return at != memberships_.end() && at->conversation == conversation ? &*at : nullptr;
}

void Session::react(Membership& membership, Log log, core::Reader::Action action) {
  core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
  switch (action) {
    case core::Reader::Action::none:
    case core::Reader::Action::deliver:
      break;
    case core::Reader::Action::fetch:
      fetch(membership, log);
      break;
    case core::Reader::Action::reset:
      send({{}, frame::Reset{membership.conversation, log, reader.position(), "replay_limit"}});
      break;
  }
}

void Session::fetch(Membership& membership, Log log) {
  core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
  if (fetches_ == kFetchesAtOnce || stopping_)
    return reader.on_page_failed();  // its turn comes with the end of another page
  ++fetches_;
  ReadRequest request;
  request.conversation = membership.conversation;
  request.log = log;
  request.after = reader.position();
  request.max_entries = shard_.bounds().page_entries;
  request.max_bytes = shard_.bounds().page_bytes;
  shard_.context().store.read(request, mine<result<Page>>([id = membership.conversation, log](
                                                              Session& self, result<Page> page) {
                                self.on_page(id, log, std::move(page));
                              }));
}

void Session::on_page(ConversationId conversation, Log log, result<Page> page) {
  --fetches_;
  Membership* const membership = find(conversation);
  if (!membership || machine_.state() == core::Session::State::ended) return;
  core::Reader& reader = membership->readers[static_cast<std::size_t>(log)];
  if (!page) {
    reader.on_page_failed();
    retry_fetch_ = true;
    return;
  }
  for (const Entry& entry : page->entries) {
    if (reader.on_page_entry(entry.seq, blocked_) != core::Reader::Action::deliver) continue;
    ++shard_.counters().delivered;
    send(shard_.encode_body(frame::of(entry, entry.from == who_.id(), staff())));
    // What another node has changed is known from here alone.
    if (log == Log::public_log && entry.seq > membership->known && is_reserved_kind(entry.kind))
      shard_.send_home(conversation, mail::Recheck{conversation});
  }
  react(*membership, log, reader.on_page_end(page->tail, blocked_, shard_.bounds().replay_limit));
  pump();
}

void Session::pump() {
  if (stopping_) return;
  for (Membership& membership : memberships_) {
    if (!membership.ready) continue;
    for (Log log : {Log::public_log, Log::internal}) {
      if (blocked_ || fetches_ == kFetchesAtOnce) return;
      core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
      react(membership, log, reader.next(blocked_, shard_.bounds().replay_limit));
    }
  }
  scan_offers();
}

/// Takes its frame.
void Session::on_delivery(Delivery& delivery) {
  switch (delivery.what) {
    case Delivery::What::entry:
      return on_entry(delivery);
    case Delivery::What::ack:
      on_ack(delivery);
      return leave_if_settled();
    case Delivery::What::failed:
      on_failed(delivery);
      return leave_if_settled();
    case Delivery::What::hint:
      return on_hint(delivery);
    case Delivery::What::signal:
      if (attached() && !blocked_) send(std::move(delivery.frame));
  }
}

void Session::on_entry(Delivery& delivery) {
  Membership* const membership = find(delivery.conversation);
  if (!membership) return;
  const bool hold = blocked_ || !membership->ready;
  const core::Reader::Action action =
      membership->readers[static_cast<std::size_t>(delivery.log)].on_entry(delivery.seq, hold);
  if (action == core::Reader::Action::deliver) {
    ++shard_.counters().delivered;
    return send(std::move(delivery.frame));
  }
  react(*membership, delivery.log, action);
}

void Session::on_hint(const Delivery& delivery) {
  Membership* const membership = find(delivery.conversation);
  if (!membership) return;
  core::Reader& reader = membership->readers[static_cast<std::size_t>(delivery.log)];
  react(*membership, delivery.log, reader.on_hint(delivery.seq, blocked_ || !membership->ready));
}

/// The ack stands for the entry where the entry would be next; elsewhere it only tells the outcome,
/// and the entry comes with its page.
void Session::on_ack(const Delivery& delivery) {
  machine_.on_outcome(delivery.conversation, delivery.cseq);
  if (machine_.state() == core::Session::State::ended) return;
  core::Reader::Action action = core::Reader::Action::none;
  Membership* const membership = find(delivery.conversation);
  if (membership) {
    membership->accepted = std::max(membership->accepted, delivery.cseq);
    if (delivery.stands) {
      action = membership->readers[static_cast<std::size_t>(delivery.log)].on_ack(
          delivery.seq, blocked_ || !membership->ready);
    }
  }
  // One that does not stand for its entry goes alone and at once: merged or later, it could look
  // like a run that does.
  const bool alone = action != core::Reader::Action::deliver;
  if (alone) flush_ack();
  const frame::Ack ack{delivery.conversation, delivery.log,   delivery.cseq, delivery.seq, 1,
                       delivery.at,           delivery.stands};
  core::AckRun& run = shard_.ack_run(ack_run_, ref_);
  if (const std::optional<frame::Ack> before = run.on_ack(ack)) write(*before);
  if (alone) flush_ack();
  ++shard_.counters().delivered;
  if (membership) react(*membership, delivery.log, action);
}

void Session::on_failed(Delivery& delivery) {
  machine_.on_outcome(delivery.conversation, delivery.cseq);
  if (delivery.code == errc::fenced) return end(errc::superseded);
  if (delivery.code == errc::session_expired) return end(errc::session_expired);
  if (is_refusal(delivery.code)) {
    if (Membership* const membership = find(delivery.conversation)) {
      membership->accepted = std::max(membership->accepted, delivery.cseq);
    }
  }
  if (delivery.frame) return send(std::move(delivery.frame));
  frame::Error error;
  error.code = delivery.code;
  error.conversation = delivery.conversation;
  error.cseq = delivery.cseq;
  if (delivery.code == errc::gap) error.expected = delivery.expected;
  send({{}, error});
}

}  // namespace kefu::inline v0::hub
