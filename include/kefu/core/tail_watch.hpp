// TailWatch: the net below the hints of other nodes. A hint may get lost, and a node may die before
// it has told of what it stored; so in rounds, batch by batch, the tails of all logs that somebody
// reads here are asked of the Store. What another node stored is read within `every` and the time
// of a round.
#pragma once

#include <algorithm>
#include <cstddef>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <span>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

class TailWatch {
 public:
  /// At most `batch` conversations are asked for at a time, and only one batch.
  TailWatch(Nanoseconds every, std::size_t batch) : every_(every), batch_(batch) {}

  /// It is time for another round.
  [[nodiscard]] bool due(Instant now) const { return at_ == round_.size() && now >= next_; }

  /// Begins a round over these. Precondition: due().
  void begin(std::vector<ConversationId> round, Instant now) {
    round_ = std::move(round);
    at_ = 0;
    next_ = now + every_;
  }

  /// Of which tails are to be asked for now; empty: none. It counts as asked until on_answer().
  [[nodiscard]] std::span<const ConversationId> ask() {
    if (std::exchange(asking_, at_ < round_.size()) || !asking_) return {};
    return std::span(round_).subspan(at_, size());
  }

  /// The batch was answered; one that failed is asked for again.
  void on_answer(bool good) {
    asking_ = false;
    if (good) at_ += size();
  }

 private:
  [[nodiscard]] std::size_t size() const { return std::min(batch_, round_.size() - at_); }

  const Nanoseconds every_;
  const std::size_t batch_;
  std::vector<ConversationId> round_;
  std::size_t at_ = 0;  // of the round, those before it are done
  bool asking_ = false;
  Instant next_{};
};

}  // namespace kefu::inline v0::core
