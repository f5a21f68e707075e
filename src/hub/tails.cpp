#include "tails.hpp"

#include <cstddef>

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kTailBytes = 25;       // id, log, seq
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

void TailTeller::moved(const Tail& tail) {
  if (!bus_) return;
  recent_.moved(tail);
  tell(tail);
}

void TailTeller::tell(const Tail& tail) {
  encode(tail, scratch_);
  if (scratch_.size() >= kMessage) flush();
}

void TailTeller::flush() {
  if (scratch_.empty()) return;
  bus_->publish(kTailsTopic, scratch_);
  scratch_.clear();
}

void TailTeller::on_tick(Instant now) {
  if (!bus_) return;
  recent_.on_tick(now, [this](const Tail& tail) { tell(tail); });
  flush();
}

}  // namespace kefu::inline v0::hub
