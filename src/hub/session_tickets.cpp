// Session: tickets, and what is known about a conversation.
#include <kefu/core/may_read_ticket.hpp>
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "session_parts.hpp"

namespace kefu::inline v0::hub {
namespace {

std::vector<std::string> copies(const std::vector<std::string_view>& texts) {
  return {texts.begin(), texts.end()};
}
std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}
Attributes copies(const std::vector<frame::Attribute>& attributes) {
  Attributes out;
  for (const frame::Attribute& one : attributes) out.emplace(one.name, one.value);
  return out;
}
std::vector<frame::Attribute> views_of(const Attributes& attributes) {
  std::vector<frame::Attribute> out;
  for (const auto& [name, value] : attributes) out.push_back({name, value});
  return out;
}
template <class Range>
auto optional_copies(const std::optional<Range>& given) {
  using Copies = decltype(copies(*given));
  return given ? std::optional<Copies>(copies(*given)) : std::nullopt;
}
std::optional<std::string> optional_copy(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

/// Visitors are told neither what the staff notes about one, nor whose conversations it is about.
frame::TicketView view_of(const Ticket& ticket, std::uint64_t version, bool staff) {
  frame::TicketView view;
  view.id = ticket.id;
  view.version = version;
  view.state = ticket.state;
  view.subject = ticket.subject;
  view.requester = ticket.requester;
  view.department = ticket.department;
  view.agent = ticket.assignee;
  view.priority = ticket.priority;
  if (staff) {
    view.tags = views_of(ticket.tags);
    view.attributes = views_of(ticket.fields);
    view.conversations = ticket.conversations;
  }
  view.until = ticket.pending_until;
  view.into = ticket.merged_into;
  view.created_at = ticket.created_at;
  view.updated_at = ticket.updated_at;
  return view;
}

core::CreateTicket creation(const frame::TicketChange& ask, const Participant& by) {
  Ticket ticket;
  ticket.id = ask.id;
  ticket.subject = ask.subject.value_or("");
  ticket.requester = ask.requester;
  ticket.department = ask.department.value_or("");
  ticket.assignee = ask.agent.value_or("");
  ticket.priority = ask.priority.value_or(Priority::normal);
  if (ask.tags) ticket.tags = copies(*ask.tags);
  if (ask.attributes) ticket.fields = copies(*ask.attributes);
  if (ask.conversation) ticket.conversations = {*ask.conversation};
  return {std::move(ticket), by};
}

core::UpdateTicket update(const frame::TicketChange& ask, const Participant& by) {
  core::UpdateTicket update;
  update.ticket = ask.id;
  update.version = *ask.version;
  update.by = by;
  update.state = ask.state;
  update.pending_until = ask.until;
  update.subject = optional_copy(ask.subject);
  update.department = optional_copy(ask.department);
  update.assignee = optional_copy(ask.agent);
  update.priority = ask.priority;
  update.tags = optional_copies(ask.tags);
  update.fields = optional_copies(ask.attributes);
  if (ask.conversation) update.link = {*ask.conversation};
  return update;
}

}  // namespace

// ---- who takes part in a conversation, and what is known about it

void Session::on(const frame::Join& join) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  const Participant by = who_.participant();
  if (!join.agent.empty() && !is_plain_id(join.agent, shard_.bounds().max_id))
    return fail(shard_.frame_ref(), errc::bad_frame, "agent");
  const bool oneself = join.agent.empty() || join.agent == by.id;
  core::Join command{join.conversation, oneself ? by.id : std::string(join.agent), by};
  if (!oneself) return run(join.conversation, std::move(command));
  shard_.desk().run(
      join.conversation, std::move(command),
      mine<DeskAnswer>([ref = std::string(shard_.frame_ref())](Session& self, DeskAnswer verdict) {
        self.answer(verdict, ref);
      }));
}

void Session::on(const frame::Leave& leave) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  run(leave.conversation, core::Leave{leave.conversation, std::string(who_.id())});
}

void Session::on(const frame::Describe& ask) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  core::Describe command;
  command.conversation = ask.conversation;
  command.by = who_.participant();
  command.subject = optional_copy(ask.subject);
  command.priority = ask.priority;
  command.language = optional_copy(ask.language);
  command.skills = optional_copies(ask.skills);
  command.tags = optional_copies(ask.tags);
  command.attributes = optional_copies(ask.attributes);
  shard_.desk().run(
      ask.conversation, std::move(command),
      mine<DeskAnswer>([ref = std::string(shard_.frame_ref())](Session& self, DeskAnswer verdict) {
        if (verdict.code != errc::ok) return self.refuse(ref, verdict);
        const Conversation& c = verdict.conversation.record;
        self.send({ref, frame::About{c.id, c.subject, c.priority, c.language, views_of(c.skills),
                                     views_of(c.tags), views_of(c.attributes)}});
      }));
}

// ---- tickets

/// Answers with the ticket, or with the rule that forbids it and the version that counts.
void Session::change_ticket(core::DeskCommand command) {
  auto told = mine<DeskOutcome>([ref = std::string(shard_.frame_ref())](Session& self,
                                                                        DeskOutcome outcome) {
    if (outcome.code != errc::ok)
      return self.refuse(ref, DeskAnswer{outcome.code, outcome.rule}, outcome.version);
    self.send({ref, frame::Tickets{
                        {view_of(std::get<Ticket>(*outcome.record), outcome.version, true)}, {}}});
  });
  shard_.desk().change(std::move(command), std::move(told));
}

void Session::on(const frame::TicketChange& ask) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  const Participant by = who_.participant();
  ask.version ? change_ticket(update(ask, by)) : change_ticket(creation(ask, by));
}

void Session::on(const frame::Comment& ask) {
  if (ask.log == Log::internal && !staff()) return fail(shard_.frame_ref(), errc::not_found, "log");
  core::CommentTicket command{ask.id, ask.comment, who_.participant(), std::string(ask.body),
                              ask.log};
  shard_.desk().change(std::move(command),
                       mine<DeskOutcome>([ref = std::string(shard_.frame_ref())](
                                             Session& self, DeskOutcome outcome) {
                         if (outcome.code != errc::ok)
                           return self.refuse(ref, DeskAnswer{outcome.code, outcome.rule});
                         self.send({ref, frame::Done{0, outcome.version}});
                       }));
}

void Session::on(const frame::Merge& ask) {
  if (!is_desk_staff()) return fail(shard_.frame_ref(), errc::denied, "agents do this");
  change_ticket(
      core::MergeTicket{ask.id, ask.version, ask.into, ask.into_version, who_.participant()});
}

void Session::on(const frame::FindTickets& find) {
  const std::string ref(shard_.frame_ref());
  if (find.id) {
    return look_up_ticket(*find.id, [ref](Session& self, result<ReadTickets> found) {
      if (!found) return self.fail(ref, found.error(), "ticket");
      self.tell_tickets(ref, *found);
    });
  }
  const bool own = !staff();
  ScanRequest request{RecordKind::ticket, std::string(own ? index::kRequester : index::kAssignee),
                      index::of(own ? who_.id() : find.agent), std::string(find.after), 0};
  request.limit = std::clamp<std::size_t>(find.limit, 1, shard_.bounds().max_list);
  scan_tickets(std::move(request), ref);
}

/// errc::not_found where there is none, or it is not theirs to read.
void Session::look_up_ticket(TicketId id, Completion<Session&, result<ReadTickets>> done) {
  shard_.context().store.get(
      ticket_key(id), mine<result<std::optional<Record>>>([done = std::move(done)](
                                                              Session& self, auto record) mutable {
        if (!record) return done(self, record.error());
        if (!*record) return done(self, errc::not_found);
        self.judge_tickets({{**std::move(record)}, {}},
                           [done = std::move(done)](Session& of, auto found) mutable {
                             const bool none = found && found->tickets.empty();
                             none ? done(of, errc::not_found) : done(of, std::move(found));
                           });
      }));
}

void Session::judge_tickets(ScanPage page, Completion<Session&, result<ReadTickets>> done) {
  auto judge = [page = std::move(page), done = std::move(done)](
                   Session& self, result<std::vector<std::string>> departments) mutable {
    if (!departments) return done(self, departments.error());
    ReadTickets out;
    for (const Record& record : page.records) {
      result<DeskRecord> one = wire::decode_record(record.key, record.value);
      if (!one) return done(self, one.error());
      Ticket& ticket = std::get<Ticket>(*one);
      if (core::may_read_ticket(ticket, self.who_.participant(), *departments))
        out.tickets.emplace_back(std::move(ticket), record.version);
    }
    out.next = std::move(page.next);
    done(self, std::move(out));
  };
  if (who_.role() != Role::agent) return judge(*this, std::vector<std::string>{});
  shard_.desk().find_departments(std::string(who_.id()),
                                 mine<result<std::vector<std::string>>>(std::move(judge)));
}

/// A page that is too large for an answer is asked for again, half as long.
void Session::scan_tickets(ScanRequest request, std::string ref) {
  shard_.context().store.scan(
      request, mine<result<ScanPage>>(
                   [request, ref = std::move(ref)](Session& self, result<ScanPage> page) mutable {
                     if (!page) return self.fail(ref, page.error(), "tickets");
                     std::size_t bytes = 0;
                     for (const Record& record : page->records) bytes += record.value.size();
                     if (bytes > self.shard_.bounds().max_answer / 2 && request.limit > 1) {
                       request.limit /= 2;
                       return self.scan_tickets(std::move(request), std::move(ref));
                     }
                     self.judge_tickets(*std::move(page), [ref](Session& of, auto found) {
                       if (!found) return of.fail(ref, found.error(), "tickets");
                       of.tell_tickets(ref, *found);
                     });
                   }));
}

void Session::tell_tickets(std::string_view ref, const ReadTickets& page) {
  frame::Tickets answer;
  for (const auto& [ticket, version] : page.tickets)
    answer.tickets.push_back(view_of(ticket, version, staff()));
  answer.next = page.next;
  send({ref, std::move(answer)});
}

}  // namespace kefu::inline v0::hub
