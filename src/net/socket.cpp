#include "net/socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace kefu::inline v0::net {
namespace {

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

int accept_non_blocking(int listening, sockaddr* address, socklen_t* size) noexcept {
#if KEFU_NET_LINUX
  return ::accept4(listening, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  const int descriptor = ::accept(listening, address, size);
  if (descriptor < 0) return descriptor;
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return descriptor;
#endif
}

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

AcceptStatus status_for(int error) noexcept {
  if (would_block(error)) return AcceptStatus::would_block;
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptStatus::exhausted;
    default:
      return AcceptStatus::gone;  // ECONNABORTED, EINTR and the network errors that accept reports
  }
}

}  // namespace

Socket::~Socket() {
  if (tls_) tls_.end_writing();
  if (descriptor_ >= 0) ::close(descriptor_);
}

IoResult Socket::read(std::span<std::byte> into) noexcept {
  return tls_ ? tls_.read(into) : receive(into, 0);
}

IoResult Socket::peek(std::span<std::byte> into) noexcept { return receive(into, MSG_PEEK); }

IoResult Socket::write(std::span<const iovec> parts) noexcept {
  return tls_ ? tls_.write(parts) : write_plain(parts);
}

IoResult Socket::receive(std::span<std::byte> into, int flags) noexcept {
  for (;;) {
    const ssize_t count = ::recv(descriptor_, into.data(), into.size(), flags);
    if (count > 0) return {IoStatus::done, static_cast<std::size_t>(count)};
    if (count == 0) return {IoStatus::ended, 0};
    if (would_block(errno)) return {IoStatus::would_block, 0};
    if (errno != EINTR) return {IoStatus::failed, 0};
  }
}

IoResult Socket::write_plain(std::span<const iovec> parts) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());  // sendmsg doesn't change them
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t count =
        parts.size() == 1 ? ::send(descriptor_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                          : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (count >= 0) return {IoStatus::done, static_cast<std::size_t>(count)};
    if (would_block(errno)) return {IoStatus::would_block, 0};
    if (errno != EINTR) return {IoStatus::failed, 0};
  }
}

void Socket::end_writing() noexcept {
  if (tls_) tls_.end_writing();
  ::shutdown(descriptor_, SHUT_WR);
}

Accepted accept_from(int listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int descriptor =
      accept_non_blocking(listening, reinterpret_cast<sockaddr*>(&address), &size);
  if (descriptor < 0) return {status_for(errno), Socket{}, {}};
  Socket socket{descriptor};
  return {AcceptStatus::accepted, std::move(socket), text_of(address)};
}

}  // namespace kefu::inline v0::net
