// WorkingSet: the records of one decision. A decision asks for records as if everything had been
// read; what was missing is read by whoever drives it, and the decision runs again. What it changed
// goes into one commit, on the versions that were read.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <kefu/desk_keys.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/rule.hpp>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

class WorkingSet {
 public:
  /// A record as it was read, and as it shall be.
  struct Row {
    std::optional<DeskRecord> value;  ///< nothing: absent, or removed
    std::uint64_t version = 0;        ///< as read; 0: it was absent
    bool changed = false;
  };

  /// A record as it was read, with its version; nothing and 0 when there is none.
  void load(const RecordKey& key, std::optional<DeskRecord> value, std::uint64_t version) {
    rows_[key] = {std::move(value), version, false};
  }

  /// How many conversations an agent takes of whom nothing is known.
  void assume_capacity(std::uint32_t capacity) noexcept { capacity_ = capacity; }

  // ---- for decisions. References are valid until clear().

  /// The record; null when there is none, or when it has not been read yet (see incomplete()).
  const Conversation* conversation(ConversationId id) {
    return find<Conversation>(conversation_key(id));
  }
  /// Null: there is none, or it is not read yet.
  const OpenConversation* open(std::string_view visitor, std::string_view department) {
    return find<OpenConversation>(open_key(visitor, department));
  }
  /// Null: there is none, or it is not read yet.
  const NodeLease* node(std::string_view id) { return find<NodeLease>(node_key(id)); }
  /// Null: there is none, or it is not read yet.
  const Ticket* ticket(TicketId id) { return find<Ticket>(ticket_key(id)); }
  /// Null: there is none, or it is not read yet.
  const SinkCursor* sink(std::string_view name) { return find<SinkCursor>(sink_key(name)); }
  /// Null: there is none, or it is not read yet.
  const Contact* contact(std::string_view id) { return find<Contact>(contact_key(id)); }
  /// Null: there is none, or it is not read yet.
  const BanList* bans() { return find<BanList>(bans_key()); }
  /// Null: there is none, or it is not read yet.
  const DeadLetter* dead_letter(std::string_view sink, std::uint64_t position) {
    return find<DeadLetter>(dead_letter_key(sink, position));
  }
  /// Null: there is none, or it is not read yet.
  const SlaClock* sla(ConversationId id) { return find<SlaClock>(sla_key(id)); }

  /// Never null once it has been read: an agent of whom nothing is known has the defaults.
  const Agent* agent(std::string_view id) {
    const RecordKey key = agent_key(id);
    const auto at = rows_.find(key);
    if (at != rows_.end() && !at->second.value) {
      Agent fresh;
      fresh.id = id;
      fresh.capacity = capacity_;
      at->second.value = std::move(fresh);
    }
    return find<Agent>(key);
  }

  /// True when the decision has asked for a record that was not read yet: its answer means nothing.
  [[nodiscard]] bool incomplete() const noexcept { return !missing_.empty(); }

  /// At which version it was read.
  template <class T>
  [[nodiscard]] std::uint64_t version_of(const T& record) const {
    return rows_.at(key_of(record)).version;
  }

  /// The same record, to be changed; it will be written.
  template <class T>
  T& edit(const T& record) {
    Row& row = rows_.at(key_of(record));
    row.changed = true;
    return std::get<T>(*row.value);
  }
  /// A new record. It must be known to be absent: asked for, and not found.
  template <class T>
  T& create(T record) {
    Row& row = rows_.at(key_of(record));
    assert(!row.value);
    row.changed = true;
    return std::get<T>(row.value.emplace(std::move(record)));
  }
  /// It was asked for and not found, and must still be absent when this commits.
  void expect_absent(const RecordKey& key) {
    Row& row = rows_.at(key);
    assert(!row.value);
    row.changed = true;
  }
  /// There shall be no such record.
  template <class T>
  void remove(const T& record) {
    Row& row = rows_.at(key_of(record));
    row.changed = true;
    row.value.reset();
  }
  /// An entry that is appended in the same commit.
  void append(Entry entry) { entries_.push_back(std::move(entry)); }

  // ---- for whoever drives it

  /// The record was stored, and has this version now.
  void stored(const RecordKey& key, std::uint64_t version) { rows_.at(key).version = version; }

  /// What was asked for and is not read: the keys, once.
  [[nodiscard]] std::vector<RecordKey> take_missing() { return std::exchange(missing_, {}); }
  /// All that was read or written.
  [[nodiscard]] const std::map<RecordKey, Row>& rows() const noexcept { return rows_; }
  /// What shall be appended to logs.
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  /// Something shall be written.
  [[nodiscard]] bool changed() const {
    if (!entries_.empty()) return true;
    for (const auto& [key, row] : rows_) {
      if (row.changed) return true;
    }
    return false;
  }
  void clear() {
    rows_.clear();
    missing_.clear();
    entries_.clear();
  }

 private:
  template <class T>
  const T* find(const RecordKey& key) {
    const auto at = rows_.find(key);
    if (at == rows_.end()) {
      if (std::ranges::find(missing_, key) == missing_.end()) missing_.push_back(key);
      return nullptr;
    }
    return at->second.value ? std::get_if<T>(&*at->second.value) : nullptr;
  }

  std::uint32_t capacity_ = Agent::kDefaultCapacity;
  std::map<RecordKey, Row> rows_;
  std::vector<RecordKey> missing_;
  std::vector<Entry> entries_;
};

/// A Change without the encoding: for each row that a decision changed.
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const DeskRecord& record) {
  return std::visit([](const auto& one) { return kefu::indexes_of(one); }, record);
}

}  // namespace kefu::inline v0::core
