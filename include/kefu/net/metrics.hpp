// Metrics over HTTP, for Prometheus.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/net/server.hpp>

#include <functional>
#include <string>

namespace kefu::inline v0::net {

/// Serves the figures of a hub and its server at `path`. They are for operators: a proxy in front
/// should not let everybody ask. Before the server starts; the hub outlives it. `more` appends what
/// the host counts, in the same format; it is called on any of the hub's executors.
void serve_metrics(Server& server, Hub& hub, std::string path = "/metrics",
                   std::function<void(std::string&)> more = {});

}  // namespace kefu::inline v0::net
