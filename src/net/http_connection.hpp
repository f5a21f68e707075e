// HttpConnection: a socket until it becomes a WebSocket, or all its life: one request at a time.
#pragma once

#include <cstdint>
#include <kefu/net/http.hpp>
#include <kefu/net/http_head.hpp>
#include <kefu/net/upgrade.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "net/link.hpp"

namespace kefu::net {

class HttpConnection final : public Link {
 public:
  HttpConnection(Worker& worker, Socket socket, std::string peer);

  void on_ready(Readiness readiness) override;
  void read() override;
  void on_tick() override;
  void shut_down() override;
  void cut() override;

 private:
  enum class State : std::uint8_t {
    reading,    // a head, or waiting for one
    writing,    // the answer
    lingering,  // all is written; what comes is thrown away, or it would take the answer with it
    gone,
  };

  void feed(std::string_view bytes);
  void handle(const http::Head& request);
  void upgrade(const Upgrade& answer);
  void respond(http::Response response, bool keep_alive, bool with_body);
  void write();
  void on_written();
  void set_deadline() noexcept;
  std::string_view subject();

  http::HeadParser parser_;
  std::string peer_;
  std::optional<std::string> subject_;  // once it was asked for
  std::string unread_;                  // bytes behind the current head
  std::string head_out_;
  std::string body_out_;
  std::size_t written_ = 0;
  std::uint32_t deadline_ = 0;
  State state_ = State::reading;
  bool keep_alive_ = false;
};

}  // namespace kefu::net
