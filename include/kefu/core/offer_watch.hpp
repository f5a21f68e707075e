// OfferWatch: which of the conversations that wait for whoever takes them this node's staff was
// told of. Other nodes queue and accept some too, and what this node's io threads do is heard of in
// any order, so the queues are looked at again and again; each difference is told once.
//
// Memory: an id for each that waits, or was withdrawn since the last look began.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/model/id.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

namespace kefu::inline v0::core {

class OfferWatch {
 public:
  /// It waits, in the round of the queue that `assignment` numbers: a thread has queued it, or the
  /// look has found it. True: that is news for the staff.
  [[nodiscard]] bool waits(ConversationId id, std::uint64_t assignment) {
    if (is_over(id, assignment)) return false;
    Told& told = told_.try_emplace(id).first->second;
    told.look = look_;
    if (told.assignment >= assignment) return false;
    told.assignment = assignment;
    return true;
  }
  /// Somebody of the staff has found by themselves that it waits.
  void listed(ConversationId id, std::uint64_t assignment) {
    if (!is_over(id, assignment)) told_.try_emplace(id, Told{std::nullopt, look_});
  }
  /// It waits no more since `assignment`. False: by now it waits again.
  [[nodiscard]] bool dequeued(ConversationId id, std::uint64_t assignment) {
    const auto at = told_.find(id);
    if (at != told_.end() && at->second.assignment > assignment) return false;
    if (at != told_.end()) told_.erase(at);
    std::uint64_t& last = withdrawn_[id];
    last = std::max(last, assignment);
    return true;
  }

  /// A look at all queues begins. What it reads may be older than what is told meanwhile.
  void begin() {
    ++look_;
    withdrawn_.clear();
  }
  /// The look is over. Answers those that wait no more.
  [[nodiscard]] std::vector<ConversationId> end() {
    std::vector<ConversationId> gone;
    std::erase_if(told_, [&](const auto& one) {
      if (one.second.look == look_) return false;
      gone.push_back(one.first);
      return true;
    });
    return gone;
  }

 private:
  [[nodiscard]] bool is_over(ConversationId id, std::uint64_t assignment) const {
    const auto at = withdrawn_.find(id);
    return at != withdrawn_.end() && at->second >= assignment;
  }

  struct Told {
    std::optional<std::uint64_t> assignment{};  // none: not all of the staff was told
    std::uint64_t look = 0;                     // the last that has found it
  };
  std::unordered_map<ConversationId, Told> told_;
  std::unordered_map<ConversationId, std::uint64_t> withdrawn_;  // by which assignment
  std::uint64_t look_ = 0;
};

}  // namespace kefu::inline v0::core
