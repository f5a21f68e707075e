#include <kefu/wire/codec.hpp>
#include <kefu/wire/json_writer.hpp>

#include "wire/field.hpp"

namespace kefu::inline v0::wire {
namespace {

// The members of a frame. Those that may be absent are left out when they say nothing. Each writes
// its comma first: it follows `type`, or the first member of an inner object.

void log(JsonWriter& out, Log value) {
  if (value == Log::internal) out.raw(",\"log\":\"internal\"");
}
template <std::size_t N>
void text_unless_empty(JsonWriter& out, const char (&member)[N], std::string_view value) {
  if (value.empty()) return;
  out.raw(member);
  out.text(value);
}
template <std::size_t N>
void number_if(JsonWriter& out, const char (&member)[N], std::optional<std::uint64_t> value) {
  if (!value) return;
  out.raw(member);
  out.number(*value);
}
void conversation(JsonWriter& out, ConversationId id) {
  out.raw(",\"conversation\":");
  out.id(id);
}

void assignment(JsonWriter& out, std::optional<std::uint64_t> epoch) {
  if (epoch && *epoch != 0) number_if(out, ",\"assignment\":", epoch);
}
template <std::size_t N>
void time_if(JsonWriter& out, const char (&member)[N], std::optional<Timestamp> value) {
  if (!value) return;
  out.raw(member);
  out.time(*value);
}

template <class T, class Write>
void array(JsonWriter& out, const std::vector<T>& items, Write write) {
  out.raw("[");
  bool first = true;
  for (const T& item : items) {
    if (!first) out.raw(",");
    first = false;
    write(out, item);
  }
  out.raw("]");
}

template <std::size_t N>
void text_if(JsonWriter& out, const char (&member)[N], std::optional<std::string_view> value) {
  if (!value) return;
  out.raw(member);
  out.text(*value);
}
template <std::size_t N>
void texts(JsonWriter& out, const char (&member)[N], const std::vector<std::string_view>& values) {
  out.raw(member);
  array(out, values, [](JsonWriter& to, std::string_view text) { to.text(text); });
}
void attributes(JsonWriter& out, const std::vector<frame::Attribute>& values) {
  out.raw(",\"attributes\":{");
  for (const frame::Attribute& one : values) {
    if (&one != &values.front()) out.raw(",");
    out.text(one.name);
    out.raw(":");
    out.text(one.value);
  }
  out.raw("}");
}
void attributes_unless_empty(JsonWriter& out, const std::vector<frame::Attribute>& values) {
  if (!values.empty()) attributes(out, values);
}
void priority(JsonWriter& out, std::optional<Priority> value) {
  if (!value) return;
  out.raw(",\"priority\":");
  out.text(name(*value));
}
template <std::size_t N, class Tag>
void id_if(JsonWriter& out, const char (&member)[N], std::optional<Id<Tag>> value) {
  if (!value) return;
  out.raw(member);
  out.id(*value);
}

// ---- inner objects

void ticket(JsonWriter& out, const frame::TicketView& value) {
  out.raw("{\"id\":");
  out.id(value.id);
  out.raw(",\"version\":");
  out.number(value.version);
  out.raw(",\"state\":");
  out.text(name(value.state));
  text_unless_empty(out, ",\"subject\":", value.subject);
  text_unless_empty(out, ",\"requester\":", value.requester);
  text_unless_empty(out, ",\"department\":", value.department);
  text_unless_empty(out, ",\"agent\":", value.agent);
  priority(out, value.priority);
  if (!value.tags.empty()) texts(out, ",\"tags\":", value.tags);
  attributes_unless_empty(out, value.attributes);
  if (!value.conversations.empty()) {
    out.raw(",\"conversations\":");
    array(out, value.conversations, [](JsonWriter& to, ConversationId id) { to.id(id); });
  }
  time_if(out, ",\"until\":", value.until);
  id_if(out, ",\"into\":", value.into);
  out.raw(",\"created_at\":");
  out.time(value.created_at);
  out.raw(",\"updated_at\":");
  out.time(value.updated_at);
  out.raw("}");
}

void position(JsonWriter& out, const Position& value) {
  out.raw("{\"conversation\":");
  out.id(value.conversation);
  out.raw(",\"seq\":");
  out.number(value.seq);
  if (value.internal != 0) number_if(out, ",\"internal\":", value.internal);
  out.raw("}");
}

void view(JsonWriter& out, const ConversationView& value) {
  out.raw("{\"id\":");
  out.id(value.id);
  out.raw(",\"state\":\"");
  out.raw(name(value.state));
  out.raw("\",\"visitor\":");
  out.text(value.visitor);
  text_unless_empty(out, ",\"department\":", value.department);
  text_unless_empty(out, ",\"subject\":", value.subject);
  text_unless_empty(out, ",\"agent\":", value.agent);
  assignment(out, value.assignment);
  out.raw(",\"tail\":");
  out.number(value.tail);
  if (value.internal_tail != 0) number_if(out, ",\"internal_tail\":", value.internal_tail);
  out.raw(",\"accepted_cseq\":");
  out.number(value.accepted_cseq);
  out.raw(",\"opened_at\":");
  out.time(value.opened_at);
  time_if(out, ",\"opens_at\":", value.opens_at);
  out.raw("}");
}

/// An entry from its `seq` on, without the closing brace.
void entry_members(JsonWriter& out, const frame::EntryFrame& value) {
  out.raw("\"seq\":");
  out.number(value.seq);
  if (value.log == Log::internal) number_if(out, ",\"after\":", value.after);
  out.raw(",\"from\":");
  out.text(value.from);
  out.raw(",\"role\":\"");
  out.raw(name(value.role));
  out.raw("\"");
  if (value.origin) {
    out.raw(",\"origin\":{\"session\":");
    out.id(value.origin->session);
    out.raw(",\"cseq\":");
    out.number(value.origin->cseq);
    out.raw("}");
  }
  out.raw(",\"kind\":");
  out.text(value.kind);
  out.raw(",\"body\":");
  out.text(value.body);
  text_unless_empty(out, ",\"tags\":", value.tags);
  out.raw(",\"at\":");
  out.time(value.at);
}

// ---- the client's frames

void members(JsonWriter& out, const frame::Hello& value) {
  out.raw(",\"token\":");
  out.text(value.token);
  if (value.session) {
    out.raw(",\"session\":");
    out.id(*value.session);
  }
  out.raw(",\"epoch\":");
  out.number(value.epoch);
  if (value.positions.empty()) return;
  out.raw(",\"positions\":");
  array(out, value.positions, position);
}
void members(JsonWriter& out, const frame::Token& value) {
  out.raw(",\"token\":");
  out.text(value.token);
}
void members(JsonWriter& out, const frame::Open& value) {
  out.raw(",\"id\":");
  out.id(value.id);
  text_unless_empty(out, ",\"department\":", value.department);
  text_unless_empty(out, ",\"subject\":", value.subject);
  text_unless_empty(out, ",\"language\":", value.language);
  if (value.priority != Priority::normal) {
    out.raw(",\"priority\":");
    out.text(name(value.priority));
  }
  attributes_unless_empty(out, value.attributes);
}
void members(JsonWriter& out, const frame::Send& value) {
  conversation(out, value.conversation);
  out.raw(",\"cseq\":");
  out.number(value.cseq);
  out.raw(",\"kind\":");
  out.text(value.kind);
  out.raw(",\"body\":");
  out.text(value.body);
  text_unless_empty(out, ",\"traceparent\":", value.traceparent);
}
void members(JsonWriter& out, const frame::Delivered& value) {
  conversation(out, value.conversation);
  out.raw(",\"seq\":");
  out.number(value.seq);
}
void members(JsonWriter& out, const frame::Read& value) {
  conversation(out, value.conversation);
  out.raw(",\"seq\":");
  out.number(value.seq);
}
void members(JsonWriter& out, const frame::SetTyping& value) {
  conversation(out, value.conversation);
  out.raw(",\"on\":");
  out.boolean(value.on);
  text_unless_empty(out, ",\"preview\":", value.preview);
}
void members(JsonWriter& out, const frame::History& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  number_if(out, ",\"before\":", value.before);
  number_if(out, ",\"after\":", value.after);
  out.raw(",\"limit\":");
  out.number(value.limit);
}
void members(JsonWriter& out, const frame::List& value) {
  text_unless_empty(out, ",\"after\":", value.after);
  out.raw(",\"limit\":");
  out.number(value.limit);
  if (value.scope == frame::List::Scope::queue) out.raw(R"(,"scope":"queue")");
}
void members(JsonWriter& out, const frame::SetPresence& value) {
  if (value.intent) {
    out.raw(",\"intent\":");
    out.text(name(*value.intent));
  }
  number_if(out, ",\"capacity\":", value.capacity);
  number_if(out, ",\"version\":", value.version);
}
void members(JsonWriter& out, const frame::Change& value) {
  conversation(out, value.conversation);
  number_if(out, ",\"assignment\":", value.assignment);
}
void members(JsonWriter& out, const frame::Transfer& value) {
  conversation(out, value.conversation);
  number_if(out, ",\"assignment\":", value.assignment);
  text_unless_empty(out, ",\"agent\":", value.agent);
  if (value.department) {
    out.raw(",\"department\":");
    out.text(*value.department);
  }
  text_unless_empty(out, ",\"note\":", value.note);
}
void members(JsonWriter& out, const frame::Hold& value) {
  conversation(out, value.conversation);
  number_if(out, ",\"assignment\":", value.assignment);
  time_if(out, ",\"until\":", value.until);
}
void members(JsonWriter& out, const frame::Watch& value) { conversation(out, value.conversation); }
void members(JsonWriter& out, const frame::Join& value) {
  conversation(out, value.conversation);
  text_unless_empty(out, ",\"agent\":", value.agent);
}
void members(JsonWriter& out, const frame::Leave& value) { conversation(out, value.conversation); }
void members(JsonWriter& out, const frame::Describe& value) {
  conversation(out, value.conversation);
  text_if(out, ",\"subject\":", value.subject);
  priority(out, value.priority);
  text_if(out, ",\"language\":", value.language);
  if (value.skills) texts(out, ",\"skills\":", *value.skills);
  if (value.tags) texts(out, ",\"tags\":", *value.tags);
  if (value.attributes) attributes(out, *value.attributes);
}
void members(JsonWriter& out, const frame::TicketChange& value) {
  out.raw(",\"id\":");
  out.id(value.id);
  number_if(out, ",\"version\":", value.version);
  if (value.state) text_if(out, ",\"state\":", name(*value.state));
  time_if(out, ",\"until\":", value.until);
  text_if(out, ",\"subject\":", value.subject);
  text_unless_empty(out, ",\"requester\":", value.requester);
  text_if(out, ",\"department\":", value.department);
  text_if(out, ",\"agent\":", value.agent);
  priority(out, value.priority);
  if (value.tags) texts(out, ",\"tags\":", *value.tags);
  if (value.attributes) attributes(out, *value.attributes);
  id_if(out, ",\"conversation\":", value.conversation);
}
void members(JsonWriter& out, const frame::Comment& value) {
  out.raw(",\"id\":");
  out.id(value.id);
  out.raw(",\"comment\":");
  out.id(value.comment);
  log(out, value.log);
  out.raw(",\"body\":");
  out.text(value.body);
}
void members(JsonWriter& out, const frame::Merge& value) {
  out.raw(",\"id\":");
  out.id(value.id);
  out.raw(",\"version\":");
  out.number(value.version);
  out.raw(",\"into\":");
  out.id(value.into);
  out.raw(",\"into_version\":");
  out.number(value.into_version);
}
void members(JsonWriter& out, const frame::FindTickets& value) {
  id_if(out, ",\"id\":", value.id);
  text_unless_empty(out, ",\"agent\":", value.agent);
  text_unless_empty(out, ",\"after\":", value.after);
  out.raw(",\"limit\":");
  out.number(value.limit);
}
void members(JsonWriter& out, const frame::Recall& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  out.raw(",\"seq\":");
  out.number(value.seq);
}
void members(JsonWriter& out, const frame::Ban& value) {
  text_unless_empty(out, ",\"participant\":", value.participant);
  text_unless_empty(out, ",\"address\":", value.address);
  time_if(out, ",\"until\":", value.until);
  text_unless_empty(out, ",\"reason\":", value.reason);
}
void members(JsonWriter& out, const frame::Lift& value) {
  text_unless_empty(out, ",\"participant\":", value.participant);
  text_unless_empty(out, ",\"address\":", value.address);
}
void members(JsonWriter& out, const frame::Claim& value) {
  out.raw(",\"token\":");
  out.text(value.token);
}
void members(JsonWriter& out, const frame::Search& value) {
  out.raw(",\"text\":");
  out.text(value.text);
  id_if(out, ",\"conversation\":", value.conversation);
  text_unless_empty(out, ",\"after\":", value.after);
  out.raw(",\"limit\":");
  out.number(value.limit);
}

// ---- the server's frames

void members(JsonWriter& out, const frame::Welcome& value) {
  out.raw(",\"session\":");
  out.id(value.session);
  out.raw(",\"epoch\":");
  out.number(value.epoch);
  out.raw(",\"resumed\":");
  out.boolean(value.resumed);
  out.raw(",\"limits\":{\"window\":");
  out.number(value.limits.window);
  out.raw(",\"max_frame\":");
  out.number(value.limits.max_frame);
  out.raw(",\"max_body\":");
  out.number(value.limits.max_body);
  out.raw("},\"conversations\":");
  array(out, value.conversations, view);
}
void members(JsonWriter& out, const frame::Ack& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  out.raw(",\"cseq\":");
  out.number(value.cseq);
  out.raw(",\"seq\":");
  out.number(value.seq);
  if (value.count != 1) number_if(out, ",\"count\":", value.count);
  if (!value.stands) out.raw(",\"stands\":false");
  out.raw(",\"at\":");
  out.time(value.at);
}
void members(JsonWriter& out, const frame::EntryFrame& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  out.raw(",");
  entry_members(out, value);
}
void members(JsonWriter& out, const frame::Receipt& value) {
  conversation(out, value.conversation);
  out.raw(",\"from\":");
  out.text(value.from);
  number_if(out, ",\"delivered\":", value.delivered);
  number_if(out, ",\"read\":", value.read);
}
void members(JsonWriter& out, const frame::TypingState& value) {
  conversation(out, value.conversation);
  out.raw(",\"from\":");
  out.text(value.from);
  out.raw(",\"on\":");
  out.boolean(value.on);
  text_unless_empty(out, ",\"preview\":", value.preview);
}
void members(JsonWriter& out, const frame::Offer& value) {
  conversation(out, value.conversation);
  out.raw(",\"visitor\":");
  out.text(value.visitor);
  text_unless_empty(out, ",\"department\":", value.department);
  text_unless_empty(out, ",\"subject\":", value.subject);
  out.raw(",\"opened_at\":");
  out.time(value.opened_at);
  assignment(out, value.assignment);
  time_if(out, ",\"expires_at\":", value.expires_at);
}
void members(JsonWriter& out, const frame::OfferGone& value) {
  conversation(out, value.conversation);
}
void members(JsonWriter& out, const frame::Queue& value) {
  conversation(out, value.conversation);
  out.raw(",\"position\":");
  out.number(value.position);
  number_if(out, ",\"eta\":", value.eta);
  time_if(out, ",\"opens_at\":", value.opens_at);
}
void members(JsonWriter& out, const frame::Agents& value) {
  out.raw(",\"agents\":");
  array(out, value.agents, [](JsonWriter& to, const frame::AgentView& agent) {
    to.raw("{\"id\":");
    to.text(agent.id);
    to.raw(",\"intent\":");
    to.text(name(agent.intent));
    to.raw(",\"present\":");
    to.boolean(agent.present);
    to.raw(",\"capacity\":");
    to.number(agent.capacity);
    to.raw(",\"load\":");
    to.number(agent.load);
    to.raw("}");
  });
}
void members(JsonWriter& out, const frame::Left& value) { conversation(out, value.conversation); }
void members(JsonWriter& out, const frame::Joined& value) {
  out.raw(",\"conversation\":");
  view(out, value.conversation);
}
void members(JsonWriter& out, const frame::HistoryPage& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  out.raw(",\"entries\":");
  array(out, value.entries, [](JsonWriter& to, const frame::EntryFrame& entry) {
    to.raw("{");
    entry_members(to, entry);
    to.raw("}");
  });
  out.raw(",\"tail\":");
  out.number(value.tail);
}
void members(JsonWriter& out, const frame::Listed& value) {
  out.raw(",\"conversations\":");
  array(out, value.conversations, view);
  text_unless_empty(out, ",\"next\":", value.next);
}
void members(JsonWriter& out, const frame::Reset& value) {
  conversation(out, value.conversation);
  log(out, value.log);
  out.raw(",\"tail\":");
  out.number(value.tail);
  text_unless_empty(out, ",\"reason\":", value.reason);
}
void members(JsonWriter& out, const frame::Done& value) {
  assignment(out, value.assignment);
  if (value.version != 0) number_if(out, ",\"version\":", value.version);
}
void members(JsonWriter& out, const frame::About& value) {
  conversation(out, value.conversation);
  text_unless_empty(out, ",\"subject\":", value.subject);
  priority(out, value.priority);
  text_unless_empty(out, ",\"language\":", value.language);
  if (!value.skills.empty()) texts(out, ",\"skills\":", value.skills);
  if (!value.tags.empty()) texts(out, ",\"tags\":", value.tags);
  attributes_unless_empty(out, value.attributes);
}
void members(JsonWriter& out, const frame::Tickets& value) {
  out.raw(",\"tickets\":");
  array(out, value.tickets, ticket);
  text_unless_empty(out, ",\"next\":", value.next);
}
void members(JsonWriter& out, const frame::Found& value) {
  out.raw(",\"entries\":");
  array(out, value.entries, [](JsonWriter& to, const frame::EntryFrame& entry) {
    to.raw("{\"conversation\":");
    to.id(entry.conversation);
    log(to, entry.log);
    to.raw(",");
    entry_members(to, entry);
    to.raw("}");
  });
  text_unless_empty(out, ",\"next\":", value.next);
}
void members(JsonWriter& out, const frame::Error& value) {
  out.raw(",\"code\":\"");
  out.raw(name(value.code));
  out.raw("\"");
  text_unless_empty(out, ",\"detail\":", value.detail);
  if (value.conversation) conversation(out, *value.conversation);
  number_if(out, ",\"cseq\":", value.cseq);
  number_if(out, ",\"expected\":", value.expected);
  number_if(out, ",\"current\":", value.current);
  number_if(out, ",\"retry_after\":", value.retry_after);
  text_unless_empty(out, ",\"rule\":", value.rule);
}

// ---- what the client's frames are called; the server's are in the order of their alternatives

ClientType type_of(const frame::Hello&) { return ClientType::hello; }
ClientType type_of(const frame::Token&) { return ClientType::token; }
ClientType type_of(const frame::Open&) { return ClientType::open; }
ClientType type_of(const frame::Send& value) {
  return value.log == Log::internal ? ClientType::note : ClientType::send;
}
ClientType type_of(const frame::Delivered&) { return ClientType::delivered; }
ClientType type_of(const frame::Read&) { return ClientType::read; }
ClientType type_of(const frame::SetTyping&) { return ClientType::typing; }
ClientType type_of(const frame::History&) { return ClientType::history; }
ClientType type_of(const frame::List&) { return ClientType::list; }
ClientType type_of(const frame::SetPresence&) { return ClientType::presence; }
ClientType type_of(const frame::Change& value) {
  return static_cast<ClientType>(static_cast<std::size_t>(ClientType::accept) +
                                 static_cast<std::size_t>(value.what));
}
ClientType type_of(const frame::Transfer&) { return ClientType::transfer; }
ClientType type_of(const frame::Hold&) { return ClientType::hold; }
ClientType type_of(const frame::Watch&) { return ClientType::watch; }
ClientType type_of(const frame::Join&) { return ClientType::join; }
ClientType type_of(const frame::Leave&) { return ClientType::leave; }
ClientType type_of(const frame::Describe&) { return ClientType::describe; }
ClientType type_of(const frame::TicketChange&) { return ClientType::ticket; }
ClientType type_of(const frame::Comment&) { return ClientType::comment; }
ClientType type_of(const frame::Merge&) { return ClientType::merge; }
ClientType type_of(const frame::FindTickets&) { return ClientType::tickets; }
ClientType type_of(const frame::Recall&) { return ClientType::recall; }
ClientType type_of(const frame::Ban&) { return ClientType::ban; }
ClientType type_of(const frame::Lift&) { return ClientType::lift; }
ClientType type_of(const frame::Search&) { return ClientType::search; }
ClientType type_of(const frame::Claim&) { return ClientType::claim; }

template <class Frame>
void whole(JsonWriter& out, std::string_view type, std::string_view ref, const Frame& value) {
  out.raw("{\"type\":\"");
  out.raw(type);
  out.raw("\"");
  text_unless_empty(out, ",\"ref\":", ref);
  members(out, value);
  out.raw("}");
}

}  // namespace

void encode(const ClientFrame& frame, std::string& out) {
  JsonWriter writer(out);
  std::visit(
      [&](const auto& value) {
        whole(writer, kClientTypeTable.name(static_cast<std::size_t>(type_of(value))), frame.ref,
              value);
      },
      frame.body);
}

void encode(const ServerFrame& frame, std::string& out) {
  JsonWriter writer(out);
  std::visit(
      [&](const auto& value) {
        whole(writer, kServerTypeTable.name(frame.body.index()), frame.ref, value);
      },
      frame.body);
}

void encode(const frame::EntryFrame& frame, std::string& out) {
  JsonWriter writer(out);
  writer.raw("{\"type\":\"entry\"");
  members(writer, frame);
  writer.raw("}");
}

void encode(const frame::Ack& frame, std::string& out) {
  JsonWriter writer(out);
  writer.raw("{\"type\":\"ack\"");
  members(writer, frame);
  writer.raw("}");
}

}  // namespace kefu::inline v0::wire
