// Decodes arbitrary bytes as a client's and as a server's message. What is a frame is encoded and
// decoded again, and must be the same frame; what is none must give a typed error; the bytes behind
// the message must not matter.
//
// Input: the first byte chooses how the message is handed over, the rest is the message.
#include <kefu/wire/codec.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace kefu;
using Decoder = wire::Decoder;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

struct Seen final : Decoder::ClientHandler, Decoder::ServerHandler {
  void on_frame(const ClientFrame& frame) override { wire::encode(frame, frames.emplace_back()); }
  void on_frame(const ServerFrame& frame) override { wire::encode(frame, frames.emplace_back()); }
  void on_error(const wire::DecodeError& error) override {
    const bool known = error.code == errc::bad_frame || error.code == errc::unsupported ||
                       error.code == errc::too_large;
    require(known, "an error is one of the decoder's");
    require(!error.detail.empty(), "an error has a detail");
    errors.push_back(std::string(name(error.code)) + "/" + std::string(error.detail) + "/" +
                     std::string(error.ref));
  }
  bool operator==(const Seen& other) const {
    return frames == other.frames && errors == other.errors;
  }

  std::vector<std::string> frames;
  std::vector<std::string> errors;
};

limits small_limits() {
  limits bounds;
  bounds.max_frames = 8;
  bounds.max_frame = 8 * 1024;
  bounds.max_answer = 8 * 1024;
  bounds.max_body = 256;
  return bounds;
}

/// The message ends where its memory does, so that AddressSanitizer sees a read behind it.
template <class Handler>
Seen decode_exact(Decoder& decoder, std::string_view message) {
  const auto bytes = std::make_unique<char[]>(message.size());
  if (!message.empty()) std::memcpy(bytes.get(), message.data(), message.size());
  Seen seen;
  decoder.decode({bytes.get(), message.size()}, 0, static_cast<Handler&>(seen));
  return seen;
}

/// Behind the message stands what might continue it.
template <class Handler>
Seen decode_with_slack(Decoder& decoder, std::string_view message, std::string_view slack) {
  const auto bytes = std::make_unique<char[]>(message.size() + slack.size());
  if (!message.empty()) std::memcpy(bytes.get(), message.data(), message.size());
  std::memcpy(bytes.get() + message.size(), slack.data(), slack.size());
  Seen seen;
  decoder.decode({bytes.get(), message.size()}, slack.size(), static_cast<Handler&>(seen));
  return seen;
}

template <class Handler>
void check(Decoder& decoder, std::string_view message, std::string_view slack) {
  const Seen seen = decode_exact<Handler>(decoder, message);
  require(seen == decode_with_slack<Handler>(decoder, message, slack),
          "the bytes behind a message do not matter");
  const limits defaults;  // a frame may grow when it is encoded; it is still one frame
  Decoder roomy(defaults);
  for (const std::string& json : seen.frames) {
    const Seen again = decode_exact<Handler>(roomy, json);
    require(again.errors.empty() && again.frames.size() == 1, "an encoded frame is a frame");
    require(again.frames.front() == json, "an encoded frame is the same frame");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<char, 8> kBehind = {'\0', '}', ']', ',', '"', ':', '{', '\\'};
  if (size == 0) return 0;
  std::string slack(64, kBehind[data[0] % kBehind.size()]);
  const std::string_view message(reinterpret_cast<const char*>(data + 1), size - 1);
  // Sometimes the message itself goes on behind its end, or behind the next header of a WebSocket.
  if ((data[0] & 0x80) != 0)
    slack.replace(0, std::min<std::size_t>(message.size(), 64), message.substr(0, 64));
  if ((data[0] & 0x40) != 0) slack[0] = '\x81';
  Decoder decoder(small_limits());
  check<Decoder::ClientHandler>(decoder, message, slack);
  check<Decoder::ServerHandler>(decoder, message, slack);
  return 0;
}
