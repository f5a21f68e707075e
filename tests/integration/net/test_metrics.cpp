#include <kefu/net/metrics.hpp>

#include <doctest/doctest.h>

#include <kefu/memory/store.hpp>
#include <string>
#include <thread>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

TEST_CASE("the figures of all loops are served, and a connection's round trip is among them") {
  const SystemClock clock;
  Loops loops{2};
  memory::Store store{clock};
  Hub hub{loops.executors(), store};
  ServerOptions options;
  options.port = 0;
  if (over_tls()) options.tls = &any_server();
  Server server{loops, options};
  serve_metrics(server, hub);
  server.serve(hub);
  std::thread thread{[&] { loops.run(); }};
  {
    WsClient one{server.port()}, two{server.port()};
    for (WsClient* const client : {&one, &two}) {
      client->send("not a frame");
      client->receive_text();
    }
    HttpClient http{server.port()};
    for (int scrape = 0; scrape < 2; ++scrape) {
      const HttpAnswer answer = http.get("/metrics");
      CHECK(answer.head.status() == 200);
      const auto has = [&](std::string_view line) {
        return answer.body.find(line) != std::string::npos;
      };
      CHECK(has("kefu_connections 2\n"));
      CHECK(has("kefu_frames_total 2\n"));
      CHECK(has("kefu_refusals_total{code=\"bad_frame\"} 2\n"));
      CHECK(has("kefu_server_connections 3\n"));
#if defined(__linux__)
      CHECK(has("kefu_round_trip_seconds_count 2\n"));
#endif
    }
    http.send("HEAD /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    const HttpAnswer head = http.receive(false);
    CHECK(head.head.status() == 200);
    CHECK(head.head.content_length().value_or(0) > 100);
    CHECK(http.get("/metrics").head.status() == 200);  // nothing of a body came in between
  }
  loops.stop();
  thread.join();
}
