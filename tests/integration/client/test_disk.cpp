#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// Takes all the space that a filesystem has left; gives it back when it goes.
class Filler {
 public:
  explicit Filler(std::filesystem::path path) : path_(std::move(path)) {
    const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    std::array<char, 65536> block{};
    for (std::size_t size = block.size(); size > 0; size /= 2) {
      while (::write(fd, block.data(), size) > 0) {
      }
    }
    ::close(fd);
  }
  ~Filler() { std::filesystem::remove(path_); }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

 private:
  const std::filesystem::path path_;
};

/// A folder of this thread and what it starts, with a filesystem of its own.
std::string small_filesystem(const std::filesystem::path& at) {
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return "this process may not make a mount namespace";
  if (::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=24m") != 0)
    return "this process may not mount a tmpfs";
  return {};
}

void talk_on_a_full_disk(const std::filesystem::path& folder) {
  Random random;
  CAPTURE(random.seed);
  HelpdeskOptions options;
  options.data = folder;
  options.wal_mb = 1024;  // it never begins anew: what is full is full for the next commit
  Helpdesk desk(options);
  desk.start();
  const auto refused = [](const Person& one) {
    const auto found = one.errors.find(errc::store_full);
    return found == one.errors.end() ? 0 : found->second;
  };
  constexpr int kTimesFull = 4;
  Talk talk(desk, url_of(desk.port()), random, 2500, 40, 400);
  for (int full = 1; full <= kTimesFull; ++full) {
    talk.await_settled(full * talk.all() / (kTimesFull + 1) + random.between(0, 20));
    const int before = talk.sum(refused);
    const Filler filler(folder / "filler");
    talk.stage.await([&] {
      int now = 0;
      for (const auto& one : talk.people) now += refused(*one);
      return now >= before + 4;
    });
    if (full == kTimesFull) desk.kill();  // with the disk full
  }
  desk.start();
  if (!talk.check()) return;
  report(
      "disk full: %d times, %d sends refused with store_full, %d messages acknowledged, 0 lost, "
      "doubled or out of order",
      kTimesFull, talk.sum(refused), talk.all());
}

void send_with_a_full_file(const std::filesystem::path& folder) {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;  // has space
  desk.start();
  const ConversationId chat = fresh_chat(random);
  constexpr int kTotal = 2000, kTimesFull = 3;
  Process courier(courier_command(desk, chat, kTotal, folder / "pending"));
  std::optional<Filler> filler;
  int told = 0, filled = 0, failed = 0;
  while (const auto line = courier.line()) {
    INFO(*line);
    if (*line == "file store_full") {
      ++failed;
      filler.reset();
      continue;
    }
    CHECK(line->ends_with(" ok"));
    if (++told % (kTotal / (kTimesFull + 1)) == 0 && filled < kTimesFull && !filler) {
      ++filled;
      filler.emplace(folder / "filler");
    }
  }
  CHECK(courier.wait() == 0);
  CHECK(told == kTotal);
  CHECK(failed > 0);
  const bool same = said_in(desk, chat, "courier") == said_by_courier(kTotal);
  CHECK(same);
  if (!same) return;
  report(
      "client's disk full: %d times, it noticed %d, %d messages acknowledged, 0 lost, doubled or "
      "out of order",
      filled, failed, told);
}

/// Runs a test in a thread of its own, whose mounts end with it.
void on_a_small_filesystem(const std::function<void(const std::filesystem::path&)>& test) {
  std::string name = (std::filesystem::temp_directory_path() / "kefu-disk-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  std::string skipped, failure;
  std::thread([&] {
    skipped = small_filesystem(name);
    try {
      for (int round = 0; skipped.empty() && round < kTimes; ++round) {
        const auto folder = std::filesystem::path(name) / "data";
        std::filesystem::create_directory(folder);
        test(folder);
        std::filesystem::remove_all(folder);
      }
    } catch (const std::exception& error) {
      failure = error.what();
    }
  }).join();
  std::filesystem::remove(name);
  if (!skipped.empty()) report("skipped: %s", skipped.c_str());
  CHECK(failure == "");
}

}  // namespace

TEST_CASE("a full disk: sends are refused for a while, and stored when there is space again") {
  on_a_small_filesystem(talk_on_a_full_disk);
}

TEST_CASE("a client whose disk is full sends nothing that it could forget, and goes on later") {
  on_a_small_filesystem(send_with_a_full_file);
}
