// Session: from a welcome, an open or an accept to conversations that are read.
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "session_parts.hpp"

namespace kefu::hub {

void Session::enlist(const VersionedConversation& conversation) {
  // One text may be the id of two participants, if the host does not keep the roles apart.
  if (!conversation.record.admits(identity_.participant.role, identity_.participant.id)) return;
  if (greeting_) {
    greeting_->enlisted.push_back(conversation);
  } else if (attached() && !find(conversation.record.id)) {
    join(conversation, {});
  }
}

void Session::join(VersionedConversation conversation, std::string ref) {
  auto gathering = std::make_unique<Gathering>();
  gathering->ref = std::move(ref);
  gathering->items.push_back({std::move(conversation), {0, 0}, 0, false});
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
  return *memberships_.insert(at, membership);
}

void Session::start(std::unique_ptr<Gathering> gathering) {
  gathering->number = ++last_gathering_;
  gathering->missing = gathering->items.size();
  if (gathering->items.empty()) return finish(std::move(gathering));
  gatherings_.push_back(std::move(gathering));
  Gathering& started = *gatherings_.back();
  for (std::size_t i = 0; i < started.items.size(); ++i) {
    Gathering::Item& item = started.items[i];
    if (started.purpose == Gathering::For::list) {
      item.joined = true;
      read_tails(started, i);
      continue;
    }
    member(item.conversation.record.id);
    shard_.send_home(item.conversation.record.id,
                     mail::Join{ref_, identity_.participant.id, staff(), item.conversation});
  }
}

void Session::on_joined(ConversationId conversation) {
  for (const auto& gathering : gatherings_) {
    for (std::size_t i = 0; i < gathering->items.size(); ++i) {
      Gathering::Item& item = gathering->items[i];
      if (item.conversation.record.id != conversation || std::exchange(item.joined, true)) continue;
      read_tails(*gathering, i);
    }
  }
}

void Session::read_tails(Gathering& gathering, std::size_t item) {
  const std::uint64_t number = gathering.number;
  gathering.items[item].missing = staff() ? 2 : 1;
  for (Log log : {Log::public_log, Log::internal}) {
    if (log == Log::internal && !staff()) continue;
    ReadRequest request;
    request.conversation = gathering.items[item].conversation.record.id;
    request.log = log;
    shard_.context().store.read(
        request, mine<result<Page>>([number, item, log](Session& self, result<Page> page) {
          self.on_tail(number, item, log, std::move(page));
        }));
  }
}

void Session::on_tail(std::uint64_t number, std::size_t item, Log log, result<Page> page) {
  const auto at = std::ranges::find(gatherings_, number,
                                    [](const auto& gathering) { return gathering->number; });
  if (at == gatherings_.end()) return;
  Gathering& gathering = **at;
  if (!page) {
    const std::unique_ptr<Gathering> failed = std::move(*at);
    gatherings_.erase(at);
    // A conversation that should be read but can't: the client comes back and finds everything
    // where it left it.
    return failed->purpose == Gathering::For::list ? fail(failed->ref, page.error(), "store")
                                                   : end(errc::unavailable);
  }
  gathering.items[item].tails[static_cast<std::size_t>(log)] = page->tail;
  if (--gathering.items[item].missing != 0 || --gathering.missing != 0) return;
  std::unique_ptr<Gathering> complete = std::move(*at);
  gatherings_.erase(at);
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
  if (!staff()) return;
  offering_ = std::make_unique<Offering>();
  scan_offers();
}

void Session::begin_reading(const Gathering& gathering) {
  for (const Gathering::Item& item : gathering.items) {
    Membership& membership = member(item.conversation.record.id);
    membership.ready = true;
    for (Log log : {Log::public_log, Log::internal}) {
      const auto which = static_cast<std::size_t>(log);
      react(membership, log,
            membership.readers[which].on_tail(item.tails[which], blocked_,
                                              shard_.bounds().replay_limit));
    }
  }
}

std::vector<ConversationView> Session::views(const Gathering& gathering) const {
  std::vector<ConversationView> views;
  views.reserve(gathering.items.size());
  for (const Gathering::Item& item : gathering.items) {
    const Conversation& record = item.conversation.record;
    views.push_back({record.id, record.state, record.visitor, record.department, record.subject,
                     item.tails[0], item.tails[1], accepted(record.id), record.opened_at});
  }
  return views;
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

/// Everything that waits for an agent, page by page at the connection's pace; what is queued from
/// now on comes by itself.
void Session::scan_offers() {
  if (!offering_ || blocked_ || stopping_ || std::exchange(offering_->scanning, true)) return;
  ScanRequest request;
  request.index = index::kQueue;
  request.after = offering_->next;
  request.limit = shard_.bounds().max_list;
  shard_.context().store.scan(std::move(request),
                              mine<result<ScanPage>>([](Session& self, result<ScanPage> page) {
                                self.on_offers(std::move(page));
                              }));
}

void Session::on_offers(result<ScanPage> page) {
  if (machine_.state() == core::Session::State::ended) return;
  offering_->scanning = false;
  if (!page) {
    retry_fetch_ = true;
    return;
  }
  for (const Record& record : page->records) {
    const result<Conversation> waiting = wire::decode_conversation(record.value);
    if (!waiting || std::ranges::find(offering_->gone, waiting->id) != offering_->gone.end())
      continue;
    send({{},
          frame::Offer{waiting->id, waiting->visitor, waiting->department, waiting->subject,
                       waiting->opened_at}});
  }
  offering_->gone.clear();
  offering_->next = std::move(page->next);
  if (offering_->next.empty()) return offering_.reset();
  scan_offers();
}

void Session::withdraw_offer(ConversationId conversation, const SharedFrame& frame) {
  if (offering_ && offering_->scanning) offering_->gone.push_back(conversation);
  send(frame);
}

}  // namespace kefu::hub
