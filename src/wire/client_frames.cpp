#include <kefu/model/traceparent.hpp>

#include <algorithm>
#include <utility>

#include "wire/field_reader.hpp"
#include "wire/frames.hpp"

namespace kefu::inline v0::wire {
namespace {

frame::Hello hello(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::Hello frame;
  frame.token = in.text(Field::token, bounds.max_token);
  frame.session = in.optional_id<SessionId>(Field::session);
  frame.epoch = in.number(Field::epoch, 1, frame.epoch);
  if (in.container(Field::positions)) frame.positions = std::move(containers.positions);
  return frame;
}

/// Attributes and tags are short, and there are few.
void check(FieldReader& in, const std::vector<frame::Attribute>& attributes, const limits& bounds) {
  const auto too_long = [&](const frame::Attribute& one) {
    return one.name.size() > bounds.max_attribute || one.value.size() > bounds.max_attribute;
  };
  if (attributes.size() > bounds.max_attributes || std::ranges::any_of(attributes, too_long))
    in.fail(errc::too_large, name(Field::attributes));
}
std::optional<std::vector<std::string_view>> texts(FieldReader& in, Field field,
                                                   std::vector<std::string_view>& read,
                                                   const limits& bounds) {
  if (!in.container(field)) return std::nullopt;
  const auto too_long = [&](std::string_view text) { return text.size() > bounds.max_attribute; };
  if (read.size() > bounds.max_attributes || std::ranges::any_of(read, too_long))
    in.fail(errc::too_large, name(field));
  return std::move(read);
}
std::optional<std::vector<frame::Attribute>> attributes(FieldReader& in, Containers& containers,
                                                        const limits& bounds) {
  if (!in.container(Field::attributes)) return std::nullopt;
  check(in, containers.attributes, bounds);
  return std::move(containers.attributes);
}
std::optional<std::string_view> optional_text(FieldReader& in, Field field, std::size_t max) {
  return in.has(field) ? std::optional(in.text(field, max)) : std::nullopt;
}

frame::Open open(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::Open frame;
  frame.id = in.id<ConversationId>(Field::id);
  frame.department = in.text(Field::department, bounds.max_id, {});
  frame.subject = in.text(Field::subject, bounds.max_subject, {});
  frame.language = in.text(Field::language, bounds.max_language, {});
  frame.priority = in.one_of(Field::priority, frame.priority);
  if (in.container(Field::attributes)) frame.attributes = std::move(containers.attributes);
  check(in, frame.attributes, bounds);
  return frame;
}

frame::Send send(FieldReader& in, Log log, const limits& bounds) {
  frame::Send frame;
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.log = log;
  frame.cseq = in.number(Field::cseq, 1);
  frame.kind = in.text(Field::kind, bounds.max_kind, frame.kind);
  if (frame.kind.empty()) in.fail(Field::kind);
  frame.body = in.text(Field::body, bounds.max_body);
  // One that is none is left out, as its specification wants: a message is worth more.
  frame.traceparent = in.text(Field::traceparent, FieldReader::kAnySize, {});
  if (!is_traceparent(frame.traceparent)) frame.traceparent = {};
  return frame;
}

frame::History history(FieldReader& in) {
  frame::History frame;
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.log = in.log();
  frame.before = in.optional_number(Field::before);
  frame.after = in.optional_number(Field::after);
  if (frame.before.has_value() == frame.after.has_value())
    in.fail(errc::bad_frame, "either before or after");
  frame.limit = in.number(Field::limit, 1, frame.limit);
  return frame;
}

frame::List list(FieldReader& in, const limits& bounds) {
  frame::List frame;
  frame.after = in.text(Field::after, bounds.max_frame, {});
  frame.limit = in.number(Field::limit, 1, frame.limit);
  const std::string_view scope = in.text(Field::scope, FieldReader::kAnySize, "own");
  if (scope == "queue") frame.scope = frame::List::Scope::queue;
  if (scope != "queue" && scope != "own") in.fail(Field::scope);
  return frame;
}

frame::SetPresence presence(FieldReader& in) {
  frame::SetPresence frame;
  if (in.has(Field::intent)) frame.intent = in.one_of<Intent>(Field::intent);
  frame.capacity = in.optional_number(Field::capacity);
  frame.version = in.optional_number(Field::version);
  return frame;
}

frame::Change change(FieldReader& in, ClientType type) {
  constexpr auto kFirst = static_cast<std::size_t>(ClientType::accept);
  static_assert(static_cast<std::size_t>(ClientType::close) - kFirst ==
                static_cast<std::size_t>(frame::Change::What::close));
  frame::Change frame;
  frame.what = static_cast<frame::Change::What>(static_cast<std::size_t>(type) - kFirst);
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.assignment = in.optional_number(Field::assignment);
  return frame;
}

frame::Transfer transfer(FieldReader& in, const limits& bounds) {
  frame::Transfer frame;
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.assignment = in.optional_number(Field::assignment);
  frame.agent = in.text(Field::agent, bounds.max_id, {});
  if (in.has(Field::department)) frame.department = in.text(Field::department, bounds.max_id);
  frame.note = in.text(Field::note, bounds.max_body, {});
  if (frame.agent.empty() != frame.department.has_value())
    in.fail(errc::bad_frame, "either agent or department");
  return frame;
}

frame::Hold hold(FieldReader& in) {
  frame::Hold frame;
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.assignment = in.optional_number(Field::assignment);
  frame.until = in.optional_time(Field::until);
  return frame;
}

frame::Describe describe(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::Describe frame;
  frame.conversation = in.id<ConversationId>(Field::conversation);
  frame.subject = optional_text(in, Field::subject, bounds.max_subject);
  if (in.has(Field::priority)) frame.priority = in.one_of<Priority>(Field::priority);
  frame.language = optional_text(in, Field::language, bounds.max_language);
  frame.skills = texts(in, Field::skills, containers.skills, bounds);
  frame.tags = texts(in, Field::tags, containers.tags, bounds);
  frame.attributes = attributes(in, containers, bounds);
  return frame;
}

frame::TicketChange ticket(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::TicketChange frame;
  frame.id = in.id<TicketId>(Field::id);
  frame.version = in.optional_number(Field::version);
  if (in.has(Field::state)) frame.state = in.one_of<TicketState>(Field::state);
  frame.until = in.optional_time(Field::until);
  frame.subject = optional_text(in, Field::subject, bounds.max_subject);
  frame.requester = in.text(Field::requester, bounds.max_id, {});
  frame.department = optional_text(in, Field::department, bounds.max_id);
  frame.agent = optional_text(in, Field::agent, bounds.max_id);
  if (in.has(Field::priority)) frame.priority = in.one_of<Priority>(Field::priority);
  frame.tags = texts(in, Field::tags, containers.tags, bounds);
  frame.attributes = attributes(in, containers, bounds);
  frame.conversation = in.optional_id<ConversationId>(Field::conversation);
  if (frame.version && !frame.requester.empty()) in.fail(Field::requester);
  if (!frame.version && frame.state) in.fail(Field::state);
  return frame;
}

frame::Search search(FieldReader& in, const limits& bounds) {
  frame::Search frame;
  frame.text = in.text(Field::text, bounds.max_search);
  if (frame.text.empty()) in.fail(Field::text);
  frame.conversation = in.optional_id<ConversationId>(Field::conversation);
  frame.after = in.text(Field::after, bounds.max_frame, {});
  frame.limit = in.number(Field::limit, 1, frame.limit);
  return frame;
}

frame::Ban ban(FieldReader& in, const limits& bounds) {
  frame::Ban frame;
  frame.participant = in.text(Field::participant, bounds.max_id, {});
  frame.address = in.text(Field::address, bounds.max_id, {});
  frame.until = in.optional_time(Field::until);
  frame.reason = in.text(Field::reason, bounds.max_reason, {});
  return frame;
}

frame::FindTickets tickets(FieldReader& in, const limits& bounds) {
  frame::FindTickets frame;
  frame.id = in.optional_id<TicketId>(Field::id);
  frame.agent = in.text(Field::agent, bounds.max_id, {});
  frame.after = in.text(Field::after, bounds.max_frame, {});
  frame.limit = in.number(Field::limit, 1, frame.limit);
  return frame;
}

void build(ClientType type, FieldReader& in, Containers& containers, const limits& bounds,
           ClientFrame& frame) {
  const auto conversation = [&in] { return in.id<ConversationId>(Field::conversation); };
  switch (type) {
    case ClientType::hello:
      frame.body = hello(in, containers, bounds);
      return;
    case ClientType::token:
      frame.body = frame::Token{in.text(Field::token, bounds.max_token)};
      return;
    case ClientType::open:
      frame.body = open(in, containers, bounds);
      return;
    case ClientType::send:
      frame.body = send(in, Log::public_log, bounds);
      return;
    case ClientType::note:
      frame.body = send(in, Log::internal, bounds);
      return;
    case ClientType::delivered:
      frame.body = frame::Delivered{conversation(), in.number(Field::seq)};
      return;
    case ClientType::read:
      frame.body = frame::Read{conversation(), in.number(Field::seq)};
      return;
    case ClientType::typing:
      frame.body = frame::SetTyping{conversation(), in.boolean(Field::on, true),
                                    in.text(Field::preview, frame::SetTyping::kMaxPreview, {})};
      return;
    case ClientType::history:
      frame.body = history(in);
      return;
    case ClientType::list:
      frame.body = list(in, bounds);
      return;
    case ClientType::presence:
      frame.body = presence(in);
      return;
    case ClientType::accept:
    case ClientType::decline:
    case ClientType::release:
    case ClientType::take_over:
    case ClientType::resume:
    case ClientType::resolve:
    case ClientType::reopen:
    case ClientType::close:
      frame.body = change(in, type);
      return;
    case ClientType::transfer:
      frame.body = transfer(in, bounds);
      return;
    case ClientType::hold:
      frame.body = hold(in);
      return;
    case ClientType::watch:
      frame.body = frame::Watch{conversation()};
      return;
    case ClientType::join:
      frame.body = frame::Join{conversation(), in.text(Field::agent, bounds.max_id, {})};
      return;
    case ClientType::leave:
      frame.body = frame::Leave{conversation()};
      return;
    case ClientType::describe:
      frame.body = describe(in, containers, bounds);
      return;
    case ClientType::ticket:
      frame.body = ticket(in, containers, bounds);
      return;
    case ClientType::comment:
      frame.body = frame::Comment{in.id<TicketId>(Field::id), in.id<CommentId>(Field::comment),
                                  in.text(Field::body, bounds.max_body), in.log()};
      return;
    case ClientType::merge:
      frame.body = frame::Merge{in.id<TicketId>(Field::id), in.number(Field::version, 1),
                                in.id<TicketId>(Field::into), in.number(Field::into_version, 1)};
      return;
    case ClientType::tickets:
      frame.body = tickets(in, bounds);
      return;
    case ClientType::recall:
      frame.body = frame::Recall{conversation(), in.log(), in.number(Field::seq, 1)};
      return;
    case ClientType::ban:
      frame.body = ban(in, bounds);
      return;
    case ClientType::search:
      frame.body = search(in, bounds);
      return;
    case ClientType::claim:
      frame.body = frame::Claim{in.text(Field::token, bounds.max_token)};
      return;
    case ClientType::lift:
      frame.body = frame::Lift{in.text(Field::participant, bounds.max_id, {}),
                               in.text(Field::address, bounds.max_id, {})};
      return;
  }
}

/// A send that is not understood still says, where it can, which send it was: the client has it
/// pending.
void name_send(const Fields& fields, DecodeError& error) {
  FieldReader conversation(fields);
  const auto id = conversation.id<ConversationId>(Field::conversation);
  if (conversation.ok()) error.conversation = id;
  FieldReader number(fields);
  const std::uint64_t cseq = number.number(Field::cseq, 1);
  if (number.ok()) error.cseq = cseq;
}

}  // namespace

bool to_frame(const Fields& fields, Containers& containers, const limits& bounds,
              ClientFrame& frame, DecodeError& error) {
  FieldReader in(fields);
  frame.ref = in.text(Field::ref, bounds.max_ref, {});
  if (in.ok()) error.ref = frame.ref;
  const std::string_view text = in.text(Field::type, FieldReader::kAnySize);
  const std::size_t type = kClientTypeTable.find(text);
  if (type == kClientTypeTable.kNone) {
    in.fail(errc::unsupported, name(Field::type));
  } else {
    build(static_cast<ClientType>(type), in, containers, bounds, frame);
  }
  if (in.ok()) return true;
  error.code = in.code();
  error.detail = in.detail();
  if (type == static_cast<std::size_t>(ClientType::send) ||
      type == static_cast<std::size_t>(ClientType::note)) {
    name_send(fields, error);
  }
  return false;
}

}  // namespace kefu::inline v0::wire
