#include <kefu/net/tls.hpp>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <kefu/net/server.hpp>
#include <memory>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

/// The common name of the certificate that the server showed.
std::string shown_by(HttpClient& client) {
  client.get("/");
  X509* const certificate = SSL_get0_peer_certificate(client.stream().tls());
  char name[64] = "";
  if (certificate) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
  }
  return name;
}

std::string shown_for(std::uint16_t port, SSL_CTX* context, std::string_view server_name) {
  HttpClient client{port, {.tls = context, .server_name = server_name}};
  return shown_by(client);
}

bool is_served(std::uint16_t port, SSL_CTX* context) {
  try {
    HttpClient client{port, {.tls = context}};
    client.get("/");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

struct SessionDeleter {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, SessionDeleter>;

Session ticket_of(std::uint16_t port, SSL_CTX* context, std::string_view server_name) {
  HttpClient client{port, {.tls = context, .server_name = server_name}};
  client.get("/");
  return Session{SSL_get1_session(client.stream().tls())};
}

bool resumes(std::uint16_t port, SSL_CTX* context, std::string_view server_name,
             const Session& session) {
  HttpClient client{port, {.tls = context, .server_name = server_name, .session = session.get()}};
  client.get("/");
  return SSL_session_reused(client.stream().tls()) == 1;
}

/// A file with a key made from a word.
class TicketKey {
 public:
  explicit TicketKey(std::string_view word) {
    std::string folder = (std::filesystem::temp_directory_path() / "kefu-key-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()));
    folder_ = folder;
    std::string bytes;
    while (bytes.size() < 80) bytes += word;
    std::ofstream{file()} << bytes.substr(0, 80);
  }
  ~TicketKey() { std::filesystem::remove_all(folder_); }
  TicketKey(const TicketKey&) = delete;
  TicketKey& operator=(const TicketKey&) = delete;

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "key"; }
  void become(const TicketKey& other) const {
    std::filesystem::copy_file(other.file(), file(),
                               std::filesystem::copy_options::overwrite_existing);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("TLS 1.2 and 1.3 are spoken, nothing older") {
  const Certificate certificate{"server", {"localhost"}};
  const Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.tls = &tls}};
  host.start();
  CHECK(is_served(host.port(), client_context(&certificate, nullptr, TLS1_3_VERSION).get()));
  CHECK(is_served(host.port(), client_context(&certificate, nullptr, TLS1_2_VERSION).get()));
  CHECK(!is_served(host.port(), client_context(&certificate, nullptr, TLS1_1_VERSION).get()));
  CHECK(!is_served(host.port(), client_context(&certificate, nullptr, TLS1_VERSION).get()));
  const auto weak = client_context(&certificate, nullptr, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(weak.get(), "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
  CHECK(!is_served(host.port(), weak.get()));
  host.await_connections(0);
}

TEST_CASE("who doesn't speak TLS is hung up on") {
  if (over_tls()) return;
  const Certificate certificate{"server", {"localhost"}};
  const Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.tls = &tls}};
  host.start();
  Stream plain{host.port()};
  plain.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(plain.read_all().find("HTTP/1.1") == std::string::npos);
  host.await_connections(0);
}

TEST_CASE("the name that a client asks for chooses the certificate") {
  const Certificate root{"root", {}};
  const Certificate first{"first", {"first.example"}, &root};
  const Certificate second{"second", {"second.example", "*.wild.example"}, &root};
  const Tls tls{{.certificates = {first.files(), second.files()}}};
  Host host{{.tls = &tls}};
  host.start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = client_context(&root, nullptr, version);
    CHECK(shown_for(host.port(), context.get(), "") == "first");
    CHECK(shown_for(host.port(), context.get(), "first.example") == "first");
    CHECK(shown_for(host.port(), context.get(), "second.example") == "second");
    CHECK(shown_for(host.port(), context.get(), "SECOND.example") == "second");
    CHECK(shown_for(host.port(), context.get(), "a.wild.example") == "second");
    CHECK(shown_for(host.port(), context.get(), "other.example") == "first");
  }
}

TEST_CASE("a session is resumed by its ticket, also after the certificates were read again") {
  const Certificate root{"root", {}};
  const Certificate old{"old", {"localhost"}, &root};
  const Certificate fresh{"fresh", {"localhost"}, &root};
  Tls tls{{.certificates = {old.files()}}};
  Host host{{.tls = &tls}};
  host.start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = client_context(&root, nullptr, version);
    HttpClient first{host.port(), {.tls = context.get()}};
    first.get("/");
    CHECK(SSL_session_reused(first.stream().tls()) == 0);
    SSL_SESSION* const session = SSL_get1_session(first.stream().tls());
    for (int i = 0; i < 2; ++i) {
      HttpClient again{host.port(), {.tls = context.get(), .session = session}};
      again.get("/");
      CHECK(SSL_session_reused(again.stream().tls()) == 1);
      tls.reload();
    }
    SSL_SESSION_free(session);
  }
}

TEST_CASE("servers with the same ticket keys take each other's tickets, also while keys rotate") {
  const Certificate root{"root", {}};
  const Certificate one{"one", {"one.example"}, &root};
  const Certificate two{"two", {"two.example"}, &root};
  const TicketKey old{"old"}, fresh{"fresh"};
  // A node of a cluster: an object of its own, with what it read from its files.
  struct Node {
    Node(const std::vector<TlsCertificate>& certificates,
         const std::vector<std::filesystem::path>& keys)
        : tls{{.certificates = certificates, .ticket_keys = keys}}, host{{.tls = &tls}} {
      host.start();
    }
    Tls tls;
    Host host;
  };
  const std::vector<TlsCertificate> both{one.files(), two.files()};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = client_context(&root, nullptr, version);
    Node first{both, {old.file()}}, second{both, {old.file()}};
    Node knows_both{both, {old.file(), fresh.file()}};  // the new one is told to all first
    Node rotated{both, {fresh.file(), old.file()}};     // then it seals
    Node forgot{both, {fresh.file()}};                  // and at last the old one goes
    Node alone{both, {}};
    for (const std::string_view name : {"one.example", "two.example"}) {
      const Session ticket = ticket_of(first.host.port(), context.get(), name);
      CHECK(resumes(second.host.port(), context.get(), name, ticket));
      CHECK(resumes(rotated.host.port(), context.get(), name, ticket));
      CHECK(!resumes(forgot.host.port(), context.get(), name, ticket));
      CHECK(!resumes(alone.host.port(), context.get(), name, ticket));
      const Session renewed = ticket_of(rotated.host.port(), context.get(), name);
      CHECK(resumes(knows_both.host.port(), context.get(), name, renewed));
      CHECK(resumes(forgot.host.port(), context.get(), name, renewed));
      CHECK(!resumes(first.host.port(), context.get(), name, renewed));
    }
  }
}

TEST_CASE("a rotation of ticket keys reaches a running server by reload") {
  const Certificate certificate{"server", {"localhost"}};
  const TicketKey current{"current"}, previous{"previous"}, next{"next"};
  Tls tls{
      {.certificates = {certificate.files()}, .ticket_keys = {current.file(), previous.file()}}};
  Host host{{.tls = &tls}};
  host.start();
  const auto context = client_context();
  const Session ticket = ticket_of(host.port(), context.get(), "");
  previous.become(current);
  current.become(next);
  tls.reload();
  CHECK(resumes(host.port(), context.get(), "", ticket));
  previous.become(next);
  tls.reload();
  CHECK(!resumes(host.port(), context.get(), "", ticket));
  std::ofstream{current.file()} << "too short";
  CHECK_THROWS_AS(tls.reload(), std::runtime_error);
  CHECK_THROWS_AS((Tls{{.certificates = {certificate.files()}, .ticket_keys = {"/nowhere"}}}),
                  std::runtime_error);
}

TEST_CASE("new certificates are for new connections, and open ones go on") {
  const Certificate certificate{"old", {"localhost"}};
  const Certificate fresh{"fresh", {"localhost"}};
  Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.tls = &tls}};
  host.start();
  const auto context = client_context();
  WsClient open{host.port(), {.tls = context.get()}};
  HttpClient half{host.port(), {.tls = context.get()}};  // connected, no handshake yet
  host.await_connections(2);
  CHECK(shown_for(host.port(), context.get(), "") == "old");
  certificate.become(fresh);
  tls.reload();
  CHECK(shown_for(host.port(), context.get(), "") == "fresh");
  CHECK(shown_by(half) == "old");
  open.send("still here");
  CHECK(open.receive_text() == "still here");

  std::ofstream{certificate.chain()} << "nonsense";
  CHECK_THROWS_AS(tls.reload(), std::runtime_error);
  CHECK(shown_for(host.port(), context.get(), "") == "fresh");
}

TEST_CASE("certificates that don't fit or aren't there are refused when they are read") {
  const Certificate one{"one", {}};
  const Certificate other{"other", {}};
  CHECK_THROWS_AS(Tls{{}}, std::runtime_error);
  CHECK_THROWS_AS((Tls{{.certificates = {{one.chain(), other.key_file()}}}}), std::runtime_error);
  CHECK_THROWS_AS((Tls{{.certificates = {{"/nowhere", one.key_file()}}}}), std::runtime_error);
  CHECK_THROWS_AS((Tls{{.certificates = {one.files()}, .ciphers = "NONSENSE"}}),
                  std::runtime_error);
}

TEST_CASE("a client proves who it is by a certificate, and the hub is told") {
  const Certificate server{"server", {"localhost"}};
  const Certificate root{"root", {}};
  const Certificate alice{"alice", {}, &root};
  const Certificate mallory{"alice", {}};
  for (const auto policy : {ClientCertificates::optional, ClientCertificates::required}) {
    const Tls tls{{.certificates = {server.files()},
                   .client_certificates = policy,
                   .client_roots = root.chain()}};
    Host host{{.tls = &tls}};
    host.acceptor.on_message = [](Peer& peer, std::string_view) {
      peer.send(std::string{peer.connection().subject()} + "@" +
                std::string{peer.connection().peer()});
    };
    host.server.get("/who", [](const Request& request) {
      return http::text_response(200, request.subject.empty() ? "nobody" : request.subject);
    });
    host.start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const auto known = client_context(nullptr, &alice, version);
      WsClient client{host.port(), {.tls = known.get()}};
      client.send("who am I?");
      CHECK(client.receive_text() == "CN=alice@127.0.0.1");
      HttpClient http{host.port(), {.tls = known.get()}};
      CHECK(http.get("/who").body == "CN=alice\n");
      CHECK(!is_served(host.port(), client_context(nullptr, &mallory, version).get()));
      CHECK(is_served(host.port(), client_context(nullptr, nullptr, version).get()) ==
            (policy == ClientCertificates::optional));
    }
    if (policy == ClientCertificates::required) continue;
    HttpClient nobody{host.port(), {.tls = client_context().get()}};
    CHECK(nobody.get("/who").body == "nobody\n");
  }
}

TEST_CASE("half a handshake is given up in time") {
  const Certificate certificate{"server", {"localhost"}};
  const Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.tls = &tls, .handshake_timeout = Milliseconds{50}}};
  host.start();
  if (over_tls()) return;
  Stream silent{host.port()};
  Stream half{host.port()};
  half.write(std::string_view{"\x16\x03\x01\x02\x00\x01", 6});
  CHECK(silent.read_all().empty());
  CHECK(half.read_all().empty());
  host.await_connections(0);
}

TEST_CASE("large messages pass both ways under TLS while neither side reads for long") {
  const Certificate certificate{"server", {"localhost"}};
  const Tls tls{{.certificates = {certificate.files()}}};
  Host host{{.tls = &tls, .max_message = 4'000'000}};
  host.start();
  const auto context = client_context(&certificate);
  WsClient client{host.port(), {.receive_buffer = 4096, .tls = context.get()}};
  std::string big(3'000'000, '.');
  for (std::size_t i = 0; i < big.size(); i += 7) big[i] = static_cast<char>('a' + i % 26);
  for (int i = 0; i < 4; ++i) client.send(big);
  for (int i = 0; i < 4; ++i) CHECK((client.receive_text() == big));
  client.close();
  host.await_connections(0);
}
