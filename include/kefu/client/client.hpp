// Client: a participant's device, in C++. It stays connected, resumes its session, and delivers
// what it was given exactly once and in order, across lost links, restarts and expired sessions.
// What it decides is core/client_session.hpp, the machine that the simulator runs too; here it
// meets a link, a store, a clock and tokens.
//
//   kefu::net::Loops loops;
//   kefu::client::WebSocket link{loops, {.url = "ws://127.0.0.1:8080/ws"}};
//   kefu::client::FilePendingStore pending{"chat.pending"};
//   kefu::client::Client client{link.executor(), link, pending, events, {.token = my_tokens}};
//   client.start();
//   client.send(conversation, "hello");
//   loops.run();
//
// Threading: everything on the executor: the calls (also those before it runs, from the one thread
// that there is then) and the events. Another thread posts to the executor.
//
// Lifetimes: executor, link, store and events outlive the client. It is destroyed on its executor
// or while that runs nothing, and not inside an event; events end with it.
//
// Errors: nothing throws but what the store's load() does, in the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <kefu/client/link.hpp>
#include <kefu/client/pending_store.hpp>
#include <kefu/completion.hpp>
#include <kefu/core/client_effects.hpp>
#include <kefu/core/client_requests.hpp>
#include <kefu/core/client_session.hpp>
#include <kefu/executor.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0::client {

/// What a TokenProvider gives.
struct Token {
  std::string text;
  /// How long it is good for; it is renewed while the last fifth of that is left. Nothing: it is
  /// used until the server refuses it.
  std::optional<Nanoseconds> valid_for = {};
};

/// Asked for a token: before the first connection, when the one at hand ends soon, and when the
/// server has refused it. Called on the executor; the completion may come from any thread. An error
/// is tried again later.
using TokenProvider = std::function<void(Completion<result<Token>>)>;

/// What a Client is made with.
struct Options {
  TokenProvider token;
  core::RequestTerms requests = {};  ///< of ask()
  core::ClientOptions machine = {};  ///< timeouts and delays; its `seed` is not used, but this:
  std::uint64_t seed = 0;            ///< of the jitter; 0: one from the system
  limits bounds = {};                ///< of the server: what a message from it may be
  Nanoseconds token_retry{1'000'000'000};  ///< before a token is asked for again; then longer
  Nanoseconds token_retry_limit{30'000'000'000};
  /// Positions are saved at most so often; what was delivered since is delivered again after a
  /// crash.
  Nanoseconds save_positions{1'000'000'000};
};

/// What the application is told. Never inside a call of the client, but for on_store_failed() in
/// stop().
class Events {
 public:
  /// The next entry of a log: each comes once, in order. `own`: this participant wrote it.
  virtual void on_entry(const Entry& entry, bool own) = 0;

  /// A send has its outcome: see core::client_effect::Settled for what each code means.
  virtual void on_settled(const core::client_effect::Settled& settled) = 0;

  /// A log goes on behind `tail`; what lies between is to be had by `history`.
  virtual void on_reset(const core::client_effect::Reset& /*reset*/) {}

  /// A session begins (`resumed` false) or goes on. What one asks for again belongs here: an open
  /// that was not answered, whom one watches.
  virtual void on_attached(SessionId /*session*/, bool /*resumed*/) {}

  /// The connection is gone; it will come back by itself.
  virtual void on_detached(errc /*reason*/) {}

  /// The server will not have this client, and trying again does not change it: it has stopped. A
  /// token that is refused is no such case; the provider is asked for another one.
  virtual void on_refused(errc /*code*/) {}

  /// The pending store can't save; nothing is sent until it can. Told once until it could.
  virtual void on_store_failed(errc /*code*/) {}

  /// Every frame of the server, before the client acts on it: the welcome, offers, typing,
  /// receipts, answers to transmit(). Its texts are valid during the call. Entries are better taken
  /// from on_entry().
  virtual void on_frame(const ServerFrame& /*frame*/) {}

 protected:
  ~Events() = default;
};

class Client {
 public:
  Client(Executor& executor, Link& link, PendingStore& store, Events& events, Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Connects, and stays connected. Also after on_refused().
  void start();

  /// Says goodbye and saves, and tells no more of it. What is pending stays so until the next
  /// start().
  void stop();

  /// Takes a message to deliver, connected or not, and answers its number: on_settled() names it.
  /// From the end of this turn of the executor on it survives a crash, as far as the store does.
  /// `traceparent` ties it to a trace (model/traceparent.hpp); one that isn't valid is left out,
  /// and none survives this process.
  std::uint64_t send(ConversationId conversation, std::string body,
                     std::string kind = std::string(kind::kText), Log log = Log::public_log,
                     std::string traceparent = {});

  /// Says something else: open, accept, close, history, list, read, typing. False: it is not
  /// attached, and nothing was said; nor will it be said again when the connection is lost. Its
  /// answer comes by on_frame(), with its `ref`; those that begin with "kefu-" are the client's
  /// own.
  bool transmit(const ClientFrame& frame);

  /// Says something that has an answer, connected or not, and again on each connection until that
  /// comes: for what is safe to repeat, as everything is that names an id, a version or an
  /// assignment. Its `ref` is the client's. `done` gets the answer or an error frame, whose texts
  /// are valid during the call; not inside this one. The client's own errors are `overloaded`
  /// (Options::requests) and, inside stop() and the destructor, `shutting_down`.
  void ask(ClientFrame frame, Completion<const ServerFrame&> done);

  /// The server has answered `hello` on the connection that stands now.
  [[nodiscard]] bool attached() const noexcept;
  /// How many sends have no outcome.
  [[nodiscard]] std::size_t pending() const;
  /// The highest number that send() gave, also before the last restart; 0: none.
  [[nodiscard]] std::uint64_t submitted() const;
  /// Nil before the first one.
  [[nodiscard]] SessionId session() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::client
