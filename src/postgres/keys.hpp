// Keys of the locks: 64 bits for each conversation, session and record, the same on every node.
// They are PostgreSQL's advisory locks, held until a transaction ends. Two things that share a key
// by chance only wait for each other.
//
// Why not locks on rows: an advisory lock needs no row, so what is not there yet can be locked; it
// writes nothing; and a transaction gets its id with its first write, so behind all its locks.
// Thereby the ids of transactions that meet in a conversation are in the order of its log, which
// is what events() goes by.
#pragma once

#include <cstdint>
#include <kefu/model/id.hpp>
#include <kefu/record.hpp>
#include <string_view>

namespace kefu::inline v0::postgres {

using LockKey = std::int64_t;

/// Every node must come to the same keys: this is as much a part of the schema as its tables.
class Keys {
 public:
  /// Tenants in one database have keys apart.
  explicit Keys(std::string_view schema) : seed_(hash(schema, 0)) {}

  [[nodiscard]] LockKey of(ConversationId id) const { return of(1, id.hi, id.lo); }
  [[nodiscard]] LockKey of(SessionId id) const { return of(2, id.hi, id.lo); }
  /// A conversation's record is the conversation: append asks for its version.
  [[nodiscard]] LockKey of(const RecordKey& key) const {
    if (key.kind == RecordKind::conversation) {
      if (const auto id = ConversationId::parse(key.id)) return of(*id);
    }
    return of(3, static_cast<std::uint64_t>(key.kind), hash(key.id, seed_));
  }
  [[nodiscard]] LockKey lane(std::uint64_t hi, std::uint64_t lo) const { return of(4, hi, lo); }
  [[nodiscard]] LockKey erasure(std::string_view participant) const {
    return of(5, 0, hash(participant, seed_));
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
    return x ^ (x >> 31);
  }
  static std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t h = seed ^ 0xcbf2'9ce4'8422'2325u;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3u;
    return mix(h);
  }
  [[nodiscard]] LockKey of(std::uint64_t what, std::uint64_t hi, std::uint64_t lo) const {
    return static_cast<LockKey>(mix(mix(mix(seed_ + what) + hi) + lo));
  }

  std::uint64_t seed_;
};

}  // namespace kefu::inline v0::postgres
