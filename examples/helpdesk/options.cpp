#include "options.hpp"

#include "desk.hpp"

#include <toml++/toml.h>
#include <CLI/CLI.hpp>
#include <stdexcept>

namespace helpdesk {
namespace {

template <class T>
void take(const toml::table& table, const char* key, T& to) {
  const toml::node* const node = table.get(key);
  if (!node) return;
  const auto value = node->value<T>();
  if (!value) throw std::runtime_error(std::string(key) + " has the wrong type or is out of range");
  to = *value;
}

void take(const toml::table& table, const char* key, std::filesystem::path& to) {
  std::string text = to.string();
  take(table, key, text);
  to = text;
}

void take(const toml::table& table, const char* key, std::vector<std::string>& to) {
  const toml::node* const node = table.get(key);
  if (!node) return;
  const toml::array* const items = node->as_array();
  if (!items) throw std::runtime_error(std::string(key) + " must be an array of strings");
  to.clear();
  for (const toml::node& item : *items) {
    const auto text = item.value<std::string>();
    if (!text) throw std::runtime_error(std::string(key) + " must be an array of strings");
    to.push_back(*text);
  }
}

void read_file(const std::string& path, Options& options) try {
  const toml::table table = toml::parse_file(path);
  constexpr const char* kKnown[] = {"address",
                                    "port",
                                    "threads",
                                    "data",
                                    "web",
                                    "secret_file",
                                    "allowed_origins",
                                    "synchronous",
                                    "log_level",
                                    "tls_chain",
                                    "tls_key",
                                    "routing",
                                    "capacity",
                                    "grace",
                                    "departments",
                                    "hours",
                                    "ping_interval",
                                    "files",
                                    "wal_mb",
                                    "scan",
                                    "file_digest",
                                    "postgres",
                                    "schema",
                                    "nats",
                                    "nats_prefix",
                                    "nats_credentials",
                                    "nats_ca",
                                    "retain_for",
                                    "keywords",
                                    "links",
                                    "message_rate",
                                    "risk_control",
                                    "risk_fail",
                                    "risk_deadline"};
  for (const auto& [key, value] : table) {
    if (std::ranges::find(kKnown, key.str()) == std::end(kKnown)) {
      throw std::runtime_error("unknown key " + std::string(key.str()));
    }
  }
  take(table, "address", options.address);
  take(table, "port", options.port);
  take(table, "threads", options.threads);
  take(table, "data", options.data);
  take(table, "web", options.web);
  take(table, "secret_file", options.secret_file);
  take(table, "tls_chain", options.tls_chain);
  take(table, "tls_key", options.tls_key);
  take(table, "allowed_origins", options.allowed_origins);
  take(table, "synchronous", options.synchronous);
  take(table, "wal_mb", options.wal_mb);
  take(table, "postgres", options.postgres);
  take(table, "schema", options.schema);
  take(table, "nats", options.nats);
  take(table, "nats_prefix", options.nats_prefix);
  take(table, "nats_credentials", options.nats_credentials);
  take(table, "nats_ca", options.nats_ca);
  take(table, "ping_interval", options.ping_interval);
  take(table, "log_level", options.log_level);
  take(table, "capacity", options.capacity);
  take(table, "grace", options.grace);
  take(table, "files", options.files);
  take(table, "file_digest", options.file_digest);
  take(table, "scan", options.scan);
  take(table, "keywords", options.policies.keywords);
  take(table, "links", options.policies.links);
  take(table, "message_rate", options.policies.message_rate);
  take(table, "risk_control", options.policies.risk_control);
  take(table, "risk_fail", options.policies.risk_fail);
  take(table, "risk_deadline", options.policies.risk_deadline);
  read_desk(table, options.desk);
} catch (const std::exception& error) {
  throw std::runtime_error(path + ": " + error.what());
}

/// One database for any number of nodes.
void add_nodes(CLI::App& app, Options& options) {
  app.add_option("--postgres", options.postgres,
                 "Conninfo of libpq, \"host=db dbname=support\" say: keep conversations there, and "
                 "not in a file below --data. Any number of nodes may");
  app.add_option("--schema", options.schema, "Schema of its tables there")->capture_default_str();
  app.add_option("--nats", options.nats,
                 "URLs of NATS servers, with commas between them, through which the nodes on one "
                 "database tell each other what is new")
      ->needs("--postgres");
  app.add_option("--nats-prefix", options.nats_prefix,
                 "Stands before the subjects there: the same for all nodes on one database");
  app.add_option("--nats-credentials", options.nats_credentials, "File of credentials for them");
  app.add_option("--nats-ca", options.nats_ca,
                 "PEM file of those that their certificates are signed by: speak TLS to them");
}

void add_audit(CLI::App& app, Options& options) {
  app.add_option("--audit", options.audit,
                 "Folder of the audit log, which `helpdesk audit verify` reads; made when missing");
  app.add_option("--audit-anchors", options.audit_anchors,
                 "File to which the heads of the audit log are added: where nobody can remove them")
      ->needs("--audit");
  app.add_option(
         "--audit-writer", options.audit_writer,
         "Name of this node in its audit log, when it begins; by default that of the machine")
      ->needs("--audit");
}

}  // namespace

Options read_options(int argc, char** argv) {
  Options options;
  std::string config;
  CLI::App app{"A help desk on kefu: visitors and agents, in one program and one data folder."};
  app.add_option("--config", config, "TOML file with any of these options")
      ->check(CLI::ExistingFile);
  // Twice over the command line: first for --config alone, then, over what the file says, for
  // everything.
  app.allow_extras();
  const auto parse = [&] {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      std::exit(app.exit(error));
    }
  };
  app.set_help_flag();
  parse();
  if (!config.empty()) read_file(config, options);
  app.set_help_flag("-h,--help", "Print this and exit");
  app.allow_extras(false);
  app.add_option("--address", options.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", options.port, "Port to listen on; 0: any free one")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Event loops")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--data", options.data, "Folder of the database; made when missing")
      ->capture_default_str();
  app.add_option("--web", options.web,
                 "Folder of the pages; by default the one beside the program");
  app.add_option("--secret-file", options.secret_file,
                 "File with the 32 or more bytes that sign the tokens");
  app.add_option("--tls-chain", options.tls_chain,
                 "PEM file with the certificate and those that lead to its root: serve TLS");
  app.add_option("--tls-key", options.tls_key, "PEM file with its key");
  app.add_option("--synchronous", options.synchronous,
                 "full: survives power loss; normal: only kill -9")
      ->check(CLI::IsMember({"full", "normal"}))
      ->capture_default_str();
  app.add_option("--wal-mb", options.wal_mb,
                 "Megabytes of SQLite's log above which it is copied into the database")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  add_nodes(app, options);
  app.add_option("--ping-interval", options.ping_interval,
                 "Seconds after which a silent client is pinged; after two of them it is given up")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  app.add_option("--routing", options.desk.strategy,
                 "Who is offered what waits: least_loaded, round_robin, longest_idle; or pick: "
                 "everybody, and the first takes it")
      ->check(CLI::IsMember({"least_loaded", "round_robin", "longest_idle", "pick"}))
      ->capture_default_str();
  app.add_option("--capacity", options.capacity, "Conversations of an agent at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--grace", options.grace,
                 "Seconds before the conversations of an absent agent wait again")
      ->capture_default_str();
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_flag("--files", options.files, "Let people send files, kept below --data");
  app.add_option(
         "--file-digest", options.file_digest,
         "When the SHA-256 of a file is made: on_commit, which nobody waits for; streaming, "
         "from what comes; or never")
      ->check(CLI::IsMember({"never", "on_commit", "streaming"}))
      ->capture_default_str();
  app.add_option("--scan", options.scan,
                 "Program that judges each file, which it reads from its standard input, before "
                 "anybody gets it: it ends with 0 for clean and 1 for refused");
  app.add_flag("--metrics", options.metrics,
               "Serve figures for Prometheus at /metrics, to whoever asks");
  app.add_option("--webhook", options.webhook, "URL to which every entry is posted");
  app.add_option("--webhook-secret-file", options.webhook_secret_file,
                 "File with the secrets that sign these posts, one a line");
  app.add_option("--webhook-attempts", options.webhook_attempts,
                 "After so many failures an entry becomes a dead letter")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--webhook-timeout", options.webhook_timeout,
                 "Seconds that the URL has for an answer")
      ->check(CLI::Range(0.05, 600.0))
      ->capture_default_str();
  app.add_option("--webhook-roots", options.webhook_roots,
                 "PEM file with who may have signed its certificate, in place of the system's")
      ->check(CLI::ExistingFile);
  app.add_flag("--webhook-allow-private", options.webhook_allow_private,
               "The URL may lead to this machine or a private network");
  app.add_flag("--webhook-replay", options.webhook_replay,
               "Post the dead letters again, once, at the start");
  add_audit(app, options);
  app.add_flag("--api", options.api, "Serve the HTTP API for backends below /api");
  app.add_option("--api-failures", options.api_failures,
                 "Wrong tokens of an address in a minute before its calls are refused there")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_policy_options(app, options.policies);
  app.add_flag("--demo", options.demo,
               "Give a token to whoever asks; on loopback only. The default without arguments, "
               "with --files");
  app.clear();
  parse();
  if (argc == 1) options.demo = options.files = true;
  return options;
}

}  // namespace helpdesk
