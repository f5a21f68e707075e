// FileService: what it answers with.
#include <chrono>
#include <utility>

#include "net/file_call.hpp"
#include "net/tus.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::string_view kExposed =
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Metadata, Upload-Expires, Content-Range, ETag";

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

}  // namespace

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
  if (status == 200) {
    response.set("Upload-Length", std::to_string(known.info.size));
    if (!known.info.metadata.empty()) response.set("Upload-Metadata", known.info.metadata);
  }
  if (status == 201) response.set("Location", options_.path + "/" + known.info.id.to_string());
  if (known.offset != known.info.size) {
    const bool written = status == 204;
    response.set(
        "Upload-Expires",
        http_date(written ? options_.clock->now() + options_.limits.upload_ttl : known.expires_at));
  }
  return response;
}

}  // namespace kefu::inline v0::net
