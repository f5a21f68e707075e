// Departures: visitors who have left while they wait, of the conversations whose home is one shard.
// Their going is stored a little later and in turns, as that of agents is (attendance.hpp): who is
// back at once was never gone, and thousands who go together don't stand before others in the
// store.
#pragma once

#include <cstddef>
#include <kefu/executor.hpp>
#include <kefu/model/id.hpp>
#include <unordered_map>

namespace kefu::inline v0::hub {

class Shard;

class Departures {
 public:
  explicit Departures(Shard& shard) : shard_(shard) {}

  /// No session of its visitor is here any more.
  void left(ConversationId conversation);
  /// One is. `noted`: the record says that they have left.
  void back(ConversationId conversation, bool noted);

  void on_tick(Instant now);
  /// After a loss of something under way.
  void recover() { changes_ = 0; }

 private:
  void store(ConversationId conversation);

  Shard& shard_;
  std::unordered_map<ConversationId, Instant> due_;  // to be stored then
  std::size_t changes_ = 0;                          // under way
};

}  // namespace kefu::inline v0::hub
