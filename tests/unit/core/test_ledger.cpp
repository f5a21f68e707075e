#include <kefu/core/ledger.hpp>

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace {

using namespace kefu;
using namespace kefu::core;

constexpr std::uint32_t kWindow = 4;
constexpr ConversationId kConversation{1, 1};

struct Fixture {
  SessionLedger session;
  ConversationHead head;
  Outcome outcome;
  Timestamp now{100};

  Fixture() {
    session.epoch = 7;
    head.version = 3;
  }
  static Draft draft(std::uint64_t cseq, std::uint64_t digest = 1) {
    Draft made;
    made.epoch = 7;
    made.version = 3;
    made.conversation = kConversation;
    made.cseq = cseq;
    made.digest = digest;
    return made;
  }
  bool step(const Draft& draft) { return judge(draft, &session, head, kWindow, now, outcome); }
};

TEST_CASE_FIXTURE(Fixture, "sends become entries, one after the other") {
  CHECK(step(draft(1)));
  CHECK(outcome.code == errc::ok);
  CHECK(outcome.seq == 1);
  CHECK(outcome.at == now);
  Draft note = draft(2);
  note.log = Log::internal;
  CHECK(step(note));
  CHECK(outcome.seq == 1);
  CHECK(outcome.after == 1);
  CHECK(session.find(kConversation)->accepted() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a retry gets the original outcome and writes nothing") {
  step(draft(1));
  now = Timestamp{200};
  CHECK(!step(draft(1)));
  CHECK(outcome.code == errc::ok);
  CHECK(outcome.repeated);
  CHECK(outcome.seq == 1);
  CHECK(outcome.at == Timestamp{100});
  CHECK(!step(draft(1, 2)));
  CHECK(outcome.code == errc::conflict);
  CHECK(head.log.tail(Log::public_log) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a gap says what comes next") {
  CHECK(!step(draft(3)));
  CHECK(outcome.code == errc::gap);
  CHECK(outcome.expected == 1);
  step(draft(1));
  CHECK(!step(draft(3)));
  CHECK(outcome.expected == 2);
}

TEST_CASE_FIXTURE(Fixture, "a refusal consumes its cseq and is met again") {
  Draft refused = draft(1);
  refused.refusal = errc::closed;
  CHECK(step(refused));
  CHECK(outcome.code == errc::closed);
  CHECK(head.log.tail(Log::public_log) == 0);
  refused.refusal = errc::ok;  // allowed by now; the verdict stands
  CHECK(!step(refused));
  CHECK(outcome.code == errc::closed);
  CHECK(outcome.repeated);
  CHECK(outcome.seq == 0);
  CHECK(step(draft(2)));
  CHECK(outcome.seq == 1);
}

TEST_CASE_FIXTURE(Fixture, "an older retry than is kept is a duplicate") {
  for (std::uint64_t cseq = 1; cseq <= kWindow + 1; ++cseq) step(draft(cseq));
  CHECK(!step(draft(1)));
  CHECK(outcome.code == errc::duplicate);
  CHECK(!step(draft(2)));
  CHECK(outcome.repeated);
}

TEST_CASE_FIXTURE(Fixture, "the checks come in their order") {
  Draft all_wrong = draft(9);
  all_wrong.epoch = 6;
  all_wrong.version = 2;
  CHECK(!judge(all_wrong, nullptr, head, kWindow, now, outcome));
  CHECK(outcome.code == errc::session_expired);
  CHECK(!step(all_wrong));
  CHECK(outcome.code == errc::fenced);
  CHECK(outcome.expected == 7);
  all_wrong.epoch = 7;
  CHECK(!step(all_wrong));
  CHECK(outcome.code == errc::gap);
  all_wrong.cseq = 1;
  CHECK(!step(all_wrong));
  CHECK(outcome.code == errc::stale);
  CHECK(outcome.expected == 3);
  CHECK(session.find(kConversation)->accepted() == 0);  // stale consumes nothing
  all_wrong.refusal = errc::denied;                     // a refusal does not depend on the version
  CHECK(step(all_wrong));
  CHECK(outcome.code == errc::denied);
}

TEST_CASE_FIXTURE(Fixture, "a retry is answered even when the conversation has moved on") {
  step(draft(1));
  head.version = 4;
  CHECK(!step(draft(1)));
  CHECK(outcome.code == errc::ok);
  CHECK(outcome.repeated);
}

TEST_CASE("marks are per conversation") {
  SessionLedger session;
  std::mt19937_64 random(1);
  std::vector<ConversationId> ids;
  for (std::uint64_t i = 0; i < 50; ++i) {
    ids.push_back({random(), random()});
    for (std::uint64_t n = 0; n <= i; ++n)
      session.mark(ids.back()).record(DedupMark::Sent::entry(i, n + 1, {}), kWindow);
  }
  for (std::uint64_t i = 0; i < 50; ++i) {
    REQUIRE(session.find(ids[i]));
    CHECK(session.find(ids[i])->accepted() == i + 1);
  }
  CHECK(!session.find(kConversation));
  CHECK(session.entries().size() == 50);
}

/// Clients that retry at random, with batches that are lost on the way: what they got acknowledged
/// is in the log once.
TEST_CASE("random retries store each send once, in the sender's order") {
  std::mt19937 random(3);
  SessionLedger sessions[3];
  ConversationHead head;
  std::vector<std::pair<int, std::uint64_t>> log;  // (session, cseq) by seq
  for (int step = 0; step < 5000; ++step) {
    const int who = static_cast<int>(random() % 3);
    Draft draft;
    draft.conversation = kConversation;
    const DedupMark* const mark = sessions[who].find(kConversation);
    const std::uint64_t accepted = mark ? mark->accepted() : 0;
    draft.cseq = std::max<std::uint64_t>(
        1, accepted + random() % 3 - std::min<std::uint64_t>(accepted, random() % 6));
    draft.digest = draft.cseq;
    Outcome outcome;
    if (judge(draft, &sessions[who], head, kWindow, {}, outcome)) {
      log.emplace_back(who, draft.cseq);
      REQUIRE(outcome.seq == log.size());
    } else if (outcome.code == errc::ok) {
      REQUIRE(log.at(outcome.seq - 1) == std::pair(who, draft.cseq));
    } else {
      REQUIRE((outcome.code == errc::gap || outcome.code == errc::duplicate));
    }
  }
  std::uint64_t last[3] = {0, 0, 0};
  for (const auto& [who, cseq] : log) REQUIRE(cseq == ++last[who]);
}

}  // namespace
