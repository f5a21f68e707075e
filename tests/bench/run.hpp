// The three measurements, and what other generators need.
#pragma once

#include "engine.hpp"
#include "load.hpp"
#include "report.hpp"
#include "target.hpp"

namespace bench {

/// The engine, the load and the target of one run, joined.
class Run final : public Engine::Handler {
 public:
  explicit Run(const Options& options);

  /// Throws std::runtime_error when the measurement could not be made.
  Report relay();
  Report idle();
  Report reconnect();
  /// Makes the conversations, and the tokens of those who take part in them.
  Report prepare();

  /// Nothing was lost, doubled, reordered, misrouted or promised and not kept.
  [[nodiscard]] bool good() const;
  [[nodiscard]] std::string what_was_wrong() const;

 private:
  std::uint32_t node_of(const Link& link) override { return load_.node_of(link); }
  std::string request_target(const Link& link) override { return target_->request_target(link); }
  void on_open(Link& link) override { target_->on_open(link); }
  void on_text(Link& link, std::string_view text) override { target_->on_text(link, text); }
  void before_flush(Link& link) override;

  double open_all();
  void open_closed_links();
  void need_all_ready();
  void closed_loop(std::uint64_t until);
  void open_loop(std::uint64_t until, std::uint64_t start);
  void drain();
  void message_each(std::uint32_t count);
  void put_faults(Report& report) const;

  const Options& options_;
  Load load_;
  Engine engine_;
  std::unique_ptr<Target> target_;
  Histogram lag_;        // of the generator behind its own schedule
  Usage begun_, ended_;  // the measured time
};

}  // namespace bench
