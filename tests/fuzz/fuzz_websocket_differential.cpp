// Compares the decoder with wslay, an independent implementation.

#include <wslay/wslay.h>

#include <cstdio>
#include <cstdlib>

#include "fuzz/websocket_stream.hpp"

using namespace kefu::fuzz;

namespace {

constexpr std::uint32_t kLimit = 700;

struct Oracle {
  std::string_view unread;
  std::vector<Seen> seen;
  bool failed = false;
};

ssize_t read_some(wslay_event_context_ptr context, std::uint8_t* out, std::size_t size, int,
                  void* user) {
  auto& oracle = *static_cast<Oracle*>(user);
  if (oracle.unread.empty()) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  const std::size_t n = oracle.unread.copy(reinterpret_cast<char*>(out), size);
  oracle.unread.remove_prefix(n);
  return static_cast<ssize_t>(n);
}

void on_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* user) {
  Seen seen{ws::EventKind::text, ws::Error::none, false, 0, ""};
  if (message->msg_length != 0) {
    seen.payload.assign(reinterpret_cast<const char*>(message->msg), message->msg_length);
  }
  switch (message->opcode) {
    case WSLAY_TEXT_FRAME:
      break;
    case WSLAY_BINARY_FRAME:
      seen.kind = ws::EventKind::binary;
      break;
    case WSLAY_PING:
      seen.kind = ws::EventKind::ping;
      break;
    case WSLAY_PONG:
      seen.kind = ws::EventKind::pong;
      break;
    default:
      seen.kind = ws::EventKind::close;
      seen.code = message->status_code != 0 ? message->status_code : ws::kCloseNoStatus;
      seen.payload.erase(0, 2);
  }
  static_cast<Oracle*>(user)->seen.push_back(std::move(seen));
}

Oracle ask_wslay(ws::Role role, std::string_view stream) {
  Oracle oracle{stream, {}, false};
  wslay_event_callbacks callbacks{};
  callbacks.recv_callback = read_some;
  callbacks.on_msg_recv_callback = on_message;
  wslay_event_context_ptr context = nullptr;
  const auto init =
      role == ws::Role::server ? wslay_event_context_server_init : wslay_event_context_client_init;
  if (init(&context, &callbacks, &oracle) != 0) std::abort();
  wslay_event_config_set_max_recv_msg_length(context, kLimit);
  wslay_event_recv(context);
  oracle.failed =
      wslay_event_get_read_enabled(context) == 0 && wslay_event_get_close_received(context) == 0;
  wslay_event_context_free(context);
  return oracle;
}

[[noreturn]] void report(const char* what) {
  std::fprintf(stderr, "fuzz_websocket_differential: %s\n", what);
  std::abort();
}

/// What we decide otherwise on purpose: statuses registered after wslay was written are accepted, a
/// close payload of one byte is not.
bool differs_on_purpose(const Seen& ours) {
  return (ours.kind == ws::EventKind::close && ours.code >= 1012 && ours.code <= 1014) ||
         ours.error == ws::Error::invalid_close_payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source source{data, size};
  ws::Options options;
  options.role = (source.byte() & 1) != 0 ? ws::Role::client : ws::Role::server;
  options.max_message = kLimit;
  // The zeros complete whatever control frame or header the stream was cut in: wslay refuses some
  // of these later than we do, and bad close reasons earlier.
  const std::string stream = make_stream(source, options.role) + std::string(256, '\0');

  std::vector<Seen> ours = decode(options, stream, [&] { return stream.size(); });
  const Oracle theirs = ask_wslay(options.role, stream);
  if (!ours.empty() && differs_on_purpose(ours.back())) return 0;
  const bool failed = !ours.empty() && ours.back().kind == ws::EventKind::error;
  if (failed) ours.pop_back();
  if (ours != theirs.seen) report("other messages");
  if (theirs.failed != failed) report(failed ? "only we refuse this" : "only wslay refuses this");
  return 0;
}
