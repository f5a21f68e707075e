// AuditLog: what one node keeps of the events that come to it (promise 12): the chain that
// audit::FolderSink writes, on a disk in memory, and the heads that are anchored elsewhere. It
// outlives its node.
#pragma once

#include <cstdint>
#include <kefu/audit/chain.hpp>
#include <kefu/audit/verifier.hpp>
#include <kefu/model/event.hpp>
#include <kefu/testing/random.hpp>
#include <set>
#include <string>
#include <vector>

#include "audit/recent_events.hpp"
#include "world.hpp"

namespace kefu::sim {

class AuditLog {
 public:
  AuditLog(std::string writer, std::uint64_t seed, Mutant mutant);

  /// The node starts, and goes on behind the last whole line.
  void open();
  /// Writes what it has not written yet, and anchors the head. False: it has not noted that it did,
  /// so the same events come again.
  [[nodiscard]] bool take(const EventBatch& batch);
  /// The node dies, perhaps in the midst of a line.
  void die();

  /// Throws a Violation unless it verifies as it is, and does not when it was tampered with.
  void check();
  /// The positions of all events that stand in it.
  [[nodiscard]] std::set<std::uint64_t> told() const;

 private:
  using Lines = std::vector<std::string>;

  [[nodiscard]] Lines lines() const;
  [[nodiscard]] audit::Report verify(const Lines& lines) const;

  const std::string writer_;
  const Mutant mutant_;
  testing::Random random_;
  std::string disk_;
  std::vector<audit::Head> anchors_;
  audit::Chain chain_;
  audit::RecentEvents recent_;
};

}  // namespace kefu::sim
