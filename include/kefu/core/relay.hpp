// Relay: the decisions about who serves a sink, and how far it has got (see offer.hpp for what
// decisions are). One node at a time delivers, under a lease; what it did not live to note is
// delivered again by the next (promise 13).
#pragma once

#include <kefu/core/working_set.hpp>
#include <kefu/model/sink.hpp>
#include <string>

namespace kefu::core {

/// This node delivers from now on, or still does. Refused with `lease` while another one does.
struct HoldSink {
  std::string sink;
  std::string node;
  Nanoseconds lease{0};
};
/// Everything up to `position` was delivered. Refused with `lease` when another node has taken
/// over.
struct AdvanceSink {
  std::string sink;
  std::string node;
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
  if (cursor->position < ask.position) desk.edit(*cursor).position = ask.position;
  return Rule::none;
}

}  // namespace kefu::core
