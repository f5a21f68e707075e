#include "hints.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kTailBytes = 25;       // id, log, seq
constexpr std::size_t kMemberBytes = 24;     // id, size of the participant's
constexpr std::size_t kMessage = 32 * 1024;  // bytes above which another message begins

void put(std::uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t take(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(byte);
  bytes.remove_prefix(8);
  return value;
}

}  // namespace

void encode(const Tail& tail, std::string& out) {
  put(tail.conversation.hi, out);
  put(tail.conversation.lo, out);
  out.push_back(tail.log == Log::internal ? 1 : 0);
  put(tail.seq, out);
}

std::vector<Tail> decode_tails(std::string_view bytes) {
  std::vector<Tail> tails;
  tails.reserve(bytes.size() / kTailBytes);
  while (bytes.size() >= kTailBytes) {
    Tail tail;
    tail.conversation.hi = take(bytes);
    tail.conversation.lo = take(bytes);
    const char log = bytes.front();
    bytes.remove_prefix(1);
    tail.log = log == 1 ? Log::internal : Log::public_log;
    tail.seq = take(bytes);
    if (log == 0 || log == 1) tails.push_back(tail);
  }
  return tails;
}

void encode(ConversationId conversation, std::string_view participant, std::string& out) {
  put(conversation.hi, out);
  put(conversation.lo, out);
  put(participant.size(), out);
  out.append(participant);
}

std::vector<Member> decode_members(std::string_view bytes) {
  std::vector<Member> members;
  while (bytes.size() >= kMemberBytes) {
    Member member;
    member.conversation.hi = take(bytes);
    member.conversation.lo = take(bytes);
    const std::uint64_t size = take(bytes);
    if (size > bytes.size()) break;
    member.participant = bytes.substr(0, size);
    bytes.remove_prefix(size);
    members.push_back(std::move(member));
  }
  return members;
}

FrameHints::Frames FrameHints::decode(std::string_view bytes) {
  decoder_.decode(bytes, 0, *this);
  return std::exchange(frames_, {});
}

void FrameHints::on_frame(const ServerFrame& frame) {
  if (const auto* const entry = std::get_if<frame::EntryFrame>(&frame.body))
    return frames_.entries.push_back(entry_of(*entry));
  Signalled signal;
  if (const auto* const receipt = std::get_if<frame::Receipt>(&frame.body)) {
    signal.conversation = receipt->conversation;
    wire::encode(ServerFrame{{}, *receipt}, signal.frame);
  } else if (const auto* const typing = std::get_if<frame::TypingState>(&frame.body)) {
    signal.conversation = typing->conversation;
    frame::TypingState state = *typing;
    state.preview = {};
    wire::encode(ServerFrame{{}, state}, signal.frame);
    if (!typing->preview.empty()) wire::encode(ServerFrame{{}, *typing}, signal.for_staff);
  } else {
    return;
  }
  frames_.signals.push_back(std::move(signal));
}

void HintTeller::stored(const frame::EntryFrame& entry) {
  if (!bus_) return;
  const Tail tail{entry.conversation, entry.log, entry.seq};
  remember(tail);
  if (!tell(entry)) tell(tail);
}

void HintTeller::reaches(const Tail& tail) {
  if (!bus_) return;
  remember(tail);
  tell(tail);
}

void HintTeller::changed(const Conversation& conversation) {
  if (!bus_ || !is_open(conversation.state)) return;
  std::vector<std::string>& members = changed_.of(conversation.id);
  members = conversation.agents;
  members.push_back(conversation.visitor);
  tell(conversation.id, members);
}

void HintTeller::remember(const Tail& tail) {
  std::uint64_t& known = recent_.of(tail.conversation)[static_cast<std::size_t>(tail.log)];
  known = std::max(known, tail.seq);
}

void HintTeller::tell(const Tail& tail) {
  encode(tail, tails_);
  if (tails_.size() >= kMessage) flush(kTailsTopic, tails_);
}

/// False: it is too large.
bool HintTeller::tell(const frame::EntryFrame& entry) {
  if (entry.body.size() > largest_) return false;
  const std::size_t before = frames_.size();
  begin_frame();
  wire::encode(entry, frames_);
  if (frames_.size() - before > largest_) {
    frames_.resize(before);
    return false;
  }
  if (frames_.size() >= kMessage) flush();
  return true;
}

void HintTeller::begin_frame() { frames_.push_back(frames_.empty() ? '[' : ','); }

void HintTeller::signalled(std::string_view frame) {
  if (!bus_) return;
  begin_frame();
  frames_.append(frame);
}

void HintTeller::tell(ConversationId conversation, const std::vector<std::string>& members) {
  for (const std::string& member : members) encode(conversation, member, members_);
  if (members_.size() >= kMessage) flush(kMembersTopic, members_);
}

void HintTeller::flush() {
  flush(kTailsTopic, tails_);
  flush(kMembersTopic, members_);
  if (!frames_.empty()) frames_.push_back(']');
  flush(kFramesTopic, frames_);
}

void HintTeller::flush(std::string_view topic, std::string& message) {
  if (message.empty()) return;
  bus_->publish(topic, message);
  message.clear();
}

void HintTeller::on_tick(Instant now) {
  if (!bus_) return;
  recent_.on_tick(now, [this](ConversationId id, const std::array<std::uint64_t, 2>& tails) {
    for (const Log log : {Log::public_log, Log::internal}) {
      const std::uint64_t seq = tails[static_cast<std::size_t>(log)];
      if (seq != 0) tell(Tail{id, log, seq});
    }
  });
  changed_.on_tick(now, [this](ConversationId id, const std::vector<std::string>& members) {
    tell(id, members);
  });
  flush();
}

}  // namespace kefu::inline v0::hub
