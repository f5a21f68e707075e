#include <kefu/core/judged_draft.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using kefu::core::JudgedDraft;

TEST_CASE("a draft under judgement keeps its own texts") {
  std::string from = "visitor", body = "text";
  Draft draft;
  draft.from = from;
  draft.kind = kind::kText;
  draft.body = body;
  JudgedDraft kept(draft);
  from = body = "-------";
  CHECK(kept.draft.from == "visitor");
  CHECK(kept.draft.kind == "text");
  CHECK(kept.draft.body == "text");
}

TEST_CASE("the judgement is written into the draft") {
  Draft draft;
  draft.body = "sent";
  JudgedDraft kept(draft);
  kept.judgement.apply(Rewrite{"changed"}, {100, 100});
  kept.conclude({100, 100});
  CHECK(kept.draft.judged == Draft::Judged::passed);
  CHECK(kept.draft.body == "changed");
  CHECK(kept.draft.tags == "rewritten");
  JudgedDraft denied(draft);
  denied.judgement.apply(Deny{"why"}, {100, 100});
  denied.conclude({100, 100});
  CHECK(denied.draft.judged == Draft::Judged::denied);
  CHECK(denied.draft.reason == "why");
}

TEST_CASE("what tags a draft has stay behind what policies leave, where there is room") {
  std::string tags = "own";
  Draft draft;
  draft.tags = tags;
  JudgedDraft kept(draft);
  tags = "---";
  kept.judgement.apply(Flag{"flagged"}, {100, 100});
  kept.conclude({100, 100});
  CHECK(kept.draft.tags == "flagged,own");
  JudgedDraft full(draft);
  full.judgement.apply(Flag{"flagged"}, {100, 10});
  full.conclude({100, 10});
  CHECK(full.draft.tags == "flagged");
}

}  // namespace
