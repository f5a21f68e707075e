// Stores that break one promise each. The checker must find every one of them.
#pragma once

#include <functional>
#include <kefu/bus.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "checker.hpp"

namespace kefu::sim {

/// Completes what is not durable yet: a crash takes the last of it away.
class LosingStore final : public Store {
 public:
  explicit LosingStore(const Clock& clock, limits bounds);

  /// Everything of the last `lag` is gone.
  void lose(Nanoseconds lag);

  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) override;
  void expire(Nanoseconds idle, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
  void read(ReadRequest request, Completion<result<Page>> done) override;
  void commit(Commit commit, Completion<result<Committed>> done) override;
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override;
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override;
  [[nodiscard]] Timestamp now() const override { return clock_.now(); }

 private:
  struct Write {
    Timestamp at;
    std::function<void(Store&)> again;
  };
  Store& write(std::function<void(Store&)> again);

  const Clock& clock_;
  const limits bounds_;
  testing::ManualClock replay_clock_;
  std::unique_ptr<memory::Store> store_;
  std::vector<Write> writes_;
};

/// Appends a retry once more.
class RepeatingStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
};

/// Takes every connection for the current one.
class UnfencedStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;

 private:
  std::unordered_map<SessionId, std::uint64_t> epochs_;
};

/// Asks a HyperLogLog of 2^14 registers, as Redis has it, whether a send is new. Those that it
/// takes for seen are acknowledged and dropped.
class HyperLogLogStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;

 private:
  bool add(const Draft& draft);

  std::vector<std::uint8_t> registers_ = std::vector<std::uint8_t>(1u << 14);
};

/// One node's way to an UnfencedStore: fences by the connections of this node alone.
class LocallyFencedStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;

 private:
  std::unordered_map<SessionId, std::uint64_t> epochs_;
};

/// Makes a session that has expired once more, under the same id.
class ForgetfulStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
};

/// One node's way to the store, by which a reader gets what the last hint names in place of what
/// comes next.
class HintTrustingStore final : public StoreWrapper {
 public:
  /// `bus` as the node has it; null: nothing is hinted.
  HintTrustingStore(Store& inner, Bus* bus);
  void read(ReadRequest request, Completion<result<Page>> done) override;

 private:
  static void hear(void* self, std::string_view topic, std::string_view bytes);

  std::map<LogKey, std::uint64_t> named_;
  std::unique_ptr<Bus::Subscription> hints_;
};

/// Keeps a log in the order of what clients call its messages.
class IdOrderedStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void read(ReadRequest request, Completion<result<Page>> done) override;
};

/// As if drafts under judgement were stored as soon as they are decided: changes the places of two
/// that are released together.
class UnorderedStore final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
};

/// As if verdicts that come too late were carried out all the same.
class LateVerdictStore final : public StoreWrapper {
 public:
  LateVerdictStore(Store& inner, const Court& court) : StoreWrapper(inner), court_(court) {}
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;

 private:
  const Court& court_;
};

/// No mutant: sees what a node asks and is answered, and checks that an older connection stores
/// nothing once a newer one is attached.
class WatchedStore final : public StoreWrapper {
 public:
  WatchedStore(Store& inner, Checker& checker) : StoreWrapper(inner), checker_(checker) {}
  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;

 private:
  Checker& checker_;
};

}  // namespace kefu::sim
