// Read: pages of a log.
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

constexpr std::size_t kNoBound = std::size_t{1} << 40;

void fill(Rig& rig, std::uint64_t entries) {
  rig.create_session(1);
  std::vector<Draft> drafts;
  for (std::uint64_t cseq = 1; cseq <= entries; ++cseq)
    drafts.push_back(draft(1, 1, cseq, "0123456789"));
  rig.append(drafts);
}

void expect_run(const Page& page, std::uint64_t from, std::size_t count, std::uint64_t tail,
                int line = __builtin_LINE()) {
  expect_equal(page.entries.size(), count, "entries of a page", line);
  expect_equal(page.tail, tail, "the tail told by a page", line);
  for (const Entry& entry : page.entries) {
    expect_equal(entry.seq, from++, "the seq of an entry in a page", line);
    expect(entry.conversation == conversation(1), "the conversation of an entry", line);
  }
}

void read_in_pages(Rig& rig) {
  fill(rig, 25);
  const auto page = [&](std::uint64_t after, std::size_t entries, std::size_t bytes = kNoBound) {
    return rig.read({conversation(1), Log::public_log, after, entries, bytes});
  };
  expect_run(page(0, 10), 1, 10, 25);
  expect_run(page(10, 10), 11, 10, 25);
  expect_run(page(20, 10), 21, 5, 25);
  expect_run(page(24, 1), 25, 1, 25);
  expect_run(page(25, 10), 26, 0, 25);
  expect_run(page(1'000, 10), 0, 0, 25);
  expect_run(page(0, 0), 0, 0, 25);
  expect_run(page(3, 0), 0, 0, 25);
}

void read_in_bytes(Rig& rig) {
  fill(rig, 25);
  const auto page = [&](std::size_t bytes) {
    return rig.read({conversation(1), Log::public_log, 3, 100, bytes});
  };
  expect_run(page(0), 4, 1, 25);
  expect_run(page(9), 4, 1, 25);
  expect_run(page(19), 4, 1, 25);
  expect_run(page(20), 4, 2, 25);
  expect_run(page(29), 4, 2, 25);
  expect_run(page(100), 4, 10, 25);
  expect_run(page(kNoBound), 4, 22, 25);
}

void read_of_nothing(Rig& rig) {
  fill(rig, 1);
  const Page unknown = rig.read_all(77);
  expect_equal(unknown.tail, 0u, "the tail of an unknown conversation");
  expect(unknown.entries.empty(), "entries of an unknown conversation");
  expect_equal(rig.read_all(1, Log::internal).tail, 0u, "the tail of an empty log");
}

void read_keeps_logs_apart(Rig& rig) {
  rig.create_session(1);
  std::vector<Draft> drafts;
  for (std::uint64_t i = 0; i < 60; ++i) {
    drafts.push_back(draft(1, 1 + i % 2, i / 2 + 1));
    if (i % 3 == 0) drafts.back().log = Log::internal;
  }
  rig.append(drafts);
  for (const std::uint64_t number : {1u, 2u}) {
    for (const Log log : {Log::public_log, Log::internal}) {
      const Page page = rig.read_all(number, log);
      expect_equal(page.tail, log == Log::internal ? 10u : 20u, "the tail of one of four logs");
      expect_equal(page.entries.size(), std::size_t{page.tail}, "entries of one of four logs");
      for (std::size_t i = 0; i < page.entries.size(); ++i) {
        expect_equal(page.entries[i].seq, i + 1, "a seq in one of four logs");
        expect(page.entries[i].log == log, "an entry stands in the other log");
        expect(page.entries[i].conversation == conversation(number),
               "an entry stands in the other conversation");
      }
    }
  }
}

void read_tails(Rig& rig) {
  rig.create_session(1);
  Draft note = draft(1, 1, 3);
  note.log = Log::internal;
  rig.append({draft(1, 1, 1), draft(1, 1, 2), note});
  std::vector<Tail> tails;
  for (const std::uint64_t number : {1u, 2u, 1u}) {
    for (const Log log : {Log::public_log, Log::internal})
      tails.push_back({conversation(number), log, 77});
  }
  const std::vector<Tail> known = rig.tails(tails);
  const std::uint64_t wanted[] = {2, 1, 0, 0, 2, 1};
  expect_equal(known.size(), tails.size(), "tails");
  for (std::size_t i = 0; i < tails.size(); ++i) {
    tails[i].seq = wanted[i];
    expect(known[i] == tails[i], "a tail that was asked for with others");
  }
  expect(rig.tails({}).empty(), "tails of nothing");
}

}  // namespace

void add_read_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"read: in pages", run_check<read_in_pages>},
                 {"read: bounded by bytes", run_check<read_in_bytes>},
                 {"read: of nothing", run_check<read_of_nothing>},
                 {"read: keeps logs and conversations apart", run_check<read_keeps_logs_apart>},
                 {"read: many tails at once", run_check<read_tails>}});
}

}  // namespace kefu::inline v0::testing
