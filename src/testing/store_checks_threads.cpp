// Calls from several threads at once, without waiting for the ones before.
#include <atomic>
#include <map>
#include <thread>

#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

constexpr std::uint64_t kThreads = 4;
constexpr std::uint64_t kSends = 400;

/// Runs `body(n)` on kThreads threads, n from 1, and passes on the first failure.
template <class Body>
void on_threads(Body body) {
  std::vector<std::thread> threads;
  std::vector<std::string> failures(kThreads);
  for (std::uint64_t n = 1; n <= kThreads; ++n) {
    threads.emplace_back([&, n] {
      try {
        body(n);
      } catch (const Failure& failure) {
        failures[n - 1] = failure.what();
      } catch (const std::out_of_range&) {
        failures[n - 1] = "an answer holds less than it must";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) {
    if (!failure.empty()) throw Failure(failure);
  }
}

/// Submits the thread's sends to two conversations, in batches of changing size, and waits for all
/// at the end.
void send_pipelined(Store& store, std::uint64_t thread) {
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t completed = 0;
    std::string failure;
  };
  const auto progress = std::make_shared<Progress>();
  std::size_t submitted = 0;
  for (std::uint64_t cseq = 1; cseq <= kSends;) {
    auto batch = std::make_unique<AppendBatch>();
    for (std::uint64_t i = 0; i <= submitted % 5 && cseq <= kSends; ++i, ++cseq) {
      batch->add(draft(thread, 1, cseq));
      batch->add(draft(thread, 1 + thread, cseq));
    }
    const std::size_t number = submitted++;
    store.append(std::move(batch), [progress, number](std::unique_ptr<AppendBatch> back) {
      const std::scoped_lock lock(progress->mutex);
      if (progress->completed != number)
        progress->failure = "one thread's appends were completed out of order";
      for (const Outcome& outcome : back->outcomes()) {
        if (outcome.code != errc::ok) progress->failure = "an outcome is " + show(outcome.code);
      }
      ++progress->completed;
      progress->changed.notify_one();
    });
  }
  std::unique_lock lock(progress->mutex);
  expect(progress->changed.wait_for(lock, std::chrono::seconds(60),
                                    [&] { return progress->completed == submitted; }),
         "completions are missing");
  expect(progress->failure.empty(), progress->failure);
}

void appends_overlap(Rig& rig) {
  for (std::uint64_t n = 1; n <= kThreads; ++n) rig.create_session(n);
  Store& store = rig.store();
  on_threads([&](std::uint64_t n) { send_pipelined(store, n); });

  const Page page = rig.read_all(1);
  expect_equal(page.entries.size(), std::size_t{kThreads * kSends},
               "entries that all threads wrote");
  std::map<SessionId, std::uint64_t> sent;
  for (std::size_t i = 0; i < page.entries.size(); ++i) {
    expect_equal(page.entries[i].seq, i + 1, "a seq");
    expect_equal(page.entries[i].origin.cseq, ++sent[page.entries[i].origin.session],
                 "the order of a sender's entries");
  }
  for (std::uint64_t n = 1; n <= kThreads; ++n)
    expect_equal(rig.read_all(1 + n).tail, kSends, "the tail of its own");
}

void one_creation_wins(Rig& rig) {
  Store& store = rig.store();
  std::atomic<int> won = 0, lost = 0;
  constexpr int kRounds = 50;
  on_threads([&](std::uint64_t n) {
    for (int round = 0; round < kRounds; ++round) {
      Commit commit;
      commit.changes.push_back(
          {{RecordKind::open_conversation, std::to_string(round)}, 0, std::to_string(n), {}});
      Entry opened;
      opened.conversation = conversation(static_cast<std::uint64_t>(round));
      opened.kind = kind::kOpened;
      commit.entries.push_back(opened);
      Answer<result<Committed>> answer;
      store.commit(std::move(commit), answer.completion());
      const result<Committed> committed = answer.wait();
      expect(committed || committed.error() == errc::conflict, "a lost race is not a conflict");
      ++(committed ? won : lost);
    }
  });
  expect_equal(won.load(), kRounds, "creations that won");
  expect_equal(lost.load(), kRounds * static_cast<int>(kThreads - 1), "creations that lost");
  for (int round = 0; round < kRounds; ++round) {
    expect_equal(rig.read_all(static_cast<std::uint64_t>(round)).tail, 1u, "entries of a race");
  }
}

void one_counter_counts(Rig& rig) {
  const RecordKey key{RecordKind::agent, "counter"};
  rig.put(key, 0, "0");
  Store& store = rig.store();
  constexpr int kRounds = 30;
  on_threads([&](std::uint64_t) {
    std::uint64_t lost = 0;
    for (int round = 0; round < kRounds;) {
      Answer<result<std::optional<Record>>> now;
      store.get(key, now.completion());
      const result<std::optional<Record>> found = now.wait();
      expect(found && *found, "a record is missing");
      const Record& record = **found;
      Commit commit;
      commit.changes.push_back(
          {key, record.version, std::to_string(std::stoi(record.value) + 1), {}});
      Answer<result<Committed>> answer;
      store.commit(std::move(commit), answer.completion());
      if (answer.wait()) {
        ++round;
      } else {
        // Whoever loses does so to another's commit, and there are only so many of those.
        expect(++lost <= kRounds * kThreads, "a race is lost and nobody wins it");
      }
    }
  });
  expect_equal(rig.value(key), std::to_string(kRounds * kThreads),
               "a counter that all threads raised");
}

void outbox_skips_nothing(Rig& rig) {
  for (std::uint64_t n = 1; n <= kThreads; ++n) rig.create_session(n);
  Store& store = rig.store();
  std::map<std::pair<ConversationId, Log>, std::uint64_t> tails;
  std::size_t seen = 0;
  std::thread relay([&] {
    std::uint64_t position = 0;
    for (int idle = 0; seen < 2 * kThreads * kSends && idle < 1'000'000; ++idle) {
      Answer<result<std::vector<Event>>> answer;
      store.events(position, 100, answer.completion());
      const result<std::vector<Event>> page = answer.wait();
      if (!page) return;
      for (const Event& event : *page) {
        // Out of order or skipped: count no further, and let the check fail.
        if (event.position <= position ||
            event.entry.seq != ++tails[{event.entry.conversation, event.entry.log}])
          return;
        position = event.position;
        ++seen;
        idle = 0;
      }
    }
  });
  on_threads([&](std::uint64_t n) { send_pipelined(store, n); });
  relay.join();
  expect_equal(seen, std::size_t{2 * kThreads * kSends}, "events seen in order while others wrote");
}

void attach_fences_at_once(Rig& rig) {
  rig.create_session(1);
  Store& store = rig.store();
  std::atomic<std::uint64_t> epoch = 1;
  std::atomic<bool> violated = false;
  std::thread older([&] {
    int fenced = 0;
    for (std::uint64_t cseq = 1; cseq <= 300 && fenced < 1'000'000; ++cseq) {
      auto batch = std::make_unique<AppendBatch>();
      Draft each = draft(1, 1, cseq);
      each.epoch = epoch;  // what this thread last heard of
      const std::uint64_t told = each.epoch;
      batch->add(each);
      Answer<std::unique_ptr<AppendBatch>> answer;
      store.append(std::move(batch), answer.completion());
      const Outcome outcome = answer.wait()->outcomes().front();
      if (outcome.code == errc::fenced) {
        if (outcome.expected <= told) violated = true;
        ++fenced;
        --cseq;
      } else if (outcome.code != errc::ok) {
        violated = true;
      }
    }
  });
  for (std::uint64_t next = 2; next < 60; ++next) {
    Answer<AttachOutcome> answer;
    store.attach({session(1), {participant(1), Role::visitor}, next, false}, answer.completion());
    if (answer.wait().code != errc::ok) violated = true;
    epoch = next;
  }
  older.join();
  expect(!violated, "epochs and appends of two threads do not fit together");
  expect_equal(rig.read_all(1).tail, 300u, "entries written while epochs rose");
}

}  // namespace

void add_thread_checks(std::vector<StoreCheck>& checks) {
  checks.insert(checks.end(),
                {{"threads: each sender's order is kept", run_check<appends_overlap>},
                 {"threads: one of many creations wins", run_check<one_creation_wins>},
                 {"threads: no update is lost", run_check<one_counter_counts>},
                 {"threads: events skip nothing", run_check<outbox_skips_nothing>},
                 {"threads: an epoch fences those before it", run_check<attach_fences_at_once>}});
}

}  // namespace kefu::inline v0::testing
