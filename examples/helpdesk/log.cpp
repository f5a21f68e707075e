#include "log.hpp"

#include <simdjson.h>
#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>
#include <kefu/model/time.hpp>
#include <kefu/wire/json_writer.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace helpdesk {
namespace {

/// What a client sent may be in it, and need be no text.
std::string as_text(std::string_view bytes) {
  std::string out(bytes);
  if (simdjson::validate_utf8(out.data(), out.size())) return out;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return out;
}

std::string_view name_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warning";
    default:
      return "error";
  }
}

class JsonLines final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto since =
        std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
    const std::string_view from(message.logger_name.data(), message.logger_name.size());
    std::string line;
    {
      kefu::wire::JsonWriter out(line);
      out.raw("{\"time\":");
      out.time(kefu::Timestamp{since.count()});
      out.raw(",\"level\":");
      out.text(name_of(message.level));
      out.raw(",\"from\":");
      out.text(from.empty() ? "helpdesk" : from);
      out.raw(",\"message\":");
      out.text(as_text({message.payload.data(), message.payload.size()}));
      out.raw("}\n");
    }
    to.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLines>();
  }
};

}  // namespace

void set_log(const std::string& level, const std::string& format) {
  if (format == "json") {
    spdlog::set_formatter(std::make_unique<JsonLines>());
  } else {
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  }
  spdlog::set_level(spdlog::level::from_str(level));
}

Log::Log() : to_(spdlog::default_logger()->clone("kefu")) {}

void Log::log(kefu::LogLevel level, std::string_view message) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  to_->log(kLevels[static_cast<std::size_t>(level)], "{}", message);
}

}  // namespace helpdesk
