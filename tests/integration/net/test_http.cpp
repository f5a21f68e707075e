#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <kefu/net/server.hpp>
#include <stdexcept>

#include "integration/net/certificates.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

/// A directory with a page in it.
class Pages {
 public:
  Pages() {
    std::string name = (std::filesystem::temp_directory_path() / "kefu-pages-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    root_ = name;
    std::filesystem::create_directory(root_ / "public");
    write("secret.txt", "secret");
    write("public/index.html", "<p>hello");
    write("public/big.js", std::string(3'000'000, ';'));
  }
  ~Pages() { std::filesystem::remove_all(root_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return root_ / "public"; }

 private:
  void write(std::string_view name, std::string_view text) const {
    std::ofstream{root_ / name} << text;
  }

  std::filesystem::path root_;
};

int status_of(std::uint16_t port, std::string_view request) {
  HttpClient client{port};
  client.send(request);
  return client.receive().head.status();
}

}  // namespace

TEST_CASE("static files are served on one connection, one after another") {
  const Pages pages;
  Host host{{.static_root = pages.root()}};
  host.start();
  HttpClient client{host.port()};
  for (int i = 0; i < 3; ++i) {
    const HttpAnswer page = client.get("/");
    CHECK(page.head.status() == 200);
    CHECK(page.body == "<p>hello");
    CHECK(client.get("/missing").head.status() == 404);
    CHECK(client.get("/big.js").body.size() == 3'000'000);
  }
  for (const std::string_view path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//../secret.txt"}) {
    const HttpAnswer answer = client.get(path);
    CHECK(answer.head.status() >= 400);
    CHECK(answer.body.find("secret") == std::string::npos);
  }
  client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
  const HttpAnswer head = client.receive(false);
  CHECK(head.head.content_length() == 8);
  CHECK(client.get("/", "Connection: close\r\n").body == "<p>hello");
  CHECK(client.stream().read_some().empty());
  client.stream().end_writing();
  host.await_connections(0);
}

TEST_CASE("files can be mounted below a path") {
  const Pages pages;
  Host host{{.static_root = pages.root(), .static_mount = "/console/"}};
  host.start();
  HttpClient client{host.port()};
  CHECK(client.get("/console/index.html").head.status() == 200);
  const HttpAnswer moved = client.get("/console");
  CHECK(moved.head.status() == 308);
  CHECK(moved.head.find("Location") == "/console/");
  CHECK(client.get("/consoles/").head.status() == 404);
  CHECK(client.get("/index.html").head.status() == 404);
}

TEST_CASE("requests sent together are answered in order") {
  const Pages pages;
  Host host{{.static_root = pages.root()}};
  host.start();
  HttpClient client{host.port()};
  const std::string page = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
  const std::string script = "GET /big.js HTTP/1.1\r\nHost: test\r\n\r\n";
  client.send(page + script + page + script + page);
  for (int i = 0; i < 5; ++i) {
    CHECK(client.receive().body.size() == (i % 2 == 0 ? 8 : 3'000'000));
  }
}

TEST_CASE("routes answer GET and HEAD") {
  Host host;
  host.server.get("/healthz", [](const Request& request) {
    return http::text_response(200, std::string{request.peer} + std::string{request.head.query()});
  });
  host.server.get("/broken",
                  [](const Request&) -> http::Response { throw std::runtime_error("broken"); });
  host.start();
  HttpClient client{host.port()};
  CHECK(client.get("/healthz?now").body.find("127.0.0.1now") == 0);
  CHECK(client.get("/healthz/").head.status() == 404);
  CHECK(client.get("/broken").head.status() == 500);
  client.send("HEAD /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(client.receive(false).head.status() == 200);
  client.send("DELETE /healthz HTTP/1.1\r\nHost: test\r\n\r\n");
  const HttpAnswer refused = client.receive();
  CHECK(refused.head.status() == 405);
  CHECK(refused.head.find("Allow") == "GET, HEAD, OPTIONS");
}

TEST_CASE("bad requests get an answer and the end of the connection") {
  Host host;
  host.start();
  const std::uint16_t port = host.port();
  CHECK(status_of(port, "nonsense\r\n\r\n") == 400);
  CHECK(status_of(port, "GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(port, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x')) == 431);
  CHECK(status_of(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc") == 413);
  CHECK(status_of(port,
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        413);
  HttpClient client{port};
  client.send("nonsense\r\n\r\n" + std::string(200'000, 'x'));
  CHECK(client.receive().head.status() == 400);
  client.stream().end_writing();
  CHECK(client.stream().read_some().empty());
  host.await_connections(0);
}

TEST_CASE("a bad upgrade is refused, and the connection stays HTTP") {
  Host host{{.allowed_origins = {"https://shop.example"}}};
  host.start();
  HttpClient client{host.port()};
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(client.get("/ws").head.status() >= 400);
  CHECK(client.get("/ws", upgrade + version).head.status() == 400);
  CHECK(client.get("/ws", upgrade + key).head.status() == 426);
  CHECK(client.get("/ws", upgrade + version + key + "Origin: https://evil.example\r\n")
            .head.status() == 403);
  CHECK(client.get("/ws", upgrade + version + key + "Sec-WebSocket-Protocol: chat\r\n")
            .head.status() == 400);
  const HttpAnswer accepted = client.get("/ws", upgrade + version + key +
                                                    "Sec-WebSocket-Protocol: chat, kefu.v1\r\n"
                                                    "Origin: https://shop.example\r\n");
  CHECK(accepted.head.status() == 101);
  CHECK(accepted.head.find("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(accepted.head.find("Sec-WebSocket-Protocol") == "kefu.v1");
}

TEST_CASE("who doesn't finish a request, or doesn't read the answer, is cut") {
  const Pages pages;
  Host host{{.static_root = pages.root(), .handshake_timeout = Milliseconds{1000}}};
  host.start();
  Stream silent{host.port()};
  Stream slow{host.port()};
  slow.write("GET / HTTP/1.1\r\nHo");
  CHECK(silent.read_some().empty());
  CHECK(slow.read_some().empty());
  Stream deaf{host.port(), {.receive_buffer = 4096}};
  std::string requests;
  for (int i = 0; i < 4; ++i) requests += "GET /big.js HTTP/1.1\r\nHost: test\r\n\r\n";
  deaf.write(requests);
  host.await_connections(0);
}

TEST_CASE("one connection too many is turned away") {
  if (over_tls()) return;  // it is hung up on: a handshake would cost more than it may
  Host host{{.max_connections = 2}};
  host.start();
  WsClient one{host.port()};
  WsClient two{host.port()};
  HttpClient three{host.port()};
  CHECK(three.receive().head.status() == 503);
  one.close();
  host.await_connections(1);
  WsClient four{host.port()};
  four.send("welcome");
  CHECK(four.receive_text() == "welcome");
}

TEST_CASE("a server without descriptors waits for some") {
  Host host;
  host.start();
  Stream waiting{host.port()};
  host.await_connections(1);
  rlimit saved{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &saved) == 0);
  Stream next{host.port()};
  host.await_connections(2);
  host.on_loop(0, [] {});  // accept() holds a descriptor while it finds nobody
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);  // the last one that fits
  rlimit none = saved;
  none.rlim_cur = static_cast<rlim_t>(socket) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  ::close(socket);
  Stream fits{host.port()};  // takes the client's last descriptor: none is left to accept it
  host.on_loop(0, [] {});
  host.on_loop(0, [] {});
  CHECK(host.server.connections() == 2);
  CHECK(::setrlimit(RLIMIT_NOFILE, &saved) == 0);
  host.await_connections(3);
}
