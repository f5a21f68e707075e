#include "engine.hpp"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <kefu/net/upgrade.hpp>

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "machine.hpp"

namespace bench {
namespace {

namespace ws = kefu::net::websocket;

constexpr std::size_t kInput = 256 * 1024;
constexpr std::uint8_t kAttempts = 20;
// Of the about 28,000 ports that the system has for one pair of addresses.
constexpr std::uint32_t kLinksOfAnAddress = 10'000;

void allow_descriptors(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
    throw std::runtime_error("this process may not have " + std::to_string(wanted) +
                             " descriptors");
}

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Engine::Engine(const Options& options, std::uint32_t links, Handler& handler)
    : options_(options),
      handler_(handler),
      links_(links),
      events_(options.batch),
      input_(kInput + ws::kPadding),
      concurrency_(options.concurrency),
      random_(static_cast<std::uint32_t>(now_ns()) | 1u) {
  for (std::uint32_t i = 0; i < links; ++i) links_[i].index = i;
  allow_descriptors(links + 64u);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Engine::~Engine() {
  for (Link& link : links_) shut(link);
  close(epoll_);
}

std::uint32_t Engine::random() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return random_;
}

// ---- opening

void Engine::open(Link& link) {
  link.begun_ns = now_ns();
  wanted_.push_back(link.index);
}

std::uint16_t Engine::port_of(const Link& link) const {
  return static_cast<std::uint16_t>(options_.port + handler_.node_of(link) % options_.nodes);
}

void Engine::start(Link& link) {
  link.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (link.fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  setsockopt(link.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (links_.size() > kLinksOfAnAddress) {
    setsockopt(link.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in own = loopback(1 + link.index / kLinksOfAnAddress, 0);
    if (bind(link.fd, generic(own), sizeof own) != 0)
      throw std::system_error(errno, std::generic_category(), "bind");
  }
  link.state = Link::State::connecting;
  ++handshaking_;
  const sockaddr_in server = loopback(0, port_of(link));
  if (connect(link.fd, generic(server), sizeof server) != 0 && errno != EINPROGRESS)
    return lost(link, strerror(errno));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = link.index;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, link.fd, &event);
}

void Engine::ready(Link& link) {
  if (link.state == Link::State::ready) return;
  link.state = Link::State::ready;
  --handshaking_;
  ++ready_;
  handshakes.add(now_ns() - link.begun_ns);
}

void Engine::shut(Link& link) {
  if (link.fd >= 0) close(link.fd);
  link.fd = -1;
  link.state = Link::State::closed;
  link.head.clear();
  link.out.clear();
  link.out_done = 0;
}

void Engine::cut(Link& link) {
  if (link.fd < 0) return;
  --(link.state == Link::State::ready ? ready_ : handshaking_);
  const linger reset{1, 0};
  setsockopt(link.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  shut(link);
}

void Engine::lost(Link& link, std::string_view why) {
  const bool was_ready = link.state == Link::State::ready;
  shut(link);
  last_failure = why;
  if (was_ready) {
    --ready_;
    ++dropped;
    return;
  }
  --handshaking_;
  ++failed_handshakes;
  if (++link.failures < kAttempts) wanted_.push_back(link.index);
}

// ---- writing

void Engine::touch(Link& link) {
  if (!std::exchange(link.dirty, true)) dirty_.push_back(link.index);
}

void Engine::send(Link& link, std::string_view text) {
  if (link.fd < 0) return;
  ws::append_masked(link.out, ws::Opcode::text, true, std::as_bytes(std::span(text)), random());
  touch(link);
}

void Engine::flush(Link& link) {
  if (link.fd < 0 || link.state == Link::State::connecting) return;
  while (link.out_done < link.out.size()) {
    const ssize_t n = ::send(link.fd, link.out.data() + link.out_done,
                             link.out.size() - link.out_done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;  // the edge of EPOLLOUT brings it back
    if (n < 0) return lost(link, strerror(errno));
    link.out_done += static_cast<std::size_t>(n);
  }
  link.out.clear();
  link.out_done = 0;
}

void Engine::flush_all() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    Link& link = links_[dirty_[i]];
    if (link.state == Link::State::ready) handler_.before_flush(link);
    link.dirty = false;
    flush(link);
  }
  dirty_.clear();
}

// ---- reading

void Engine::request_upgrade(Link& link) {
  link.state = Link::State::upgrading;
  kefu::net::UpgradeRequest request;
  request.host = "127.0.0.1:" + std::to_string(port_of(link));
  request.target = handler_.request_target(link);
  for (std::byte& byte : request.nonce) byte = static_cast<std::byte>(random());
  const std::string text = kefu::net::write_upgrade_request(request);
  const auto bytes = std::as_bytes(std::span(text));
  link.out.assign(bytes.begin(), bytes.end());
  link.decoder = ws::Decoder({ws::Role::client, false, 1u << 20});
  touch(link);
}

void Engine::on_event(Link& link, std::uint32_t events) {
  if (link.fd < 0) return;
  if (link.state == Link::State::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || (events & (EPOLLERR | EPOLLHUP)) != 0) return lost(link, strerror(error));
    if ((events & EPOLLOUT) == 0) return;
    request_upgrade(link);
  } else if ((events & EPOLLOUT) != 0 && link.out_done < link.out.size()) {
    touch(link);
  }
  const std::uint32_t ended = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | ended)) != 0) read(link, (events & ended) != 0);
}

void Engine::read(Link& link, bool to_the_end) {
  while (link.fd >= 0) {
    const ssize_t n = recv(link.fd, input_.data(), kInput, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return lost(link, n == 0 ? "closed by the server" : strerror(errno));
    received_at_ = now_ns();
    std::span<std::byte> input(input_.data(), static_cast<std::size_t>(n));
    if (link.state == Link::State::upgrading && !consume_head(link, input)) continue;
    consume(link, input);
    // A short read empties the socket; what comes later is another edge.
    if (static_cast<std::size_t>(n) < kInput && !to_the_end) return;
  }
}

/// True when the head of the answer is whole; `input` is then what follows it.
bool Engine::consume_head(Link& link, std::span<std::byte>& input) {
  const std::size_t before = link.head.size();
  link.head.append(reinterpret_cast<const char*>(input.data()), input.size());
  const std::size_t end = link.head.find("\r\n\r\n");
  if (link.head.compare(0, 12, "HTTP/1.1 101", 0, std::min<std::size_t>(link.head.size(), 12)) !=
      0) {
    lost(link, "refused: " + link.head.substr(0, link.head.find('\r')));
    return false;
  }
  if (end == std::string::npos) return false;
  input = input.subspan(end + 4 - before);
  link.head.clear();
  link.state = Link::State::greeting;
  handler_.on_open(link);
  return true;
}

void Engine::consume(Link& link, std::span<std::byte> input) {
  while (link.fd >= 0) {
    const ws::Event event = link.decoder.next(input);
    switch (event.kind) {
      case ws::EventKind::need_more:
        return;
      case ws::EventKind::text:
      case ws::EventKind::binary:
        handler_.on_text(link, event.text());
        break;
      case ws::EventKind::ping:
        ws::append_masked(link.out, ws::Opcode::pong, true, event.payload, random());
        touch(link);
        break;
      case ws::EventKind::pong:
        break;
      case ws::EventKind::close:
        return lost(link, "close " + std::to_string(event.code) + " " + std::string(event.text()));
      case ws::EventKind::error:
        return lost(link, "bad frame: " + std::string(ws::to_string(event.error)));
    }
  }
}

// ---- the loop

void Engine::turn(std::uint64_t wait_ns) {
  while (!wanted_.empty() && handshaking_ < concurrency_) {
    Link& link = links_[wanted_.front()];
    wanted_.pop_front();
    if (link.fd < 0) start(link);
  }
  flush_all();  // what was said between the turns
  const timespec wait{static_cast<time_t>(wait_ns / 1'000'000'000),
                      static_cast<long>(wait_ns % 1'000'000'000)};
  const int n =
      epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &wait, nullptr);
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    on_event(links_[event.data.u32], event.events);
  }
  flush_all();
}

void Engine::run_for(double seconds) {
  run_until(seconds, [] { return false; });
}

}  // namespace bench
