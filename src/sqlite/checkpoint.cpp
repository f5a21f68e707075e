#include "sqlite/checkpoint.hpp"

#include <algorithm>
#include <limits>

#include "sqlite/marks.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// A slice holds at least so many items, and so many for each row appended beside it. A row makes at
// most three items, and a round starts at half of checkpoint_entries: with four a row it ends
// before the other half is full.
constexpr std::size_t kSlice = 256;
constexpr std::size_t kItemsPerRow = 4;

// While nobody asks for anything: larger slices, and rounds for less.
constexpr std::size_t kRestSlice = 1024;
constexpr std::size_t kWorthARound = 1024;

// The last marks of a conversation among which a sender's is looked for before it is added again.
constexpr std::size_t kSendersLookedAt = 8;

template <class T>
void sort_unique(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

template <class T>
void release(std::vector<T>& items) {
  std::vector<T>().swap(items);
}

}  // namespace

Checkpoint::Checkpoint(sqlite3* db, Unfolded& unfolded, std::size_t entries)
    : unfolded_(unfolded),
      start_(std::max<std::size_t>(entries / 2, 1)),
      place_(db, "INSERT OR REPLACE INTO place(log, first, positions) VALUES(?, ?, ?)"),
      mark_(
          db,
          "INSERT OR REPLACE INTO mark(session, conversation, accepted, kept) VALUES(?, ?, ?, ?)"),
      tails_(db, "UPDATE conversation SET public_tail = ?, internal_tail = ? WHERE key = ?"),
      move_(db, "UPDATE checkpoint SET position = ?"),
      position_(db, "SELECT position FROM checkpoint") {}

void Checkpoint::step(std::size_t new_rows) {
  if (!in_round()) {
    if (unfolded_.size() < start_) return;
    freeze();
  }
  write(kSlice + kItemsPerRow * new_rows);
}

bool Checkpoint::may_rest() const noexcept {
  return in_round() || unfolded_.size() >= kWorthARound;
}

void Checkpoint::rest() {
  if (!in_round()) freeze();
  write(kRestSlice);
}

void Checkpoint::finish() {
  const auto all = std::numeric_limits<std::size_t>::max();
  if (in_round()) write(all);
  committed();
  if (unfolded_.size() == 0) return;
  freeze();
  write(all);
}

void Checkpoint::committed() {
  if (!finished_) return;
  unfolded_.fold_up_to(round_end_);
  reset();
}

void Checkpoint::reset() {
  round_end_ = 0;
  next_ = 0;
  finished_ = false;
  // A round's memory is not kept until the next one.
  release(entries_);
  release(marks_);
  release(tails_of_);
}

void Checkpoint::freeze() {
  round_end_ = unfolded_.end();
  std::vector<Conversation*> dirty;
  for (std::uint64_t position = unfolded_.base() + 1; position <= round_end_; ++position) {
    const Unfolded::Row& row = unfolded_.at(position);
    if (row.conversation->last_row == position) dirty.push_back(row.conversation);
    if (!row.seq) add_mark(row, marks_.size());
  }
  std::sort(dirty.begin(), dirty.end(), [](auto* a, auto* b) { return a->key < b->key; });
  entries_.reserve(unfolded_.size());
  for (Conversation* const conversation : dirty) {
    const std::size_t before = entries_.size();
    for (const Log log : {Log::public_log, Log::internal}) add_entries(*conversation, log);
    if (entries_.size() != before) tails_of_.push_back(conversation);
  }
  sort_unique(marks_);
}

/// Along the chain, so that the entries need not be sorted.
void Checkpoint::add_entries(Conversation& conversation, Log log) {
  const std::size_t first_entry = entries_.size();
  const std::size_t first_mark = marks_.size();
  std::uint64_t position = conversation.last_entry[static_cast<std::size_t>(log)];
  while (position > unfolded_.base()) {
    const Unfolded::Row& row = unfolded_.at(position);
    entries_.push_back({2 * conversation.key + static_cast<std::int64_t>(log), row.seq, position});
    add_mark(row, first_mark);
    position = row.previous;
  }
  std::reverse(entries_.begin() + static_cast<std::ptrdiff_t>(first_entry), entries_.end());
}

/// Those from `first` on are of the same conversation, of whose few senders each sends a lot.
void Checkpoint::add_mark(const Unfolded::Row& row, std::size_t first) {
  if (!row.sender) return;
  first = std::max(first, marks_.size() - std::min(marks_.size(), kSendersLookedAt));
  for (std::size_t i = first; i < marks_.size(); ++i) {
    if (marks_[i].sender == row.sender) return;
  }
  marks_.push_back({row.sender->key, row.conversation->key, row.sender, row.conversation});
}

void Checkpoint::write(std::size_t items) {
  const std::size_t marks_from = entries_.size();
  const std::size_t tails_from = marks_from + marks_.size();
  const std::size_t end = tails_from + tails_of_.size();
  for (std::size_t written = 0; next_ < end && written < items;) {
    std::size_t done = 1;
    if (next_ < marks_from) {
      done = write_place(next_);
    } else if (next_ < tails_from) {
      write(marks_[next_ - marks_from]);
    } else {
      write(*tails_of_[next_ - tails_from]);
    }
    next_ += done;
    written += done;
  }
  if (next_ < end) return;
  Run(move_).bind(1, round_end_).step();
  finished_ = true;
}

std::size_t Checkpoint::write_place(std::size_t first) {
  // What a round wrote that never ended is written again by the next one, from the same first entry
  // on: rows start there and at each kEntriesPerPlace behind it, so they replace the ones before.
  const std::int64_t log = entries_[first].log;
  writer_.clear();
  for (std::size_t at = first; at < entries_.size() && entries_[at].log == log; ++at) {
    if (writer_.size() == kEntriesPerPlace) break;
    writer_.add(entries_[at].position);
  }
  Run(place_).bind(1, log).bind(2, entries_[first].seq).bind_blob(3, writer_.bytes()).step();
  return writer_.size();
}

void Checkpoint::write(const DirtyMark& dirty) {
  if (dirty.sender->gone) return;
  const core::DedupMark* const mark = dirty.sender->ledger.find(dirty.conversation->id);
  if (!mark) throw_corrupt("a dirty mark was let go");
  encode_kept(*mark, kept_);
  Run(mark_)
      .bind(1, dirty.session_key)
      .bind(2, dirty.conversation_key)
      .bind(3, mark->accepted())
      .bind_blob(4, kept_)
      .step();
}

void Checkpoint::write(const Conversation& conversation) {
  const core::ConversationLog& log = conversation.head.log;
  Run(tails_)
      .bind(1, log.tail(Log::public_log))
      .bind(2, log.tail(Log::internal))
      .bind(3, conversation.key)
      .step();
}

std::uint64_t Checkpoint::stored_position() {
  Run run(position_);
  if (!run.step()) throw_corrupt("the checkpoint is missing");
  return run.number(0);
}

}  // namespace kefu::inline v0::sqlite
