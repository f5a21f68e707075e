// What a hub learns from a real connection, beside its messages.
#include <kefu/session.hpp>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <future>
#include <kefu/auth.hpp>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/net/server.hpp>
#include <string>
#include <thread>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

/// Who has proved who they are needs no token.
class ByCertificate final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller& caller,
                    Completion<result<Identity>> done) override {
    const bool known = caller.subject == "CN=alice" && caller.address == "127.0.0.1";
    if (!known && token != "guest") return done(errc::unauthenticated);
    done(Identity{{known ? "alice" : "guest", known ? Role::agent : Role::visitor},
                  SystemClock().now() + std::chrono::hours{1}});
  }
};

class Service {
 public:
  explicit Service(const Tls& tls) : server_{loops_, options(tls)} {
    hub.authenticate(std::make_unique<ByCertificate>());
    server_.serve(hub);
    thread_ = std::thread{[this] { loops_.run(); }};
  }
  ~Service() {
    loops_.stop();
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  std::vector<SessionView> sessions_of(const std::string& participant) {
    std::promise<std::vector<SessionView>> views;
    hub.sessions_of(participant, [&](std::vector<SessionView> all) { views.set_value(all); });
    return views.get_future().get();
  }
  result<SessionView> session(SessionId id) {
    std::promise<result<SessionView>> view;
    hub.session(id, [&](result<SessionView> one) { view.set_value(one); });
    return view.get_future().get();
  }

 private:
  static ServerOptions options(const Tls& tls) {
    ServerOptions out;
    out.port = 0;
    out.tls = &tls;
    return out;
  }

  SystemClock clock_;
  Loops loops_{2};
  memory::Store store_{clock_};

 public:
  Hub hub{loops_.executors(), store_};

 private:
  Server server_;
  std::thread thread_;
};

}  // namespace

TEST_CASE(
    "a certificate's subject reaches the authenticator, over WebSocket and after resumption") {
  const Certificate server{"server", {"localhost"}};
  const Certificate root{"root", {}};
  const Certificate alice{"alice", {}, &root};
  const Tls tls{{.certificates = {server.files()},
                 .client_certificates = ClientCertificates::optional,
                 .client_roots = root.chain()}};
  Service service{tls};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = client_context(nullptr, &alice, version);
    WsClient client{service.port(), {.tls = context.get()}};
    client.send(R"({"type":"hello","token":"","epoch":1})");
    CHECK(client.receive_text().find("\"welcome\"") != std::string::npos);
    SSL_SESSION* const ticket = SSL_get1_session(client.stream().tls());
    WsClient again{service.port(), {.tls = context.get(), .session = ticket}};
    CHECK(SSL_session_reused(again.stream().tls()) == 1);
    again.send(R"({"type":"hello","token":"","epoch":1})");
    CHECK(again.receive_text().find("\"welcome\"") != std::string::npos);
    SSL_SESSION_free(ticket);

    const auto nobody = client_context(nullptr, nullptr, version);
    WsClient stranger{service.port(), {.tls = nobody.get()}};
    stranger.send(R"({"type":"hello","token":"","epoch":1})");
    CHECK(stranger.receive_text().find("\"unauthenticated\"") != std::string::npos);
  }
}

TEST_CASE("a host asks for one session, and how well the network carries it") {
  const Certificate server{"server", {"localhost"}};
  const Tls tls{{.certificates = {server.files()}}};
  Service service{tls};
  const auto context = client_context();
  WsClient one{service.port(), {.tls = context.get()}}, two{service.port(), {.tls = context.get()}};
  for (WsClient* const client : {&one, &two}) {
    client->send(R"({"type":"hello","token":"guest","epoch":1})");
    CHECK(client->receive_text().find("\"welcome\"") != std::string::npos);
  }
  const std::vector<SessionView> all = service.sessions_of("guest");
  REQUIRE(all.size() == 2);
  for (const SessionView& each : all) {
    const result<SessionView> view = service.session(each.id);
    REQUIRE(view);
    CHECK(view->id == each.id);
    CHECK(view->epoch == 1);
    CHECK(view->participant == Participant{"guest", Role::visitor});
    CHECK(view->address == "127.0.0.1");
    CHECK(view->subject.empty());
#if defined(__linux__)
    REQUIRE(view->quality);
    CHECK(view->quality->round_trip.count() > 0);
    CHECK(view->quality->retransmits < 10);  // on a busy machine some are sent too early
#endif
  }
  CHECK(service.sessions_of("nobody").empty());
}
