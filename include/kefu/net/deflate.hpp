// permessage-deflate (RFC 7692) without I/O, always without context takeover: each message is
// compressed by itself. So a message for many receivers is compressed once, and the memory of
// zlib (0.3 MB) belongs to a loop and not to a connection.
#pragma once

#include <kefu/net/websocket_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kefu::inline v0::net::websocket {

/// How a server compresses, if at all.
struct DeflateOptions {
  bool enabled = false;           ///< agreed to when the client offers it
  std::uint8_t level = 6;         ///< of zlib: 1 is fast, 9 is small
  std::uint32_t min_size = 256;   ///< bytes; a smaller message is sent as it is
  std::uint32_t max_ratio = 200;  ///< a message that unpacks to more times its size is refused
  std::uint32_t always_allowed = 8192;  ///< bytes to which any message may unpack
};

/// What the messages to a client may refer back to. There are two, so that all receivers share at
/// most two compressed forms of a message.
enum class DeflateWindow : std::uint8_t {
  none,    ///< not negotiated
  narrow,  ///< 512 bytes, for clients that ask for less than 32 KiB
  wide,    ///< 32 KiB
};

/// An agreement, and the text of it for Sec-WebSocket-Extensions.
struct DeflateAgreement {
  DeflateWindow window = DeflateWindow::none;
  std::string response = {};
};

/// Server: takes the first permessage-deflate offer of a Sec-WebSocket-Extensions value that can be
/// met; nullopt where there is none. A malformed or unknown offer is passed over.
std::optional<DeflateAgreement> answer_deflate_offers(std::string_view extensions);

/// Compresses messages. One thread at a time; about 0.3 MB once it has been used.
class Deflater {
 public:
  explicit Deflater(DeflateWindow window, int level = 6);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// The payload of a frame with RSV1, valid until the next call; empty when it would not be
  /// smaller than the message. Throws std::bad_alloc.
  std::span<const std::byte> deflate(std::span<const std::byte> message);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A message that was unpacked, or why not.
struct Inflated {
  Error error = Error::none;                ///< bad_deflate, message_too_big or inflates_too_much
  std::span<const std::byte> payload = {};  ///< with kPadding readable bytes behind it
};

/// Unpacks messages. One thread at a time. It stops at the first byte beyond a limit, so a bomb
/// costs no more than the largest message that is allowed.
class Inflater {
 public:
  explicit Inflater(std::uint32_t max_message, const DeflateOptions& options = {});
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// `payload` is all of a message's frames together. The result is valid until the next call. Text
  /// is not UTF-8 checked here: see is_valid_text.
  Inflated inflate(std::span<const std::byte> payload);

  /// Bytes of its buffer. It grows with what was unpacked; a large one isn't kept.
  [[nodiscard]] std::size_t buffered_capacity() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a message that was unpacked may be a text message.
bool is_valid_text(std::span<const std::byte> message) noexcept;

}  // namespace kefu::inline v0::net::websocket
