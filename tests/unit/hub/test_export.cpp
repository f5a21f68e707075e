#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::string in(std::size_t number) {
  const std::string digits = std::to_string(1000 + number);
  return in_conversation("0199c1d2-0000-7000-8000-00000000" + digits);
}
std::string ticket(std::string_view id, std::string_view requester, std::string_view subject) {
  return R"({"type":"ticket","id":"0199c1d2-0000-7000-8000-0000000000)" + std::string(id) +
         R"(","requester":")" + std::string(requester) + R"(","subject":")" + std::string(subject) +
         R"(","attributes":{"iban":"DE1"},"tags":["nasty"]})";
}
std::string comment(std::string_view id, std::string_view number, std::string_view body,
                    std::string_view more = "") {
  return R"({"type":"comment","id":"0199c1d2-0000-7000-8000-0000000000)" + std::string(id) +
         R"(","comment":"0199c1d2-0000-7000-8000-0000000000)" + std::string(number) +
         R"(","body":")" + std::string(body) + "\"" + std::string(more) + "}";
}
Written exported(Host& host, const std::string& participant) {
  Written out;
  host.hub.export_participant(participant, taker(out), [&](errc code) { out.ended = code; });
  host.loop.run_until_idle();
  return out;
}

TEST_CASE("an export has what was said with a participant, over many pages, and nothing internal") {
  limits bounds;
  bounds.max_list = 2;
  bounds.page_entries = 2;
  Host host(bounds);
  Peer visitor(host), other(host), ann(host);
  visitor.asks(hello("visitor v"));
  other.asks(hello("visitor w"));
  ann.asks(hello("agent ann"));
  for (std::size_t i = 0; i < 5; ++i) {
    visitor.asks(R"({"type":"open","id":)" + in(i).substr(15) + R"(,"department":"d)" +
                 std::to_string(i) + R"(","attributes":{"phone":"1"}})");
    visitor.asks(R"({"type":"send",)" + in(i) + R"(,"cseq":1,"body":"my question"})");
    ann.asks(R"({"type":"accept",)" + in(i) + "}");
    ann.asks(R"({"type":"describe",)" + in(i) + R"(,"tags":["nasty"]})");
    ann.asks(R"({"type":"send",)" + in(i) + R"(,"cseq":1,"body":"an answer"})");
    ann.asks(R"({"type":"note",)" + in(i) + R"(,"cseq":2,"body":"a remark"})");
  }
  other.asks(R"({"type":"open","id":)" + in(9).substr(15) + R"(,"department":"d0"})");
  other.asks(R"({"type":"send",)" + in(9) + R"(,"cseq":1,"body":"another secret"})");
  for (const char* const id : {"a1", "a2", "a3"}) {
    ann.asks(ticket(id, "v", "a refund"));
    ann.asks(comment(id, "c1", "the bank was asked"));
    ann.asks(comment(id, "c2", "she is nasty", R"(,"log":"internal")"));
  }
  ann.asks(ticket("b1", "w", "another refund"));

  const Written out = exported(host, "v");
  CHECK(out.ended == errc::ok);
  CHECK(out.got("\"type\":\"conversation\"", "\"phone\":\"1\"") == 5);
  CHECK(out.got("my question", "\"origin\"") == 5);
  CHECK(out.got("an answer") == 5);
  CHECK(out.got("\"type\":\"ticket\"", "a refund", "iban") == 3);
  CHECK(out.got("the bank was asked", "\"at\":\"2026-01-01T00:00:00.000000000Z\"") == 3);
  for (const char* const internal : {"a remark", "nasty", "another", "assignment", "\"w\""})
    CHECK(out.got(internal) == 0);
  CHECK(out.lines.size() == 5 * (1 + 4) + 3 * (1 + 2));

  CHECK(exported(host, "nobody").ended == errc::ok);
  CHECK(exported(host, "nobody").lines.empty());
  CHECK(exported(host, "ann").lines.empty());  // whose conversations are those of visitors
}

TEST_CASE("an export has what was asked for under a former identity too") {
  Host host;
  Peer ann(host);
  ann.asks(hello("agent ann"));
  ann.asks(ticket("a1", "v", "a refund"));
  host.hub.merge("v", "contact", [](DeskOutcome) {});
  host.loop.run_until_idle();
  ann.asks(ticket("a2", "contact", "a return"));
  const Written out = exported(host, "contact");
  CHECK(out.ended == errc::ok);
  CHECK(out.got("a return") == 1);
  CHECK(out.got("a refund") == 1);
}

}  // namespace
