#include <kefu/shared_frame.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kefu;

TEST_CASE("a frame holds its text, at every size") {
  FramePool pool;
  for (const std::size_t size :
       {0u, 1u, 127u, 128u, 129u, 255u, 256u, 257u, 16'384u, 16'385u, 1'000'000u}) {
    const std::string text(size, 'x');
    const SharedFrame frame = pool.copy(text);
    CHECK(frame);
    CHECK(frame.size() == size);
    CHECK(frame.text() == text);
    CHECK(frame.bytes().size() == size);
  }
  CHECK(pool.copy({}).size() == 0);
}

TEST_CASE("an empty handle is nothing") {
  const SharedFrame none;
  CHECK(!none);
  CHECK(none.size() == 0);
  CHECK(none.text().empty());
  CHECK(none.bytes().empty());
  const SharedFrame copy = none;
  CHECK(!copy);
}

TEST_CASE("copies share, and the last to go gives the memory back for the next frame") {
  FramePool pool;
  SharedFrame first = pool.copy("one");
  const void* const memory = first.bytes().data();
  SharedFrame second = first;
  CHECK(second.bytes().data() == memory);
  first = SharedFrame();
  CHECK(second.text() == "one");
  CHECK(pool.copy("two").bytes().data() != memory);  // still in use
  second = SharedFrame();
  const SharedFrame a = pool.copy("a");
  const SharedFrame b = pool.copy("b");
  CHECK((a.bytes().data() == memory || b.bytes().data() == memory));
}

TEST_CASE("assignment to itself and moves keep the count right") {
  FramePool pool;
  SharedFrame frame = pool.copy("x");
  SharedFrame& alias = frame;
  frame = alias;
  CHECK(frame.text() == "x");
  SharedFrame moved = std::move(frame);
  CHECK(!frame);  // NOLINT(bugprone-use-after-move)
  CHECK(moved.text() == "x");
}

TEST_CASE("frames outlive their pool") {
  auto pool = std::make_unique<FramePool>();
  std::vector<SharedFrame> frames;
  for (int i = 0; i < 100; ++i)
    frames.push_back(pool->copy(std::string(static_cast<std::size_t>(i) * 300, 'y')));
  pool.reset();
  CHECK(frames[50].size() == 15'000);
  frames.clear();
}

TEST_CASE("frames are dropped on other threads while their pool goes") {
  for (int round = 0; round < 200; ++round) {
    auto pool = std::make_unique<FramePool>();
    std::vector<std::thread> readers;
    for (std::size_t reader = 0; reader < 2; ++reader) {
      std::vector<SharedFrame> frames;
      for (std::size_t i = 0; i < 20; ++i) frames.push_back(pool->copy(std::string(i * 40, 'z')));
      readers.emplace_back([taken = std::move(frames)]() mutable {
        while (!taken.empty()) {
          CHECK(taken.back().size() == (taken.size() - 1) * 40);
          taken.pop_back();
        }
      });
    }
    pool.reset();
    for (std::thread& reader : readers) reader.join();
  }
}

TEST_CASE("memory of every size comes round, however the frames come back") {
  FramePool pool;
  std::mt19937 random{7};
  std::deque<SharedFrame> out;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text(random() % 40'000, static_cast<char>('a' + i % 26));
    out.push_back(pool.copy(text));
    REQUIRE(out.back().text() == text);
    while (out.size() > 1 + random() % 50) {
      std::swap(out[random() % out.size()], out.front());
      out.pop_front();
    }
  }
}

TEST_CASE("what was out at once is kept for as much again, until it is long ago") {
  FramePool pool;
  const std::string text(1000, 'x');
  const auto burst = [&] {
    std::set<const std::byte*> memory;
    std::vector<SharedFrame> out;
    for (int i = 0; i < 2000; ++i) memory.insert(out.emplace_back(pool.copy(text)).bytes().data());
    return memory;
  };
  const std::set<const std::byte*> first = burst();
  CHECK(burst() == first);
  pool.age();
  CHECK(burst() == first);
  for (int i = 0; i < 4; ++i) pool.age();
  std::vector<std::unique_ptr<char[]>> others;  // the heap has most of it again
  for (int i = 0; i < 2000; ++i) others.push_back(std::make_unique<char[]>(1064));
  CHECK(burst() != first);
}

TEST_CASE("frames are read and dropped on other threads while the pool makes more") {
  FramePool pool;
  std::vector<std::thread> readers;
  std::vector<std::vector<SharedFrame>> batches(3);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) {
      const SharedFrame frame =
          pool.copy(std::to_string(round) + std::string(static_cast<std::size_t>(i) * 20, '.'));
      for (auto& batch : batches) batch.push_back(frame);
    }
    for (auto& batch : batches) {
      readers.emplace_back([taken = std::move(batch), expected = std::to_string(round)] {
        std::size_t wrong = 0;
        for (const SharedFrame& frame : taken)
          wrong += frame.text().substr(0, expected.size()) != expected;
        CHECK(wrong == 0);
      });
      batch.clear();
    }
    if (round % 4 != 3) continue;
    for (std::thread& reader : readers) reader.join();
    readers.clear();
  }
}

}  // namespace
