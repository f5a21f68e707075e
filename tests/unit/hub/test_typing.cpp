#include <kefu/hub.hpp>
#include <kefu/model/frame.hpp>

#include <doctest/doctest.h>

#include <string>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

DeskOptions with_preview() {
  DeskOptions desk;
  desk.typing_preview = true;
  return desk;
}

std::string typing(std::string_view preview) {
  return "{\"type\":\"typing\"," + in_conversation() + R"(,"preview":")" + std::string(preview) +
         "\"}";
}

}  // namespace

TEST_CASE("staff see what the visitor is typing, and the visitor's other devices don't") {
  Host host({}, with_preview());
  Pair pair(host);
  Peer second(host);
  second.asks(hello("visitor v"));
  pair.visitor.asks(typing("Hello, I"));
  CHECK(pair.agent.got("\"typing\"", R"("from":"v","on":true,"preview":"Hello, I"})") == 1);
  CHECK(second.got("\"typing\"", R"("from":"v","on":true})") == 1);
  CHECK(second.got("preview") == 0);
  CHECK(pair.visitor.got("\"typing\"") == 0);
}

TEST_CASE("nobody sees what an agent is typing") {
  Host host({}, with_preview());
  Pair pair(host);
  Peer supervisor(host);
  supervisor.asks(hello("supervisor s"));
  supervisor.asks("{\"type\":\"watch\"," + in_conversation() + "}");
  pair.agent.asks(typing("between us"));
  CHECK(pair.visitor.got("\"typing\"") == 1);
  CHECK(supervisor.got("\"typing\"") == 1);
  CHECK(pair.visitor.got("between us") == 0);
  CHECK(supervisor.got("between us") == 0);
}

TEST_CASE("without the setting a preview goes no further") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(typing("Hello, I"));
  CHECK(pair.agent.got("\"typing\"") == 1);
  CHECK(pair.agent.got("preview") == 0);
}

TEST_CASE("a preview above its bound is refused, and an empty one is none") {
  Host host({}, with_preview());
  Pair pair(host);
  pair.visitor.asks(typing(std::string(frame::SetTyping::kMaxPreview, 'x')));
  CHECK(pair.agent.got("\"preview\"") == 1);
  pair.visitor.asks(typing(std::string(frame::SetTyping::kMaxPreview + 1, 'x')));
  CHECK(pair.visitor.got("too_large", "preview") == 1);
  pair.visitor.asks(typing(""));
  CHECK(pair.agent.got("\"typing\"") == 2);
  CHECK(pair.agent.got("\"preview\"") == 1);
}

TEST_CASE("what one types in somebody else's conversation is nobody's") {
  Host host({}, with_preview());
  Pair pair(host);
  Peer stranger(host);
  stranger.asks(hello("visitor w"));
  stranger.asks(typing("listen"));
  CHECK(stranger.got("not_found") == 1);
  CHECK(pair.agent.got("\"typing\"") == 0);
}
