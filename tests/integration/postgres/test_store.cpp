#include <kefu/postgres/store.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <system_error>

#include "cluster.hpp"
#include "factory.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

void run_all(PostgresFactory& factory) {
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

TEST_CASE("postgres store: conformance") {
  Cluster cluster;
  PostgresFactory factory(cluster, cluster.conninfo(), {}, 1);
  run_all(factory);
}

}  // namespace
