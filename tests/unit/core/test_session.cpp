#include <kefu/core/session.hpp>

#include <doctest/doctest.h>

using kefu::ConversationId;
using kefu::errc;
using kefu::core::Session;
using Send = Session::Send;
using State = Session::State;

namespace {

constexpr ConversationId kHere{1, 1};
constexpr ConversationId kThere{2, 2};
constexpr std::uint32_t kWindow = 4;

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

}  // namespace
