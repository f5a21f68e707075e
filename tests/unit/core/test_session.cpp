#include <kefu/core/session.hpp>

#include <doctest/doctest.h>

using kefu::ConversationId;
using kefu::errc;
using kefu::Timestamp;
using kefu::core::Session;
using Send = Session::Send;
using State = Session::State;

namespace {

constexpr ConversationId kHere{1, 1};
constexpr ConversationId kThere{2, 2};
constexpr std::uint32_t kWindow = 4;

kefu::frame::Ack ack(std::uint64_t cseq, std::uint64_t seq, std::int64_t at = 7,
                     ConversationId conversation = kHere, kefu::Log log = kefu::Log::public_log) {
  return {conversation, log, cseq, seq, 1, Timestamp{at}};
}

TEST_CASE("hello comes first, and once") {
  Session session;
  CHECK(session.admit() == errc::unauthenticated);
  CHECK(session.admit_hello() == errc::ok);
  for (State state : {State::authenticating, State::attaching, State::joining}) {
    session.enter(state);
    CHECK(session.admit() == errc::unauthenticated);
    CHECK(session.admit_hello() == errc::conflict);
  }
  session.enter(State::attached);
  CHECK(session.admit() == errc::ok);
  CHECK(session.admit_hello() == errc::conflict);
  session.enter(State::greeting);
  CHECK(session.admit_hello() == errc::ok);
  session.enter(State::ended);
  CHECK(session.admit() == errc::fenced);
  CHECK(session.admit_hello() == errc::conflict);
}

TEST_CASE("a retry of a send in flight waits for its outcome") {
  Session session;
  CHECK(session.on_send(kHere, 1, 0xaa, kWindow) == Send::submit);
  CHECK(session.on_send(kHere, 1, 0xaa, kWindow) == Send::in_flight);
  CHECK(session.on_send(kHere, 1, 0xbb, kWindow) == Send::conflict);
  CHECK(session.on_send(kThere, 1, 0xbb, kWindow) == Send::submit);
  session.on_outcome(kHere, 1);
  CHECK(session.on_send(kHere, 1, 0xbb, kWindow) == Send::submit);
}

TEST_CASE("a window of sends may be in flight in each conversation") {
  Session session;
  for (std::uint64_t cseq = 1; cseq <= kWindow; ++cseq) {
    CHECK(session.on_send(kHere, cseq, cseq, kWindow) == Send::submit);
  }
  CHECK(session.on_send(kHere, kWindow + 1, 9, kWindow) == Send::full);
  CHECK(session.on_send(kThere, 1, 9, kWindow) == Send::submit);
  session.on_outcome(kHere, 3);
  CHECK(session.on_send(kHere, kWindow + 1, 9, kWindow) == Send::submit);
  CHECK(session.in_flight() == kWindow + 1);
}

TEST_CASE("an outcome nobody waits for changes nothing") {
  Session session;
  CHECK(session.on_send(kHere, 1, 1, kWindow) == Send::submit);
  session.on_outcome(kHere, 2);
  session.on_outcome(kThere, 1);
  CHECK(session.in_flight() == 1);
}

TEST_CASE("acks that continue each other become one") {
  Session session;
  CHECK_FALSE(session.on_ack(ack(1, 10)));
  CHECK_FALSE(session.on_ack(ack(2, 11)));
  CHECK_FALSE(session.on_ack(ack(3, 12)));
  const auto run = session.flush_ack();
  REQUIRE(run);
  CHECK(run->cseq == 3);
  CHECK(run->seq == 12);
  CHECK(run->count == 3);
  CHECK_FALSE(session.flush_ack());
}

TEST_CASE("an ack that does not continue the run sends the run first") {
  const kefu::frame::Ack others[] = {
      ack(2, 12),                                 // somebody else's entry between
      ack(3, 11),                                 // a cseq was refused between
      ack(2, 11, 8),                              // stored at another time
      ack(2, 11, 7, kThere),                      // another conversation
      ack(2, 11, 7, kHere, kefu::Log::internal),  // another log
  };
  for (const auto& other : others) {
    Session session;
    CHECK_FALSE(session.on_ack(ack(1, 10)));
    const auto first = session.on_ack(other);
    REQUIRE(first);
    CHECK(first->seq == 10);
    CHECK(first->count == 1);
    const auto second = session.flush_ack();
    REQUIRE(second);
    CHECK(second->seq == other.seq);
    CHECK(second->count == 1);
  }
}

}  // namespace
