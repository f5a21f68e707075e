// HTTP responses and the small conversions around them. Request heads are read by http_head.hpp.
// Everything here is pure.
#pragma once

#include <cstdint>
#include <functional>
#include <kefu/completion.hpp>
#include <kefu/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net::http {

/// "Not Found" for 404; "Unknown" for a status without a name here.
std::string_view reason_phrase(int status) noexcept;

/// A response before it is written: `write_head` turns it into bytes, and the body follows as it
/// is.
struct Response {
  /// A header field.
  struct Field {
    std::string name;
    std::string value;
  };

  int status = 200;
  std::vector<Field> fields;  ///< without Content-Length; Connection only on a 101
  std::string body;
  /// The rest of a body whose length isn't known: a part a call, each when the one before is
  /// written, and "" at the end. Called on the connection's loop; must not block. An exception cuts
  /// the connection, so that the client sees that something is missing.
  std::function<std::string()> more;
  /// The same where a part takes its time: the completion comes from any thread, with the part, ""
  /// at the end, or an error, which cuts the connection. It is destroyed when nobody wants more.
  std::function<void(Completion<result<std::string>>)> more_later = {};
  /// With `more` or `more_later`: how many bytes that are in all. Then the body isn't sent in
  /// chunks.
  std::optional<std::uint64_t> length = {};
  /// From a handler of the Router, and then nothing else in it counts: the response comes later,
  /// from any thread. When it takes longer than ServerOptions::handshake_timeout, 503 is the
  /// answer.
  std::function<void(Completion<Response>)> later = {};

  /// Sets a field, in place of any of its name.
  Response& set(std::string_view name, std::string_view value);

  /// The first field of that name (any case), or "".
  [[nodiscard]] std::string_view field(std::string_view name) const noexcept;
};

/// A response whose body is `detail`, or the reason phrase where there is none, as plain text.
Response text_response(int status, std::string_view detail = {});

/// Status line and fields up to the empty line. Adds Content-Length from the body (except where a
/// status has none), and `Connection: close` unless `keep_alive`. Control characters in a value
/// become spaces, so that no value can begin another field.
/// With `more` but no `length` it says that the body is chunked, or, to HTTP/1.0 (then without
/// `keep_alive`), that it goes on to the end of the connection. For a HEAD request write this and
/// leave the body out.
std::string write_head(const Response& response, bool keep_alive, int minor_version = 1);

/// The request line and fields of a client's request without a body; `fields` as in Response.
/// Precondition: `method` and `target` hold visible ASCII only.
std::string write_request_head(std::string_view method, std::string_view target,
                               const std::vector<Response::Field>& fields);

/// Resolves %XX; nullopt when one is malformed. '+' stays as it is.
std::optional<std::string> percent_decode(std::string_view text);

/// The decoded value of the first `name=value` in a query string; '+' means a space.
/// nullopt when it isn't there or is malformed.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace kefu::inline v0::net::http
