// DedupMark: exact deduplication for one (session, conversation).
//
// A high-water mark says how many sends have an outcome, and the last W outcomes are kept: so every
// retry within the window gets its original outcome, and nothing new is ever taken for seen.
// Memory: nothing until the first send, then 24 bytes for each of the last W outcomes.
//
// Every Store uses this one machine, inside its transaction; judge() first, then record() for what
// was stored.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

class DedupMark {
 public:
  /// What a draft is, in the light of what was sent before.
  enum class Verdict : std::uint8_t {
    fresh,      ///< the expected cseq: judge it further, then record its outcome
    repeated,   ///< seen with the same content: answer the original outcome
    conflict,   ///< seen with other content
    duplicate,  ///< seen, so long ago that its outcome is no longer kept
    gap,        ///< above the expected cseq
  };

  /// What became of a send: an entry's seq, or (seq 0) a refusal.
  struct Sent {
    std::uint64_t digest = 0;
    std::uint64_t seq = 0;
    Timestamp at;  ///< of an entry; for a refusal, its errc is kept here

    /// It was stored.
    [[nodiscard]] static Sent entry(std::uint64_t digest, std::uint64_t seq, Timestamp at) {
      return {digest, seq, at};
    }
    /// It was refused, for good.
    [[nodiscard]] static Sent refused(std::uint64_t digest, errc code) {
      return {digest, 0, Timestamp{static_cast<std::int64_t>(code)}};
    }
    /// The outcome: ok, or why it was refused.
    [[nodiscard]] errc code() const { return seq ? errc::ok : static_cast<errc>(at.ns); }
  };

  /// `window` is limits::window: how many outcomes are kept.
  [[nodiscard]] Verdict judge(std::uint64_t cseq, std::uint64_t digest,
                              std::uint32_t window) const {
    if (cseq > accepted_ + 1) return Verdict::gap;
    if (cseq == accepted_ + 1) return Verdict::fresh;
    const Sent* sent = find(cseq, window);
    if (!sent) return Verdict::duplicate;
    return sent->digest == digest ? Verdict::repeated : Verdict::conflict;
  }

  /// The kept outcome of an accepted cseq, or null.
  [[nodiscard]] const Sent* find(std::uint64_t cseq, std::uint32_t window) const {
    if (cseq == 0 || cseq > accepted_ || accepted_ - cseq >= kept_.size() ||
        accepted_ - cseq >= window)
      return nullptr;
    return &kept_[slot(cseq)];
  }

  /// Preconditions: `sent` is the outcome of accepted() + 1; `window` is not 0.
  void record(Sent sent, std::uint32_t window) {
    ++accepted_;
    if (kept_.size() < window && slot_base_ + kept_.size() + 1 == accepted_) {
      kept_.push_back(sent);  // grows with use, up to the window
      return;
    }
    kept_[slot(accepted_)] = sent;
  }

  /// The highest cseq that has an outcome; the next expected is one more.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }

  /// Rebuilds a mark from storage: `kept` are the outcomes of the last cseqs up to `accepted`,
  /// oldest first.
  [[nodiscard]] static DedupMark restore(std::uint64_t accepted, std::vector<Sent> kept) {
    DedupMark mark;
    mark.accepted_ = accepted;
    mark.slot_base_ = accepted - kept.size();
    mark.kept_ = std::move(kept);
    return mark;
  }

  /// The kept outcomes, oldest first: what restore() takes.
  [[nodiscard]] std::vector<Sent> kept() const {
    std::vector<Sent> out;
    out.reserve(kept_.size());
    for (std::uint64_t cseq = accepted_ - kept_.size() + 1; cseq <= accepted_; ++cseq)
      out.push_back(kept_[slot(cseq)]);
    return out;
  }

 private:
  // A ring once it is full: cseq slot_base_ + 1 lies in slot 0.
  [[nodiscard]] std::size_t slot(std::uint64_t cseq) const {
    return (cseq - slot_base_ - 1) % kept_.size();
  }

  std::uint64_t accepted_ = 0;
  std::uint64_t slot_base_ = 0;
  std::vector<Sent> kept_;
};

}  // namespace kefu::inline v0::core
