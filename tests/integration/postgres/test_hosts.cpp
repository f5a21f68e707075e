// A conninfo that names several hosts, of which the first says nothing: no connection is refused
// there, none ends, and the next host is tried in bounded time. Both lead to the same server.
#include <kefu/postgres/store.hpp>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <system_error>

#include "cluster.hpp"
#include "integration/wire.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

postgres::Options few_connections() {
  postgres::Options options;
  options.writers = options.readers = 1;
  return options;
}

/// As the documents say.
milliseconds patience_of(const postgres::Options& options) {
  return std::chrono::duration_cast<milliseconds>(options.timeout / 2);
}

/// How long a call took.
template <class Call>
milliseconds time_of(Call call) {
  const auto begin = steady_clock::now();
  call();
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

/// Takes connections, and says nothing.
class Mute {
 public:
  explicit Mute(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/.s.PGSQL.5432";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    REQUIRE_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
               0);
    REQUIRE_EQ(::listen(socket_.get(), 100), 0);
  }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  Descriptor socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

TEST_CASE("postgres store: a host that takes connections and says nothing is passed over") {
  Cluster cluster;
  const Mute mute(cluster.folder() + "/mute");
  postgres::Options options = few_connections();
  options.timeout = std::chrono::seconds(30);
  const std::string conninfo =
      Cluster::conninfo(mute.folder() + "," + cluster.folder()) + " connect_timeout=2";
  std::optional<postgres::Store> store;
  const milliseconds opening = time_of([&] { store.emplace(conninfo, options); });
  CHECK_GE(opening, milliseconds(1'000));
  attach(*store, session(0), 1, true);
  CHECK_EQ(append(*store, {draft(0, 1, 1)}).front().code, errc::ok);

  // Both hosts are tried in turn, and the silent one does not keep the store.
  cluster.kill();
  auto under_way =
      std::async(std::launch::async, [&] { return append(*store, {draft(0, 1, 2)}).front(); });
  CHECK_EQ(under_way.wait_for(milliseconds(500)), std::future_status::timeout);
  cluster.start();
  CHECK_EQ(under_way.get().code, errc::ok);
  CHECK_EQ(read(*store, conversation(1)).tail, 2);
  MESSAGE("connect_timeout 2 s; opened behind a mute host after ", opening.count(), " ms");
}

/// As a standby is, until it is promoted.
void take_no_writes(Cluster& cluster) {
  cluster.execute("ALTER SYSTEM SET default_transaction_read_only = on");
  cluster.execute("SELECT pg_reload_conf()");
  const auto end = steady_clock::now() + std::chrono::seconds(30);
  while (cluster.execute("SHOW default_transaction_read_only") != "on")
    REQUIRE_LT(steady_clock::now(), end);
}

TEST_CASE("postgres store: a host that takes no writes is passed over") {
  Cluster standby, server;
  take_no_writes(standby);
  postgres::Store store(Cluster::conninfo(standby.folder() + "," + server.folder()),
                        few_connections());
  attach(store, session(0), 1, true);
  CHECK_EQ(append(store, {draft(0, 1, 1)}).front().code, errc::ok);
  CHECK_EQ(server.execute("SELECT count(*) FROM kefu.entry"), "1");
  CHECK_THROWS_AS(postgres::Store(standby.conninfo(), few_connections()), std::system_error);
}

/// The server, at the near end and at a socket in the file system; the store is at the far end.
struct Apart {
  explicit Apart(Wire& with) : wire(with) { wire.go_to_far_end(); }

  Wire& wire;
  Cluster cluster{Wire::kNear};
  postgres::Options options = few_connections();
  std::string conninfo = Cluster::conninfo(std::string(Wire::kNear) + "," + cluster.folder());
};

TEST_CASE("postgres store: of two hosts the first of which drops everything the second serves") {
  with_wire([](Wire& wire) {
    Apart apart(wire);
    wire.drop();
    std::optional<postgres::Store> store;
    const milliseconds opening = time_of([&] { store.emplace(apart.conninfo, apart.options); });
    CHECK_LT(opening, patience_of(apart.options) + std::chrono::seconds(30));
    attach(*store, session(0), 1, true);
    CHECK_EQ(append(*store, {draft(0, 1, 1)}).front().code, errc::ok);
    MESSAGE("opened after ", opening.count(), " ms");
  });
}

TEST_CASE("postgres store: a host that falls silent while it serves is followed by the next") {
  with_wire([](Wire& wire) {
    Apart apart(wire);
    apart.options.timeout = std::chrono::seconds(30);  // with the default it takes 6 of 10 s
    postgres::Store store(apart.conninfo, apart.options);
    attach(store, session(0), 1, true);
    CHECK_EQ(append(store, {draft(0, 1, 1)}).front().code, errc::ok);
    CHECK_NE(apart.cluster.execute(
                 "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL"),
             "0");
    wire.drop();
    const milliseconds writing =
        time_of([&] { CHECK_EQ(append(store, {draft(0, 1, 2)}).front().code, errc::ok); });
    const milliseconds reading = time_of([&] { CHECK_EQ(read(store, conversation(1)).tail, 2); });
    MESSAGE("the first write was done after ", writing.count(), " ms, a read after another ",
            reading.count(), " ms");
  });
}

}  // namespace
