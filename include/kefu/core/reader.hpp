// Reader: a session's position in one log (promise 4).
//
// A reader is live when its position is the tail: then the next entry goes straight through.
// Everything else is one path: attaching behind the tail, a lost hint, a jump in the numbers and a
// slow connection all leave the reader behind the tail, and it fetches pages of the log at the pace
// of its connection until it is live again. No entry is skipped but by an explicit reset.
#pragma once

#include <cstdint>

namespace kefu::inline v0::core {

class Reader {
 public:
  /// What a reader is to do next.
  enum class Action : std::uint8_t {
    none,     ///< nothing to do
    deliver,  ///< hand this entry to the connection
    fetch,    ///< read a page after position() and step on_page_entry() for each entry, then
              ///< on_page_end()
    reset,    ///< tell the client that it continues at position(), which is the tail
  };

  Reader() : tail_(0), reading_(0), hinted_(0) {}
  explicit Reader(std::uint64_t position) : Reader() {
    position_ = position;
    reaches(position);
  }

  /// A live entry, from this node or another. It goes on only if it is the next one; else it is but
  /// a hint. `blocked`: the connection takes nothing more now.
  Action on_entry(std::uint64_t seq, bool blocked) {
    if (seq != position_ + 1 || reading_ || blocked) return on_hint(seq, blocked);
    position_ = seq;
    reaches(seq);
    return Action::deliver;
  }

  /// An ack, which goes to the client whatever happens. It stands for its entry where that would be
  /// next, even while a page is on its way: the client sees the same. Elsewhere it only settles,
  /// and the entry is still to come.
  Action on_ack(std::uint64_t seq, bool blocked) {
    if (seq != position_ + 1) return on_entry(seq, blocked);
    position_ = seq;
    reaches(seq);
    return Action::deliver;
  }

  /// The log is known to reach to `tail`.
  Action on_tail(std::uint64_t tail, bool blocked, std::uint64_t replay_limit) {
    reaches(tail);
    return next(blocked, replay_limit);
  }

  /// Somebody says that the log reaches to `seq`. It may be wrong, so a page is fetched, and only
  /// what that says counts.
  Action on_hint(std::uint64_t seq, bool blocked) {
    if (seq <= tail_) return Action::none;
    hinted_ = 1;
    return reading_ || blocked ? Action::none : start();
  }

  /// An entry of the page that was fetched. After a `blocked` the rest of the page is dropped and
  /// read again later.
  Action on_page_entry(std::uint64_t seq, bool blocked) {
    if (blocked || seq != position_ + 1) return Action::none;
    position_ = seq;
    reaches(seq);
    return Action::deliver;
  }

  /// The page is done; `tail` came with it. A page that failed ends with on_page_failed().
  Action on_page_end(std::uint64_t tail, bool blocked, std::uint64_t replay_limit) {
    reading_ = 0;
    return on_tail(tail, blocked, replay_limit);
  }
  /// The page could not be read; it is asked for again later.
  void on_page_failed() {
    reading_ = 0;
    hinted_ = 1;  // there was a reason to read
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

  /// The last entry that was given to the client.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// There is, or may be, something to read.
  [[nodiscard]] bool behind() const noexcept { return position_ < tail_ || hinted_; }

 private:
  static constexpr std::uint64_t kTailMask = ~std::uint64_t{0} >> 2;

  void reaches(std::uint64_t seq) {
    if (seq > tail_) tail_ = seq & kTailMask;
  }
  Action start() {
    if (reading_) return Action::none;
    reading_ = 1;
    hinted_ = 0;
    return Action::fetch;
  }

  std::uint64_t position_ = 0;  // every entry up to here was handed to the connection
  // In one word, for every idle session holds some.
  std::uint64_t tail_ : 62;    // the log reaches at least to here
  std::uint64_t reading_ : 1;  // a page is on its way
  std::uint64_t hinted_ : 1;   // it may reach further than tail_
};

}  // namespace kefu::inline v0::core
