#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::string say(std::string_view type, int cseq, std::string_view body) {
  return "{\"type\":\"" + std::string(type) + "\"," + in_conversation() +
         ",\"cseq\":" + std::to_string(cseq) + ",\"body\":\"" + std::string(body) + "\"}";
}

Written transcript(Host& host, std::string_view id, bool internal) {
  Written out;
  host.hub.transcript(*ConversationId::parse(id), internal, taker(out),
                      [&](errc code) { out.ended = code; });
  host.loop.run_until_idle();
  return out;
}

TEST_CASE("a transcript has every entry in its place, over many pages") {
  limits bounds;
  bounds.page_entries = 2;
  Host host(bounds);
  Pair pair(host);
  for (int i = 1; i <= 5; ++i) {
    pair.visitor.asks(say("send", i, "question " + std::to_string(i)));
    pair.agent.asks(say("note", i, "thought " + std::to_string(i)));
  }
  const Written whole = transcript(host, kConversation, true);
  CHECK(whole.ended == errc::ok);
  REQUIRE(whole.lines.size() == 1 + 2 + 10);
  CHECK(whole.lines[0].find("\"visitor\":\"v\"") != std::string::npos);
  CHECK(whole.lines[1].find("\"kind\":\"opened\"") != std::string::npos);
  for (std::size_t i = 1; i <= 5; ++i) {
    CHECK(whole.lines[1 + 2 * i].find("question " + std::to_string(i)) != std::string::npos);
    CHECK(whole.lines[2 + 2 * i].find("thought " + std::to_string(i)) != std::string::npos);
    CHECK(whole.lines[1 + 2 * i].find("\"at\":\"2026-01-01T00:00:00.000000000Z\"") !=
          std::string::npos);
  }
  const Written spoken = transcript(host, kConversation, false);
  CHECK(spoken.lines.size() == 1 + 2 + 5);
  CHECK(transcript(host, "0199c1d2-0000-7000-8000-00000000ffff", true).ended == errc::not_found);
}

TEST_CASE("what visitors may read of a transcript is what they are told on the wire") {
  Host host;
  Pair pair(host);
  pair.agent.asks(R"({"type":"describe",)" + in_conversation() +
                  R"(,"subject":"an invoice","attributes":{"risk":"high"},"tags":["nasty"]})");
  const Written spoken = transcript(host, kConversation, false);
  CHECK(spoken.lines[0].starts_with(R"({"type":"conversation","conversation":{"id":")"));
  CHECK(spoken.lines[0].find("an invoice") != std::string::npos);
  for (const char* const internal : {"risk", "nasty", "assignment"})
    CHECK(spoken.lines[0].find(internal) == std::string::npos);
  const Written whole = transcript(host, kConversation, true);
  for (const char* const internal : {"risk", "nasty", "assignment"})
    CHECK(whole.lines[0].find(internal) != std::string::npos);
}

TEST_CASE("a transcript waits for who takes it, and ends when they want no more") {
  limits bounds;
  bounds.page_entries = 2;
  Host host(bounds);
  Pair pair(host);
  for (int i = 1; i <= 5; ++i) pair.visitor.asks(say("send", i, "question"));
  std::size_t lines = 0;
  std::optional<errc> ended;
  Completion<bool> more;
  host.hub.transcript(
      *ConversationId::parse(kConversation), false,
      [&](std::string_view some, Completion<bool> then) {
        lines += static_cast<std::size_t>(std::ranges::count(some, '\n'));
        more = std::move(then);
      },
      [&](errc code) { ended = code; });
  for (const std::size_t so_far : {1u, 3u, 5u}) {
    host.loop.run_until_idle();
    CHECK(lines == so_far);
    CHECK(!ended);
    more(so_far != 5);
  }
  host.loop.run_until_idle();
  CHECK(lines == 5);
  CHECK(ended == errc::closed);
}

}  // namespace
