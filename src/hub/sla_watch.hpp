// SlaWatch: winds the clocks of conversations with an SLA. Nothing of it is on the way of a
// message: now and then it asks how far the logs of all running clocks have got, and folds those
// that have gone on. The times are those of the entries, so a clock that is wound late comes out
// the same.
#pragma once

#include <kefu/model/sla.hpp>
#include <kefu/record.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <set>
#include <string>
#include <vector>

namespace kefu::inline v0::hub {

class Shard;

class SlaWatch {
 public:
  explicit SlaWatch(Shard& shard) : shard_(shard) {}

  void on_tick(Instant now);
  /// After an answer may have got lost.
  void recover();
  /// Its clock has come due: reads what has been said since, and judges.
  void judge(ConversationId conversation);

 private:
  void look(std::string after);
  void compare(std::vector<SlaClock> clocks, std::string next);
  void wind(const SlaClock& clock);
  void fold(const SlaClock& clock, Page page, Timestamp as_of);

  Shard& shard_;
  Instant next_;
  bool looking_ = false;
  std::set<ConversationId> busy_;
};

}  // namespace kefu::inline v0::hub
