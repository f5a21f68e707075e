// Retention: takes what is personal out of conversations and tickets that have been over for long
// enough, one after the other and page by page. What to do is in core/retention.hpp; it all comes
// again with the next sweep unless it was done.
#pragma once

#include <kefu/core/retention.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <vector>

namespace kefu::inline v0::hub {

class Shard;

class Retention {
 public:
  explicit Retention(Shard& shard) : shard_(shard) {}

  /// Those that a sweep has found; while earlier ones are at work nothing is taken.
  void take(std::vector<core::Retained> found);

 private:
  struct Job;
  using JobPtr = std::shared_ptr<Job>;

  void begin(const JobPtr& job);
  void read(const JobPtr& job);
  void forget_files(const JobPtr& job);
  void redact(const JobPtr& job);
  void go_on(const JobPtr& job);
  void end(const JobPtr& job, std::optional<Timestamp> again);

  Shard& shard_;
  std::weak_ptr<Job> job_;  // ends with the last of its completions, also where one gets lost
};

}  // namespace kefu::inline v0::hub
