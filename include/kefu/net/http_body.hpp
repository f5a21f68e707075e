// Reads the body of a request, without I/O, and frames the parts of a response's.
#pragma once

#include <kefu/net/http_head.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::net::http {

/// What is wrong with a body.
enum class BodyError : std::uint8_t {
  none,
  too_large,  ///< more than allowed: 413
  malformed,  ///< a chunk that isn't strictly RFC 9112: 400
};

/// The status to answer with.
int status_for(BodyError error) noexcept;

/// Whether a message with this head has a body.
bool has_body(const Head& head) noexcept;

/// Collects a body of a known length, or in chunks. Strict, so that no proxy in front can see its
/// end elsewhere: lines end with CR LF, sizes are plain hexadecimal. Extensions and trailers are
/// bounded and thrown away. One thread at a time.
class BodyReader {
 public:
  /// How far it has got.
  enum class Status : std::uint8_t { need_more, complete, failed };

  /// A length that is too large fails at once, before a byte was read.
  BodyReader(const Head& head, std::size_t max_body);

  /// Takes bytes from the front of `input` up to the end of the body; what is left is the next
  /// message's.
  Status feed(std::string_view& input);
  /// The same without collecting: `data` is what came first of the body, where it stands in
  /// `input`, or nothing. There may be more of it in the rest of `input`.
  Status next(std::string_view& input, std::string_view& data);
  /// How far it has got.
  [[nodiscard]] Status status() const noexcept;

  /// The bytes that come next and are all the body's; 0 where something else stands between them.
  /// Whoever moves some of them unseen says so by skip().
  [[nodiscard]] std::uint64_t run() const noexcept;
  /// So many bytes of the body have gone another way.
  void skip(std::uint64_t bytes) noexcept;

  /// After Status::failed.
  [[nodiscard]] BodyError error() const noexcept { return error_; }
  /// Bytes that are collected.
  [[nodiscard]] std::size_t size() const noexcept { return body_.size(); }
  /// The body, once it is complete.
  [[nodiscard]] std::string take() noexcept { return std::move(body_); }

 private:
  enum class State : std::uint8_t { size, extension, data, data_end, trailer, complete };

  [[nodiscard]] std::string_view take_data(std::string_view& input);
  void take_byte(char byte);
  void end_line();

  std::string body_;
  std::size_t max_body_;
  std::uint64_t taken_ = 0;    // bytes of the body so far
  std::uint64_t left_ = 0;     // bytes of data still to come
  std::size_t line_size_ = 0;  // bytes of the current line
  std::size_t overhead_ = 0;   // bytes of trailers
  State state_ = State::data;
  BodyError error_ = BodyError::none;
  bool chunked_ = false;
  bool after_return_ = false;
};

/// Appends one chunk; nothing for an empty part, which would end the body.
void append_chunk(std::string& out, std::string_view part);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace kefu::inline v0::net::http
