// Metrics over HTTP, for Prometheus.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/net/server.hpp>

#include <string>

namespace kefu::net {

/// Serves the figures of a hub and its server at `path`. They are for operators: a proxy in front
/// should not let everybody ask. Before the server starts; the hub outlives it.
void serve_metrics(Server& server, Hub& hub, std::string path = "/metrics");

}  // namespace kefu::net
