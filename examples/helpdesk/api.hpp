// The HTTP API for the host's backends, below /api: openapi.json, which is served there too, says
// what there is. Its parts:
//   api.cpp                who may call, and how a call comes to its handler
//   api_guard.cpp          tokens, and those who guess them
//   api_conversations.cpp  conversations, and messages as a bot (speaker.cpp)
//   api_tickets.cpp        tickets
//   api_desk.cpp           tokens, agents, departments, exports
//   api_call.cpp, api_json.cpp  what these share
//
// A caller shows a JWT of the same secret as people's, with the audience "api" and the role
// supervisor, in `Authorization: Bearer …`. A token and not a key in a file: it expires, it names
// the backend, so that each change says whose it was, and nothing is to be kept. The audience keeps
// both apart: no page gets at the API with a person's token, and no backend's token opens a
// session.
#pragma once

#include <cstdint>
#include <kefu/executor.hpp>
#include <kefu/hub.hpp>
#include <kefu/jwt_keys.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/department.hpp>
#include <kefu/net/server.hpp>
#include <kefu/store.hpp>
#include <string>
#include <vector>

namespace helpdesk {

inline constexpr const char* kApiAudience = "api";

struct ApiOptions {
  const kefu::JwtKeys* keys;                  ///< of the tokens, those it gives out too; outlive it
  std::vector<kefu::Department> departments;  ///< that the desk has; none: any
  kefu::limits bounds;                        ///< of the hub
  /// Wrong tokens of one address (of IPv6 its network of 64 bits) in a minute, with as many at
  /// once; further calls from it get 429, good tokens too, until some time has passed.
  std::uint32_t failures = 60;
};

/// Serves it. `executor` is one of the hub's. Before the server starts; hub, store and executor
/// outlive it.
void serve_api(kefu::net::Server& server, kefu::Hub& hub, kefu::Store& store,
               kefu::Executor& executor, ApiOptions options);

}  // namespace helpdesk
