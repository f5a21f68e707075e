// The HTTP API: tokens, agents, departments, and what is kept of somebody.
#include <kefu/auth.hpp>
#include <kefu/clock.hpp>
#include <kefu/desk_keys.hpp>
#include <kefu/net/transcript.hpp>
#include <kefu/wire/json_writer.hpp>
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "api_call.hpp"

namespace helpdesk {
namespace {

using kefu::errc;

constexpr std::uint64_t kTokenLife = 3600;         // seconds, unless it is said
constexpr std::uint64_t kLongestLife = 24 * 3600;  // the same

// ---- tokens

void sign(const ApiContext& api, const ApiCall& call, ApiDone done) {
  ApiFields fields(call.body, api.options.bounds);
  fields.need({"participant", "role"});
  kefu::Identity identity;
  identity.participant.id = fields.plain_id("participant").value_or("");
  constexpr std::size_t kLongestRole = 16;
  const auto role = kefu::role_from_name(fields.text("role", kLongestRole).value_or(""));
  if (!role) fields.fail("role");
  identity.participant.role = role.value_or(kefu::Role::visitor);
  identity.verified = fields.boolean("verified").value_or(false);
  const std::uint64_t life = fields.number("lifetime", kLongestLife).value_or(kTokenLife);
  if (!fields.complete()) return done(fields.problem());
  identity.expires_at =
      kefu::SystemClock().now() + std::chrono::seconds(static_cast<std::int64_t>(life));
  std::string body;
  {
    kefu::wire::JsonWriter out(body);
    out.raw("{\"token\":");
    out.text(api.options.keys->sign(identity));
    out.raw(",\"expires_at\":");
    out.time(identity.expires_at);
    out.raw("}");
  }
  done(json_response(200, std::move(body)));
}

// ---- agents

void list_agents(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_scan(api, call, "agents",
              {kefu::RecordKind::agent,
               std::string(kefu::index::kPresent),
               kefu::index::of(call.parameter("department")),
               {}},
              std::move(done));
}

void read_agent(const ApiContext& api, const ApiCall& call, ApiDone done) {
  answer_record(api, kefu::agent_key(call.id), std::move(done));
}

void change_agent(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const kefu::limits& bounds = api.options.bounds;
  ApiFields fields(call.body, bounds);
  kefu::core::SetIntent command;
  command.agent = call.id;
  command.intent = fields.one_of<kefu::Intent>("intent");
  if (const auto capacity = fields.number("capacity", bounds.max_capacity))
    command.capacity = static_cast<std::uint32_t>(*capacity);
  command.version = fields.number("said", UINT64_MAX);
  if (!fields.complete()) return done(fields.problem());
  // Whoever has never been there is none yet, and is not made by this.
  api.store.get(kefu::agent_key(call.id), [&api, command = std::move(command),
                                           done = std::move(done)](const auto& found) mutable {
    if (!found) return done(problem(found.error()));
    if (!*found) return done(problem(errc::not_found));
    answer_change(api, std::move(command), 200, std::move(done));
  });
}

// ---- departments

/// Of the configuration; a desk of which nothing is said has none to be listed.
void list_departments(const ApiContext& api, const ApiCall& call, ApiDone done) {
  const auto limit = limit_of(call);
  if (!limit) return done(problem(errc::bad_frame, "limit"));
  std::vector<const kefu::Department*> found;
  const std::string after = call.parameter("after");
  for (const kefu::Department& one : api.options.departments) {
    if (one.id > after) found.push_back(&one);
  }
  std::ranges::sort(found, {},
                    [](const kefu::Department* one) { return std::string_view(one->id); });
  const bool more = found.size() > *limit;
  if (more) found.resize(*limit);
  std::vector<std::string> items;
  items.reserve(found.size());
  for (const kefu::Department* one : found) items.push_back(kefu::wire::encode_record(*one));
  done(json_response(200, page("departments", items, more ? found.back()->id : std::string())));
}

/// Who waits, in the order in which they are served.
void list_queue(const ApiContext& api, const ApiCall& call, ApiDone done) {
  if (!has_department(api, call.id)) return done(problem(errc::not_found));
  answer_scan(api, call, "conversations",
              {kefu::RecordKind::conversation,
               std::string(kefu::index::kQueue),
               kefu::index::of(call.id),
               {}},
              std::move(done));
}

// ---- exports

void export_participant(const ApiContext& api, const ApiCall& call, ApiDone done) {
  done(kefu::net::lines_response(
      "participant.jsonl", [&](kefu::LineTaker take, kefu::Completion<errc> ended) {
        api.hub.export_participant(call.id, std::move(take), std::move(ended));
      }));
}

constexpr ApiRoute kRoutes[] = {
    {"POST", "/api/tokens", sign},
    {"GET", "/api/agents", list_agents},
    {"GET", "/api/agents/{id}", read_agent},
    {"PATCH", "/api/agents/{id}", change_agent},
    {"GET", "/api/departments", list_departments},
    {"GET", "/api/departments/{id}/queue", list_queue},
    {"GET", "/api/participants/{id}/export", export_participant},
};

}  // namespace

std::span<const ApiRoute> desk_routes() { return kRoutes; }

}  // namespace helpdesk
