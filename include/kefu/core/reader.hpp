// Reader: a session's position in one log (promise 4).
//
// A reader is live when its position is the tail: then the next entry goes straight through.
// Everything else is one path: attaching behind the tail, a lost hint, a jump in the numbers and a
// slow connection all leave the reader behind the tail, and it fetches pages of the log at the pace
// of its connection until it is live again. No entry is skipped but by an explicit reset.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kefu::core {

class Reader {
 public:
  enum class Action : std::uint8_t {
    none,     ///< nothing to do
    deliver,  ///< hand this entry to the connection
    fetch,    ///< read a page after position() and step on_page_entry() for each entry, then
              ///< on_page_end()
    reset,    ///< tell the client that it continues at position(), which is the tail
  };

  Reader() = default;
  explicit Reader(std::uint64_t position) : position_(position), tail_(position) {}

  /// A live entry. `blocked`: the connection takes nothing more now.
  Action on_entry(std::uint64_t seq, bool blocked) {
    if (seq <= position_) return Action::none;
    if (seq == position_ + 1 && !reading_ && !blocked) {
      position_ = seq;
      tail_ = std::max(tail_, seq);
      return Action::deliver;
    }
    tail_ = std::max(tail_, seq);
    return blocked ? Action::none : start();
  }

  /// An ack, which goes to the client whatever happens. It stands for its entry where that would be
  /// next, even while a page is on its way: the client sees the same. Elsewhere it only settles,
  /// and the entry is still to come.
  Action on_ack(std::uint64_t seq, bool blocked) {
    if (seq != position_ + 1) return on_entry(seq, blocked);
    position_ = seq;
    tail_ = std::max(tail_, seq);
    return Action::deliver;
  }

  /// The log is known to reach to `tail`.
  Action on_tail(std::uint64_t tail, bool blocked, std::uint64_t replay_limit) {
    tail_ = std::max(tail_, tail);
    return next(blocked, replay_limit);
  }

  /// Somebody says that the log reaches to `seq`. It may be wrong, so a page is fetched, and only
  /// what that says counts.
  Action on_hint(std::uint64_t seq, bool blocked) {
    if (seq <= tail_) return Action::none;
    hinted_ = true;
    return reading_ || blocked ? Action::none : start();
  }

  /// An entry of the page that was fetched. After a `blocked` the rest of the page is dropped and
  /// read again later.
  Action on_page_entry(std::uint64_t seq, bool blocked) {
    if (blocked || seq != position_ + 1) return Action::none;
    position_ = seq;
    tail_ = std::max(tail_, seq);
    return Action::deliver;
  }

  /// The page is done; `tail` came with it. A page that failed ends with on_page_failed().
  Action on_page_end(std::uint64_t tail, bool blocked, std::uint64_t replay_limit) {
    reading_ = false;
    return on_tail(tail, blocked, replay_limit);
  }
  void on_page_failed() {
    reading_ = false;
    hinted_ = true;  // there was a reason to read
  }

  /// The connection takes entries again, or it is time to try again after a failed page.
  Action next(bool blocked, std::uint64_t replay_limit) {
    if (reading_ || blocked || !behind()) return Action::none;
    if (tail_ - position_ > replay_limit) {
      position_ = tail_;
      return Action::reset;
    }
    return start();
  }

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// There is, or may be, something to read.
  [[nodiscard]] bool behind() const noexcept { return position_ < tail_ || hinted_; }

 private:
  Action start() {
    if (reading_) return Action::none;
    reading_ = true;
    hinted_ = false;
    return Action::fetch;
  }

  std::uint64_t position_ = 0;  // every entry up to here was handed to the connection
  std::uint64_t tail_ = 0;      // the log reaches at least to here
  bool reading_ = false;        // a page is on its way
  bool hinted_ = false;         // it may reach further than tail_
};

}  // namespace kefu::core
