// PendingSends: the sends of one conversation that have no outcome yet. It numbers them, keeps to
// the window, and says what is transmitted, and when again (promise 2, the client's half).
//
// A send is numbered (session, cseq) when it is first transmitted and keeps that number as long as
// the server may have taken it: that is what makes a retry harmless. One that is numbered under an
// older session, or under one that another client has had, is `foreign`: the log must be read to
// its tail before it may get a new number, because it may be there.
//
// After an error that leaves a send without an outcome, nothing is transmitted until everything on
// the way has its answer; then all of it goes again, in order. So a burst of errors costs one
// repetition, and every answer is about the one transmission that preceded it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/client_state.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

class PendingSends {
 public:
  PendingSends() = default;
  PendingSends(std::vector<PendingSend> items, std::uint64_t accepted)
      : items_(std::move(items)), accepted_(accepted) {}

  /// What has no outcome, in the order of sending.
  [[nodiscard]] const std::vector<PendingSend>& items() const noexcept { return items_; }
  /// The highest cseq that has an outcome.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }

  /// Takes a send behind all others.
  void add(PendingSend send) { items_.push_back(std::move(send)); }

  // ---- connections

  /// A connection is welcomed. `accepted` is what the server says of this conversation, where it
  /// does; `window` is limits::window.
  void begin(SessionId session, bool resumed, std::uint64_t accepted, std::uint64_t window) {
    end();
    session_ = session;
    window_ = std::max<std::uint64_t>(window, 1);
    accepted_ = resumed ? std::max(accepted_, accepted) : accepted;
    recovering_ = true;  // a number may have been given back just before the last connection ended
  }

  /// The connection is gone: everything will be transmitted again on the next one.
  void end() {
    in_flight_.clear();
    expected_.reset();
    recovering_ = false;
  }

  // ---- reconciling with the log

  /// True while sends of an older session are among them; of all logs, or of one.
  [[nodiscard]] bool foreign() const {
    return std::ranges::any_of(items_,
                               [this](const PendingSend& item) { return is_foreign(item); });
  }
  [[nodiscard]] bool foreign(Log log) const {
    return std::ranges::any_of(
        items_, [&](const PendingSend& item) { return item.log == log && is_foreign(item); });
  }

  /// True when one of them may be in this log.
  [[nodiscard]] bool numbered(Log log) const {
    return std::ranges::any_of(
        items_, [&](const PendingSend& item) { return item.log == log && item.cseq != 0; });
  }

  /// The logs were read to their tails: what is still foreign was never stored.
  void adopt() {
    for (PendingSend& item : items_) {
      if (!is_foreign(item)) continue;
      item.session = {};
      item.cseq = 0;
    }
  }

  /// The log can't be read, so what is foreign in it has an outcome that can't be known. Drops it.
  std::vector<PendingSend> drop_foreign(Log log) {
    std::vector<PendingSend> kept;
    std::vector<PendingSend> out;
    for (PendingSend& item : items_) {
      const bool gone = item.log == log && is_foreign(item);
      (gone ? out : kept).push_back(std::move(item));
    }
    items_ = std::move(kept);
    return out;
  }

  /// The log has an entry with this origin. Answers the send that has the number.
  std::optional<PendingSend> on_origin(const Origin& origin) {
    if (origin.session == session_) accepted_ = std::max(accepted_, origin.cseq);
    return take(find(origin.session, origin.cseq));
  }

  // ---- answers; each gives the send back when that settles it

  /// It has an outcome: an ack, a refusal, or (conflict, duplicate) its number had one before.
  std::optional<PendingSend> on_outcome(std::uint64_t cseq) {
    answered(cseq);
    accepted_ = std::max(accepted_, cseq);
    if (expected_ && cseq >= *expected_) expected_.reset();
    return take(find(session_, cseq));
  }

  /// It will never be taken, and its number was not used: those behind it move down.
  std::optional<PendingSend> on_failed(std::uint64_t cseq) {
    answered(cseq);
    recovering_ = true;
    return take(find(session_, cseq));
  }

  /// It may be taken later.
  void on_retry(std::uint64_t cseq) {
    answered(cseq);
    recovering_ = true;
  }

  /// The server wants another number first.
  void on_gap(std::uint64_t cseq, std::optional<std::uint64_t> expected) {
    on_retry(cseq);
    if (expected && *expected) expected_ = expected;
  }

  // ---- transmission

  /// A send that may go out now.
  struct Due {
    bool changed = false;             ///< numbers were given: persist before transmitting
    std::vector<std::size_t> places;  ///< of what to transmit, in items(), in order
  };

  /// What is to be transmitted now; it counts as on the way from here on.
  Due due(Instant now) {
    Due out;
    if (foreign()) return out;
    if (recovering_) {
      if (!in_flight_.empty()) return out;
      out.changed = recover();
    }
    std::uint64_t last = accepted_;
    std::uint64_t oldest = 0;
    for (std::size_t place = 0; place < items_.size() && in_flight_.size() < window_; ++place) {
      PendingSend& item = items_[place];
      const std::uint64_t cseq = item.cseq != 0 ? item.cseq : last + 1;
      if (oldest == 0) oldest = cseq;
      // The oldest may be stored already, and only the outcomes of the last `window_` numbers are
      // kept: none that is further ahead may push its own out.
      if (cseq >= oldest + window_) break;
      if (item.cseq == 0) {
        item.session = session_;
        item.cseq = cseq;
        out.changed = true;
      }
      last = std::max(last, cseq);
      if (is_in_flight(cseq)) continue;
      in_flight_.push_back({cseq, now});
      out.places.push_back(place);
    }
    return out;
  }

  /// Since when the oldest transmission waits for its answer.
  [[nodiscard]] std::optional<Instant> waiting_since() const {
    if (in_flight_.empty()) return std::nullopt;
    return in_flight_.front().since;
  }

 private:
  struct InFlight {
    std::uint64_t cseq = 0;
    Instant since;
  };
  using Place = std::vector<PendingSend>::iterator;

  [[nodiscard]] bool is_foreign(const PendingSend& item) const {
    return item.cseq != 0 && item.session != session_;
  }
  Place find(SessionId session, std::uint64_t cseq) {
    return std::ranges::find_if(items_, [&](const PendingSend& item) {
      return item.cseq == cseq && cseq != 0 && item.session == session;
    });
  }
  std::optional<PendingSend> take(Place at) {
    if (at == items_.end()) return std::nullopt;
    PendingSend out = std::move(*at);
    items_.erase(at);
    return out;
  }
  [[nodiscard]] bool is_in_flight(std::uint64_t cseq) const {
    return std::ranges::find(in_flight_, cseq, &InFlight::cseq) != in_flight_.end();
  }
  void answered(std::uint64_t cseq) {
    const auto at = std::ranges::find(in_flight_, cseq, &InFlight::cseq);
    if (at != in_flight_.end()) in_flight_.erase(at);
  }

  // Nothing is on the way. Closes the gaps between the numbers above `accepted_`: they come from
  // failed sends, and the server has taken nothing above a number that it has not taken.
  bool recover() {
    recovering_ = false;
    if (expected_) accepted_ = *std::exchange(expected_, std::nullopt) - 1;
    bool changed = false;
    std::uint64_t next = accepted_ + 1;
    for (PendingSend& item : items_) {
      if (item.cseq <= accepted_) continue;  // also: not numbered yet
      changed |= item.cseq != next;
      item.cseq = next++;
    }
    return changed;
  }

  std::vector<PendingSend> items_;  // numbered ones first, in order of cseq
  std::uint64_t accepted_ = 0;      // the session's sends up to here have an outcome

  SessionId session_;
  std::uint64_t window_ = 1;
  std::vector<InFlight> in_flight_;  // transmitted on this connection, and not answered
  std::optional<std::uint64_t> expected_;
  bool recovering_ = false;
};

}  // namespace kefu::inline v0::core
