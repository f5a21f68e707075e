#include "net/zero_copy.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "net/pipe_pool.hpp"
#include "unit/sqlite/scratch.hpp"

using namespace kefu;
using namespace kefu::net;

namespace {

/// Two ends of a connection and a file, where the system moves bytes between them.
struct Rig {
  Rig() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    ours = Descriptor{ends[0]};
    theirs = Descriptor{ends[1]};
    file = Descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    REQUIRE(file);
  }

  void send(std::string_view text) const {
    REQUIRE(::send(theirs.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] std::string content() const {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  test::Scratch folder;
  std::string path = folder.file("file");
  Descriptor ours, theirs, file;
};

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{}));
}

}  // namespace

TEST_CASE("from a socket through a pipe into a file") {
  const auto pipe = make_pipe(PipePool::kPipeBytes);
  if (!pipe) return;  // there are none on this system
  const Rig rig;
  CHECK(splice_from(rig.ours.get(), *pipe, 100).status == IoStatus::would_block);
  rig.send("hello world");
  CHECK(splice_from(rig.ours.get(), *pipe, 5).bytes == 5);
  CHECK(splice_to(rig.file.get(), 2, *pipe, 5).bytes == 5);
  CHECK(rig.content() == std::string{"\0\0hello", 7});
  CHECK(splice_from(rig.ours.get(), *pipe, 100).bytes == 6);
  CHECK(splice_to(rig.file.get(), 0, *pipe, 2).bytes == 2);
  CHECK(splice_to(rig.file.get(), 2, *pipe, 4).bytes == 4);
  CHECK(rig.content() == " worldo");
  REQUIRE(::shutdown(rig.theirs.get(), SHUT_WR) == 0);
  CHECK(splice_from(rig.ours.get(), *pipe, 100).status == IoStatus::ended);
}

TEST_CASE("a file that takes nothing leaves the bytes in the pipe") {
  const auto pipe = make_pipe(PipePool::kPipeBytes);
  if (!pipe) return;
  const Rig rig;
  rig.send("hello");
  REQUIRE(splice_from(rig.ours.get(), *pipe, 100).bytes == 5);
  const Descriptor unwritable{::open(rig.path.c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(splice_to(unwritable.get(), 0, *pipe, 5).status == IoStatus::failed);
  const Descriptor appending{::open(rig.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  CHECK(splice_to(appending.get(), 0, *pipe, 5).status == IoStatus::failed);
  CHECK(splice_to(rig.file.get(), 0, *pipe, 5).bytes == 5);
  CHECK(rig.content() == "hello");
}

TEST_CASE("from a file into a socket, and to nobody") {
  if (!make_pipe(1)) return;
  Rig rig;
  std::ofstream{rig.path} << "hello world";
  CHECK(send_file(rig.ours.get(), rig.file.get(), 6, 3).bytes == 3);
  CHECK(send_file(rig.ours.get(), rig.file.get(), 9, 100).bytes == 2);
  char got[6] = {};
  REQUIRE(::recv(rig.theirs.get(), got, 5, 0) == 5);
  CHECK(std::string{got} == "world");
  CHECK(send_file(rig.ours.get(), rig.file.get(), 11, 100).status == IoStatus::failed);
  ignore_broken_sockets();
  rig.theirs = Descriptor{};
  CHECK(send_file(rig.ours.get(), rig.file.get(), 0, 3).status == IoStatus::failed);
}

TEST_CASE("a pool lends a bounded number of pipes, keeps empty ones and closes the others") {
  const std::size_t before = open_descriptors();
  {
    PipePool pool;
    std::vector<Pipe> taken;
    while (auto pipe = pool.take()) taken.push_back(*std::move(pipe));
    if (taken.empty()) return;
    CHECK(taken.size() == PipePool::kMost);
    CHECK(open_descriptors() == before + 2 * PipePool::kMost);
    pool.discard(std::move(taken.back()));
    taken.pop_back();
    CHECK(open_descriptors() == before + 2 * PipePool::kMost - 2);
    pool.give(std::move(taken.back()));
    taken.pop_back();
    CHECK(open_descriptors() == before + 2 * PipePool::kMost - 2);
    const auto again = pool.take();
    REQUIRE(again);
    CHECK(open_descriptors() == before + 2 * PipePool::kMost - 2);
    CHECK(pool.taken() == PipePool::kMost - 1);
  }
  CHECK(open_descriptors() == before);
}
