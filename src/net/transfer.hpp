// Requests that move the bytes of files: what a connection on a transfer loop, which may wait for a
// disk, needs to know of them.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/files.hpp>
#include <kefu/net/http.hpp>
#include <kefu/net/router.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "net/ranged_body.hpp"

namespace kefu::inline v0::net {

/// Takes the body of one request. One that goes before finish() has got a part of it.
class BodySink {
 public:
  virtual ~BodySink() = default;

  /// The next bytes. A response ends it: nothing more comes. May block.
  [[nodiscard]] virtual std::optional<http::Response> take(std::string_view bytes) = 0;
  /// Where the bytes may go in place of take(), by its descriptor; null: they must be seen.
  [[nodiscard]] virtual FileSink* unseen() { return nullptr; }
  /// All has come.
  virtual void finish(Completion<http::Response> done) = 0;
};

/// How a request begins: with its answer, whose body may be a file's, or with something that takes
/// its body.
struct Begun {
  http::Response response = {};
  std::unique_ptr<RangedBody> body = {};  ///< with the response's `length`
  std::unique_ptr<BodySink> sink = {};
  std::uint64_t most = 0;  ///< bytes of a request's body
};

class TransferService {
 public:
  virtual ~TransferService() = default;

  /// Any thread.
  [[nodiscard]] virtual bool serves(std::string_view path) const noexcept = 0;
  /// On a transfer loop; may block, and may complete on any thread.
  virtual void begin(const Request& request, Completion<Begun> done) = 0;
};

/// What became of a transfer in a turn.
struct TransferTurn {
  enum class Status : std::uint8_t {
    more,      ///< there may be more to do, when others had their turn
    wait,      ///< until the socket is ready
    complete,  ///< all has come, or is sent
    refused,   ///< an upload: it ends with a response
    gone,      ///< the connection is of no use any more
  };

  Status status = Status::more;
  bool moved = false;  ///< some bytes were
};

/// Bytes that a transfer moves in a turn; then others go on. Some ten times what a turn costs by
/// itself, and no more than a tenth of a millisecond, for messages may wait for the processor.
inline constexpr std::size_t kTransferShare = 256 * 1024;

}  // namespace kefu::inline v0::net
