#include <kefu/net/metrics.hpp>

#include <kefu/metrics.hpp>
#include <utility>

namespace kefu::inline v0::net {

void serve_metrics(Server& server, Hub& hub, std::string path,
                   std::function<void(std::string&)> more) {
  server.get_later(path, [&server, &hub, more = std::move(more)](Completion<http::Response> done) {
    hub.stats([&server, more, done = std::move(done)](HubStats stats) mutable {
      http::Response response;
      response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
          .set("Cache-Control", "no-store");
      write_prometheus(stats, response.body);
      write_prometheus("server_connections", "Open connections, HTTP included.",
                       server.connections(), response.body);
      write_prometheus("server_buffered_bytes", "Bytes that all connections hold back.",
                       server.buffered(), response.body);
      if (more) more(response.body);
      done(std::move(response));
    });
  });
}

}  // namespace kefu::inline v0::net
