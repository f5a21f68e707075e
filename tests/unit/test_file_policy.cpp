#include <kefu/file_policy.hpp>

#include <doctest/doctest.h>

#include <kefu/memory/files.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <optional>
#include <string>

using namespace kefu;

namespace {

struct Desk {
  Desk() { conversation.id = {1, 1}; }

  FileInfo put(std::uint64_t n, bool whole = true) {
    FileInfo info;
    info.id = {2, n};
    info.conversation = conversation.id;
    info.owner = "ann";
    info.name = "a \"b\".txt";
    info.type = "text/plain";
    files.create(info, [](auto) {});
    if (whole) files.commit(info.id, [](auto) {});
    return info;
  }
  Verdict judge(std::string_view kind, std::string_view body, std::string_view from = "ann") {
    std::optional<Verdict> verdict;
    policy->decide({from, Role::visitor, conversation, "", Log::public_log, kind, body}, {},
                   [&](Verdict said) { verdict = std::move(said); });
    REQUIRE(verdict);
    return *verdict;
  }

  testing::ManualClock clock;
  memory::Files files{clock};
  std::unique_ptr<Policy> policy = file_policy(files);
  Conversation conversation;
};

}  // namespace

TEST_CASE("a message that refers to a file keeps it") {
  Desk desk;
  const FileInfo info = desk.put(1);
  CHECK(std::holds_alternative<Allow>(desk.judge("file", info.id.to_string())));
  desk.clock.advance(10 * limits{}.unkept_ttl);
  desk.put(2);
  desk.clock.advance(10 * limits{}.unkept_ttl);
  desk.files.collect([](result<std::size_t> count) { CHECK(*count == 1); });
  desk.files.status(info.id, [](auto known) { CHECK(known->state == FileState::kept); });
}

TEST_CASE("a message can't refer to what isn't its sender's file in its conversation") {
  Desk desk;
  const std::string id = desk.put(1).id.to_string();
  const auto denied = [](const Verdict& verdict) { return std::holds_alternative<Deny>(verdict); };
  CHECK(denied(desk.judge("file", "x")));
  CHECK(denied(desk.judge("file", FileId{9, 9}.to_string())));
  CHECK(denied(desk.judge("file", desk.put(2, false).id.to_string())));
  CHECK(denied(desk.judge("file", id, "bob")));
  const FileInfo refused = desk.put(3);
  desk.files.judged(refused.id, FileVerdict::refused, [](auto) {});
  CHECK(denied(desk.judge("file", refused.id.to_string())));
  desk.conversation.id = {1, 2};
  CHECK(denied(desk.judge("file", id)));
  CHECK(std::holds_alternative<Allow>(desk.judge("text", id, "bob")));
  CHECK(desk.policy->on_timeout() == OnTimeout::deny);
}
