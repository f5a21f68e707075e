#include <doctest/doctest.h>

#include <vector>

#include "disk/write_behind.hpp"

using kefu::disk::WriteBehind;

namespace {

struct Seen {
  std::vector<std::uint64_t> begun, waited, dropped;
};

constexpr std::uint64_t kAll = std::uint64_t{1} << 40;

Seen write(WriteBehind& behind, std::uint64_t offset) {
  Seen seen;
  while (const auto step = behind.next(offset)) {
    seen.begun.push_back(step->begin);
    if (step->wait) seen.waited.push_back(*step->wait);
    if (step->drop) seen.dropped.push_back(*step->drop);
  }
  return seen;
}

using Pieces = std::vector<std::uint64_t>;

Pieces dropped(WriteBehind behind, std::uint64_t offset) { return write(behind, offset).dropped; }

}  // namespace

TEST_CASE("a piece sets out when it is whole, and the one before is waited for") {
  WriteBehind behind{100, kAll, 0};
  CHECK(write(behind, 99).begun.empty());
  const Seen first = write(behind, 100);
  CHECK(first.begun == Pieces{0});
  CHECK(first.waited.empty());
  const Seen second = write(behind, 299);
  CHECK(second.begun == Pieces{100});
  CHECK(second.waited == Pieces{0});
}

TEST_CASE("every piece sets out once, however large the steps of whoever writes") {
  WriteBehind behind{100, kAll, 0};
  const Seen seen = write(behind, 450);
  CHECK(seen.begun == Pieces{0, 100, 200, 300});
  CHECK(seen.waited == Pieces{0, 100, 200});
}

TEST_CASE("an upload that goes on begins where it is, and waits for nothing before") {
  WriteBehind behind{100, kAll, 70};
  CHECK(write(behind, 169).begun.empty());
  const Seen seen = write(behind, 170);
  CHECK(seen.begun == Pieces{70});
  CHECK(seen.waited.empty());
}

TEST_CASE("what was cut off is sent again") {
  WriteBehind behind{100, kAll, 0};
  write(behind, 300);
  behind.rewind(150);
  CHECK(write(behind, 249).begun.empty());
  const Seen seen = write(behind, 350);
  CHECK(seen.begun == Pieces{150, 250});
  CHECK(seen.waited == Pieces{150});
}

TEST_CASE("what is on the disk leaves the cache, but for the last of it") {
  CHECK(dropped({100, kAll, 0}, 1000).empty());
  CHECK(dropped({100, 0, 0}, 400) == Pieces{0, 100, 200});
  CHECK(dropped({100, 250, 0}, 600) == Pieces{0, 100, 200});
  CHECK(dropped({100, 250, 70}, 570) == Pieces{70, 170});
  WriteBehind behind{100, 100, 0};
  write(behind, 400);
  behind.rewind(150);
  CHECK(write(behind, 450).dropped == Pieces{150});
}

TEST_CASE("without pieces there are no steps") {
  WriteBehind behind{0, kAll, 0};
  CHECK(write(behind, 1 << 30).begun.empty());
}
