// FaultStore: a Store in front of another, that is slow and unreliable in every way in which the
// port (store.hpp) allows a Store to be: late, failing before or after the effect, frozen, or gone
// with its process between a commit and its completion. What it never does is break the port's
// order: what is written for one conversation is applied and completed in the order of submission.
#pragma once

#include <kefu/executor.hpp>
#include <kefu/store.hpp>
#include <kefu/testing/random.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0::testing {

/// How often which fault comes.
struct StoreFaults {
  Nanoseconds delay_min{0};  ///< from a call to its effect, and again to its completion …
  Nanoseconds delay_max{0};  ///< … drawn anew for each
  double fail_before = 0;  ///< the chance of `unavailable` or (writes) `store_full`, without effect
  double fail_after = 0;   ///< the chance of `timed_out` for a write, with its effect
};

/// Threading: everything from the thread that drives the executors. Completions come on `loop`,
/// never inside a call. Lifetimes: `inner` and `loop` outlive it. Destroying it is a crash()
/// without what that may still let happen: no completion is called.
class FaultStore final : public StoreWrapper {
 public:
  FaultStore(Store& inner, Executor& loop, std::uint64_t seed, StoreFaults with = {});
  ~FaultStore() override;

  StoreFaults faults;  ///< may be changed at any time; holds for later calls

  /// Until thaw() nothing that has not happened yet does.
  void freeze();
  /// Ends a freeze.
  void thaw();

  /// The process dies: a part of what is under way still happens, and nobody is told of any of it.
  void crash();

  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) override;
  void expire(Nanoseconds idle, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
  void read(ReadRequest request, Completion<result<Page>> done) override;
  void tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) override;
  void commit(Commit commit, Completion<result<Committed>> done) override;
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override;
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with what is under way
};

}  // namespace kefu::inline v0::testing
