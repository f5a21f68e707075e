// Unfolded: the rows of the log that the tails, marks and places in the database need not hold yet,
// in memory. It is the index of the log's end: the entries of one log are chained backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/core/ledger.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0::sqlite {

/// What is cached of a conversation. Dirty while `last_row` is unfolded; then it must stay where it
/// is.
struct Conversation {
  ConversationId id;
  std::int64_t key = 0;      ///< 0: it has no row yet, as nothing was written for it
  bool has_version = false;  ///< the head's is read: reading needs none, sending does
  core::ConversationHead head;
  std::uint64_t last_entry[2] = {0,
                                 0};  ///< position of each log's last entry, when that is unfolded
  std::uint64_t last_row = 0;         ///< position of the last row of any kind
};

/// What is cached of a session that sends; dirty as a conversation is. Its ledger holds the marks
/// used lately, not all.
struct Sender {
  std::int64_t key = 0;  ///< of the session
  std::string participant;
  core::SessionLedger ledger;
  std::uint64_t last_row = 0;
  bool gone =
      false;  ///< expired or erased: it stays only while it is dirty, and has no marks any more
};

/// What is cached of every session: little, for most of those that are attached say nothing.
struct Session {
  std::int64_t key = 0;
  std::uint64_t epoch = 0;
  Timestamp seen;                  ///< as stored
  std::unique_ptr<Sender> sender;  ///< null until it is asked for
};

class Unfolded {
 public:
  struct Row {
    Conversation* conversation = nullptr;
    Sender* sender = nullptr;  ///< null for an entry that no send made
    std::uint64_t seq = 0;     ///< 0 for a refusal
    std::uint64_t previous =
        0;  ///< position of the entry before in the same log, if that is unfolded
    Log log = Log::public_log;
  };

  /// Rows up to here are folded.
  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  /// The position of the log's last row.
  [[nodiscard]] std::uint64_t end() const noexcept { return base_ + rows_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] const Row& at(std::uint64_t position) const { return rows_[position - base_ - 1]; }

  /// Takes the row at end() + 1, whose place in its log (if it is an entry) the caller has just
  /// given out.
  void add(Conversation& conversation, Sender* sender, Log log, std::uint64_t seq) {
    const std::uint64_t position = end() + 1;
    Row row{&conversation, sender, seq, 0, log};
    conversation.last_row = position;
    if (sender) sender->last_row = position;
    if (seq) {
      std::uint64_t& last = conversation.last_entry[static_cast<std::size_t>(log)];
      row.previous = last;
      last = position;
    }
    rows_.push_back(row);
  }

  /// Rows up to `position` are folded now.
  void fold_up_to(std::uint64_t position) {
    rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(position - base_));
    if (rows_.empty()) rows_.shrink_to_fit();
    base_ = position;
  }

  /// Nothing is unfolded; the last row is at `base`.
  void reset(std::uint64_t base) {
    rows_.clear();
    base_ = base;
  }

 private:
  std::vector<Row> rows_;
  std::uint64_t base_ = 0;
};

}  // namespace kefu::inline v0::sqlite
