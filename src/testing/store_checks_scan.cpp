// Scan: records by their index keys.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

using Ids = std::vector<std::string>;

RecordKey ticket(std::string id) { return {RecordKind::ticket, std::move(id)}; }

void expect_ids(const Ids& got, const Ids& wanted, int line = __builtin_LINE()) {
  std::string text = "a scan gave";
  for (const std::string& id : got) text += ' ' + id;
  text += ", expected";
  for (const std::string& id : wanted) text += ' ' + id;
  expect(got == wanted, text, line);
}

void scan_is_ordered(Rig& rig) {
  rig.put(ticket("z"), 0, "1", {{"by", "a"}});
  rig.put(ticket("a"), 0, "2", {{"by", "b"}});
  rig.put(ticket("m"), 0, "3", {{"by", "a"}});
  rig.put(ticket("n"), 0, "4", {{"by", "ab"}});
  rig.put(ticket("o"), 0, "5", {{"by", ""}});
  rig.put(ticket("p"), 0, "6", {{"by", "\xff"}});
  rig.put(ticket("q"), 0, "7", {{"by", "B"}});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", ""), {"o", "q", "m", "z", "n", "a", "p"});
  const ScanPage page = rig.scan({RecordKind::ticket, "by", "b", {}, 10});
  expect_equal(page.records.size(), std::size_t{1}, "records under a prefix");
  expect(page.records[0].key == ticket("a"), "the key of a scanned record");
  expect_equal(page.records[0].version, 1u, "the version of a scanned record");
  expect_equal(page.records[0].value, std::string("2"), "the value of a scanned record");
  expect(page.next.empty(), "the last page names a next one");
}

void scan_keeps_to_prefix(Rig& rig) {
  for (const char* key : {"a", "ab", "ab\x01", "abc", "ab\xff", "ac", "b"})
    rig.put(ticket(key), 0, "{}", {{"by", key}});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", "ab"), {"ab", "ab\x01", "abc", "ab\xff"});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", "ab", 1), {"ab", "ab\x01", "abc", "ab\xff"});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", "ab\xff"), {"ab\xff"});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", "zz"), {});
}

void scan_in_pages(Rig& rig) {
  Ids all;
  for (int i = 0; i < 30; ++i) {
    const std::string id = std::string(1, static_cast<char>('a' + i % 3)) + std::to_string(10 + i);
    rig.put(ticket(id), 0, "{}", {{"by", std::string("k\0", 2) + id.substr(0, 1)}});
  }
  for (char first = 'a'; first <= 'c'; ++first) {
    for (int i = first - 'a'; i < 30; i += 3)
      all.push_back(std::string(1, first) + std::to_string(10 + i));
  }
  for (const std::size_t limit : {1u, 7u, 10u, 29u, 30u, 31u}) {
    expect_ids(rig.scan_ids(RecordKind::ticket, "by", "", limit), all);
    expect_ids(rig.scan_ids(RecordKind::ticket, "by", std::string("k\0b", 3), limit),
               Ids(all.begin() + 10, all.begin() + 20));
  }
  expect(rig.scan({RecordKind::ticket, "by", "", "", 30}).next.empty(),
         "a full last page names a next one");
}

void scan_goes_on_after_changes(Rig& rig) {
  for (const char* id : {"a", "b", "c", "d"}) rig.put(ticket(id), 0, "{}", {{"by", id}});
  const ScanPage first = rig.scan({RecordKind::ticket, "by", "", "", 2});
  rig.put(ticket("b"), 1, "{}", {});  // the record at which the page ended
  rig.put(ticket("bb"), 0, "{}", {{"by", "bb"}});
  const ScanPage second = rig.scan({RecordKind::ticket, "by", "", first.next, 10});
  expect_equal(second.records.size(), std::size_t{3},
               "records behind a cursor whose record is gone");
  expect(second.records[0].key == ticket("bb"), "the first record behind that cursor");
}

void scan_follows_changes(Rig& rig) {
  rig.put(ticket("a"), 0, "1", {{"by", "x"}, {"by", "y"}, {"state", "open"}});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", ""), {"a", "a"});
  expect_ids(rig.scan_ids(RecordKind::ticket, "state", "open"), {"a"});
  rig.put(ticket("a"), 1, "2", {{"by", "y"}, {"state", "closed"}, {"state", "closed"}});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", ""), {"a"});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", "x"), {});
  expect_ids(rig.scan_ids(RecordKind::ticket, "state", ""), {"a"});
  expect_equal(rig.scan({RecordKind::ticket, "by", "y", "", 1}).records.at(0).value,
               std::string("2"), "the value");
  rig.put(ticket("a"), 2, "3", {});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", ""), {});
  expect(rig.get(ticket("a")).has_value(), "a record without index keys");
}

void scan_keeps_kinds_apart(Rig& rig) {
  rig.put(ticket("a"), 0, "ticket", {{"by", "x"}});
  rig.put({RecordKind::agent, "a"}, 0, "agent", {{"by", "x"}});
  rig.put({RecordKind::agent, "b"}, 0, "agent", {{"other", "x"}});
  expect_equal(rig.scan({RecordKind::ticket, "by", "x", "", 10}).records.size(), std::size_t{1},
               "records of a kind");
  expect_equal(rig.scan({RecordKind::agent, "by", "x", "", 10}).records.at(0).value,
               std::string("agent"), "the value");
  expect_ids(rig.scan_ids(RecordKind::agent, "other", ""), {"b"});
  expect_ids(rig.scan_ids(RecordKind::timer, "by", ""), {});
  rig.put({RecordKind::agent, "a"}, 1, "agent", {});
  expect_ids(rig.scan_ids(RecordKind::ticket, "by", ""), {"a"});
}

void scan_refuses_strange_cursors(Rig& rig) {
  rig.put(ticket("a"), 0, "{}", {{"by", "x"}});
  Answer<result<ScanPage>> answer;
  rig.store().scan({RecordKind::ticket, "by", "", "no cursor of yours", 10}, answer.completion());
  const result<ScanPage> page = answer.wait();
  expect(!page && page.error() == errc::bad_frame, "a cursor that the store did not give");
}

}  // namespace

void add_scan_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"scan: in order of (index key, id)", run_check<scan_is_ordered>},
                 {"scan: keeps to the prefix", run_check<scan_keeps_to_prefix>},
                 {"scan: in pages", run_check<scan_in_pages>},
                 {"scan: goes on after changes", run_check<scan_goes_on_after_changes>},
                 {"scan: index keys follow the record", run_check<scan_follows_changes>},
                 {"scan: keeps kinds and indexes apart", run_check<scan_keeps_kinds_apart>},
                 {"scan: refuses strange cursors", run_check<scan_refuses_strange_cursors>}});
}

}  // namespace kefu::inline v0::testing
