// What helpdesk is told: on the command line, in the environment, and in a TOML file. The first of
// them that says something counts. settings.hpp has the table of what can be said.
#pragma once

#include <kefu/desk.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "policies.hpp"

namespace helpdesk {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::size_t threads = 2;
  std::filesystem::path data = "helpdesk-data";  ///< holds the database, and the demo's secret
  std::filesystem::path web;                     ///< the pages; empty: beside the program
  std::filesystem::path secret_file;             ///< whose content signs the tokens
  std::filesystem::path tls_chain;               ///< PEM; with tls_key: serve TLS only
  std::filesystem::path tls_key;
  std::vector<std::string> allowed_origins;  ///< pages that may connect; empty: any
  std::vector<std::string> trusted_proxies;  ///< addresses or networks, see ServerOptions
  std::string proxy_header = "none";         ///< how they name their clients
  std::uint32_t login_failures = 60;         ///< see kefu::LoginGuard
  std::string synchronous = "full";          ///< or "normal": see kefu::sqlite::Synchronous
  std::string postgres;                      ///< libpq's conninfo; empty: SQLite, in `data`
  std::string schema = "kefu";               ///< see kefu::postgres::Options::schema
  std::string nats;                          ///< URLs; empty: there are no other nodes
  std::string nats_prefix;                   ///< see kefu::nats::Options::prefix, as for the rest
  std::filesystem::path nats_credentials;    ///< file
  std::filesystem::path nats_ca;             ///< PEM
  std::size_t wal_mb = 4;                    ///< see kefu::sqlite::Options::wal_bytes
  double ping_interval = 30;                 ///< seconds of silence after which a client is pinged
  std::uint32_t drain_delay = 0;  ///< seconds for which /readyz says 503 before the server stops
  std::string log_level = "info";
  std::string log_format = "text";  ///< or "json": see log.hpp
  kefu::DeskOptions desk;           ///< departments, hours and routing
  std::uint32_t capacity = 16;  ///< conversations an agent takes at once, unless they say otherwise
  std::uint32_t grace = 30;     ///< seconds before an absent agent loses their conversations
  bool files = false;           ///< people may send files
  std::string file_digest = "on_commit";  ///< or "never", "streaming": see kefu::disk::DigestWhen
  std::filesystem::path files_folder;     ///< empty: below data
  std::string scan;                       ///< program that judges them, see scan.hpp; empty: none
  bool metrics = false;                   ///< serve /metrics, to whoever asks
  std::string webhook;                    ///< URL that gets every entry; empty: none
  std::filesystem::path webhook_secret_file;  ///< what signs its requests, one secret a line
  std::filesystem::path webhook_roots;        ///< PEM: who may have signed its certificate
  bool webhook_allow_private = false;         ///< it may be in this network, or on this machine
  bool webhook_replay = false;                ///< send its dead letters again, once
  std::uint32_t webhook_attempts = 100;       ///< before an entry becomes a dead letter
  double webhook_timeout = 10;                ///< seconds that it has for an answer
  std::filesystem::path audit;                ///< folder of the audit log; empty: there is none
  std::filesystem::path audit_anchors;        ///< file that gets its heads; empty: the log only
  std::string audit_writer;                   ///< names its chain; empty: the name of this machine
  bool api = false;                           ///< serve the HTTP API, see api.hpp
  std::uint32_t api_failures = 60;            ///< see ApiOptions::failures
  PolicyOptions policies;                     ///< what judges messages
  bool demo = false;
};

/// Exits by itself for --help and for unknown arguments. Throws std::runtime_error for a bad value,
/// which it names as its source does: "helpdesk.toml:12: port must be …".
[[nodiscard]] Options read_options(int argc, char** argv);

/// Throws std::runtime_error for settings that don't go together.
void check(const Options& options);

}  // namespace helpdesk
