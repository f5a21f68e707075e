#include "api_json.hpp"

#include <kefu/wire/json_writer.hpp>
#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

namespace helpdesk {
namespace {

using kefu::errc;
using kefu::net::http::Response;
namespace dom = simdjson::dom;

constexpr const char* kRetryAfter = "1";  // seconds

bool is_plain(std::string_view text) {
  return !text.empty() &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Response with_problem(int status, errc code, std::string_view detail, kefu::Rule rule,
                      std::uint64_t current) {
  std::string body;
  {
    kefu::wire::JsonWriter out(body);
    out.raw("{\"type\":\"about:blank\",\"title\":");
    out.text(kefu::net::http::reason_phrase(status));
    out.raw(",\"status\":");
    out.number(static_cast<std::uint64_t>(status));
    out.raw(",\"code\":");
    out.text(name(code));
    if (!detail.empty()) {
      out.raw(",\"detail\":");
      out.text(detail);
    }
    if (rule != kefu::Rule::none) {
      out.raw(",\"rule\":");
      out.text(name(rule));
    }
    if (current != 0) {
      out.raw(",\"current\":");
      out.number(current);
    }
    out.raw("}");
  }
  Response response = json_response(status, std::move(body));
  response.fields.clear();
  response.set("Content-Type", "application/problem+json").set("Cache-Control", "no-store");
  if (status == 401) response.set("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) response.set("Retry-After", kRetryAfter);
  return response;
}

/// What its caller should have named in place of what they did; 0: nothing.
std::uint64_t current_of(const kefu::DeskOutcome& outcome) {
  if (!outcome.record) return 0;
  const auto* const c = std::get_if<kefu::Conversation>(&*outcome.record);
  if (outcome.rule == kefu::Rule::epoch) return c ? c->assignment.epoch : 0;
  if (outcome.rule != kefu::Rule::version) return 0;
  const auto* const agent = std::get_if<kefu::Agent>(&*outcome.record);
  return agent ? agent->said : outcome.version;
}

}  // namespace

ApiFields::ApiFields(std::string_view body, const kefu::limits& bounds) : bounds_(bounds) {
  if (body.empty()) body = "{}";
  if (parser_.parse(body.data(), body.size()).get(object_)) fail("the body is no JSON object");
}

void ApiFields::fail(errc code, std::string_view detail) {
  if (code_ != errc::ok) return;
  code_ = code;
  detail_ = detail;
}

void ApiFields::need(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (code_ == errc::ok && object_.at_key(name).error()) fail(name);
  }
}

std::optional<dom::element> ApiFields::find(std::string_view name) {
  asked_.push_back(name);
  dom::element value;
  if (code_ != errc::ok || object_.at_key(name).get(value)) return std::nullopt;
  return value;
}

std::optional<std::string> ApiFields::text_of(const dom::element& value, std::string_view name,
                                              std::size_t max) {
  std::string_view text;
  // An escaped lone surrogate makes no text.
  if (value.get(text) || !simdjson::validate_utf8(text)) {
    fail(name);
    return std::nullopt;
  }
  if (text.size() > max) fail(errc::too_large, name);
  return std::string(text);
}

std::optional<std::string> ApiFields::text(std::string_view name, std::size_t max) {
  const auto value = find(name);
  return value ? text_of(*value, name, max) : std::nullopt;
}

std::optional<std::string> ApiFields::plain_id(std::string_view name) {
  auto given = text(name, bounds_.max_id);
  if (given && !is_plain(*given)) fail(name);
  return given;
}

std::optional<std::vector<std::string>> ApiFields::plain_ids(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  std::vector<std::string> out;
  dom::array items;
  if (value->get(items)) fail(name);
  if (code_ != errc::ok) return out;
  if (items.size() > bounds_.max_attributes) fail(errc::too_large, name);
  for (const dom::element item : items) {
    const auto text = text_of(item, name, bounds_.max_id);
    if (text && !is_plain(*text)) fail(name);
    if (code_ != errc::ok) return out;
    out.push_back(*text);
  }
  return out;
}

std::optional<kefu::Attributes> ApiFields::attributes(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  kefu::Attributes out;
  dom::object members;
  if (value->get(members)) fail(name);
  if (code_ != errc::ok) return out;
  if (members.size() > bounds_.max_attributes) fail(errc::too_large, name);
  for (const auto& [key, member] : members) {
    const auto text = text_of(member, name, bounds_.max_attribute);
    if (key.size() > bounds_.max_attribute) fail(errc::too_large, name);
    if (key.empty() || !simdjson::validate_utf8(key)) fail(name);
    if (code_ != errc::ok) return out;
    out.emplace(key, *text);
  }
  return out;
}

std::optional<std::uint64_t> ApiFields::number(std::string_view name, std::uint64_t max) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  if (value->get(number) || number > max) fail(name);
  return number;
}

std::optional<bool> ApiFields::boolean(std::string_view name) {
  const auto value = find(name);
  if (!value) return std::nullopt;
  bool truth = false;
  if (value->get(truth)) fail(name);
  return truth;
}

bool ApiFields::complete() {
  if (code_ != errc::ok) return false;
  for (const auto& [key, value] : object_) {
    if (std::ranges::find(asked_, key) != asked_.end()) continue;
    fail(simdjson::validate_utf8(key) ? "unknown: " + std::string(key) : "unknown");
    return false;
  }
  return true;
}

Response ApiFields::problem() const { return helpdesk::problem(code_, detail_); }

int status_of(errc code) noexcept {
  switch (code) {
    case errc::bad_frame:
    case errc::unsupported:
    case errc::too_large:
      return 400;
    case errc::unauthenticated:
    case errc::token_expired:
      return 401;
    case errc::denied:
      return 403;
    case errc::not_found:
      return 404;
    case errc::conflict:
    case errc::duplicate:
    case errc::closed:
      return 409;
    case errc::rate_limited:
      return 429;
    default:
      return is_retryable(code) ? 503 : 500;
  }
}

Response problem(errc code, std::string_view detail, kefu::Rule rule, std::uint64_t current) {
  return with_problem(status_of(code), code, detail, rule, current);
}

Response problem(int status, errc code, std::string_view detail) {
  return with_problem(status, code, detail, kefu::Rule::none, 0);
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.set("Content-Type", "application/json").set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

std::string resource(std::string_view record, std::uint64_t version) {
  std::string json = "{\"version\":" + std::to_string(version) + ',';
  return json.append(record.substr(1));
}

Response answer_to(const kefu::DeskOutcome& outcome, int status) {
  if (outcome.code != errc::ok) return problem(outcome.code, {}, outcome.rule, current_of(outcome));
  if (!outcome.record) return problem(errc::not_found);
  return json_response(status,
                       resource(kefu::wire::encode_record(*outcome.record), outcome.version));
}

std::string page(std::string_view name, const std::vector<std::string>& items,
                 std::string_view next) {
  std::string body;
  {
    kefu::wire::JsonWriter out(body);
    out.raw("{");
    out.text(name);
    out.raw(":[");
    for (const std::string& item : items) {
      if (&item != &items.front()) out.raw(",");
      out.raw(std::string_view(item));
    }
    out.raw("]");
    if (!next.empty()) {
      out.raw(",\"next\":");
      out.text(next);
    }
    out.raw("}");
  }
  return body;
}

}  // namespace helpdesk
