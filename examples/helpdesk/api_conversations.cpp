// The HTTP API: conversations.
#include <kefu/desk_keys.hpp>
#include <kefu/net/transcript.hpp>
#include <kefu/wire/json_writer.hpp>
#include <kefu/wire/records.hpp>

#include <utility>

#include "api_call.hpp"

namespace helpdesk {
namespace {

using kefu::ConversationId;
using kefu::errc;

/// The nil id for what is none: there is nothing under it.
ConversationId id_of(const ApiCall& call) {
  return ConversationId::parse(call.id).value_or(ConversationId{});
}

void list(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const std::string participant = call.parameter("participant");
  const std::string open = call.parameter("open");
  if (participant.empty()) return done(problem(errc::bad_frame, "participant"));
  if (!open.empty() && open != "true" && open != "false")
    return done(problem(errc::bad_frame, "open"));
  const std::string_view index = open == "true" ? kefu::index::kOpenOf : kefu::index::kAllOf;
  answer_scan(
      api, call, "conversations",
      {kefu::RecordKind::conversation, std::string(index), kefu::index::of(participant), {}},
      std::move(done));
}

kefu::Hub::OpenRequest open_request(ApiFields& fields, const kefu::limits& bounds) {
  fields.need({"id", "visitor"});
  kefu::Hub::OpenRequest request;
  request.id = fields.id<ConversationId>("id").value_or(ConversationId{});
  request.visitor = fields.plain_id("visitor").value_or("");
  request.department = fields.plain_id("department").value_or("");
  request.subject = fields.text("subject", bounds.max_subject).value_or("");
  request.agents = fields.plain_ids("agents").value_or(std::vector<std::string>{});
  request.priority = fields.one_of<kefu::Priority>("priority").value_or(kefu::Priority::normal);
  request.language = fields.text("language", bounds.max_language).value_or("");
  request.skills = fields.plain_ids("skills").value_or(std::vector<std::string>{});
  request.tags = fields.plain_ids("tags").value_or(std::vector<std::string>{});
  request.attributes = fields.attributes("attributes").value_or(kefu::Attributes{});
  return request;
}

void open(const ApiContext& api, const ApiCall& call, ApiDone done) {
  ApiFields fields(call.body, api.options.bounds);
  kefu::Hub::OpenRequest request = open_request(fields, api.options.bounds);
  if (!fields.complete()) return done(fields.problem());
  api.hub.open(std::move(request), [&api, done = std::move(done)](auto opened) mutable {
    if (!opened) return done(problem(opened.error()));
    answer_record(api, kefu::conversation_key(opened->id), std::move(done));
  });
}

void read(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_record(api, kefu::conversation_key(id_of(call)), std::move(done));
}

void describe(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  kefu::core::Describe command;
  command.conversation = id_of(call);
  command.by = call.by;
  command.subject = fields.text("subject", bounds.max_subject);
  command.priority = fields.one_of<kefu::Priority>("priority");
  command.language = fields.text("language", bounds.max_language);
  command.skills = fields.plain_ids("skills");
  command.tags = fields.plain_ids("tags");
  command.attributes = fields.attributes("attributes");
  if (!fields.complete()) return done(fields.problem());
  answer_change(api, std::move(command), 200, std::move(done));
}

/// What names the assignment that its caller saw, and nothing else.
template <class Command>
void change(const ApiContext& api, const ApiCall& call, ApiDone done) {
  ApiFields fields(call.body, api.options.bounds);
  Command command;
  command.conversation = id_of(call);
  command.by = call.by;
  command.epoch = fields.number("assignment", UINT64_MAX);
  if (!fields.complete()) return done(fields.problem());
  answer_change(api, std::move(command), 200, std::move(done));
}

void transfer(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  const auto agent = fields.plain_id("agent");
  const auto department = fields.plain_id("department");
  const std::string note = fields.text("note", bounds.max_body).value_or("");
  const auto epoch = fields.number("assignment", UINT64_MAX);
  if (agent.has_value() == department.has_value()) fields.fail("either agent or department");
  if (!fields.complete()) return done(fields.problem());
  if (agent)
    return answer_change(api,
                         kefu::core::TransferToAgent{id_of(call), call.by, *agent, note, epoch},
                         200, std::move(done));
  if (!has_department(api, *department))
    return done(problem(errc::not_found, "department", kefu::Rule::department));
  answer_change(api,
                kefu::core::TransferToDepartment{id_of(call), call.by, *department, note, epoch},
                200, std::move(done));
}

void messages(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_log(api, call, kefu::conversation_key(id_of(call)), id_of(call), std::move(done));
}

kefu::net::http::Response said(const Saying& what, const Said& outcome) {
  if (outcome.code != errc::ok) return problem(outcome.code, outcome.detail, outcome.rule);
  std::string body;
  {
    kefu::wire::JsonWriter out(body);
    out.raw("{\"conversation\":");
    out.id(what.conversation);
    out.raw(",\"log\":");
    out.text(name(what.log));
    out.raw(",\"seq\":");
    out.number(outcome.seq);
    out.raw(",\"at\":");
    out.time(outcome.at);
    out.raw("}");
  }
  constexpr int kCreated = 201;
  return json_response(kCreated, std::move(body));
}

void say(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  fields.need({"id", "body"});
  Saying what;
  what.id = fields.id<kefu::SessionId>("id").value_or(kefu::SessionId{});
  what.conversation = id_of(call);
  what.bot = {fields.plain_id("from").value_or(call.by.id), kefu::Role::bot};
  what.by = call.by;
  what.log = log_in(fields);
  what.kind = fields.text("kind", bounds.max_kind).value_or(std::string(kefu::kind::kText));
  what.body = fields.text("body", bounds.max_body).value_or("");
  if (!fields.complete()) return done(fields.problem());
  api.speaker.say(what, [what, done = std::move(done)](const Said& outcome) mutable {
    done(said(what, outcome));
  });
}

void transcript(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const ConversationId id = id_of(call);
  const auto log = log_named(call.parameter("log"));
  if (!log) return done(problem(errc::bad_frame, "log"));
  const bool internal = *log == kefu::Log::internal;
  api.store.get(kefu::conversation_key(id), [&api, id, internal,
                                             done = std::move(done)](const auto& found) mutable {
    if (!found) return done(problem(found.error()));
    if (!*found) return done(problem(errc::not_found));
    done(kefu::net::lines_response(
        id.to_string() + ".jsonl", [&](kefu::LineTaker take, kefu::Completion<errc> ended) {
          api.hub.transcript(id, internal, std::move(take), std::move(ended));
        }));
  });
}

constexpr ApiRoute kRoutes[] = {
    {"GET", "/api/conversations", list},
    {"POST", "/api/conversations", open},
    {"GET", "/api/conversations/{id}", read},
    {"PATCH", "/api/conversations/{id}", describe},
    {"POST", "/api/conversations/{id}/resolve", change<kefu::core::Resolve>},
    {"POST", "/api/conversations/{id}/reopen", change<kefu::core::Reopen>},
    {"POST", "/api/conversations/{id}/close", change<kefu::core::Close>},
    {"POST", "/api/conversations/{id}/transfer", transfer},
    {"GET", "/api/conversations/{id}/messages", messages},
    {"POST", "/api/conversations/{id}/messages", say},
    {"GET", "/api/conversations/{id}/transcript", transcript},
};

}  // namespace

std::span<const ApiRoute> conversation_routes() { return kRoutes; }

}  // namespace helpdesk
