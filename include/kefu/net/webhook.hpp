// Webhook: an EventSink that posts every event to a URL, as Standard Webhooks say
// (https://www.standardwebhooks.com): signed with HMAC-SHA-256, with an id that stays the same
// however often it is sent.
//
//   hub.deliver("crm", std::make_unique<kefu::net::Webhook>(loops, options),
//               kefu::net::webhook_delivery(options));
//
// A request is one event:
//
//   POST <path>
//   Content-Type: application/json
//   webhook-id: <conversation>-<log>-<seq>
//   webhook-timestamp: <seconds since 1970, when it was sent>
//   webhook-signature: v1,<base64> [v1,<base64> …]
//
//   {"type":"entry","timestamp":"…","after_dead_letter":true,"replayed":true,"data":{…}}
//
// `data` is the frame `entry` of wire/PROTOCOL.md. `after_dead_letter` and `replayed` are there
// when they are true, see EventBatch. A status of 200 … 299 means taken; all else, a redirect too,
// that it comes again. Receivers answer soon, keep the ids that they have seen, and refuse old
// timestamps.
#pragma once

#include <kefu/event_sink.hpp>
#include <kefu/model/time.hpp>
#include <kefu/net/loops.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// Where events are posted, and how.
struct WebhookOptions {
  std::string url;  ///< http:// or https://, whose certificate and name are verified
  /// What signs: 24 to 64 bytes each, as they are or as "whsec_" and their base64. Each signs every
  /// request, so that a receiver can change from one to the next at any time.
  std::vector<std::string> secrets;
  /// The name may stand for addresses that are not of the public internet. Else only those that
  /// are, as resolved for the very connection, are connected to.
  bool allow_private = false;
  std::filesystem::path roots = {};      ///< PEM: who may have signed; empty: the system's
  Nanoseconds timeout{10'000'000'000};   ///< from looking the name up to the answer's end (10 s)
  std::size_t max_response = 64 * 1024;  ///< bytes of an answer's body that are read
  std::size_t connections = 8;           ///< requests under way, and connections kept for the next
  std::uint32_t attempts = 100;          ///< after so many failures …
  Nanoseconds give_up{86'400'000'000'000};  ///< … or so long, an event is a dead letter (a day)
  std::size_t loop = 0;                     ///< which of the loops it lives on
};

/// One event a call, by conversation.
[[nodiscard]] SinkOptions webhook_delivery(const WebhookOptions& options);

/// Threading: as EventSink says. Lifetime: the loops outlive it.
class Webhook final : public EventSink {
 public:
  /// Throws std::invalid_argument for a bad URL or secret, std::runtime_error for bad roots.
  Webhook(Loops& loops, WebhookOptions options);
  ~Webhook() override;
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  /// Answers errc::ok, errc::timed_out, errc::denied when no address may be connected to, or
  /// errc::unavailable. Precondition: one event.
  void deliver(const EventBatch& batch, Completion<errc> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::net
