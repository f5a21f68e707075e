#include <kefu/core/dedup_mark.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>

namespace {

using namespace kefu;
using core::DedupMark;
using Verdict = DedupMark::Verdict;
using Sent = DedupMark::Sent;

static_assert(sizeof(Sent) == 24, "the memory that the header promises for each outcome");

/// The promise, written down without a ring: everything is remembered, and what is too old is not
/// looked at.
class Reference {
 public:
  Verdict judge(std::uint64_t cseq, std::uint64_t digest, std::uint32_t window) const {
    if (cseq == accepted() + 1) return Verdict::fresh;
    if (cseq > accepted()) return Verdict::gap;
    if (cseq == 0 || accepted() - cseq >= window) return Verdict::duplicate;
    return all_.at(cseq).digest == digest ? Verdict::repeated : Verdict::conflict;
  }
  void record(Sent sent) { all_.emplace(accepted() + 1, sent); }
  std::uint64_t accepted() const { return all_.size(); }
  const Sent& at(std::uint64_t cseq) const { return all_.at(cseq); }

 private:
  std::map<std::uint64_t, Sent> all_;
};

void check_same(const DedupMark& mark, const Reference& reference, std::uint32_t window) {
  REQUIRE(mark.accepted() == reference.accepted());
  const std::uint64_t top = mark.accepted() + 3;
  for (std::uint64_t cseq = top > window + 6u ? top - window - 6 : 0; cseq <= top; ++cseq) {
    for (const std::uint64_t digest : {0u, 1u, 2u}) {
      REQUIRE(mark.judge(cseq, digest, window) == reference.judge(cseq, digest, window));
    }
    const Sent* const sent = mark.find(cseq, window);
    const bool kept = cseq != 0 && cseq <= mark.accepted() && mark.accepted() - cseq < window;
    REQUIRE((sent != nullptr) == kept);
    if (sent) REQUIRE(sent->seq == reference.at(cseq).seq);
  }
}

TEST_CASE("random sends and retries are judged as by one who remembers everything") {
  for (const std::uint32_t window : {1u, 2u, 3u, 31u, 32u, 33u}) {
    std::mt19937 random(window);
    DedupMark mark;
    Reference reference;
    for (int step = 0; step < 2000; ++step) {
      const std::uint64_t below =
          std::min<std::uint64_t>(mark.accepted(), random() % (2 * window + 1));
      const std::uint64_t cseq =
          random() % 3 == 0 ? mark.accepted() + 1 - below : mark.accepted() + random() % 3;
      const std::uint64_t digest = random() % 3;
      const Verdict verdict = mark.judge(cseq, digest, window);
      REQUIRE(verdict == reference.judge(cseq, digest, window));
      if (verdict == Verdict::fresh) {
        const Sent sent = random() % 4 == 0 ? Sent::refused(digest, errc::denied)
                                            : Sent::entry(digest, 100 + cseq, Timestamp{step});
        mark.record(sent, window);
        reference.record(sent);
      }
      if (random() % 20 == 0)
        mark = DedupMark::restore(mark.accepted(), mark.kept());  // as by a restart
      if (step % 10 == 0) check_same(mark, reference, window);
      REQUIRE(mark.kept().size() <= window);
    }
  }
}

TEST_CASE("an outcome is the original one") {
  DedupMark mark;
  mark.record(Sent::entry(5, 77, Timestamp{9}), 4);
  mark.record(Sent::refused(6, errc::closed), 4);
  REQUIRE(mark.find(1, 4));
  CHECK(mark.find(1, 4)->code() == errc::ok);
  CHECK(mark.find(1, 4)->seq == 77);
  CHECK(mark.find(1, 4)->at == Timestamp{9});
  CHECK(mark.find(2, 4)->code() == errc::closed);
  CHECK(mark.judge(2, 6, 4) == Verdict::repeated);
  CHECK(mark.judge(2, 7, 4) == Verdict::conflict);
}

TEST_CASE("memory is bounded by the window, not by what was sent") {
  DedupMark mark;
  CHECK(mark.kept().empty());
  for (std::uint64_t i = 1; i <= 100'000; ++i) mark.record(Sent::entry(i, i, {}), 32);
  CHECK(mark.accepted() == 100'000);
  CHECK(mark.kept().size() == 32);
  CHECK(mark.kept().front().seq == 100'000 - 31);
  CHECK(mark.kept().back().seq == 100'000);
}

TEST_CASE(
    "a window that was changed between two runs is kept to, and nothing new is taken for seen") {
  for (const std::uint32_t before : {1u, 4u, 32u}) {
    for (const std::uint32_t after : {1u, 4u, 32u}) {
      for (const bool restart : {false, true}) {
        for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{before},
                                          std::uint64_t{before} * 2 + 1}) {
          DedupMark mark;
          for (std::uint64_t i = 1; i <= count; ++i) mark.record(Sent::entry(i, i, {}), before);
          if (restart) mark = DedupMark::restore(mark.accepted(), mark.kept());
          for (std::uint64_t i = count + 1; i <= count + 40; ++i) {
            REQUIRE(mark.judge(i, i, after) == Verdict::fresh);
            mark.record(Sent::entry(i, i, {}), after);
            REQUIRE(mark.judge(i, i, after) == Verdict::repeated);
            for (std::uint64_t old = 1; old <= i; ++old) {
              const Sent* const sent = mark.find(old, after);
              if (sent) REQUIRE(sent->seq == old);
              if (i - old >= after) REQUIRE(!sent);
              if (i - old < std::min(before, after) && i - old < mark.kept().size()) REQUIRE(sent);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a mark whose outcomes were lost knows at least that they were") {
  const DedupMark mark = DedupMark::restore(50, {});
  CHECK(mark.judge(50, 1, 32) == Verdict::duplicate);
  CHECK(mark.judge(51, 1, 32) == Verdict::fresh);
  CHECK(mark.judge(52, 1, 32) == Verdict::gap);
  CHECK(mark.judge(0, 1, 32) == Verdict::duplicate);
}

}  // namespace
