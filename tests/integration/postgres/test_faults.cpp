// Connections that are cut at every step of every call: nothing that was answered is lost, nothing
// is done twice, and the caller notices nothing but time.
#include <kefu/postgres/store.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <vector>

#include "cluster.hpp"
#include "factory.hpp"
#include "proxy.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

postgres::Options few_connections() {
  postgres::Options options;
  options.writers = options.readers = 1;
  options.timeout = std::chrono::seconds(30);
  return options;
}

class Faults {
 public:
  Faults()
      : proxy_(cluster_.folder() + "/proxy", cluster_.folder()),
        store_(Cluster::conninfo(cluster_.folder() + "/proxy"), few_connections()) {
    // Each connection is up before the first cut.
    attach(store_, session(0), 1, true);
    read(store_, conversation(0));
    CHECK_EQ(*ask<result<std::uint64_t>>([&](auto done) { store_.erase("", std::move(done)); }), 0);
  }

  /// Makes a call again and again, and cuts the connection one message later each time, until the
  /// call is over before the cut. `call` gets the number of the attempt, from 0.
  void cut_everywhere(const std::function<void(std::uint64_t)>& call) {
    std::uint64_t n = 0;
    bool cut = true;
    for (; cut && n < 1'000; ++n) {
      proxy_.cut_at(n + 1);
      call(n);
      cut = proxy_.was_cut();
    }
    CHECK_GT(n, 4);
    CHECK_LT(n, 1'000);
    MESSAGE("cut at ", n - 1, " places");
  }

  [[nodiscard]] Store& store() { return store_; }

 private:
  Cluster cluster_;
  Proxy proxy_;
  postgres::Store store_;
};

result<Committed> commit(Store& store, Commit commit) {
  return ask<result<Committed>>(
      [&](auto done) { store.commit(std::move(commit), std::move(done)); });
}

Entry entry_of(std::uint64_t number) {
  Entry entry;
  entry.conversation = conversation(number);
  entry.kind = kind::kAssigned;
  return entry;
}

TEST_CASE("postgres store: an append is done once, wherever the connection is lost") {
  Faults faults;
  faults.cut_everywhere([&](std::uint64_t n) {
    const std::vector<Outcome> outcomes =
        append(faults.store(), {draft(0, 1, n + 1), draft(0, 2, n + 1)});
    for (const Outcome& outcome : outcomes) {
      CHECK_EQ(outcome.code, errc::ok);
      CHECK_FALSE(outcome.repeated);
      CHECK_EQ(outcome.seq, n + 1);
    }
    const Page page = read(faults.store(), conversation(1), n);
    CHECK_EQ(page.tail, n + 1);
    REQUIRE_EQ(page.entries.size(), 1);
    CHECK_EQ(page.entries.front().at, outcomes.front().at);
  });
}

TEST_CASE("postgres store: a refusal is stored once, wherever the connection is lost") {
  Faults faults;
  faults.cut_everywhere([&](std::uint64_t n) {
    Draft refused = draft(0, 1, n + 1);
    refused.refusal = errc::denied;
    const Outcome outcome = append(faults.store(), {refused}).front();
    CHECK_EQ(outcome.code, errc::denied);
    CHECK_FALSE(outcome.repeated);
  });
}

TEST_CASE("postgres store: a commit is done once, wherever the connection is lost") {
  Faults faults;
  faults.cut_everywhere([&](std::uint64_t n) {
    Commit each;
    each.changes.push_back({{RecordKind::ticket, "a"}, n, std::to_string(n), {{"by", "x"}}});
    each.entries.push_back(entry_of(1));
    const result<Committed> committed = commit(faults.store(), std::move(each));
    REQUIRE(committed.has_value());
    CHECK_EQ((*committed).versions.at(0), n + 1);
    CHECK_EQ((*committed).entries.at(0).seq, n + 1);
  });
}

TEST_CASE("postgres store: sessions, wherever the connection is lost") {
  Faults faults;
  Store& store = faults.store();
  faults.cut_everywhere([&](std::uint64_t n) {
    const AttachOutcome outcome = attach(store, session(0), n + 2, false);
    CHECK_EQ(outcome.code, errc::ok);
    CHECK_EQ(outcome.epoch, n + 2);
  });
  faults.cut_everywhere(
      [&](std::uint64_t n) { CHECK_EQ(attach(store, session(n + 1), 1, true).code, errc::ok); });
  faults.cut_everywhere([&](std::uint64_t) {
    const auto codes = ask<result<std::vector<errc>>>([&](auto done) {
      store.renew({{session(1), 1}}, std::move(done));
    });
    CHECK((codes.has_value() && *codes == std::vector{errc::ok}));
  });
  const auto expire = [&](std::size_t limit) {
    return *ask<result<std::vector<SessionId>>>(
        [&](auto done) { store.expire(Nanoseconds{0}, limit, std::move(done)); });
  };
  while (!expire(100).empty()) {
  }
  faults.cut_everywhere([&](std::uint64_t n) {
    attach(store, session(500 + n), 1, true);
    CHECK_EQ(expire(10), std::vector{session(500 + n)});
  });
}

TEST_CASE("postgres store: an erasure empties each body once, wherever the connection is lost") {
  Faults faults;
  Store& store = faults.store();
  std::uint64_t cseq = 0;
  attach(store, session(1), 1, true, "bob");
  faults.cut_everywhere([&](std::uint64_t n) {
    attach(store, session(100 + n), 1, true, "eve");
    Draft hers = draft(1, 1, ++cseq);
    hers.from = "eve";
    REQUIRE_EQ(append(store, {hers}).front().code, errc::ok);
    const auto emptied =
        ask<result<std::uint64_t>>([&](auto done) { store.erase("eve", std::move(done)); });
    REQUIRE(emptied.has_value());
    CHECK_EQ(*emptied, 1);
    CHECK(read(store, conversation(1), n).entries.at(0).body.empty());
  });
}

TEST_CASE("postgres store: a node that stands still in a transaction does not hold up another") {
  Cluster cluster;
  Proxy proxy(cluster.folder() + "/proxy", cluster.folder());
  postgres::Options options = few_connections();
  options.stall = std::chrono::milliseconds(50);
  postgres::Store still(Cluster::conninfo(cluster.folder() + "/proxy"), options);
  options.timeout = std::chrono::seconds(5);
  postgres::Store other(cluster.conninfo(), options);
  attach(still, session(0), 1, true);
  attach(other, session(1), 1, true);
  append(other, {draft(1, 1, 1)});
  std::uint64_t cseq = 0;
  bool held = true;
  for (std::uint64_t n = 1; held && n < 1'000; ++n) {
    proxy.hold_at(n);
    auto stuck =
        std::async(std::launch::async, [&] { return append(still, {draft(0, 1, cseq + 1)}); });
    while (!proxy.holds() &&
           stuck.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
    }
    held = proxy.holds();
    CAPTURE(n);
    CHECK_EQ(append(other, {draft(1, 1, cseq + 2)}).front().code, errc::ok);
    proxy.let_go();
    const Outcome outcome = stuck.get().front();
    CHECK_EQ(outcome.code, errc::ok);
    ++cseq;
    CHECK_EQ(read(other, conversation(1)).tail, 1 + 2 * cseq);
  }
  CHECK_FALSE(held);
  CHECK_GT(cseq, 4);
}

TEST_CASE("postgres store: reads are asked again, wherever the connection is lost") {
  Faults faults;
  Store& store = faults.store();
  append(store, {draft(0, 1, 1, "one"), draft(0, 1, 2, "two")});
  Commit one;
  one.changes.push_back({{RecordKind::ticket, "a"}, 0, "value", {{"by", "x"}}});
  REQUIRE(commit(store, std::move(one)).has_value());
  faults.cut_everywhere([&](std::uint64_t) {
    CHECK_EQ(read(store, conversation(1)).entries.size(), 2);
    const auto record = ask<result<std::optional<Record>>>([&](auto done) {
      store.get({RecordKind::ticket, "a"}, std::move(done));
    });
    CHECK((record.has_value() && *record && (**record).value == "value"));
    const auto events =
        ask<result<std::vector<Event>>>([&](auto done) { store.events(0, 10, std::move(done)); });
    CHECK((events.has_value() && (*events).size() == 2));
    const auto found = ask<result<SearchPage>>([&](auto done) {
      SearchRequest request;
      request.text = "TWO";
      store.search(request, std::move(done));
    });
    CHECK((found.has_value() && (*found).entries.size() == 1));
  });
}

/// Cuts while the suite runs, but not while a store is opened: that is an error of its own.
class CutFactory final : public PostgresFactory {
 public:
  CutFactory(Cluster& cluster, Proxy& proxy, std::string conninfo, postgres::Options options)
      : PostgresFactory(cluster, std::move(conninfo), options, 3), proxy_(proxy) {}
  std::unique_ptr<kefu::Store> reopen() override {
    proxy_.cut_randomly(0, 0);
    auto store = PostgresFactory::reopen();
    proxy_.cut_randomly(4'000, ++round_);
    return store;
  }

 private:
  Proxy& proxy_;
  std::uint64_t round_ = 0;
};

TEST_CASE("postgres store: conformance, over connections that are lost now and then") {
  Cluster cluster;
  Proxy proxy(cluster.folder() + "/proxy", cluster.folder());
  postgres::Options options;
  options.timeout = std::chrono::seconds(30);
  CutFactory factory(cluster, proxy, Cluster::conninfo(cluster.folder() + "/proxy"), options);
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
  CHECK_GT(proxy.cuts(), 10);
  MESSAGE(proxy.cuts(), " cuts");
}

}  // namespace
