// Visitors who turn out to be somebody.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/sim_bus.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-000000000002";

std::string claim(std::string_view token) {
  return R"({"type":"claim","ref":"c1","token":")" + std::string(token) + "\"}";
}
std::string say(int cseq, std::string_view body, std::string_view id = kConversation) {
  return R"({"type":"send",)" + in_conversation(id) + R"(,"cseq":)" + std::to_string(cseq) +
         R"(,"body":")" + std::string(body) + "\"}";
}
std::string history() { return R"({"type":"history",)" + in_conversation() + R"(,"after":0})"; }
Conversation record(Store& store, std::string_view id = kConversation) {
  std::optional<Conversation> out;
  store.get(conversation_key(*ConversationId::parse(id)),
            [&](auto found) { out = *wire::decode_conversation((*found)->value); });
  return *out;
}

TEST_CASE("what a former identity has becomes the contact's, live, and is nobody else's any more") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(say(1, "who I was"));
  Peer contact(host);
  contact.asks(hello("visitor contact"));
  contact.asks(claim("visitor v"));
  CHECK(contact.got("\"done\"", "c1") == 1);
  CHECK(contact.got("\"joined\"", "\"visitor\":\"contact\"") == 1);
  CHECK(contact.got("who I was", "\"from\":\"v\"") == 1);  // as it was written
  CHECK(contact.got("\"kind\":\"merged\"", "\"body\":\"v\"") == 1);
  CHECK(pair.agent.got("\"kind\":\"merged\"") == 1);
  CHECK(pair.visitor.got("\"left\"") == 1);

  pair.visitor.asks(say(2, "not mine"));
  CHECK(pair.visitor.got("\"error\"", "not_found", "\"cseq\":2") == 1);
  pair.visitor.asks(history());
  CHECK(pair.visitor.got("\"error\"", "not_found", "conversation") >= 1);
  contact.asks(say(1, "here I am"));
  CHECK(pair.agent.got("here I am", "\"from\":\"contact\"") == 1);
  pair.agent.asks(say(1, "welcome"));
  CHECK(contact.got("welcome\"", "\"entry\"") == 1);
  CHECK(pair.visitor.got("welcome\"", "\"entry\"") == 0);

  // Again: for what they have opened since, and else it changes nothing.
  contact.asks(claim("visitor v"));
  CHECK(contact.got("\"done\"", "c1") == 2);
  CHECK(contact.got("\"kind\":\"merged\"") == 1);
  pair.visitor.asks(open(kOther, "sales"));
  contact.asks(claim("visitor v"));
  CHECK(contact.got("\"joined\"", std::string(kOther)) == 1);
}

TEST_CASE(
    "only who is known may claim, and only who is not can be claimed, by a token that is good") {
  Host host;
  Peer visitor(host), contact(host), agent(host);
  visitor.asks(hello("visitor v"));
  contact.asks(hello("visitor contact"));
  agent.asks(hello("agent contact-a"));
  visitor.asks(claim("visitor contact"));
  CHECK(visitor.got("denied", "c1") == 1);
  agent.asks(claim("visitor v"));
  CHECK(agent.got("denied", "c1") == 1);
  for (const char* bad : {"agent a", "visitor contact-2", "visitor contact"}) {
    contact.frames.clear();
    contact.asks(claim(bad));
    CHECK(contact.got("denied", "c1") == 1);
  }
  contact.asks(claim("nonsense"));
  CHECK(contact.got("unauthenticated", "c1") == 1);
  host.hub.ban({"v", {}, {}, {}, {}, {}}, [](DeskOutcome) {});
  host.loop.run_until_idle();
  contact.asks(claim("visitor v"));
  CHECK(contact.got("\"rule\":\"banned\"") == 1);
}

TEST_CASE("of two open conversations one is closed, and says where it goes on") {
  Host host;
  Pair pair(host);  // with v
  Peer contact(host);
  contact.asks(hello("visitor contact"));
  contact.asks(open(kOther));
  contact.asks(claim("visitor v"));
  CHECK(record(host.store).state == ConversationState::active);
  CHECK(record(host.store).visitor == "contact");
  CHECK(record(host.store, kOther).state == ConversationState::closed);
  CHECK(contact.got("\"kind\":\"continued\"", std::string(kConversation)) == 1);
  CHECK(contact.got("\"kind\":\"closed\"") == 1);
  contact.asks(say(1, "goes on"));
  CHECK(pair.agent.got("goes on") == 1);
}

TEST_CASE("the former identity is let go of on another node too, and can store nothing there") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto first_end = bus.connect();
  const auto second_end = bus.connect();
  const auto node = [&](Bus& end) {
    HubOptions options;
    options.clock = &clock;
    options.bus = &end;
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  const auto first = node(*first_end);
  const auto second = node(*second_end);
  Peer visitor(*second, loop), contact(*first, loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  contact.asks(hello("visitor contact"));
  contact.says(claim("visitor v"));
  visitor.says(say(1, "at the same time"));
  loop.run_until_idle();
  CHECK(contact.got("\"done\"", "c1") == 1);
  CHECK(visitor.got("\"left\"") == 1);
  visitor.asks(say(2, "too late"));
  CHECK(visitor.got("not_found", "\"cseq\":2") == 1);
  CHECK(contact.got("too late") == 0);
}

/// Refuses commits about conversations while it is told to.
struct Stubborn final : StoreWrapper {
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    for (const Change& change : commit.changes) {
      if (refuses && change.key.kind == RecordKind::conversation) return done(errc::unavailable);
    }
    inner().commit(std::move(commit), std::move(done));
  }
  bool refuses = false;
};

TEST_CASE("a merge that was interrupted goes on by itself, also after a restart") {
  ManualClock clock;
  memory::Store memory(clock);
  Stubborn store(memory);
  ManualExecutor loop;
  const auto node = [&] {
    HubOptions options;
    options.clock = &clock;
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  auto first = node();
  {
    Peer visitor(*first, loop);
    visitor.asks(hello("visitor v"));
    visitor.asks(open());
  }
  store.refuses = true;
  std::optional<errc> code;
  first->merge("v", "contact", [&](DeskOutcome outcome) { code = outcome.code; });
  loop.run_until_idle();
  CHECK(code == errc::unavailable);
  first.reset();
  loop.drop_all();
  store.refuses = false;
  const auto second = node();
  for (int i = 0; i < 32; ++i) {
    clock.advance(1s);
    loop.advance(1s);
  }
  CHECK(record(memory).visitor == "contact");
  memory.get(contact_key("v"), [](auto found) {
    const auto v = wire::decode_record(contact_key("v"), (*found)->value);
    CHECK_FALSE(std::get<Contact>(*v).resume_at);
  });
}

TEST_CASE("erasing a contact takes what they wrote as somebody else, too") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(say(1, "my secret"));
  std::optional<DeskOutcome> merged;
  host.hub.merge("v", "contact", [&](DeskOutcome outcome) { merged = std::move(outcome); });
  host.loop.run_until_idle();
  CHECK(merged->changed);
  std::optional<std::uint64_t> bodies;
  host.hub.erase("contact", [&](result<std::uint64_t> count) { bodies = *count; });
  host.loop.run_until_idle();
  CHECK(bodies == 1);
  pair.agent.frames.clear();
  pair.agent.asks(history());
  CHECK(pair.agent.got("my secret") == 0);
  CHECK(pair.agent.got("\"from\":\"v\"") == 1);
}

TEST_CASE("a merge of nobody, or of one, is refused") {
  Host host;
  const auto merged = [&](std::string visitor, std::string contact) {
    DeskOutcome out{errc::timed_out};
    host.hub.merge(std::move(visitor), std::move(contact),
                   [&](DeskOutcome outcome) { out = std::move(outcome); });
    host.loop.run_until_idle();
    return out;
  };
  CHECK(merged("", "c").code == errc::bad_frame);
  CHECK(merged("v", "").code == errc::bad_frame);
  CHECK(merged(std::string(200, 'v'), "c").code == errc::too_large);
  CHECK(merged("v", "v").rule == Rule::itself);
  CHECK(merged("v", "c").code == errc::ok);  // nothing was theirs; what comes may be
  CHECK(merged("v", "d").rule == Rule::taken);
}

}  // namespace
