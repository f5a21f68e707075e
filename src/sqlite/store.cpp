// The thread and its queues. A turn takes everything that has come meanwhile: reads first, as they
// wait for no commit, then all writes in one transaction (so the slower the disk, the larger the
// commits), then a slice of an erasure and of a backup. Where memory ends, what was under way is
// answered errc::unavailable, and the thread goes on.
#include <kefu/sqlite/store.hpp>

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>

#include "sqlite/jobs.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// Reads answered before writes that have come meanwhile get their turn; a search is the last.
constexpr std::size_t kReadsInARow = 64;

// After so long without a call the store lets go of what it holds for those who called.
constexpr std::chrono::milliseconds kRest{200};

/// Whoever wakes this thread is not to be interrupted for it where they share a core: they go on
/// asking until their turn is over, and it then finds more to do at once. When 5,000 sessions come
/// back this saves a switch for each.
void yield_to_callers() noexcept {
#ifdef SCHED_BATCH
  const sched_param none{};
  (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
#endif
}

template <class Job>
void finish(Job& job, errc code) {
  std::visit([code](auto& each) { each.finish(code); }, job);
}

/// Jobs in order of submission; their memory is reused, but for what a rush took.
template <class Job>
class Lane {
 public:
  /// When memory lacks, the job is still whole.
  void push(Job&& job) { jobs_.push_back(std::move(job)); }
  [[nodiscard]] bool empty() const { return next_ == jobs_.size(); }
  [[nodiscard]] Job& front() { return jobs_[next_]; }
  void pop() {
    if (++next_ == jobs_.size()) clear();
  }
  [[nodiscard]] std::vector<Job>& all() { return jobs_; }
  void clear() {
    jobs_.clear();
    if (jobs_.capacity() > kKept) std::vector<Job>().swap(jobs_);
    next_ = 0;
  }
  /// Takes all of the other's jobs. Precondition: this one is empty.
  void take(Lane& other) { jobs_.swap(other.jobs_); }

 private:
  static constexpr std::size_t kKept = 256;

  std::vector<Job> jobs_;
  std::size_t next_ = 0;
};

}  // namespace

struct Store::Impl {
  Impl(const std::string& path, const Clock& clock, const Options& options, const limits& bounds)
      : engine(path, clock, options, bounds), thread([this] { run(); }) {}

  ~Impl() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    thread.join();
  }

  void submit(Write job) { submit(writes, std::move(job)); }
  void submit(Read job) { submit(reads, std::move(job)); }

  template <class Job>
  void submit(Lane<Job>& lane, Job job) {
    std::unique_lock lock(mutex);
    if (stopping) {
      lock.unlock();
      return finish(job, errc::unavailable);
    }
    lane.push(std::move(job));
    const bool notify = std::exchange(idle, false);
    lock.unlock();
    if (notify) wake.notify_one();
  }

  void run() {
    yield_to_callers();
    while (take()) {
      for (std::size_t i = 0; i < kReadsInARow && !taken_reads.empty(); ++i) {
        const bool heavy = std::holds_alternative<SearchJob>(taken_reads.front());
        serve(taken_reads.front());
        taken_reads.pop();
        if (heavy) break;
      }
      if (!taken_writes.empty()) write();
      if (!erasing.empty()) erase_some();
      if (!copying.empty()) copy_some();
      if (engine.lags()) index_some();
    }
  }

  /// Moves what was submitted to the thread's own lanes; waits when there is nothing to do. False
  /// at the end.
  bool take() {
    std::unique_lock lock(mutex);
    while (taken_reads.empty() && reads.empty() && writes.empty() && erasing.empty() &&
           copying.empty()) {
      if (stopping) return false;
      if (engine.must_purge() || engine.may_index()) {
        lock.unlock();
        engine.must_purge() ? engine.purge_now() : index_some();
        lock.lock();
        continue;
      }
      idle = true;
      if (!engine.may_rest()) {
        wake.wait(lock);
      } else if (resting || wake.wait_for(lock, kRest) == std::cv_status::timeout) {
        resting = true;
        lock.unlock();
        rest();
        lock.lock();
      }
    }
    resting = false;
    idle = false;
    if (taken_reads.empty()) taken_reads.take(reads);
    taken_writes.take(writes);
    return true;
  }

  void serve(Read& job) {
    errc code = engine.readable() ? errc::ok : errc::unavailable;
    try {
      if (code == errc::ok) std::visit([this](auto& each) { each.run(engine); }, job);
    } catch (const SqlError& error) {
      code = error.primary() == SQLITE_CORRUPT ? errc::corrupt : errc::unavailable;
    } catch (const std::bad_alloc&) {
      code = errc::unavailable;
    }
    finish(job, code);
  }

  void write() {
    const errc code = engine.transact([&] {
      for (Write& job : taken_writes.all())
        std::visit([this](auto& each) { each.run(engine); }, job);
    });
    for (Write& job : taken_writes.all()) {
      EraseJob* const erasure = std::get_if<EraseJob>(&job);
      BackupJob* const copy = std::get_if<BackupJob>(&job);
      if (code != errc::ok || (!erasure && !copy)) {
        finish(job, code);
      } else if (!(erasure ? begin(erasing, *erasure) : begin(copying, *copy))) {
        finish(job, errc::unavailable);
      }
    }
    taken_writes.clear();
    engine.tidy();
  }

  /// False when there is no memory for it.
  template <class Job>
  bool begin(Lane<Job>& lane, Job& job) {
    try {
      lane.push(std::move(job));
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  /// A slice of the first erasure, in a transaction of its own.
  void erase_some() {
    errc code = errc::ok;
    if (erasing.front().step(engine, code)) {
      erasing.front().finish(code);
      erasing.pop();
    }
    engine.tidy();
  }

  /// A slice of the first backup. The end of the store doesn't wait for the others.
  void copy_some() {
    errc code = errc::unavailable;
    if (!is_stopping() && !copying.front().step(code)) return;
    copying.front().finish(code);
    copying.pop();
  }

  bool is_stopping() {
    const std::scoped_lock lock(mutex);
    return stopping;
  }

  /// A slice of the index of texts. What fails is tried again when there is more to index; what
  /// can't be written any more the next write finds out.
  void index_some() {
    engine.index_some();
    engine.tidy();
  }

  /// A slice of what can be let go. If that fails, what is written next finds out.
  void rest() {
    engine.rest();
    engine.tidy();
  }

  std::mutex mutex;  // of the queues and the two flags
  std::condition_variable wake;
  Lane<Write> writes;
  Lane<Read> reads;
  bool stopping = false;
  bool idle = false;  ///< the thread waits, or is about to

  bool resting = false;  // the thread's own, as are these
  Lane<Write> taken_writes;
  Lane<Read> taken_reads;
  Lane<EraseJob> erasing;
  Lane<BackupJob> copying;
  Engine engine;
  std::thread thread;  // last: it uses all of the above
};

namespace {

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

Store::Store(const std::string& path, Options options, limits bounds)
    : Store(path, system_clock(), options, bounds) {}
Store::Store(const std::string& path, const Clock& clock, Options options, limits bounds)
    : impl_(std::make_unique<Impl>(path, clock, options, bounds)) {}
Store::~Store() = default;

void Store::attach(AttachRequest request, Completion<AttachOutcome> done) {
  impl_->submit(Write(AttachJob{std::move(request), std::move(done)}));
}

void Store::renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) {
  impl_->submit(Write(RenewJob{{std::move(done)}, std::move(leases)}));
}

void Store::expire(Nanoseconds idle, std::size_t limit,
                   Completion<result<std::vector<SessionId>>> done) {
  impl_->submit(Write(ExpireJob{{std::move(done)}, idle, limit}));
}

void Store::append(std::unique_ptr<AppendBatch> batch,
                   Completion<std::unique_ptr<AppendBatch>> done) {
  impl_->submit(Write(AppendJob{std::move(batch), std::move(done)}));
}

void Store::read(ReadRequest request, Completion<result<Page>> done) {
  impl_->submit(Read(ReadJob{{std::move(done)}, request}));
}

void Store::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  impl_->submit(Read(TailsJob{{std::move(done)}, std::move(logs)}));
}

void Store::commit(Commit commit, Completion<result<Committed>> done) {
  impl_->submit(Write(CommitJob{{std::move(done)}, std::move(commit)}));
}

void Store::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  impl_->submit(Read(GetJob{{std::move(done)}, std::move(key)}));
}

void Store::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  impl_->submit(Read(ScanJob{{std::move(done)}, std::move(request)}));
}

void Store::events(std::uint64_t after, std::size_t limit,
                   Completion<result<std::vector<Event>>> done) {
  impl_->submit(Read(EventsJob{{std::move(done)}, after, limit}));
}

void Store::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  impl_->submit(Write(EraseJob{{std::move(done)}, std::move(participant)}));
}

void Store::search(SearchRequest request, Completion<result<SearchPage>> done) {
  impl_->submit(Read(SearchJob{{std::move(done)}, std::move(request)}));
}

void Store::backup(std::string path, Completion<errc> done) {
  impl_->submit(Write(BackupJob{std::move(done), std::move(path)}));
}

Timestamp Store::now() const { return impl_->engine.now(); }

}  // namespace kefu::inline v0::sqlite
