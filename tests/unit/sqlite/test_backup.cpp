#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <filesystem>

#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr kefu::sqlite::Options kFast{kefu::sqlite::Synchronous::normal};
constexpr std::uint64_t kMany = 600;  // of kBody: more than one slice of a copy
const std::string kBody(8000, 'x');

std::future<errc> backup(kefu::sqlite::Store& store, std::string path) {
  auto promise = std::make_shared<std::promise<errc>>();
  store.backup(std::move(path), [promise](errc code) { promise->set_value(code); });
  return promise->get_future();
}

void fill(Store& store) {
  attach(store, session(1), 1, true);
  for (std::uint64_t cseq = 1; cseq <= kMany; ++cseq) append(store, {draft(1, 1, cseq, kBody)});
}

TEST_CASE("a backup has what was acknowledged before and goes on as a store") {
  const Scratch scratch;
  kefu::sqlite::Store store{scratch.file("live.db"), kFast};
  fill(store);
  std::future<errc> copied = backup(store, scratch.file("copy.db"));
  std::uint64_t cseq = kMany;
  do append(store, {draft(1, 1, ++cseq)});
  while (copied.wait_for(std::chrono::seconds(0)) != std::future_status::ready);
  CHECK(copied.get() == errc::ok);
  CHECK_FALSE(std::filesystem::exists(scratch.file("copy.db.partial")));
  CHECK(std::filesystem::status(scratch.file("copy.db")).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

  kefu::sqlite::Store copy{scratch.file("copy.db"), kFast};
  const std::size_t in_copy = read(copy, conversation(1)).entries.size();
  CHECK(in_copy >= kMany);
  CHECK(in_copy <= cseq);
  // The marks are in it: what it has is a retry of the same, and the next is the next.
  CHECK(append(copy, {draft(1, 1, in_copy, in_copy <= kMany ? kBody : "hello")})[0].seq == in_copy);
  CHECK(append(copy, {draft(1, 1, in_copy + 1)})[0].seq == in_copy + 1);
  CHECK(read(store, conversation(1)).entries.size() == cseq);
}

TEST_CASE("a backup writes over nothing, and one that can't be written harms nothing") {
  const Scratch scratch;
  kefu::sqlite::Store store{scratch.file("live.db"), kFast};
  CHECK(backup(store, scratch.file("live.db")).get() == errc::conflict);
  CHECK(backup(store, scratch.file("none/copy.db")).get() == errc::store_failed);
  fill(store);
  CHECK(read(store, conversation(1)).entries.size() == kMany);
}

TEST_CASE("a store that ends gives its backups up, and leaves nothing of them") {
  const Scratch scratch;
  std::future<errc> one, two;
  {
    kefu::sqlite::Store store{scratch.file("live.db"), kFast};
    fill(store);
    one = backup(store, scratch.file("one.db"));
    two = backup(store, scratch.file("two.db"));
  }
  for (auto* const each : {&one, &two}) {
    const errc code = each->get();
    const std::string file = scratch.file(each == &one ? "one.db" : "two.db");
    CHECK((code == errc::ok || code == errc::unavailable));
    CHECK(std::filesystem::exists(file) == (code == errc::ok));
    CHECK_FALSE(std::filesystem::exists(file + ".partial"));
  }
}

}  // namespace
