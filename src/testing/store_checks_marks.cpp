// Exactly once: retries of every kind of outcome.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

Draft refusal(std::uint64_t cseq, errc code, std::string_view body = "hello") {
  Draft out = draft(1, 1, cseq, body);
  out.refusal = code;
  return out;
}

void expect_repeated(const Outcome& got, const Outcome& original) {
  expect_equal(got.code, original.code, "the outcome of a retry");
  expect(got.repeated, "a retry was not taken for one");
  expect_equal(got.seq, original.seq, "the seq told to a retry");
  expect_equal(got.at, original.at, "the time told to a retry");
}

void retry_repeats(Rig& rig) {
  rig.create_session(1);
  const Outcome original = rig.stored(draft(1, 1, 1));
  expect_repeated(rig.append(draft(1, 1, 1)), original);
  rig.stored(draft(1, 1, 2));
  expect_repeated(rig.append(draft(1, 1, 1)), original);
  rig.attach(1, 2, participant(1), false);
  Draft later = draft(1, 1, 1);
  later.epoch = 2;
  expect_repeated(rig.append(later), original);
  expect_equal(rig.read_all(1).tail, 2u, "the tail after retries");
}

void retry_of_the_internal_log(Rig& rig) {
  rig.create_session(1);
  Draft note = draft(1, 1, 1);
  note.log = Log::internal;
  const Outcome original = rig.stored(note);
  expect_repeated(rig.append(note), original);
  expect_equal(rig.read_all(1, Log::internal).tail, 1u,
               "the tail of the internal log after a retry");
}

void retry_of_other_content(Rig& rig) {
  rig.create_session(1);
  rig.stored(draft(1, 1, 1, "one"));
  expect_equal(rig.append(draft(1, 1, 1, "two")).code, errc::conflict,
               "a used cseq with other content");
  expect_repeated(rig.append(draft(1, 1, 1, "one")), rig.append(draft(1, 1, 1, "one")));
  expect_equal(rig.read_all(1).entries.at(0).body, std::string("one"), "the body after a conflict");
  expect_equal(rig.append(draft(1, 1, 2)).seq, 2u, "the seq after a conflict");
}

void refusal_is_stored(Rig& rig) {
  rig.create_session(1);
  for (const errc code : {errc::denied, errc::closed}) {
    const std::uint64_t cseq = code == errc::denied ? 1 : 2;
    const Outcome original = rig.append(refusal(cseq, code));
    expect_equal(original.code, code, "the outcome of a refusal");
    expect_repeated(rig.append(refusal(cseq, code)), original);
    expect_repeated(rig.append(draft(1, 1, cseq)), original);  // even when it would be let in today
    expect_repeated(rig.append(refusal(cseq, code == errc::denied ? errc::closed : errc::denied)),
                    original);
    expect_equal(rig.append(refusal(cseq, code, "other")).code, errc::conflict,
                 "a refused cseq with other content");
  }
  expect_equal(rig.read_all(1).tail, 0u, "the tail after refusals");
  expect_equal(rig.stored(draft(1, 1, 3)).seq, 1u, "the seq after refusals");
}

void entry_is_not_refused_later(Rig& rig) {
  rig.create_session(1);
  const Outcome original = rig.stored(draft(1, 1, 1));
  expect_repeated(rig.append(refusal(1, errc::closed)), original);
}

void failure_consumes_nothing(Rig& rig) {
  rig.create_session(1);
  Draft stale = draft(1, 1, 1);
  stale.version = 3;
  expect_equal(rig.append(stale).code, errc::stale, "a stale draft");
  expect_equal(rig.append(draft(1, 1, 2)).expected, 1u, "the expected cseq after a stale draft");
  expect_equal(rig.append(draft(1, 1, 0)).code, errc::duplicate, "cseq 0");
  rig.stored(draft(1, 1, 1));
  const Outcome gap = rig.append(draft(1, 1, 3));
  expect_equal(gap.code, errc::gap, "a cseq above the expected one");
  expect_equal(gap.expected, 2u, "the expected cseq");
  expect_equal(rig.append(draft(1, 1, std::uint64_t{1} << 63)).code, errc::gap,
               "a cseq far above the expected one");
  expect_equal(rig.stored(draft(1, 1, 2)).seq, 2u, "the seq after gaps");
}

void twice_in_a_batch(Rig& rig) {
  rig.create_session(1);
  const std::vector<Outcome> outcomes = rig.append(
      {draft(1, 1, 1), draft(1, 1, 1), draft(1, 1, 1, "other"), draft(1, 1, 2), draft(1, 1, 1),
       refusal(3, errc::denied), refusal(3, errc::denied), draft(1, 1, 4), draft(1, 1, 6)});
  expect_equal(outcomes[0].code, errc::ok, "the first of its cseq");
  expect_repeated(outcomes[1], outcomes[0]);
  expect_equal(outcomes[2].code, errc::conflict, "other content in one batch");
  expect_equal(outcomes[3].seq, 2u, "the seq behind a repeated draft");
  expect_repeated(outcomes[4], outcomes[0]);
  expect_equal(outcomes[5].code, errc::denied, "a refusal in a batch");
  expect_repeated(outcomes[6], outcomes[5]);
  expect_equal(outcomes[7].seq, 3u, "the seq behind a refusal");
  expect_equal(outcomes[8].expected, 5u, "the expected cseq in a batch");
  expect_equal(rig.read_all(1).tail, 3u, "the tail");
}

void window_is_kept(Rig& rig) {
  rig.create_session(1);
  const std::uint64_t window = rig.window();
  std::vector<Outcome> originals;
  for (std::uint64_t cseq = 1; cseq <= 3 * window + 1; ++cseq) {
    originals.push_back(
        rig.append(cseq % 5 == 0 ? refusal(cseq, errc::denied) : draft(1, 1, cseq)));
  }
  const std::uint64_t last = originals.size();
  for (std::uint64_t cseq = last; cseq > last - window; --cseq) {
    expect_repeated(rig.append(draft(1, 1, cseq)), originals[cseq - 1]);
  }
  expect_equal(rig.append(draft(1, 1, last - window)).code, errc::duplicate,
               "a retry just outside the window");
  expect_equal(rig.append(draft(1, 1, 1)).code, errc::duplicate, "the oldest retry");
  expect_equal(rig.append(draft(1, 1, 1, "other")).code, errc::duplicate,
               "an old cseq with other content");
  rig.stored(draft(1, 1, last + 1));
}

void marks_are_apart(Rig& rig) {
  rig.create_session(1);
  rig.create_session(2);
  rig.stored(draft(1, 1, 1));
  expect_equal(rig.stored(draft(1, 2, 1)).seq, 1u, "the first seq of a second conversation");
  expect_equal(rig.stored(draft(2, 1, 1)).seq, 2u, "the seq of a second session");
  expect_equal(rig.append(draft(2, 2, 2)).code, errc::gap,
               "a cseq that only another session has reached");
  expect(rig.append(draft(1, 2, 1)).repeated, "a retry in the second conversation");
}

void marks_over_many_conversations(Rig& rig) {
  rig.create_session(1);
  constexpr std::uint64_t kConversations = 60;
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < 3 * kConversations; ++i)
    drafts.push_back(draft(1, 1 + i % kConversations, i / kConversations + 1));
  rig.append(drafts);
  const AttachOutcome outcome = rig.attach(1, 2, participant(1), false);
  expect_equal(outcome.marks.size(), std::size_t{kConversations}, "the number of marks");
  for (std::uint64_t n = 1; n <= kConversations; ++n)
    expect_equal(accepted(outcome, n), 3u, "a mark");
}

}  // namespace

void add_mark_checks(std::vector<StoreCheck>& checks) {
  checks.insert(
      checks.end(),
      {{"append: a retry gets the original outcome", run_check<retry_repeats>},
       {"append: a retry in the internal log", run_check<retry_of_the_internal_log>},
       {"append: the same cseq with other content", run_check<retry_of_other_content>},
       {"append: a refusal is stored and repeated", run_check<refusal_is_stored>},
       {"append: a stored entry is not refused later", run_check<entry_is_not_refused_later>},
       {"append: what fails consumes no cseq", run_check<failure_consumes_nothing>},
       {"append: the same cseq twice in one batch", run_check<twice_in_a_batch>},
       {"append: the last W outcomes are kept", run_check<window_is_kept>},
       {"append: each session counts for itself in each conversation", run_check<marks_are_apart>},
       {"append: one session in many conversations", run_check<marks_over_many_conversations>}});
}

}  // namespace kefu::inline v0::testing
