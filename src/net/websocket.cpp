#include <kefu/net/websocket.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <simdjson.h>

namespace kefu::inline v0::net::websocket {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kRsv2And3 = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;
constexpr std::uint32_t kLargestLimit = 1u << 30;  // keeps every size sum inside 32 bits
constexpr std::size_t kSmallestBuffer = 64;

constexpr bool is_control(Opcode opcode) noexcept {
  return static_cast<std::uint8_t>(opcode) >= 0x8;
}

constexpr bool is_reserved(std::uint8_t opcode) noexcept {
  return (opcode > 0x2 && opcode < 0x8) || opcode > 0xa;
}

std::uint64_t load_big_endian(std::span<const std::byte> bytes) noexcept {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

bool is_utf8(std::span<const std::byte> text) noexcept {
  return simdjson::validate_utf8(reinterpret_cast<const char*>(text.data()), text.size());
}

/// How many bytes at the end of `text` are the beginning of a character that isn't complete: 0-3.
std::size_t partial_character_size(std::span<const std::byte> text) noexcept {
  const std::size_t longest = std::min<std::size_t>(3, text.size());
  for (std::size_t n = 1; n <= longest; ++n) {
    const auto byte = std::to_integer<std::uint8_t>(text[text.size() - n]);
    if ((byte & 0xc0) == 0x80) continue;
    const std::size_t needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > n ? n : 0;
  }
  return 0;
}

/// Whether the beginning of a character can still become a valid one, so that a bad message is
/// refused at its first impossible byte. Bytes after the lead are known to be continuation bytes.
bool can_become_character(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return true;
  const auto lead = std::to_integer<std::uint8_t>(bytes[0]);
  if (lead < 0xc2 || lead > 0xf4) return false;
  if (bytes.size() == 1) return true;
  const auto second = std::to_integer<std::uint8_t>(bytes[1]);
  switch (lead) {
    case 0xe0:
      return second >= 0xa0;  // overlong
    case 0xed:
      return second <= 0x9f;  // surrogates
    case 0xf0:
      return second >= 0x90;  // overlong
    case 0xf4:
      return second <= 0x8f;  // beyond U+10FFFF
    default:
      return true;
  }
}

}  // namespace

Decoder::Decoder(const Options& options) noexcept
    : max_message_{std::min(options.max_message, kLargestLimit)},
      role_{options.role},
      allow_rsv1_{options.allow_rsv1} {}

std::size_t Decoder::buffered_capacity() const noexcept {
  return buffer_ ? capacity_ + kPadding : 0;
}

Event Decoder::next(std::span<std::byte>& input) {
  drop_delivered();
  for (;;) {
    switch (state_) {
      case State::header:
        if (read_header(input)) break;
        if (error_ != Error::none) return fail(error_);
        release_if_empty();
        return {};
      case State::payload: {
        const Event event = read_payload(input);
        if (event.kind != EventKind::need_more || state_ == State::payload) return event;
        break;  // a fragment is stored; its message goes on in the next frame
      }
      case State::closed:
        input = {};
        release_if_empty();
        return {};
      case State::failed:
        return fail(error_);
    }
  }
}

/// True when a header is complete; then the state is `payload`. Sets error_ on a bad one.
bool Decoder::read_header(std::span<std::byte>& input) {
  if (tail_size_ == 0) {
    if (const std::size_t used = parse_header(input)) {
      input = input.subspan(used);
      return true;
    }
    if (error_ != Error::none) return false;
  }
  while (!input.empty()) {
    append(input.first(1));
    ++tail_size_;
    input = input.subspan(1);
    const std::span<const std::byte> kept{buffer_.get() + message_size_, tail_size_};
    if (parse_header(kept) != 0) {
      tail_size_ = 0;
      return true;
    }
    if (error_ != Error::none) return false;
  }
  return false;
}

/// Size of the frame header at the front of `bytes`, or 0 if it is incomplete or bad (error_).
std::size_t Decoder::parse_header(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return 0;
  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  if ((error_ = check_first_byte(first)) != Error::none || bytes.size() < 2) return 0;

  const auto second = std::to_integer<std::uint8_t>(bytes[1]);
  const bool masked = (second & kMasked) != 0;
  const auto opcode = static_cast<Opcode>(first & 0x0f);
  std::uint64_t length = second & 0x7f;
  if (masked != (role_ == Role::server)) {
    error_ = masked ? Error::masked_frame : Error::unmasked_frame;
    return 0;
  }
  if (is_control(opcode) && length > kMaxControlPayload) {
    error_ = Error::control_too_long;
    return 0;
  }
  const std::size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  if (bytes.size() < 2 + extended) return 0;
  if (extended != 0) length = load_big_endian(bytes.subspan(2, extended));
  if (!is_control(opcode) && (error_ = check_length(length, extended)) != Error::none) return 0;

  const std::size_t size = 2 + extended + (masked ? sizeof mask_ : 0);
  if (bytes.size() < size) return 0;
  if (masked) std::memcpy(&mask_, bytes.data() + 2 + extended, sizeof mask_);
  frame_opcode_ = opcode;
  fin_ = (first & kFin) != 0;
  remaining_ = static_cast<std::uint32_t>(length);
  if (opcode == Opcode::text || opcode == Opcode::binary) {
    message_opcode_ = opcode;
    message_rsv1_ = (first & kRsv1) != 0;
  }
  state_ = State::payload;
  return size;
}

Error Decoder::check_first_byte(std::uint8_t byte) const noexcept {
  const auto code = static_cast<std::uint8_t>(byte & 0x0f);
  const auto opcode = static_cast<Opcode>(code);
  const bool starts_message = opcode == Opcode::text || opcode == Opcode::binary;
  if ((byte & kRsv2And3) != 0) return Error::reserved_bits;
  if ((byte & kRsv1) != 0 && !(allow_rsv1_ && starts_message)) return Error::reserved_bits;
  if (is_reserved(code)) return Error::reserved_opcode;
  if (is_control(opcode)) {
    return (byte & kFin) != 0 ? Error::none : Error::fragmented_control;
  }
  const bool message_open = message_opcode_ != Opcode::continuation;
  if (starts_message && message_open) return Error::expected_continuation;
  if (!starts_message && !message_open) return Error::unexpected_continuation;
  return Error::none;
}

Error Decoder::check_length(std::uint64_t length, std::size_t extended) const noexcept {
  if (extended == 8 && length >> 63 != 0) return Error::length_overflow;
  if (extended == 8 && length <= 0xffff) return Error::non_minimal_length;
  if (extended == 2 && length < kLength16) return Error::non_minimal_length;
  if (length > max_message_ - message_size_) return Error::message_too_big;
  return Error::none;
}

Event Decoder::read_payload(std::span<std::byte>& input) {
  const auto chunk = input.first(std::min<std::size_t>(remaining_, input.size()));
  input = input.subspan(chunk.size());
  remaining_ -= static_cast<std::uint32_t>(chunk.size());
  if (role_ == Role::server) mask_ = apply_mask(chunk, mask_);
  if (remaining_ == 0) state_ = State::header;
  return is_control(frame_opcode_) ? read_control(chunk) : read_message(chunk);
}

Event Decoder::read_message(std::span<std::byte> chunk) {
  const bool complete = remaining_ == 0 && fin_;
  const bool checked_text = message_opcode_ == Opcode::text && !message_rsv1_;
  if (complete && message_size_ == 0) {
    if (checked_text && !is_utf8(chunk)) return fail(Error::invalid_utf8);
    return finish_message(chunk);
  }
  append(chunk);
  message_size_ += static_cast<std::uint32_t>(chunk.size());
  if (checked_text && !accept_text(chunk.size())) return fail(Error::invalid_utf8);
  if (!complete) return {};
  if (partial_character_ != 0) return fail(Error::invalid_utf8);
  delivered_ = Delivered::message;
  return finish_message({buffer_.get(), message_size_});
}

Event Decoder::read_control(std::span<std::byte> chunk) {
  if (remaining_ == 0 && tail_size_ == 0) return finish_control(chunk);
  append(chunk);
  tail_size_ = static_cast<std::uint8_t>(tail_size_ + chunk.size());
  if (remaining_ != 0) return {};
  delivered_ = Delivered::control;
  return finish_control({buffer_.get() + message_size_, tail_size_});
}

Event Decoder::finish_message(std::span<const std::byte> payload) noexcept {
  const bool text = message_opcode_ == Opcode::text;
  message_opcode_ = Opcode::continuation;
  return {.kind = text ? EventKind::text : EventKind::binary,
          .rsv1 = message_rsv1_,
          .payload = payload};
}

Event Decoder::finish_control(std::span<const std::byte> payload) noexcept {
  switch (frame_opcode_) {
    case Opcode::close:
      return finish_close(payload);
    case Opcode::ping:
      return {.kind = EventKind::ping, .payload = payload};
    default:
      return {.kind = EventKind::pong, .payload = payload};
  }
}

Event Decoder::finish_close(std::span<const std::byte> payload) noexcept {
  if (payload.size() == 1) return fail(Error::invalid_close_payload);
  Event event{.kind = EventKind::close, .code = kCloseNoStatus};
  if (!payload.empty()) {
    event.code = static_cast<std::uint16_t>(load_big_endian(payload.first(2)));
    event.payload = payload.subspan(2);
    if (!is_valid_close_code(event.code)) return fail(Error::invalid_close_code);
    if (!is_utf8(event.payload)) return fail(Error::invalid_utf8);
  }
  state_ = State::closed;
  return event;
}

/// Checks the last `added` bytes of the stored message, and what was left over before them.
bool Decoder::accept_text(std::size_t added) noexcept {
  const std::span<const std::byte> message{buffer_.get(), message_size_};
  const auto fresh = message.last(added + partial_character_);
  const std::size_t partial = partial_character_size(fresh);
  partial_character_ = static_cast<std::uint8_t>(partial);
  return is_utf8(fresh.first(fresh.size() - partial)) && can_become_character(fresh.last(partial));
}

Event Decoder::fail(Error error) noexcept {
  state_ = State::failed;
  error_ = error;
  buffer_.reset();
  capacity_ = 0;
  return {.kind = EventKind::error, .error = error};
}

/// Adds bytes behind everything stored. The caller counts them, as message or as tail.
void Decoder::append(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  reserve(bytes.size());
  std::memcpy(buffer_.get() + message_size_ + tail_size_, bytes.data(), bytes.size());
}

void Decoder::reserve(std::size_t extra) {
  const std::size_t used = std::size_t{message_size_} + tail_size_;
  const std::size_t needed = used + extra;
  if (buffer_ && needed <= capacity_) return;
  // Doubling makes it linear, but never beyond the frame: an announced length costs nothing.
  const std::size_t useful = std::min<std::size_t>(2 * std::size_t{capacity_}, needed + remaining_);
  const std::size_t grown = std::max({needed, useful, kSmallestBuffer});
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(grown + kPadding);
  if (used != 0) std::memcpy(bigger.get(), buffer_.get(), used);
  buffer_ = std::move(bigger);
  capacity_ = static_cast<std::uint32_t>(grown);
}

void Decoder::drop_delivered() noexcept {
  switch (std::exchange(delivered_, Delivered::nothing)) {
    case Delivered::nothing:
      return;
    case Delivered::message:
      message_size_ = 0;
      partial_character_ = 0;
      break;
    case Delivered::control:
      tail_size_ = 0;
      break;
  }
}

void Decoder::release_if_empty() noexcept {
  if (message_size_ + tail_size_ != 0) return;
  buffer_.reset();
  capacity_ = 0;
}

}  // namespace kefu::inline v0::net::websocket
