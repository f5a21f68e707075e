// What the store checks are written with: a store that is restarted between steps, calls that wait
// for their completion, and expectations that say what was expected.
#pragma once

#include <condition_variable>
#include <kefu/testing/store_conformance.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testing/expect.hpp"

namespace kefu::inline v0::testing {

/// Where one completion's value arrives. Kept alive by the completion too, so that one which comes
/// too late harms nobody.
template <class T>
class Answer {
 public:
  [[nodiscard]] Completion<T> completion() {
    return [state = state_](T value) {
      const std::scoped_lock lock(state->mutex);
      state->value.emplace(std::move(value));
      state->arrived.notify_one();
    };
  }

  /// Throws Failure when nothing comes: a store that forgets a completion must not hang its suite.
  [[nodiscard]] T wait() {
    std::unique_lock lock(state_->mutex);
    const bool came = state_->arrived.wait_for(lock, std::chrono::seconds(60),
                                               [&] { return state_->value.has_value(); });
    expect(came, "a completion was not called");
    return *std::move(state_->value);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Ids that differ in nothing but the number: a store must not depend on their being random.
[[nodiscard]] inline SessionId session(std::uint64_t n) {
  return {0x0190'0000'0000'7000u, 0x8000'0000'0000'0000u | n};
}
[[nodiscard]] inline ConversationId conversation(std::uint64_t n) {
  return {0x0190'0000'0000'7001u, 0x8000'0000'0000'0000u | n};
}
[[nodiscard]] inline std::string participant(std::uint64_t n) {
  return "participant-" + std::to_string(n);
}

/// A draft of session n, epoch 1, for a conversation without a record. `body` must outlive it.
[[nodiscard]] Draft draft(std::uint64_t session_number, std::uint64_t conversation_number,
                          std::uint64_t cseq, std::string_view body = "hello");

/// The accepted cseq of a conversation's mark; 0 when it has none.
[[nodiscard]] std::uint64_t accepted(const AttachOutcome& outcome,
                                     std::uint64_t conversation_number);

class Rig {
 public:
  Rig(StoreFactory& factory, bool restarting)
      : factory_(factory), restarting_(restarting), store_(factory.open()) {}

  /// The store as it is, for calls that overlap. Nothing restarts it before the next call of
  /// another member.
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] StoreFactory& factory() { return factory_; }
  [[nodiscard]] std::uint32_t window() const { return factory_.window(); }

  /// Destroys the store and opens it again, where that is part of this run: before each call, or
  /// each n-th.
  void restart();
  void restart_every(int calls) { restart_every_ = calls; }

  AttachOutcome attach(std::uint64_t session_number, std::uint64_t epoch, std::string who,
                       bool create);
  /// Creates a session of participant(session_number) with epoch 1.
  void create_session(std::uint64_t session_number);

  std::vector<errc> renew(std::vector<SessionLease> leases);
  std::vector<SessionId> expire(Nanoseconds idle, std::size_t limit);

  std::vector<Outcome> append(const std::vector<Draft>& drafts);
  Outcome append(const Draft& draft);
  /// Appends and expects it to be stored.
  Outcome stored(const Draft& draft, int line = __builtin_LINE());

  Page read(ReadRequest request);
  std::vector<Tail> tails(std::vector<Tail> logs);
  /// The whole log, in one page.
  Page read_all(std::uint64_t conversation_number, Log log = Log::public_log);

  result<Committed> commit(Commit commit);
  /// Commits one change and expects it to be applied: the version.
  std::uint64_t put(RecordKey key, std::uint64_t expected, std::string value,
                    std::vector<IndexKey> index = {}, int line = __builtin_LINE());
  std::optional<Record> get(RecordKey key);
  /// Of a record that must be there.
  std::string value(RecordKey key, int line = __builtin_LINE());
  ScanPage scan(ScanRequest request);
  /// The ids of a whole scan, page by page.
  std::vector<std::string> scan_ids(RecordKind kind, std::string index, std::string prefix,
                                    std::size_t limit = 100);

  std::vector<Event> events(std::uint64_t after = 0, std::size_t limit = 1'000'000);
  std::uint64_t erase(std::string who);
  /// Nothing when the store does not search.
  std::optional<SearchPage> search(SearchRequest request);

 private:
  template <class T, class Call>
  T ask(Call call) {
    restart();
    Answer<T> answer;
    call(*store_, answer.completion());
    return answer.wait();
  }

  StoreFactory& factory_;
  bool restarting_;
  int restart_every_ = 1;
  int calls_ = 0;
  std::unique_ptr<Store> store_;
};

/// Runs a check's body as StoreCheck::run must.
template <void (*Body)(Rig&)>
std::string run_check(StoreFactory& factory) {
  for (const bool restarting : {false, true}) {
    if (restarting && !factory.durable()) break;
    try {
      Rig rig(factory, restarting);
      Body(rig);
    } catch (const Failure& failure) {
      return std::string(restarting ? "with restarts: " : "") + failure.what();
    } catch (const std::out_of_range&) {
      return "an answer holds less than it must";
    }
  }
  return {};
}

// The rooms of the suite.
void add_session_checks(std::vector<StoreCheck>& checks);
void add_append_checks(std::vector<StoreCheck>& checks);
void add_mark_checks(std::vector<StoreCheck>& checks);
void add_read_checks(std::vector<StoreCheck>& checks);
void add_commit_checks(std::vector<StoreCheck>& checks);
void add_scan_checks(std::vector<StoreCheck>& checks);
void add_outbox_checks(std::vector<StoreCheck>& checks);
void add_search_checks(std::vector<StoreCheck>& checks);
void add_thread_checks(std::vector<StoreCheck>& checks);
void add_random_checks(std::vector<StoreCheck>& checks);

}  // namespace kefu::inline v0::testing
