#include "net/send_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <kefu/net/websocket.hpp>
#include <random>
#include <string>
#include <vector>

using namespace kefu;
using namespace kefu::net;

namespace {

/// A queue whose writes take as many bytes as a test lets them.
class Line {
 public:
  void push(std::string_view text, FrameKind kind = FrameKind::text) {
    queue.push({pool_.copy(text), kind}, chunks_);
  }

  /// Writes at most `limit` bytes; returns how many.
  std::size_t write(std::size_t limit) {
    batch_.clear();
    queue.fill(batch_);
    std::size_t left = std::min(limit, batch_.bytes());
    const std::size_t count = left;
    for (const iovec& part : batch_.parts()) {
      const std::size_t size = std::min(left, part.iov_len);
      written.append(static_cast<const char*>(part.iov_base), size);
      left -= size;
    }
    queue.consume(count, chunks_);
    return count;
  }

  void write_all() {
    while (!queue.empty()) REQUIRE(write(~std::size_t{0}) != 0);
  }

  [[nodiscard]] std::size_t parts() {
    batch_.clear();
    queue.fill(batch_);
    return batch_.parts().size();
  }

  SendQueue queue;
  std::string written;

 private:
  FramePool pool_;
  SendChunkPool chunks_;
  WriteBatch batch_;
};

/// What a client makes of the bytes.
std::vector<std::string> messages_in(std::string bytes) {
  websocket::Decoder decoder{{.role = websocket::Role::client}};
  const std::size_t size = bytes.size();
  bytes.append(websocket::kPadding, '\0');
  auto input = std::as_writable_bytes(std::span{bytes}).first(size);
  std::vector<std::string> messages;
  for (;;) {
    const websocket::Event event = decoder.next(input);
    if (event.kind == websocket::EventKind::need_more) return messages;
    REQUIRE(event.kind == websocket::EventKind::text);
    messages.emplace_back(event.text());
  }
}

}  // namespace

TEST_CASE("frames get headers of their kind, raw bytes none") {
  Line line;
  CHECK(line.queue.empty());
  line.push("HTTP", FrameKind::raw);
  line.push("hi");
  line.push("p", FrameKind::ping);
  line.push("q", FrameKind::pong);
  line.push("", FrameKind::close);
  CHECK(line.queue.bytes() == 4 + 4 + 3 + 3 + 2);
  line.write_all();
  CHECK(line.written == std::string("HTTP\x81\x02hi\x89\x01p\x8a\x01q\x88\x00", 16));
  CHECK(line.queue.empty());
}

TEST_CASE("small frames go out in one part, a large one stays where it is") {
  Line line;
  for (int i = 0; i < 10; ++i) line.push("small");
  CHECK(line.parts() == 1);
  line.push(std::string(100'000, 'x'));
  line.push("small");
  CHECK(line.parts() == 3);
}

TEST_CASE("a batch is bounded, and the rest comes with the next") {
  Line line;
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back(std::to_string(i) + std::string(i % 7 == 0 ? 5000 : 500, '.'));
    line.push(expected.back());
  }
  CHECK(line.write(~std::size_t{0}) != 0);
  CHECK(!line.queue.empty());
  line.write_all();
  CHECK(messages_in(line.written) == expected);
}

TEST_CASE("writes may stop anywhere, inside a header too") {
  std::mt19937 random{1};
  std::uniform_int_distribution<std::size_t> size_of{0, 3000};
  for (const std::size_t most : std::initializer_list<std::size_t>{1, 2, 3, 50, 1000, 5000}) {
    Line line;
    std::vector<std::string> expected;
    std::size_t bytes = 0;
    for (int i = 0; i < 60; ++i) {
      expected.emplace_back(size_of(random), static_cast<char>('a' + i % 26));
      line.push(expected.back());
      if (i % 3 == 0) bytes += line.write(1 + size_of(random) % most);
    }
    while (!line.queue.empty()) bytes += line.write(1 + size_of(random) % most);
    CHECK(bytes == line.written.size());
    CHECK(messages_in(line.written) == expected);
  }
}

TEST_CASE("it knows whether a heartbeat waits") {
  Line line;
  line.push("text");
  CHECK(!line.queue.has_heartbeat());
  line.push("", FrameKind::ping);
  CHECK(line.queue.has_heartbeat());
  line.write(7);
  CHECK(line.queue.has_heartbeat());
  line.write(1);
  CHECK(!line.queue.has_heartbeat());
}

TEST_CASE("frames are let go when they are written") {
  FramePool pool;
  SendChunkPool chunks;
  SharedFrame frame = pool.copy("shared");
  const std::byte* const where = frame.bytes().data();
  {
    SendQueue first;
    SendQueue second;
    first.push({frame, FrameKind::text}, chunks);
    second.push({frame, FrameKind::text}, chunks);
    frame = {};
    first.consume(first.bytes(), chunks);
    CHECK(pool.copy("other").bytes().data() != where);  // the second still holds it
  }
  const SharedFrame one = pool.copy("one");
  const SharedFrame two = pool.copy("two");
  CHECK((one.bytes().data() == where || two.bytes().data() == where));
}
