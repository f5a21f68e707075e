#include <kefu/net/websocket_frame.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kefu::inline v0::net::websocket {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

void store_big_endian(std::uint64_t value, std::span<std::byte> out) noexcept {
  for (std::size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::byte>(value);
}

}  // namespace

std::uint16_t close_code(Error error) noexcept {
  switch (error) {
    case Error::none:
      return kCloseNormal;
    case Error::invalid_utf8:
    case Error::bad_deflate:
      return kCloseInvalidData;
    case Error::message_too_big:
    case Error::inflates_too_much:
      return kCloseTooBig;
    default:
      return kCloseProtocolError;
  }
}

std::string_view to_string(Error error) noexcept {
  switch (error) {
    case Error::none:
      return "none";
    case Error::reserved_bits:
      return "reserved bits set";
    case Error::reserved_opcode:
      return "reserved opcode";
    case Error::fragmented_control:
      return "fragmented control frame";
    case Error::control_too_long:
      return "control frame too long";
    case Error::unexpected_continuation:
      return "unexpected continuation";
    case Error::expected_continuation:
      return "expected continuation";
    case Error::unmasked_frame:
      return "unmasked client frame";
    case Error::masked_frame:
      return "masked server frame";
    case Error::non_minimal_length:
      return "non-minimal length";
    case Error::length_overflow:
      return "length overflow";
    case Error::invalid_close_payload:
      return "invalid close payload";
    case Error::invalid_close_code:
      return "invalid close code";
    case Error::invalid_utf8:
      return "invalid UTF-8";
    case Error::message_too_big:
      return "message too big";
    case Error::bad_deflate:
      return "bad compressed data";
    case Error::inflates_too_much:
      return "compressed too much";
  }
  return "unknown";
}

bool is_valid_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::uint32_t apply_mask(std::span<std::byte> data, std::uint32_t mask) noexcept {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::size_t kWordsInBlock = 8;
  const std::uint64_t pair = std::uint64_t{mask} << 32 | mask;
  std::byte* at = data.data();
  std::size_t left = data.size();
  // A fixed trip count, so that compilers vectorise it at -O2 too.
  for (; left >= kWordsInBlock * kWord;
       at += kWordsInBlock * kWord, left -= kWordsInBlock * kWord) {
    std::uint64_t block[kWordsInBlock];
    std::memcpy(block, at, sizeof block);
    for (std::uint64_t& word : block) word ^= pair;
    std::memcpy(at, block, sizeof block);
  }
  for (; left >= kWord; at += kWord, left -= kWord) {
    std::uint64_t word;
    std::memcpy(&word, at, kWord);
    word ^= pair;
    std::memcpy(at, &word, kWord);
  }
  std::byte key[kWord];
  std::memcpy(key, &pair, kWord);
  for (std::size_t i = 0; i < left; ++i) at[i] ^= key[i];
  std::uint32_t rotated;
  std::memcpy(&rotated, key + left % sizeof mask, sizeof rotated);
  return rotated;
}

std::size_t write_header(Opcode opcode, bool fin, std::uint64_t payload_size,
                         std::span<std::byte, kMaxHeader> out, bool rsv1) noexcept {
  const std::size_t size = header_size(payload_size);
  out[0] = static_cast<std::byte>((fin ? kFin : 0) | (rsv1 ? kRsv1 : 0) |
                                  static_cast<std::uint8_t>(opcode));
  if (size == 2) {
    out[1] = static_cast<std::byte>(payload_size);
  } else {
    out[1] = static_cast<std::byte>(size == 4 ? kLength16 : kLength64);
    store_big_endian(payload_size, out.subspan(2, size - 2));
  }
  return size;
}

void append_masked(std::vector<std::byte>& out, Opcode opcode, bool fin,
                   std::span<const std::byte> payload, std::uint32_t mask) {
  std::array<std::byte, kMaxHeader> header;
  const std::size_t size = write_header(opcode, fin, payload.size(), header);
  header[1] |= static_cast<std::byte>(kMasked);
  std::memcpy(header.data() + size, &mask, sizeof mask);
  out.insert(out.end(), header.begin(),
             header.begin() + static_cast<std::ptrdiff_t>(size + sizeof mask));
  out.insert(out.end(), payload.begin(), payload.end());
  apply_mask(std::span{out}.last(payload.size()), mask);
}

std::size_t write_close_payload(std::uint16_t code, std::string_view reason,
                                std::span<std::byte, kMaxControlPayload> out) noexcept {
  assert(is_valid_close_code(code));
  std::size_t size = std::min(reason.size(), out.size() - 2);
  while (size < reason.size() && size > 0 &&
         (static_cast<std::uint8_t>(reason[size]) & 0xc0) == 0x80) {
    --size;
  }
  store_big_endian(code, out.first(2));
  if (size != 0) std::memcpy(out.data() + 2, reason.data(), size);
  return 2 + size;
}

}  // namespace kefu::inline v0::net::websocket
