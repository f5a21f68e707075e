#include "proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

namespace kefu::test {
namespace {

sockaddr_un address_in(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/.s.PGSQL.5432";
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool send_all(const Descriptor& to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to.get(), bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

Proxy::Proxy(std::string folder, const std::string& server)
    : folder_(std::move(folder)), server_(server) {
  std::filesystem::create_directory(folder_);
  listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_in(folder_);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 64) != 0)
    throw std::runtime_error("can't listen in " + folder_);
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  wake_out_ = Descriptor(ends[0]);
  wake_in_ = Descriptor(ends[1]);
  thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
  wake_in_ = Descriptor();  // the other end sees it
  thread_.join();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Proxy::cut_at(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  left_ = n;
  cut_ = false;
  most_ = 0;
}

bool Proxy::was_cut() {
  const std::scoped_lock lock(mutex_);
  left_ = 0;
  return std::exchange(cut_, false);
}

void Proxy::hold_at(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  left_ = n;
  hold_ = true;
  most_ = 0;
}

void Proxy::let_go() {
  {
    const std::scoped_lock lock(mutex_);
    left_ = 0;
    hold_ = false;
  }
  let_go_ = holds_.load();
  while (let_go_) std::this_thread::yield();
}

void Proxy::cut_randomly(std::uint64_t most, std::uint64_t seed) {
  const std::scoped_lock lock(mutex_);
  random_.seed(seed);
  most_ = most;
  left_ = most == 0 ? 0 : 1 + random_() % most;
}

bool Proxy::counts_to_cut(const Way& way) {
  const std::scoped_lock lock(mutex_);
  if (hold_ && !way.back) return false;
  if (left_ == 0 || --left_ != 0) return false;
  if (hold_) {
    holds_ = true;
    return true;
  }
  cut_ = true;
  ++cuts_;
  if (most_ != 0) left_ = 1 + random_() % most_;
  return true;
}

void Proxy::accept() {
  Pair pair;
  pair.client = Descriptor(::accept(listener_.get(), nullptr, nullptr));
  pair.server = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  pair.back.started = pair.back.back = true;
  const sockaddr_un address = address_in(server_);
  if (!pair.client || ::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address),
                                sizeof address) != 0)
    return;  // and so the client is cut
  pairs_.push_back(std::move(pair));
}

std::optional<std::size_t> Proxy::message_at(const Way& way, std::size_t place) {
  const std::size_t body = place + (way.started ? 1 : 0);
  if (way.bytes.size() < body + 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = body; i < body + 4; ++i)
    size = size << 8 | static_cast<unsigned char>(way.bytes[i]);
  if (way.bytes.size() < body + size) return std::nullopt;
  return body + size;
}

bool Proxy::pass(const Descriptor& from, const Descriptor& to, Way& way) {
  char bytes[16384];
  const ssize_t got = ::recv(from.get(), bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  way.bytes.append(bytes, static_cast<std::size_t>(got));
  std::size_t passed = 0;
  bool cut = false;
  for (; !cut; way.started = true) {
    const std::optional<std::size_t> end = message_at(way, passed);
    if (!end) break;
    cut = counts_to_cut(way);
    if (!cut) passed = *end;
  }
  if (!send_all(to, way.bytes.data(), passed)) return false;
  if (cut) return holds_;
  way.bytes.erase(0, passed);
  return true;
}

/// What the clients have said still arrives.
void Proxy::hold(std::vector<pollfd>& sockets) {
  for (std::size_t i = 3; i < sockets.size(); i += 2) sockets[i].fd = -1;
  constexpr int kLookAgain = 1;  // ms
  ::poll(sockets.data() + 2, static_cast<nfds_t>(sockets.size() - 2), kLookAgain);
  std::size_t at = 2;
  for (Pair& pair : pairs_) {
    if (sockets[at].revents != 0) pass(pair.client, pair.server, pair.there);
    at += 2;
  }
  if (!let_go_) return;
  pairs_.clear();
  holds_ = let_go_ = false;
}

void Proxy::run() {
  for (;;) {
    std::vector<pollfd> sockets{{wake_out_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      sockets.push_back({pair.client.get(), POLLIN, 0});
      sockets.push_back({pair.server.get(), POLLIN, 0});
    }
    if (holds_) {
      hold(sockets);
      continue;
    }
    ::poll(sockets.data(), static_cast<nfds_t>(sockets.size()), -1);
    if (sockets[0].revents != 0) return;
    std::size_t at = 2;
    for (auto pair = pairs_.begin(); pair != pairs_.end(); at += 2) {
      const bool alive =
          (sockets[at].revents == 0 || pass(pair->client, pair->server, pair->there)) &&
          (sockets[at + 1].revents == 0 || pass(pair->server, pair->client, pair->back));
      pair = alive ? std::next(pair) : pairs_.erase(pair);
    }
    if (sockets[1].revents != 0) accept();
  }
}

}  // namespace kefu::test
