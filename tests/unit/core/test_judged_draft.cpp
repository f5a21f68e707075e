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
  kept.conclude();
  CHECK(kept.draft.judged == Draft::Judged::passed);
  CHECK(kept.draft.body == "changed");
  CHECK(kept.draft.tags == "rewritten");
  JudgedDraft denied(draft);
  denied.judgement.apply(Deny{"why"}, {100, 100});
  denied.conclude();
  CHECK(denied.draft.judged == Draft::Judged::denied);
  CHECK(denied.draft.reason == "why");
}

}  // namespace
