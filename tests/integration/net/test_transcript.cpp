#include <kefu/net/transcript.hpp>

#include <doctest/doctest.h>

#include <future>
#include <kefu/core/desk_command.hpp>
#include <kefu/memory/store.hpp>
#include <string>
#include <thread>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

constexpr std::string_view kConversation = "0199c1d2-0000-7000-8000-000000000001";
constexpr std::string_view kNone = "0199c1d2-0000-7000-8000-00000000ffff";

/// A token is "<role> <id>".
class PlainTokens final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (!role || space == std::string_view::npos) return done(errc::unauthenticated);
    done(Identity{{std::string{token.substr(space + 1)}, *role},
                  SystemClock{}.now() + std::chrono::hours{1}});
  }
};

/// A server with one conversation of "v" and "ann", in which was said so much.
class Desk {
 public:
  explicit Desk(std::size_t messages, limits bounds = {})
      : hub{loops.executors(), store, options_with(bounds)} {
    hub.authenticate(std::make_unique<PlainTokens>());
    ServerOptions options;
    options.port = 0;
    if (over_tls()) options.tls = &any_server();
    server.emplace(loops, options);
    serve_transcripts(*server, hub);
    server->serve(hub);
    thread = std::thread{[this] { loops.run(); }};
    Hub::OpenRequest open{*ConversationId::parse(kConversation), "v", "", "invoice", {"ann"}};
    open.attributes = {{"risk", "high"}};
    std::promise<void> opened;
    hub.open(std::move(open), [&](const result<Conversation>& made) {
      CHECK(made);
      opened.set_value();
    });
    opened.get_future().wait();
    Commit commit;
    for (std::size_t i = 0; i < messages; ++i) {
      Entry entry;
      entry.conversation = *ConversationId::parse(kConversation);
      entry.from = i % 2 == 0 ? "v" : "ann";
      entry.kind = kind::kText;
      entry.body = "message " + std::to_string(i);
      entry.log = i % 10 == 9 ? Log::internal : Log::public_log;
      commit.entries.push_back(std::move(entry));
    }
    std::promise<void> stored;
    store.commit(std::move(commit), [&](const result<Committed>& done) {
      CHECK(done);
      stored.set_value();
    });
    stored.get_future().wait();
  }
  ~Desk() {
    loops.stop();
    thread.join();
  }

  HttpAnswer get(const std::string& token, std::string_view id = kConversation,
                 const std::string& query = "") {
    HttpClient client{server->port()};
    const std::string field = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
    return client.get("/conversations/" + std::string{id} + "/transcript" + query, field);
  }

  static HubOptions options_with(const limits& bounds) {
    HubOptions out;
    out.limits = bounds;
    return out;
  }

  const SystemClock clock;
  Loops loops{2};
  memory::Store store{clock};
  Hub hub;
  std::optional<Server> server;
  std::thread thread;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t times = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++times;
  return times;
}

}  // namespace

TEST_CASE("a transcript is told to whoever takes part, and the internal log to the staff") {
  limits bounds;
  bounds.page_entries = 7;
  Desk desk{1000, bounds};
  const HttpAnswer own = desk.get("visitor v");
  CHECK(own.head.status() == 200);
  CHECK(own.head.find("Content-Type") == "application/jsonl");
  CHECK(own.head.find("Cache-Control") == "no-store");
  CHECK(count(own.body, "\n") == 1 + 2 + 900);
  CHECK(count(own.body, "\"log\":\"internal\"") == 0);
  CHECK(count(own.body, "risk") == 0);
  // RFC 3339 with nanoseconds.
  const std::size_t at = own.body.find("\"at\":\"");
  REQUIRE(at != std::string::npos);
  CHECK(own.body.substr(at + 6, 32).find("Z\"") == 29);

  const HttpAnswer agents = desk.get("agent ann", kConversation, "?log=internal");
  CHECK(agents.head.status() == 200);
  CHECK(count(agents.body, "\"log\":\"internal\"") == 100);
  CHECK(count(agents.body, "risk") == 1);
  CHECK(count(desk.get("agent ann").body, "internal") == 0);
  CHECK(desk.get("supervisor boss").head.status() == 200);
  CHECK(desk.get("visitor v", kConversation, "?log=internal").head.status() == 403);
}

TEST_CASE("a transcript that is somebody else's can't be told from one that isn't there") {
  Desk desk{3};
  for (const char* const token : {"visitor w", "agent bob", "visitor ann", "bot b"}) {
    for (const char* const query : {"", "?log=internal"}) {
      const HttpAnswer there = desk.get(token, kConversation, query);
      const HttpAnswer none = desk.get(token, kNone, query);
      CHECK(there.head.status() == 404);
      CHECK(none.head.status() == 404);
      CHECK(there.body == none.body);
    }
    CHECK(desk.get(token, "nonsense").head.status() == 404);
  }
  for (const std::string_view id : {kConversation, kNone}) {
    for (const char* const token : {"", "nobody"}) {
      const HttpAnswer refused = desk.get(token, id);
      CHECK(refused.head.status() == 401);
      CHECK(refused.head.find("WWW-Authenticate") == "Bearer");
    }
  }
}

TEST_CASE("whoever goes in the middle of a transcript costs nothing more") {
  Desk desk{20'000};
  {
    Stream deaf{desk.server->port(), {.receive_buffer = 4096}};
    deaf.write("GET /conversations/" + std::string{kConversation} +
               "/transcript HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer visitor v\r\n\r\n");
    deaf.read_some();
    CHECK(desk.get("visitor v").head.status() == 200);  // others go on
  }
  CHECK(desk.get("visitor v").head.status() == 200);
}
