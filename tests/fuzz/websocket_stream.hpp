#pragma once

#include <kefu/net/websocket.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/source.hpp"

/// What the WebSocket fuzzers share: a stream made from the fuzzer's bytes, and a decoder run over
/// it.
namespace kefu::fuzz {

namespace ws = net::websocket;

struct Seen {
  ws::EventKind kind;
  ws::Error error;
  bool rsv1;
  std::uint16_t code;
  std::string payload;

  bool operator==(const Seen&) const = default;
};

inline void append_frame(std::string& stream, ws::Role receiver, ws::Opcode opcode, bool fin,
                         std::string_view payload, std::uint32_t mask) {
  std::vector<std::byte> out;
  if (receiver == ws::Role::server) {
    ws::append_masked(out, opcode, fin, std::as_bytes(std::span{payload}), mask);
  } else {
    out.resize(ws::kMaxHeader);
    out.resize(ws::write_header(opcode, fin, payload.size(),
                                std::span<std::byte, ws::kMaxHeader>{out.data(), ws::kMaxHeader}));
    const auto bytes = std::as_bytes(std::span{payload});
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  stream.append(reinterpret_cast<const char*>(out.data()), out.size());
}

/// Half of all inputs are taken raw; the others are a script of frames that are mostly right, since
/// random bytes seldom get past a header.
inline std::string make_stream(Source& source, ws::Role receiver) {
  if ((source.byte() & 1) != 0) return source.take(SIZE_MAX);
  std::string stream;
  while (!source.empty()) {
    const std::uint8_t command = source.byte();
    const bool fin = (command & 0x80) != 0;
    const std::size_t scale = (command & 0x40) != 0 ? 9 : 1;
    const std::size_t repeat = (command & 0x20) != 0 ? 5 : 1;
    const auto opcode = static_cast<ws::Opcode>(command & 0x0f);
    if ((command & 0x1f) == 0x1f) {
      stream += source.take(source.byte() & 0x0f);
      continue;
    }
    const std::uint32_t mask = source.byte() * 0x9e3779b1u;
    const std::string chunk = source.take((source.byte() & 0x1f) * scale);
    std::string payload;
    for (std::size_t i = 0; i < repeat; ++i) payload += chunk;
    append_frame(stream, receiver, opcode, fin, payload, mask);
  }
  return stream;
}

/// Feeds one piece, in an allocation of its own; false after an error.
inline bool feed(ws::Decoder& decoder, std::string_view piece, std::vector<Seen>& out) {
  std::vector<std::byte> buffer(piece.size() + ws::kPadding);
  if (!piece.empty()) std::memcpy(buffer.data(), piece.data(), piece.size());
  std::span<std::byte> input{buffer.data(), piece.size()};
  for (;;) {
    const ws::Event event = decoder.next(input);
    if (event.kind == ws::EventKind::need_more) return true;
    out.push_back({event.kind, event.error, event.rsv1, event.code, std::string{event.text()}});
    if (event.kind == ws::EventKind::error) return false;
  }
}

/// Decodes `stream` in pieces of the sizes that `next_size` gives (0 counts as 1).
template <class NextSize>
std::vector<Seen> decode(const ws::Options& options, std::string_view stream, NextSize next_size) {
  ws::Decoder decoder{options};
  std::vector<Seen> seen;
  while (!stream.empty()) {
    const std::size_t size = std::clamp<std::size_t>(next_size(), 1, stream.size());
    if (!feed(decoder, stream.substr(0, size), seen)) break;
    stream.remove_prefix(size);
  }
  return seen;
}

}  // namespace kefu::fuzz
