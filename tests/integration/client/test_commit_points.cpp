#include <kefu/client/client.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// What the preloaded library is told; see fault_shim.cpp.
std::vector<std::string> fault(const std::string& where, int count, const std::string& file,
                               const std::filesystem::path& note = {}) {
  std::vector<std::string> out{std::string("LD_PRELOAD=") + KEFU_FAULT_SHIM,
                               "KEFU_FAULT=" + where + " " + std::to_string(count),
                               "KEFU_FAULT_FILE=" + file, "ASAN_OPTIONS=verify_asan_link_order=0"};
  if (!note.empty()) out.push_back("KEFU_FAULT_NOTE=" + note.string());
  return out;
}

/// How many of these the server does for a hundred messages or so, which are always left.
int count_for(Random& random, const std::string& where) {
  const bool socket = where == "receive" || where == "send" || where == "sent";
  return random.between(1, socket ? 150 : 30);
}

/// Power loss takes what was not synced: cuts it off somewhere, or leaves something else there.
bool lose_unsynced(Random& random, const std::filesystem::path& wal,
                   const std::filesystem::path& note) {
  long long from = -1;
  std::ifstream(note, std::ios::binary).read(reinterpret_cast<char*>(&from), sizeof from);
  std::filesystem::remove(note);
  if (from < 0 || !std::filesystem::exists(wal)) return false;
  const auto size = static_cast<long long>(std::filesystem::file_size(wal));
  if (size <= from) return false;
  const long long at = from + random.between(0, static_cast<int>(size - from - 1));
  if (random.between(0, 1) == 0) {
    std::filesystem::resize_file(wal, static_cast<std::uintmax_t>(at));
  } else {
    std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    for (long long i = at; i < size; ++i) file.put(static_cast<char>(random.engine()));
  }
  return true;
}

}  // namespace

TEST_CASE("the server dies at every point around a commit, and its WAL loses what was not synced") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  Talk talk(desk, url_of(desk.port()), random, 2500 * kTimes, 2);
  talk.await_settled(1);  // both visitors have been let in by then, or soon will be
  int deaths = 0, damaged = 0;
  for (int round = 0; round < 2 * kTimes; ++round) {
    for (const std::string where :
         {"receive", "write", "torn", "written", "sync", "synced", "send", "sent"}) {
      desk.kill();
      const auto note = desk.file("unsynced");
      REQUIRE(desk.run(fault(where, count_for(random, where), "-wal", note)) == -1);
      ++deaths;
      if (lose_unsynced(random, desk.file("helpdesk.db-wal"), note)) ++damaged;
      desk.start();
    }
  }
  if (!talk.check()) return;
  report(
      "killed around commits: %d deaths at 8 points, %d WALs cut or overwritten where not synced, "
      "%d messages acknowledged, 0 lost, doubled or out of order",
      deaths, damaged, talk.all());
}

TEST_CASE("a sync that fails: nothing is stored any more, until the server is started again") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start(fault("eio", 100, "-wal"));
  Talk talk(desk, url_of(desk.port()), random, 1000, 2);
  const auto broken = [&] {
    int out = 0;
    for (const auto& one : talk.people) out += one->errors.contains(errc::store_failed) ? 1 : 0;
    return out;
  };
  talk.stage.await([&] { return broken() > 0; });
  desk.restart();
  if (!talk.check()) return;
  report(
      "EIO on a sync: store_failed until reopened, %d messages acknowledged, 0 lost, doubled or "
      "out of order",
      talk.all());
}

TEST_CASE("a client dies at every point around a save of its file: each message is there once") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  const ConversationId chat = fresh_chat(random);
  constexpr int kTotal = 5000 * kTimes;
  const auto command = courier_command(desk, chat, kTotal, desk.file("pending"));
  const std::vector<std::string> points{"receive", "write",  "torn", "written",
                                        "sync",    "synced", "send", "sent"};
  std::size_t lives = 0;
  for (int code = -1; code != 0; ++lives) {
    const std::string& where = points[lives % points.size()];
    Process courier(command, fault(where, random.between(1, 12), "pending"));
    while (const auto line = courier.line()) {
      INFO(*line);
      CHECK(line->ends_with(" ok"));
    }
    code = courier.wait();
    CHECK((code == -1 || code == 0));
    if (code > 0) return;
  }
  CHECK(lives > points.size());
  const bool same = said_in(desk, chat, "courier") == said_by_courier(kTotal);
  CHECK(same);
  if (!same) return;
  report("client killed around saves: %d lives, %d messages, 0 lost, doubled or out of order",
         static_cast<int>(lives), kTotal);
}
