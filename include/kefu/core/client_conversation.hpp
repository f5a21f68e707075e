// ClientConversation: what a client knows of one conversation: its place in both logs, its pending
// sends, and what the current connection says of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <kefu/core/client_log.hpp>
#include <kefu/core/client_state.hpp>
#include <kefu/core/pending_sends.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <utility>

namespace kefu::inline v0::core {

class ClientConversation {
 public:
  static constexpr std::array kLogs = {Log::public_log, Log::internal};

  explicit ClientConversation(ClientConversationState saved)
      : id(saved.id),
        logs{ClientLog(saved.logs[0]), ClientLog(saved.logs[1])},
        sends(std::move(saved.pending), saved.accepted),
        open_(saved.open) {}

  const ConversationId id;
  std::array<ClientLog, 2> logs;
  PendingSends sends;
  Instant sends_held{};       ///< nothing is transmitted before
  Instant history_held{};     ///< nothing is asked for before
  bool cursor_moved = false;  ///< entries of others were delivered since `delivered` was told

  [[nodiscard]] ClientLog& log(Log which) { return logs[static_cast<std::size_t>(which)]; }
  /// One of its two logs.
  [[nodiscard]] const ClientLog& log(Log which) const {
    return logs[static_cast<std::size_t>(which)];
  }

  /// What must survive a restart.
  [[nodiscard]] ClientConversationState save() const {
    return {id, open_, {logs[0].saved(), logs[1].saved()}, sends.accepted(), sends.items()};
  }

  /// A connection is welcomed. `view`: what the server says of it; null when it says nothing.
  /// `staff`: the internal log is read too.
  void begin(SessionId session, bool resumed, std::uint64_t window, const ConversationView* view,
             bool staff) {
    sends.begin(session, resumed, view ? view->accepted_cseq : 0, window);
    sends_held = history_held = {};
    forget_settled();
    for (const Log which : kLogs) {
      const bool search = sends.foreign(which);
      if (view) {
        log(which).begin_stream(tail(*view, which), search);
      } else {
        log(which).begin_unlisted(search || (open_ && (staff || which == Log::public_log)));
      }
    }
    if (view) learn(*view);
  }

  /// The server reads it out from now on.
  void on_joined(const ConversationView& view) {
    learn(view);
    for (const Log which : kLogs) {
      log(which).begin_stream(tail(view, which), sends.foreign(which));
    }
  }

  /// The server reads it out no more: the participant has left it.
  void on_left() {
    open_ = false;
    for (const Log which : kLogs) log(which).begin_unlisted(sends.foreign(which));
  }

  void end() {
    sends.end();
    for (ClientLog& one : logs) one.end();
  }

  /// The application has been given an entry.
  void on_delivered(const Entry& entry) {
    if (entry.kind == kind::kClosed) open_ = false;
  }

  /// The server goes on behind `tail`.
  void on_reset(Log which, std::uint64_t tail) {
    log(which).on_reset(tail, sends.numbered(which), sends.foreign(which));
  }

  /// It can't be read. Answers the sends whose outcome is out of reach.
  std::vector<PendingSend> on_unreadable(Log which) {
    if (which == Log::public_log) open_ = false;
    log(which).begin_unlisted(false);
    return sends.drop_foreign(which);
  }

  /// Since when the oldest of what was asked on this connection waits for its answer.
  [[nodiscard]] std::optional<Instant> waiting_since() const {
    std::optional<Instant> out = sends.waiting_since();
    for (const ClientLog& one : logs) {
      const std::optional<Instant> since = one.fetching_since();
      if (since && (!out || *since < *out)) out = since;
    }
    return out;
  }

  /// After any event: once the logs are read to their tails, sends that were not found there are
  /// taken over into the session.
  void reconcile() {
    if (sends.foreign() && logs[0].searched() && logs[1].searched()) sends.adopt();
    forget_settled();
  }

 private:
  static std::uint64_t tail(const ConversationView& view, Log which) {
    return which == Log::public_log ? view.tail : view.internal_tail;
  }
  // One that is closed counts as open until it is read: whatever cuts the stream off, history
  // brings the rest.
  void learn(const ConversationView& view) {
    const auto unread = [&](Log which) { return log(which).position() < tail(view, which); };
    open_ = is_open(view.state) || std::ranges::any_of(kLogs, unread);
  }
  // Where nothing can be found there is nothing to look for.
  void forget_settled() {
    for (const Log which : kLogs) {
      if (!sends.numbered(which)) log(which).stop_search();
    }
  }

  bool open_;
};

}  // namespace kefu::inline v0::core
