// Entries on their way into the table and out of it, and the heads of their conversations.
#pragma once

#include <kefu/core/ledger.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/event.hpp>
#include <map>
#include <set>
#include <string_view>

#include "postgres/connection.hpp"

namespace kefu::inline v0::postgres {

/// An entry whose texts are somebody else's.
struct EntryRow {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  std::uint64_t after = 0;
  std::string_view from;
  Role role = Role::bot;
  Origin origin;
  std::string_view kind;
  std::string_view body;
  std::string_view tags;
  Timestamp at;
};

/// Rows for Query::put_entries, in the order in which they get their positions.
class EntryRows {
 public:
  void add(const EntryRow& row) {
    conversation_.add(row.conversation);
    log_.add_small(static_cast<unsigned>(row.log));
    seq_.add(row.seq);
    behind_.add(row.after);
    sender_.add(row.from);
    role_.add_small(static_cast<unsigned>(row.role));
    session_.add(row.origin.session);
    cseq_.add(row.origin.cseq);
    kind_.add(row.kind);
    body_.add(row.body);
    tags_.add(row.tags);
    stored_.add(static_cast<std::uint64_t>(row.at.ns));
  }
  void send(Connection& on) const {
    if (seq_.size() == 0) return;
    Params params;
    for (const Array* column : {&conversation_, &log_, &seq_, &behind_, &sender_, &role_, &session_,
                                &cseq_, &kind_, &body_, &tags_, &stored_})
      params.add(*column);
    on.send(Query::put_entries, params);
  }

 private:
  Array conversation_ = Array::uuids(), log_ = Array::smallints(), seq_ = Array::bigints(),
        behind_ = Array::bigints(), sender_ = Array::byteas(), role_ = Array::smallints(),
        session_ = Array::uuids(), cseq_ = Array::bigints(), kind_ = Array::byteas(),
        body_ = Array::byteas(), tags_ = Array::byteas(), stored_ = Array::bigints();
};

/// A row that begins with a position and the columns of an entry.
[[nodiscard]] inline Event event_of(const Rows& rows, int row) {
  Event event;
  event.position = rows.number(row, 0);
  Entry& entry = event.entry;
  entry.conversation = rows.id<ConversationId>(row, 1);
  entry.log = static_cast<Log>(rows.small(row, 2));
  entry.seq = rows.number(row, 3);
  entry.after = rows.number(row, 4);
  entry.from = rows.bytes(row, 5);
  entry.role = static_cast<Role>(rows.small(row, 6));
  entry.origin = {rows.id<SessionId>(row, 7), rows.number(row, 8)};
  entry.kind = rows.bytes(row, 9);
  entry.body = rows.bytes(row, 10);
  entry.tags = rows.bytes(row, 11);
  entry.at = Timestamp{static_cast<std::int64_t>(rows.number(row, 12))};
  return event;
}

/// The heads that a transaction has locked. One that has no row is all zeros.
class Heads {
 public:
  void clear() {
    heads_.clear();
    changed_.clear();
  }
  void load(const Rows& rows) {
    for (int row = 0; row < rows.size(); ++row) {
      heads_[rows.id<ConversationId>(row, 0)] = {
          core::ConversationLog(rows.number(row, 2), rows.number(row, 3)), rows.number(row, 1)};
    }
  }
  [[nodiscard]] core::ConversationHead& operator[](ConversationId id) { return heads_[id]; }
  void changed(ConversationId id) { changed_.insert(id); }

  void send(Connection& on) {
    if (changed_.empty()) return;
    Array ids = Array::uuids(), versions = Array::bigints(), publics = Array::bigints(),
          internals = Array::bigints();
    for (const ConversationId id : changed_) {
      const core::ConversationHead& head = heads_[id];
      ids.add(id);
      versions.add(head.version);
      publics.add(head.log.tail(Log::public_log));
      internals.add(head.log.tail(Log::internal));
    }
    on.send(Query::put_heads, Params().add(ids).add(versions).add(publics).add(internals));
  }

 private:
  std::map<ConversationId, core::ConversationHead> heads_;
  std::set<ConversationId> changed_;
};

}  // namespace kefu::inline v0::postgres
