// What helpdesk and kefu tell operators, as lines of text or of JSON.
#pragma once

#include <spdlog/logger.h>
#include <kefu/logger.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace helpdesk {

/// From now on everything that spdlog logs comes so: "text", or "json" for one object a line,
///
///   {"time":"2026-11-28T09:00:00.123456789Z","level":"info","from":"kefu","message":"…"}
///
/// `level` is debug, info, warning or error. Neither tokens, secrets nor messages are logged.
void set_log(const std::string& level, const std::string& format);

/// Takes kefu's own, which come `from` kefu. Threading: any.
class Log final : public kefu::Logger {
 public:
  /// After set_log().
  Log();
  void log(kefu::LogLevel level, std::string_view message) override;

 private:
  const std::shared_ptr<spdlog::logger> to_;
};

}  // namespace helpdesk
