// What the HTTP API reads and writes: JSON objects, and problems (RFC 9457).
#pragma once

#include <simdjson.h>
#include <cstdint>
#include <kefu/desk.hpp>
#include <kefu/error.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/enum_name.hpp>
#include <kefu/net/http.hpp>
#include <kefu/record.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace helpdesk {

/// The fields of a request's body, which is a JSON object; an empty body is one without fields. Ask
/// for all that there may be, then look at complete(): after something that is wrong the values
/// mean nothing.
class ApiFields {
 public:
  ApiFields(std::string_view body, const kefu::limits& bounds);

  /// Those that must be there.
  void need(std::initializer_list<std::string_view> names);

  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t max);
  /// The id of a participant or a department: 1 to limits::max_id bytes, no control characters.
  [[nodiscard]] std::optional<std::string> plain_id(std::string_view name);
  [[nodiscard]] std::optional<std::vector<std::string>> plain_ids(std::string_view name);
  [[nodiscard]] std::optional<kefu::Attributes> attributes(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  [[nodiscard]] std::optional<kefu::Timestamp> time(std::string_view name) {
    return parsed(name, kefu::Timestamp::parse);
  }
  template <class AnyId>
  [[nodiscard]] std::optional<AnyId> id(std::string_view name) {
    return parsed(name, AnyId::parse);
  }
  template <class E>
  [[nodiscard]] std::optional<E> one_of(std::string_view name) {
    return parsed(name, kefu::enum_from_name<E>);
  }

  /// Whether all is well, and nothing stands there that nobody has asked for.
  [[nodiscard]] bool complete();
  void fail(std::string_view detail) { fail(kefu::errc::bad_frame, detail); }
  /// What is wrong, as the answer to it. Precondition: !complete().
  [[nodiscard]] kefu::net::http::Response problem() const;

 private:
  void fail(kefu::errc code, std::string_view detail);
  std::optional<simdjson::dom::element> find(std::string_view name);
  std::optional<std::string> text_of(const simdjson::dom::element& value, std::string_view name,
                                     std::size_t max);
  template <class T>
  std::optional<T> parsed(std::string_view name, std::optional<T> (*parse)(std::string_view)) {
    constexpr std::size_t kLongest = 64;
    const std::optional<std::string> given = text(name, kLongest);
    if (!given) return std::nullopt;
    const std::optional<T> value = parse(*given);
    if (!value) fail(name);
    return value;
  }

  const kefu::limits& bounds_;
  simdjson::dom::parser parser_;
  simdjson::dom::object object_;
  std::vector<std::string_view> asked_;
  kefu::errc code_ = kefu::errc::ok;
  std::string detail_;
};

/// The HTTP status that a code has.
[[nodiscard]] int status_of(kefu::errc code) noexcept;

/// Why not, as application/problem+json: {"type": "about:blank", "title": …, "status": …, "code":
/// kefu's name for it, "detail", "rule", "current"}. `current`: the version or epoch that counts;
/// 0: not said.
[[nodiscard]] kefu::net::http::Response problem(kefu::errc code, std::string_view detail = {},
                                                kefu::Rule rule = kefu::Rule::none,
                                                std::uint64_t current = 0);
/// Where the status says more than a code.
[[nodiscard]] kefu::net::http::Response problem(int status, kefu::errc code,
                                                std::string_view detail);

[[nodiscard]] kefu::net::http::Response json_response(int status, std::string body);

/// A record as the API shows it: its JSON, with its version.
[[nodiscard]] std::string resource(std::string_view record, std::uint64_t version);
/// As the record's own answer, or why the desk did not do what was asked.
[[nodiscard]] kefu::net::http::Response answer_to(const kefu::DeskOutcome& outcome,
                                                  int status = 200);

/// {"<name>": [items…], "next": …}, without `next` where that is empty.
[[nodiscard]] std::string page(std::string_view name, const std::vector<std::string>& items,
                               std::string_view next);

}  // namespace helpdesk
