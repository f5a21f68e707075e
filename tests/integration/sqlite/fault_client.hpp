// FaultClient: keeps a store busy from within its own thread, remembers what was acknowledged, and
// compares that with what a store holds afterwards. Every chance is drawn from one seed, and every
// call but the first is made by a completion: so a seed is one course of events.
#pragma once

#include <cstdint>
#include <future>
#include <kefu/store.hpp>
#include <kefu/testing/random.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace kefu::test {

/// What all clients together have seen.
struct FaultCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t unheard = 0;  ///< stored, but not acknowledged
  std::uint64_t refused = 0;  ///< batches that failed as a whole
  std::uint64_t cut_off = 0;  ///< acknowledged, and lost with a cut or damaged WAL
  std::uint64_t lost = 0;     ///< acknowledged, and lost otherwise: must be 0, as the following
  std::uint64_t doubled = 0;
  std::uint64_t wrong = 0;  ///< in another place, with another body, or never sent
};

class FaultClient {
 public:
  FaultClient(std::uint64_t seed, FaultCounts& counts) : random_(seed), counts_(counts) {}

  /// Attaches, then calls about `calls` times, several at once. Returns when all are answered;
  /// early when the store fails.
  void run(Store& store, int calls);

  /// Compares. `whole`: nothing acknowledged may be missing; otherwise the end of the log may be,
  /// and counts as never sent from here on.
  void check(Store& store, bool whole);

 private:
  using Chain = std::pair<std::uint64_t, std::uint64_t>;  // session, conversation
  struct Known {
    std::uint64_t next = 1;                       ///< the cseq to send
    std::uint64_t sent = 0;                       ///< the highest that was ever sent
    std::map<std::uint64_t, std::uint64_t> seqs;  ///< of what was acknowledged; 0: a refusal
  };
  using Found = std::map<Chain, std::map<std::uint64_t, std::uint64_t>>;

  bool attach_all(Store& store, std::map<Chain, std::uint64_t>& marks);
  void pump(Store& store);
  void append(Store& store);
  void take(const Draft& draft, const Outcome& outcome);
  void commit(Store& store);
  void answered(Store& store, errc code);
  Found read_logs(Store& store);
  std::uint64_t read_log(Store& store, std::uint64_t to, Log log, Found& found);
  void check_entry(const Entry& entry, Found& found);
  void check_chain(Chain chain, std::uint64_t mark, std::map<std::uint64_t, std::uint64_t>& stored,
                   bool whole);
  void check_commits(Store& store, std::uint64_t entries, bool whole);

  testing::Random random_;
  FaultCounts& counts_;
  std::uint64_t epoch_ = 0;
  std::map<Chain, Known> chains_;
  std::uint64_t committed_ = 0;  ///< the record's version, as far as it was heard of
  std::uint64_t system_entries_ = 0;

  // While it runs.
  int calls_left_ = 0;
  int in_flight_ = 0;
  bool committing_ = false;
  std::promise<void> done_;
};

}  // namespace kefu::test
