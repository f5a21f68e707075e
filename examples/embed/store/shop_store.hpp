// ShopStore: kefu on the database that a shop has had for years.
//
// The shop keeps every word it changes with a customer in its table `message`: mails, notes of
// calls, and now chats. kefu's logs live there too, so the shop's own reports and searches see
// them; what else kefu needs is in four new tables beside it.
#pragma once

#include <kefu/clock.hpp>
#include <kefu/limits.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>

namespace shop {

/// Threading: as the port says; one call at a time is inside, and completions come inside the
/// calls. Errors: the constructor throws std::runtime_error when the file is not the shop's.
class ShopStore final : public kefu::Store {
 public:
  /// Adds what is missing to the shop's tables. `clock` outlives the store.
  ShopStore(const std::string& path, const kefu::Clock& clock, kefu::limits bounds = {});
  ~ShopStore() override;

  void attach(kefu::AttachRequest request, kefu::Completion<kefu::AttachOutcome> done) override;
  void renew(std::vector<kefu::SessionLease> leases,
             kefu::Completion<kefu::result<std::vector<kefu::errc>>> done) override;
  void expire(kefu::Nanoseconds idle, std::size_t limit,
              kefu::Completion<kefu::result<std::vector<kefu::SessionId>>> done) override;
  void append(std::unique_ptr<kefu::AppendBatch> batch,
              kefu::Completion<std::unique_ptr<kefu::AppendBatch>> done) override;
  void read(kefu::ReadRequest request, kefu::Completion<kefu::result<kefu::Page>> done) override;
  void commit(kefu::Commit commit, kefu::Completion<kefu::result<kefu::Committed>> done) override;
  void get(kefu::RecordKey key,
           kefu::Completion<kefu::result<std::optional<kefu::Record>>> done) override;
  void scan(kefu::ScanRequest request,
            kefu::Completion<kefu::result<kefu::ScanPage>> done) override;
  void events(std::uint64_t after, std::size_t limit,
              kefu::Completion<kefu::result<std::vector<kefu::Event>>> done) override;
  void erase(std::string participant, kefu::Completion<kefu::result<std::uint64_t>> done) override;
  [[nodiscard]] kefu::Timestamp now() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shop
