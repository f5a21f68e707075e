// Commit and get: versions, atomicity, and entries in a commit.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

RecordKey ticket(std::string id) { return {RecordKind::ticket, std::move(id)}; }

Change put(RecordKey key, std::uint64_t expected, std::string value,
           std::vector<IndexKey> index = {}) {
  return {std::move(key), expected, std::move(value), std::move(index)};
}
Change removal(RecordKey key, std::uint64_t expected) {
  return {std::move(key), expected, std::nullopt, {}};
}

Entry event(std::uint64_t conversation_number, std::string_view kind, std::string body,
            Log log = Log::public_log) {
  Entry out;
  out.conversation = conversation(conversation_number);
  out.log = log;
  out.kind = kind;
  out.body = std::move(body);
  return out;
}

void expect_conflict(Rig& rig, std::vector<Change> changes, int line = __builtin_LINE()) {
  const result<Committed> committed =
      rig.commit({std::move(changes), {event(1, kind::kClosed, "x")}});
  expect(!committed, "a commit on another version was applied", line);
  expect_equal(committed.error(), errc::conflict, "the error of a commit on another version", line);
}

void commit_counts_versions(Rig& rig) {
  expect(!rig.get(ticket("a")), "a record before its creation");
  expect_equal(rig.put(ticket("a"), 0, "one"), 1u, "the version of a new record");
  expect_equal(rig.put(ticket("a"), 1, "two"), 2u, "the version of a changed record");
  expect_equal(rig.put(ticket("a"), 2, "two"), 3u, "the version after a change to the same value");
  const std::optional<Record> found = rig.get(ticket("a"));
  expect(found.has_value(), "a stored record is not there");
  expect(found->key == ticket("a"), "the key of a record");
  expect_equal(found->version, 3u, "the version of a record");
  expect_equal(found->value, std::string("two"), "the value of a record");
  expect(!rig.get({RecordKind::agent, "a"}), "a record of another kind");
  expect(!rig.get(ticket("A")), "a record of an id in other letters");
}

void commit_refuses_other_versions(Rig& rig) {
  rig.put(ticket("a"), 0, "one");
  expect_conflict(rig, {put(ticket("a"), 0, "x")});
  expect_conflict(rig, {put(ticket("a"), 2, "x")});
  expect_conflict(rig, {put(ticket("b"), 1, "x")});
  expect_conflict(rig, {removal(ticket("a"), 0)});
  expect_conflict(rig, {removal(ticket("b"), 1)});
  expect_equal(rig.value(ticket("a")), std::string("one"), "the value after conflicts");
  expect_equal(rig.read_all(1).tail, 0u, "the tail after conflicts");
}

void commit_is_atomic(Rig& rig) {
  rig.put(ticket("a"), 0, "one", {{"by", "old"}});
  rig.put(ticket("c"), 0, "one", {{"by", "old"}});
  expect_conflict(rig, {put(ticket("a"), 1, "two", {{"by", "new"}}),
                        put(ticket("b"), 0, "new", {{"by", "new"}}), removal(ticket("c"), 1),
                        put(ticket("a"), 1, "three")});
  expect_equal(rig.value(ticket("a")), std::string("one"), "the first record of a refused commit");
  expect(!rig.get(ticket("b")), "a record that a refused commit created");
  expect(rig.get(ticket("c")).has_value(), "a record that a refused commit removed");
  expect(rig.scan_ids(RecordKind::ticket, "by", "new").empty(), "index keys of a refused commit");
  expect_equal(rig.scan_ids(RecordKind::ticket, "by", "old").size(), std::size_t{2},
               "index keys after a refused commit");
  expect(rig.events().empty(), "events of a refused commit");
}

void commit_applies_in_order(Rig& rig) {
  const result<Committed> committed = rig.commit(
      {{put(ticket("a"), 0, "one"), put(ticket("a"), 1, "two"), removal(ticket("a"), 2),
        put(ticket("a"), 0, "again"), put(ticket("b"), 0, "one"), removal(ticket("b"), 1)},
       {}});
  expect(committed.has_value(), "a commit that steps one record several times");
  const std::vector<std::uint64_t> wanted{1, 2, 0, 1, 1, 0};
  expect((*committed).versions == wanted, "the versions of such a commit");
  expect_equal(rig.value(ticket("a")), std::string("again"), "the value after such a commit");
  expect(!rig.get(ticket("b")), "a record that was created and removed");
}

void commit_removes(Rig& rig) {
  rig.put(ticket("a"), 0, "one", {{"by", "x"}});
  const result<Committed> gone = rig.commit({{removal(ticket("a"), 1)}, {}});
  expect(gone.has_value(), "removing a record");
  expect(!rig.get(ticket("a")), "a removed record");
  expect(rig.scan_ids(RecordKind::ticket, "by", "").empty(), "a removed record in its index");
  expect_equal(rig.put(ticket("a"), 0, "anew"), 1u, "the version of a record created anew");
}

void commit_expects_absence(Rig& rig) {
  const RecordKey other{RecordKind::department, "a"};
  const RecordKey opened{RecordKind::conversation, conversation(1).to_string()};
  const result<Committed> first =
      rig.commit({{removal(opened, 0), put(ticket("a"), 0, "one", {{"by", "x"}})}, {}});
  expect(first.has_value(), "a commit that expects a record to be absent, and it is");
  expect((*first).versions == std::vector<std::uint64_t>{0, 1}, "the versions of such a commit");
  expect(!rig.get(opened), "a record that was only expected to be absent");
  expect_equal(rig.put(opened, 0, "new"), 1u, "the version of a record that was expected absent");
  expect_conflict(rig, {removal(ticket("a"), 0), put(other, 0, "x")});
  expect(!rig.get(other), "a record of a commit that expected another one to be absent");
  expect_equal(rig.scan_ids(RecordKind::ticket, "by", "").size(), std::size_t{1},
               "index keys of a record that was expected to be absent");
}

void commit_keeps_bytes(Rig& rig) {
  const std::string value("{\"\0\n\xff\xe5\xae\xa2\"}", 10);
  const RecordKey odd{RecordKind::department, std::string("a\0'%_\xff", 6)};
  rig.put(odd, 0, value);
  expect(rig.get(odd).has_value() && rig.value(odd) == value, "a value came back changed");
  expect(!rig.get({RecordKind::department, "a"}), "an id was cut at its NUL");
  rig.put(ticket(""), 0, "");
  expect(rig.get(ticket("")).has_value() && rig.value(ticket("")).empty(), "an empty id and value");
  const std::string large(300'000, 'v');
  rig.put(ticket("large"), 0, large);
  expect(rig.value(ticket("large")) == large, "a large value");
}

void commit_of_nothing(Rig& rig) {
  const result<Committed> committed = rig.commit({});
  expect(committed.has_value() && (*committed).versions.empty() && (*committed).entries.empty(),
         "an empty commit");
}

void commit_appends_entries(Rig& rig) {
  rig.create_session(1);
  Entry first = event(1, kind::kOpened, "sales");
  first.seq = first.after = 99;  // the store's to set
  Entry whisper = event(1, "whisper", "psst", Log::internal);
  whisper.from = "eve";
  whisper.role = Role::supervisor;
  whisper.origin = {session(500), 12};
  const RecordKey key{RecordKind::conversation, conversation(1).to_string()};
  const result<Committed> committed =
      rig.commit({{put(key, 0, "{}")},
                  {first, event(1, kind::kAssigned, "bob"), whisper, event(2, "x", "y")}});
  expect(committed.has_value(), "a commit with entries");
  const std::vector<Entry>& entries = (*committed).entries;
  expect_equal(entries.size(), std::size_t{4}, "entries of a commit");
  expect_equal(entries[0].seq, 1u, "the first seq of a commit");
  expect_equal(entries[0].after, 0u, "`after` of a public entry");
  expect_equal(entries[1].seq, 2u, "the second seq of a commit");
  expect_equal(entries[2].seq, 1u, "the seq in the internal log");
  expect_equal(entries[2].after, 2u, "the place of an internal entry");
  expect_equal(entries[3].seq, 1u, "the seq in another conversation");
  expect(entries[0].at.ns > 0 && entries[0].at == entries[3].at, "the time of a commit's entries");

  Draft message = draft(1, 1, 1);
  message.version = 1;
  expect_equal(rig.stored(message).seq, 3u, "the seq behind a commit's entries");
  const result<Committed> closing =
      rig.commit({{put(key, 1, "{}")}, {event(1, kind::kClosed, "bob")}});
  expect(closing.has_value(), "a second commit with entries");
  expect_equal((*closing).entries.at(0).seq, 4u, "the seq of a commit behind a message");

  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{4}, "entries of the log");
  expect(page.entries[0] == entries[0] && page.entries[1] == entries[1],
         "a stored entry is not what commit answered");
  expect(page.entries[0].origin == Origin{}, "an entry of no send has an origin");
  expect(rig.read_all(1, Log::internal).entries.at(0) == entries[2],
         "an internal entry is not what commit answered");
  message = draft(1, 1, 2);
  message.version = 1;
  expect_equal(rig.append(message).code, errc::stale, "a draft decided before the commit");
}

Commit redaction(std::uint64_t conversation_number, std::uint64_t seq, std::string tags,
                 Log log = Log::public_log) {
  Commit commit;
  commit.redactions.push_back({conversation(conversation_number), log, seq, std::move(tags)});
  commit.entries.push_back(event(conversation_number, kind::kRecalled, std::to_string(seq), log));
  return commit;
}

void commit_redacts(Rig& rig) {
  rig.create_session(1);
  const auto send = [&](std::uint64_t cseq, std::string_view body, Log log) {
    Draft each = draft(1, 1, cseq, body);
    each.log = log;
    rig.stored(each);
  };
  send(1, "one", Log::public_log);
  send(2, "two", Log::public_log);
  send(3, "note", Log::internal);
  send(4, "three", Log::public_log);
  const Entry before = rig.read_all(1).entries.at(1);
  const result<Committed> committed = rig.commit(redaction(1, 2, "gone,x"));
  expect(committed.has_value(), "a redaction");
  expect_equal((*committed).entries.at(0).seq, 4u, "the seq of the entry beside a redaction");
  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{4}, "entries after a redaction");
  expect_equal(page.entries[0].body, std::string("one"), "the entry before a redacted one");
  expect_equal(page.entries[2].body, std::string("three"), "the entry behind a redacted one");
  Entry wanted = before;
  wanted.body.clear();
  wanted.tags = "gone,x";
  expect(page.entries[1] == wanted, "a redacted entry has lost more than its body");
  for (const Event& each : rig.events())
    expect(each.entry.body != "two", "a redacted entry among the events");
  expect(rig.commit(redaction(1, 1, "gone", Log::internal)).has_value(), "redacting a note");
  expect(rig.read_all(1, Log::internal).entries.at(0).body.empty(), "a redacted note");
  const Outcome retry = rig.append(draft(1, 1, 2, "two"));
  expect(retry.code == errc::ok && retry.repeated && retry.seq == 2,
         "a retry of what was redacted");
}

void commit_redacts_once(Rig& rig) {
  rig.create_session(1);
  rig.stored(draft(1, 1, 1, "one"));
  rig.stored(draft(1, 1, 2, "two"));
  expect(rig.commit(redaction(1, 1, "gone")).has_value(), "a redaction");
  const auto refused = [&](Commit commit, errc wanted, const char* what) {
    commit.changes.push_back(put(ticket("t"), 0, "x"));
    const result<Committed> committed = rig.commit(std::move(commit));
    expect(!committed, what);
    expect_equal(committed.error(), wanted, what);
  };
  refused(redaction(1, 1, "gone"), errc::conflict, "redacting what was redacted alike");
  refused(redaction(1, 4, "gone"), errc::not_found, "redacting an entry behind the tail");
  refused(redaction(1, 0, "gone"), errc::not_found, "redacting entry 0");
  refused(redaction(2, 1, "gone"), errc::not_found, "redacting in an unknown conversation");
  refused(redaction(1, 1, "gone", Log::internal), errc::not_found, "redacting in another log");
  Commit two = redaction(1, 2, "gone");
  two.redactions.push_back({conversation(1), Log::public_log, 1, "gone"});
  refused(std::move(two), errc::conflict, "a redaction beside one that is refused");
  Commit stale = redaction(1, 2, "gone");
  stale.changes.push_back(put(ticket("u"), 1, "x"));
  refused(std::move(stale), errc::conflict, "a redaction beside another version");
  const Page page = rig.read_all(1);
  expect_equal(page.tail, 3u, "the tail after refused redactions");
  expect_equal(page.entries.at(1).body, std::string("two"), "the body after refused redactions");
  expect(!rig.get(ticket("t")), "a record of a commit whose redaction was refused");
}

}  // namespace

void add_commit_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"commit: counts versions", run_check<commit_counts_versions>},
                 {"commit: refuses other versions", run_check<commit_refuses_other_versions>},
                 {"commit: all or nothing", run_check<commit_is_atomic>},
                 {"commit: changes see the ones before them", run_check<commit_applies_in_order>},
                 {"commit: removes records", run_check<commit_removes>},
                 {"commit: expects absence", run_check<commit_expects_absence>},
                 {"commit: keeps any bytes", run_check<commit_keeps_bytes>},
                 {"commit: of nothing", run_check<commit_of_nothing>},
                 {"commit: appends entries", run_check<commit_appends_entries>},
                 {"commit: redacts entries", run_check<commit_redacts>},
                 {"commit: redacts alike once", run_check<commit_redacts_once>}});
}

}  // namespace kefu::inline v0::testing
