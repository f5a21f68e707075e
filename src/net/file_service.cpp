#include "net/file_service.hpp"

#include <openssl/rand.h>

#include <array>
#include <kefu/net/bearer.hpp>
#include <kefu/net/upgrade.hpp>
#include <new>
#include <stdexcept>
#include <utility>

#include "net/field_text.hpp"
#include "net/file_call.hpp"
#include "net/tus.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kMinSecret = 32;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

FileService::FileService(Files& files, FileServiceOptions options, std::vector<std::string> origins)
    : files_{files}, options_{std::move(options)}, origins_{std::move(origins)} {
  if (!options_.keys && options_.secret.size() < kMinSecret)
    throw std::invalid_argument{"files: the secret needs at least 32 bytes"};
  if (!options_.admit) throw std::invalid_argument{"files: nobody says who may have them"};
  if (!options_.path.starts_with('/') || options_.path.ends_with('/'))
    throw std::invalid_argument{"files: a path begins with '/' and ends without"};
  if (!options_.clock) options_.clock = &system_clock_;
  if (!options_.keys) options_.keys = &own_keys_.emplace(std::vector<JwtKey>{{options_.secret}});
}

bool FileService::serves(std::string_view path) const noexcept {
  return path.starts_with(options_.path) &&
         (path.size() == options_.path.size() || path[options_.path.size()] == '/');
}

FileId FileService::mint_id() const {
  const Timestamp now = options_.clock->now();
  std::array<std::uint64_t, 2> random{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), sizeof random) != 1)
    throw std::bad_alloc{};
  return make_uuid_v7<FileId>(static_cast<std::uint64_t>(now.ns / 1'000'000), random[0], random[1]);
}

std::int64_t FileService::seconds_now() const { return options_.clock->now().ns / kSecond; }

FileService::CallPtr FileService::read(const Request& request, Completion<Begun> done) const {
  const http::Head& head = request.head;
  const auto field = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = head.find(name);
    if (!value) return std::nullopt;
    return std::string{*value};
  };
  auto call = std::make_shared<Call>();
  call->done = std::move(done);
  call->method = head.method();
  if (head.method() == "POST") {
    if (const auto other = head.find("X-HTTP-Method-Override")) call->method = *other;
  }
  call->rest = head.path().substr(options_.path.size());
  call->query = head.query();
  call->token = bearer_of(head);
  call->client = request.peer;
  call->subject = request.subject;
  call->foreign = !is_allowed_origin(head, origins_);
  if (!call->foreign) call->origin = field("Origin").value_or("");
  call->tus = head.find("Tus-Resumable") == tus::kVersion;
  call->chunked = head.chunked();
  call->body = head.content_length();
  call->length = field("Upload-Length");
  call->offset = field("Upload-Offset");
  call->metadata = field("Upload-Metadata");
  call->checksum = field("Upload-Checksum");
  call->range = field("Range");
  call->if_range = field("If-Range");
  call->if_none_match = field("If-None-Match");
  call->type = field("Content-Type").value_or("");
  call->wanted_headers = field("Access-Control-Request-Headers").value_or("");
  return call;
}

void FileService::begin(const Request& request, Completion<Begun> done) {
  const CallPtr call = read(request, std::move(done));
  if (call->foreign) return call->answer(http::text_response(403, "this origin is not allowed"));
  if (call->method == "OPTIONS") return call->answer(describe(*call));
  route(call);
}

void FileService::route(const CallPtr& call) {
  std::string_view rest = call->rest;
  const bool signed_url = call->query.find("signature=") != std::string::npos;
  const bool reads = call->method == "GET" || (call->method == "HEAD" && signed_url);
  if (!reads && !call->tus) {
    return call->answer(respond(*call, 412).set("Tus-Version", tus::kVersion));
  }
  if (rest.empty() || rest == "/") {
    if (call->method == "POST") return create(call);
    return call->answer(respond(*call, 405).set("Allow", "POST, OPTIONS"));
  }
  rest.remove_prefix(1);
  if (rest.ends_with("/url")) {
    rest.remove_suffix(4);
    call->asks_url = true;
  }
  call->id = FileId::parse(rest);
  if (!call->id) return call->answer(respond(*call, 404));
  if (call->method == "GET" && call->asks_url) return tell_url(call);
  if (reads && !call->asks_url) return download(call);
  if (call->method == "HEAD") return with_own(call, &FileService::head);
  if (call->method == "PATCH") return with_own(call, &FileService::patch);
  if (call->method == "DELETE") return with_own(call, &FileService::terminate);
  call->answer(respond(*call, 405).set("Allow", "GET, HEAD, PATCH, DELETE, OPTIONS"));
}

void FileService::with_own(const CallPtr& call, Asked next) {
  files_.status(*call->id, [this, call, next](result<FileStatus> known) {
    if (!known) return call->answer(refuse(*call, known.error()));
    const ConversationId conversation = known->info.conversation;
    options_.admit(call->token, Caller{call->client, call->subject}, conversation,
                   [this, call, next, known = *std::move(known)](result<Identity> who) mutable {
                     if (!who) return call->answer(refuse(*call, who.error()));
                     if (who->participant.id != known.info.owner)
                       return call->answer(refuse(*call, errc::not_found));
                     (this->*next)(call, std::move(known));
                   });
  });
}

void FileService::terminate(const CallPtr& call, FileStatus known) {
  // What a message refers to is not its uploader's alone any more.
  if (known.state == FileState::kept) return call->answer(refuse(*call, errc::denied));
  files_.remove(known.info.id, [this, call](errc removed) {
    call->answer(removed == errc::ok ? respond(*call, 204) : refuse(*call, removed));
  });
}

void FileService::tell_url(const CallPtr& call) {
  files_.status(*call->id, [this, call](result<FileStatus> known) {
    if (!known || known->state == FileState::growing)
      return call->answer(refuse(*call, errc::not_found));
    const ConversationId conversation = known->info.conversation;
    options_.admit(call->token, Caller{call->client, call->subject}, conversation,
                   [this, call, info = std::move(known->info)](result<Identity> who) {
                     if (!who) return call->answer(refuse(*call, who.error()));
                     call->answer(address(*call, info));
                   });
  });
}

}  // namespace kefu::inline v0::net
