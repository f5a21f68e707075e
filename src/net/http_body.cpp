#include <kefu/net/http_body.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include "net/field_text.hpp"

namespace kefu::inline v0::net::http {
namespace {

constexpr std::size_t kMaxLine = 256;       // bytes of a chunk's size and extensions
constexpr std::size_t kMaxTrailers = 4096;  // bytes
constexpr std::size_t kMaxSizeDigits = 15;  // far above any limit, and within 64 bits
constexpr int kHex = 16;

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

int status_for(BodyError error) noexcept {
  switch (error) {
    case BodyError::none:
      return 200;
    case BodyError::too_large:
      return 413;
    case BodyError::malformed:
      return 400;
  }
  return 400;
}

bool has_body(const Head& head) noexcept {
  return head.chunked() || head.content_length().value_or(0) != 0;
}

BodyReader::BodyReader(const Head& head, std::size_t max_body)
    : max_body_{max_body},
      left_{head.content_length().value_or(0)},
      state_{head.chunked() ? State::size
             : left_ != 0   ? State::data
                            : State::complete},
      chunked_{head.chunked()} {
  if (left_ > max_body_) error_ = BodyError::too_large;
}

BodyReader::Status BodyReader::status() const noexcept {
  if (error_ != BodyError::none) return Status::failed;
  return state_ == State::complete ? Status::complete : Status::need_more;
}

BodyReader::Status BodyReader::feed(std::string_view& input) {
  std::string_view data;
  while (next(input, data) == Status::need_more && !data.empty()) body_.append(data);
  body_.append(data);
  return status();
}

BodyReader::Status BodyReader::next(std::string_view& input, std::string_view& data) {
  data = {};
  while (data.empty() && status() == Status::need_more && !input.empty()) {
    if (state_ == State::data) {
      data = take_data(input);
    } else {
      take_byte(input.front());
      input.remove_prefix(1);
    }
  }
  return status();
}

std::string_view BodyReader::take_data(std::string_view& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  const std::string_view data = input.substr(0, size);
  input.remove_prefix(size);
  skip(size);
  return data;
}

std::uint64_t BodyReader::run() const noexcept {
  return status() == Status::need_more && state_ == State::data ? left_ : 0;
}

void BodyReader::skip(std::uint64_t bytes) noexcept {
  taken_ += bytes;
  left_ -= bytes;
  if (left_ == 0) state_ = chunked_ ? State::data_end : State::complete;
}

/// A byte of a line around the data of chunks.
void BodyReader::take_byte(char byte) {
  if ((byte == '\n') != after_return_) {
    error_ = BodyError::malformed;
    return;
  }
  after_return_ = byte == '\r';
  if (byte == '\r') return;
  if (byte == '\n') return end_line();
  ++line_size_;
  bool good = !is_control(byte);
  switch (state_) {
    case State::size: {
      if (byte == ';') {
        good = line_size_ > 1;
        state_ = State::extension;
        break;
      }
      std::uint64_t digit = 0;
      good = std::from_chars(&byte, &byte + 1, digit, kHex).ec == std::errc{} &&
             line_size_ <= kMaxSizeDigits;
      left_ = left_ * kHex + digit;
      break;
    }
    case State::extension:
      good = good && line_size_ <= kMaxLine;
      break;
    case State::trailer:
      good = good && ++overhead_ <= kMaxTrailers;
      break;
    case State::data_end:
      good = false;  // more data than the size said
      break;
    case State::data:
    case State::complete:
      break;
  }
  if (!good) error_ = BodyError::malformed;
}

void BodyReader::end_line() {
  const std::size_t size = std::exchange(line_size_, 0);
  switch (state_) {
    case State::size:
    case State::extension:
      if (size == 0) {
        error_ = BodyError::malformed;
      } else if (left_ > max_body_ - taken_) {
        error_ = BodyError::too_large;
      } else {
        state_ = left_ != 0 ? State::data : State::trailer;
      }
      return;
    case State::data_end:
      state_ = State::size;
      return;
    case State::trailer:
      if (size == 0) state_ = State::complete;
      overhead_ += 2;
      return;
    case State::data:
    case State::complete:
      return;
  }
}

void append_chunk(std::string& out, std::string_view part) {
  if (part.empty()) return;
  std::array<char, 2 * sizeof(std::size_t)> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.size(), kHex);
  out.append(digits.data(), end.ptr).append("\r\n").append(part).append("\r\n");
}

}  // namespace kefu::inline v0::net::http
