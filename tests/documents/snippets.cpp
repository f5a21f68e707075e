// What the documents show of kefu and no example has. Each function is a block of a page, word for
// word (documents.test.mjs); nothing of it is run.
#include <kefu/audit/folder_sink.hpp>
#include <kefu/kefu.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/server.hpp>
#include <kefu/net/tls.hpp>
#include <kefu/net/webhook.hpp>
#include <kefu/testing/store_conformance.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace {

kefu::errc keep_elsewhere(const std::string& line) {
  return line.empty() ? kefu::errc::store_failed : kefu::errc::ok;
}

}  // namespace

namespace kefu_snippets {

void serve_tls(kefu::net::Loops& loops) {
  kefu::net::Tls tls{{.certificates = {{"/etc/kefu/chain.pem", "/etc/kefu/key.pem"}}}};
  kefu::net::Server server{loops, {.address = "::", .port = 443, .tls = &tls}};
}

void post_webhooks(kefu::Hub& hub, kefu::net::Loops& loops) {
  kefu::net::WebhookOptions options;
  options.url = "https://crm.example/kefu";
  options.secrets = {"whsec_…"};
  auto delivery = kefu::net::webhook_delivery(options);
  hub.deliver("crm", std::make_unique<kefu::net::Webhook>(loops, options), delivery);
}

void keep_audit_log(kefu::net::Loops& loops, kefu::Store& store, kefu::HubOptions hub_options,
                    const std::string& secret) {
  kefu::audit::FolderSinkOptions options;
  options.writer = "desk-1";
  options.salt = secret;  // 32 bytes or more
  options.anchor = [](const kefu::audit::Head& head) { return keep_elsewhere(to_line(head)); };
  auto sink = std::make_unique<kefu::audit::FolderSink>("/var/lib/desk/audit", options);
  hub_options.auditor = sink.get();  // for what becomes no entry
  kefu::Hub hub{loops.executors(), store, hub_options};
  hub.deliver("audit", std::move(sink));
}

template <class MyFactory>
void judge_a_store() {
  MyFactory factory;
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    const std::string failure = check.run(factory);
    if (!failure.empty()) std::cerr << check.name << ": " << failure << '\n';
  }
}

}  // namespace kefu_snippets
