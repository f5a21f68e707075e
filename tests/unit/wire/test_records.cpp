#include <kefu/wire/records.hpp>

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

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
  conversation.priority = Priority::urgent;
  conversation.language = "zh-Hans";
  conversation.skills = {"refunds"};
  conversation.tags = {"vip"};
  conversation.attributes = {{"order", "7"}, {"渠道", "微信"}};
  conversation.snooze_until = Timestamp{5};
  conversation.expires_at = Timestamp{11};
  conversation.expired_at = Timestamp{12};
  conversation.gone_until = Timestamp{13};
  Assignment& assignment = conversation.assignment;
  assignment.epoch = 3;
  assignment.offer = Offer{"agent-3", Timestamp{6}};
  assignment.declined = {{"agent-5", Timestamp{7}}};
  assignment.waiting_since = Timestamp{8};
  assignment.returned = true;
  assignment.preferred = "agent-4";
  assignment.asked_until = Timestamp{9};
  assignment.history = {{3, AssignmentStep::taken_over, "agent-3", "boss", Timestamp{10}}};
  return conversation;
}

Agent example_agent() {
  Agent agent;
  agent.id = "agent-3";
  agent.capacity = 5;
  agent.departments = {{"账单", 2}, {"sales", std::nullopt}};
  agent.skills = {{"refunds", 3}};
  agent.languages = {"zh", "en"};
  agent.intent = Intent::busy;
  agent.slots = {{example().id, "账单", SlotUse::wrap_up, Timestamp{1}, Timestamp{2}}};
  agent.devices = {{*SessionId::parse("0199c1d2-0000-7000-8000-000000000002"), 4, "node-1"}};
  agent.last_seen = Timestamp{6};
  agent.absent_since = Timestamp{3};
  agent.last_offered_at = Timestamp{4};
  agent.idle_since = Timestamp{5};
  agent.handling = std::chrono::minutes(7);
  return agent;
}

Ticket example_ticket() {
  Ticket ticket;
  ticket.id = {1, 2};
  ticket.state = TicketState::pending;
  ticket.subject = "broken";
  ticket.requester = "visitor";
  ticket.department = "账单";
  ticket.assignee = "agent-3";
  ticket.priority = Priority::high;
  ticket.tags = {"a", "b"};
  ticket.fields = {{"serial", "x\"y"}};
  ticket.conversations = {example().id};
  ticket.pending_until = Timestamp{1};
  ticket.merged_into = TicketId{3, 4};
  ticket.comments = {{5, 6}};
  ticket.expires_at = Timestamp{4};
  ticket.expired_at = Timestamp{5};
  ticket.created_at = Timestamp{2};
  ticket.updated_at = Timestamp{3};
  return ticket;
}

BanList example_bans() {
  BanList list;
  list.bans = {{"visitor-7", "", Timestamp{1}, "abuse", "boss", Timestamp{2}},
               {"", "203.0.113.0/24", std::nullopt, "", "", Timestamp{3}}};
  return list;
}

std::vector<DeskRecord> all_examples() {
  SlaClock clock;
  clock.conversation = example().id;
  clock.policy = {std::chrono::minutes(1), std::nullopt, std::chrono::hours(8),
                  std::chrono::seconds(30)};
  clock.calendar = "work days";
  clock.seq = 17;
  clock.paused = true;
  clock.responded = true;
  clock.timers = {
      {SlaTarget::resolution, Timestamp{4}, Timestamp{3}, std::chrono::hours(2), true, true}};
  Department department;
  department.id = "账单";
  department.name = "Billing";
  department.strategy = "sticky";
  department.overflow_to = "sales";
  department.abandon_gone_after = std::chrono::minutes(2);
  department.offline = Offline::ticket;
  return {example(),
          OpenConversation{"visitor", "账单", example().id},
          example_agent(),
          department,
          example_ticket(),
          NodeLease{"node-1", Timestamp{1}, Timestamp{2}},
          SinkCursor{"crm", 5, "node-1", Timestamp{2}, 9, {{ConversationId{1, 2}, 6}}},
          DeadLetter{"crm", 3, ConversationId{1, 2}, true, 4, 100, Timestamp{3}},
          clock,
          Contact{"contact", {"v-1", "v-2"}, "other", Timestamp{4}},
          example_bans()};
}

RecordKey key_of_any(const DeskRecord& record) {
  return std::visit([](const auto& one) { return key_of(one); }, record);
}

TEST_CASE("a conversation's record is JSON that people can read, and comes back whole") {
  const std::string record = wire::encode_record(example());
  CHECK(
      record ==
      R"({"id":"0199c1d2-0000-7000-8000-000000000001","state":"on_hold","visitor":"visitor \"7\"",)"
      R"("department":"账单","subject":"a\nb","agents":["agent-3","agent-4"],)"
      R"("opened_at":"2026-11-23T08:31:23.000000001Z","priority":"urgent","language":"zh-Hans",)"
      R"("skills":["refunds"],"tags":["vip"],"attributes":{"order":"7","渠道":"微信"},)"
      R"("snooze_until":"1970-01-01T00:00:00.000000005Z",)"
      R"("expires_at":"1970-01-01T00:00:00.000000011Z",)"
      R"("expired_at":"1970-01-01T00:00:00.000000012Z",)"
      R"("gone_until":"1970-01-01T00:00:00.000000013Z","assignment":{"epoch":3,)"
      R"("offer":{"agent":"agent-3","expires_at":"1970-01-01T00:00:00.000000006Z"},)"
      R"("declined":[{"agent":"agent-5","until":"1970-01-01T00:00:00.000000007Z"}],)"
      R"("waiting_since":"1970-01-01T00:00:00.000000008Z","returned":true,"preferred":"agent-4",)"
      R"("asked_until":"1970-01-01T00:00:00.000000009Z","history":[{"epoch":3,)"
      R"("step":"taken_over","agent":"agent-3","by":"boss",)"
      R"("at":"1970-01-01T00:00:00.000000010Z"}]}})");
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

TEST_CASE("every record of the desk comes back whole, under its own key only") {
  for (const DeskRecord& record : all_examples()) {
    const RecordKey key = key_of_any(record);
    CAPTURE(key.id);
    const std::string text = wire::encode_record(record);
    const auto back = wire::decode_record(key, text);
    REQUIRE(back);
    CHECK(*back == record);
    CHECK(wire::decode_record({key.kind, key.id + "x"}, text).error() == errc::corrupt);
    CHECK(wire::decode_record({RecordKind::file, key.id}, text).error() == errc::corrupt);
    for (std::size_t size = 0; size < text.size(); ++size)
      CHECK(wire::decode_record(key, text.substr(0, size)).error() == errc::corrupt);
  }
}

TEST_CASE("a record of which only the least is known comes back whole, too") {
  Agent agent;
  agent.id = "a";
  agent.capacity = 0;  // not the default: it must not be left out
  const DeskRecord record = agent;
  const auto back = wire::decode_record(agent_key("a"), wire::encode_record(record));
  REQUIRE(back);
  CHECK(*back == record);
}

}  // namespace
