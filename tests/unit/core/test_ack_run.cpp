#include <kefu/core/ack_run.hpp>

#include <doctest/doctest.h>

using kefu::ConversationId;
using kefu::Timestamp;
using kefu::core::AckRun;

namespace {

constexpr ConversationId kHere{1, 1};
constexpr ConversationId kThere{2, 2};

kefu::frame::Ack ack(std::uint64_t cseq, std::uint64_t seq, std::int64_t at = 7,
                     ConversationId conversation = kHere, kefu::Log log = kefu::Log::public_log) {
  return {conversation, log, cseq, seq, 1, Timestamp{at}};
}

TEST_CASE("acks that continue each other become one") {
  AckRun acks;
  CHECK_FALSE(acks.on_ack(ack(1, 10)));
  CHECK_FALSE(acks.on_ack(ack(2, 11)));
  CHECK_FALSE(acks.on_ack(ack(3, 12)));
  const auto run = acks.take();
  REQUIRE(run);
  CHECK(run->cseq == 3);
  CHECK(run->seq == 12);
  CHECK(run->count == 3);
  CHECK_FALSE(acks.take());
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
    AckRun acks;
    CHECK_FALSE(acks.on_ack(ack(1, 10)));
    const auto first = acks.on_ack(other);
    REQUIRE(first);
    CHECK(first->seq == 10);
    CHECK(first->count == 1);
    const auto second = acks.take();
    REQUIRE(second);
    CHECK(second->seq == other.seq);
    CHECK(second->count == 1);
  }
}

}  // namespace
