#include <kefu/core/judgement.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using kefu::core::Judgement;

constexpr Judgement::Bounds kBounds{20, 30};

TEST_CASE("nothing said changes nothing") {
  Judgement judgement;
  judgement.apply(Allow{}, kBounds);
  CHECK(judgement.body("sent") == "sent");
  CHECK(judgement.tags().empty());
  CHECK_FALSE(judgement.denied());
}

TEST_CASE("the last rewriting stands, and tags gather behind it") {
  Judgement judgement;
  judgement.apply(Flag{"spam"}, kBounds);
  judgement.apply(Rewrite{"first"}, kBounds);
  judgement.apply(Flag{"rude"}, kBounds);
  judgement.apply(Rewrite{"second"}, kBounds);
  CHECK(judgement.body("sent") == "second");
  CHECK(judgement.tags() == "rewritten,spam,rude");
  CHECK(tags::has_rewritten(judgement.tags()));
}

TEST_CASE("a denial has a reason and nothing else") {
  Judgement judgement;
  judgement.apply(Rewrite{"changed"}, kBounds);
  judgement.apply(Deny{"no"}, kBounds);
  CHECK(judgement.denied());
  CHECK(judgement.reason() == "no");
  CHECK(judgement.body("sent") == "sent");
  CHECK_FALSE(judgement.rewritten());
}

TEST_CASE("a body that is too long is a denial") {
  Judgement judgement;
  judgement.apply(Rewrite{std::string(20, 'x')}, kBounds);
  CHECK_FALSE(judgement.denied());
  judgement.apply(Rewrite{std::string(21, 'x')}, kBounds);
  CHECK(judgement.denied());
}

TEST_CASE("tags are words, bounded, and none passes for a rewriting") {
  Judgement judgement;
  judgement.apply(Flag{"rewritten"}, kBounds);
  judgement.apply(Flag{""}, kBounds);
  CHECK(judgement.tags().empty());
  judgement.apply(Flag{"a,b \"c\"\n"}, kBounds);
  CHECK(judgement.tags() == "a_b__c__");
  judgement.apply(Flag{std::string(22, 'x')}, kBounds);
  CHECK(judgement.tags() == "a_b__c__");
  judgement.apply(Flag{std::string(21, 'x')}, kBounds);
  CHECK(judgement.tags().size() == 30);
  judgement.apply(Rewrite{"y"}, kBounds);
  CHECK(judgement.tags() == "rewritten");
}

TEST_CASE("without an answer stands what was declared") {
  Judgement judgement;
  judgement.time_out(OnTimeout::allow, kBounds);
  CHECK_FALSE(judgement.denied());
  judgement.time_out(OnTimeout::deny, kBounds);
  CHECK(judgement.denied());
}

TEST_CASE("staff are told all tags, a writer that it was rewritten, and nobody else anything") {
  CHECK(tags::told("rewritten,spam", false, true) == "rewritten,spam");
  CHECK(tags::told("rewritten,spam", true, false) == "rewritten");
  CHECK(tags::told("rewritten,spam", false, false).empty());
  CHECK(tags::told("spam", true, false).empty());
  CHECK_FALSE(tags::has_rewritten("rewritten2"));
}

}  // namespace
