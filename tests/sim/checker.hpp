// Checker: knows what was promised (DESIGN.md §2, promises 1 to 6), and nothing of how it is done.
// It is told what clients submit, hear and are told, and looks at what the store holds.
#pragma once

#include <cstdint>
#include <kefu/core/client_state.hpp>
#include <kefu/error.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/store.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "court.hpp"

namespace kefu::sim {

/// A log of a conversation.
struct LogKey {
  ConversationId conversation;
  Log log = Log::public_log;

  friend auto operator<=>(const LogKey&, const LogKey&) = default;
};

class Checker {
 public:
  /// `replay_limit` as in limits.
  Checker(Store& store, std::uint64_t replay_limit, const Court& court)
      : store_(store), replay_limit_(replay_limit), court_(court) {}

  /// What was violated first; empty so far.
  [[nodiscard]] const std::string& violation() const noexcept { return violation_; }
  void fail(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

  // ---- what clients do and are told; `device` is the client's number

  void on_submitted(std::size_t device, LogKey where, std::uint64_t id, const std::string& body);
  void on_sent(SessionId session, ConversationId conversation, std::uint64_t cseq,
               const std::string& body);
  /// The device has lost it before it was saved.
  void on_forgotten(std::size_t device, std::uint64_t id);
  /// The device begins with what another one has read.
  void on_copied(std::size_t from, std::size_t to);
  /// The device starts from what it saved.
  void on_started(std::size_t device, const core::ClientState& saved);
  void on_delivered(std::size_t device, const Entry& entry, bool own);
  void on_reset(std::size_t device, LogKey where, std::uint64_t from, std::uint64_t tail);
  void on_settled(std::size_t device, ConversationId conversation, std::uint64_t id, errc code,
                  std::uint64_t seq);

  // ---- what a server says on the device's present connection, and the server therefore knows

  void on_hello(std::size_t device, const std::vector<Position>& positions);
  void on_frame(std::size_t device, const ServerFrame& frame);

  /// The device is attached, and nothing is on its way to it: then it has, of every log that is
  /// read out to it, what was stored so long ago, unless that log has moved since.
  void expect_told(std::size_t device, bool staff, Nanoseconds bound);
  /// It has not read for a while: what it missed is paged to it from now on.
  void on_reading_again(std::size_t device);

  // ---- what nodes ask of the store

  void on_attached(SessionId session, std::uint64_t epoch);
  [[nodiscard]] std::uint64_t epoch_of(SessionId session) const;
  void on_draft(const Draft& draft);

  /// After each step: what the store has more of.
  void look();
  /// After a crash, and at the end: everything that was ever shown is there.
  void look_again();

  /// At the end, when every client has settled everything and read everything.
  void at_rest();

  [[nodiscard]] std::uint64_t tail(LogKey where) const;
  /// Whether the participant is in the conversation, as its record says now.
  [[nodiscard]] bool admits(ConversationId conversation, const Participant& who) const;
  [[nodiscard]] std::uint64_t stored() const noexcept { return position_; }
  /// Of everything that was seen, for comparing two runs.
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100'0000'01b3u; }
  void mix(const std::string& text) {
    for (const char c : text) mix(static_cast<unsigned char>(c));
  }

 private:
  struct Message {
    std::size_t device = 0;
    std::uint64_t id = 0;
    LogKey where;
    std::uint64_t stored_as = 0;  ///< seq, 0: not stored
    std::optional<errc> told;     ///< how it was settled
    bool forgotten = false;       ///< it was never sent
    std::uint64_t told_seq = 0;
  };
  struct Stored {
    Entry entry;
    bool shown = false;  ///< to a client, as an entry or by an ack
    Instant since;       ///< when it was found in the store
  };
  using Origin = std::tuple<SessionId, ConversationId, std::uint64_t>;

  void take(const Entry& entry);
  void judge(const Entry& entry, const std::string& original);
  void begin_live(std::size_t device, ConversationId conversation);
  void move_cursor(std::size_t device, LogKey where, std::uint64_t to);
  void show(LogKey where, std::uint64_t seq);
  void on_streamed(std::size_t device, LogKey where, std::uint64_t seq, bool ack);
  std::string text(LogKey where, std::uint64_t seq) const;

  Store& store_;
  const std::uint64_t replay_limit_;
  const Court& court_;
  std::string violation_;
  std::uint64_t position_ = 0;  // of the store's events
  std::map<LogKey, std::vector<Stored>> logs_;
  std::unordered_map<std::string, Message> messages_;                    // by body: each is unique
  std::map<std::pair<std::size_t, std::uint64_t>, std::string> bodies_;  // by device and id
  std::set<Origin> origins_;
  std::set<Origin> denied_;
  std::map<std::string, std::set<Origin>> sent_as_;
  std::map<std::pair<std::size_t, LogKey>, std::uint64_t> last_stored_;  // id, per device
  std::map<std::pair<std::size_t, LogKey>, std::uint64_t> cursors_;
  std::map<std::pair<std::size_t, LogKey>, std::uint64_t> reached_;  // the highest cursor
  // How far the server has read each log out on the device's present connection; nothing: it may
  // begin anywhere.
  std::map<std::pair<std::size_t, LogKey>, std::optional<std::uint64_t>> streams_;
  // The logs that are read out on the device's present connection, and when they last moved there.
  std::map<std::pair<std::size_t, LogKey>, Instant> live_;
  std::unordered_map<SessionId, std::uint64_t> epochs_;
  // When the drafts of a connection were received, by cseq, of those that came to the store.
  std::map<std::tuple<SessionId, std::uint64_t, ConversationId>, std::map<std::uint64_t, Instant>>
      drafts_;
  std::set<std::string> decided_;  // messages that came to the store
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325u;
};

}  // namespace kefu::sim
