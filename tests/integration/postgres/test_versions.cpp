// Mixed versions: while nodes are upgraded one by one, those of this version go on over the next
// schema, which a migration has only added to.
#include <kefu/postgres/store.hpp>

#include <doctest/doctest.h>

#include <string>
#include <system_error>

#include "cluster.hpp"
#include "factory.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// What the migration of a next version may do, done to every table.
void upgrade(Cluster& cluster, const std::string& schema) {
  cluster.execute(
      "DO $$ DECLARE one text; BEGIN "
      "FOR one IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = "
      "'" +
      schema +
      "' LOOP "
      "EXECUTE 'ALTER TABLE ' || one || ' ADD COLUMN next text NOT NULL DEFAULT ''none'''; "
      "EXECUTE 'CREATE INDEX ON ' || one || '(next)'; "
      "END LOOP; END $$");
  cluster.execute("CREATE TABLE " + schema + ".of_the_next(id bigint PRIMARY KEY)");
  cluster.execute("UPDATE " + schema + ".meta SET version = version + 1");
}

/// Its stores run on an upgraded schema.
class UpgradedFactory final : public PostgresFactory {
 public:
  explicit UpgradedFactory(Cluster& cluster)
      : PostgresFactory(cluster, cluster.conninfo(), {}, 1), cluster_(cluster) {}

  std::unique_ptr<kefu::Store> open() override {
    PostgresFactory::open();
    upgrade(cluster_, "kefu_" + std::to_string(++opened_));
    return reopen();
  }

 private:
  Cluster& cluster_;
  int opened_ = 0;
};

TEST_CASE("postgres versions: a node runs on the next schema") {
  Cluster cluster;
  UpgradedFactory factory(cluster);
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

TEST_CASE("postgres versions: a schema that is too new is refused") {
  Cluster cluster;
  const postgres::Options options;
  { const postgres::Store first(cluster.conninfo(), options); }
  cluster.execute("UPDATE " + options.schema + ".meta SET version = version + 2");
  try {
    const postgres::Store late(cluster.conninfo(), options);
    FAIL("it was opened");
  } catch (const std::system_error& error) {
    CHECK_EQ(error.code(), errc::store_version);
    CHECK_NE(std::string(error.what()).find("the tables are of version 3"), std::string::npos);
  }
}

}  // namespace
