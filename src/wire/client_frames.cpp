#include <algorithm>
#include <utility>

#include "wire/field_reader.hpp"
#include "wire/frames.hpp"

namespace kefu::wire {
namespace {

frame::Hello hello(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::Hello frame;
  frame.token = in.text(Field::token, bounds.max_token);
  frame.session = in.optional_id<SessionId>(Field::session);
  frame.epoch = in.number(Field::epoch, 1, frame.epoch);
  if (in.container(Field::positions)) frame.positions = std::move(containers.positions);
  return frame;
}

frame::Open open(FieldReader& in, Containers& containers, const limits& bounds) {
  frame::Open frame;
  frame.id = in.id<ConversationId>(Field::id);
  frame.department = in.text(Field::department, bounds.max_id, {});
  frame.subject = in.text(Field::subject, bounds.max_subject, {});
  frame.language = in.text(Field::language, bounds.max_language, {});
  frame.priority = in.one_of(Field::priority, frame.priority);
  if (in.container(Field::attributes)) frame.attributes = std::move(containers.attributes);
  const auto too_long = [&](const frame::Attribute& one) {
    return one.name.size() > bounds.max_attribute || one.value.size() > bounds.max_attribute;
  };
  if (frame.attributes.size() > bounds.max_attributes ||
      std::ranges::any_of(frame.attributes, too_long))
    in.fail(errc::too_large, name(Field::attributes));
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
      frame.body = frame::SetTyping{conversation(), in.boolean(Field::on, true)};
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

}  // namespace kefu::wire
