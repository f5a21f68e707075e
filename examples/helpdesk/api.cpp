#include "api.hpp"

#include <kefu/net/bearer.hpp>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "api_call.hpp"
#include "api_document.hpp"
#include "api_guard.hpp"

namespace helpdesk {
namespace {

using kefu::errc;
using kefu::net::Request;
using kefu::net::http::Response;

struct Api {
  ApiOptions options;
  ApiGuard guard;
  Speaker speaker;
  ApiContext context;

  Api(kefu::Hub& hub, kefu::Store& store, kefu::Executor& executor, ApiOptions given)
      : options(std::move(given)),
        guard(*options.keys, options.failures, executor),
        speaker(hub, store, executor, *options.keys),
        context{hub, store, options, speaker} {}
};

/// Carries out a call of whoever may.
Response carry_out(const std::shared_ptr<Api>& api, const Request& request, const ApiRoute& route) {
  ApiCall call;
  call.id = request.parameter("id");
  call.query = request.head.query();
  call.body = request.body;
  Response response;
  response.later = [api, call, handler = route.handler, token = kefu::net::bearer_of(request.head),
                    peer = std::string(request.peer),
                    subject = std::string(request.subject)](ApiDone done) {
    api->guard.admit(token, {peer, subject},
                     [api, call, handler, done = std::move(done)](auto who) mutable {
                       if (!who) return done(problem(who.error()));
                       call.by = *std::move(who);
                       handler(api->context, call, std::move(done));
                     });
  };
  return response;
}

/// Tells of methods that a path does not have.
void refuse_others(kefu::net::Router& router, std::string_view pattern,
                   const std::vector<std::string_view>& methods) {
  std::string allowed;
  for (const std::string_view method : methods)
    allowed.append(method).append(method == "GET" ? ", HEAD, " : ", ");
  allowed += "OPTIONS";
  for (const std::string_view method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    if (std::ranges::find(methods, method) != methods.end()) continue;
    router.add(method, pattern, [allowed](const Request&) {
      constexpr int kMethodNotAllowed = 405;
      return problem(kMethodNotAllowed, errc::unsupported, {}).set("Allow", allowed);
    });
  }
}

}  // namespace

void serve_api(kefu::net::Server& server, kefu::Hub& hub, kefu::Store& store,
               kefu::Executor& executor, ApiOptions options) {
  const auto api = std::make_shared<Api>(hub, store, executor, std::move(options));
  kefu::net::Router& router = server.router();
  std::map<std::string_view, std::vector<std::string_view>> methods;
  const auto add = [&](const ApiRoute& route) {
    router.add(route.method, route.pattern,
               [api, route](const Request& request) { return carry_out(api, request, route); });
    methods[route.pattern].push_back(route.method);
  };
  for (const auto routes : {conversation_routes(), ticket_routes(), desk_routes()})
    std::ranges::for_each(routes, add);
  // What the API is like is no secret.
  constexpr std::string_view kDocument = "/api/openapi.json";
  server.get(kDocument, [](const Request&) { return json_response(200, kApiDocument); });
  methods[kDocument].push_back("GET");
  for (const auto& [pattern, known] : methods) refuse_others(router, pattern, known);
  for (const std::string_view method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
    router.add(method, "/api/*", [](const Request&) { return problem(errc::not_found); });
}

}  // namespace helpdesk
