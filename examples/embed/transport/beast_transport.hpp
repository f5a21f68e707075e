// A host's own WebSocket server as a kefu::Transport: here Boost.Beast, on io_contexts that the
// host has anyway. Whatever else your server is, the shape is this: an Executor for each of its
// loops, a Connection for each of its sockets, and a Transport that hands them over.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <kefu/executor.hpp>
#include <kefu/transport.hpp>
#include <memory>
#include <vector>

namespace host {

/// An io_context that one thread runs. What was posted and has not run when it goes, is dropped.
class Loop final : public kefu::Executor {
 public:
  boost::asio::io_context context{1};

  void post(kefu::Task task) override;
  void post_at(kefu::Instant when, kefu::Task task) override;
  [[nodiscard]] kefu::Instant now() const override;
};

/// Each connection lives on one of the loops, in turn. The loops outlive the server, and what was
/// handed to them too.
class BeastTransport final : public kefu::Transport {
 public:
  BeastTransport(std::vector<Loop*> loops, std::uint16_t port, kefu::Nanoseconds close_timeout);

  [[nodiscard]] std::uint16_t port() const;
  void start(kefu::Acceptor& acceptor) override;
  void stop(kefu::Instant deadline, kefu::Completion<> done) override;

  struct Server;

 private:
  std::shared_ptr<Server> server_;  // shared with what the loops have still to do
};

}  // namespace host
