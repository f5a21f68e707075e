#include "client/state_codec.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace kefu::inline v0::client {
namespace {

using core::ClientConversationState;
using core::ClientState;
using core::PendingSend;

enum class RecordType : std::uint8_t { whole = 1, change = 2 };

// ---- writing

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  template <class AnyId>
  void id(const AnyId& value) {
    for (const std::uint8_t byte : value.bytes()) out_.push_back(static_cast<char>(byte));
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

void write_header(Writer& writer, RecordType type, const ClientState& state) {
  writer.number(static_cast<std::uint64_t>(type));
  writer.id(state.session);
  writer.number(state.epoch);
  writer.number(state.submitted);
}

void write_number(Writer& writer, const PendingSend& send) {
  writer.id(send.session);
  writer.number(send.cseq);
}

bool same_number(const PendingSend& a, const PendingSend& b) {
  return a.session == b.session && a.cseq == b.cseq;
}

bool in_order(const std::vector<PendingSend>& sends) {
  return std::ranges::adjacent_find(sends, std::ranges::greater_equal(), &PendingSend::id) ==
         sends.end();
}

/// `from` and `to` are in order of id, which is the order of submission.
void write_sends(Writer& writer, const std::vector<PendingSend>& from,
                 const std::vector<PendingSend>& to) {
  std::vector<std::uint64_t> gone;
  std::vector<const PendingSend*> renumbered, added;
  auto old = from.begin();
  for (const PendingSend& send : to) {
    for (; old != from.end() && old->id < send.id; ++old) gone.push_back(old->id);
    if (old == from.end() || old->id != send.id) {
      added.push_back(&send);
      continue;
    }
    if (!same_number(*old, send)) renumbered.push_back(&send);
    ++old;
  }
  for (; old != from.end(); ++old) gone.push_back(old->id);

  writer.number(gone.size());
  for (const std::uint64_t id : gone) writer.number(id);
  writer.number(renumbered.size());
  for (const PendingSend* send : renumbered) {
    writer.number(send->id);
    write_number(writer, *send);
  }
  writer.number(added.size());
  for (const PendingSend* send : added) {
    writer.number(send->id);
    writer.number(static_cast<std::uint64_t>(send->log));
    writer.text(send->kind);
    writer.text(send->body);
    write_number(writer, *send);
  }
}

void write_conversation(Writer& writer, const std::vector<PendingSend>& from,
                        const ClientConversationState& to) {
  writer.id(to.id);
  writer.number(to.open ? 1 : 0);
  for (const core::ClientPosition& log : to.logs) {
    writer.number(log.position);
    writer.number(log.searched);
  }
  writer.number(to.accepted);
  write_sends(writer, from, to.pending);
}

const ClientConversationState* find(const ClientState& state, ConversationId id) {
  const auto at = std::ranges::find(state.conversations, id, &ClientConversationState::id);
  return at == state.conversations.end() ? nullptr : &*at;
}

/// Whether a change can say it: conversations are only added, behind the others, and sends too.
bool is_change(const ClientState& from, const ClientState& to) {
  if (to.conversations.size() < from.conversations.size()) return false;
  for (std::size_t i = 0; i < to.conversations.size(); ++i) {
    const ClientConversationState& now = to.conversations[i];
    if (!in_order(now.pending)) return false;
    if (i >= from.conversations.size()) continue;
    const ClientConversationState& before = from.conversations[i];
    if (before.id != now.id || !in_order(before.pending)) return false;
    const std::uint64_t last = before.pending.empty() ? 0 : before.pending.back().id;
    for (const PendingSend& send : now.pending) {
      const auto known = std::ranges::lower_bound(before.pending, send.id, {}, &PendingSend::id);
      const bool kept = known != before.pending.end() && known->id == send.id;
      if (!kept && send.id <= last) return false;
      if (kept && (known->log != send.log || known->kind != send.kind || known->body != send.body))
        return false;
    }
  }
  return true;
}

// ---- reading

/// Every call answers something; ok() says whether that was there.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<std::uint8_t>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  /// Of things that take at least a byte each.
  std::uint64_t count() {
    const std::uint64_t value = number();
    return value <= bytes_.size() ? value : fail();
  }
  bool flag() {
    const std::uint64_t value = number();
    return (value <= 1 ? value : fail()) == 1;
  }
  template <class AnyId>
  AnyId id() {
    std::array<std::uint8_t, 16> raw{};
    if (bytes_.size() < raw.size()) return fail(), AnyId{};
    std::copy_n(bytes_.begin(), raw.size(), raw.begin());
    bytes_.remove_prefix(raw.size());
    return AnyId::from_bytes(raw.data());
  }
  std::string text() {
    const std::uint64_t size = count();
    std::string out(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return out;
  }

  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

void read_number(Reader& reader, PendingSend& send) {
  send.session = reader.id<SessionId>();
  send.cseq = reader.number();
}

void read_sends(Reader& reader, std::vector<PendingSend>& sends) {
  const auto known = [&](std::uint64_t id) {
    const auto at = std::ranges::find(sends, id, &PendingSend::id);
    if (at == sends.end()) reader.fail();
    return at;
  };
  for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
    const auto at = known(reader.number());
    if (at != sends.end()) sends.erase(at);
  }
  for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
    const auto at = known(reader.number());
    if (at != sends.end()) read_number(reader, *at);
  }
  for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
    PendingSend& send = sends.emplace_back();
    send.id = reader.number();
    send.log = reader.flag() ? Log::internal : Log::public_log;
    send.kind = reader.text();
    send.body = reader.text();
    read_number(reader, send);
  }
}

}  // namespace

void encode_whole(const ClientState& state, std::string& out) {
  Writer writer(out);
  write_header(writer, RecordType::whole, state);
  writer.number(state.conversations.size());
  for (const ClientConversationState& one : state.conversations)
    write_conversation(writer, {}, one);
}

void encode_change(const ClientState& from, const ClientState& to, std::string& out) {
  if (!is_change(from, to)) return encode_whole(to, out);
  Writer writer(out);
  write_header(writer, RecordType::change, to);
  std::vector<const ClientConversationState*> changed;
  for (const ClientConversationState& one : to.conversations) {
    const ClientConversationState* const before = find(from, one.id);
    if (!before || *before != one) changed.push_back(&one);
  }
  writer.number(changed.size());
  for (const ClientConversationState* one : changed) {
    const ClientConversationState* const before = find(from, one->id);
    write_conversation(writer, before ? before->pending : std::vector<PendingSend>{}, *one);
  }
}

bool apply_record(std::string_view record, ClientState& state) {
  Reader reader(record);
  const std::uint64_t type = reader.number();
  if (type == static_cast<std::uint64_t>(RecordType::whole)) {
    state = {};
  } else if (type != static_cast<std::uint64_t>(RecordType::change)) {
    return false;
  }
  state.session = reader.id<SessionId>();
  state.epoch = reader.number();
  state.submitted = reader.number();
  for (std::uint64_t left = reader.count(); left > 0 && reader.ok(); --left) {
    const auto id = reader.id<ConversationId>();
    auto at = std::ranges::find(state.conversations, id, &ClientConversationState::id);
    if (at == state.conversations.end()) {
      state.conversations.emplace_back().id = id;
      at = state.conversations.end() - 1;
    }
    at->open = reader.flag();
    for (core::ClientPosition& log : at->logs) {
      log.position = reader.number();
      log.searched = reader.number();
    }
    at->accepted = reader.number();
    read_sends(reader, at->pending);
  }
  return reader.at_end();
}

}  // namespace kefu::inline v0::client
