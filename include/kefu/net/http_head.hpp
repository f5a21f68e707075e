// Reads the head of an HTTP/1 message, without I/O: bytes in, a checked Head out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::net::http {

/// Which kind of head is to be read.
enum class HeadKind : std::uint8_t { request, response };

/// Why a head was refused. `status_for` gives the response status.
enum class HeadError : std::uint8_t {
  none,
  too_large,        ///< more than HeadLimits::max_bytes
  too_many_fields,  ///< more than HeadLimits::max_fields
  bad_line_end,     ///< a CR without LF or an LF without CR
  bad_start_line,
  bad_field,    ///< a folded line, space before the colon, a control character
  bad_target,   ///< neither a path, nor an absolute URL, nor * (for OPTIONS)
  bad_version,  ///< neither HTTP/1.0 nor HTTP/1.1
  bad_host,     ///< HTTP/1.1 without Host, or two of them
  malformed,    ///< a length that could be read in two ways, or what else the library refuses
};

/// 400, 431 or 505.
int status_for(HeadError error) noexcept;
/// For logs.
std::string_view to_string(HeadError error) noexcept;

/// What of a head is too much.
struct HeadLimits {
  std::uint16_t max_bytes = 8 * 1024;  ///< the whole head with its empty line
  std::uint16_t max_fields = 64;
};

/// The head of a request or response. Views live as long as the Head and until it is moved.
class Head {
 public:
  /// As it was sent.
  [[nodiscard]] std::string_view method() const noexcept { return at(method_); }
  /// The request target as sent; and its path and query, not decoded, without '?'.
  [[nodiscard]] std::string_view target() const noexcept { return at(target_); }
  /// What stands before the query.
  [[nodiscard]] std::string_view path() const noexcept { return at(path_); }
  /// What stands behind the "?", or "".
  [[nodiscard]] std::string_view query() const noexcept { return at(query_); }

  /// A response's status; 0 for a request.
  [[nodiscard]] int status() const noexcept { return status_; }
  /// HTTP/1.0 or HTTP/1.1: 0 or 1.
  [[nodiscard]] int minor_version() const noexcept { return minor_version_; }
  /// Whether the connection may carry another message after this one.
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  /// The body comes in chunks.
  [[nodiscard]] bool chunked() const noexcept { return chunked_; }
  /// The length of the body, where it is told.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const noexcept {
    return content_length_;
  }

  /// The value of the first field of that name, whatever its case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// How many fields have this name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  /// Whether a comma-separated list, over all fields of that name, has this item. Any case.
  [[nodiscard]] bool has_item(std::string_view name, std::string_view item) const noexcept;

  /// How many fields there are.
  [[nodiscard]] std::size_t field_count() const noexcept { return fields_.size(); }
  /// The name of a field, as it was sent.
  [[nodiscard]] std::string_view field_name(std::size_t index) const noexcept;
  /// The value of a field, without the blanks around it.
  [[nodiscard]] std::string_view field_value(std::size_t index) const noexcept;

 private:
  friend class HeadParser;

  struct Slice {
    std::uint16_t offset = 0;
    std::uint16_t size = 0;
  };
  struct Field {
    Slice name;
    Slice value;
  };

  [[nodiscard]] std::string_view at(Slice slice) const noexcept {
    return std::string_view{bytes_}.substr(slice.offset, slice.size);
  }
  [[nodiscard]] Slice slice(std::string_view part) const noexcept;

  std::string bytes_;
  std::vector<Field> fields_;
  std::optional<std::uint64_t> content_length_;
  Slice method_, target_, path_, query_;
  int status_ = 0;
  int minor_version_ = 1;
  bool keep_alive_ = false;
  bool chunked_ = false;
};

/// Collects a head and checks it. One thread at a time.
class HeadParser {
 public:
  /// How far it has got.
  enum class Status : std::uint8_t { need_more, complete, failed };

  explicit HeadParser(HeadKind kind, HeadLimits limits = {}) noexcept
      : limits_{limits}, kind_{kind} {}

  /// Takes bytes from the front of `input` up to the end of the head; what is left then belongs to
  /// the body or to the next protocol. Precondition: the status so far is need_more.
  Status feed(std::string_view& input);

  /// Precondition: complete. Valid until the parser is reset or destroyed.
  [[nodiscard]] const Head& head() const noexcept { return head_; }
  /// The head, once it is complete.
  [[nodiscard]] Head take_head() && noexcept { return std::move(head_); }
  /// After Status::failed.
  [[nodiscard]] HeadError error() const noexcept { return error_; }

  /// Ready for the next head of the same connection.
  void reset() { *this = HeadParser{kind_, limits_}; }

 private:
  HeadError take(std::string_view part, bool& complete);
  HeadError parse();
  HeadError check_lines(std::string_view bytes) const noexcept;
  HeadError check_request() noexcept;
  HeadError check_length() noexcept;

  Head head_;
  HeadLimits limits_;
  HeadKind kind_;
  HeadError error_ = HeadError::none;
  bool started_ = false;  // a line with something in it was seen
  bool line_empty_ = true;
  bool after_return_ = false;
};

}  // namespace kefu::inline v0::net::http
