#include "net/file_service.hpp"

#include <openssl/rand.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <kefu/net/upgrade.hpp>
#include <new>
#include <stdexcept>
#include <utility>

#include "digest.hpp"
#include "net/bearer.hpp"
#include "net/download.hpp"
#include "net/field_text.hpp"
#include "net/ranged_body.hpp"
#include "net/tus.hpp"
#include "wire/json_writer.hpp"

namespace kefu::net {
namespace {

constexpr std::size_t kMinSecret = 32;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::string_view kExposed =
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Expires, Content-Range, ETag";

int status_for(errc code) noexcept {
  switch (code) {
    case errc::bad_frame:
      return 400;
    case errc::unauthenticated:
    case errc::token_expired:
      return 401;
    case errc::denied:
      return 403;
    case errc::not_found:
      return 404;
    case errc::conflict:
    case errc::gap:
      return 409;
    case errc::too_large:
      return 413;
    case errc::overloaded:
    case errc::rate_limited:
      return 429;
    case errc::unavailable:
    case errc::timed_out:
    case errc::shutting_down:
      return 503;
    case errc::store_full:
      return 507;
    default:
      return 500;
  }
}

/// IMF-fixdate, RFC 9110 5.6.7.
std::string http_date(Timestamp at) {
  using namespace std::chrono;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto time = floor<seconds>(sys_time<nanoseconds>{nanoseconds{at.ns}});
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto two = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string{kDays[weekday{day}.c_encoding()]} + ", " +
         two(static_cast<unsigned>(date.day())) + " " +
         kMonths[static_cast<unsigned>(date.month()) - 1] + " " +
         std::to_string(static_cast<int>(date.year())) + " " + two(clock.hours().count()) + ":" +
         two(clock.minutes().count()) + ":" + two(clock.seconds().count()) + " GMT";
}

FileId mint_id(Timestamp now) {
  std::array<std::uint64_t, 2> random{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), sizeof random) != 1)
    throw std::bad_alloc{};
  return make_uuid_v7<FileId>(static_cast<std::uint64_t>(now.ns / 1'000'000), random[0], random[1]);
}

std::optional<Digest> digest_for(std::string_view algorithm) {
  if (algorithm == "sha1") return Digest{EVP_sha1()};
  if (algorithm == "sha256") return Digest{EVP_sha256()};
  return std::nullopt;
}

std::string entity_tag(FileId id) { return '"' + id.to_string() + '"'; }

}  // namespace

struct FileService::Call {
  Completion<Begun> done;
  std::string method;
  std::string rest;  ///< of the path, behind the service's
  std::string query;
  std::string token;
  std::string client;
  std::string subject;
  std::string origin;    ///< of a page that may ask
  bool foreign = false;  ///< of one that may not
  bool tus = false;      ///< it speaks our version
  bool chunked = false;
  std::optional<std::uint64_t> body;  ///< bytes, where they are told
  std::optional<std::string> length, offset, metadata, checksum, range, if_range, if_none_match;
  std::string type;
  std::string wanted_headers;
  std::optional<FileId> id = {};
  bool asks_url = false;

  void answer(http::Response response) { done(Begun{std::move(response)}); }
  [[nodiscard]] bool has_body() const { return chunked || body.value_or(0) != 0; }
};

/// The body of a PATCH, or of a POST that brings the first bytes.
class FileService::Upload final : public BodySink {
 public:
  Upload(FileService& service, CallPtr call, FileStatus known, int status,
         std::unique_ptr<FileSink> sink, std::optional<tus::Checksum> checksum)
      : service_{service},
        call_{std::move(call)},
        known_{std::move(known)},
        sink_{std::move(sink)},
        checksum_{std::move(checksum)},
        begin_{sink_->offset()},
        status_{status} {
    if (checksum_) digest_ = digest_for(checksum_->algorithm);
  }
  /// What came is kept, unless it can't be checked any more.
  ~Upload() override {
    if (sink_ && digest_) (void)sink_->rewind(begin_);
  }

  std::optional<http::Response> take(std::string_view bytes) override {
    const auto data = std::as_bytes(std::span{bytes});
    const auto written = sink_->write(data);
    if (!written) return service_.refuse(*call_, written.error());
    if (digest_) digest_->update(data);
    return std::nullopt;
  }

  void finish(Completion<http::Response> done) override {
    if (digest_ && digest_->finish() != checksum_->digest) {
      const errc rewound = sink_->rewind(begin_);
      digest_.reset();
      return done(rewound == errc::ok ? service_.respond(*call_, 460)
                                      : service_.refuse(*call_, rewound));
    }
    known_.offset = sink_->offset();
    digest_.reset();
    sink_.reset();
    if (known_.offset != known_.info.size) {
      return done(service_.progress(*call_, known_, status_));
    }
    service_.files_.commit(known_.info.id,
                           [&service = service_, call = call_, known = known_, status = status_,
                            done = std::move(done)](result<FileInfo> committed) mutable {
                             done(committed ? service.progress(*call, known, status)
                                            : service.refuse(*call, committed.error()));
                           });
  }

 private:
  FileService& service_;
  CallPtr call_;
  FileStatus known_;
  std::unique_ptr<FileSink> sink_;
  std::optional<tus::Checksum> checksum_;
  std::optional<Digest> digest_;
  std::uint64_t begin_;
  int status_;
};

FileService::FileService(Files& files, FileServiceOptions options, std::vector<std::string> origins)
    : files_{files}, options_{std::move(options)}, origins_{std::move(origins)} {
  if (options_.secret.size() < kMinSecret)
    throw std::invalid_argument{"files: the secret needs at least 32 bytes"};
  if (!options_.admit) throw std::invalid_argument{"files: nobody says who may have them"};
  if (!options_.path.starts_with('/') || options_.path.ends_with('/'))
    throw std::invalid_argument{"files: a path begins with '/' and ends without"};
  if (!options_.clock) options_.clock = &system_clock_;
}

bool FileService::serves(std::string_view path) const noexcept {
  return path.starts_with(options_.path) &&
         (path.size() == options_.path.size() || path[options_.path.size()] == '/');
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

http::Response FileService::respond(const Call& call, int status) const {
  http::Response response = status == 204 ? http::Response{} : http::text_response(status);
  response.status = status;
  response.set("Tus-Resumable", tus::kVersion).set("Cache-Control", "no-store");
  response.set("Vary", "Origin");
  if (!call.origin.empty()) {
    response.set("Access-Control-Allow-Origin", call.origin);
    response.set("Access-Control-Expose-Headers", kExposed);
  }
  return response;
}

http::Response FileService::refuse(const Call& call, errc why) const {
  http::Response response = respond(call, status_for(why));
  response.body = std::string{name(why)} + "\n";
  if (response.status == 401) response.set("WWW-Authenticate", "Bearer");
  if (response.status == 429 || response.status == 503) response.set("Retry-After", "10");
  return response;
}

http::Response FileService::describe(const Call& call) const {
  http::Response response = respond(call, 204);
  response.set("Tus-Version", tus::kVersion).set("Tus-Extension", tus::kExtensions);
  response.set("Tus-Checksum-Algorithm", tus::kAlgorithms);
  response.set("Tus-Max-Size", std::to_string(options_.limits.max_file));
  if (!call.origin.empty()) {
    response.set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    response.set("Access-Control-Allow-Headers",
                 call.wanted_headers.empty() ? "Authorization" : call.wanted_headers);
    response.set("Access-Control-Max-Age", "3600");
  }
  return response;
}

http::Response FileService::progress(const Call& call, const FileStatus& known, int status) const {
  http::Response response = respond(call, status);
  response.body.clear();
  response.set("Upload-Offset", std::to_string(known.offset));
  if (status == 201) response.set("Location", options_.path + "/" + known.info.id.to_string());
  if (known.offset != known.info.size) {
    const bool written = status == 204;
    response.set(
        "Upload-Expires",
        http_date(written ? options_.clock->now() + options_.limits.upload_ttl : known.expires_at));
  }
  return response;
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

void FileService::create(const CallPtr& call) {
  const auto length = tus::parse_number(call->length.value_or(""));
  auto metadata = tus::parse_metadata(call->metadata.value_or(""));
  if (!length || !metadata) return call->answer(respond(*call, 400));
  if (*length > options_.limits.max_file) return call->answer(respond(*call, 413));
  if (call->has_body() && call->type != tus::kBodyType) return call->answer(respond(*call, 415));
  const auto conversation = ConversationId::parse(tus::find(*metadata, "conversation"));
  const std::string_view wished = tus::find(*metadata, "id");
  const auto id = wished.empty() ? mint_id(options_.clock->now()) : FileId::parse(wished);
  const std::string_view file_name = tus::find(*metadata, "filename");
  const std::string_view type = tus::find(*metadata, "filetype");
  if (!conversation || !id || !simdjson::validate_utf8(file_name) || !simdjson::validate_utf8(type))
    return call->answer(respond(*call, 400));
  FileInfo info;
  info.id = *id;
  info.conversation = *conversation;
  info.name = file_name;
  info.type = type;
  info.size = *length;
  const Caller caller{call->client, call->subject};
  options_.admit(call->token, caller, *conversation,
                 [this, call, info = std::move(info)](result<Identity> who) mutable {
                   if (!who) return call->answer(refuse(*call, who.error()));
                   info.owner = std::move(who->participant.id);
                   announce(call, std::move(info));
                 });
}

void FileService::announce(const CallPtr& call, FileInfo info) {
  files_.create(std::move(info), [this, call](result<FileStatus> created) {
    if (!created) return call->answer(refuse(*call, created.error()));
    take_body(call, *std::move(created), 201);
  });
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

void FileService::head(const CallPtr& call, FileStatus known) {
  const auto tell = [this](const Call& of, const FileStatus& status) {
    http::Response response = progress(of, status, 200);
    response.set("Upload-Length", std::to_string(status.info.size));
    return response;
  };
  if (known.state != FileState::growing || known.offset != known.info.size) {
    return call->answer(tell(*call, known));
  }
  // All is there, but the server went before it said so.
  const FileId id = known.info.id;
  files_.commit(id, [this, call, tell, known = std::move(known)](result<FileInfo> committed) {
    if (!committed && committed.error() == errc::conflict)  // it is being committed
      return call->answer(respond(*call, 423));
    if (!committed) return call->answer(refuse(*call, committed.error()));
    call->answer(tell(*call, known));
  });
}

void FileService::patch(const CallPtr& call, FileStatus known) {
  const auto offset = tus::parse_number(call->offset.value_or(""));
  if (call->type != tus::kBodyType) return call->answer(respond(*call, 415));
  if (!offset) return call->answer(respond(*call, 400));
  if (*offset != known.offset) return call->answer(respond(*call, 409));
  take_body(call, std::move(known), 204);
}

void FileService::take_body(const CallPtr& call, FileStatus known, int status) {
  std::optional<tus::Checksum> checksum;
  if (call->checksum && call->has_body()) {
    checksum = tus::parse_checksum(*call->checksum);
    if (!checksum || !digest_for(checksum->algorithm)) return call->answer(respond(*call, 400));
  }
  call->id = known.info.id;
  const std::uint64_t left = known.info.size - known.offset;
  // A creation that is repeated finds the upload where it got to: its body is not for there.
  const bool stale = status == 201 && known.offset != 0;
  if (call->body.value_or(0) > left && !stale) return call->answer(respond(*call, 413));
  if (known.state != FileState::growing || stale || (!call->has_body() && left != 0)) {
    return call->answer(progress(*call, known, status));
  }
  files_.resume(*call->id, [this, call, status, known = std::move(known)](
                               result<std::unique_ptr<FileSink>> sink) mutable {
    if (!sink) {
      // Its last request may be under way still.
      if (sink.error() == errc::conflict) return call->answer(respond(*call, 423));
      return call->answer(refuse(*call, sink.error()));
    }
    if ((*sink)->offset() != known.offset) return call->answer(respond(*call, 409));
    std::optional<tus::Checksum> wanted;
    if (call->checksum && call->has_body()) wanted = tus::parse_checksum(*call->checksum);
    const std::uint64_t most = known.info.size - known.offset;
    Begun begun;
    begun.sink = std::make_unique<Upload>(*this, call, std::move(known), status, *std::move(sink),
                                          std::move(wanted));
    begun.most = most;
    call->done(std::move(begun));
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

http::Response FileService::address(const Call& call, const FileInfo& info) const {
  const std::int64_t until = seconds_now() + options_.url_life.count() / kSecond;
  const auto valid = [](const std::string& text) {
    return simdjson::validate_utf8(text) ? std::string_view{text} : std::string_view{};
  };
  http::Response response = respond(call, 200);
  response.set("Content-Type", "application/json");
  response.body.clear();
  {
    wire::JsonWriter json{response.body};  // which is what it shall be when this goes
    json.raw("{");
    if (info.verdict == FileVerdict::pending || info.verdict == FileVerdict::refused) {
      json.raw(info.verdict == FileVerdict::pending ? "\"scan\":\"pending\""
                                                    : "\"scan\":\"refused\"");
    } else {
      json.raw("\"url\":");
      json.text(options_.path + "/" + info.id.to_string() + "?" +
                sign_download(options_.secret, info.id, until));
      json.raw(",\"expires_at\":");
      json.time({until * kSecond});
    }
    json.raw(",\"name\":");
    json.text(valid(info.name));
    json.raw(",\"type\":");
    json.text(valid(info.type));
    json.raw(",\"size\":");
    json.number(info.size);
    json.raw("}");
  }
  return response;
}

void FileService::download(const CallPtr& call) {
  switch (check_download(options_.secret, *call->id, call->query, seconds_now())) {
    case Signature::good:
      break;
    case Signature::bad:
      return call->answer(refuse(*call, errc::not_found));
    case Signature::expired:
      return call->answer(respond(*call, 403));
  }
  files_.status(*call->id, [this, call](result<FileStatus> known) {
    if (!known || known->state == FileState::growing)
      return call->answer(refuse(*call, errc::not_found));
    const FileId id = known->info.id;
    files_.open(id, [this, call,
                     info = std::move(known->info)](result<std::unique_ptr<FileSource>> source) {
      if (!source) return call->answer(refuse(*call, source.error()));
      send(call, info, *std::move(source));
    });
  });
}

void FileService::send(const CallPtr& call, const FileInfo& info,
                       std::shared_ptr<FileSource> source) const {
  const std::string tag = entity_tag(info.id);
  http::Response response = respond(*call, 200);
  response.body.clear();
  const bool shown =
      std::ranges::find(options_.shown_types, info.type) != options_.shown_types.end();
  const std::string_view type = shown ? std::string_view{info.type} : "application/octet-stream";
  response.set("ETag", tag).set("Accept-Ranges", "bytes").set("Content-Type", type);
  response.set("Cache-Control", "private, max-age=900, immutable");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.set("Content-Disposition", content_disposition(shown, info.name));
  if (call->if_none_match && http::lists_tag(*call->if_none_match, tag)) {
    response.status = 304;
    return call->answer(std::move(response));
  }
  WantedRanges wanted;
  if (call->method == "GET" && call->range && (!call->if_range || *call->if_range == tag))
    wanted = parse_ranges(*call->range, info.size);
  if (!wanted.satisfiable) {
    response = respond(*call, 416);
    response.set("Content-Range", "bytes */" + std::to_string(info.size));
    return call->answer(std::move(response));
  }
  if (!wanted.ranges.empty()) response.status = 206;
  if (wanted.ranges.size() == 1)
    response.set("Content-Range", content_range(wanted.ranges.front(), info.size));
  if (wanted.ranges.empty()) wanted.ranges.push_back({0, info.size});
  const std::string boundary = "kefu-" + mint_id(options_.clock->now()).to_string();
  auto body = std::make_shared<RangedBody>(std::move(source), std::move(wanted.ranges), info.size,
                                           type, boundary);
  if (body->multipart()) response.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  response.length = body->size();
  response.more = [body] { return body->next(); };
  call->answer(std::move(response));
}

}  // namespace kefu::net
