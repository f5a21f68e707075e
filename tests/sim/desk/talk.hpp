// Talk: what people have said in a HubWorld, taken back, and found; who was banned, and what was
// erased. It knows what must hold of that, and nothing of how it is done.
#pragma once

#include <compare>
#include <kefu/append_batch.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/testing/random.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker.hpp"

namespace kefu::sim {

/// Where a message stands.
struct Place {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;

  friend auto operator<=>(const Place&, const Place&) = default;
};

class Talk {
 public:
  explicit Talk(const Checker& checker) : checker_(checker) {}

  /// A draft was stored. `calm`: nothing has kept any node from hearing of bans.
  void on_stored(const Draft& draft, const Outcome& outcome, bool calm);
  /// Whoever took it back was told that it is done.
  void on_recalled(const Place& place, Timestamp now) { recalled_.try_emplace(place, now); }
  void on_banned(const std::string& who, Timestamp now, Timestamp until) {
    banned_[who] = {now, until};
  }
  /// Everything that they wrote until then was erased, as the host was told at `now`.
  void on_erased(const std::string& who, Timestamp until, Timestamp now) {
    erased_[who] = {until, now};
  }

  /// Somebody was shown a message for which they, or their hub, had asked at that time.
  void on_shown(const frame::EntryFrame& entry, Timestamp asked) const;
  /// … because they looked for it, when `readable` was theirs to read.
  void on_found(const frame::EntryFrame& entry, const Participant& by, Timestamp asked,
                const std::set<ConversationId>& readable) const;
  [[nodiscard]] std::set<ConversationId> readable_by(const Participant& by) const;

  /// Something that they could take back now, if there is anything.
  [[nodiscard]] std::optional<Place> recallable(const std::string& who, Timestamp now,
                                                testing::Random& random) const;
  [[nodiscard]] const std::map<Place, Timestamp>& recalled() const { return recalled_; }
  /// So long that every node must have heard of it.
  [[nodiscard]] bool is_banned(const std::string& who, Timestamp now) const;

 private:
  struct Said {
    std::string from;
    Timestamp at;
  };
  struct Span {
    Timestamp from, until;
  };
  struct Erased {
    Timestamp until;  // what was written up to then …
    Timestamp since;  // … is gone from then on
  };

  [[nodiscard]] bool may_read(const Conversation& c, const Participant& by) const;

  const Checker& checker_;
  std::map<Place, Said> said_;
  std::map<Place, Timestamp> recalled_;
  std::map<std::string, Span> banned_;
  std::map<std::string, Erased> erased_;
};

}  // namespace kefu::sim
