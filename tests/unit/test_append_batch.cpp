#include <kefu/append_batch.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using namespace kefu;

Draft draft(std::string_view from, std::string_view kind, std::string_view body) {
  Draft made;
  made.from = from;
  made.kind = kind;
  made.body = body;
  return made;
}

TEST_CASE("a batch keeps the texts that it was given, whatever becomes of the originals") {
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> size(0, 30'000);
  AppendBatch batch;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> bodies;
    for (int i = 0; i < 60; ++i) {
      std::string body(i % 10 == 9 ? 100'000 + size(random) : size(random),
                       static_cast<char>('a' + i % 26));
      bodies.push_back(body);
      batch.add(draft("from" + std::to_string(i), "kind", body));
      body.assign(body.size(), '!');
    }
    REQUIRE(batch.size() == bodies.size());
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      REQUIRE(batch.drafts()[i].from == "from" + std::to_string(i));
      REQUIRE(batch.drafts()[i].kind == "kind");
      REQUIRE((batch.drafts()[i].body == bodies[i]));
    }
    batch.clear();
    CHECK(batch.empty());
    CHECK(batch.outcomes().empty());
  }
}

TEST_CASE("a cleared batch uses its memory again") {
  AppendBatch batch;
  batch.add(draft("f", "k", "body"));
  const void* const first = batch.drafts()[0].body.data();
  batch.clear();
  batch.add(draft("f", "k", "ydob"));
  CHECK(batch.drafts()[0].body.data() == first);
}

TEST_CASE("empty texts need no memory") {
  AppendBatch batch;
  batch.add(draft("", "", ""));
  CHECK(batch.drafts()[0].body.empty());
}

TEST_CASE("a batch that fails as a whole has an outcome for each draft") {
  AppendBatch batch;
  batch.add(draft("f", "k", "1"));
  batch.add(draft("f", "k", "2"));
  batch.outcomes().resize(1);
  batch.outcomes()[0].seq = 9;
  batch.fail(errc::store_full);
  REQUIRE(batch.outcomes().size() == 2);
  for (const Outcome& outcome : batch.outcomes()) {
    CHECK(outcome.code == errc::store_full);
    CHECK(outcome.seq == 0);
  }
}

}  // namespace
