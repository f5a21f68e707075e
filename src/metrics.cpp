#include <kefu/metrics.hpp>

namespace kefu {
namespace {

void write_type(std::string_view name, std::string_view type, std::string& out) {
  out.append("# TYPE kefu_").append(name).append(" ").append(type).append("\n");
}

void write_value(std::string_view name, std::string_view labels, std::uint64_t value,
                 std::string& out) {
  out.append("kefu_").append(name).append(labels).append(" ");
  out.append(std::to_string(value)).append("\n");
}

void write_counter(std::string_view name, std::uint64_t value, std::string& out) {
  write_type(name, "counter", out);
  write_value(name, {}, value, out);
}

void write_histogram(std::string_view name, const Histogram& histogram, std::string& out) {
  const std::string base{name};
  write_type(name, "histogram", out);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    below += histogram.counts[i];
    const std::string bound =
        i < Histogram::kBounds.size() ? std::to_string(Histogram::kBounds[i]) : "+Inf";
    write_value(base + "_bucket", "{le=\"" + bound + "\"}", below, out);
  }
  write_value(base + "_sum", {}, histogram.sum, out);
  write_value(base + "_count", {}, below, out);
}

}  // namespace

Histogram& Histogram::operator+=(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  return *this;
}

HubStats& HubStats::operator+=(const HubStats& other) noexcept {
  connections += other.connections;
  sessions += other.sessions;
  conversations += other.conversations;
  appended += other.appended;
  repeated += other.repeated;
  delivered += other.delivered;
  pending_drafts += other.pending_drafts;
  pending_bytes += other.pending_bytes;
  frames += other.frames;
  for (std::size_t i = 0; i < refused.size(); ++i) refused[i] += other.refused[i];
  batch_drafts += other.batch_drafts;
  append_time += other.append_time;
  round_trip += other.round_trip;
  retransmits += other.retransmits;
  unmended += other.unmended;
  return *this;
}

void write_prometheus(std::string_view name, std::uint64_t value, std::string& out) {
  write_type(name, "gauge", out);
  write_value(name, {}, value, out);
}

void write_prometheus(const HubStats& stats, std::string& out) {
  write_prometheus("connections", stats.connections, out);
  write_prometheus("sessions", stats.sessions, out);
  write_prometheus("conversations", stats.conversations, out);
  write_prometheus("pending_drafts", stats.pending_drafts, out);
  write_prometheus("pending_bytes", stats.pending_bytes, out);
  write_counter("frames_total", stats.frames, out);
  write_counter("entries_appended_total", stats.appended, out);
  write_counter("sends_repeated_total", stats.repeated, out);
  write_counter("entries_delivered_total", stats.delivered, out);
  write_type("refusals_total", "counter", out);
  for (std::size_t i = 0; i < stats.refused.size(); ++i) {
    if (stats.refused[i] == 0) continue;
    const std::string code{name(static_cast<errc>(i))};
    write_value("refusals_total", "{code=\"" + code + "\"}", stats.refused[i], out);
  }
  write_histogram("append_batch_drafts", stats.batch_drafts, out);
  write_histogram("append_tenths_of_ms", stats.append_time, out);
  write_histogram("round_trip_ms", stats.round_trip, out);
  write_prometheus("retransmits", stats.retransmits, out);
  write_prometheus("unmended", stats.unmended, out);
}

}  // namespace kefu
