// Bytes between sockets and files that never come up to this process. Where the system can't, the
// calls fail and there are no pipes: then bytes go through a buffer, and that way says what is
// wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "descriptor.hpp"
#include "net/io_result.hpp"

namespace kefu::inline v0::net {

/// What bytes pass on their way from a socket into a file. It doesn't block.
struct Pipe {
  Descriptor out;  ///< to read from
  Descriptor in;
};

/// Nothing where there are no pipes, or no more of them. The system holds at most about `bytes` in
/// it.
[[nodiscard]] std::optional<Pipe> make_pipe(std::size_t bytes) noexcept;

/// From a socket without TLS into a pipe, which should be empty: would_block may mean that it is
/// full.
[[nodiscard]] IoResult splice_from(int socket, const Pipe& pipe, std::size_t most) noexcept;

/// From a pipe into a file at `offset`. May block. `most` is not more than there is in the pipe.
[[nodiscard]] IoResult splice_to(int file, std::uint64_t offset, const Pipe& pipe,
                                 std::size_t most) noexcept;

/// From a file into a socket without TLS. May block for the file. Zero bytes are a failure: the
/// file has no more.
[[nodiscard]] IoResult send_file(int socket, int file, std::uint64_t offset,
                                 std::size_t most) noexcept;

/// Once on each thread that calls send_file(): else sending to whoever has left ends the process.
void ignore_broken_sockets() noexcept;

}  // namespace kefu::inline v0::net
