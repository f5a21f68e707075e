#include <kefu/file_scan.hpp>

#include <doctest/doctest.h>

#include <kefu/memory/files.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace kefu;

namespace {

/// Answers when the test does.
struct Scanner final : FileScanner {
  struct Asked {
    FileInfo info;
    std::string text;
    Instant deadline;
    Completion<result<FileVerdict>> done;
  };

  void scan(const FileInfo& info, std::unique_ptr<FileSource> source, Instant deadline,
            Completion<result<FileVerdict>> done) override {
    std::string text(source->size(), '\0');
    REQUIRE(source->read_at(0, std::as_writable_bytes(std::span{text})));
    asked.push_back({info, std::move(text), deadline, std::move(done)});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return when_late; }

  std::vector<Asked> asked;
  OnTimeout when_late = OnTimeout::deny;
};

limits two_at_once() {
  limits bounds;
  bounds.scans = 2;
  return bounds;
}

FileInfo announced(std::uint64_t n, std::uint64_t size) {
  FileInfo info;
  info.id = {2, n};
  info.conversation = {1, 1};
  info.owner = "ann";
  info.size = size;
  return info;
}

struct Desk {
  errc create(const FileInfo& info) {
    std::optional<errc> outcome;
    files->create(info, [&](auto known) { outcome = known.error(); });
    loop.run_until_idle();
    return outcome.value();
  }
  FileId put(std::uint64_t n, std::string_view text = "abc") {
    const FileInfo info = announced(n, text.size());
    CHECK(create(info) == errc::ok);
    files->resume(info.id, [&](result<std::unique_ptr<FileSink>> sink) {
      REQUIRE(sink);
      CHECK((*sink)->write(std::as_bytes(std::span{text})));
    });
    files->commit(info.id, [](result<FileInfo> committed) {
      REQUIRE(committed);
      CHECK(committed->verdict == FileVerdict::pending);
    });
    loop.run_until_idle();
    return info.id;
  }
  FileVerdict verdict(FileId id) {
    std::optional<FileVerdict> verdict;
    files->status(id, [&](result<FileStatus> known) {
      REQUIRE(known);
      verdict = known->info.verdict;
    });
    loop.run_until_idle();
    return verdict.value();
  }
  errc open(FileId id) {
    std::optional<errc> outcome;
    files->open(id, [&](auto source) { outcome = source.error(); });
    loop.run_until_idle();
    return outcome.value();
  }
  void answer(std::size_t nth, result<FileVerdict> verdict) {
    scanner.asked.at(nth).done(verdict);
    loop.run_until_idle();
  }
  void restart() {
    files.reset();
    loop.run_until_idle();
    files.emplace(stored, scanner, loop, two_at_once());
  }

  testing::ManualClock clock;
  testing::ManualExecutor loop;
  memory::Files stored{clock};
  Scanner scanner;
  std::optional<ScannedFiles> files{std::in_place, stored, scanner, loop, two_at_once()};
};

}  // namespace

TEST_CASE("a file can't be read before it is judged clean") {
  Desk desk;
  const FileId id = desk.put(1, "hello");
  CHECK(desk.verdict(id) == FileVerdict::pending);
  CHECK(desk.open(id) == errc::unavailable);
  REQUIRE(desk.scanner.asked.size() == 1);  // whoever asks meanwhile has it judged no second time
  CHECK(desk.scanner.asked[0].info.id == id);
  CHECK(desk.scanner.asked[0].text == "hello");
  CHECK(desk.scanner.asked[0].deadline == desk.loop.now() + limits{}.scan_deadline);
  desk.answer(0, FileVerdict::clean);
  CHECK(desk.verdict(id) == FileVerdict::clean);
  CHECK(desk.open(id) == errc::ok);
  CHECK(desk.scanner.asked.size() == 1);
}

TEST_CASE("a refused file is never read, and a later word changes nothing") {
  Desk desk;
  const FileId id = desk.put(1);
  desk.answer(0, FileVerdict::refused);
  CHECK(desk.verdict(id) == FileVerdict::refused);
  CHECK(desk.open(id) == errc::denied);
  desk.files->judged(id, FileVerdict::clean, [](auto) {});
  desk.restart();
  CHECK(desk.open(id) == errc::denied);
}

TEST_CASE("without an answer in time the declared verdict stands") {
  Desk desk;
  const auto late = [&](std::uint64_t n, OnTimeout declared) {
    desk.scanner.when_late = declared;
    const FileId id = desk.put(n);
    desk.loop.advance(limits{}.scan_deadline - Nanoseconds{1});
    CHECK(desk.verdict(id) == FileVerdict::pending);
    desk.loop.advance(Nanoseconds{1});
    return id;
  };
  const FileId closed = late(1, OnTimeout::deny);
  CHECK(desk.open(closed) == errc::denied);
  desk.answer(0, FileVerdict::clean);  // too late
  CHECK(desk.open(closed) == errc::denied);
  const FileId open = late(2, OnTimeout::allow);
  CHECK(desk.open(open) == errc::ok);
  desk.answer(1, FileVerdict::refused);
  CHECK(desk.open(open) == errc::ok);
}

TEST_CASE("a scanner that can't judge, or says nonsense, is as one that is late") {
  Desk desk;
  const FileId failed = desk.put(1);
  desk.answer(0, errc::unavailable);
  CHECK(desk.verdict(failed) == FileVerdict::refused);
  desk.scanner.when_late = OnTimeout::allow;
  const FileId nonsense = desk.put(2);
  desk.answer(1, FileVerdict::pending);
  CHECK(desk.verdict(nonsense) == FileVerdict::clean);
}

TEST_CASE("few are asked about at once, and the time of the others runs all the same") {
  Desk desk;
  const FileId first = desk.put(1);
  const FileId second = desk.put(2);
  const FileId third = desk.put(3);
  const FileId fourth = desk.put(4);
  CHECK(desk.scanner.asked.size() == 2);
  desk.answer(1, FileVerdict::clean);
  REQUIRE(desk.scanner.asked.size() == 3);
  CHECK(desk.scanner.asked[2].info.id == third);
  desk.loop.advance(limits{}.scan_deadline);
  CHECK(desk.verdict(first) == FileVerdict::refused);
  CHECK(desk.verdict(second) == FileVerdict::clean);
  CHECK(desk.verdict(fourth) == FileVerdict::refused);
  // It was never asked about, and needn't be any more.
  desk.answer(0, FileVerdict::clean);
  desk.answer(2, FileVerdict::clean);
  CHECK(desk.scanner.asked.size() == 3);
  CHECK(desk.verdict(third) == FileVerdict::refused);
}

TEST_CASE("what a restart left without a verdict is judged when somebody asks") {
  Desk desk;
  const FileId id = desk.put(1);
  desk.restart();
  desk.answer(0, FileVerdict::clean);  // for those who are no more
  CHECK(desk.open(id) == errc::unavailable);
  REQUIRE(desk.scanner.asked.size() == 2);
  desk.answer(1, FileVerdict::clean);
  CHECK(desk.open(id) == errc::ok);
}

TEST_CASE("no file is judged by what was in another one of its id") {
  Desk desk;
  const FileId id = desk.put(1, "harmless");
  CHECK(desk.create(announced(1, 8)) == errc::ok);  // it is there
  CHECK(desk.create(announced(1, 3)) == errc::conflict);
  desk.files->remove(id, [](errc) {});
  CHECK(desk.open(id) == errc::not_found);
  CHECK(desk.create(announced(1, 3)) == errc::unavailable);
  desk.answer(0, FileVerdict::clean);
  CHECK(desk.put(1, "bad") == id);
  REQUIRE(desk.scanner.asked.size() == 2);
  CHECK(desk.open(id) == errc::unavailable);
  desk.answer(1, FileVerdict::refused);
  CHECK(desk.open(id) == errc::denied);
}

TEST_CASE("what unfinished uploads hold is nobody's business") {
  Desk desk;
  const FileInfo info = announced(9, 1);
  CHECK(desk.create(info) == errc::ok);
  CHECK(desk.verdict(info.id) == FileVerdict::none);
  CHECK(desk.open(info.id) == errc::not_found);
  CHECK(desk.scanner.asked.empty());
}
