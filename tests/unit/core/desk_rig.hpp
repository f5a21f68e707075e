// DeskRig: runs decisions on records in a map, and checks after each what must always hold.
#pragma once

#include <doctest/doctest.h>

#include <kefu/core/transaction.hpp>
#include <kefu/desk_keys.hpp>
#include <map>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

class DeskRig {
 public:
  Timestamp now{1'000'000'000};
  std::vector<Entry> entries;
  bool changed = false;

  template <class T>
  void put(const T& record) {
    Stored& stored = stored_[key_of(record)];
    stored.record = record;
    ++stored.version;
  }

  Conversation conversation(ConversationId id) const {
    return std::get<Conversation>(stored_.at(conversation_key(id)).record);
  }
  Agent agent(const std::string& id) const {
    const auto at = stored_.find(agent_key(id));
    Agent fresh;
    fresh.id = id;
    return at == stored_.end() ? fresh : std::get<Agent>(at->second.record);
  }
  bool has(const RecordKey& key) const { return stored_.contains(key); }
  template <class T>
  T get(const RecordKey& key) const {
    return std::get<T>(stored_.at(key).record);
  }

  template <class Command>
  Rule run(Command command) {
    Transaction transaction(
        [command](WorkingSet& desk, Timestamp at) { return decide(command, desk, at); });
    return run(transaction);
  }

  Rule run(Transaction& transaction) {
    TransactionEffects effects;
    transaction.start(now, effects);
    for (;;) {
      REQUIRE(effects.size() == 1);
      const TransactionEffect effect = std::exchange(effects, {}).front();
      if (const auto* read = std::get_if<transaction_effect::Read>(&effect)) {
        for (const RecordKey& key : read->keys) load(transaction.records(), key);
        transaction.on_read(now, effects);
      } else if (std::holds_alternative<transaction_effect::Commit>(effect)) {
        commit(transaction.records());
        transaction.on_committed(effects);
      } else {
        const auto& ended = std::get<transaction_effect::Ended>(effect);
        changed = ended.changed;
        check();
        return ended.rule;
      }
    }
  }

  void load(WorkingSet& desk, const RecordKey& key) const {
    const auto at = stored_.find(key);
    if (at == stored_.end()) return desk.load(key, std::nullopt, 0);
    desk.load(key, at->second.record, at->second.version);
  }

  void commit(const WorkingSet& desk) {
    for (const auto& [key, row] : desk.rows()) {
      if (!row.changed) continue;
      const auto at = stored_.find(key);
      REQUIRE((at == stored_.end() ? 0 : at->second.version) == row.version);
      if (row.value) {
        stored_[key] = {*row.value, row.version + 1};
      } else {
        stored_.erase(key);
      }
    }
    entries.insert(entries.end(), desk.entries().begin(), desk.entries().end());
  }

  /// Slots and holders name each other, and nobody has more than fits.
  void check() const {
    std::size_t held = 0;
    std::size_t filled = 0;
    for (const auto& [key, stored] : stored_) {
      if (const auto* c = std::get_if<Conversation>(&stored.record)) {
        if (c->state == ConversationState::offered) CHECK(c->assignment.offer.has_value());
        if (c->holder().empty()) continue;
        ++held;
        const Agent holder = agent(std::string(c->holder()));
        const AgentSlot* const slot = holder.slot_of(c->id);
        REQUIRE(slot);
        CHECK(slot->use == (is_owned(c->state) ? SlotUse::owned : SlotUse::offered));
      } else if (const auto* a = std::get_if<Agent>(&stored.record)) {
        for (const AgentSlot& slot : a->slots) filled += slot.use != SlotUse::wrap_up;
      }
    }
    CHECK(held == filled);
  }

 private:
  struct Stored {
    DeskRecord record;
    std::uint64_t version = 0;
  };
  std::map<RecordKey, Stored> stored_;
};

/// A rig with the agents "ann" and "bob", present and with two slots each, and one queued
/// conversation of "vera" in "billing".
struct Desk : DeskRig {
  static constexpr ConversationId kFirst{1, 1};
  static constexpr ConversationId kSecond{1, 2};

  Desk() {
    put(NodeLease{"node", now, now + std::chrono::hours(24 * 365)});
    for (const char* id : {"ann", "bob"}) {
      Agent agent;
      agent.id = id;
      agent.capacity = 2;
      agent.devices.push_back({SessionId{9, static_cast<std::uint64_t>(*id)}, 1, "node"});
      put(agent);
    }
    open(kFirst, "vera");
  }
  void open(ConversationId id, const std::string& visitor) {
    Conversation c;
    c.id = id;
    c.visitor = visitor;
    c.department = "billing";
    c.opened_at = c.assignment.waiting_since = now;
    put(c);
    put(OpenConversation{c.visitor, c.department, c.id});
  }
  Conversation first() const { return conversation(kFirst); }
  std::uint64_t epoch() const { return first().assignment.epoch; }
};

inline Participant by(const std::string& id, Role role = Role::agent) { return {id, role}; }

}  // namespace kefu::inline v0::core
