// Session: the desk, as visitors and staff ask for it, and as the staff is told of it.
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "recall.hpp"
#include "session_parts.hpp"

namespace kefu::inline v0::hub {
namespace {

std::optional<core::DeskCommand> command_of(const frame::Change& ask, const Participant& by) {
  using What = frame::Change::What;
  switch (ask.what) {
    case What::accept:
      return core::Accept{ask.conversation, by.id, ask.assignment};
    case What::decline:
      return core::Decline{ask.conversation, by.id, ask.assignment, {}};
    case What::release:
      return core::Release{ask.conversation, by, ask.assignment};
    case What::take_over:
      return core::TakeOver{ask.conversation, by, ask.assignment};
    case What::resume:
      return core::Resume{ask.conversation, by, ask.assignment};
    case What::resolve:
      return core::Resolve{ask.conversation, by, {}, ask.assignment};
    case What::reopen:
      return core::Reopen{ask.conversation, by, ask.assignment};
    case What::close:
      return core::Close{ask.conversation, by, {}, ask.assignment};
  }
  return std::nullopt;
}

/// After these the caller reads the conversation.
bool begins_reading(frame::Change::What what) {
  return what == frame::Change::What::accept || what == frame::Change::What::take_over ||
         what == frame::Change::What::reopen;
}

/// What visitors may do too.
bool is_for_all(frame::Change::What what) {
  return what == frame::Change::What::reopen || what == frame::Change::What::close;
}

}  // namespace

/// Agents and supervisors: bots are in their conversations by other ways.
bool Session::is_desk_staff() const {
  const Role role = who_.role();
  return role == Role::agent || role == Role::supervisor;
}

// ---- what is asked

void Session::on(const frame::Open& open) {
  if (who_.role() != Role::visitor)
    return fail(shard_.frame_ref(), errc::denied, "visitors open conversations");
  if (!open.department.empty() && !is_plain_id(open.department, shard_.bounds().max_id))
    return fail(shard_.frame_ref(), errc::bad_frame, "department");
  if (open.priority > shard_.context().desk.options().visitor_priority)
    return fail(shard_.frame_ref(), errc::denied, "priority");
  Conversation proposed;
  proposed.id = open.id;
  proposed.visitor = who_.id();
  proposed.department = open.department;
  proposed.subject = open.subject;
  proposed.language = open.language;
  proposed.priority = open.priority;
  for (const frame::Attribute& one : open.attributes)
    proposed.attributes.emplace(one.name, one.value);
  shard_.desk().open(std::move(proposed), mine<DeskAnswer>([ref = std::string(shard_.frame_ref())](
                                                               Session& self, DeskAnswer verdict) {
                       self.answer(verdict, ref);
                     }));
}

/// With `joined`; or with why not.
void Session::answer(const DeskAnswer& verdict, std::string ref) {
  if (verdict.code != errc::ok) return refuse(ref, verdict);
  join(verdict.conversation, std::move(ref));
}

void Session::refuse(std::string_view ref, const DeskAnswer& verdict, std::uint64_t version) {
  frame::Error error;
  error.code = verdict.code;
  error.detail = "conversation";
  if (verdict.rule != Rule::none) error.rule = name(verdict.rule);
  if (verdict.rule == Rule::epoch && staff())
    error.current = verdict.conversation.record.assignment.epoch;
  if (verdict.rule == Rule::version && version != 0) error.current = version;
  send({ref, error});
}

void Session::run(ConversationId id, core::DeskCommand command) {
  shard_.desk().run(
      id, std::move(command),
      mine<DeskAnswer>([ref = std::string(shard_.frame_ref())](Session& self, DeskAnswer verdict) {
        if (verdict.code != errc::ok) return self.refuse(ref, verdict);
        frame::Done done;
        if (self.staff()) done.assignment = verdict.conversation.record.assignment.epoch;
        self.send({ref, done});
      }));
}

void Session::on(const frame::Change& change) {
  if (!is_for_all(change.what) && !is_desk_staff())
    return fail(shard_.frame_ref(), errc::denied, "agents do this");
  core::DeskCommand command = *command_of(change, who_.participant());
  if (!begins_reading(change.what)) return run(change.conversation, std::move(command));
  shard_.desk().run(
      change.conversation, std::move(command),
      mine<DeskAnswer>([ref = std::string(shard_.frame_ref())](Session& self, DeskAnswer verdict) {
        self.answer(verdict, ref);
      }));
}

void Session::on(const frame::Transfer& transfer) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  const Participant by = who_.participant();
  if (!transfer.department)
    return run(transfer.conversation,
               core::TransferToAgent{transfer.conversation, by, std::string(transfer.agent),
                                     std::string(transfer.note), transfer.assignment});
  if (!shard_.context().desk.has(*transfer.department))
    return refuse(shard_.frame_ref(), DeskAnswer{errc::not_found, Rule::department});
  run(transfer.conversation,
      core::TransferToDepartment{transfer.conversation, by, std::string(*transfer.department),
                                 std::string(transfer.note), transfer.assignment});
}

void Session::on(const frame::Hold& hold) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  run(hold.conversation,
      core::Hold{hold.conversation, who_.participant(), hold.until, hold.assignment});
}

void Session::on(const frame::Recall& ask) {
  if (ask.log == Log::internal && !staff()) return fail(shard_.frame_ref(), errc::not_found, "log");
  recall(shard_, {ask.conversation, ask.log, ask.seq, who_.participant()},
         mine<DeskOutcome>(
             [ref = std::string(shard_.frame_ref())](Session& self, DeskOutcome outcome) {
               if (outcome.code != errc::ok)
                 return self.refuse(ref, DeskAnswer{outcome.code, outcome.rule});
               self.send({ref, frame::Done{}});
             }));
}

void Session::on(const frame::Ban& ask) {
  if (who_.role() != Role::supervisor)
    return fail(shard_.frame_ref(), errc::denied, "supervisors ban");
  const Participant by = who_.participant();
  const result<Ban> ban = checked({std::string(ask.participant),
                                   std::string(ask.address),
                                   ask.until,
                                   std::string(ask.reason),
                                   by.id,
                                   {}},
                                  shard_.bounds());
  if (!ban) return fail(shard_.frame_ref(), ban.error(), "participant, address");
  if (ban->participant == by.id)
    return refuse(shard_.frame_ref(), DeskAnswer{code_of(Rule::itself), Rule::itself});
  change_bans(core::AddBan{*ban, shard_.bounds().max_bans});
}

void Session::on(const frame::Lift& ask) {
  if (who_.role() != Role::supervisor)
    return fail(shard_.frame_ref(), errc::denied, "supervisors lift bans");
  const result<Ban> ban = checked(
      {std::string(ask.participant), std::string(ask.address), {}, {}, {}, {}}, shard_.bounds());
  if (!ban) return fail(shard_.frame_ref(), ban.error(), "participant, address");
  change_bans(core::LiftBan{ban->participant, ban->address, std::string(who_.id())});
}

void Session::change_bans(core::DeskCommand command) {
  shard_.desk().change(std::move(command),
                       mine<DeskOutcome>([ref = std::string(shard_.frame_ref())](
                                             Session& self, DeskOutcome outcome) {
                         if (outcome.code != errc::ok)
                           return self.refuse(ref, DeskAnswer{outcome.code, outcome.rule});
                         self.send({ref, frame::Done{}});
                       }));
}

void Session::on(const frame::Watch& watch) {
  if (who_.role() != Role::supervisor)
    return fail(shard_.frame_ref(), errc::denied, "supervisors watch");
  shard_.desk().look_up(watch.conversation, who_.participant(),
                        mine<result<VersionedConversation>>(
                            [ref = std::string(shard_.frame_ref())](Session& self, auto found) {
                              if (!found) return self.fail(ref, found.error(), "conversation");
                              self.join(*std::move(found), ref);
                            }));
}

void Session::on(const frame::SetPresence& presence) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  core::SetIntent ask{std::string(who_.id()), presence.intent, std::nullopt, presence.version};
  if (presence.capacity) {
    if (*presence.capacity > shard_.bounds().max_capacity)
      return fail(shard_.frame_ref(), errc::too_large, "capacity");
    ask.capacity = static_cast<std::uint32_t>(*presence.capacity);
  }
  using Ended = core::transaction_effect::Ended;
  auto told = mine<Ended, std::uint64_t>(
      [ref = std::string(shard_.frame_ref())](Session& self, Ended ended, std::uint64_t said) {
        if (ended.code == errc::ok) return self.send({ref, frame::Done{0, said}});
        self.refuse(ref, DeskAnswer{ended.code, ended.rule}, said);
      });
  shard_.desk().run(std::move(ask), [told = std::move(told), id = who_.id()](
                                        const Ended& ended, core::WorkingSet& records) mutable {
    const bool read = ended.code == errc::ok || ended.rule != Rule::none;
    const Agent* const agent = read ? records.agent(id) : nullptr;
    told(ended, agent ? agent->said : 0);
  });
}

// ---- what the staff is told

/// From now on the agent is there. What waits is shown once it is known what they serve.
void Session::take_seat() {
  seat_ = std::make_unique<Seat>();
  shard_.attendance().arrive(who_, id_, epoch_);
  shard_.tell_all(mail::Seated{who_, id_, epoch_, ref_.shard});
  shard_.seat_soon(ref_);
}

void Session::tell_agents(const std::vector<SharedFrame>& frames) {
  if (!seat_) return;
  for (const SharedFrame& frame : frames) send(frame);
}

void Session::show(const Conversation& c, bool asked) {
  Seat::Shown* const known = seat_->find(c.id);
  if (known && known->assignment > c.assignment.epoch) return;  // it was read before that was told
  if (known && known->assignment == c.assignment.epoch && known->asked == asked) return;
  if (known) {
    *known = {c.id, c.assignment.epoch, asked};
  } else {
    seat_->shown.push_back({c.id, c.assignment.epoch, asked});
  }
  frame::Offer offer;
  offer.conversation = c.id;
  offer.visitor = c.visitor;
  offer.department = c.department;
  offer.subject = c.subject;
  offer.opened_at = c.opened_at;
  offer.assignment = c.assignment.epoch;
  if (asked) offer.expires_at = c.assignment.offer->expires_at;
  send({{}, offer});
}

void Session::hide(ConversationId conversation) {
  const auto gone = [&](const Seat::Shown& shown) { return shown.id == conversation; };
  if (erase_if(seat_->shown, gone) > 0) send({{}, frame::OfferGone{conversation}});
}

/// The slots say what this agent is asked, and what they have. Whatever was missed of how it came
/// to be so is made up for here.
void Session::on_agent(const std::shared_ptr<const AgentNews>& news) {
  if (!seat_ || !attached() || news->version <= seat_->record) return;
  const std::vector<std::string> serves = news->record.served();
  const bool other = seat_->record == 0 || !std::ranges::equal(seat_->departments, serves);
  seat_->record = news->version;
  seat_->departments.clear();
  for (const std::string& department : serves) seat_->departments.push_back(department);
  if (other) list_offers();
  seat_->offered.clear();
  for (const AgentSlot& slot : news->record.slots) {
    if (slot.use == SlotUse::offered) seat_->offered.push_back(slot.conversation);
  }
  std::vector<ConversationId> gone;
  for (const Seat::Shown& shown : seat_->shown) {
    if (shown.asked && !seat_->is_asked(shown.id)) gone.push_back(shown.id);
  }
  for (const ConversationId id : gone) hide(id);
  for (const AgentSlot& slot : news->record.slots) {
    if (slot.use == SlotUse::wrap_up) continue;
    const bool asked = slot.use == SlotUse::offered;
    if (asked ? seat_->find(slot.conversation) != nullptr : find(slot.conversation) != nullptr)
      continue;
    const auto& told = news->conversations;
    const auto known = std::ranges::find(told, slot.conversation, &Conversation::id);
    if (asked && known != told.end() && known->holder() == who_.id()) {
      show(*known, true);
    } else {
      look_for(slot.conversation);
    }
  }
}

/// It fills a slot of this agent, and is not known here.
void Session::look_for(ConversationId conversation) {
  shard_.desk().look_up(conversation, {{}, Role::supervisor},
                        mine<result<VersionedConversation>>([](Session& self, auto found) {
                          if (!found || !self.seat_ || !self.attached()) return;
                          const Conversation& c = found->record;
                          if (c.holder() != self.who_.id()) return;
                          if (c.state != ConversationState::offered) return self.enlist(*found);
                          // The read may be older than what the agent's record says by now.
                          if (self.seat_->is_asked(c.id)) self.show(c, true);
                        }));
}

void Session::on_waiting(const Conversation& c) {
  if (!seat_ || seat_->record == 0) return;
  const auto& mine = seat_->departments;
  const bool serves = who_.role() != Role::agent || mine.empty() ||
                      std::ranges::find(mine, c.department) != mine.end();
  serves ? show(c, false) : hide(c.id);
}

void Session::withdraw_offer(ConversationId conversation) {
  if (!seat_) return;
  if (seat_->listing && seat_->listing->scanning) seat_->listing->gone.push_back(conversation);
  const Seat::Shown* const shown = seat_->find(conversation);
  if (shown && !shown->asked) hide(conversation);
}

/// From the first page, as the departments are others now.
void Session::list_offers() {
  if (!shard_.context().desk.has_picked()) return;
  if (seat_->listing && seat_->listing->scanning) {
    seat_->listing->again = true;
    return;
  }
  seat_->listing = std::make_unique<Seat::Listing>();
  scan_offers();
}

/// Everything that waits for whoever takes it, page by page at the connection's pace; what is
/// queued from now on comes by itself.
void Session::scan_offers() {
  if (!seat_ || !seat_->listing || blocked_ || stopping_) return;
  if (std::exchange(seat_->listing->scanning, true)) return;
  ScanRequest request;
  request.index = index::kQueue;
  request.after = seat_->listing->next;
  request.limit = shard_.bounds().max_list;
  shard_.context().store.scan(std::move(request),
                              mine<result<ScanPage>>([](Session& self, result<ScanPage> page) {
                                self.on_offers(std::move(page));
                              }));
}

void Session::on_offers(result<ScanPage> page) {
  if (machine_.state() == core::Session::State::ended) return;
  Seat::Listing& listing = *seat_->listing;
  listing.scanning = false;
  if (!page) {
    retry_fetch_ = true;
    return;
  }
  mail::Listed listed;
  for (const Record& record : page->records) {
    const result<Conversation> waiting = wire::decode_conversation(record.value);
    if (!waiting || !shard_.context().desk.is_picked(waiting->department)) continue;
    if (std::ranges::find(listing.gone, waiting->id) != listing.gone.end()) continue;
    on_waiting(*waiting);
    listed.waiting.emplace_back(waiting->id, waiting->assignment.epoch);
  }
  if (!listed.waiting.empty()) shard_.send(0, std::move(listed));
  if (std::exchange(listing.again, false)) return list_offers();
  listing.gone.clear();
  listing.next = std::move(page->next);
  listing.next.empty() ? seat_->listing.reset() : scan_offers();
}

}  // namespace kefu::inline v0::hub
