// A server for tests with clients and proxies from elsewhere. It echoes every message until its
// standard input ends:
//   kefu-echo codec            the codec alone, on a blocking socket; text and binary
//   kefu-echo server [option]  kefu::net::Server, which takes text only; GET /who tells who asks
//     --tls CHAIN KEY          speaks TLS; a line of input makes it read the files again
//     --client-roots FILE      asks for certificates that these have signed
//     --trust NETWORK          trusts this proxy, and
//     --forwarded, --x-forwarded-for, --proxy-protocol  ... what it says in this way
// Both agree to permessage-deflate, and unpack to any ratio. The first line of the output is the
// port.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <kefu/net/deflate.hpp>
#include <kefu/net/server.hpp>
#include <kefu/net/upgrade.hpp>
#include <kefu/net/websocket.hpp>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "net/socket.hpp"

namespace {

using namespace kefu;
using namespace kefu::net;

constexpr std::uint32_t kMaxMessage = 32 * 1024 * 1024;  // the suite sends 16 MiB
constexpr websocket::DeflateOptions kDeflate{
    .enabled = true, .min_size = 0, .max_ratio = ~std::uint32_t{0}};

void announce(std::uint16_t port) {
  std::printf("%u\n", port);
  std::fflush(stdout);
}

/// One connection on the codec, from its first byte to its last.
class Echo {
 public:
  explicit Echo(Socket socket) : socket_{std::move(socket)} {}

  void run() {
    if (!open()) return;
    while (open_ && read()) echo();
    socket_.end_writing();
    while (read()) {
    }
  }

 private:
  bool open() {
    http::HeadParser parser{http::HeadKind::request};
    for (;;) {
      if (!read()) return false;
      std::string_view text{reinterpret_cast<const char*>(input_.data()), input_.size()};
      const auto status = parser.feed(text);
      if (status == http::HeadParser::Status::need_more) continue;
      if (status == http::HeadParser::Status::failed) return false;
      input_ = input_.last(text.size());
      break;
    }
    UpgradeOptions options;
    options.deflate = true;
    const Upgrade upgrade = answer_upgrade(parser.head(), options);
    write(http::write_head(upgrade.response, true) + upgrade.response.body);
    if (!upgrade.accepted()) return false;
    const bool deflate = upgrade.deflate != websocket::DeflateWindow::none;
    decoder_ = websocket::Decoder{{.allow_rsv1 = deflate, .max_message = kMaxMessage}};
    if (deflate) deflater_ = std::make_unique<websocket::Deflater>(upgrade.deflate);
    echo();
    return true;
  }

  bool read() {
    const auto room = std::as_writable_bytes(std::span{buffer_}).first(kBuffer);
    input_ = room.first(socket_.read(room).bytes);
    return !input_.empty();
  }

  void echo() {
    while (open_) {
      const websocket::Event event = decoder_.next(input_);
      switch (event.kind) {
        case websocket::EventKind::need_more:
          return;
        case websocket::EventKind::text:
        case websocket::EventKind::binary:
          on_message(event);
          break;
        case websocket::EventKind::ping:
          send(websocket::Opcode::pong, event.payload);
          break;
        case websocket::EventKind::pong:
          break;
        case websocket::EventKind::close:
          close(event.code, event.text());
          break;
        case websocket::EventKind::error:
          refuse(event.error);
          break;
      }
    }
  }

  void on_message(const websocket::Event& event) {
    const bool text = event.kind == websocket::EventKind::text;
    auto payload = event.payload;
    if (event.rsv1) {
      const websocket::Inflated inflated = inflater_.inflate(payload);
      if (inflated.error != websocket::Error::none) return refuse(inflated.error);
      payload = inflated.payload;
      if (text && !websocket::is_valid_text(payload)) {
        return refuse(websocket::Error::invalid_utf8);
      }
    }
    const auto opcode = text ? websocket::Opcode::text : websocket::Opcode::binary;
    const auto deflated = deflater_ ? deflater_->deflate(payload) : std::span<const std::byte>{};
    if (deflated.empty()) return send(opcode, payload);
    send(opcode, deflated, true);
  }

  void refuse(websocket::Error error) {
    close(websocket::close_code(error), websocket::to_string(error));
  }

  void close(std::uint16_t code, std::string_view reason) {
    std::array<std::byte, websocket::kMaxControlPayload> payload;
    const std::size_t size = code == websocket::kCloseNoStatus
                                 ? 0
                                 : websocket::write_close_payload(code, reason, payload);
    send(websocket::Opcode::close, std::span{payload}.first(size));
    open_ = false;
  }

  void send(websocket::Opcode opcode, std::span<const std::byte> payload, bool rsv1 = false) {
    std::array<std::byte, websocket::kMaxHeader> header;
    const std::size_t size = websocket::write_header(opcode, true, payload.size(), header, rsv1);
    write({reinterpret_cast<const char*>(header.data()), size});
    write({reinterpret_cast<const char*>(payload.data()), payload.size()});
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
      const IoResult result = socket_.write({&part, 1});
      if (result.status != IoStatus::done) {
        open_ = false;
        return;
      }
      bytes.remove_prefix(result.bytes);
    }
  }

  static constexpr std::size_t kBuffer = 64 * 1024;

  Socket socket_;
  std::vector<char> buffer_ = std::vector<char>(kBuffer + websocket::kPadding);
  std::span<std::byte> input_;
  websocket::Decoder decoder_{{}};
  websocket::Inflater inflater_{kMaxMessage, kDeflate};
  std::unique_ptr<websocket::Deflater> deflater_;
  bool open_ = true;
};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

int listen_anywhere() {
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listening < 0 || ::bind(listening, generic, size) != 0 || ::listen(listening, 16) != 0 ||
      ::getsockname(listening, generic, &size) != 0) {
    fail("listen");
  }
  announce(ntohs(address.sin_port));
  return listening;
}

/// One connection after the other: the suite has but one.
void run_codec() {
  const int listening = listen_anywhere();
  std::thread{[] {
    while (std::getchar() != EOF) {
    }
    std::_Exit(0);
  }}.detach();
  for (;;) {
    const int descriptor = ::accept(listening, nullptr, nullptr);
    if (descriptor < 0) fail("accept");
    const int at_once = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    Echo{Socket{descriptor}}.run();
  }
}

struct Peer final : Inbound {
  explicit Peer(Connection& to) : connection{to} {}

  void on_message(std::string_view message, std::size_t) override {
    connection.send(frames.copy(message));
  }
  void on_writable() override {}
  void on_closed(errc) override { delete this; }

  Connection& connection;
  FramePool frames;
};

struct PeerAcceptor final : Acceptor {
  Inbound& accepted(Connection& connection) override { return *new Peer{connection}; }
};

struct Settings {
  ServerOptions server;
  TlsOptions tls;
};

Settings read_settings(std::span<const char* const> arguments) {
  Settings settings;
  ServerOptions& server = settings.server;
  server.port = 0;
  server.websocket_path = "/";
  server.max_message = kMaxMessage;
  server.deflate = kDeflate;
  const auto next = [&] {
    if (arguments.empty()) throw std::invalid_argument("an argument is missing");
    const char* const first = arguments.front();
    arguments = arguments.subspan(1);
    return first;
  };
  while (!arguments.empty()) {
    const std::string_view option = next();
    if (option == "--tls") {
      const std::string chain = next();
      settings.tls.certificates.push_back({chain, next()});
    } else if (option == "--client-roots") {
      settings.tls.client_certificates = ClientCertificates::optional;
      settings.tls.client_roots = next();
    } else if (option == "--trust") {
      server.trusted_proxies.emplace_back(next());
    } else if (option == "--forwarded") {
      server.forwarded = ForwardedField::forwarded;
    } else if (option == "--x-forwarded-for") {
      server.forwarded = ForwardedField::x_forwarded_for;
    } else if (option == "--proxy-protocol") {
      server.proxy_protocol = true;
    } else {
      throw std::invalid_argument("unknown option " + std::string{option});
    }
  }
  return settings;
}

void run_server(Settings settings) {
  std::optional<Tls> tls;
  if (!settings.tls.certificates.empty()) {
    tls.emplace(settings.tls);
    settings.server.tls = &*tls;
  }
  Loops loops;
  PeerAcceptor acceptor;
  Server server{loops, settings.server};
  server.get("/who", [](const Request& request) {
    http::Response response;
    response.body = std::string{request.peer} + " " + std::string{request.subject};
    return response;
  });
  server.start(acceptor);
  announce(server.port());
  std::thread watcher{[&] {
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
      if (c == '\n' && tls) {
        tls->reload();
        std::puts("reloaded");
        std::fflush(stdout);
      }
    }
    server.stop(loops.executors().front()->now() + Nanoseconds{1'000'000'000},
                [&] { loops.stop(); });
  }};
  loops.run();
  watcher.join();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::span<const char* const> arguments{argv, static_cast<std::size_t>(argc)};
  const std::string_view mode = argc > 1 ? arguments[1] : "";
  if (mode == "codec") run_codec();
  if (mode != "server") throw std::invalid_argument("codec or server?");
  run_server(read_settings(arguments.subspan(2)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "kefu-echo: %s\n", error.what());
  return 2;
}
