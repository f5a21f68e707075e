// Append: what is stored, in which order, and what a draft's failure leaves alone.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

RecordKey record_of(std::uint64_t conversation_number) {
  return {RecordKind::conversation, conversation(conversation_number).to_string()};
}

void append_is_dense(Rig& rig) {
  rig.create_session(1);
  rig.create_session(2);
  for (std::uint64_t i = 0; i < 20; ++i) {
    expect_equal(rig.stored(draft(1 + i % 2, 1, i / 2 + 1)).seq, i + 1, "the seq of an entry");
  }
  std::vector<Draft> drafts;
  for (std::uint64_t cseq = 11; cseq <= 20; ++cseq) drafts.push_back(draft(1, 1, cseq));
  std::uint64_t seq = 20;
  for (const Outcome& outcome : rig.append(drafts))
    expect_equal(outcome.seq, ++seq, "the seq within a batch");
  expect_equal(rig.read_all(1).tail, 30u, "the tail");
}

void append_keeps_everything(Rig& rig) {
  rig.create_session(1);
  const std::string binary("a\0b\n\xc3\xa9\xe5\xae\xa2\xe6\x9c\x8d\xff\xfe", 14);
  Draft first = draft(1, 1, 1, binary);
  first.role = Role::supervisor;
  first.from = "\xe5\xae\xa2\xe6\x9c\x8d #1";
  first.kind = "x-host/kind";
  first.tags = "rewritten,spam";
  const Outcome stored = rig.stored(first);
  Draft second = draft(1, 1, 2, "");
  second.from = "";
  second.role = Role::agent;
  second.kind = "";
  rig.stored(second);

  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{2}, "entries");
  Entry wanted;
  wanted.conversation = conversation(1);
  wanted.seq = 1;
  wanted.from = first.from;
  wanted.role = Role::supervisor;
  wanted.origin = {session(1), 1};
  wanted.kind = first.kind;
  wanted.body = binary;
  wanted.tags = first.tags;
  wanted.at = stored.at;
  expect(page.entries[0] == wanted, "an entry is not what was sent");
  const Entry& empty = page.entries[1];
  expect(empty.from.empty() && empty.kind.empty() && empty.body.empty() && empty.tags.empty(),
         "empty texts came back with content");
  expect(empty.role == Role::agent, "the role of the second entry");
}

void append_knows_two_logs(Rig& rig) {
  rig.create_session(1);
  const auto send = [&](std::uint64_t cseq, Log log) {
    Draft each = draft(1, 1, cseq);
    each.log = log;
    return rig.stored(each);
  };
  const Outcome note = send(1, Log::internal);
  expect_equal(note.seq, 1u, "the seq of the first note");
  expect_equal(note.after, 0u, "the place of a note before any message");
  send(2, Log::public_log);
  send(3, Log::public_log);
  const Outcome second = send(4, Log::internal);
  expect_equal(second.seq, 2u, "the seq of the second note");
  expect_equal(second.after, 2u, "the place of a note behind two messages");
  const Outcome third = send(5, Log::public_log);
  expect_equal(third.seq, 3u, "the seq of a message behind notes");
  expect_equal(third.after, 0u, "`after` of a message");
  const Page notes = rig.read_all(1, Log::internal);
  expect_equal(notes.tail, 2u, "the tail of the internal log");
  expect_equal(rig.read_all(1).tail, 3u, "the tail of the public log");
  expect_equal(notes.entries.at(1).after, 2u, "the stored place of a note");
  expect(notes.entries.at(1).log == Log::internal, "a note came back as a message");
}

void append_takes_large_and_many(Rig& rig) {
  rig.create_session(1);
  const std::string large(1'000'000, 'x');
  rig.stored(draft(1, 1, 1, large));
  expect(rig.read_all(1).entries.at(0).body == large, "a large body came back changed");
  expect(rig.append(std::vector<Draft>{}).empty(), "an empty batch has outcomes");
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < 3'000; ++i) drafts.push_back(draft(1, 2 + i % 3, i / 3 + 1));
  const std::vector<Outcome> outcomes = rig.append(drafts);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    expect_equal(outcomes[i].code, errc::ok, "an outcome in a large batch");
    expect_equal(outcomes[i].seq, i / 3 + 1, "the seq in a large batch");
    expect(outcomes[i].at == outcomes[0].at, "a batch has more than one instant");
  }
}

void append_fails_alone(Rig& rig) {
  rig.create_session(1);
  rig.create_session(2);
  rig.attach(2, 2, participant(2), false);
  Draft stale = draft(1, 2, 1);
  stale.version = 5;
  Draft refused = draft(1, 3, 1);
  refused.refusal = errc::closed;
  const std::vector<Outcome> outcomes =
      rig.append({draft(1, 1, 1), draft(2, 1, 1), draft(9, 1, 1), draft(1, 1, 7), stale, refused,
                  draft(1, 1, 1, "other"), draft(1, 1, 2)});
  const errc wanted[] = {errc::ok,    errc::fenced, errc::session_expired, errc::gap,
                         errc::stale, errc::closed, errc::conflict,        errc::ok};
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    expect_equal(outcomes[i].code, wanted[i], "an outcome of a mixed batch");
  expect_equal(outcomes[7].seq, 2u, "the seq behind drafts that failed");
  expect_equal(rig.read_all(1).tail, 2u, "the tail behind drafts that failed");
  expect_equal(rig.read_all(2).tail, 0u, "the tail of a conversation in which all failed");
}

void append_checks_versions(Rig& rig) {
  rig.create_session(1);
  expect_equal(rig.put(record_of(1), 0, "{}"), 1u, "the version of a new record");
  const Outcome early = rig.append(draft(1, 1, 1));
  expect_equal(early.code, errc::stale, "a draft decided before the record was there");
  expect_equal(early.expected, 1u, "the current version, told to a stale draft");
  Draft current = draft(1, 1, 1);
  current.version = 1;
  rig.stored(current);
  rig.put(record_of(1), 1, "{\"agents\":[]}");
  current = draft(1, 1, 2);
  current.version = 1;
  expect_equal(rig.append(current).expected, 2u, "the version after a change");
  Draft retry = draft(1, 1, 1);
  retry.version = 1;
  expect(rig.append(retry).repeated, "a retry was refused for its version");
  current.version = 2;
  expect_equal(rig.stored(current).seq, 2u, "the seq after a stale draft");
  rig.put({RecordKind::ticket, conversation(1).to_string()}, 0, "{}");
  current = draft(1, 1, 3);
  current.version = 2;
  rig.stored(current);  // a record of another kind does not matter
  Commit removal;
  removal.changes.push_back({record_of(1), 2, std::nullopt, {}});
  expect(rig.commit(std::move(removal)).has_value(), "removing a record");
  current = draft(1, 1, 4);
  current.version = 2;
  const Outcome removed = rig.append(current);
  expect_equal(removed.code, errc::stale, "a draft for a conversation whose record is gone");
  expect_equal(removed.expected, 0u, "the version of a removed record");
}

void append_judges_in_order(Rig& rig) {
  rig.create_session(1);
  rig.put(record_of(1), 0, "{}");
  Draft bad = draft(1, 1, 1);
  bad.version = 9;
  bad.refusal = errc::denied;
  bad.cseq = 5;
  bad.epoch = 9;
  bad.session = session(9);
  expect_equal(rig.append(bad).code, errc::session_expired, "the first rule");
  bad.session = session(1);
  expect_equal(rig.append(bad).code, errc::fenced, "the second rule");
  bad.epoch = 1;
  const Outcome gap = rig.append(bad);
  expect_equal(gap.code, errc::gap, "the third rule");
  expect_equal(gap.expected, 1u, "the expected cseq");
  bad.cseq = 1;
  const Outcome refused = rig.append(bad);
  expect_equal(refused.code, errc::denied, "the fourth rule");
  expect(!refused.repeated, "a new refusal was taken for a repeated one");
  expect_equal(refused.seq, 0u, "the seq of a refusal");
  bad.refusal = errc::ok;
  bad.cseq = 2;
  expect_equal(rig.append(bad).code, errc::stale, "the fifth rule");
}

}  // namespace

void add_append_checks(std::vector<StoreCheck>& checks) {
  checks.insert(
      checks.end(),
      {{"append: seq is dense, in the order of drafts", run_check<append_is_dense>},
       {"append: an entry is what was sent", run_check<append_keeps_everything>},
       {"append: two logs, each dense", run_check<append_knows_two_logs>},
       {"append: large bodies, large and empty batches", run_check<append_takes_large_and_many>},
       {"append: a draft that fails fails alone", run_check<append_fails_alone>},
       {"append: checks the version of the conversation's record",
        run_check<append_checks_versions>},
       {"append: judges in the order of the port", run_check<append_judges_in_order>}});
}

}  // namespace kefu::inline v0::testing
