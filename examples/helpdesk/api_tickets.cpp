// The HTTP API: tickets.
#include <kefu/desk_keys.hpp>

#include <utility>

#include "api_call.hpp"

namespace helpdesk {
namespace {

using kefu::errc;
using kefu::TicketId;

constexpr int kCreated = 201;

/// The nil id for what is none: there is nothing under it.
TicketId id_of(const ApiCall& call) { return TicketId::parse(call.id).value_or(TicketId{}); }

void list(const ApiContext& api, const ApiCall& call, ApiDone done) {
  using kefu::net::http::query_parameter;
  const auto assignee = query_parameter(call.query, "assignee");
  const auto requester = query_parameter(call.query, "requester");
  if (assignee.has_value() == requester.has_value() || (requester && requester->empty()))
    return done(problem(errc::bad_frame, "either assignee or requester"));
  const std::string_view index = assignee ? kefu::index::kAssignee : kefu::index::kRequester;
  answer_scan(api, call, "tickets",
              {kefu::RecordKind::ticket,
               std::string(index),
               kefu::index::of(assignee ? *assignee : *requester),
               {}},
              std::move(done));
}

void create(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  fields.need({"id"});
  kefu::Ticket ticket;
  ticket.id = fields.id<TicketId>("id").value_or(TicketId{});
  ticket.subject = fields.text("subject", bounds.max_subject).value_or("");
  ticket.requester = fields.plain_id("requester").value_or("");
  ticket.department = fields.plain_id("department").value_or("");
  ticket.assignee = fields.plain_id("assignee").value_or("");
  ticket.priority = fields.one_of<kefu::Priority>("priority").value_or(kefu::Priority::normal);
  ticket.tags = fields.plain_ids("tags").value_or(std::vector<std::string>{});
  ticket.fields = fields.attributes("fields").value_or(kefu::Attributes{});
  if (const auto about = fields.id<kefu::ConversationId>("conversation"))
    ticket.conversations = {*about};
  if (!fields.complete()) return done(fields.problem());
  api.hub.change({kefu::core::CreateTicket{std::move(ticket), call.by}},
                 [done = std::move(done)](const kefu::DeskOutcome& outcome) mutable {
                   // Nothing is missing: the id is something else's.
                   if (outcome.rule == kefu::Rule::exists)
                     return done(problem(errc::conflict, "id", outcome.rule));
                   done(answer_to(outcome, kCreated));
                 });
}

void read(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_record(api, kefu::ticket_key(id_of(call)), std::move(done));
}

/// A text that an empty one clears.
std::optional<std::string> id_or_empty(ApiFields& fields, std::string_view name,
                                       const kefu::limits& bounds) {
  const auto text = fields.text(name, bounds.max_id);
  return text && text->empty() ? text : fields.plain_id(name);
}

void update(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  fields.need({"version"});
  kefu::core::UpdateTicket command;
  command.ticket = id_of(call);
  command.version = fields.number("version", UINT64_MAX).value_or(0);
  command.by = call.by;
  command.state = fields.one_of<kefu::TicketState>("state");
  command.pending_until = fields.time("pending_until");
  command.subject = fields.text("subject", bounds.max_subject);
  command.department = id_or_empty(fields, "department", bounds);
  command.assignee = id_or_empty(fields, "assignee", bounds);
  command.priority = fields.one_of<kefu::Priority>("priority");
  command.tags = fields.plain_ids("tags");
  command.fields = fields.attributes("fields");
  if (const auto about = fields.id<kefu::ConversationId>("conversation")) command.link = {*about};
  if (!fields.complete()) return done(fields.problem());
  answer_change(api, std::move(command), 200, std::move(done));
}

void comments(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_log(api, call, kefu::ticket_key(id_of(call)), kefu::log_of(id_of(call)), std::move(done));
}

void comment(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  fields.need({"id", "body"});
  kefu::core::CommentTicket command;
  command.ticket = id_of(call);
  command.id = fields.id<kefu::CommentId>("id").value_or(kefu::CommentId{});
  command.by = call.by;
  command.text = fields.text("body", bounds.max_body).value_or("");
  command.log = log_in(fields);
  if (!fields.complete()) return done(fields.problem());
  answer_change(api, std::move(command), kCreated, std::move(done));
}

constexpr ApiRoute kRoutes[] = {
    {"GET", "/api/tickets", list},
    {"POST", "/api/tickets", create},
    {"GET", "/api/tickets/{id}", read},
    {"PATCH", "/api/tickets/{id}", update},
    {"GET", "/api/tickets/{id}/comments", comments},
    {"POST", "/api/tickets/{id}/comments", comment},
};

}  // namespace

std::span<const ApiRoute> ticket_routes() { return kRoutes; }

}  // namespace helpdesk
