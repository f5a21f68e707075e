// Requests with bodies, answers in parts, and who is behind a proxy.
#include <doctest/doctest.h>

#include <atomic>
#include <kefu/net/http_body.hpp>
#include <kefu/net/server.hpp>
#include <memory>
#include <string>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

http::Response echo(const Request& request) {
  http::Response response;
  response.body = std::string{request.peer} + ":" + std::string{request.body};
  return response;
}

/// So many parts of the same size, then the end.
http::Response in_parts(int count, std::size_t size) {
  http::Response response;
  response.body = "first";
  response.more = [count, size]() mutable {
    return count-- > 0 ? std::string(size, 'x') : std::string{};
  };
  return response;
}

std::string unchunked(std::string_view bytes) {
  http::HeadParser parser{http::HeadKind::response};
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  REQUIRE(parser.head().chunked());
  http::BodyReader reader{parser.head(), 100'000'000};
  REQUIRE(reader.feed(bytes) == http::BodyReader::Status::complete);
  REQUIRE(bytes.empty());
  return reader.take();
}

std::string all(std::uint16_t port, std::string_view request) {
  Stream stream{port};
  stream.write(request);
  return stream.read_all();
}

}  // namespace

TEST_CASE("bodies are taken, of a known length and in chunks, and the connection goes on") {
  Host host;
  host.server.router().add("POST", "/echo", echo);
  host.start();
  HttpClient client{host.port()};
  for (int i = 0; i < 3; ++i) {
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHello");
    CHECK(client.receive().body == "127.0.0.1:Hello");
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: t\r\n\r\n");
    CHECK(client.receive().body == "127.0.0.1:abcde");
  }
  // Byte by byte, with the next request right behind.
  for (const char c :
       std::string_view{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
                        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"}) {
    client.send({&c, 1});
  }
  CHECK(client.receive().body == "127.0.0.1:ab");
  CHECK(client.receive().body == "127.0.0.1:c");
}

TEST_CASE("who asks first is told to go on, or not to") {
  Host host{{.max_body = 100}};
  host.server.router().add("POST", "/echo", echo);
  host.start();
  HttpClient client{host.port()};
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  CHECK(client.receive(false).head.status() == 100);
  client.send("Hello");
  CHECK(client.receive().body == "127.0.0.1:Hello");
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n");
  CHECK(client.receive().head.status() == 413);
  CHECK(client.stream().read_all().empty());
  HttpClient other{host.port()};
  other.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 5\r\n\r\n");
  CHECK(other.receive().head.status() == 417);
}

TEST_CASE("what two readers could read as different requests ends the connection") {
  Host host;
  std::atomic<int> smuggled{0};
  host.server.router().add("POST", "/echo", echo);
  host.server.get("/smuggled", [&](const Request&) {
    ++smuggled;
    return http::Response{};
  });
  host.start();
  const std::string inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string start = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& request : {
           start + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + inner,
           start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding:\n chunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + inner,
           start +
               "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n0\r\n\r\n" +
               inner,
           start + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Content-Length: 0\r\nContent-Length: 30\r\n\r\n" + inner,
           start + "Content-Length: 0, 0\r\n\r\n" + inner,
           start + "Content-Length: +0\r\n\r\n" + inner,
           start + "Content-Length: 0x0\r\n\r\n" + inner,
           start + "Content-Length: \r\n\r\n" + inner,
           "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\n\r\n0\r\n\n" + inner,
           start + "Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n" + inner,
           start + "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n" + inner,
           "POST /nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + inner,
       }) {
    CAPTURE(request);
    const std::string answer = all(host.port(), request);
    CHECK((answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 413 ")));
    CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
  }
  CHECK(smuggled == 0);
}

TEST_CASE("an answer in parts is chunked, and to HTTP/1.0 ends with the connection") {
  Host host;
  host.server.get("/parts", [](const Request&) { return in_parts(200, 10'000); });
  host.start();
  const std::string expected = "first" + std::string(2'000'000, 'x');
  const std::string chunked =
      all(host.port(), "GET /parts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK((unchunked(chunked) == expected));
  const std::string plain =
      all(host.port(), "GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(plain.find("Transfer-Encoding") == std::string::npos);
  CHECK((plain.substr(plain.find("\r\n\r\n") + 4) == expected));
  HttpClient client{host.port()};
  client.send("HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.receive(false).head.chunked());
  CHECK(client.receive().head.status() == 404);
}

TEST_CASE("an answer in parts waits for its reader, and one that fails is cut off") {
  auto made = std::make_shared<std::atomic<std::size_t>>(0);
  Host host;
  host.server.get("/endless", [made](const Request&) {
    http::Response response;
    response.more = [made] {
      *made += 100'000;
      return std::string(100'000, 'x');
    };
    return response;
  });
  host.server.get("/fails", [](const Request&) {
    http::Response response;
    response.more = []() -> std::string { throw std::runtime_error{"disk"}; };
    return response;
  });
  host.start();
  const std::string cut = all(host.port(), "GET /fails HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(!cut.ends_with(http::kLastChunk));
  {
    Stream deaf{host.port(), {.receive_buffer = 4096}};
    deaf.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    deaf.read_some();
    HttpClient other{host.port()};
    for (int i = 0; i < 20; ++i) CHECK(other.get("/nothing").head.status() == 404);
    CHECK(*made < 20'000'000);  // what the kernel buffers
  }
  host.await_connections(0);
}

TEST_CASE("an answer and its parts may come later, from any thread") {
  Host host;
  const auto later = [&](auto value, auto done) {
    host.loops.executors().front()->post(
        [value = std::move(value), done = std::move(done)]() mutable { done(std::move(value)); });
  };
  host.server.get("/late/{count}", [&](const Request& request) {
    const int count = std::stoi(std::string{request.parameter("count")});
    http::Response response;
    response.later = [=](Completion<http::Response> done) {
      http::Response made;
      made.body = "first";
      made.more_later = [=, left = count](Completion<result<std::string>> part) mutable {
        later(result<std::string>(left-- > 0 ? std::string(10'000, 'x') : std::string{}),
              std::move(part));
      };
      later(std::move(made), std::move(done));
    };
    return response;
  });
  host.start();
  const std::string expected = "first" + std::string(2'000'000, 'x');
  const std::string chunked =
      all(host.port(), "GET /late/200 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK((unchunked(chunked) == expected));
  const std::string plain = all(host.port(), "GET /late/200 HTTP/1.0\r\n\r\n");
  CHECK((plain.substr(plain.find("\r\n\r\n") + 4) == expected));
  HttpClient client{host.port()};
  client.send("HEAD /late/9 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.receive(false).head.chunked());
  CHECK(client.get("/late/0").head.status() == 200);  // the connection goes on
  CHECK(client.get("/nothing").head.status() == 404);
}

TEST_CASE("an answer whose next part fails, or doesn't come in time, is cut off") {
  Host host{{.handshake_timeout = Milliseconds{200}}};
  std::atomic<int> dropped{0};
  std::vector<Completion<result<std::string>>> kept;
  host.server.get("/fails", [](const Request&) {
    http::Response response;
    response.more_later = [](Completion<result<std::string>> part) { part(errc::unavailable); };
    return response;
  });
  host.server.get("/never", [&](const Request&) {
    http::Response response;
    const std::shared_ptr<void> end{nullptr, [&](void*) { ++dropped; }};
    response.more_later = [&kept, end](Completion<result<std::string>> part) {
      kept.push_back(std::move(part));
    };
    return response;
  });
  host.start();
  for (const char* const path : {"/fails", "/never"}) {
    const std::string cut =
        all(host.port(), "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(cut.starts_with("HTTP/1.1 200"));
    CHECK(!cut.ends_with(http::kLastChunk));
  }
  host.await_connections(0);
  CHECK(dropped == 1);
  kept.front()(std::string{"too late"});
}

TEST_CASE("a body that drips is given up in time") {
  Host host{{.handshake_timeout = Milliseconds{1000}}};
  host.server.router().add("POST", "/echo", echo);
  host.start();
  Stream slow{host.port()};
  slow.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHe");
  CHECK(slow.read_all().empty());
  host.await_connections(0);
}

TEST_CASE("pipelined requests are answered one after the other, in order") {
  std::atomic<int> handled{0};
  Host host;
  host.server.get("/{n}", [&](const Request& request) {
    ++handled;
    http::Response response;
    response.body = request.parameter("n");
    return response;
  });
  host.start();
  HttpClient client{host.port()};
  std::string requests;
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < kCount; ++i) REQUIRE(client.receive().body == std::to_string(i));
}

TEST_CASE("behind a trusted proxy the client is who it names, for requests and for the hub") {
  Host host{{.trusted_proxies = {"127.0.0.0/8"}, .forwarded = ForwardedField::x_forwarded_for}};
  host.server.router().add("POST", "/echo", echo);
  host.server.get("/who", echo);
  host.start();
  HttpClient client{host.port()};
  CHECK(client.get("/who", "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n").body == "192.0.2.1:");
  CHECK(client.get("/who").body == "127.0.0.1:");
}

TEST_CASE("with the PROXY protocol a connection begins with its header, also before TLS") {
  if (over_tls()) return;
  const Certificate certificate{"server", {"localhost"}};
  const Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.trusted_proxies = {"127.0.0.1"}, .proxy_protocol = true}};
  host.server.get("/who", echo);
  host.start();
  HttpClient client{host.port()};
  for (const char c : std::string_view{"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n"}) {
    client.send({&c, 1});
  }
  CHECK(client.get("/who").body == "192.0.2.1:");
  CHECK(client.get("/who").body == "192.0.2.1:");
  CHECK(all(host.port(), "GET /who HTTP/1.1\r\nHost: a\r\n\r\n").empty());

  Host stranger{{.trusted_proxies = {"10.0.0.1"}, .proxy_protocol = true}};
  stranger.start();
  CHECK(all(stranger.port(), "PROXY TCP4 6.6.6.6 10.0.0.1 4711 443\r\n").empty());
}
