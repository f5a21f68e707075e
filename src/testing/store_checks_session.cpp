// Sessions: attach, renew, expire.
#include <algorithm>

#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

constexpr Nanoseconds kHour{std::chrono::hours(1)};

void attach_creates(Rig& rig) {
  const AttachOutcome made = rig.attach(1, 7, "ann", true);
  expect_equal(made.code, errc::ok, "creating a session");
  expect_equal(made.epoch, 7u, "the epoch of a new session");
  expect(made.marks.empty(), "a new session has marks");
  const AttachOutcome again = rig.attach(1, 8, "ann", true);
  expect_equal(again.code, errc::conflict, "creating a session whose id exists");
  expect_equal(rig.attach(1, 8, "ann", false).code, errc::ok,
               "the refused creation took the epoch");
  expect_equal(rig.attach(2, 1, "ann", true).code, errc::ok, "a second session of one participant");
}

void attach_needs_a_session(Rig& rig) {
  const AttachOutcome unknown = rig.attach(1, 7, "ann", false);
  expect_equal(unknown.code, errc::session_expired, "resuming an unknown session");
  expect_equal(unknown.epoch, 0u, "the epoch of no session");
  expect_equal(rig.attach(1, 1, "ann", true).code, errc::ok,
               "the refused resumption left something behind");
}

void attach_needs_the_owner(Rig& rig) {
  rig.attach(1, 5, "ann", true);
  const AttachOutcome other = rig.attach(1, 6, "bob", false);
  expect_equal(other.code, errc::denied, "resuming somebody else's session");
  expect(other.marks.empty(), "somebody else was told the marks");
  expect_equal(rig.attach(1, 6, "ann", false).code, errc::ok,
               "the refused resumption took the epoch");
}

void attach_needs_a_rising_epoch(Rig& rig) {
  expect_equal(rig.attach(1, 0, "ann", true).code, errc::stale_epoch, "epoch 0 for a new session");
  expect_equal(rig.attach(1, 5, "ann", true).code, errc::ok,
               "the refused creation left something behind");
  for (const std::uint64_t epoch : {5u, 4u, 0u}) {
    const AttachOutcome stale = rig.attach(1, epoch, "ann", false);
    expect_equal(stale.code, errc::stale_epoch, "an epoch that does not rise");
    expect_equal(stale.epoch, 5u, "the current epoch, told to a stale one");
  }
  const AttachOutcome next = rig.attach(1, 6, "ann", false);
  expect_equal(next.code, errc::ok, "an epoch that rises");
  expect_equal(next.epoch, 6u, "the epoch after attaching");
  expect_equal(rig.attach(1, std::uint64_t{1} << 62, "ann", false).code, errc::ok,
               "an epoch that rises by far");
}

void attach_fences(Rig& rig) {
  rig.create_session(1);
  rig.stored(draft(1, 1, 1));
  rig.attach(1, 2, participant(1), false);
  const Outcome old = rig.append(draft(1, 1, 2));
  expect_equal(old.code, errc::fenced, "a draft under an older epoch");
  expect_equal(old.expected, 2u, "the current epoch, told to an older one");
  expect_equal(rig.append(draft(1, 1, 1)).code, errc::fenced, "a retry under an older epoch");
  expect_equal(rig.read_all(1).tail, 1u, "the tail after a fenced draft");
  Draft next = draft(1, 1, 2);
  next.epoch = 2;
  rig.stored(next);
  next.epoch = 3;
  next.cseq = 3;
  expect_equal(rig.append(next).code, errc::fenced, "a draft under an epoch that is not attached");
}

void attach_tells_marks(Rig& rig) {
  rig.create_session(1);
  rig.create_session(2);
  for (std::uint64_t cseq = 1; cseq <= 3; ++cseq) rig.stored(draft(1, 1, cseq));
  Draft refused = draft(1, 2, 1);
  refused.refusal = errc::denied;
  rig.append(refused);
  rig.append(draft(1, 3, 9));  // a gap: no outcome that counts
  rig.stored(draft(2, 4, 1));
  const AttachOutcome outcome = rig.attach(1, 2, participant(1), false);
  expect_equal(outcome.marks.size(), std::size_t{2}, "the number of marks");
  expect_equal(accepted(outcome, 1), 3u, "the mark after three entries");
  expect_equal(accepted(outcome, 2), 1u, "the mark after a refusal");
}

void renew_answers_each(Rig& rig) {
  rig.create_session(1);
  rig.create_session(2);
  rig.attach(2, 2, participant(2), false);
  const std::vector<errc> codes =
      rig.renew({{session(1), 1}, {session(2), 1}, {session(3), 1}, {session(2), 2}});
  expect_equal(codes[0], errc::ok, "a lease in charge");
  expect_equal(codes[1], errc::fenced, "a lease under an older epoch");
  expect_equal(codes[2], errc::session_expired, "a lease of no session");
  expect_equal(codes[3], errc::ok, "the lease that fenced the other");
  expect(rig.renew({}).empty(), "answers to no lease");
}

void expire_removes(Rig& rig) {
  rig.create_session(1);
  Draft last = draft(1, 1, 1);
  rig.stored(last);
  expect(rig.expire(kHour * 24 * 365, 100).empty(), "a session expired at once");
  const std::vector<SessionId> gone = rig.expire(Nanoseconds{0}, 100);
  expect(gone == std::vector{session(1)}, "expire did not answer the session's id");
  expect(rig.expire(Nanoseconds{0}, 100).empty(), "a session expired twice");
  expect_equal(rig.append(draft(1, 1, 2)).code, errc::session_expired,
               "a draft of an expired session");
  expect_equal(rig.append(last).code, errc::session_expired, "a retry of an expired session");
  expect_equal(rig.attach(1, 2, participant(1), false).code, errc::session_expired,
               "resuming an expired session");
  expect_equal(rig.renew({{session(1), 1}}).front(), errc::session_expired,
               "renewing an expired session");
  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{1}, "entries that an expired session left");
  expect(page.entries[0].origin == Origin{session(1), 1}, "an entry lost its origin");
  expect_equal(page.entries[0].from, last.from, "the writer of an expired session's entry");
}

void expire_forgets_marks(Rig& rig) {
  rig.create_session(1);
  for (std::uint64_t cseq = 1; cseq <= 40; ++cseq) rig.stored(draft(1, 1, cseq));
  expect_equal(rig.expire(Nanoseconds{0}, 1).size(), std::size_t{1}, "sessions expired");
  expect(rig.attach(1, 1, "somebody else", true).marks.empty(), "marks outlived their session");
  const Outcome first = rig.stored(draft(1, 1, 1));
  expect_equal(first.seq, 41u, "the seq after an expiry");
}

void expire_is_bounded(Rig& rig) {
  for (std::uint64_t n = 1; n <= 5; ++n) rig.create_session(n);
  std::vector<SessionId> all;
  for (const std::size_t expected : {2u, 2u, 1u, 0u}) {
    const std::vector<SessionId> some = rig.expire(Nanoseconds{0}, 2);
    expect_equal(some.size(), expected, "sessions expired at a limit of 2");
    all.insert(all.end(), some.begin(), some.end());
  }
  std::sort(all.begin(), all.end());
  for (std::uint64_t n = 1; n <= 5; ++n)
    expect(all[n - 1] == session(n), "a session expired twice or not at all");
}

void expire_spares_the_renewed(Rig& rig) {
  for (std::uint64_t n = 1; n <= 4; ++n) rig.create_session(n);
  if (!rig.factory().advance(kHour)) return;
  rig.attach(2, 2, participant(2), false);
  rig.renew({{session(3), 1}, {session(4), 9}});  // the second is fenced: it keeps nothing alive
  if (!rig.factory().advance(kHour)) return;
  std::vector<SessionId> gone = rig.expire(kHour * 3 / 2, 100);
  std::sort(gone.begin(), gone.end());
  expect(gone == std::vector{session(1), session(4)}, "not exactly the idle sessions expired");
  expect_equal(rig.renew({{session(3), 1}}).front(), errc::ok, "a renewed session");
}

void now_never_goes_back(Rig& rig) {
  Timestamp last = rig.store().now();
  for (std::uint64_t n = 1; n <= 20; ++n) {
    rig.create_session(n);
    const Timestamp before = rig.store().now();
    const Outcome outcome = rig.stored(draft(n, 1, 1));
    const Timestamp after = rig.store().now();
    expect(last <= before && before <= outcome.at && outcome.at <= after,
           "the store's clock went back");
    last = after;
  }
}

}  // namespace

void add_session_checks(std::vector<StoreCheck>& checks) {
  checks.insert(
      checks.end(),
      {{"attach: creates a session, once", run_check<attach_creates>},
       {"attach: does not resume what does not exist", run_check<attach_needs_a_session>},
       {"attach: resumes for the owner only", run_check<attach_needs_the_owner>},
       {"attach: the epoch rises strictly", run_check<attach_needs_a_rising_epoch>},
       {"attach: fences the epochs before", run_check<attach_fences>},
       {"attach: tells the mark of each conversation", run_check<attach_tells_marks>},
       {"renew: answers each lease", run_check<renew_answers_each>},
       {"expire: removes the session and keeps its entries", run_check<expire_removes>},
       {"expire: removes the marks", run_check<expire_forgets_marks>},
       {"expire: keeps to the limit", run_check<expire_is_bounded>},
       {"expire: spares what was attached or renewed", run_check<expire_spares_the_renewed>},
       {"now: never goes back", run_check<now_never_goes_back>}});
}

}  // namespace kefu::inline v0::testing
