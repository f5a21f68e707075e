#include <kefu/testing/fault_store.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace kefu::inline v0::testing {

struct FaultStore::Impl {
  Impl(Executor& on, std::uint64_t seed) : loop(on), random(seed) {}

  // When the last write of a conversation has its effect, and when its completion comes.
  struct Lane {
    Instant effect{};
    Instant completion{};
  };

  Executor& loop;
  Random random;
  bool alive = true;
  bool frozen = false;
  std::uint64_t calls = 0;
  std::unordered_map<ConversationId, Lane> lanes;
  std::map<std::uint64_t, Task> waiting;  // for their effect, by the order of calls
  std::vector<std::uint64_t> held;        // due while frozen, in the order in which they fell due

  Nanoseconds delay(const StoreFaults& chances) {
    return chances.delay_max.count() == 0 ? Nanoseconds(0)
                                          : random.between(chances.delay_min, chances.delay_max);
  }

  void take_effect(std::uint64_t call) {
    if (!alive) return;
    if (frozen) return held.push_back(call);
    const auto at = waiting.find(call);
    if (at == waiting.end()) return;
    Task effect = std::move(at->second);
    waiting.erase(at);
    effect();
  }
};

namespace {

/// How a call will fare.
struct Fate {
  errc before = errc::ok;  ///< fails with this, without effect
  errc after = errc::ok;   ///< fails with this, with its effect
};

// What a failed call answers.
AttachOutcome failed(errc code, AttachOutcome /*outcome*/) {
  AttachOutcome out;
  out.code = code;
  return out;
}
std::unique_ptr<AppendBatch> failed(errc code, std::unique_ptr<AppendBatch> batch) {
  batch->fail(code);
  return batch;
}
template <class T>
result<T> failed(errc code, const result<T>& /*answer*/) {
  return code;
}

Fate draw_fate(Random& random, const StoreFaults& faults, bool write) {
  if (random.chance(faults.fail_before))
    return {write && random.chance(0.3) ? errc::store_full : errc::unavailable, errc::ok};
  if (write && random.chance(faults.fail_after)) return {errc::ok, errc::timed_out};
  return {};
}

/// Carries one call through: at `effect_at` it goes to the inner store, or (before != ok) `refuse`
/// makes the answer; at `done_at` or later the answer goes to the caller.
template <class Impl, class T, class Call, class Refuse>
void schedule(const std::shared_ptr<Impl>& impl, Fate fate, Instant effect_at, Instant done_at,
              Completion<T> done, Call call, Refuse refuse) {
  auto answer = [impl, done_at, fate, done = std::move(done)](T value) mutable {
    if (fate.after != errc::ok) value = failed(fate.after, std::move(value));
    impl->loop.post_at(done_at, [impl, done = std::move(done), value = std::move(value)]() mutable {
      if (impl->alive) done(std::move(value));
    });
  };
  const std::uint64_t number = ++impl->calls;
  impl->waiting.emplace(number, Task([fate, answer = std::move(answer), call = std::move(call),
                                      refuse = std::move(refuse)]() mutable {
                          if (fate.before != errc::ok) return answer(refuse(fate.before));
                          call(Completion<T>(std::move(answer)));
                        }));
  impl->loop.post_at(effect_at, [impl, number] { impl->take_effect(number); });
}

}  // namespace

FaultStore::FaultStore(Store& inner, Executor& loop, std::uint64_t seed, StoreFaults with)
    : StoreWrapper(inner), faults(with), impl_(std::make_shared<Impl>(loop, seed)) {}

FaultStore::~FaultStore() {
  impl_->alive = false;
  std::exchange(impl_->waiting, {}).clear();
}

void FaultStore::freeze() { impl_->frozen = true; }

void FaultStore::thaw() {
  impl_->frozen = false;
  for (const std::uint64_t call : std::exchange(impl_->held, {})) impl_->take_effect(call);
}

void FaultStore::crash() {
  std::map<std::uint64_t, Task> waiting = std::exchange(impl_->waiting, {});
  // The calls reached the store in their order, up to some point.
  std::size_t happen = impl_->random.below(waiting.size() + 1);
  for (auto at = waiting.begin(); happen > 0; --happen, ++at) at->second();
  impl_->alive = false;
}

void FaultStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  Impl& impl = *impl_;
  const Instant effect = impl.loop.now() + impl.delay(faults);
  schedule(
      impl_, draw_fate(impl.random, faults, true), effect, effect + impl.delay(faults),
      std::move(done),
      [this, request = std::move(request)](Completion<AttachOutcome> then) mutable {
        inner().attach(std::move(request), std::move(then));
      },
      [](errc code) { return failed(code, AttachOutcome{}); });
}

void FaultStore::append(std::unique_ptr<AppendBatch> batch,
                        Completion<std::unique_ptr<AppendBatch>> done) {
  Impl& impl = *impl_;
  Instant effect = impl.loop.now() + impl.delay(faults);
  for (const Draft& draft : batch->drafts())
    effect = std::max(effect, impl.lanes[draft.conversation].effect);
  Instant completion = effect + impl.delay(faults);
  for (const Draft& draft : batch->drafts())
    completion = std::max(completion, impl.lanes[draft.conversation].completion);
  for (const Draft& draft : batch->drafts()) impl.lanes[draft.conversation] = {effect, completion};
  // Shared by the two ways that this may go, of which one is taken.
  auto drafts = std::make_shared<std::unique_ptr<AppendBatch>>(std::move(batch));
  schedule(
      impl_, draw_fate(impl.random, faults, true), effect, completion, std::move(done),
      [this, drafts](Completion<std::unique_ptr<AppendBatch>> then) {
        inner().append(std::move(*drafts), std::move(then));
      },
      [drafts](errc code) { return failed(code, std::move(*drafts)); });
}

void FaultStore::commit(Commit commit, Completion<result<Committed>> done) {
  Impl& impl = *impl_;
  Instant effect = impl.loop.now() + impl.delay(faults);
  for (const Entry& entry : commit.entries)
    effect = std::max(effect, impl.lanes[entry.conversation].effect);
  Instant completion = effect + impl.delay(faults);
  for (const Entry& entry : commit.entries)
    completion = std::max(completion, impl.lanes[entry.conversation].completion);
  for (const Entry& entry : commit.entries) impl.lanes[entry.conversation] = {effect, completion};
  schedule(
      impl_, draw_fate(impl.random, faults, true), effect, completion, std::move(done),
      [this, commit = std::move(commit)](Completion<result<Committed>> then) mutable {
        inner().commit(std::move(commit), std::move(then));
      },
      [](errc code) { return result<Committed>(code); });
}

namespace {

/// A call that has no order with others.
template <class Answer, class Impl, class Call>
void schedule_alone(const std::shared_ptr<Impl>& impl, const StoreFaults& faults, bool write,
                    Completion<Answer> done, Call call) {
  const Instant effect = impl->loop.now() + impl->delay(faults);
  schedule(impl, draw_fate(impl->random, faults, write), effect, effect + impl->delay(faults),
           std::move(done), std::move(call), [](errc code) { return Answer(code); });
}

}  // namespace

void FaultStore::renew(std::vector<SessionLease> leases,
                       Completion<result<std::vector<errc>>> done) {
  schedule_alone(
      impl_, faults, true, std::move(done),
      [this, leases = std::move(leases)](Completion<result<std::vector<errc>>> then) mutable {
        inner().renew(std::move(leases), std::move(then));
      });
}

void FaultStore::expire(Nanoseconds idle, std::size_t limit,
                        Completion<result<std::vector<SessionId>>> done) {
  schedule_alone(impl_, faults, true, std::move(done),
                 [this, idle, limit](Completion<result<std::vector<SessionId>>> then) {
                   inner().expire(idle, limit, std::move(then));
                 });
}

void FaultStore::read(ReadRequest request, Completion<result<Page>> done) {
  schedule_alone(
      impl_, faults, false, std::move(done),
      [this, request](Completion<result<Page>> then) { inner().read(request, std::move(then)); });
}

void FaultStore::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  schedule_alone(
      impl_, faults, false, std::move(done),
      [this, logs = std::move(logs)](Completion<result<std::vector<Tail>>> then) mutable {
        inner().tails(std::move(logs), std::move(then));
      });
}

void FaultStore::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  schedule_alone(
      impl_, faults, false, std::move(done),
      [this, key = std::move(key)](Completion<result<std::optional<Record>>> then) mutable {
        inner().get(std::move(key), std::move(then));
      });
}

void FaultStore::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  schedule_alone(impl_, faults, false, std::move(done),
                 [this, request = std::move(request)](Completion<result<ScanPage>> then) mutable {
                   inner().scan(std::move(request), std::move(then));
                 });
}

void FaultStore::events(std::uint64_t after, std::size_t limit,
                        Completion<result<std::vector<Event>>> done) {
  schedule_alone(impl_, faults, false, std::move(done),
                 [this, after, limit](Completion<result<std::vector<Event>>> then) {
                   inner().events(after, limit, std::move(then));
                 });
}

void FaultStore::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  schedule_alone(
      impl_, faults, true, std::move(done),
      [this, participant = std::move(participant)](Completion<result<std::uint64_t>> then) mutable {
        inner().erase(std::move(participant), std::move(then));
      });
}

void FaultStore::search(SearchRequest request, Completion<result<SearchPage>> done) {
  schedule_alone(impl_, faults, false, std::move(done),
                 [this, request = std::move(request)](Completion<result<SearchPage>> then) mutable {
                   inner().search(std::move(request), std::move(then));
                 });
}

}  // namespace kefu::inline v0::testing
