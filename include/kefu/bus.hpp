// Bus: the port between nodes. What it carries is a hint: it may be lost, delayed, repeated or
// reordered, and nothing is wrong afterwards, because readers repair themselves from the Store.
// What arrives is whole. It carries messages (limits::hint_entry), so only nodes may listen and
// publish there. kefu::testing has the conformance suite that judges an implementation.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// Threading: all calls from any thread; handlers are called from any thread, one at a time for a
/// subscription.
class Bus {
 public:
  /// Called for each message of a topic. Both texts are valid during the call.
  using Handler = void (*)(void* context, std::string_view topic, std::string_view bytes);

  /// Ends when destroyed; after the destructor returned the handler is not running and won't be
  /// called again.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };

  virtual ~Bus() = default;

  /// Never blocks, never fails: what can't be sent soon is dropped. Publishers do not hear
  /// themselves.
  virtual void publish(std::string_view topic, std::string_view bytes) = 0;

  /// `topic` is exact. `context` must outlive the subscription.
  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(std::string topic, Handler handler,
                                                                void* context) = 0;
};

}  // namespace kefu::inline v0
