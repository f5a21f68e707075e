#include <kefu/client/file_pending_store.hpp>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <kefu/testing/random.hpp>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "client/state_codec.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using client::FilePendingStore;
using client::FilePendingStoreOptions;
using core::ClientState;

/// Changes a state as a client does: messages come, get numbers, are settled; positions move.
void live(ClientState& state, testing::Random& random) {
  for (std::uint64_t left = random.between(1, 4); left > 0; --left) {
    if (state.conversations.empty() || random.chance(0.05))
      state.conversations.emplace_back().id = {1, state.conversations.size() + 1};
    auto& one = state.conversations[random.below(state.conversations.size())];
    switch (random.below(6)) {
      case 0:
      case 1:
        one.pending.push_back({++state.submitted,
                               random.chance(0.2) ? Log::internal : Log::public_log,
                               "text",
                               std::string(random.below(40), 'x'),
                               {},
                               0});
        break;
      case 2:
        for (core::PendingSend& send : one.pending) {
          send.session = state.session;
          send.cseq = ++one.accepted;
        }
        break;
      case 3:
        if (!one.pending.empty())
          one.pending.erase(one.pending.begin() +
                            static_cast<std::ptrdiff_t>(random.below(one.pending.size())));
        break;
      case 4:
        one.logs[random.below(2)].position += random.below(300);
        one.logs[0].searched = one.logs[0].position;
        one.open = random.chance(0.9);
        break;
      default:
        ++state.epoch;
        state.session = {9, state.epoch};
    }
  }
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void put_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
std::error_code error_of(const std::filesystem::path& path) {
  try {
    FilePendingStore store(path);
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

}  // namespace

TEST_CASE("FilePendingStore gives what was saved last, however often it is opened") {
  const test::Scratch scratch;
  const std::filesystem::path path = scratch.file("pending");
  testing::Random random(1);
  ClientState state;
  for (int round = 0; round < 60; ++round) {
    FilePendingStore store(path, {.compact_bytes = 2000, .sync = round % 10 == 0});
    REQUIRE(store.load() == state);
    for (std::uint64_t saves = random.below(20); saves > 0; --saves) {
      live(state, random);
      REQUIRE(store.save(state) == errc::ok);
      REQUIRE(store.load() == state);
    }
  }
}

TEST_CASE("FilePendingStore: a journal is rewritten when most of it is history") {
  const test::Scratch scratch;
  FilePendingStore store(scratch.file("pending"), {.compact_bytes = 1000, .sync = false});
  ClientState state;
  std::size_t largest = 0;
  for (int i = 0; i < 1000; ++i) {
    ++state.epoch;
    REQUIRE(store.save(state) == errc::ok);
    largest = std::max(largest, store.size());
  }
  CHECK(largest < 2000);
  CHECK_FALSE(std::filesystem::exists(scratch.file("pending.new")));
  SUBCASE("saving what is saved writes nothing") {
    const std::size_t before = store.size();
    CHECK(store.save(state) == errc::ok);
    CHECK(store.size() == before);
  }
}

TEST_CASE("FilePendingStore: a file cut off anywhere gives one of the states that were saved") {
  const test::Scratch scratch;
  const std::filesystem::path path = scratch.file("pending");
  testing::Random random(2);
  std::vector<ClientState> states(1);
  std::vector<std::size_t> ends;
  {
    FilePendingStore store(path);
    ends.push_back(store.size());
    for (int i = 0; i < 12; ++i) {
      states.push_back(states.back());
      live(states.back(), random);
      REQUIRE(store.save(states.back()) == errc::ok);
      ends.push_back(store.size());
    }
  }
  const std::string whole = bytes_of(path);
  REQUIRE(whole.size() == ends.back());
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::size_t last = 0;
    while (last + 1 < ends.size() && ends[last + 1] <= size) ++last;
    // What a file system may leave of an append that was under way: nothing of it, or zeros.
    for (const std::size_t zeros : {std::size_t{0}, std::size_t{5}, std::size_t{100}}) {
      put_bytes(path, whole.substr(0, size) + std::string(size < ends[0] ? 0 : zeros, '\0'));
      FilePendingStore store(path);
      // A record that ends in zeros may be whole by them.
      const bool next = zeros > 0 && last + 1 < states.size() && store.load() == states[last + 1];
      REQUIRE((next || store.load() == states[last]));
      // And it goes on from there.
      REQUIRE(store.save(states.back()) == errc::ok);
    }
    CHECK(FilePendingStore(path).load() == states.back());
  }
}

TEST_CASE("FilePendingStore: damage before the last record is not passed over") {
  const test::Scratch scratch;
  const std::filesystem::path path = scratch.file("pending");
  std::size_t first = 0, second = 0;
  {
    FilePendingStore store(path);
    first = store.size();
    ClientState state;
    state.epoch = 1;
    REQUIRE(store.save(state) == errc::ok);
    second = store.size();
    state.epoch = 2;
    REQUIRE(store.save(state) == errc::ok);
  }
  const std::string whole = bytes_of(path);
  for (std::size_t at = first + 8; at < second; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    put_bytes(path, damaged);
    CHECK(error_of(path) == make_error_code(errc::corrupt));
  }
  put_bytes(path, "something else");
  CHECK(error_of(path) == make_error_code(errc::corrupt));
  put_bytes(path, "kefu pending sends 2\n");
  CHECK(error_of(path) == make_error_code(errc::store_version));
}

TEST_CASE("FilePendingStore: one owner at a time, also across a rewrite") {
  const test::Scratch scratch;
  const std::filesystem::path path = scratch.file("pending");
  FilePendingStore store(path, {.compact_bytes = 100, .sync = false});
  CHECK(error_of(path) == make_error_code(errc::store_locked));
  ClientState state;
  for (int i = 0; i < 100; ++i) {
    ++state.epoch;
    REQUIRE(store.save(state) == errc::ok);
  }
  CHECK(error_of(path) == make_error_code(errc::store_locked));
  CHECK(error_of(scratch.file("no/such/folder")) == std::errc::no_such_file_or_directory);
}

TEST_CASE("FilePendingStore: without space nothing is saved, and later it is") {
  const test::Scratch scratch;
  const std::filesystem::path path = scratch.file("pending");
  ClientState state;
  state.epoch = 1;
  ClientState larger = state;
  larger.conversations.emplace_back().id = {1, 1};
  larger.conversations[0].pending.push_back(
      {1, Log::public_log, "text", std::string(4000, 'x'), {}, 0});
  FilePendingStore store(path);
  REQUIRE(store.save(state) == errc::ok);

  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{store.size() + 100, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const errc without_space = store.save(larger);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  signal(SIGXFSZ, old_handler);

  CHECK(without_space == errc::store_full);
  CHECK(store.load() == state);
  CHECK(bytes_of(path).size() == store.size());
  CHECK(store.save(larger) == errc::ok);
  CHECK(store.load() == larger);
}

TEST_CASE("state_codec: a change that can't be said as one is written whole") {
  ClientState from, to;
  from.conversations.emplace_back().id = {1, 1};
  from.conversations[0].pending = {{5, Log::public_log, "text", "a", {}, 0}};
  to = from;
  const auto check = [&] {
    std::string record;
    client::encode_change(from, to, record);
    ClientState state = from;
    REQUIRE(client::apply_record(record, state));
    CHECK(state == to);
  };
  SUBCASE("another content") { to.conversations[0].pending[0].body = "b"; }
  SUBCASE("an earlier send") {
    to.conversations[0].pending.insert(to.conversations[0].pending.begin(),
                                       {4, Log::public_log, "text", "c", {}, 0});
  }
  SUBCASE("another order") {
    to.conversations[0].pending.push_back({3, Log::public_log, "text", "c", {}, 0});
  }
  SUBCASE("another conversation in its place") { to.conversations[0].id = {1, 2}; }
  SUBCASE("none any more") { to.conversations.clear(); }
  check();
}

TEST_CASE("state_codec: no bytes do harm") {
  testing::Random random(3);
  ClientState state;
  for (int i = 0; i < 40; ++i) live(state, random);
  std::string record;
  client::encode_whole(state, record);
  for (std::size_t size = 0; size < record.size(); ++size) {
    ClientState other;
    CHECK_FALSE(client::apply_record(std::string_view(record).substr(0, size), other));
  }
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = record;
    for (std::uint64_t left = random.between(1, 4); left > 0; --left)
      damaged[random.below(damaged.size())] = static_cast<char>(random.next());
    ClientState other;
    (void)client::apply_record(damaged, other);
  }
}
