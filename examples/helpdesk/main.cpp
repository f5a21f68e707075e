// helpdesk: a server to start from. Read main() first; each part has a file of its own:
//   options.cpp  what it is told, by settings.cpp's table and toml_file.cpp
//   check_config.cpp  what is wrong with that
//   backup.cpp   a copy of its database
//   secret.cpp   what signs the tokens, by one secret or several
//   desk.cpp     departments, hours    demo.cpp    tokens for a demo
//   audit.cpp    who did what, so that nobody can change it unseen
//   log.cpp      what it tells operators
//   files.cpp    what people send each other beside text
//   scan.cpp     the program that judges it
//   policies.cpp what judges messages
//   health.cpp   what a supervisor and a load balancer ask
//   store.cpp    where all of it is kept, and how the nodes on one database tell each other
//   api.cpp      the HTTP API for the host's backends
//   web/         the pages, and the client they share
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <kefu/disk/files.hpp>
#include <kefu/file_policy.hpp>
#include <kefu/file_scan.hpp>
#include <kefu/kefu.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/metrics.hpp>
#include <kefu/net/server.hpp>
#include <kefu/net/transcript.hpp>
#include <kefu/net/webhook.hpp>

#include <atomic>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "api.hpp"
#include "audit.hpp"
#include "backup.hpp"
#include "check_config.hpp"
#include "demo.hpp"
#include "files.hpp"
#include "health.hpp"
#include "log.hpp"
#include "options.hpp"
#include "policies.hpp"
#include "scan.hpp"
#include "secret.hpp"
#include "store.hpp"

namespace {

namespace fs = std::filesystem;

constexpr kefu::Milliseconds kStopWithin{5000};
constexpr kefu::Milliseconds kSpread{1000};

/// The pages load nothing from elsewhere, and say so.
constexpr const char* kContentSecurityPolicy =
    "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'";

/// One descriptor a connection: as many as this process may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// Large arrays go back to the system when they are outgrown: glibc stops doing so once it has seen
/// the first one go. A tenth of what thousands of idle sessions take.
void return_large_arrays() {
#ifdef M_MMAP_THRESHOLD
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

kefu::net::ServerOptions server_options(const helpdesk::Options& options,
                                        const kefu::net::Tls* tls) {
  kefu::net::ServerOptions out;
  out.tls = tls;
  out.address = options.address;
  out.port = options.port;
  out.allowed_origins = options.allowed_origins;
  out.trusted_proxies = options.trusted_proxies;
  out.proxy_protocol = options.proxy_header == "proxy_protocol";
  if (options.proxy_header == "forwarded") out.forwarded = kefu::net::ForwardedField::forwarded;
  if (options.proxy_header == "x_forwarded_for")
    out.forwarded = kefu::net::ForwardedField::x_forwarded_for;
  out.ping_interval = kefu::Nanoseconds(static_cast<std::int64_t>(options.ping_interval * 1e9));
  out.static_root = options.web.empty()
                        ? fs::read_symlink("/proc/self/exe").parent_path() / "helpdesk-web"
                        : options.web;
  out.content_security_policy = kContentSecurityPolicy;
  return out;
}

void announce(const helpdesk::Options& options, std::uint16_t port) {
  const std::string host = options.address.find(':') == std::string::npos
                               ? options.address
                               : "[" + options.address + "]";
  const std::string scheme = options.tls_chain.empty() ? "http://" : "https://";
  const std::string base = scheme + host + ":" + std::to_string(port);
  if (options.demo) spdlog::warn("demo: whoever can reach {} gets a token", base);
  spdlog::info("visitor page  {}/visitor.html", base);
  spdlog::info("agent page    {}/agent.html", base);
  const std::string data = fs::absolute(options.data).string();
  spdlog::info("data in {}{}", options.postgres.empty() ? "" : "PostgreSQL, the rest in ", data);
}

constexpr const char* kWebhook = "webhook";

void add_webhook(kefu::Hub& hub, kefu::net::Loops& loops, const helpdesk::Options& options) {
  kefu::net::WebhookOptions webhook;
  webhook.url = options.webhook;
  std::istringstream secrets(helpdesk::read_secret(options.webhook_secret_file));
  for (std::string line; std::getline(secrets, line);) webhook.secrets.push_back(line);
  webhook.roots = options.webhook_roots;
  webhook.allow_private = options.webhook_allow_private;
  webhook.attempts = options.webhook_attempts;
  webhook.timeout = kefu::Nanoseconds(static_cast<std::int64_t>(options.webhook_timeout * 1e9));
  hub.deliver(kWebhook, std::make_unique<kefu::net::Webhook>(loops, webhook),
              kefu::net::webhook_delivery(webhook));
  if (!options.webhook_replay) return;
  hub.replay(kWebhook, [](kefu::result<kefu::Replayed> replayed) {
    if (!replayed) return spdlog::error("replay: {}", name(replayed.error()));
    spdlog::info("replay: {} delivered, {} kept", replayed->delivered, replayed->kept);
  });
}

/// With bad files the old ones go on.
template <class Read>
void reload(const char* what, Read read) try {
  read();
  spdlog::info("{} reloaded", what);
} catch (const std::exception& error) {
  spdlog::error("{} not reloaded: {}", what, error.what());
}

void run(const helpdesk::Options& options) {
  helpdesk::check(options);
  fs::create_directories(options.data);
  kefu::JwtKeys keys{helpdesk::keys_of(options)};

  kefu::net::Loops loops{options.threads};
  helpdesk::Log log;
  const std::unique_ptr<kefu::Store> store = helpdesk::open_store(options);
  std::optional<helpdesk::BackupDoor> door;
  if (auto* const sqlite = dynamic_cast<kefu::sqlite::Store*>(store.get()))
    door.emplace(options.data, *sqlite);
  const std::unique_ptr<kefu::Bus> bus = helpdesk::open_bus(options, log);
  std::optional<kefu::disk::Files> stored;
  std::optional<helpdesk::CommandScanner> scanner;
  std::optional<kefu::ScannedFiles> scanned;
  kefu::Files* files = nullptr;
  if (options.files) {
    kefu::disk::FilesOptions how;
    how.digest = helpdesk::digest_when(options.file_digest);
    const bool apart = !options.files_folder.empty();
    files = &stored.emplace(apart ? options.files_folder : options.data / "files", how);
  }
  if (options.files && !options.scan.empty()) {
    kefu::Executor& executor = *loops.executors().front();
    scanner.emplace(options.scan, executor);
    files = &scanned.emplace(*stored, *scanner, executor);
  }
  kefu::HubOptions hub_options;
  hub_options.logger = &log;
  hub_options.bus = bus.get();
  hub_options.desk = options.desk;
  if (files) {
    hub_options.desk.forget_file = [files](kefu::FileId id, kefu::Completion<kefu::errc> done) {
      files->remove(id, std::move(done));
    };
  }
  hub_options.limits.agent_capacity = options.capacity;
  hub_options.limits.presence_grace = std::chrono::seconds(options.grace);
  if (bus) {
    // Other nodes are there for those whom this one sends away.
    hub_options.limits.reconnect_after = kefu::Nanoseconds{0};
    hub_options.limits.reconnect_spread = kSpread;
  }
  std::unique_ptr<kefu::audit::FolderSink> audit = helpdesk::open_audit(options, log);
  hub_options.auditor = audit.get();
  kefu::Hub hub{loops.executors(), *store, hub_options};
  hub.authenticate(std::make_unique<kefu::LoginGuard>(
      kefu::jwt_hs256(keys), *loops.executors().front(), options.login_failures));
  kefu::net::RiskControl* const risk = helpdesk::add_policies(hub, loops, options.policies);
  if (files) hub.judge(kefu::file_policy(*files));

  if (!options.webhook.empty()) add_webhook(hub, loops, options);
  if (audit) hub.deliver("audit", std::move(audit));

  std::optional<kefu::net::Tls> tls;
  if (!options.tls_chain.empty()) {
    tls.emplace(kefu::net::TlsOptions{.certificates = {{options.tls_chain, options.tls_key}}});
  }
  kefu::net::Server server{loops, server_options(options, tls ? &*tls : nullptr)};
  if (options.demo)
    helpdesk::serve_demo_tokens(server, keys, {options.files, options.desk.typing_preview});
  if (options.metrics) {
    kefu::net::serve_metrics(server, hub, "/metrics", [risk](std::string& out) {
      if (risk) kefu::net::write_prometheus(risk->stats(), out);
    });
  }
  std::atomic<bool> draining = false;
  helpdesk::serve_health(server, *store, draining);
  kefu::net::serve_transcripts(server, hub);
  if (options.api) {
    helpdesk::serve_api(
        server, hub, *store, *loops.executors().front(),
        {&keys, options.desk.departments, hub_options.limits, options.api_failures});
  }
  if (files) {
    server.serve_files(*files, helpdesk::file_service(hub, keys));
    helpdesk::collect_now_and_then(*loops.executors().front(), *files);
  }

  // Before anybody knows that it is there.
  kefu::Executor& front = *loops.executors().front();
  loops.stop_on_signals([&] {
    spdlog::info("stopping");
    draining = true;
    front.post_at(front.now() + std::chrono::seconds(options.drain_delay),
                  [&] { server.stop(front.now() + kStopWithin, [&] { loops.stop(); }); });
  });
  loops.on_hangup([&] {
    reload("secrets", [&] { keys.replace(helpdesk::keys_of(options)); });
    if (tls) reload("certificates", [&] { tls->reload(); });
  });
  server.serve(hub);
  announce(options, server.port());
  loops.run();
}

}  // namespace

int main(int argc, char** argv) try {
  if (helpdesk::is_audit_command(argc, argv)) return helpdesk::run_audit_command(argc, argv);
  if (argc > 1 && argv[1] == std::string_view("check-config"))
    return helpdesk::check_config(argc - 1, argv + 1);
  if (argc > 1 && argv[1] == std::string_view("backup"))
    return helpdesk::backup(argc - 1, argv + 1);
  const helpdesk::Options options = helpdesk::read_options(argc, argv);
  helpdesk::set_log(options.log_level, options.log_format);
  raise_descriptor_limit();
  return_large_arrays();
  run(options);
} catch (const std::exception& error) {
  spdlog::error("{}", error.what());
  return 1;
}
