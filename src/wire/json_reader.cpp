#include "wire/json_reader.hpp"

#include <cstring>

#include "wire/field_reader.hpp"

namespace kefu::inline v0::wire {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kMost =
    1024;  // attributes or tags that are kept until the limits are looked at

/// Newer versions of simdjson ask whether a lone surrogate is to be replaced, and 3.9 has no
/// default for it.
template <class Member>
auto unescaped_key(Member& member) {
  if constexpr (requires { member.unescaped_key(false); }) {
    return member.unescaped_key(false);
  } else {
    return member.unescaped_key();
  }
}

/// A text without escapes is a view of the message; one with escapes lies in the parser's buffer.
/// An escaped lone surrogate is not valid UTF-8, and not every simdjson refuses it.
std::optional<std::string_view> read_text(od::value& value) {
  std::string_view token = value.raw_json_token();
  token.remove_prefix(1);
  while (!token.empty() && token.back() != '"')
    token.remove_suffix(1);  // spaces up to the next token
  if (token.empty()) return std::nullopt;
  token.remove_suffix(1);
  if (token.empty() || !std::memchr(token.data(), '\\', token.size())) return token;
  std::string_view text;
  if (value.get_string().get(text) || !simdjson::validate_utf8(text)) return std::nullopt;
  return text;
}

void read_scalar(od::value& value, od::json_type type, Field field, Fields& fields) {
  switch (type) {
    case od::json_type::string:
      if (const auto text = read_text(value)) return fields.set_text(field, *text);
      break;
    case od::json_type::number: {
      std::uint64_t number = 0;
      if (!value.get_uint64().get(number) && number <= kMaxInteger)
        return fields.set_number(field, number);
      break;
    }
    case od::json_type::boolean: {
      bool flag = false;
      if (!value.get_bool().get(flag)) return fields.set_boolean(field, flag);
      break;
    }
    case od::json_type::null: {
      bool null = false;
      if (!simdjson::simdjson_result<bool>(value.is_null()).get(null) && null) return;
      break;
    }
    default:
      break;
  }
  fields.set_wrong(field);
}

bool to_origin(const Fields& fields, Origin& origin) {
  FieldReader in(fields);
  origin.session = in.id<SessionId>(Field::session);
  origin.cseq = in.number(Field::cseq);
  return in.ok();
}

bool to_limits(const Fields& fields, frame::Limits& limits) {
  FieldReader in(fields);
  limits.window = in.number(Field::window);
  limits.max_frame = in.number(Field::max_frame);
  limits.max_body = in.number(Field::max_body);
  return in.ok();
}

bool to_entry(const Fields& fields, frame::EntryFrame& entry) {
  FieldReader in(fields);
  if (in.has(Field::conversation))  // of a search
    entry.conversation = in.id<ConversationId>(Field::conversation);
  entry.log = in.log();
  return to_entry(fields, entry, in);
}

bool to_view(const Fields& fields, ConversationView& view) {
  FieldReader in(fields);
  view.id = in.id<ConversationId>(Field::id);
  view.state = in.state(Field::state);
  view.visitor = in.text(Field::visitor, FieldReader::kAnySize);
  view.department = in.text(Field::department, FieldReader::kAnySize, {});
  view.subject = in.text(Field::subject, FieldReader::kAnySize, {});
  view.agent = in.text(Field::agent, FieldReader::kAnySize, {});
  view.assignment = in.number(Field::assignment, 0, 0);
  view.tail = in.number(Field::tail);
  view.internal_tail = in.number(Field::internal_tail, 0, 0);
  view.accepted_cseq = in.number(Field::accepted_cseq);
  view.opened_at = in.time(Field::opened_at);
  view.opens_at = in.optional_time(Field::opens_at);
  return in.ok();
}

bool to_agent(const Fields& fields, frame::AgentView& agent) {
  FieldReader in(fields);
  agent.id = in.text(Field::id, FieldReader::kAnySize);
  agent.intent = in.one_of<Intent>(Field::intent);
  agent.present = in.boolean(Field::present, false);
  agent.capacity = in.number(Field::capacity);
  agent.load = in.number(Field::load);
  return in.ok();
}

bool to_position(const Fields& fields, Position& position) {
  FieldReader in(fields);
  position.conversation = in.id<ConversationId>(Field::conversation);
  position.seq = in.number(Field::seq, 0, 0);
  position.internal = in.number(Field::internal, 0, 0);
  return in.ok();
}

/// Reads an object of `shape` and converts it; `good` says whether it could be converted.
template <class T>
bool read_one(od::object object, Shape shape, bool (*convert)(const Fields&, T&), T& out,
              bool& good) {
  Fields fields;
  if (!read_object(object, shape, fields, nullptr)) return false;
  good = convert(fields, out);
  return true;
}

/// Reads an array of objects by `read`, which clears `good` for a bad one and answers false when
/// the text is broken. After the first bad one the rest is read over, so that garbage costs no
/// memory.
template <class Read>
bool read_objects(od::array array, bool& good, Read read) {
  good = true;
  for (auto element : array) {
    od::value value;
    if (element.get(value)) return false;
    od::json_type type;
    if (value.type().get(type) || type != od::json_type::object) good = false;
    if (!good) continue;
    od::object object;
    if (value.get_object().get(object) || !read(object)) return false;
  }
  return true;
}

template <class T>
bool read_many(od::array array, Shape shape, bool (*convert)(const Fields&, T&),
               std::vector<T>& out, bool& good) {
  return read_objects(array, good, [&](od::object& object) {
    T item;
    if (!read_one(object, shape, convert, item, good)) return false;
    if (good) out.push_back(item);
    return true;
  });
}

/// An array of texts, each of which `add` takes or refuses.
template <class Add>
bool read_texts(od::array array, bool& good, Add add) {
  good = true;
  for (auto element : array) {
    od::value value;
    if (element.get(value)) return false;
    od::json_type type;
    const bool is_text = !value.type().get(type) && type == od::json_type::string;
    const auto text = is_text ? read_text(value) : std::nullopt;
    good = good && text && add(*text);
  }
  return true;
}
bool read_texts(od::array array, std::vector<std::string_view>& out, bool& good) {
  return read_texts(array, good, [&out](std::string_view text) {
    if (out.size() == kMost) return false;
    out.push_back(text);
    return true;
  });
}
bool read_ids(od::array array, std::vector<ConversationId>& out, bool& good) {
  return read_texts(array, good, [&out](std::string_view text) {
    const auto id = ConversationId::parse(text);
    if (id) out.push_back(*id);
    return id.has_value();
  });
}

frame::TicketView to_ticket(FieldReader& in, Containers& own) {
  frame::TicketView ticket;
  ticket.id = in.id<TicketId>(Field::id);
  ticket.version = in.number(Field::version, 1);
  ticket.state = in.one_of<TicketState>(Field::state);
  ticket.subject = in.text(Field::subject, FieldReader::kAnySize, {});
  ticket.requester = in.text(Field::requester, FieldReader::kAnySize, {});
  ticket.department = in.text(Field::department, FieldReader::kAnySize, {});
  ticket.agent = in.text(Field::agent, FieldReader::kAnySize, {});
  ticket.priority = in.one_of(Field::priority, ticket.priority);
  if (in.container(Field::tags)) ticket.tags = std::move(own.tags);
  if (in.container(Field::attributes)) ticket.attributes = std::move(own.attributes);
  if (in.container(Field::conversations)) ticket.conversations = std::move(own.linked);
  ticket.until = in.optional_time(Field::until);
  ticket.into = in.optional_id<TicketId>(Field::into);
  ticket.created_at = in.time(Field::created_at);
  ticket.updated_at = in.time(Field::updated_at);
  return ticket;
}

bool read_tickets(od::array array, std::vector<frame::TicketView>& out, bool& good) {
  return read_objects(array, good, [&](od::object& object) {
    Fields fields;
    Containers own;
    if (!read_object(object, Shape::ticket, fields, &own)) return false;
    FieldReader in(fields);
    out.push_back(to_ticket(in, own));
    good = in.ok();
    return true;
  });
}

bool read_array(od::array array, Shape shape, Field field, Containers& containers, bool& good) {
  if (field == Field::tags) return read_texts(array, containers.tags, good);
  if (shape == Shape::ticket)
    return field != Field::conversations || read_ids(array, containers.linked, good);
  if (field == Field::skills) return read_texts(array, containers.skills, good);
  if (shape == Shape::server_frame && field == Field::tickets)
    return read_tickets(array, containers.tickets, good);
  if (shape == Shape::client_frame && field == Field::positions) {
    return read_many(array, Shape::flat, to_position, containers.positions, good);
  }
  if (shape == Shape::server_frame && field == Field::conversations) {
    return read_many(array, Shape::flat, to_view, containers.conversations, good);
  }
  if (shape == Shape::server_frame && field == Field::entries) {
    return read_many(array, Shape::entry, to_entry, containers.entries, good);
  }
  if (shape == Shape::server_frame && field == Field::agents) {
    return read_many(array, Shape::flat, to_agent, containers.agents, good);
  }
  return true;
}

/// An object of texts, under any names.
bool read_attributes(od::object object, std::vector<frame::Attribute>& out, bool& good) {
  good = true;
  for (auto next : object) {
    od::field member;
    if (std::move(next).get(member)) return false;
    const auto key = read_key(member);
    od::value value = member.value();
    od::json_type type;
    const bool is_text = !value.type().get(type) && type == od::json_type::string;
    const auto text = is_text ? read_text(value) : std::nullopt;
    good = good && key && text && out.size() < kMost;
    if (good) out.push_back({*key, *text});
  }
  return true;
}

bool read_inner(od::object object, Shape shape, Field field, Fields& fields, Containers* containers,
                bool& good) {
  const bool server = shape == Shape::server_frame;
  if ((server || shape == Shape::entry) && field == Field::origin) {
    return read_one(object, Shape::flat, to_origin, fields.origin, good);
  }
  if (containers && field == Field::attributes)
    return read_attributes(object, containers->attributes, good);
  if (server && field == Field::limits)
    return read_one(object, Shape::flat, to_limits, fields.limits, good);
  if (server && field == Field::conversation) {
    return read_one(object, Shape::flat, to_view, containers->conversations.emplace_back(), good);
  }
  return true;
}

bool read_value(od::value& value, Shape shape, Field field, Fields& fields,
                Containers* containers) {
  od::json_type type;
  if (value.type().get(type)) return fields.set_wrong(field), true;
  bool good = false;
  if (type == od::json_type::array) {
    od::array array;
    if (!containers) return fields.set_wrong(field), true;
    if (value.get_array().get(array) || !read_array(array, shape, field, *containers, good))
      return false;
  } else if (type == od::json_type::object) {
    od::object object;
    if (value.get_object().get(object) ||
        !read_inner(object, shape, field, fields, containers, good))
      return false;
  } else {
    return read_scalar(value, type, field, fields), true;
  }
  good ? fields.set_container(field) : fields.set_wrong(field);
  return true;
}

}  // namespace

std::optional<std::string_view> read_key(od::field& field) {
  const char* const begin = field.key().raw();
  const char* end = begin;
  while (*end != '"' && *end != '\\') ++end;  // simdjson has seen the closing quote
  if (*end == '"') return std::string_view(begin, static_cast<std::size_t>(end - begin));
  std::string_view key;
  if (unescaped_key(field).get(key) || !simdjson::validate_utf8(key)) return std::nullopt;
  return key;
}

bool read_object(od::object object, Shape shape, Fields& fields, Containers* containers) {
  for (auto next : object) {
    od::field member;
    if (std::move(next).get(member)) return false;
    const auto key = read_key(member);
    if (!key) {
      fields.malformed = "the name of a field";
      continue;
    }
    const std::size_t index = kFieldTable.find(*key);
    if (index == kFieldTable.kNone) continue;
    const auto field = static_cast<Field>(index);
    if (!fields.meet(field)) {
      fields.malformed = name(field);
      continue;
    }
    if (!read_value(member.value(), shape, field, fields, containers)) return false;
  }
  return true;
}

bool to_entry(const Fields& fields, frame::EntryFrame& entry, FieldReader& in) {
  entry.seq = in.number(Field::seq, 1);
  entry.after = in.number(Field::after, 0, 0);
  entry.from = in.text(Field::from, FieldReader::kAnySize);
  entry.role = in.role(Field::role);
  if (in.container(Field::origin)) entry.origin = fields.origin;
  entry.kind = in.text(Field::kind, FieldReader::kAnySize);
  entry.body = in.text(Field::body, FieldReader::kAnySize);
  entry.tags = in.text(Field::tags, FieldReader::kAnySize, {});
  entry.at = in.time(Field::at);
  return in.ok();
}

}  // namespace kefu::inline v0::wire
