// The host's own protocol as a kefu::Transport: kefu's frames over plain TCP, one a line.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <kefu/limits.hpp>
#include <kefu/transport.hpp>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "loop.hpp"

/// The Hub is called from ready() only, which the loop calls: so never inside a call of the Hub's.
class Line final : public kefu::Connection {
 public:
  Line(Loop& loop, int socket, std::string peer)
      : loop_(loop), socket_(socket), peer_(std::move(peer)) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { ::close(socket_); }

  kefu::SendStatus send(kefu::SharedFrame frame) override {
    if (closing_) return kefu::SendStatus::closed;
    out_.append(frame.text()).push_back('\n');  // poll() comes after: one write for all of a turn
    if (out_.size() < bounds_.send_queue) return kefu::SendStatus::accepted;
    pressed_ = true;
    return kefu::SendStatus::backpressure;
  }
  std::size_t buffered() const override { return out_.size(); }
  void pause_reading() override { reading_ = false; }
  void resume_reading() override { reading_ = true; }
  void close(kefu::errc reason) override {
    if (closing_) return;
    closing_ = reason;
    loop_.post_at(loop_.now() + bounds_.stall_timeout, [this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) cut();
    });
  }
  std::string_view peer() const override { return peer_; }
  kefu::Executor& executor() override { return loop_; }

  /// Whatever is queued is lost.
  void cut() {
    out_.clear();
    ::shutdown(socket_, SHUT_RDWR);
  }
  short wants() const {
    const bool hears = reading_ && !closing_;
    const bool acts = !out_.empty() || closing_ || (hears && in_.find('\n') != std::string::npos);
    return static_cast<short>((hears ? POLLIN : 0) | (acts ? POLLOUT : 0));
  }
  /// Why it has ended, when it has.
  std::optional<kefu::errc> ready(short found, kefu::Inbound& inbound) {
    if (!out_.empty()) write();
    if ((found & ~POLLOUT) != 0) read();
    std::size_t from = 0, end = 0;
    for (; reading_ && !closing_ && (end = in_.find('\n', from)) != in_.npos; from = end + 1)
      inbound.on_message(std::string_view(in_).substr(from, end - from), 0);
    in_.erase(0, from);
    if (in_.size() > bounds_.max_frame && in_.find('\n') == in_.npos) close(kefu::errc::too_large);
    if (pressed_ && out_.size() < bounds_.send_queue / 2) {
      pressed_ = false;
      inbound.on_writable();
    }
    if (gone_) return closing_ ? closing_ : gone_;
    return out_.empty() ? closing_ : std::nullopt;
  }

 private:
  void write() {
    const ssize_t size = ::send(socket_, out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size >= 0) out_.erase(0, static_cast<std::size_t>(size));
    if (size < 0 && errno != EAGAIN) gone_ = kefu::errc::unavailable;
  }
  void read() {
    char bytes[64 * 1024];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size > 0) in_.append(bytes, static_cast<std::size_t>(size));
    if (size == 0) gone_ = kefu::errc::ok;
    if (size < 0 && errno != EAGAIN) gone_ = kefu::errc::unavailable;
  }

  const kefu::limits bounds_;  // the Hub's defaults
  Loop& loop_;
  const int socket_;
  const std::string peer_;
  std::string in_, out_;
  bool reading_ = true;
  bool pressed_ = false;
  std::optional<kefu::errc> closing_, gone_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>();
};
