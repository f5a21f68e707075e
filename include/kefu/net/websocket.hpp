#pragma once

#include <kefu/net/websocket_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

/// RFC 6455 without I/O: received bytes in, messages out.
namespace kefu::inline v0::net::websocket {

/// What a Decoder is made with.
struct Options {
  Role role = Role::server;
  bool allow_rsv1 = false;              ///< an extension that uses RSV1 was negotiated
  std::uint32_t max_message = 1 << 20;  ///< bytes in one message; at most 1 GiB
};

/// What was read.
enum class EventKind : std::uint8_t { need_more, text, binary, ping, pong, close, error };

/// One step of the decoder. `payload` stays valid until the decoder is called again or destroyed,
/// or the caller reuses its input buffer.
struct Event {
  EventKind kind = EventKind::need_more;
  Error error = Error::none;                ///< when kind is error
  bool rsv1 = false;                        ///< RSV1 was set: the extension must still unpack this
  std::uint16_t code = 0;                   ///< when kind is close; kCloseNoStatus if it had none
  std::span<const std::byte> payload = {};  ///< message, ping or pong data, or close reason

  /// The payload as text.
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(payload.data()), payload.size()};
  }
};

/// Readable bytes that follow every payload, so that a SIMD JSON parser may read past its end.
inline constexpr std::size_t kPadding = 64;

/// Turns received bytes into messages. It belongs to one thread at a time.
///
/// A message that lies whole inside the input is unmasked there and handed out as a view: nothing
/// is copied or allocated. Only an incomplete rest is kept, in a buffer of the decoder's own that
/// grows with what arrived (never with what a header announced) and is freed once empty.
///
/// Padding: the caller keeps kPadding readable bytes behind its input; the own buffer has them too.
/// Limits: a frame beyond `max_message` is refused from its header, before any payload is stored.
/// Text is UTF-8 checked as it arrives, unless its RSV1 is set (it isn't text before unpacking).
/// Errors are final: the same error is reported again. Input behind a close frame is discarded.
class Decoder {
 public:
  explicit Decoder(const Options& options) noexcept;

  /// Consumes the next event from the front of `input`, changing those bytes.
  /// Call it with the same span until it answers need_more (then `input` is empty), or error.
  Event next(std::span<std::byte>& input);

  /// Bytes allocated for an incomplete message.
  std::size_t buffered_capacity() const noexcept;

  /// Whether it is as a new one: it is between two messages, and nothing has ended it. A connection
  /// that says nothing need not keep it then.
  bool at_rest() const noexcept {
    return state_ == State::header && !buffer_ && message_opcode_ == Opcode::continuation;
  }

 private:
  enum class State : std::uint8_t { header, payload, closed, failed };
  enum class Delivered : std::uint8_t { nothing, message, control };

  bool read_header(std::span<std::byte>& input);
  std::size_t parse_header(std::span<const std::byte> bytes) noexcept;
  Error check_first_byte(std::uint8_t byte) const noexcept;
  Error check_length(std::uint64_t length, std::size_t extended) const noexcept;
  Event read_payload(std::span<std::byte>& input);
  Event read_message(std::span<std::byte> chunk);
  Event read_control(std::span<std::byte> chunk);
  Event finish_message(std::span<const std::byte> payload) noexcept;
  Event finish_control(std::span<const std::byte> payload) noexcept;
  Event finish_close(std::span<const std::byte> payload) noexcept;
  bool accept_text(std::size_t added) noexcept;
  Event fail(Error error) noexcept;
  void append(std::span<const std::byte> bytes);
  void reserve(std::size_t extra);
  void drop_delivered() noexcept;
  void release_if_empty() noexcept;

  std::unique_ptr<std::byte[]> buffer_;  // message bytes, then tail_size_ bytes of header/control
  std::uint32_t message_size_ = 0;
  std::uint32_t capacity_ = 0;   // kPadding not counted
  std::uint32_t remaining_ = 0;  // payload bytes of the current frame that are still to come
  std::uint32_t mask_ = 0;       // for the next payload byte, in memory order
  std::uint32_t max_message_;
  Role role_;
  bool allow_rsv1_;
  State state_ = State::header;
  Error error_ = Error::none;
  Delivered delivered_ = Delivered::nothing;
  Opcode frame_opcode_ = Opcode::continuation;
  Opcode message_opcode_ = Opcode::continuation;  // continuation: no message is open
  bool fin_ = false;
  bool message_rsv1_ = false;
  std::uint8_t tail_size_ = 0;
  std::uint8_t partial_character_ = 0;  // bytes at the end of the message that begin a character
};

static_assert(sizeof(Decoder) <= 48, "one of these is held by every connection amid a message");

}  // namespace kefu::inline v0::net::websocket
