// Session: from a welcome, an open or an accept to conversations that are read.
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "session_parts.hpp"

namespace kefu::inline v0::hub {

void Session::enlist(const VersionedConversation& conversation) {
  // One text may be the id of two participants, if the host does not keep the roles apart.
  if (!conversation.record.admits(who_.role(), who_.id())) return;
  if (greeting_) {
    greeting_->enlisted.push_back(conversation);
  } else if (attached() && !find(conversation.record.id)) {
    join(conversation, {});
  }
}

void Session::expect(ConversationId conversation) {
  if (find(conversation)) return;
  shard_.desk().look_up(conversation, who_.participant(),
                        mine<result<VersionedConversation>>([](Session& self, auto found) {
                          if (found) self.enlist(*found);
                        }));
}

void Session::join(VersionedConversation conversation, std::string ref) {
  auto gathering = std::make_unique<Gathering>();
  gathering->ref = std::move(ref);
  gathering->items.push_back({std::move(conversation)});
  start(std::move(gathering));
}

Session::Membership& Session::member(ConversationId conversation) {
  auto at = std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  if (at != memberships_.end() && at->conversation == conversation) return *at;
  Membership membership;
  membership.conversation = conversation;
  if (greeting_) {
    const auto known =
        std::ranges::lower_bound(greeting_->positions, conversation, {}, &Position::conversation);
    if (known != greeting_->positions.end() && known->conversation == conversation) {
      membership.readers[0] = core::Reader(known->seq);
      membership.readers[1] = core::Reader(known->internal);
    }
  }
  if (seat_) {
    const auto left = std::ranges::find(seat_->left, conversation, &Position::conversation);
    if (left != seat_->left.end()) {
      membership.readers[0] = core::Reader(left->seq);
      membership.readers[1] = core::Reader(left->internal);
      seat_->left.erase(left);
    }
  }
  return *memberships_.insert(at, membership);
}

void Session::start(std::unique_ptr<Gathering> gathering) {
  gathering->number = ++last_gathering_;
  gathering->missing = gathering->items.size();
  if (gathering->items.empty()) return finish(std::move(gathering));
  gatherings_.push_front(std::move(gathering));
  Gathering& started = *gatherings_.front();
  if (started.purpose == Gathering::For::list) return read_tails(started);
  for (const Gathering::Item& item : started.items) {
    member(item.conversation.record.id);
    shard_.send_home(item.conversation.record.id, mail::Join{ref_, who_, item.conversation});
  }
}

void Session::on_joined(ConversationId conversation) {
  for (const auto& gathering : gatherings_) {
    for (Gathering::Item& item : gathering->items) {
      if (item.conversation.record.id != conversation || std::exchange(item.joined, true)) continue;
      if (--gathering->missing == 0) read_tails(*gathering);
    }
  }
}

/// Of all its conversations at once.
void Session::read_tails(Gathering& gathering) {
  std::vector<Tail> logs;
  for (const Gathering::Item& item : gathering.items) {
    logs.push_back({item.conversation.record.id, Log::public_log, 0});
    if (staff()) logs.push_back({item.conversation.record.id, Log::internal, 0});
  }
  shard_.context().store.tails(
      std::move(logs),
      mine<result<std::vector<Tail>>>([number = gathering.number](Session& self, auto tails) {
        self.on_tails(number, std::move(tails));
      }));
}

void Session::on_tails(std::uint32_t number, result<std::vector<Tail>> tails) {
  const auto at = std::ranges::find(gatherings_, number,
                                    [](const auto& gathering) { return gathering->number; });
  if (at == gatherings_.end()) return;
  std::unique_ptr<Gathering> complete = std::move(*at);
  gatherings_.remove(nullptr);
  if (!tails) {
    // A conversation that should be read but can't: the client comes back and finds everything
    // where it left it.
    return complete->purpose == Gathering::For::list ? fail(complete->ref, tails.error(), "store")
                                                     : end(errc::unavailable);
  }
  const std::size_t logs = staff() ? 2 : 1;
  for (std::size_t i = 0; i < tails->size(); ++i)
    complete->items[i / logs].tails[i % logs] = (*tails)[i].seq;
  finish(std::move(complete));
}

void Session::finish(std::unique_ptr<Gathering> gathering) {
  if (machine_.state() == core::Session::State::ended) return;
  std::vector<VersionedConversation> enlisted;
  switch (gathering->purpose) {
    case Gathering::For::hello:
      for (VersionedConversation& conversation : greeting_->enlisted) {
        if (find(conversation.record.id)) continue;
        member(conversation.record.id);  // now: its position is known until hello is finished
        enlisted.push_back(std::move(conversation));
      }
      finish_hello(*gathering);
      break;
    case Gathering::For::join:
      if (gathering->items.front().removed) {
        if (!gathering->ref.empty()) fail(gathering->ref, errc::not_found, "conversation");
        return;
      }
      send({gathering->ref, frame::Joined{views(*gathering).front()}});
      break;
    case Gathering::For::list:
      return send({gathering->ref, frame::Listed{views(*gathering), gathering->next}});
  }
  begin_reading(*gathering);
  for (VersionedConversation& conversation : enlisted) join(std::move(conversation), {});
}

void Session::finish_hello(const Gathering& gathering) {
  frame::Welcome welcome;
  welcome.session = id_;
  welcome.epoch = epoch_;
  welcome.resumed = greeting_->session.has_value();
  welcome.limits = {shard_.bounds().window, shard_.bounds().max_frame, shard_.bounds().max_body};
  welcome.conversations = views(gathering);
  machine_.enter(core::Session::State::attached);
  greeting_.reset();
  send({gathering.ref, std::move(welcome)});
  if (is_desk_staff()) take_seat();
}

void Session::begin_reading(const Gathering& gathering) {
  for (const Gathering::Item& item : gathering.items) {
    if (item.removed) continue;
    Membership& membership = member(item.conversation.record.id);
    membership.ready = 1;
    membership.known = item.tails[0] & Membership::kKnownMask;
    for (Log log : {Log::public_log, Log::internal}) {
      const auto which = static_cast<std::size_t>(log);
      react(membership, log,
            membership.readers[which].on_tail(item.tails[which], blocked_,
                                              shard_.bounds().replay_limit));
    }
  }
}

std::vector<ConversationView> Session::views(const Gathering& gathering) const {
  const Timestamp now = shard_.context().store.now();
  std::vector<ConversationView> views;
  views.reserve(gathering.items.size());
  for (const Gathering::Item& item : gathering.items) {
    if (item.removed) continue;
    const Conversation& record = item.conversation.record;
    ConversationView view;
    view.id = record.id;
    view.state = record.state;
    view.visitor = record.visitor;
    view.department = record.department;
    view.subject = record.subject;
    view.agent = record.owner();
    if (staff()) view.assignment = record.assignment.epoch;
    view.tail = item.tails[0];
    view.internal_tail = item.tails[1];
    view.accepted_cseq = accepted(record.id);
    view.opened_at = record.opened_at;
    if (!staff()) view.opens_at = shard_.context().desk.opens_at(record, now);
    views.push_back(view);
  }
  return views;
}

/// The home shard delivers to it no more.
void Session::on_removed(ConversationId conversation) {
  for (const auto& gathering : gatherings_) {
    for (Gathering::Item& item : gathering->items)
      item.removed = item.removed || item.conversation.record.id == conversation;
  }
  Membership* const at = find(conversation);
  if (!at) return;
  const Mark mark{conversation, accepted(conversation)};
  const bool told = at->ready;
  if (seat_)
    seat_->left.push_back({conversation, at->readers[0].position(), at->readers[1].position()});
  memberships_.erase(at);
  erase_if(marks_, [&](const Mark& known) { return known.conversation == conversation; });
  marks_.push_back(mark);
  if (told) send({{}, frame::Left{conversation}});
}

std::uint64_t Session::accepted(ConversationId conversation) const {
  std::uint64_t accepted = 0;
  const auto mark = std::ranges::find(marks_, conversation, &Mark::conversation);
  if (mark != marks_.end()) accepted = mark->accepted;
  const auto at =
      std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  if (at != memberships_.end() && at->conversation == conversation)
    accepted = std::max(accepted, at->accepted);
  return accepted;
}

}  // namespace kefu::inline v0::hub
