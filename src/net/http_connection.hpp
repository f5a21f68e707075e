// HttpConnection: a socket until it becomes a WebSocket, or all its life: one request at a time.
// What comes behind a request waits in the socket, but for the rest of one read, so pipelining
// costs no more than that.
#pragma once

#include <cstdint>
#include <functional>
#include <kefu/net/http.hpp>
#include <kefu/net/http_body.hpp>
#include <kefu/net/http_head.hpp>
#include <kefu/net/upgrade.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/link.hpp"

namespace kefu::inline v0::net {

struct Begun;
class IncomingTransfer;
class OutgoingTransfer;
class StreamConnection;
struct TransferTurn;

/// A connection on its way to another worker: what is there of a request whose head is whole.
struct Removal {
  Socket socket;
  AddressHold address;
  std::string peer;
  http::HeadParser parser{http::HeadKind::request};
  std::string unread;    ///< behind the head
  std::size_t home = 0;  ///< the worker that accepted it
};

class HttpConnection final : public Link {
 public:
  HttpConnection(Worker& worker, Socket socket, std::string peer);
  HttpConnection(Worker& worker, Removal from);
  ~HttpConnection() override;

  void start();
  /// Takes up the request with which it came from another worker.
  void go_on();

  void on_tick() override;
  void shut_down() override;
  void cut() override;

  /// What Worker::await_answer() waits for has come.
  void on_answer(http::Response response);
  void on_begun(Begun begun);
  void on_part(result<std::string> part);

 private:
  void be_ready(Readiness readiness) override;
  void read() override;
  enum class State : std::uint8_t {
    introducing,  // what a proxy says of its peer
    reading,      // a request, or waiting for one
    awaiting,     // the answer, from elsewhere
    writing,      // the answer
    gathering,    // its next part, from elsewhere
    lingering,    // all is written; what comes is thrown away, or it would take the answer with it
    gone,
  };

  void read_introduction();
  void start_http();
  void feed(std::string_view bytes);
  void on_head(std::string_view unread);
  [[nodiscard]] http::Response refusal_of_body(const http::Head& request) const;
  [[nodiscard]] static bool expects_too_much(const http::Head& request);
  /// Whether the request's worker is another one: those of transfers may wait for a disk, and do
  /// nothing else.
  [[nodiscard]] bool is_elsewhere(const http::Head& request) const;
  void move_on();
  void begin_transfer(const http::Head& request);
  void receive();
  /// `behind`: what is here of the next request.
  void on_received(TransferTurn turn, std::string_view behind);
  void send_on();
  /// With a transfer, when others had their turn.
  void go_on_later();
  void feed_body(std::string_view bytes);
  void tell_to_go_on();
  void handle(const http::Head& request);
  void upgrade(const Upgrade& answer, std::string client);
  /// Of the fallback, see event_stream.hpp. False when the request is for something else.
  [[nodiscard]] bool handle_events(const http::Head& request, const std::string& client);
  void open_stream(const http::Head& request, std::string client);
  void post_message(const http::Head& request);
  /// The request is answered later.
  void await(const std::function<void(Completion<http::Response>)>& later);
  /// Waits for an answer from elsewhere; answers its number.
  std::uint64_t wait_for_answer(const http::Head& request);
  void answer_page(http::Response response, bool keep_alive);
  [[nodiscard]] bool is_post(const http::Head& request) const;
  [[nodiscard]] std::size_t most_in_body(const http::Head& request) const;
  void become(std::unique_ptr<StreamConnection> next, std::string_view head);
  [[nodiscard]] std::optional<http::Response> refusal_of_client(const std::string& client);
  void respond(http::Response response, bool keep_alive);
  void refuse(http::Response response) { respond(std::move(response), false); }
  void write();
  bool fill();
  void gather();
  void put_part(std::string part);
  void on_written();
  void set_deadline() noexcept;
  void count_held() noexcept;
  std::string_view subject();

  http::HeadParser parser_;
  std::optional<http::BodyReader> body_;  // from a head with a body until its answer
  std::string peer_;
  std::optional<std::string> subject_;  // once it was asked for
  std::string unread_;                  // bytes behind the current head
  std::string head_out_;
  std::string body_out_;
  std::function<std::string()> more_;  // see http::Response
  std::function<void(Completion<result<std::string>>)> more_later_;
  std::size_t written_ = 0;
  std::unique_ptr<IncomingTransfer> incoming_;  // instead of body_, for an upload
  std::unique_ptr<OutgoingTransfer> outgoing_;  // behind head_out_, for a download
  std::uint64_t awaited_ = 0;                   // of await_answer(), while awaiting
  std::size_t home_;                            // the worker that accepted it
  std::uint32_t deadline_ = 0;
  State state_ = State::reading;
  bool keep_alive_ = false;
  bool chunked_ = false;  // what more_ gives
  bool queued_ = false;   // its transfer goes on at the end of the turn
  bool drained_ = false;  // all that the socket was told to have has been read
  bool ended_ = false;    // as Readiness has it
};

}  // namespace kefu::inline v0::net
