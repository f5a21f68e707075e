#include <kefu/testing/transport_conformance.hpp>

#include <doctest/doctest.h>
#include <poll.h>

#include <deque>
#include <kefu/net/server.hpp>
#include <kefu/wire/close_code.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/net/certificates.hpp"
#include "integration/net/conformance_client.hpp"
#include "unit/testing/tampered_transport.hpp"

namespace {

using namespace kefu;
using net::testing::Client;
using net::testing::SocketClient;
using test::TamperedTransport;
using test::Tampering;

/// A client of the fallback: a GET whose answer are the server's messages, and POSTs on a
/// connection of their own, the next one when the one before is answered.
class EventClient final : public Client {
 public:
  EventClient(std::vector<Client*>& list, std::uint16_t port) : Client(list) {
    try {
      down_.emplace(port);
      up_.emplace(port);
      outbox_down_ = "GET /events HTTP/1.1\r\nHost: test\r\n\r\n";
      for (net::testing::Stream* const stream : {&*down_, &*up_}) do_not_block(*stream);
    } catch (const std::exception&) {
      ended_ = errc::unavailable;
    }
  }
  ~EventClient() override {
    if (down_ && !ended_) down_->reset();
  }

  void send(std::string message) override { messages_.push_back(std::move(message)); }
  void close() override { closing_ = true; }

  void work() override try {
    outbox_down_.erase(0, down_ && !ended_ ? down_->write_some(outbox_down_) : 0);
    while (!paused_ && !ended_ && down_->readable()) hear(*down_);
    constexpr int kPosts = 200;  // then it is others' turn
    for (int i = 0; i < kPosts && !ended_ && !key_.empty() && post(); ++i) {
    }
    if (closing_ && !ended_ && messages_.empty() && outbox_up_.empty() && !waiting_) {
      down_.reset();
      ended_ = errc::unavailable;
    }
  } catch (const std::exception&) {
    ended_ = told_;
  }

 private:
  /// True when it got on.
  bool post() {
    if (!waiting_ && !messages_.empty()) {
      const std::string& text = messages_.front();
      outbox_up_ = "POST /events?key=" + key_ + "&n=" + std::to_string(++number_) +
                   " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(text.size()) +
                   "\r\n\r\n" + text;
      messages_.pop_front();
      waiting_ = true;
    }
    if (!waiting_) return false;
    outbox_up_.erase(0, up_->write_some(outbox_up_));
    pollfd answer{up_->descriptor(), POLLIN, 0};
    if (!outbox_up_.empty() || (!up_->readable() && ::poll(&answer, 1, 1) == 0)) return false;
    unread_up_ += up_->read_now().value_or("");
    const std::size_t end = unread_up_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    // 404, 410: the stream has ended, which it says itself.
    const std::string status = unread_up_.substr(0, unread_up_.find(' ', 9));
    if (status != "HTTP/1.1 204" && status != "HTTP/1.1 404" && status != "HTTP/1.1 410")
      throw std::runtime_error(unread_up_);
    const std::size_t length = unread_up_.find("Content-Length: ");
    const std::size_t body = length < end ? std::stoul(unread_up_.substr(length + 16)) : 0;
    if (unread_up_.size() < end + 4 + body) return false;
    unread_up_.erase(0, end + 4 + body);
    waiting_ = false;
    return true;
  }

  void hear(net::testing::Stream& stream) {
    const std::optional<std::string> bytes = stream.read_now();
    if (!bytes) return;
    if (bytes->empty()) ended_ = told_;
    unread_ += *bytes;
    if (!headed_) {
      const std::size_t end = unread_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      headed_ = true;
      unread_.erase(0, end + 4);
    }
    std::size_t from = 0;
    for (std::size_t end = 0; (end = unread_.find("\n\n", from)) != std::string::npos;
         from = end + 2)
      hear(std::string_view(unread_).substr(from, end - from));
    unread_.erase(0, from);
  }

  void hear(std::string_view event) {
    constexpr std::string_view kMessage = "data: ", kOpen = "event: open\ndata: {\"key\":\"",
                               kClose = "event: close\ndata: {\"code\":";
    if (event.starts_with(kMessage)) {
      std::string text{event.substr(kMessage.size())};
      for (std::size_t at = 0; (at = text.find("\ndata: ", at)) != std::string::npos; ++at)
        text.erase(at + 1, kMessage.size());
      inbox_.push_back(std::move(text));
    }
    if (event.starts_with(kOpen))
      key_ = event.substr(kOpen.size(), event.size() - kOpen.size() - 2);
    if (event.starts_with(kClose)) {
      const int code = std::stoi(std::string(event.substr(kClose.size())));
      told_ = wire::reason_from_close_code(static_cast<std::uint16_t>(code));
    }
  }

  std::optional<net::testing::Stream> down_, up_;
  std::string outbox_down_, unread_, key_;
  bool headed_ = false;
  std::deque<std::string> messages_;
  std::uint64_t number_ = 0;
  bool waiting_ = false;  // for the answer to a POST
  std::string outbox_up_, unread_up_;
  bool closing_ = false;
};

enum class Protocol : std::uint8_t { websocket, events };

class ServerHost final : public testing::TransportHost {
 public:
  explicit ServerHost(Protocol protocol, Tampering how = Tampering::none)
      : protocol_(protocol), how_(how), thread_([this] { loops_.run(); }) {}
  ~ServerHost() override {
    loops_.stop();
    thread_.join();
  }

  std::unique_ptr<Transport> open() override {
    net::ServerOptions options;
    options.port = 0;
    options.close_timeout = Nanoseconds(300'000'000);
    if (net::testing::over_tls()) options.tls = &net::testing::any_server();
    auto server = std::make_unique<net::Server>(loops_, std::move(options));
    server_ = server.get();
    return std::make_unique<TamperedTransport>(std::move(server), how_);
  }
  std::vector<Executor*> executors() override { return loops_.executors(); }
  std::unique_ptr<testing::TransportClient> dial() override {
    if (protocol_ == Protocol::events)
      return std::make_unique<EventClient>(clients_, server_->port());
    return std::make_unique<SocketClient>(clients_, server_->port());
  }
  [[nodiscard]] bool says_goodbye() const override { return protocol_ == Protocol::websocket; }
  void let(Nanoseconds pass) override {
    for (Client* const one : clients_) one->work();
    std::this_thread::sleep_for(pass);
  }

 private:
  const Protocol protocol_;
  const Tampering how_;
  std::vector<Client*> clients_;
  net::Loops loops_{2};
  net::Server* server_ = nullptr;
  std::thread thread_;
};

TEST_CASE("the server passes the transport's conformance suite, over WebSockets and the fallback") {
  for (const Protocol protocol : {Protocol::websocket, Protocol::events}) {
    CAPTURE(static_cast<int>(protocol));
    ServerHost host(protocol);
    for (const testing::TransportCheck& check : testing::transport_checks()) {
      CAPTURE(check.name);
      CHECK_EQ(check.run(host), "");
    }
  }
}

#ifndef KEFU_TSAN  // which would find them too
TEST_CASE("the suite finds calls on another thread") {
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    if (check.name != "threads: calls wait for their executor") continue;
    ServerHost host(Protocol::websocket, Tampering::other_thread);
    CHECK_NE(check.run(host), "");
  }
}
#endif

}  // namespace
