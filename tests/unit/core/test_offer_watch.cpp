#include <doctest/doctest.h>

#include <kefu/core/offer_watch.hpp>

#include <vector>

using namespace kefu;
using Ids = std::vector<ConversationId>;

namespace {

constexpr ConversationId kOne{0, 1};
constexpr ConversationId kTwo{0, 2};

TEST_CASE("what another node has queued is news once, and once more when it is gone") {
  core::OfferWatch watch;
  watch.begin();
  CHECK(watch.waits(kOne, 0));
  CHECK(watch.end() == Ids{});
  watch.begin();
  CHECK_FALSE(watch.waits(kOne, 0));
  CHECK(watch.end() == Ids{});
  watch.begin();
  CHECK(watch.end() == Ids{kOne});
  watch.begin();
  CHECK(watch.end() == Ids{});
}

TEST_CASE("what was told here is no news, but its next round in the queue is") {
  core::OfferWatch watch;
  CHECK(watch.waits(kOne, 4));
  watch.begin();
  CHECK_FALSE(watch.waits(kOne, 4));
  CHECK(watch.end() == Ids{});
  watch.begin();
  CHECK_FALSE(watch.waits(kOne, 3));  // an older read
  CHECK(watch.waits(kOne, 5));
  CHECK_FALSE(watch.waits(kOne, 5));
}

TEST_CASE("a look says nothing of what was told while it ran") {
  core::OfferWatch watch;
  CHECK(watch.waits(kOne, 0));
  watch.begin();
  CHECK(watch.dequeued(kOne, 1));
  CHECK_FALSE(watch.waits(kOne, 0));  // it was read before
  CHECK(watch.waits(kTwo, 0));        // behind the page that would have had it
  CHECK(watch.end() == Ids{});
  watch.begin();
  CHECK_FALSE(watch.waits(kTwo, 0));
  CHECK(watch.waits(kOne, 2));  // it waits again
  CHECK(watch.end() == Ids{});
}

TEST_CASE("a look that failed is made good by the next") {
  core::OfferWatch watch;
  CHECK(watch.waits(kOne, 0));
  CHECK(watch.waits(kTwo, 0));
  watch.begin();
  CHECK_FALSE(watch.waits(kOne, 0));
  watch.begin();
  CHECK_FALSE(watch.waits(kTwo, 0));
  CHECK(watch.end() == Ids{kOne});
}

TEST_CASE("what comes in another order than it happened is told as it is in the end") {
  core::OfferWatch watch;
  watch.begin();
  CHECK(watch.dequeued(kOne, 2));
  CHECK_FALSE(watch.waits(kOne, 1));     // the round that was taken
  CHECK(watch.waits(kOne, 5));           // it waits again
  CHECK_FALSE(watch.dequeued(kOne, 4));  // what came before that
  CHECK(watch.end() == Ids{});
}

TEST_CASE("what one of the staff has found is news for the others, and gone for all of them") {
  core::OfferWatch watch;
  watch.listed(kOne, 1);
  watch.listed(kTwo, 1);
  watch.begin();
  CHECK(watch.waits(kOne, 1));
  CHECK(watch.end() == Ids{kTwo});
  watch.begin();
  CHECK(watch.dequeued(kOne, 2));
  watch.listed(kOne, 1);  // in an older page
  CHECK(watch.end() == Ids{});
  watch.begin();
  CHECK(watch.end() == Ids{});
}

}  // namespace
