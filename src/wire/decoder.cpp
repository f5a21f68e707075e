#include <algorithm>
#include <bit>
#include <cstring>
#include <kefu/wire/codec.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "wire/frames.hpp"
#include "wire/json_reader.hpp"

namespace kefu::inline v0::wire {

namespace od = simdjson::ondemand;

struct Decoder::Impl {
  explicit Impl(const limits& given) : bounds(given) {}

  /// The bytes to parse, with simdjson's padding readable behind them. What is in the padding could
  /// make a difference for a message with unbalanced brackets, if it continued the JSON: then the
  /// message is copied, so that it never does.
  const char* padded(std::string_view message, std::size_t slack) {
    const auto continues = [&] {
      return static_cast<signed char>(message.data()[message.size()]) > 0;
    };
    if (slack >= simdjson::SIMDJSON_PADDING && !continues()) return message.data();
    const std::size_t needed = message.size() + simdjson::SIMDJSON_PADDING;
    if (copy.size() < needed) copy.resize(std::bit_ceil(needed));
    std::memcpy(copy.data(), message.data(), message.size());
    std::memset(copy.data() + message.size(), 0, simdjson::SIMDJSON_PADDING);
    return copy.data();
  }

  /// Indexes the message. On failure `error` says why.
  bool open(std::string_view message, std::size_t slack, std::size_t max_size,
            od::document& document, DecodeError& error) {
    error = {errc::bad_frame, "not JSON"};
    if (message.size() > max_size) error = {errc::too_large, "the message"};
    if (message.empty() || message.size() > max_size) return false;
    if (parser.capacity() <
            message.size() &&  // in powers of two: it grows seldom, and then by a lot
        parser.allocate(std::bit_ceil(std::max(message.size(), kLeastCapacity)))) {
      error = {errc::overloaded, "no memory"};
      return false;
    }
    const auto failure = parser
                             .iterate(padded(message, slack), message.size(),
                                      message.size() + simdjson::SIMDJSON_PADDING)
                             .get(document);
    if (failure == simdjson::UTF8_ERROR) error.detail = "not UTF-8";
    return !failure;
  }

  /// Reads one object and hands it on. False when it is not JSON.
  template <class Handler, class Complete>
  bool frame(od::object object, Handler& handler, Complete complete) {
    Fields fields;
    containers.clear();
    constexpr bool kClient = std::is_same_v<Handler, ClientHandler>;
    if (!read_object(object, kClient ? Shape::client_frame : Shape::server_frame, fields,
                     &containers) ||
        !complete()) {
      return false;
    }
    if constexpr (kClient) {
      ClientFrame frame;
      DecodeError error;
      to_frame(fields, containers, bounds, frame, error) ? handler.on_frame(frame)
                                                         : handler.on_error(error);
    } else {
      ServerFrame frame;
      std::optional<DecodeError> error;
      if (to_frame(fields, containers, frame, error)) handler.on_frame(frame);
      if (error) handler.on_error(*error);
    }
    return true;
  }

  template <class Handler>
  bool one(od::document& document, Handler& handler) {
    od::object object;
    if (document.get_object().get(object)) return false;
    return frame(object, handler, [&] { return at_end(document); });
  }

  template <class Handler>
  bool many(od::document& document, std::size_t max_frames, Handler& handler) {
    od::array array;
    if (document.get_array().get(array)) return false;
    std::size_t count = 0;
    for (auto element : array) {
      od::value value;
      if (element.get(value)) return false;
      if (++count > max_frames)
        return handler.on_error({errc::too_large, "the array of frames"}), true;
      od::json_type type;
      if (value.type().get(type) || type != od::json_type::object) {
        handler.on_error({errc::bad_frame, "not an object"});
        continue;
      }
      od::object object;
      if (value.get_object().get(object) || !frame(object, handler, [] { return true; }))
        return false;
    }
    return at_end(document);
  }

  template <class Handler>
  void decode(std::string_view message, std::size_t slack, std::size_t max_size,
              std::size_t max_frames, Handler& handler) {
    od::document document;
    DecodeError error;
    if (!open(message, slack, max_size, document, error)) return handler.on_error(error);
    od::json_type type;
    bool good = false;
    if (document.type().get(type)) {
      good = false;
    } else if (type == od::json_type::object) {
      good = one(document, handler);
    } else if (type == od::json_type::array) {
      good = many(document, max_frames, handler);
    } else {
      return handler.on_error({errc::bad_frame, "not an object"});
    }
    if (!good) handler.on_error({errc::bad_frame, "not JSON"});
  }

  static bool at_end(od::document& document) {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  static constexpr std::size_t kLeastCapacity = 4096;

  limits bounds;
  od::parser parser;
  std::vector<char> copy;
  Containers containers;
};

Decoder::Decoder(const limits& bounds) : impl_(std::make_unique<Impl>(bounds)) {}
Decoder::~Decoder() = default;

void Decoder::decode(std::string_view message, std::size_t slack, ClientHandler& handler) {
  impl_->decode(message, slack, impl_->bounds.max_frame, impl_->bounds.max_frames, handler);
}

void Decoder::decode(std::string_view message, std::size_t slack, ServerHandler& handler) {
  impl_->decode(message, slack, impl_->bounds.max_answer, FieldReader::kAnySize, handler);
}

}  // namespace kefu::inline v0::wire
