// Logger: where a host takes kefu's own messages. kefu logs what an operator can act on, never the
// content of messages.
#pragma once

#include <cstdint>
#include <string_view>

namespace kefu::inline v0 {

/// How much it matters.
enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Threading: called from any thread, concurrently. Must not block for long nor throw.
class Logger {
 public:
  virtual ~Logger() = default;
  /// A line without an end. Any thread; valid during the call.
  virtual void log(LogLevel level, std::string_view message) = 0;
};

}  // namespace kefu::inline v0
