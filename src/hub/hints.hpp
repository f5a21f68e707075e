// Hints: what the nodes on one store tell each other over the Bus: the entries that were stored,
// and how far logs reach. An entry goes to a reader to whom it is the next one; whoever lacks
// something before it fetches that from the store. A lost hint is made good by the next, by the
// heartbeat, which tells the tails of the last seconds again, or at the latest by core::TailWatch.
#pragma once

#include <cstddef>
#include <kefu/bus.hpp>
#include <kefu/core/recent_tails.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/model/tail.hpp>
#include <kefu/wire/codec.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::hub {

inline constexpr std::string_view kTailsTopic = "kefu.tails";
/// An array of `entry` frames, each with its origin and tags.
inline constexpr std::string_view kEntriesTopic = "kefu.entries";

void encode(const Tail& tail, std::string& out);
/// What makes no sense is left out: anybody might publish.
[[nodiscard]] std::vector<Tail> decode_tails(std::string_view bytes);

/// Reads messages of kEntriesTopic. One thread at a time.
class EntryHints final : private wire::Decoder::ServerHandler {
 public:
  explicit EntryHints(const limits& bounds) : decoder_(bounds) {}

  /// What makes no sense is left out.
  [[nodiscard]] std::vector<Entry> decode(std::string_view bytes);

 private:
  void on_frame(const ServerFrame& frame) override;
  void on_error(const wire::DecodeError& /*error*/) override {}

  wire::Decoder decoder_;
  std::vector<Entry> entries_;
};

/// Gathers what one shard's homes have stored, and tells it.
class HintTeller {
 public:
  /// `bus` null: there is nobody to tell.
  HintTeller(Bus* bus, const limits& bounds)
      : bus_(bus), largest_(bounds.hint_entry), recent_(bounds.tail_heartbeat, kBeats) {}

  /// This entry was stored. `entry` has all that is known of it.
  void stored(const frame::EntryFrame& entry);
  /// The log reaches so far.
  void reaches(const Tail& tail);
  /// Tells what was stored since the last call.
  void flush();
  void on_tick(Instant now);

 private:
  static constexpr int kBeats = 10;

  void tell(const Tail& tail);
  [[nodiscard]] bool tell(const frame::EntryFrame& entry);
  void flush(std::string_view topic, std::string& message);

  Bus* const bus_;
  const std::size_t largest_;
  std::string tails_;
  std::string entries_;  // without the closing bracket
  core::RecentTails recent_;
};

}  // namespace kefu::inline v0::hub
