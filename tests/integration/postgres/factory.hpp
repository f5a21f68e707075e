// Stores for the conformance suite: each in a schema of its own.
#pragma once

#include <cstdlib>
#include <kefu/postgres/store.hpp>
#include <kefu/testing/store_conformance.hpp>
#include <memory>
#include <string>
#include <utility>

#include "cluster.hpp"

namespace kefu::test {

class PostgresFactory : public kefu::testing::StoreFactory {
 public:
  /// `conninfo` leads to the cluster, maybe not directly.
  PostgresFactory(Cluster& cluster, std::string conninfo, postgres::Options options,
                  std::uint64_t seed)
      : cluster_(cluster), conninfo_(std::move(conninfo)), options_(options), seed_(seed) {}

  std::unique_ptr<kefu::Store> open() override {
    if (opened_ != 0) {
      cluster_.end_sessions();
      cluster_.execute("DROP SCHEMA IF EXISTS " + options_.schema + " CASCADE");
    }
    options_.schema = "kefu_" + std::to_string(++opened_);
    return reopen();
  }
  /// With a restart before each step of each check only where there is time: it takes a minute, and
  /// a store keeps nothing here that it would lose.
  [[nodiscard]] bool durable() const override { return std::getenv("KEFU_SOAK") != nullptr; }
  std::unique_ptr<kefu::Store> reopen() override {
    return std::make_unique<postgres::Store>(conninfo_, options_);
  }
  /// The server's clock can't be moved: what it has shown is.
  bool advance(Nanoseconds by) override {
    cluster_.execute("UPDATE " + options_.schema + ".session SET seen = seen - " +
                     std::to_string(by.count()));
    return true;
  }
  [[nodiscard]] std::uint64_t seed() const override { return seed_; }

 private:
  Cluster& cluster_;
  std::string conninfo_;
  postgres::Options options_;
  std::uint64_t seed_;
  int opened_ = 0;
};

}  // namespace kefu::test
