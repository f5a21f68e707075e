#include <kefu/core/recall.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using namespace std::chrono_literals;

constexpr Timestamp kWritten{1'000'000'000'000};
const Participant kAnn{"ann", Role::agent};
const core::RecallTerms kTerms{120s, false};

Entry message() {
  Entry entry;
  entry.seq = 7;
  entry.from = "ann";
  entry.role = Role::agent;
  entry.kind = kind::kText;
  entry.body = "oops";
  entry.at = kWritten;
  return entry;
}

TEST_CASE("who wrote a message may recall it for so long") {
  CHECK(core::may_recall(message(), kAnn, kWritten + 120s - 1ns, kTerms) == Rule::none);
  CHECK(core::may_recall(message(), kAnn, kWritten + 120s, kTerms) == Rule::too_late);
  CHECK(core::may_recall(message(), kAnn, kWritten, {0s, false}) == Rule::too_late);
}

TEST_CASE("a message that was recalled may be recalled again, whenever") {
  Entry entry = message();
  entry.tags = tags::recalled("");
  CHECK(core::may_recall(entry, kAnn, kWritten + 1h, kTerms) == Rule::none);
  CHECK(core::may_recall(entry, {"bob", Role::agent}, kWritten, kTerms) == Rule::author);
}

TEST_CASE("somebody else's message is not recalled, nor that of a namesake") {
  CHECK(core::may_recall(message(), {"bob", Role::agent}, kWritten, kTerms) == Rule::author);
  CHECK(core::may_recall(message(), {"ann", Role::visitor}, kWritten, kTerms) == Rule::author);
  CHECK(core::may_recall(message(), {"eve", Role::supervisor}, kWritten, kTerms) == Rule::author);
}

TEST_CASE("supervisors where the host lets them, and the host itself") {
  const core::RecallTerms terms{120s, true};
  CHECK(core::may_recall(message(), {"eve", Role::supervisor}, kWritten + 1h, terms) == Rule::none);
  CHECK(core::may_recall(message(), {"bob", Role::agent}, kWritten, terms) == Rule::author);
  CHECK(core::may_recall(message(), {}, kWritten + 1h, kTerms) == Rule::none);
}

TEST_CASE("what kefu wrote is no message") {
  Entry entry = message();
  entry.kind = kind::kResolved;
  CHECK(core::may_recall(entry, kAnn, kWritten, kTerms) == Rule::message);
  entry = message();
  entry.from.clear();
  CHECK(core::may_recall(entry, {}, kWritten, kTerms) == Rule::message);
}

TEST_CASE("its readers are told its number") {
  const Entry told = core::recall_entry(message());
  CHECK(told.kind == kind::kRecalled);
  CHECK(told.body == "7");
  CHECK(told.from.empty());
}

TEST_CASE("the tags of a recalled message keep what policies left, for the staff") {
  CHECK(tags::recalled("") == "rewritten,recalled");
  CHECK(tags::recalled("spam") == "rewritten,recalled,spam");
  CHECK(tags::recalled("rewritten") == "rewritten,recalled");
  CHECK(tags::recalled("rewritten,spam") == "rewritten,recalled,spam");
  CHECK(tags::has_recalled("rewritten,recalled,spam"));
  CHECK_FALSE(tags::has_recalled("rewritten,recalled2"));
  CHECK_FALSE(tags::has_recalled("recalled"));
  CHECK(tags::told("rewritten,recalled,spam", false, true) == "rewritten,recalled,spam");
  CHECK(tags::told("rewritten,recalled,spam", true, false) == "rewritten,recalled");
  CHECK(tags::told("rewritten,recalled,spam", false, false) == "rewritten,recalled");
}

}  // namespace
