#include <kefu/net/webhook.hpp>

#include <fmt/format.h>
#include <kefu/clock.hpp>
#include <kefu/model/traceparent.hpp>
#include <kefu/wire/codec.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/webhook_signature.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string id_of(const Entry& entry) {
  return fmt::format("{}-{}-{}", entry.conversation.to_string(), name(entry.log), entry.seq);
}

std::string body_of(const EventBatch& batch, const Entry& entry) {
  std::string body = R"({"type":"entry","timestamp":")" + entry.at.to_string() + '"';
  if (batch.follows_dead_letter) body += R"(,"after_dead_letter":true)";
  if (batch.replayed) body += R"(,"replayed":true)";
  body += R"(,"data":)";
  wire::encode(frame::of(entry, false, true), body);
  return body += '}';
}

HttpClientOptions client_options(const WebhookOptions& options) {
  HttpClientOptions out;
  out.allow_private = options.allow_private;
  out.roots = options.roots;
  out.timeout = options.timeout;
  out.max_response = options.max_response;
  out.connections = std::max<std::size_t>(options.connections, 1);
  return out;
}

}  // namespace

SinkOptions webhook_delivery(const WebhookOptions& options) {
  SinkOptions out;
  out.by_conversation = true;
  out.batch = 1;
  out.parallel = std::max<std::size_t>(options.connections, 1);
  out.attempts = options.attempts;
  out.age = options.give_up;
  return out;
}

/// Shared with what was posted to the loop.
struct Webhook::Impl {
  Impl(Loop& on, const WebhookOptions& options)
      : loop(on), url(parse_url(options.url, "http")), keys(webhook_keys(options.secrets)) {
    client = std::make_shared<HttpClient>(loop.context(), url, client_options(options));
  }

  [[nodiscard]] std::string request(const EventBatch& batch) const {
    const Entry& entry = batch.events.front().entry;
    const std::string id = id_of(entry);
    const std::string body = body_of(batch, entry);
    const std::string at = std::to_string(SystemClock().now().ns / kSecond);
    std::vector<http::Response::Field> fields = {
        {"webhook-id", id},
        {"webhook-timestamp", at},
        {"webhook-signature", webhook_signatures(keys, id, at, body)}};
    if (const std::string_view trace = traceparent_in(entry.tags); !trace.empty())
      fields.push_back({"traceparent", std::string(trace)});
    return post_request(url, std::move(fields), body);
  }

  Loop& loop;
  const Url url;
  const std::vector<std::string> keys;
  std::shared_ptr<HttpClient> client;
};

Webhook::Webhook(Loops& loops, WebhookOptions options)
    : impl_(std::make_unique<Impl>(static_cast<Loop&>(*loops.executors().at(options.loop)),
                                   options)) {}

Webhook::~Webhook() = default;

void Webhook::deliver(const EventBatch& batch, Completion<errc> done) {
  if (batch.events.size() != 1) return done(errc::unsupported);  // see webhook_delivery()
  impl_->loop.post(
      [client = impl_->client, request = impl_->request(batch), done = std::move(done)]() mutable {
        client->send(std::move(request), [done = std::move(done)](result<HttpReply> reply) mutable {
          if (!reply) return done(reply.error());
          done(reply->status >= 200 && reply->status < 300 ? errc::ok : errc::unavailable);
        });
      });
}

}  // namespace kefu::inline v0::net
