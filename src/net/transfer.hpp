// Requests that move the bytes of files: what a connection on a transfer loop, which may wait for a
// disk, needs to know of them.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/net/http.hpp>
#include <kefu/net/router.hpp>
#include <memory>
#include <optional>
#include <string_view>

namespace kefu::net {

/// Takes the body of one request. One that goes before finish() has got a part of it.
class BodySink {
 public:
  virtual ~BodySink() = default;

  /// The next bytes. A response ends it: nothing more comes. May block.
  [[nodiscard]] virtual std::optional<http::Response> take(std::string_view bytes) = 0;
  /// All has come.
  virtual void finish(Completion<http::Response> done) = 0;
};

/// How a request begins: with its answer, or with something that takes its body.
struct Begun {
  http::Response response = {};
  std::unique_ptr<BodySink> sink = {};
  std::uint64_t most = 0;  ///< bytes of a body
};

class TransferService {
 public:
  virtual ~TransferService() = default;

  /// Any thread.
  [[nodiscard]] virtual bool serves(std::string_view path) const noexcept = 0;
  /// On a transfer loop; may block, and may complete on any thread.
  virtual void begin(const Request& request, Completion<Begun> done) = 0;
};

}  // namespace kefu::net
