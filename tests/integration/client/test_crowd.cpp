#include <kefu/client/client.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <kefu/sqlite/store.hpp>
#include <memory>
#include <string>
#include <vector>

#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr int kCrowd = KEFU_SANITIZED ? 300 : 5000;
constexpr int kSpare = 100;  // descriptors that are not of the crowd
constexpr int kEach = 12;    // messages

/// As large as the descriptors of this process allow.
int size_of_crowd() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(std::min<rlim_t>(kCrowd, limit.rlim_cur - kSpare));
}

/// A log as the server's own store reads it.
std::vector<std::string> stored(Store& store, ConversationId chat) {
  ReadRequest request;
  request.conversation = chat;
  request.max_entries = 1000;
  request.max_bytes = 1 << 20;
  std::promise<result<Page>> answer;
  store.read(request, [&](result<Page> page) { answer.set_value(std::move(page)); });
  const result<Page> page = answer.get_future().get();
  std::vector<std::string> out;
  for (const Entry& entry : page->entries) {
    if (entry.kind == kind::kText) out.push_back(entry.body);
  }
  return out;
}

}  // namespace

TEST_CASE("a crowd comes back at once after kill -9") {
  using Clock = std::chrono::steady_clock;
  Random random;
  CAPTURE(random.seed);
  const int crowd = size_of_crowd();
  Helpdesk desk;
  desk.start();
  Stage stage;
  std::vector<std::unique_ptr<Person>> people;
  std::vector<ConversationId> chats;
  for (int i = 0; i < crowd; ++i) {
    const std::string name = "v" + std::to_string(i);
    chats.push_back(fresh_chat(random));
    people.push_back(std::make_unique<Person>(
        stage, url_of(desk.port()), desk.token(name, "visitor"), chats.back(), name, kEach, true));
    // So that all are here before any is through.
    people.back()->hold_after(kEach / 2);
  }
  const auto each = [&](auto holds) {
    stage.await([&] {
      for (const auto& one : people) {
        if (!holds(*one)) return false;
      }
      return true;
    });
  };
  for (const auto& one : people) one->start();
  each([](const Person& one) { return one.settled >= kEach / 2; });

  // Everybody says the rest, and the server dies in the midst of it.
  stage.on_loop([&] {
    for (const auto& one : people) one->hold_after(kEach);
  });
  int settled = 0;
  stage.await([&] {
    settled = 0;
    for (const auto& one : people) settled += one->settled;
    return settled >= crowd * (kEach / 2 + 1);
  });
  desk.kill();
  each([](const Person& one) { return one.detached > 0; });
  const auto began = Clock::now();
  desk.start();
  const auto serving = Clock::now();
  each([](const Person& one) { return one.resumed > 0; });
  const auto resumed = Clock::now();
  each([](const Person& one) { return one.settled == kEach; });
  const auto through = Clock::now();

  bool good = true;
  for (auto& one : people) {
    good = good && one->wrong.empty() && one->found_in(one->log) == one->said();
    CHECK(one->wrong == std::vector<std::string>{});
    CHECK(one->found_in(one->log) == one->said());
    Person::leave(stage, std::move(one));
  }
  desk.kill();
  sqlite::Store store(desk.file("helpdesk.db").string());
  for (int i = 0; i < crowd; ++i) {
    std::vector<std::string> expected;
    for (int n = 1; n <= kEach; ++n)
      expected.push_back("v" + std::to_string(i) + "/" + std::to_string(n));
    const bool same = stored(store, chats[static_cast<std::size_t>(i)]) == expected;
    CHECK(same);
    good = good && same;
  }
  if (!good) return;
  const auto seconds = [](auto span) { return std::chrono::duration<double>(span).count(); };
  report(
      "%d clients back after kill -9: server up in %.2f s, all resumed %.2f s later, all %d "
      "messages acknowledged %.2f s after that, 0 lost, doubled or out of order",
      crowd, seconds(serving - began), seconds(resumed - serving), crowd * kEach,
      seconds(through - resumed));
}
