#include <utility>

#include "wire/field_reader.hpp"
#include "wire/frames.hpp"
#include "wire/json_reader.hpp"

namespace kefu::inline v0::wire {
namespace {

constexpr std::size_t kAnySize = FieldReader::kAnySize;

ConversationId conversation(FieldReader& in) { return in.id<ConversationId>(Field::conversation); }

frame::Welcome welcome(FieldReader& in, const Fields& fields, Containers& containers) {
  frame::Welcome frame;
  frame.session = in.id<SessionId>(Field::session);
  frame.epoch = in.number(Field::epoch);
  frame.resumed = in.boolean(Field::resumed, false);
  if (in.container(Field::limits, true)) frame.limits = fields.limits;
  if (in.container(Field::conversations, true))
    frame.conversations = std::move(containers.conversations);
  return frame;
}

frame::Ack ack(FieldReader& in) {
  frame::Ack frame;
  frame.conversation = conversation(in);
  frame.log = in.log();
  frame.cseq = in.number(Field::cseq, 1);
  frame.seq = in.number(Field::seq, 1);
  frame.count = in.number(Field::count, 1, frame.count);
  if (frame.count > frame.cseq || frame.count > frame.seq) in.fail(Field::count);
  frame.at = in.time(Field::at);
  frame.stands = in.boolean(Field::stands, true);
  return frame;
}

frame::EntryFrame entry(FieldReader& in, const Fields& fields) {
  frame::EntryFrame frame;
  if (!to_entry(fields, frame, in)) return frame;
  frame.conversation = conversation(in);
  frame.log = in.log();
  return frame;
}

frame::Receipt receipt(FieldReader& in) {
  frame::Receipt frame;
  frame.conversation = conversation(in);
  frame.from = in.text(Field::from, kAnySize);
  frame.delivered = in.optional_number(Field::delivered);
  frame.read = in.optional_number(Field::read);
  return frame;
}

frame::TypingState typing(FieldReader& in) {
  frame::TypingState frame;
  frame.conversation = conversation(in);
  frame.from = in.text(Field::from, kAnySize);
  frame.on = in.boolean(Field::on, true);
  frame.preview = in.text(Field::preview, kAnySize, {});
  return frame;
}

frame::Offer offer(FieldReader& in) {
  frame::Offer frame;
  frame.conversation = conversation(in);
  frame.visitor = in.text(Field::visitor, kAnySize);
  frame.department = in.text(Field::department, kAnySize, {});
  frame.subject = in.text(Field::subject, kAnySize, {});
  frame.opened_at = in.time(Field::opened_at);
  frame.assignment = in.number(Field::assignment, 0, 0);
  frame.expires_at = in.optional_time(Field::expires_at);
  return frame;
}

frame::Queue queue(FieldReader& in) {
  frame::Queue frame;
  frame.conversation = conversation(in);
  frame.position = in.number(Field::position, 1);
  frame.eta = in.optional_number(Field::eta);
  frame.opens_at = in.optional_time(Field::opens_at);
  return frame;
}

frame::Agents agents(FieldReader& in, Containers& containers) {
  frame::Agents frame;
  if (in.container(Field::agents, true)) frame.agents = std::move(containers.agents);
  return frame;
}

frame::Joined joined(FieldReader& in, Containers& containers) {
  frame::Joined frame;
  if (in.container(Field::conversation, true)) frame.conversation = containers.conversations.back();
  return frame;
}

frame::HistoryPage history(FieldReader& in, Containers& containers) {
  frame::HistoryPage frame;
  frame.conversation = conversation(in);
  frame.log = in.log();
  if (in.container(Field::entries, true)) frame.entries = std::move(containers.entries);
  for (frame::EntryFrame& entry : frame.entries) {  // what the page says once is true of each
    entry.conversation = frame.conversation;
    entry.log = frame.log;
  }
  frame.tail = in.number(Field::tail);
  return frame;
}

frame::Listed listed(FieldReader& in, Containers& containers) {
  frame::Listed frame;
  if (in.container(Field::conversations, true))
    frame.conversations = std::move(containers.conversations);
  frame.next = in.text(Field::next, kAnySize, {});
  return frame;
}

frame::Reset reset(FieldReader& in) {
  frame::Reset frame;
  frame.conversation = conversation(in);
  frame.log = in.log();
  frame.tail = in.number(Field::tail);
  frame.reason = in.text(Field::reason, kAnySize, {});
  return frame;
}

frame::Error error_frame(FieldReader& in) {
  frame::Error frame;
  frame.code = errc_from_name(in.text(Field::code, kAnySize));
  frame.detail = in.text(Field::detail, kAnySize, {});
  frame.conversation = in.optional_id<ConversationId>(Field::conversation);
  frame.cseq = in.optional_number(Field::cseq);
  frame.expected = in.optional_number(Field::expected);
  frame.current = in.optional_number(Field::current);
  frame.retry_after = in.optional_number(Field::retry_after);
  frame.rule = in.text(Field::rule, kAnySize, {});
  return frame;
}

frame::About about(FieldReader& in, Containers& containers) {
  frame::About frame;
  frame.conversation = conversation(in);
  frame.subject = in.text(Field::subject, kAnySize, {});
  frame.priority = in.one_of(Field::priority, frame.priority);
  frame.language = in.text(Field::language, kAnySize, {});
  if (in.container(Field::skills)) frame.skills = std::move(containers.skills);
  if (in.container(Field::tags)) frame.tags = std::move(containers.tags);
  if (in.container(Field::attributes)) frame.attributes = std::move(containers.attributes);
  return frame;
}

frame::Tickets tickets(FieldReader& in, Containers& containers) {
  frame::Tickets frame;
  if (in.container(Field::tickets, true)) frame.tickets = std::move(containers.tickets);
  frame.next = in.text(Field::next, kAnySize, {});
  return frame;
}

frame::Found found(FieldReader& in, Containers& containers) {
  frame::Found frame;
  if (in.container(Field::entries, true)) frame.entries = std::move(containers.entries);
  for (const frame::EntryFrame& entry : frame.entries) {
    if (entry.conversation.is_nil()) in.fail(Field::conversation);
  }
  frame.next = in.text(Field::next, kAnySize, {});
  return frame;
}

void build(ServerType type, FieldReader& in, const Fields& fields, Containers& containers,
           ServerFrame& frame) {
  switch (type) {
    case ServerType::welcome:
      frame.body = welcome(in, fields, containers);
      return;
    case ServerType::ack:
      frame.body = ack(in);
      return;
    case ServerType::entry:
      frame.body = entry(in, fields);
      return;
    case ServerType::receipt:
      frame.body = receipt(in);
      return;
    case ServerType::typing:
      frame.body = typing(in);
      return;
    case ServerType::offer:
      frame.body = offer(in);
      return;
    case ServerType::offer_gone:
      frame.body = frame::OfferGone{conversation(in)};
      return;
    case ServerType::joined:
      frame.body = joined(in, containers);
      return;
    case ServerType::history:
      frame.body = history(in, containers);
      return;
    case ServerType::list:
      frame.body = listed(in, containers);
      return;
    case ServerType::reset:
      frame.body = reset(in);
      return;
    case ServerType::done:
      frame.body = frame::Done{in.number(Field::assignment, 0, 0), in.number(Field::version, 0, 0)};
      return;
    case ServerType::error:
      frame.body = error_frame(in);
      return;
    case ServerType::queue:
      frame.body = queue(in);
      return;
    case ServerType::agents:
      frame.body = agents(in, containers);
      return;
    case ServerType::left:
      frame.body = frame::Left{conversation(in)};
      return;
    case ServerType::about:
      frame.body = about(in, containers);
      return;
    case ServerType::search:
      frame.body = found(in, containers);
      return;
    case ServerType::tickets:
      frame.body = tickets(in, containers);
      return;
  }
}

}  // namespace

bool to_frame(const Fields& fields, Containers& containers, ServerFrame& frame,
              std::optional<DecodeError>& error) {
  FieldReader in(fields);
  frame.ref = in.text(Field::ref, kAnySize, {});
  const std::string_view text = in.text(Field::type, kAnySize);
  const std::size_t type = kServerTypeTable.find(text);
  if (in.ok() && type == kServerTypeTable.kNone) return false;
  if (type != kServerTypeTable.kNone)
    build(static_cast<ServerType>(type), in, fields, containers, frame);
  if (in.ok()) return true;
  error.emplace();
  error->code = in.code();
  error->detail = in.detail();
  error->ref = frame.ref;
  return false;
}

}  // namespace kefu::inline v0::wire
