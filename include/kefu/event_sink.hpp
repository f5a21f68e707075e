// EventSink: gets everything that becomes an entry of any log: messages, assignments, the ends of
// conversations, tickets, SLA warnings. The logs are the outbox, so nothing that was stored is
// missing, whatever died in between (promise 13).
//
//   hub.deliver("billing", std::make_unique<MySink>());
//
// Threading: deliver() is called on one of the Hub's executors; it must not block. `done` may be
// called from any thread. Ownership: the Hub's; it is destroyed with it.
// Order: that of commits, one call at a time; or, by conversation, each conversation's own, one
// call at a time for each. At least once: what was delivered and could not be noted comes again,
// here or on another node. Failure: any code but errc::ok, and the same events are tried again,
// later each time; what follows, in the same conversation or at all, waits. A sink that does not
// want an event answers errc::ok. Privacy: what was recalled, erased or has expired more than a
// second before a call comes empty, also where it is tried again or replayed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/model/event.hpp>
#include <kefu/model/time.hpp>

namespace kefu::inline v0 {

class EventSink {
 public:
  virtual ~EventSink() = default;

  /// `batch` is valid until `done` is called.
  virtual void deliver(const EventBatch& batch, Completion<errc> done) = 0;
};

/// How events come to a sink.
struct SinkOptions {
  bool by_conversation = false;  ///< a conversation that fails holds back only itself
  std::size_t batch = 0;         ///< events in a call at most; 0: limits::sink_batch
  std::size_t parallel = 1;      ///< calls under way, where it goes by conversation
  /// What has failed so often, or for so long (counted anew when another node takes over), becomes
  /// a dead letter: it is stored, and what follows it is delivered, marked. 0: it never is.
  std::uint32_t attempts = 0;
  Nanoseconds age{0};
};

/// What a replay of dead letters has come to.
struct Replayed {
  std::uint64_t delivered = 0;
  std::uint64_t kept = 0;  ///< failed again, or stand behind one of their conversation that did
};

}  // namespace kefu::inline v0
