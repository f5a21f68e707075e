// Events in commit order, and erasure.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

void events_in_commit_order(Rig& rig) {
  rig.create_session(1);
  std::vector<Entry> wanted;
  const auto remember = [&](std::uint64_t number, Log log) {
    const Page page = rig.read_all(number, log);
    expect(!page.entries.empty(), "a log is empty");
    wanted.push_back(page.entries.back());
  };
  for (std::uint64_t i = 0; i < 12; ++i) {
    if (i % 4 == 3) {
      Entry entry;
      entry.conversation = conversation(i % 3);
      entry.kind = kind::kAssigned;
      expect(rig.commit({{}, {entry}}).has_value(), "a commit of an entry");
      remember(i % 3, Log::public_log);
      continue;
    }
    Draft each = draft(1, i % 3, 1);
    each.cseq = accepted(rig.attach(1, i + 2, participant(1), false), i % 3) + 1;
    each.epoch = i + 2;
    each.log = i % 2 ? Log::internal : Log::public_log;
    rig.stored(each);
    remember(i % 3, each.log);
  }
  const std::vector<Event> all = rig.events();
  expect_equal(all.size(), wanted.size(), "events");
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect(all[i].entry == wanted[i], "an event is not the entry committed at its place");
    expect(all[i].position > (i ? all[i - 1].position : 0), "positions do not rise");
  }
  const std::vector<Event> some = rig.events(all[3].position, 5);
  expect_equal(some.size(), std::size_t{5}, "events up to a limit");
  for (std::size_t i = 0; i < some.size(); ++i) {
    expect(some[i].position == all[4 + i].position && some[i].entry == all[4 + i].entry,
           "events after a position");
  }
  expect(rig.events(all.back().position, 5).empty(), "events after the last one");
  expect(rig.events(0, 0).empty(), "no events asked for");
}

void refusals_are_no_events(Rig& rig) {
  rig.create_session(1);
  for (std::uint64_t cseq = 1; cseq <= 6; ++cseq) {
    Draft each = draft(1, 1, cseq);
    if (cseq % 2) each.refusal = errc::denied;
    rig.append(each);
  }
  const std::vector<Event> events = rig.events(0, 2);
  expect_equal(events.size(), std::size_t{2}, "events among refusals");
  expect_equal(events[1].entry.seq, 2u, "the second event");
  expect_equal(rig.events(events[1].position).size(), std::size_t{1}, "the events behind them");
}

void erase_empties(Rig& rig) {
  rig.attach(1, 1, "ann", true);
  rig.attach(2, 1, "ann", true);
  rig.attach(3, 1, "bob", true);
  const auto send = [&](std::uint64_t who, std::uint64_t cseq, std::string_view from, Log log,
                        std::string_view body) {
    Draft each = draft(who, 1, cseq, body);
    each.from = from;
    each.log = log;
    rig.stored(each);
  };
  send(1, 1, "ann", Log::public_log, "one");
  send(2, 1, "ann", Log::internal, "two");
  send(3, 1, "bob", Log::public_log, "three");
  send(1, 2, "ann", Log::public_log, "");
  send(1, 3, "annabel", Log::public_log, "four");  // whoever's session: it is `from` that counts
  Entry entry;
  entry.conversation = conversation(2);
  entry.from = "ann";
  entry.body = "five";
  expect(rig.commit({{}, {entry}}).has_value(), "a commit of an entry");

  expect_equal(rig.erase("nobody"), 0u, "bodies that nobody wrote");
  expect_equal(rig.erase("ann"), 3u, "bodies that ann wrote");
  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{4}, "entries after an erasure");
  for (std::size_t i = 0; i < page.entries.size(); ++i)
    expect_equal(page.entries[i].seq, i + 1, "a seq after an erasure");
  expect(page.entries[0].body.empty() && page.entries[0].from == "ann", "an erased entry");
  expect_equal(page.entries[1].body, std::string("three"), "somebody else's entry");
  expect_equal(page.entries[3].body, std::string("four"), "the entry of a similar name");
  expect(rig.read_all(1, Log::internal).entries.at(0).body.empty(), "an erased note");
  expect(rig.read_all(2).entries.at(0).body.empty(), "an erased entry of a commit");
  for (const Event& event : rig.events())
    expect(event.entry.from != "ann" || event.entry.body.empty(), "an erased event");
  expect_equal(rig.erase("ann"), 0u, "bodies erased a second time");
}

void erase_removes_sessions(Rig& rig) {
  rig.attach(1, 1, "ann", true);
  rig.attach(2, 1, "bob", true);
  rig.stored(draft(1, 1, 1));
  rig.stored(draft(2, 1, 1));
  rig.erase("ann");
  expect_equal(rig.append(draft(1, 1, 2)).code, errc::session_expired,
               "a draft of an erased participant's session");
  expect_equal(rig.attach(1, 2, "ann", false).code, errc::session_expired,
               "resuming an erased participant's session");
  rig.stored(draft(2, 1, 2));
  expect(rig.attach(1, 1, "ann", true).marks.empty(), "marks outlived an erasure");
}

}  // namespace

void add_outbox_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"events: in commit order", run_check<events_in_commit_order>},
                 {"events: without refusals", run_check<refusals_are_no_events>},
                 {"erase: empties what a participant wrote", run_check<erase_empties>},
                 {"erase: removes the participant's sessions", run_check<erase_removes_sessions>}});
}

}  // namespace kefu::inline v0::testing
