#include <kefu/wire/records.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;

Conversation example() {
  Conversation conversation;
  conversation.id = *ConversationId::parse("0199c1d2-0000-7000-8000-000000000001");
  conversation.state = ConversationState::on_hold;
  conversation.visitor = "visitor \"7\"";
  conversation.department = "账单";
  conversation.subject = "a\nb";
  conversation.agents = {"agent-3", "agent-4"};
  conversation.opened_at = *Timestamp::parse("2026-11-23T08:31:23.000000001Z");
  return conversation;
}

TEST_CASE("a conversation's record is JSON that people can read, and comes back whole") {
  const std::string record = wire::encode_record(example());
  CHECK(
      record ==
      R"({"id":"0199c1d2-0000-7000-8000-000000000001","state":"on_hold","visitor":"visitor \"7\"",)"
      R"("department":"账单","subject":"a\nb","agents":["agent-3","agent-4"],)"
      R"("opened_at":"2026-11-23T08:31:23.000000001Z"})");
  const auto back = wire::decode_conversation(record);
  REQUIRE(back);
  CHECK(*back == example());

  Conversation bare = example();
  bare.agents.clear();
  bare.department.clear();
  const auto again = wire::decode_conversation(wire::encode_record(bare));
  REQUIRE(again);
  CHECK(*again == bare);
}

TEST_CASE("fields of a newer version are ignored") {
  std::string record = wire::encode_record(example());
  record.insert(1, R"("version":{"major":[2]},)");
  const auto back = wire::decode_conversation(record);
  REQUIRE(back);
  CHECK(*back == example());
}

TEST_CASE("a damaged record is corrupt, wherever it is cut or changed") {
  const std::string record = wire::encode_record(example());
  for (std::size_t size = 0; size < record.size(); ++size) {
    CHECK(wire::decode_conversation(record.substr(0, size)).error() == errc::corrupt);
  }
  for (const char* bad :
       {"[]", "null", "{}", R"({"id":"x"})", R"({"state":"open"})", R"({"agents":"a"})",
        R"({"agents":[1]})", R"({"visitor":1})", R"({"opened_at":"now"})"}) {
    CHECK(wire::decode_conversation(bad).error() == errc::corrupt);
  }
  CHECK(wire::decode_conversation(record + "}").error() == errc::corrupt);
  CHECK(wire::decode_conversation(record + " {}").error() == errc::corrupt);
}

}  // namespace
