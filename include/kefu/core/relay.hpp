// Relay: the decisions about who serves a sink, and how far it has got (see offer.hpp for what
// decisions are). One node at a time delivers, under a lease; what it did not live to note is
// delivered again by the next (promise 13).
#pragma once

#include <kefu/core/working_set.hpp>
#include <kefu/model/sink.hpp>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// This node delivers from now on, or still does. Refused with `lease` while another one does.
struct HoldSink {
  std::string sink;
  std::string node;
  Nanoseconds lease{0};
};
/// How far it has got, see SinkCursor. Refused with `lease` when another node has taken over.
struct AdvanceSink {
  std::string sink;
  std::string node;
  std::uint64_t position = 0;
  std::uint64_t ahead = 0;
  std::vector<HeldLane> held = {};
};
/// These are given up. The same refusal.
struct BuryEvents {
  std::string sink;
  std::string node;
  std::vector<DeadLetter> letters;
};
/// A dead letter was delivered after all.
struct ForgetLetter {
  std::string sink;
  std::uint64_t position = 0;
};

[[nodiscard]] inline Rule decide(const HoldSink& ask, WorkingSet& desk, Timestamp now) {
  const SinkCursor* const cursor = desk.sink(ask.sink);
  if (desk.incomplete()) return Rule::none;
  if (!cursor) {
    desk.create(SinkCursor{ask.sink, 0, ask.node, now + ask.lease});
    return Rule::none;
  }
  if (cursor->node != ask.node && now < cursor->until) return Rule::lease;
  SinkCursor& changed = desk.edit(*cursor);
  changed.node = ask.node;
  changed.until = now + ask.lease;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const AdvanceSink& ask, WorkingSet& desk, Timestamp) {
  const SinkCursor* const cursor = desk.sink(ask.sink);
  if (desk.incomplete()) return Rule::none;
  if (!cursor || cursor->node != ask.node) return Rule::lease;
  if (ask.position < cursor->position || ask.ahead < cursor->ahead) return Rule::none;  // late
  if (ask.position == cursor->position && ask.ahead == cursor->ahead && ask.held == cursor->held)
    return Rule::none;
  SinkCursor& changed = desk.edit(*cursor);
  changed.position = ask.position;
  changed.ahead = ask.ahead;
  changed.held = ask.held;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const BuryEvents& ask, WorkingSet& desk, Timestamp now) {
  const SinkCursor* const cursor = desk.sink(ask.sink);
  for (const DeadLetter& letter : ask.letters) (void)desk.dead_letter(ask.sink, letter.position);
  if (desk.incomplete()) return Rule::none;
  if (!cursor || cursor->node != ask.node) return Rule::lease;
  for (DeadLetter letter : ask.letters) {
    if (desk.dead_letter(ask.sink, letter.position)) continue;  // asked before
    letter.sink = ask.sink;
    letter.at = now;
    desk.create(std::move(letter));
  }
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const ForgetLetter& ask, WorkingSet& desk, Timestamp) {
  const DeadLetter* const letter = desk.dead_letter(ask.sink, ask.position);
  if (!desk.incomplete() && letter) desk.remove(*letter);
  return Rule::none;
}

}  // namespace kefu::inline v0::core
