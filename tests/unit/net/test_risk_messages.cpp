#include "net/risk_messages.hpp"

#include <doctest/doctest.h>

using namespace kefu;
using namespace kefu::net;

namespace {

std::optional<std::vector<Verdict>> answer(std::string_view verdicts, std::size_t count) {
  return read_risk_answer(R"({"more":{},"verdicts":[)" + std::string(verdicts) + "]}", count);
}

}  // namespace

TEST_CASE("risk: a request says who said what, and where") {
  Conversation conversation;
  conversation.id = *ConversationId::parse("0199c1d2-0000-7000-8000-000000000001");
  conversation.visitor = "v7";
  conversation.department = "sales";
  const std::string draft = risk_draft({"v7", Role::visitor, conversation, "203.0.113.7",
                                        Log::public_log, "text", "say \"你好\"\n"});
  CHECK(draft == R"({"conversation":"0199c1d2-0000-7000-8000-000000000001","visitor":"v7",)"
                 R"("department":"sales","from":"v7","role":"visitor","peer":"203.0.113.7",)"
                 R"("log":"public","kind":"text","body":"say \"你好\"\n"})");
  CHECK(risk_request({"{}", "{}"}) == R"({"drafts":[{},{}]})");
}

TEST_CASE("risk: an answer has a verdict for each draft") {
  const auto verdicts =
      answer(R"({"verdict":"allow","why":1},{"verdict":"deny","reason":"no"},{"verdict":"deny"},)"
             R"({"verdict":"rewrite","body":"\u4f60"},{"verdict":"flag","tag":"spam"})",
             5);
  REQUIRE(verdicts);
  CHECK(std::holds_alternative<Allow>((*verdicts)[0]));
  CHECK(std::get<Deny>((*verdicts)[1]).reason == "no");
  CHECK(std::get<Deny>((*verdicts)[2]).reason.empty());
  CHECK(std::get<Rewrite>((*verdicts)[3]).body == "你");
  CHECK(std::get<Flag>((*verdicts)[4]).tag == "spam");
  CHECK(answer("", 0));
}

TEST_CASE("risk: of an answer that is wrong anywhere nothing is believed") {
  const std::string allow = R"({"verdict":"allow"})";
  CHECK(answer(allow, 1));
  CHECK_FALSE(answer(allow, 2));
  CHECK_FALSE(answer(allow + "," + allow, 1));
  for (const char* verdict :
       {"1", "null", "{}", "[]", R"({"verdict":"perhaps"})", R"({"verdict":true})",
        R"({"verdict":"deny","reason":1})", R"({"verdict":"rewrite"})", R"({"verdict":"flag"})",
        R"({"verdict":"rewrite","body":"\ud800"})", "{\"verdict\":\"flag\",\"tag\":\"\xff\"}"}) {
    CAPTURE(verdict);
    CHECK_FALSE(answer(verdict, 1));
  }
  CHECK_FALSE(answer(R"({"verdict":"deny","reason":")" + std::string(513, 'x') + "\"}", 1));
  for (const char* body : {"", "[]", "{}", "not JSON", R"({"verdicts":{}})", R"({"verdicts":[)"}) {
    CAPTURE(body);
    CHECK_FALSE(read_risk_answer(body, 0));
  }
}
