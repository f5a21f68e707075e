#include "health.hpp"

#include <string>
#include <utility>

namespace helpdesk {
namespace {

using kefu::Completion;
using kefu::net::http::Response;

Response answer(int status, std::string_view detail) {
  Response out = kefu::net::http::text_response(status, detail);
  out.set("Cache-Control", "no-store");
  return out;
}

}  // namespace

void serve_health(kefu::net::Server& server, kefu::Store& store,
                  const std::atomic<bool>& draining) {
  server.get("/healthz", [](const kefu::net::Request&) { return answer(200, "ok"); });
  server.get_later("/readyz", [&store, &draining](Completion<Response> done) {
    if (draining) return done(answer(503, "draining"));
    // One with nothing in it: a store that has failed still reads, and takes none.
    store.commit({}, [done = std::move(done)](const kefu::result<kefu::Committed>& stored) mutable {
      if (stored) return done(answer(200, "ok"));
      done(answer(503, "store: " + std::string(name(stored.error()))));
    });
  });
}

}  // namespace helpdesk
