#include <simdjson.h>
#include <kefu/wire/records.hpp>

#include <optional>
#include <utility>

#include "wire/json_reader.hpp"
#include "wire/json_writer.hpp"

namespace kefu::wire {
namespace {

namespace od = simdjson::ondemand;

bool read_agents(od::value& value, std::vector<std::string>& agents) {
  od::array array;
  if (value.get_array().get(array)) return false;
  for (auto element : array) {
    std::string_view agent;
    if (element.get_string().get(agent)) return false;
    agents.emplace_back(agent);
  }
  return true;
}

template <class T>
bool take(std::optional<T> parsed, T& to) {
  if (parsed) to = *parsed;
  return parsed.has_value();
}

/// Reads one field; false when its value can't be what encode_record() wrote.
bool read_field(std::string_view key, od::value& value, Conversation& out) {
  if (key == "agents") return read_agents(value, out.agents);
  const bool known = key == "id" || key == "state" || key == "visitor" || key == "department" ||
                     key == "subject" || key == "opened_at";
  if (!known) return true;
  std::string_view text;
  if (value.get_string().get(text)) return false;
  if (key == "id") return take(ConversationId::parse(text), out.id);
  if (key == "state") return take(conversation_state_from_name(text), out.state);
  if (key == "opened_at") return take(Timestamp::parse(text), out.opened_at);
  (key == "visitor" ? out.visitor : key == "department" ? out.department : out.subject) = text;
  return true;
}

}  // namespace

std::string encode_record(const Conversation& conversation) {
  std::string json;
  {
    JsonWriter out(json);
    out.raw("{\"id\":");
    out.id(conversation.id);
    out.raw(",\"state\":\"");
    out.raw(name(conversation.state));
    out.raw("\",\"visitor\":");
    out.text(conversation.visitor);
    out.raw(",\"department\":");
    out.text(conversation.department);
    out.raw(",\"subject\":");
    out.text(conversation.subject);
    out.raw(",\"agents\":[");
    for (const std::string& agent : conversation.agents) {
      if (&agent != &conversation.agents.front()) out.raw(",");
      out.text(agent);
    }
    out.raw("],\"opened_at\":");
    out.time(conversation.opened_at);
    out.raw("}");
  }
  return json;
}

result<Conversation> decode_conversation(std::string_view record) {
  const simdjson::padded_string json(record);
  od::parser parser;
  od::document document;
  od::object object;
  if (parser.iterate(json).get(document) || document.get_object().get(object)) return errc::corrupt;
  Conversation conversation;
  for (auto next : object) {
    od::field member;
    if (std::move(next).get(member)) return errc::corrupt;
    const auto key = read_key(member);
    if (!key || !read_field(*key, member.value(), conversation)) return errc::corrupt;
  }
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (!at_end || conversation.id.is_nil() || conversation.visitor.empty()) return errc::corrupt;
  return conversation;
}

}  // namespace kefu::wire
