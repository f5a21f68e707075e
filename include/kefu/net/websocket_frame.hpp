#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

/// The frames of RFC 6455: their words, and writing them. Reading them is websocket.hpp.
/// Everything here is a pure function.
namespace kefu::inline v0::net::websocket {

/// Which end we are. A server accepts only masked frames, a client only unmasked ones.
enum class Role : std::uint8_t { server, client };

/// The kinds of frames (RFC 6455, §5.2).
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// Why a peer's bytes were refused. `close_code` gives the status to answer with.
enum class Error : std::uint8_t {
  none,
  reserved_bits,            ///< RSV2 or RSV3, or RSV1 where no extension allows it
  reserved_opcode,          ///< 3-7 or 11-15
  fragmented_control,       ///< a control frame without FIN
  control_too_long,         ///< a control frame with more than 125 bytes
  unexpected_continuation,  ///< a continuation while no message is open
  expected_continuation,    ///< a new message while another one is open
  unmasked_frame,           ///< a client must mask
  masked_frame,             ///< a server must not mask
  non_minimal_length,       ///< a length in a longer form than it needs
  length_overflow,          ///< a 64-bit length with its highest bit set
  invalid_close_payload,    ///< a close frame with one byte of payload
  invalid_close_code,       ///< a status that must not appear on the wire
  invalid_utf8,             ///< in a text message or a close reason
  message_too_big,          ///< more than Options::max_message
  bad_deflate,              ///< a compressed message that can't be unpacked
  inflates_too_much,        ///< more than DeflateOptions::max_ratio
};

inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseGoingAway = 1001;
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kCloseNoStatus = 1005;  ///< reported, never sent
inline constexpr std::uint16_t kCloseInvalidData = 1007;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTooBig = 1009;
inline constexpr std::uint16_t kCloseInternalError = 1011;

/// The status to close with after `error`: 1002, 1007 or 1009.
std::uint16_t close_code(Error error) noexcept;
/// For logs.
std::string_view to_string(Error error) noexcept;

/// Whether a peer may send `code` in a close frame.
bool is_valid_close_code(std::uint16_t code) noexcept;

inline constexpr std::size_t kMaxHeader = 14;
inline constexpr std::size_t kMaxControlPayload = 125;

/// Bytes that `write_header` writes for a payload of this size.
constexpr std::size_t header_size(std::uint64_t payload_size) noexcept {
  return payload_size < 126 ? 2 : payload_size <= 0xffff ? 4 : 10;
}

/// Writes the header of an unmasked (server) frame; returns its size. The payload is not touched,
/// so one payload can be gathered behind many headers. RSV1 says that it is compressed.
std::size_t write_header(Opcode opcode, bool fin, std::uint64_t payload_size,
                         std::span<std::byte, kMaxHeader> out, bool rsv1 = false) noexcept;

/// Appends a whole masked (client) frame. `mask` should be unpredictable (RFC 6455 §5.3).
void append_masked(std::vector<std::byte>& out, Opcode opcode, bool fin,
                   std::span<const std::byte> payload, std::uint32_t mask);

/// Writes the payload of a close frame; returns its size. A reason that doesn't fit is cut at a
/// character boundary. Precondition: `is_valid_close_code(code)`, and `reason` is UTF-8.
std::size_t write_close_payload(std::uint16_t code, std::string_view reason,
                                std::span<std::byte, kMaxControlPayload> out) noexcept;

/// XORs `data` with the four bytes of `mask` (in memory order); returns the mask, rotated to
/// continue at the byte that follows.
std::uint32_t apply_mask(std::span<std::byte> data, std::uint32_t mask) noexcept;

}  // namespace kefu::inline v0::net::websocket
