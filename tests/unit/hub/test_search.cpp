#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::string search(std::string_view text, std::string_view more = "") {
  return R"({"type":"search","ref":"s","text":")" + std::string(text) + "\"" + std::string(more) +
         "}";
}
/// The last answer to a search.
std::string answer(const Peer& peer) {
  for (auto frame = peer.frames.rbegin(); frame != peer.frames.rend(); ++frame) {
    if (frame->find("\"ref\":\"s\"") != std::string::npos) return *frame;
  }
  return {};
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("each finds what they may read") {
  Host host;
  Pair pair(host);
  Peer other(host), supervisor(host);
  other.asks(hello("visitor w"));
  supervisor.asks(hello("supervisor s"));
  pair.visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"我想退款"})");
  pair.agent.asks(R"({"type":"note",)" + in_conversation() + R"(,"cseq":1,"body":"退款 agreed"})");
  pair.visitor.asks(search("退款"));
  CHECK(has(answer(pair.visitor), "我想退款"));
  CHECK(has(answer(pair.visitor), in_conversation()));
  CHECK_FALSE(has(answer(pair.visitor), "agreed"));
  pair.agent.asks(search("退款"));
  CHECK(has(answer(pair.agent), "agreed"));
  CHECK(has(answer(pair.agent), "\"log\":\"internal\""));
  other.asks(search("退款"));
  CHECK(has(answer(other), "\"entries\":[]"));
  other.asks(search("退款", "," + in_conversation()));
  CHECK(has(answer(other), "\"entries\":[]"));
  supervisor.asks(search("退款", "," + in_conversation()));
  CHECK(has(answer(supervisor), "我想退款"));
  supervisor.asks(search(""));
  CHECK(has(answer(supervisor), "\"bad_frame\""));
  supervisor.asks(search("x", R"(,"after":"x")"));
  CHECK(has(answer(supervisor), "\"bad_frame\""));

  pair.visitor.asks(R"({"type":"recall",)" + in_conversation() + R"(,"seq":3})");
  supervisor.asks(search("退款"));
  CHECK_FALSE(has(answer(supervisor), "我想退款"));
}

TEST_CASE("a session has one search under way") {
  Host host;
  Pair pair(host);
  pair.visitor.says(search("x"));
  pair.visitor.asks(search("x"));
  CHECK(pair.visitor.got("\"rate_limited\"", "\"search\"") == 1);
  CHECK(pair.visitor.got("\"entries\":[]") == 1);
  pair.visitor.asks(search("x"));
  CHECK(pair.visitor.got("\"entries\":[]") == 2);
}

TEST_CASE("a search goes on where it was cut off") {
  limits bounds;
  bounds.search_scan = 3;
  Host host(bounds);
  Pair pair(host);
  for (int cseq = 1; cseq <= 6; ++cseq) {
    pair.visitor.asks(R"({"type":"send",)" + in_conversation() + ",\"cseq\":" +
                      std::to_string(cseq) + R"(,"body":"needle )" + std::to_string(cseq) + "\"}");
  }
  std::vector<std::string> found;
  SearchQuery query{"needle", {"a", Role::agent}, {}, {}, 2};
  for (bool more = true; more;) {
    host.hub.search(query, [&](result<SearchHits> hits) {
      REQUIRE(hits);
      CHECK(hits->entries.size() <= 2);
      for (const Entry& entry : hits->entries) found.push_back(entry.body);
      query.after = hits->next;
      more = !hits->next.empty();
    });
    host.loop.run_until_idle();
  }
  CHECK(found == std::vector<std::string>{"needle 6", "needle 5", "needle 4", "needle 3",
                                          "needle 2", "needle 1"});
}

}  // namespace
