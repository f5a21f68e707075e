// memory::Store: everything in this process's memory, for tests, simulations and trials. Nothing
// survives the process; within it, every promise of the port holds.
#pragma once

#include <kefu/clock.hpp>
#include <kefu/limits.hpp>
#include <kefu/store.hpp>
#include <memory>

namespace kefu::inline v0::memory {

/// Threading: as the port says. Completions are called inside the calls.
class Store final : public kefu::Store {
 public:
  /// `clock` must outlive the store; its steps back are hidden from now().
  explicit Store(const Clock& clock, limits bounds = {});
  ~Store() override;

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
  [[nodiscard]] Timestamp now() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::memory
