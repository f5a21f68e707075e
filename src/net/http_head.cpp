#include <kefu/net/http_head.hpp>

#include <algorithm>
#include <charconv>

#include "net/field_text.hpp"
#include "net/head_library.hpp"

namespace kefu::inline v0::net::http {
namespace {

constexpr std::size_t kUsualFields = 16;

constexpr bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }

/// The library is lenient where a proxy in front of us may be strict, or the other way round; such
/// differences are how requests get smuggled. So the lines are checked here, whatever it accepts.
bool is_good_request_line(std::string_view line) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  return first != std::string_view::npos && first != last && is_token(line.substr(0, first)) &&
         line.find(' ', first + 1) == last;
}

bool is_good_field(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  const std::string_view value = line.substr(colon + 1);
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

std::string_view next_line(std::string_view& bytes) noexcept {
  const std::size_t end = bytes.find("\r\n");
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

}  // namespace

int status_for(HeadError error) noexcept {
  switch (error) {
    case HeadError::none:
      return 200;
    case HeadError::too_large:
    case HeadError::too_many_fields:
      return 431;
    case HeadError::bad_version:
      return 505;
    default:
      return 400;
  }
}

std::string_view to_string(HeadError error) noexcept {
  switch (error) {
    case HeadError::none:
      return "none";
    case HeadError::too_large:
      return "head too large";
    case HeadError::too_many_fields:
      return "too many fields";
    case HeadError::bad_line_end:
      return "bad line end";
    case HeadError::bad_start_line:
      return "bad start line";
    case HeadError::bad_field:
      return "bad field";
    case HeadError::bad_target:
      return "bad target";
    case HeadError::bad_version:
      return "bad version";
    case HeadError::bad_host:
      return "bad host";
    case HeadError::malformed:
      return "malformed";
  }
  return "unknown";
}

std::string_view Head::field_name(std::size_t index) const noexcept {
  return at(fields_[index].name);
}

std::string_view Head::field_value(std::size_t index) const noexcept {
  return at(fields_[index].value);
}

std::optional<std::string_view> Head::find(std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (equal_any_case(at(field.name), name)) return at(field.value);
  }
  return std::nullopt;
}

std::size_t Head::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Field& field) { return equal_any_case(at(field.name), name); }));
}

bool Head::has_item(std::string_view name, std::string_view item) const noexcept {
  for (const Field& field : fields_) {
    if (!equal_any_case(at(field.name), name)) continue;
    for (std::string_view list = at(field.value); !list.empty();) {
      if (equal_any_case(next_item(list), item)) return true;
    }
  }
  return false;
}

Head::Slice Head::slice(std::string_view part) const noexcept {
  if (part.empty()) return {};
  return {static_cast<std::uint16_t>(part.data() - bytes_.data()),
          static_cast<std::uint16_t>(part.size())};
}

HeadParser::Status HeadParser::feed(std::string_view& input) {
  bool complete = false;
  if (head_.bytes_.empty())
    head_.bytes_.reserve(std::min<std::size_t>(input.size(), limits_.max_bytes));
  while (error_ == HeadError::none && !complete && !input.empty()) {
    std::string_view part = input.substr(0, limits_.max_bytes - head_.bytes_.size());
    if (const std::size_t end = part.find('\n'); end != part.npos) part = part.substr(0, end + 1);
    error_ = part.empty() ? HeadError::too_large : take(part, complete);
    input.remove_prefix(part.size());
  }
  if (complete) error_ = parse();
  if (error_ != HeadError::none) return Status::failed;
  return complete ? Status::complete : Status::need_more;
}

/// Stores what has come of a line, up to its end, and looks at that. Empty lines before the first
/// line are skipped, as RFC 9112 2.2 asks, but count against the limit.
HeadError HeadParser::take(std::string_view part, bool& complete) {
  head_.bytes_.append(part);
  const bool ends = part.back() == '\n';
  if (ends) part.remove_suffix(1);
  if (!part.empty()) {
    if (after_return_) return HeadError::bad_line_end;
    after_return_ = part.back() == '\r';
    if (after_return_) part.remove_suffix(1);
    if (part.find('\r') != std::string_view::npos) return HeadError::bad_line_end;
    line_empty_ = line_empty_ && part.empty();
    started_ = started_ || !part.empty();
  }
  if (!ends) return HeadError::none;
  if (!after_return_) return HeadError::bad_line_end;
  after_return_ = false;
  complete = started_ && line_empty_;
  line_empty_ = true;
  return HeadError::none;
}

HeadError HeadParser::parse() {
  const std::string_view bytes = std::string_view{head_.bytes_}.substr(
      std::min(head_.bytes_.find_first_not_of("\r\n"), head_.bytes_.size()));
  if (const HeadError error = check_lines(bytes); error != HeadError::none) return error;

  ParsedHead parsed;
  parsed.fields.reserve(kUsualFields);
  if (!parse_with_library(kind_, bytes, parsed)) return HeadError::malformed;
  head_.target_ = head_.slice(parsed.target);
  if (kind_ == HeadKind::request) head_.method_ = head_.slice(bytes.substr(0, bytes.find(' ')));
  head_.status_ = parsed.status;
  head_.minor_version_ = parsed.minor_version;
  head_.keep_alive_ = parsed.keep_alive;
  head_.fields_.reserve(parsed.fields.size());
  for (const ParsedHead::Field& field : parsed.fields) {
    head_.fields_.push_back({head_.slice(field.name), head_.slice(trim(field.value))});
  }
  if (const HeadError error = check_length(); error != HeadError::none) return error;
  return kind_ == HeadKind::request ? check_request() : HeadError::none;
}

/// Libraries differ here, and proxies too. So: one length, in digits, or chunked and nothing else.
HeadError HeadParser::check_length() noexcept {
  constexpr std::size_t kMostDigits = 18;
  const auto length = head_.find("Content-Length");
  const auto coding = head_.find("Transfer-Encoding");
  if (head_.count("Content-Length") + head_.count("Transfer-Encoding") > 1) {
    return HeadError::malformed;
  }
  if (coding) {
    head_.chunked_ = equal_any_case(*coding, "chunked") && head_.minor_version_ == 1;
    return head_.chunked_ ? HeadError::none : HeadError::malformed;
  }
  if (!length) return HeadError::none;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), value);
  if (length->empty() || length->size() > kMostDigits || error != std::errc{} ||
      end != length->data() + length->size()) {
    return HeadError::malformed;
  }
  head_.content_length_ = value;
  return HeadError::none;
}

HeadError HeadParser::check_lines(std::string_view bytes) const noexcept {
  const std::string_view start = next_line(bytes);
  std::string_view version = start.substr(0, start.find(' '));
  if (kind_ == HeadKind::request) {
    if (!is_good_request_line(start)) return HeadError::bad_start_line;
    version = start.substr(start.rfind(' ') + 1);
  }
  if (!version.starts_with("HTTP/")) return HeadError::bad_start_line;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return HeadError::bad_version;
  std::size_t count = 0;
  for (std::string_view line = next_line(bytes); !line.empty(); line = next_line(bytes)) {
    if (++count > limits_.max_fields) return HeadError::too_many_fields;
    if (!is_good_field(line)) return HeadError::bad_field;
  }
  return HeadError::none;
}

HeadError HeadParser::check_request() noexcept {
  const std::size_t hosts = head_.count("Host");
  if (hosts > 1 || (hosts == 0 && head_.minor_version_ == 1)) return HeadError::bad_host;

  std::string_view path = head_.target();
  if (!std::all_of(path.begin(), path.end(), is_visible) ||
      path.find('#') != std::string_view::npos) {
    return HeadError::bad_target;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_any_case(path.substr(0, scheme.size()), scheme)) continue;
    path.remove_prefix(std::min(path.find('/', scheme.size()), path.size()));
  }
  const bool whole_server = path == "*" && head_.method() == "OPTIONS";
  if (!path.starts_with('/') && !whole_server) return HeadError::bad_target;
  const std::size_t question = std::min(path.find('?'), path.size());
  head_.path_ = head_.slice(path.substr(0, question));
  head_.query_ = head_.slice(path.substr(std::min(question + 1, path.size())));
  return HeadError::none;
}

}  // namespace kefu::inline v0::net::http
