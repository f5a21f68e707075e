// What a supervisor and a load balancer ask: is it alive, and may clients be sent here?
#pragma once

#include <kefu/net/server.hpp>
#include <kefu/store.hpp>

#include <atomic>

namespace helpdesk {

/// Serves /healthz, which is 200 as long as the loops turn, and /readyz, which is 200 when the
/// store takes a commit, and 503 when it doesn't or `draining` is set. Before the server starts;
/// both outlive it.
void serve_health(kefu::net::Server& server, kefu::Store& store, const std::atomic<bool>& draining);

}  // namespace helpdesk
