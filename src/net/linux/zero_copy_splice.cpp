#include <fcntl.h>
#include <sys/sendfile.h>

#include <cerrno>
#include <csignal>

#include "net/zero_copy.hpp"

namespace kefu::inline v0::net {
namespace {

/// `end`: what no bytes mean.
template <class Call>
IoResult move(IoStatus end, Call call) noexcept {
  for (;;) {
    const ssize_t count = call();
    if (count > 0) return {IoStatus::done, static_cast<std::size_t>(count)};
    if (count == 0) return {end, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
    if (errno != EINTR) return {IoStatus::failed, 0};
  }
}

}  // namespace

std::optional<Pipe> make_pipe(std::size_t bytes) noexcept {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
  // Whoever may not have so much gets what everybody gets.
  (void)::fcntl(pipe.in.get(), F_SETPIPE_SZ, static_cast<int>(bytes));
  return pipe;
}

IoResult splice_from(int socket, const Pipe& pipe, std::size_t most) noexcept {
  return move(IoStatus::ended, [&] {
    return ::splice(socket, nullptr, pipe.in.get(), nullptr, most,
                    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
}

IoResult splice_to(int file, std::uint64_t offset, const Pipe& pipe, std::size_t most) noexcept {
  return move(IoStatus::failed, [&] {
    loff_t at = static_cast<loff_t>(offset);
    return ::splice(pipe.out.get(), nullptr, file, &at, most, SPLICE_F_MOVE);
  });
}

IoResult send_file(int socket, int file, std::uint64_t offset, std::size_t most) noexcept {
  return move(IoStatus::failed, [&] {
    off_t at = static_cast<off_t>(offset);
    return ::sendfile(socket, file, &at, most);
  });
}

// sendfile() has no MSG_NOSIGNAL. What is blocked stays pending on this thread and goes with it.
void ignore_broken_sockets() noexcept {
  sigset_t broken;
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken, nullptr);
}

}  // namespace kefu::inline v0::net
