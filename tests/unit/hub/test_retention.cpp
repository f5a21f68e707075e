// What becomes of conversations and tickets that are over for long.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kTicket = "0199c1d2-0000-7000-8000-0000000000a1";
constexpr std::string_view kFile = "0199c1d2-0000-7000-8000-0000000000f1";

std::string say(std::string_view type, int cseq, std::string_view body,
                std::string_view kind = "text") {
  return R"({"type":")" + std::string(type) + "\"," + in_conversation() + R"(,"cseq":)" +
         std::to_string(cseq) + R"(,"kind":")" + std::string(kind) + R"(","body":")" +
         std::string(body) + "\"}";
}
DeskOptions kept_for(Nanoseconds time) {
  DeskOptions desk;
  desk.retain_for = time;
  return desk;
}
std::vector<Entry> log_of(Store& store, std::string_view id, Log log = Log::public_log) {
  std::vector<Entry> entries;
  store.read({*ConversationId::parse(id), log, 0, 1000, 1 << 20},
             [&](result<Page> page) { entries = std::move(page->entries); });
  return entries;
}
/// How many still say something, and how many are said to have expired.
std::pair<std::size_t, std::size_t> left_of(const std::vector<Entry>& log) {
  std::pair<std::size_t, std::size_t> out;
  for (const Entry& entry : log) {
    if (is_reserved_kind(entry.kind)) continue;
    out.first += entry.body.empty() ? 0 : 1;
    out.second += tags::has_expired(entry.tags) ? 1 : 0;
  }
  return out;
}
Conversation record_of(Store& store) {
  Conversation c;
  store.get(conversation_key(*ConversationId::parse(kConversation)),
            [&](result<std::optional<Record>> record) {
              c = *wire::decode_conversation((*record)->value);
            });
  return c;
}
/// Says something in both logs, and closes.
void talk(Pair& pair, int messages) {
  pair.agent.asks(R"({"type":"describe",)" + in_conversation() +
                  R"(,"subject":"my name","attributes":{"phone":"1"},"tags":["vip"]})");
  for (int i = 1; i <= messages; ++i) {
    pair.visitor.asks(say("send", i, "secret " + std::to_string(i)));
    pair.agent.asks(say("note", i, "remark " + std::to_string(i)));
  }
  pair.visitor.asks(about("close"));
}

TEST_CASE("what was closed for long keeps its numbers, and nothing that was said") {
  limits bounds;
  bounds.page_entries = 3;
  Host host(bounds, kept_for(1min));
  Pair pair(host);
  talk(pair, 10);
  host.pass(59s);
  CHECK(left_of(log_of(host.store, kConversation)).first == 10);
  host.pass(2s);
  const std::vector<Entry> spoken = log_of(host.store, kConversation);
  CHECK(spoken.size() == 13);  // opened, assigned, closed
  CHECK(spoken[1].body == "a");
  CHECK(left_of(spoken) == std::pair<std::size_t, std::size_t>(0, 10));
  CHECK(left_of(log_of(host.store, kConversation, Log::internal)) ==
        std::pair<std::size_t, std::size_t>(0, 10));
  const Conversation c = record_of(host.store);
  CHECK(c.subject.empty());
  CHECK(c.attributes.empty());
  CHECK(c.tags.empty());
  CHECK(c.expired_at);
  CHECK(!c.expires_at);

  pair.visitor.asks(R"({"type":"history","ref":"h",)" + in_conversation() + R"(,"after":2})");
  CHECK(pair.visitor.got("\"ref\":\"h\"", R"("body":"","tags":"rewritten,expired")") == 1);
  CHECK(pair.visitor.got("\"ref\":\"h\"", "secret") == 0);
  pair.visitor.asks(about("reopen"));
  CHECK(pair.visitor.got("\"error\"", "\"rule\":\"too_late\"") == 1);
}

TEST_CASE("a department keeps for as long as it says, and all others for ever") {
  DeskOptions desk;
  desk.departments.resize(2);
  desk.departments[0].id = "short";
  desk.departments[0].retain_for = 10s;
  desk.departments[1].id = "long";
  Host host({}, desk);
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-000000000002";
  visitor.asks(open(kConversation, "short"));
  visitor.asks(open(kOther, "long"));
  for (const std::string_view id : {kConversation, kOther}) {
    visitor.asks(R"({"type":"send",)" + in_conversation(id) + R"(,"cseq":1,"body":"hello"})");
    visitor.asks(R"({"type":"close",)" + in_conversation(id) + "}");
  }
  host.pass(1min);
  CHECK(left_of(log_of(host.store, kConversation)).first == 0);
  CHECK(left_of(log_of(host.store, kOther)).first == 1);
}

TEST_CASE("a reopened conversation keeps what was said") {
  Host host({}, kept_for(10s));
  Pair pair(host);
  talk(pair, 2);
  host.pass(9s);
  pair.visitor.asks(about("reopen"));
  host.pass(1min);
  CHECK(left_of(log_of(host.store, kConversation)).first == 2);
}

TEST_CASE("a recalled message stays recalled, and files are forgotten before their messages") {
  std::vector<FileId> forgotten;
  errc answer = errc::store_failed;
  DeskOptions desk = kept_for(10s);
  desk.forget_file = [&](FileId id, Completion<errc> done) {
    forgotten.push_back(id);
    done(answer);
  };
  Host host({}, desk);
  Pair pair(host);
  pair.visitor.asks(say("send", 1, "oops"));
  pair.visitor.asks(R"({"type":"recall",)" + in_conversation() + R"(,"seq":3})");
  pair.visitor.asks(say("send", 2, kFile, "file"));
  pair.visitor.asks(about("close"));
  host.pass(5min);
  CHECK(forgotten == std::vector<FileId>{*FileId::parse(kFile)});  // it is not asked all the time
  CHECK(left_of(log_of(host.store, kConversation)).first == 1);
  answer = errc::ok;
  host.pass(10min);
  CHECK(forgotten.size() == 2);
  const std::vector<Entry> log = log_of(host.store, kConversation);
  CHECK(left_of(log).first == 0);
  CHECK(tags::has_recalled(log[2].tags));
  CHECK(tags::has_expired(log[4].tags));
  host.pass(11min);
  CHECK(forgotten.size() == 2);
}

TEST_CASE("a closed ticket loses its subject, its fields and what was said about it") {
  Host host({}, kept_for(10s));
  Peer ann(host);
  ann.asks(hello("agent ann"));
  const std::string id = R"("id":")" + std::string(kTicket) + "\"";
  ann.asks(R"({"type":"ticket",)" + id +
           R"(,"subject":"a refund","agent":"ann","attributes":{"iban":"1"},"tags":["x"]})");
  ann.asks(R"({"type":"comment",)" + id +
           R"(,"comment":"0199c1d2-0000-7000-8000-0000000000c1","body":"her bank says no"})");
  ann.asks(R"({"type":"ticket",)" + id + R"(,"version":2,"state":"closed"})");
  host.pass(11s);
  CHECK(left_of(log_of(host.store, kTicket)) == std::pair<std::size_t, std::size_t>(0, 1));
  ann.asks(R"({"type":"tickets","ref":"r",)" + id + "}");
  CHECK(ann.got("\"ref\":\"r\"", "a refund") == 0);
  CHECK(ann.got("\"ref\":\"r\"", "iban") == 0);
  CHECK(ann.got("\"ref\":\"r\"", "\"state\":\"closed\"") == 1);
  ann.asks(R"({"type":"comment",)" + id +
           R"(,"comment":"0199c1d2-0000-7000-8000-0000000000c2","body":"again"})");
  CHECK(ann.got("\"error\"", "\"rule\":\"too_late\"") == 1);
}

/// Counts redactions, and from one on lets them all fail.
class DyingStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (!commit.redactions.empty() && redacted++ >= lives) return done(errc::unavailable);
    inner().commit(std::move(commit), std::move(done));
  }
  std::size_t redacted = 0;
  std::size_t lives = SIZE_MAX;
};

TEST_CASE("whoever dies in the middle is followed by somebody who does the rest") {
  limits bounds;
  bounds.page_entries = 3;
  ManualClock clock;
  memory::Store memory(clock, bounds);
  DyingStore store(memory);
  ManualExecutor loop;
  const auto hub = [&] {
    HubOptions options;
    options.clock = &clock;
    options.limits = bounds;
    options.desk = kept_for(1h);
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  const auto pass = [&](Nanoseconds time) {
    clock.advance(time);
    loop.advance(time);
    loop.run_until_idle();
  };
  auto first = hub();
  {
    Peer visitor(*first, loop);
    visitor.asks(hello("visitor v"));
    visitor.asks(open());
    for (int i = 1; i <= 10; ++i) visitor.asks(say("send", i, "secret"));
    visitor.asks(about("close"));
  }
  store.lives = 2;
  pass(1h);
  for (int i = 0; i < 3; ++i) pass(1s);
  CHECK(store.redacted > 2);
  CHECK(left_of(log_of(store, kConversation)).second > 0);
  CHECK(left_of(log_of(store, kConversation)).first > 0);
  CHECK(record_of(store).expires_at);
  first.reset();
  loop.drop_all();
  store.lives = SIZE_MAX;
  const auto second = hub();
  for (int i = 0; i < 3; ++i) pass(1s);
  CHECK(left_of(log_of(store, kConversation)) == std::pair<std::size_t, std::size_t>(0, 10));
  CHECK(!record_of(store).expires_at);
  const std::size_t redacted = store.redacted;
  for (int i = 0; i < 10; ++i) pass(1s);
  CHECK(store.redacted == redacted);  // once
}

}  // namespace
