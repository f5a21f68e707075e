#include <kefu/net/deflate.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <kefu/net/websocket.hpp>
#include <new>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "net/field_text.hpp"

namespace kefu::inline v0::net::websocket {
namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr int kMaxWindowBits = 15;
constexpr int kMinWindowBits = 9;  // zlib writes no raw stream with 8
constexpr int kMemoryLevel = 8;
constexpr std::size_t kKeptBuffer = 256 * 1024;
constexpr std::size_t kFirstBuffer = 4 * 1024;

// An empty stored block, with which a flush ends; it is left out on the wire (RFC 7692 7.2.1).
constexpr std::array<std::byte, 4> kTail{std::byte{0}, std::byte{0}, std::byte{0xff},
                                         std::byte{0xff}};

Bytef* for_zlib(std::span<const std::byte> bytes) noexcept {
  // zlib doesn't change its input, but was born before const.
  return reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
}

/// The client's terms. Each may come once.
struct Offer {
  bool server_no_context = false;
  bool client_no_context = false;
  bool client_bits = false;
  std::optional<int> server_bits;
};

/// 8 to 15 without leading zeros, perhaps quoted; nullopt for anything else.
std::optional<int> window_bits(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty() || text.front() == '0') return std::nullopt;
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (bits < 8 || bits > kMaxWindowBits) return std::nullopt;
  return bits;
}

bool take_parameter(std::string_view parameter, Offer& offer) noexcept {
  const std::size_t equals = parameter.find('=');
  const std::string_view name = http::trim(parameter.substr(0, equals));
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value =
      has_value ? http::trim(parameter.substr(equals + 1)) : std::string_view{};
  if (name == "server_no_context_takeover") {
    return !has_value && !std::exchange(offer.server_no_context, true);
  }
  if (name == "client_no_context_takeover") {
    return !has_value && !std::exchange(offer.client_no_context, true);
  }
  if (name == "client_max_window_bits") {
    return (!has_value || window_bits(value)) && !std::exchange(offer.client_bits, true);
  }
  if (name != "server_max_window_bits" || !has_value || offer.server_bits) return false;
  offer.server_bits = window_bits(value);
  return offer.server_bits.has_value();
}

std::optional<Offer> read_offer(std::string_view text) noexcept {
  if (http::next_item(text, ';') != kName) return std::nullopt;
  Offer offer;
  while (!text.empty()) {
    if (!take_parameter(http::next_item(text, ';'), offer)) return std::nullopt;
  }
  return offer;
}

}  // namespace

std::optional<DeflateAgreement> answer_deflate_offers(std::string_view extensions) {
  while (!extensions.empty()) {
    const auto offer = read_offer(http::next_item(extensions));
    if (!offer) continue;
    const int bits = offer->server_bits.value_or(kMaxWindowBits);
    if (bits < kMinWindowBits) continue;
    const bool wide = bits == kMaxWindowBits;
    DeflateAgreement agreement{wide ? DeflateWindow::wide : DeflateWindow::narrow,
                               std::string{kName}};
    // Ours to demand, whether it was offered or not (RFC 7692 7.1.1.2).
    agreement.response += "; server_no_context_takeover; client_no_context_takeover";
    if (offer->server_bits) {
      agreement.response += "; server_max_window_bits=";
      agreement.response += std::to_string(wide ? kMaxWindowBits : kMinWindowBits);
    }
    return agreement;
  }
  return std::nullopt;
}

struct Deflater::Impl {
  z_stream stream{};
  std::vector<std::byte> out;
};

Deflater::Deflater(DeflateWindow window, int level) : impl_{std::make_unique<Impl>()} {
  const int bits = window == DeflateWindow::narrow ? kMinWindowBits : kMaxWindowBits;
  if (deflateInit2(&impl_->stream, level, Z_DEFLATED, -bits, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc{};
  }
}

Deflater::~Deflater() { deflateEnd(&impl_->stream); }

std::span<const std::byte> Deflater::deflate(std::span<const std::byte> message) {
  z_stream& stream = impl_->stream;
  std::vector<std::byte>& out = impl_->out;
  // Room for a result that is worth it, and no more: what doesn't fit isn't sent.
  const std::size_t room = message.size() + kTail.size();
  if (out.size() < room || out.size() > std::max(room, kKeptBuffer))
    out = std::vector<std::byte>(room);
  deflateReset(&stream);
  stream.next_in = for_zlib(message);
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(room);
  if (::deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_in != 0 || stream.avail_out == 0) {
    return {};
  }
  const std::size_t size = room - stream.avail_out - kTail.size();
  return size < message.size() ? std::span<const std::byte>{out}.first(size)
                               : std::span<const std::byte>{};
}

struct Inflater::Impl {
  /// Unpacks into the buffer until `input` is used up. True when it went well.
  Error run(std::span<const std::byte> input, std::size_t limit, Error beyond);
  bool make_room(std::size_t limit);

  z_stream stream{};
  std::unique_ptr<std::byte[]> buffer;
  std::size_t capacity = 0;  // kPadding not counted
  std::size_t size = 0;
  std::uint32_t max_message = 0;
  DeflateOptions options;
  bool stream_ended = false;
};

Inflater::Inflater(std::uint32_t max_message, const DeflateOptions& options)
    : impl_{std::make_unique<Impl>()} {
  impl_->max_message = max_message;
  impl_->options = options;
  if (inflateInit2(&impl_->stream, -kMaxWindowBits) != Z_OK) throw std::bad_alloc{};
}

Inflater::~Inflater() { inflateEnd(&impl_->stream); }

std::size_t Inflater::buffered_capacity() const noexcept {
  return impl_->buffer ? impl_->capacity + kPadding : 0;
}

Inflated Inflater::inflate(std::span<const std::byte> payload) {
  Impl& impl = *impl_;
  if (impl.capacity > kKeptBuffer) {
    impl.buffer.reset();
    impl.capacity = 0;
  }
  inflateReset(&impl.stream);
  impl.size = 0;
  const std::uint64_t by_ratio = std::max<std::uint64_t>(
      impl.options.always_allowed, std::uint64_t{impl.options.max_ratio} * payload.size());
  const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(by_ratio, impl.max_message));
  const Error beyond =
      limit == impl.max_message ? Error::message_too_big : Error::inflates_too_much;

  Error error = impl.run(payload, limit, beyond);
  // A message may also end with the last block of a stream, and then needs no tail.
  if (error == Error::none && !impl.stream_ended) error = impl.run(kTail, limit, beyond);
  if (error != Error::none) return {error};
  constexpr int kBetweenBlocks = 128;
  constexpr int kUnusedBits = 7;
  const bool whole = impl.stream_ended || ((impl.stream.data_type & kBetweenBlocks) != 0 &&
                                           (impl.stream.data_type & kUnusedBits) == 0);
  if (!whole) return {Error::bad_deflate};
  return {Error::none, {impl.buffer.get(), impl.size}};
}

Error Inflater::Impl::run(std::span<const std::byte> input, std::size_t limit, Error beyond) {
  stream.next_in = for_zlib(input);
  stream.avail_in = static_cast<uInt>(input.size());
  for (;;) {
    // One byte more than is allowed, to tell whether there is one.
    if (size == capacity && !make_room(limit + 1)) return beyond;
    const std::size_t room = std::min(capacity, limit + 1) - size;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.get() + size);
    stream.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&stream, Z_SYNC_FLUSH);
    size += room - stream.avail_out;
    if (size > limit) return beyond;
    stream_ended = result == Z_STREAM_END;
    if (stream_ended) {
      if (stream.avail_in == 0) return Error::none;
      inflateReset(&stream);  // another stream follows in the same message
      continue;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) return Error::bad_deflate;
    if (stream.avail_in == 0 && stream.avail_out != 0) return Error::none;
    if (result == Z_BUF_ERROR && stream.avail_out != 0) return Error::bad_deflate;
  }
}

/// False when there is no more to be had.
bool Inflater::Impl::make_room(std::size_t limit) {
  if (capacity >= limit) return false;
  const std::size_t grown = std::min(limit, std::max(kFirstBuffer, 2 * capacity));
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(grown + kPadding);
  if (size != 0) std::memcpy(bigger.get(), buffer.get(), size);
  buffer = std::move(bigger);
  capacity = grown;
  return true;
}

bool is_valid_text(std::span<const std::byte> message) noexcept {
  return simdjson::validate_utf8(reinterpret_cast<const char*>(message.data()), message.size());
}

}  // namespace kefu::inline v0::net::websocket
