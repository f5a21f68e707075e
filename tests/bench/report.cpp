#include "report.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {

void Report::text(std::string_view name, std::string_view value) {
  // Only words of our own come here: nothing to escape.
  lines_.emplace_back(name, '"' + std::string(value) + '"');
}

void Report::count(std::string_view name, std::uint64_t value) {
  lines_.emplace_back(name, std::to_string(value));
}

void Report::number(std::string_view name, double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  lines_.emplace_back(name, buffer);
}

void Report::latency(std::string_view prefix, const Histogram& histogram) {
  const auto put = [&](const char* name, double q) {
    number(std::string(prefix) + name, static_cast<double>(histogram.quantile(q)) / 1e3, 1);
  };
  put("p50_us", 0.5);
  put("p99_us", 0.99);
  put("p999_us", 0.999);
  put("max_us", 1);
}

void Report::shares(const Usage& from, const Usage& to) {
  const double seconds = static_cast<double>(to.at_ns - from.at_ns) / 1e9;
  const double server = to.server() - from.server();
  const double self = to.self - from.self;
  const double other = to.machine - from.machine - server - self;
  number("server_cpu", server / seconds, 3);
  number("server_user_cpu", (to.server_user - from.server_user) / seconds, 3);
  number("gen_cpu", self / seconds, 3);
  number("other_cpu", std::max(0.0, other / seconds), 3);
  number("steal", (to.steal - from.steal) / seconds, 3);
}

std::string Report::table() const {
  std::size_t width = 0;
  for (const auto& [name, value] : lines_) width = std::max(width, name.size());
  std::string out;
  for (const auto& [name, value] : lines_) {
    out += name + std::string(width + 2 - name.size(), ' ') + value + '\n';
  }
  return out;
}

std::string Report::json() const {
  std::string out = "{";
  for (const auto& [name, value] : lines_) {
    if (out.size() > 1) out += ',';
    out += '"' + name + "\":" + value;
  }
  return out + '}';
}

}  // namespace bench
