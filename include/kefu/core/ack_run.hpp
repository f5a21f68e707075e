// AckRun: acks of one session that continue each other, and go out as one frame.
#pragma once

#include <kefu/model/frame.hpp>
#include <optional>
#include <utility>

namespace kefu::inline v0::core {

class AckRun {
 public:
  /// An ack is due. Answers the run that must go out before it, when this one does not continue it.
  std::optional<frame::Ack> on_ack(const frame::Ack& ack) {
    if (run_ && run_->conversation == ack.conversation && run_->log == ack.log &&
        run_->cseq + 1 == ack.cseq && run_->seq + 1 == ack.seq && run_->at == ack.at) {
      run_->cseq = ack.cseq;
      run_->seq = ack.seq;
      ++run_->count;
      return std::nullopt;
    }
    return std::exchange(run_, ack);
  }

  /// Something else goes to the connection, or the turn ends: the run must go first.
  std::optional<frame::Ack> take() { return std::exchange(run_, std::nullopt); }

 private:
  std::optional<frame::Ack> run_;
};

}  // namespace kefu::inline v0::core
