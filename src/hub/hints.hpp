// Hints: what the nodes on one store tell each other over the Bus: the entries that were stored,
// how far logs reach, and who takes part in a conversation that has changed. An entry goes to a
// reader to whom it is the next one; whoever lacks something before it fetches that from the store,
// which also says whether somebody takes part. A lost hint is made good by the next, by the
// heartbeat, which tells tails and participants of the last seconds again, or, as far as logs go,
// at the latest by core::TailWatch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/bus.hpp>
#include <kefu/core/repeats.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/model/tail.hpp>
#include <kefu/wire/codec.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::hub {

inline constexpr std::string_view kTailsTopic = "kefu.tails";
/// Arrays of frames: `entry`, each with its origin and tags; `typing`, with the preview; `receipt`.
inline constexpr std::string_view kFramesTopic = "kefu.frames";
inline constexpr std::string_view kMembersTopic = "kefu.members";

/// Somebody takes part in a conversation, as a node says.
struct Member {
  ConversationId conversation;
  std::string participant;

  friend bool operator==(const Member&, const Member&) = default;
};

// What makes no sense is left out of what these return: anybody might publish.

void encode(const Tail& tail, std::string& out);
[[nodiscard]] std::vector<Tail> decode_tails(std::string_view bytes);

void encode(ConversationId conversation, std::string_view participant, std::string& out);
[[nodiscard]] std::vector<Member> decode_members(std::string_view bytes);

/// A frame for everyone who reads the conversation now.
struct Signalled {
  ConversationId conversation;
  std::string frame;
  std::string for_staff;  // empty: the same
};

/// Reads messages of kFramesTopic. One thread at a time.
class FrameHints final : private wire::Decoder::ServerHandler {
 public:
  struct Frames {
    std::vector<Signalled> signals;
    std::vector<Entry> entries;
  };

  explicit FrameHints(const limits& bounds) : decoder_(bounds) {}

  [[nodiscard]] Frames decode(std::string_view bytes);

 private:
  void on_frame(const ServerFrame& frame) override;
  void on_error(const wire::DecodeError& /*error*/) override {}

  wire::Decoder decoder_;
  Frames frames_;
};

/// Gathers what one shard's homes have to tell, and tells it.
class HintTeller {
 public:
  /// `bus` null: there is nobody to tell.
  HintTeller(Bus* bus, const limits& bounds)
      : bus_(bus),
        largest_(bounds.hint_entry),
        recent_(bounds.tail_heartbeat, kBeats),
        changed_(bounds.tail_heartbeat, kBeats) {}

  /// Others are told what people write.
  [[nodiscard]] bool carry_texts() const noexcept { return bus_ && largest_ != 0; }
  /// This entry was stored. `entry` has all that is known of it.
  void stored(const frame::EntryFrame& entry);
  /// The log reaches so far.
  void reaches(const Tail& tail);
  /// The record was stored.
  void changed(const Conversation& conversation);
  /// This frame, encoded, is for everyone else who reads the conversation.
  void signalled(std::string_view frame);
  /// Tells what there was since the last call.
  void flush();
  void on_tick(Instant now);

 private:
  static constexpr int kBeats = 10;

  void remember(const Tail& tail);
  void tell(const Tail& tail);
  [[nodiscard]] bool tell(const frame::EntryFrame& entry);
  void begin_frame();
  void tell(ConversationId conversation, const std::vector<std::string>& members);
  void flush(std::string_view topic, std::string& message);

  Bus* const bus_;
  const std::size_t largest_;
  std::string tails_, members_;
  std::string frames_;                                  // without the closing bracket
  core::Repeats<std::array<std::uint64_t, 2>> recent_;  // tails by Log; 0: did not move
  core::Repeats<std::vector<std::string>> changed_;     // who takes part
};

}  // namespace kefu::inline v0::hub
