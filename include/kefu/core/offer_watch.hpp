// OfferWatch: which of the conversations that wait for whoever takes them this node's staff was
// told of. Other nodes queue and accept some too, and what this node's io threads do is heard of in
// any order, so the queues are looked at again and again; each difference is told once.
//
// Memory: an id for each that waits, or was withdrawn since the last look began.
#pragma once

#include <cstdint>
#include <kefu/model/id.hpp>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kefu::inline v0::core {

class OfferWatch {
 public:
  /// The staff was told that it waits, in the round of the queue that `assignment` numbers.
  void offered(ConversationId id, std::uint64_t assignment) {
    told_[id] = {assignment, look_};
    withdrawn_.erase(id);
  }
  /// The staff was told that it waits no more.
  void withdrawn(ConversationId id) {
    told_.erase(id);
    withdrawn_.insert(id);
  }

  /// A look at all queues begins. What it reads may be older than what is told meanwhile.
  void begin() {
    ++look_;
    withdrawn_.clear();
  }
  /// The look has found that it waits. True: that is news.
  [[nodiscard]] bool found(ConversationId id, std::uint64_t assignment) {
    if (withdrawn_.contains(id)) return false;
    const auto [at, fresh] = told_.try_emplace(id, Told{assignment, look_});
    at->second.look = look_;
    if (fresh || at->second.assignment >= assignment) return fresh;
    at->second.assignment = assignment;
    return true;
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
  struct Told {
    std::uint64_t assignment = 0;
    std::uint64_t look = 0;  // the last that has found it
  };
  std::unordered_map<ConversationId, Told> told_;
  std::unordered_set<ConversationId> withdrawn_;
  std::uint64_t look_ = 0;
};

}  // namespace kefu::inline v0::core
