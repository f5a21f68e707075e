#include "net/risk_messages.hpp"

#include <simdjson.h>

#include <kefu/wire/json_writer.hpp>

namespace kefu::inline v0::net {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxReason = 512;  // bytes; it goes to the sender in an error frame

/// Not every simdjson refuses an escaped lone surrogate, which is no UTF-8.
std::optional<std::string> text_of(const dom::object& from, std::string_view name) {
  std::string_view text;
  if (from[name].get_string().get(text) || !simdjson::validate_utf8(text)) return std::nullopt;
  return std::string(text);
}

std::optional<Verdict> read_denial(const dom::object& from) {
  if (from["reason"].error() == simdjson::NO_SUCH_FIELD) return Deny{};
  std::optional<std::string> reason = text_of(from, "reason");
  if (!reason || reason->size() > kMaxReason) return std::nullopt;
  return Deny{std::move(*reason)};
}

std::optional<Verdict> read_verdict(const dom::element& from) {
  dom::object object;
  if (from.get_object().get(object)) return std::nullopt;
  const std::string verdict = text_of(object, "verdict").value_or("");
  if (verdict == "allow") return Allow{};
  if (verdict == "deny") return read_denial(object);
  const bool rewrites = verdict == "rewrite";
  if (!rewrites && verdict != "flag") return std::nullopt;
  std::optional<std::string> text = text_of(object, rewrites ? "body" : "tag");
  if (!text) return std::nullopt;
  if (rewrites) return Rewrite{std::move(*text)};
  return Flag{std::move(*text)};
}

}  // namespace

std::string risk_draft(const PolicyContext& context) {
  std::string out;
  {
    wire::JsonWriter json(out);
    json.raw("{\"conversation\":");
    json.id(context.conversation.id);
    const auto member = [&](std::string_view name, std::string_view value) {
      json.raw(",");
      json.text(name);
      json.raw(":");
      json.text(value);
    };
    member("visitor", context.conversation.visitor);
    member("department", context.conversation.department);
    member("from", context.from);
    member("role", name(context.role));
    member("peer", context.peer);
    member("log", name(context.log));
    member("kind", context.kind);
    member("body", context.body);
    json.raw("}");
  }
  return out;
}

std::string risk_request(const std::vector<std::string>& drafts) {
  std::string out = "{\"drafts\":[";
  for (const std::string& draft : drafts) {
    if (out.back() == '}') out += ',';
    out += draft;
  }
  return out += "]}";
}

std::optional<std::vector<Verdict>> read_risk_answer(std::string_view body, std::size_t count) {
  dom::parser parser;
  dom::array array;
  if (parser.parse(body.data(), body.size())["verdicts"].get_array().get(array))
    return std::nullopt;
  std::vector<Verdict> out;
  for (const dom::element one : array) {
    std::optional<Verdict> verdict = read_verdict(one);
    if (!verdict || out.size() == count) return std::nullopt;
    out.push_back(std::move(*verdict));
  }
  if (out.size() != count) return std::nullopt;
  return out;
}

}  // namespace kefu::inline v0::net
