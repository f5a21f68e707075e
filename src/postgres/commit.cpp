#include "postgres/commit.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace kefu::inline v0::postgres {
namespace {

unsigned number(RecordKind kind) { return static_cast<unsigned>(kind); }

}  // namespace

CommitJob::CommitJob(Commit commit, Completion<result<Committed>> done, const Keys& keys)
    : Answered(std::move(done)), commit_(std::move(commit)) {
  Locks locks;
  for (const Change& change : commit_.changes) {
    keys_.push_back(change.key);
    locks.exclusive.push_back(keys.of(change.key));
  }
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  for (const Entry& entry : commit_.entries) locks.exclusive.push_back(keys.of(entry.conversation));
  for (const Redaction& redaction : commit_.redactions)
    locks.exclusive.push_back(keys.of(redaction.conversation));
  locks.sort();
  order_ = std::move(locks.exclusive);
}

void CommitJob::look(Connection& on) {
  Array kinds = Array::smallints(), ids = Array::byteas();
  std::set<ConversationId> conversations;
  for (const RecordKey& key : keys_) {
    kinds.add_small(number(key.kind));
    ids.add(std::string_view(key.id));
    if (key.kind != RecordKind::conversation) continue;
    if (const auto id = ConversationId::parse(key.id)) conversations.insert(*id);
  }
  for (const Entry& entry : commit_.entries) conversations.insert(entry.conversation);
  Array heads = Array::uuids();
  for (const ConversationId id : conversations) heads.add(id);
  Array redacted = Array::uuids(), logs = Array::smallints(), seqs = Array::bigints();
  for (const Redaction& redaction : commit_.redactions) {
    redacted.add(redaction.conversation);
    logs.add_small(static_cast<unsigned>(redaction.log));
    seqs.add(redaction.seq);
  }
  on.send(Query::heads, Params().add(heads));
  on.send(Query::records, Params().add(kinds).add(ids));
  on.send(Query::entries, Params().add(redacted).add(logs).add(seqs));
}

result<std::vector<std::uint64_t>> CommitJob::step(const Rows& stored) {
  std::map<RecordKey, std::uint64_t> versions;
  for (int row = 0; row < stored.size(); ++row)
    versions[keys_.at(stored.number(row, 0) - 1)] = stored.number(row, 1);
  std::vector<std::uint64_t> out;
  out.reserve(commit_.changes.size());
  for (const Change& change : commit_.changes) {
    std::uint64_t& version = versions[change.key];
    if (version != change.expected) return errc::conflict;
    version = change.value ? version + 1 : 0;
    out.push_back(version);
    if (change.key.kind != RecordKind::conversation) continue;
    const auto id = ConversationId::parse(change.key.id);
    if (!id) continue;
    heads_[*id].version = version;
    heads_.changed(*id);
  }
  return out;
}

errc CommitJob::may_redact(const Rows& stored) const {
  std::vector<bool> found(commit_.redactions.size());
  bool alike = false;
  for (int row = 0; row < stored.size(); ++row) {
    const std::size_t place = stored.number(row, 0) - 1;
    found.at(place) = true;
    alike = alike || stored.bytes(row, 1) == commit_.redactions[place].tags;
  }
  if (std::find(found.begin(), found.end(), false) != found.end()) return errc::not_found;
  return alike ? errc::conflict : errc::ok;
}

void CommitJob::place_entries(Timestamp now) {
  for (Entry& entry : commit_.entries) {
    const core::ConversationLog::Place place = heads_[entry.conversation].log.append(entry.log);
    heads_.changed(entry.conversation);
    entry.seq = place.seq;
    entry.after = place.after;
    entry.at = now;
  }
}

Write::Next CommitJob::judge(const Answers& answers, Timestamp now) {
  heads_.clear();
  heads_.load(answers.at(0));
  result<std::vector<std::uint64_t>> versions = step(answers.at(1));
  const errc redactable = may_redact(answers.at(2));
  if (!versions || redactable != errc::ok) {
    answer_ = versions ? redactable : versions.error();
    return Next::nothing;
  }
  place_entries(now);
  answer_ = Committed{*std::move(versions), commit_.entries};
  return commit_.changes.empty() && commit_.entries.empty() && commit_.redactions.empty()
             ? Next::nothing
             : Next::write;
}

void CommitJob::write(Connection& on) {
  write_records(on);
  write_redactions(on);
  heads_.send(on);
  EntryRows rows;
  for (const Entry& entry : commit_.entries) {
    rows.add({entry.conversation, entry.log, entry.seq, entry.after, entry.from, entry.role,
              entry.origin, entry.kind, entry.body, entry.tags, entry.at});
  }
  rows.send(on);
}

void CommitJob::write_records(Connection& on) const {
  if (commit_.changes.empty()) return;
  std::map<RecordKey, std::size_t> last;
  for (std::size_t i = 0; i < commit_.changes.size(); ++i) last[commit_.changes[i].key] = i;
  Array all_kinds = Array::smallints(), all_ids = Array::byteas();
  Array gone_kinds = Array::smallints(), gone_ids = Array::byteas();
  Array kinds = Array::smallints(), ids = Array::byteas(), versions = Array::bigints(),
        values = Array::byteas();
  Array key_kinds = Array::smallints(), names = Array::byteas(), keys = Array::byteas(),
        key_ids = Array::byteas();
  for (const auto& [key, place] : last) {
    const Change& change = commit_.changes[place];
    const std::string_view id = key.id;
    all_kinds.add_small(number(key.kind));
    all_ids.add(id);
    if (!change.value) {
      gone_kinds.add_small(number(key.kind));
      gone_ids.add(id);
      continue;
    }
    kinds.add_small(number(key.kind));
    ids.add(id);
    versions.add(answer_.value().versions[place]);
    values.add(std::string_view(*change.value));
    for (const IndexKey& index : change.index) {
      key_kinds.add_small(number(key.kind));
      names.add(std::string_view(index.index));
      keys.add(std::string_view(index.key));
      key_ids.add(id);
    }
  }
  on.send(Query::remove_keys, Params().add(all_kinds).add(all_ids));
  if (gone_ids.size() != 0) on.send(Query::remove_records, Params().add(gone_kinds).add(gone_ids));
  if (ids.size() != 0)
    on.send(Query::put_records, Params().add(kinds).add(ids).add(versions).add(values));
  if (key_ids.size() != 0)
    on.send(Query::put_keys, Params().add(key_kinds).add(names).add(keys).add(key_ids));
}

void CommitJob::write_redactions(Connection& on) const {
  if (commit_.redactions.empty()) return;
  // Of several for one entry the last counts.
  std::map<std::tuple<ConversationId, Log, std::uint64_t>, std::string_view> last;
  for (const Redaction& each : commit_.redactions)
    last[{each.conversation, each.log, each.seq}] = each.tags;
  Array conversations = Array::uuids(), logs = Array::smallints(), seqs = Array::bigints(),
        tags = Array::byteas();
  for (const auto& [place, text] : last) {
    conversations.add(std::get<0>(place));
    logs.add_small(static_cast<unsigned>(std::get<1>(place)));
    seqs.add(std::get<2>(place));
    tags.add(text);
  }
  on.send(Query::redact, Params().add(conversations).add(logs).add(seqs).add(tags));
}

}  // namespace kefu::inline v0::postgres
