// ClientLog: a client's place in one log of one conversation (promise 4, the client's half).
// Entries come by the stream of the connection or by pages of history; either way each is delivered
// once and in order. It also knows how far the log was searched for sends whose outcome got lost.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/client_state.hpp>
#include <kefu/model/time.hpp>
#include <limits>
#include <optional>

namespace kefu::inline v0::core {

class ClientLog {
 public:
  /// What to do with an entry that has come.
  enum class Entry : std::uint8_t {
    old,   ///< delivered before
    next,  ///< deliver it
    hole,  ///< there is something missing before it
  };

  ClientLog() = default;
  explicit ClientLog(ClientPosition at) : at_(at) {}

  /// What must survive a restart.
  [[nodiscard]] const ClientPosition& saved() const noexcept { return at_; }
  /// The last entry that was given to the application.
  [[nodiscard]] std::uint64_t position() const noexcept { return at_.position; }

  /// The connection streams this log, whose tail is told. `search`: a send may be in it.
  void begin_stream(std::uint64_t tail, bool search) {
    target_ = tail;
    streamed_ = true;
    by_history_ = search && has_hole();
  }

  /// Nobody streams it; `read`: it is to be read to its tail by history.
  void begin_unlisted(bool read) {
    target_ = read ? std::numeric_limits<std::uint64_t>::max() : at_.searched;
    streamed_ = false;
    by_history_ = read;
  }

  void end() {
    by_history_ = streamed_ = false;
    fetching_since_.reset();
  }

  /// A live entry has come: what to do with it.
  Entry on_entry(std::uint64_t seq) {
    if (seq <= at_.position) return Entry::old;
    if (seq != at_.position + 1) return Entry::hole;
    if (!has_hole()) at_.searched = seq;
    at_.position = seq;
    return Entry::next;
  }

  /// The log has this entry, which comes by the stream; where there is none it is to be read.
  void on_told(std::uint64_t seq) {
    if (streamed_ || seq <= at_.position) return;
    target_ = by_history_ ? std::max(target_, seq) : seq;
    by_history_ = true;
  }

  /// The stream goes on behind `tail`. `search`: a send may be in what it skips, sooner or later;
  /// `now`: and must be found now.
  void on_reset(std::uint64_t tail, bool search, bool now) {
    at_.position = std::max(at_.position, tail);
    if (!search) at_.searched = at_.position;
    by_history_ = by_history_ || (now && has_hole());
  }

  /// No send is looked for any more.
  void stop_search() { at_.searched = at_.position; }

  // ---- pages of history

  /// Behind which seq a page is to be asked for now.
  [[nodiscard]] std::optional<std::uint64_t> wanted() const {
    if (!by_history_ || fetching_since_ || searched()) return std::nullopt;
    return at_.searched;
  }
  /// A page has been asked for.
  void fetching(Instant now) { fetching_since_ = now; }
  /// Since when a page is on its way.
  [[nodiscard]] std::optional<Instant> fetching_since() const noexcept { return fetching_since_; }

  /// An entry of a page has come: what to do with it.
  Entry on_page_entry(std::uint64_t seq) {
    if (seq == at_.searched + 1) at_.searched = seq;
    if (seq <= at_.position) return Entry::old;
    if (seq != at_.position + 1) return Entry::hole;
    at_.position = seq;
    return Entry::next;
  }
  /// The page is over, and the log ended here when it was read.
  void on_page_end(std::uint64_t tail) {
    fetching_since_.reset();
    target_ = std::min(target_, tail);
    if (searched()) by_history_ = false;
  }
  /// The page could not be had; another one may be asked for.
  void on_page_failed() { fetching_since_.reset(); }

  /// Everything up to the tail that was told has been searched.
  [[nodiscard]] bool searched() const noexcept { return at_.searched >= target_; }

 private:
  [[nodiscard]] bool has_hole() const noexcept { return at_.searched < at_.position; }

  ClientPosition at_;
  std::uint64_t target_ = 0;
  bool by_history_ = false;
  bool streamed_ = false;
  std::optional<Instant> fetching_since_;
};

}  // namespace kefu::inline v0::core
