// Session: the server's side of one attached session, from the first frame to the last (promises 2
// and 6). It says which frames are welcome when, and keeps sends in flight from being submitted
// twice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <vector>

namespace kefu::inline v0::core {

class Session {
 public:
  /// How far a session has got.
  enum class State : std::uint8_t {
    greeting,        ///< waits for `hello`
    authenticating,  ///< the token is being checked
    attaching,       ///< the Store takes the session over
    joining,         ///< its conversations are being read
    attached,        ///< `welcome` is out
    ended,           ///< closed from here; nothing more is served
  };

  /// How far it has got.
  [[nodiscard]] State state() const noexcept { return state_; }
  /// Goes on to this state.
  void enter(State state) noexcept { state_ = state; }

  /// May a frame that is not `hello` be served now?
  [[nodiscard]] errc admit() const noexcept {
    switch (state_) {
      case State::attached:
        return errc::ok;
      case State::ended:
        return errc::fenced;
      default:
        return errc::unauthenticated;
    }
  }

  /// May a `hello` be served now? A refused one may be followed by another.
  [[nodiscard]] errc admit_hello() const noexcept {
    return state_ == State::greeting ? errc::ok : errc::conflict;
  }

  /// What to do with a send.
  enum class Send : std::uint8_t {
    submit,     ///< new to this connection: let the Store judge it
    in_flight,  ///< a retry of one whose outcome is still to come: that answers both
    conflict,   ///< the same cseq is in flight with other content
    full,       ///< more than a window of sends without an outcome
  };

  /// A send arrived. `window` is limits::window.
  Send on_send(ConversationId conversation, std::uint64_t cseq, std::uint64_t digest,
               std::uint32_t window) {
    std::uint32_t open = 0;
    for (const InFlight& other : in_flight_) {
      if (other.conversation != conversation) continue;
      if (other.cseq == cseq) return other.digest == digest ? Send::in_flight : Send::conflict;
      if (++open == window) return Send::full;
    }
    in_flight_.push_back({conversation, cseq, digest});
    return Send::submit;
  }

  /// The outcome of a submitted send is known.
  void on_outcome(ConversationId conversation, std::uint64_t cseq) {
    const auto at = std::ranges::find_if(in_flight_, [&](const InFlight& f) {
      return f.cseq == cseq && f.conversation == conversation;
    });
    if (at == in_flight_.end()) return;
    *at = in_flight_.back();
    in_flight_.pop_back();
  }

  /// Sends without an outcome.
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }

 private:
  struct InFlight {
    ConversationId conversation;
    std::uint64_t cseq = 0;
    std::uint64_t digest = 0;
  };

  std::vector<InFlight> in_flight_;  // at most a window for each conversation; short in practice
  State state_ = State::greeting;
};

}  // namespace kefu::inline v0::core
