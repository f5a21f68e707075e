#include <kefu/client/tickets.hpp>

#include <utility>
#include <variant>

namespace kefu::inline v0::client {
namespace {

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}
std::vector<frame::Attribute> views_of(const Attributes& attributes) {
  std::vector<frame::Attribute> out;
  for (const auto& [name, value] : attributes) out.push_back({name, value});
  return out;
}

KnownTicket ticket_of(const frame::TicketView& view) {
  Ticket ticket;
  ticket.id = view.id;
  ticket.state = view.state;
  ticket.subject = view.subject;
  ticket.requester = view.requester;
  ticket.department = view.department;
  ticket.assignee = view.agent;
  ticket.priority = view.priority;
  ticket.tags.assign(view.tags.begin(), view.tags.end());
  for (const frame::Attribute& one : view.attributes) ticket.fields.emplace(one.name, one.value);
  ticket.conversations = view.conversations;
  ticket.pending_until = view.until;
  ticket.merged_into = view.into;
  ticket.created_at = view.created_at;
  ticket.updated_at = view.updated_at;
  return {std::move(ticket), view.version};
}

TicketAnswer answer_of(const ServerFrame& frame) {
  TicketAnswer answer;
  if (const auto* const error = std::get_if<frame::Error>(&frame.body)) {
    answer.code = error->code;
    answer.rule = enum_from_name<Rule>(error->rule).value_or(Rule::none);
    answer.current = error->current.value_or(0);
  } else if (const auto* const told = std::get_if<frame::Tickets>(&frame.body)) {
    for (const frame::TicketView& view : told->tickets) answer.found.push_back(ticket_of(view));
    answer.next = told->next;
  }
  return answer;
}

}  // namespace

template <class Frame>
void Tickets::ask(Frame frame, Done done) {
  client_.ask({{}, std::move(frame)}, [done = std::move(done)](const ServerFrame& answer) mutable {
    done(answer_of(answer));
  });
}

void Tickets::create(const Ticket& ticket, Done done) {
  frame::TicketChange frame;
  frame.id = ticket.id;
  frame.subject = ticket.subject;
  frame.requester = ticket.requester;
  frame.department = ticket.department;
  frame.agent = ticket.assignee;
  frame.priority = ticket.priority;
  frame.tags = views_of(ticket.tags);
  frame.attributes = views_of(ticket.fields);
  if (!ticket.conversations.empty()) frame.conversation = ticket.conversations.front();
  ask(std::move(frame), std::move(done));
}

void Tickets::update(TicketId id, std::uint64_t version, const TicketPatch& patch, Done done) {
  frame::TicketChange frame;
  frame.id = id;
  frame.version = version;
  frame.state = patch.state;
  frame.until = patch.pending_until;
  frame.subject = patch.subject;
  frame.department = patch.department;
  frame.agent = patch.assignee;
  frame.priority = patch.priority;
  if (patch.tags) frame.tags = views_of(*patch.tags);
  if (patch.fields) frame.attributes = views_of(*patch.fields);
  frame.conversation = patch.link;
  ask(std::move(frame), std::move(done));
}

void Tickets::comment(TicketId id, CommentId comment, std::string_view text, Done done, Log log) {
  ask(frame::Comment{id, comment, text, log}, std::move(done));
}

void Tickets::merge(TicketId from, std::uint64_t from_version, TicketId into,
                    std::uint64_t into_version, Done done) {
  ask(frame::Merge{from, from_version, into, into_version}, std::move(done));
}

void Tickets::get(TicketId id, Done done) {
  frame::FindTickets frame;
  frame.id = id;
  ask(frame, std::move(done));
}

void Tickets::list(std::string_view assignee, std::string_view after, std::uint64_t limit,
                   Done done) {
  ask(frame::FindTickets{{}, assignee, after, limit}, std::move(done));
}

}  // namespace kefu::inline v0::client
