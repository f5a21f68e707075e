#include <simdjson.h>
#include <kefu/wire/records.hpp>

#include <new>
#include <utility>
#include <variant>

#include "wire/record_reader.hpp"
#include "wire/record_writer.hpp"

namespace kefu::inline v0::wire {
namespace {

constexpr std::size_t kShort = 16 * 1024;  // bytes of a record; longer ones are rare

/// As far as a participant may know it.
template <class T>
struct Told {
  const T& of;
};

template <class Archive>
void fields(Archive& ar, const Told<Conversation>& r) {
  ar("id", r.of.id);
  ar("state", r.of.state);
  ar("visitor", r.of.visitor);
  ar("department", r.of.department);
  ar("subject", r.of.subject);
  ar("agents", r.of.agents);
  ar("opened_at", r.of.opened_at);
  ar("priority", r.of.priority);
  ar("language", r.of.language);
  ar("attributes", r.of.attributes);
  ar("expired_at", r.of.expired_at);
}

template <class Archive>
void fields(Archive& ar, const Told<Ticket>& r) {
  ar("id", r.of.id);
  ar("state", r.of.state);
  ar("subject", r.of.subject);
  ar("requester", r.of.requester);
  ar("department", r.of.department);
  ar("assignee", r.of.assignee);
  ar("priority", r.of.priority);
  ar("fields", r.of.fields);
  ar("pending_until", r.of.pending_until);
  ar("merged_into", r.of.merged_into);
  ar("created_at", r.of.created_at);
  ar("updated_at", r.of.updated_at);
  ar("expired_at", r.of.expired_at);
}

template <class T>
std::string encode(const T& record) {
  std::string json;
  {
    JsonWriter out(json);
    RecordWriter(out).record(record);
  }
  return json;
}

/// Its buffers are kept, a dozen times the longest text that it has read.
simdjson::dom::parser& parser_of_this_thread() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

template <class T>
result<T> decode(std::string_view json) {
  simdjson::dom::parser for_long_ones;
  simdjson::dom::parser& parser = json.size() > kShort ? for_long_ones : parser_of_this_thread();
  simdjson::dom::element root;
  T record;
  const simdjson::error_code error = parser.parse(json.data(), json.size()).get(root);
  if (error == simdjson::MEMALLOC) {  // the record may be sound, what the parser has may be half
    parser = simdjson::dom::parser();
    throw std::bad_alloc{};
  }
  if (error) return errc::corrupt;
  if (!RecordReader::read_record(root, record)) return errc::corrupt;
  return record;
}

/// A record is good only under the key that it names itself.
template <class T>
result<DeskRecord> decode(const RecordKey& key, std::string_view json) {
  result<T> record = decode<T>(json);
  if (!record || key_of(*record) != key) return errc::corrupt;
  return DeskRecord(*std::move(record));
}

}  // namespace

std::string encode_record(const Conversation& conversation) { return encode(conversation); }

std::string encode_record(const DeskRecord& record) {
  return std::visit([](const auto& one) { return encode(one); }, record);
}

std::string encode_told(const Conversation& conversation) {
  return encode(Told<Conversation>{conversation});
}
std::string encode_told(const Ticket& ticket) { return encode(Told<Ticket>{ticket}); }

std::string as_line(std::string_view name, std::string_view record) {
  std::string line = R"({"type":")";
  line.append(name).append("\",\"").append(name).append("\":").append(record).append("}\n");
  return line;
}

result<Conversation> decode_conversation(std::string_view record) {
  result<Conversation> conversation = decode<Conversation>(record);
  if (conversation && (conversation->id.is_nil() || conversation->visitor.empty()))
    return errc::corrupt;
  return conversation;
}

result<DeskRecord> decode_record(const RecordKey& key, std::string_view record) {
  switch (key.kind) {
    case RecordKind::conversation:
      return decode<Conversation>(key, record);
    case RecordKind::open_conversation:
      return decode<OpenConversation>(key, record);
    case RecordKind::agent:
      return decode<Agent>(key, record);
    case RecordKind::department:
      return decode<Department>(key, record);
    case RecordKind::ticket:
      return decode<Ticket>(key, record);
    case RecordKind::timer:
      return key.id.starts_with(kNodePrefix) ? decode<NodeLease>(key, record)
                                             : decode<SlaClock>(key, record);
    case RecordKind::cursor:
      return key.id.starts_with(kDeadPrefix) ? decode<DeadLetter>(key, record)
                                             : decode<SinkCursor>(key, record);
    case RecordKind::ban:
      return decode<BanList>(key, record);
    case RecordKind::contact:
      return decode<Contact>(key, record);
    case RecordKind::file:
      break;
  }
  return errc::corrupt;
}

}  // namespace kefu::inline v0::wire
