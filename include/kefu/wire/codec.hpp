// The JSON codec of the subprotocol kefu.v1 (PROTOCOL.md). simdjson and fmt stay behind it.
#pragma once

#include <kefu/limits.hpp>
#include <kefu/model/frame.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0::wire {

inline constexpr std::string_view kSubprotocol = "kefu.v1";

/// Why a frame was not understood. `detail` is static text that names the field.
struct DecodeError {
  errc code = errc::bad_frame;  ///< bad_frame, unsupported (unknown type), too_large, overloaded
                                ///< (no memory)
  std::string_view detail = {};
  std::string_view ref = {};  ///< of the frame, when it could be read; a view as in the frames
  std::optional<ConversationId> conversation = {};  ///< of a send or note, when it could be read …
  std::optional<std::uint64_t> cseq = {};  ///< … so that the error says which send it is about
};

/// Decodes messages. One decoder serves a whole shard: it keeps the parser's memory between
/// messages, so that decoding costs no heap allocation once that has grown to the largest message
/// seen (bounded by limits::max_frame on the server's side, by limits::max_answer on the client's).
/// Frames that hold arrays allocate for these.
///
/// Threading: one thread at a time. Lifetimes: the views in a frame are valid during the handler's
/// call. A handler is called for each frame of a message in order; a message is one frame or an
/// array of frames. A frame that can't be decoded is reported and the next one goes on; a message
/// that is not JSON is reported once.
class Decoder {
 public:
  explicit Decoder(const limits& bounds);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Gets what a client said. Texts are valid during the call.
  class ClientHandler {
   public:
    /// The next frame.
    virtual void on_frame(const ClientFrame& frame) = 0;
    /// What can not be read; those behind it come all the same, where they can.
    virtual void on_error(const DecodeError& error) = 0;

   protected:
    ~ClientHandler() = default;
  };
  /// Gets what a server said. Texts are valid during the call.
  class ServerHandler {
   public:
    /// The next frame.
    virtual void on_frame(const ServerFrame& frame) = 0;
    /// The same as ClientHandler::on_error().
    virtual void on_error(const DecodeError& error) = 0;

   protected:
    ~ServerHandler() = default;
  };

  /// `slack` as in Inbound::on_message. The server's side.
  void decode(std::string_view message, std::size_t slack, ClientHandler& handler);
  /// The client's side. Unknown types are skipped: a newer server may say more.
  void decode(std::string_view message, std::size_t slack, ServerHandler& handler);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Appends the frame's JSON to `out`. Texts must be valid UTF-8.
void encode(const ClientFrame& frame, std::string& out);
void encode(const ServerFrame& frame, std::string& out);

/// The same for the two frames of the message path, without the variant around them.
void encode(const frame::EntryFrame& frame, std::string& out);
void encode(const frame::Ack& frame, std::string& out);

}  // namespace kefu::inline v0::wire
