#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/desk_record.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

TEST_CASE("an erased visitor leaves numbers behind, and nothing that they said or were") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"my secret"})");
  pair.agent.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"an answer"})");
  pair.agent.asks(R"({"type":"describe",)" + in_conversation() +
                  R"(,"subject":"my name","attributes":{"phone":"1"},"tags":["vip"]})");
  std::optional<std::uint64_t> bodies;
  host.hub.erase("v", [&](result<std::uint64_t> count) {
    REQUIRE(count);
    bodies = *count;
  });
  host.loop.run_until_idle();
  CHECK(bodies == 1);
  const auto id = *ConversationId::parse(kConversation);
  host.store.read({id, Log::public_log, 0, 100, 1 << 20}, [](result<Page> page) {
    REQUIRE(page->entries.size() == 4);
    CHECK(page->entries[2].body.empty());
    CHECK(page->entries[3].body == "an answer");
  });
  host.store.get(conversation_key(id), [](result<std::optional<Record>> record) {
    const auto c = wire::decode_conversation((**record).value);
    CHECK(c->subject.empty());
    CHECK(c->attributes.empty());
    CHECK(c->tags.size() == 1);
  });
}

}  // namespace
