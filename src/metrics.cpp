#include <kefu/metrics.hpp>

#include <fmt/format.h>

#include <iterator>

namespace kefu::inline v0 {
namespace {

void write_head(std::string_view name, std::string_view type, std::string_view help,
                std::string& out) {
  fmt::format_to(std::back_inserter(out), "# HELP kefu_{} {}\n# TYPE kefu_{} {}\n", name, help,
                 name, type);
}

template <class Number>
void write_value(std::string_view name, std::string_view labels, Number value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "kefu_{}{} {}\n", name, labels, value);
}

void write_counter(std::string_view name, std::string_view help, std::uint64_t value,
                   std::string& out) {
  write_head(name, "counter", help, out);
  write_value(name, {}, value, out);
}

/// Of a histogram whose values are so many to the unit that its name says.
void write_histogram(std::string_view name, std::string_view help, const Histogram& histogram,
                     double to_the_unit, std::string& out) {
  const std::string base{name};
  write_head(name, "histogram", help, out);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    below += histogram.counts[i];
    const std::string bound =
        i < Histogram::kBounds.size()
            ? fmt::format("{}", static_cast<double>(Histogram::kBounds[i]) / to_the_unit)
            : "+Inf";
    write_value(base + "_bucket", "{le=\"" + bound + "\"}", below, out);
  }
  write_value(base + "_sum", {}, static_cast<double>(histogram.sum) / to_the_unit, out);
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

void write_prometheus(std::string_view name, std::string_view help, std::uint64_t value,
                      std::string& out) {
  write_head(name, "gauge", help, out);
  write_value(name, {}, value, out);
}

void write_prometheus(const HubStats& stats, std::string& out) {
  constexpr double kTenthsOfMs = 10'000;  // to a second
  constexpr double kMs = 1000;
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    write_prometheus(name, help, value, out);
  };
  gauge("connections", "Connections to the hub, greeted or not.", stats.connections);
  gauge("sessions", "Sessions that are attached.", stats.sessions);
  gauge("conversations", "Conversations with a reader.", stats.conversations);
  gauge("pending_drafts", "Drafts without an outcome.", stats.pending_drafts);
  gauge("pending_bytes", "Bytes of the bodies of drafts without an outcome.", stats.pending_bytes);
  write_counter("frames_total", "Frames from clients.", stats.frames, out);
  write_counter("entries_appended_total", "Entries stored for sends.", stats.appended, out);
  write_counter("sends_repeated_total", "Retries that got their original outcome.", stats.repeated,
                out);
  write_counter("entries_delivered_total", "Entries handed to connections.", stats.delivered, out);
  write_head("refusals_total", "counter", "Error frames to clients, by code.", out);
  for (std::size_t i = 0; i < stats.refused.size(); ++i) {
    if (stats.refused[i] == 0) continue;
    const std::string code{name(static_cast<errc>(i))};
    write_value("refusals_total", "{code=\"" + code + "\"}", stats.refused[i], out);
  }
  write_histogram("append_batch_drafts", "Drafts in an append to the store.", stats.batch_drafts, 1,
                  out);
  write_histogram("append_seconds", "How long an append to the store took.", stats.append_time,
                  kTenthsOfMs, out);
  write_histogram("round_trip_seconds",
                  "Round trips of the connections now, or of a sample of them.", stats.round_trip,
                  kMs, out);
  gauge("retransmitted_segments", "Segments that those connections had to send again.",
        stats.retransmits);
  gauge("unmended", "Work lost for want of memory, whose clients are not yet told.",
        stats.unmended);
}

}  // namespace kefu::inline v0
