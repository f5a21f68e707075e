// EventSink: gets everything that becomes an entry of any log: messages, assignments, the ends of
// conversations, tickets, SLA warnings. The logs are the outbox, so nothing that was stored is
// missing, whatever died in between (promise 13).
//
//   hub.deliver("billing", std::make_unique<MySink>());
//
// Threading: deliver() is called on one of the Hub's executors, one call at a time; it must not
// block. `done` may be called from any thread. Ownership: the Hub's; it is destroyed with it.
// Order: that of commits, and so each conversation's own. At least once: what was delivered and
// could not be noted comes again, here or on another node.
// Failure: any code but errc::ok, and the same events are tried again, later each time; what
// follows waits. A sink that does not want an event answers errc::ok.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/store.hpp>
#include <vector>

namespace kefu {

class EventSink {
 public:
  virtual ~EventSink() = default;

  /// `events` are valid until `done` is called.
  virtual void deliver(const std::vector<Event>& events, Completion<errc> done) = 0;
};

}  // namespace kefu
