#include "sqlite/records.hpp"

#include "scan_cursor.hpp"

namespace kefu::inline v0::sqlite {
namespace {

constexpr char kScan[] =
    "SELECT i.key, i.id, r.version, r.value FROM record_index i CROSS JOIN record r ON r.kind = "
    "i.kind AND "
    "r.id = i.id WHERE i.kind = ?1 AND i.name = ?2 ";

std::int64_t number(RecordKind kind) { return static_cast<std::int64_t>(kind); }

}  // namespace

Records::Records(sqlite3* db, Cache& cache)
    : cache_(cache),
      version_(db, "SELECT version FROM record WHERE kind = ? AND id = ?"),
      insert_(db, "INSERT INTO record(kind, id, version, value) VALUES(?, ?, ?, ?)"),
      update_(db, "UPDATE record SET version = ?3, value = ?4 WHERE kind = ?1 AND id = ?2"),
      remove_(db, "DELETE FROM record WHERE kind = ? AND id = ?"),
      get_(db, "SELECT version, value FROM record WHERE kind = ? AND id = ?"),
      index_(db, "INSERT OR IGNORE INTO record_index(kind, name, key, id) VALUES(?, ?, ?, ?)"),
      remove_index_(db, "DELETE FROM record_index WHERE kind = ? AND id = ?"),
      scan_(db, std::string(kScan) + "AND i.key >= ?3 ORDER BY i.key, i.id"),
      scan_on_(db, std::string(kScan) + "AND (i.key, i.id) > (?3, ?4) ORDER BY i.key, i.id") {}

std::uint64_t Records::version(const RecordKey& key) {
  Run run(version_);
  return run.bind(1, number(key.kind)).bind(2, key.id).step() ? run.number(0) : 0;
}

result<std::vector<std::uint64_t>> Records::apply(const std::vector<Change>& changes) {
  std::vector<std::uint64_t> versions;
  versions.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    // A record that this commit has changed before is as that change leaves it; usually there is
    // none.
    std::size_t before = i;
    while (before > 0 && changes[before - 1].key != change.key) --before;
    const std::uint64_t current = before ? versions[before - 1] : version(change.key);
    if (current != change.expected) return errc::conflict;
    versions.push_back(change.value ? current + 1 : 0);
  }
  for (std::size_t i = 0; i < changes.size(); ++i) apply(changes[i], versions[i]);
  return versions;
}

void Records::apply(const Change& change, std::uint64_t version) {
  const RecordKey& key = change.key;
  if (change.expected) Run(remove_index_).bind(1, number(key.kind)).bind(2, key.id).step();
  if (!change.value) {
    Run(remove_).bind(1, number(key.kind)).bind(2, key.id).step();
  } else {
    Run put(change.expected ? update_ : insert_);
    put.bind(1, number(key.kind)).bind(2, key.id).bind(3, version).bind(4, *change.value).step();
    index(change);
  }
  if (key.kind != RecordKind::conversation) return;
  if (const auto id = ConversationId::parse(key.id)) cache_.version_changed(*id, version);
}

void Records::index(const Change& change) {
  for (const IndexKey& each : change.index) {
    Run(index_)
        .bind(1, number(change.key.kind))
        .bind(2, each.index)
        .bind(3, each.key)
        .bind(4, change.key.id)
        .step();
  }
}

std::optional<Record> Records::get(const RecordKey& key) {
  Run run(get_);
  if (!run.bind(1, number(key.kind)).bind(2, key.id).step()) return std::nullopt;
  return Record{key, run.number(0), std::string(run.bytes(1))};
}

result<ScanPage> Records::scan(const ScanRequest& request) {
  std::pair<std::string, std::string> after;
  const bool first = request.after.empty();
  if (!first) {
    auto cursor = detail::parse_scan_cursor(request.after);
    if (!cursor) return errc::bad_frame;
    after = *std::move(cursor);
  }
  Run run(first ? scan_ : scan_on_);
  run.bind(1, number(request.kind))
      .bind(2, request.index)
      .bind(3, first ? request.prefix : after.first);
  if (!first) run.bind(4, after.second);
  ScanPage page;
  std::string last;
  while (run.step()) {
    const std::string_view key = run.bytes(0);
    if (!key.starts_with(request.prefix)) break;
    if (page.records.size() == request.limit) {
      page.next = std::move(last);
      break;
    }
    const std::string_view id = run.bytes(1);
    last = detail::make_scan_cursor(key, id);
    page.records.push_back(
        {{request.kind, std::string(id)}, run.number(2), std::string(run.bytes(3))});
  }
  return page;
}

}  // namespace kefu::inline v0::sqlite
