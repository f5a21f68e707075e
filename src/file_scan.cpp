#include <kefu/file_scan.hpp>

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

namespace kefu::inline v0 {

/// The files that wait for their verdicts. All of it happens on the executor; what comes from
/// elsewhere is posted there, and dropped if this has gone meanwhile.
class ScannedFiles::Scans final {
 public:
  Scans(Files& files, FileScanner& scanner, Executor& executor, const limits& bounds)
      : files_{files}, scanner_{scanner}, executor_{executor}, bounds_{bounds} {}

  /// Goes into completions, which may come after all else has gone.
  class Watch {
   public:
    explicit Watch(const Scans& scans) : executor_{scans.executor_}, scans_{scans.self_} {}

    /// Begins a scan where one is due, and says what the file's verdict is meanwhile.
    void see(FileInfo& info) const {
      if (info.verdict != FileVerdict::none) return;
      info.verdict = FileVerdict::pending;
      executor_.post([scans = scans_, id = info.id] {
        if (const auto self = scans.lock()) self->begin(id);
      });
    }

   private:
    Executor& executor_;
    std::weak_ptr<Scans> scans_;
  };

  [[nodiscard]] std::weak_ptr<Scans> weak() const { return self_; }

  /// On the executor. While a scan is under way no other file may come in the place of the one that
  /// it is of: it would be judged by what is not in it.
  void create(FileInfo info, Completion<result<FileStatus>> done) {
    auto told = [watch = Watch{*this}, done = std::move(done)](result<FileStatus> known) mutable {
      if (known && known->state != FileState::growing) watch.see(known->info);
      done(std::move(known));
    };
    const FileId id = info.id;
    if (!waiting_.contains(id)) return files_.create(std::move(info), std::move(told));
    files_.status(
        id, [info = std::move(info), told = std::move(told)](result<FileStatus> known) mutable {
          if (known && !known->info.announces(info)) return told(errc::conflict);
          if (!known && known.error() == errc::not_found) return told(errc::unavailable);
          told(std::move(known));
        });
  }

 private:
  struct Waiting {
    std::uint64_t number = 0;  ///< tells it from an earlier scan of the same file
    Instant deadline;
    bool decided = false;  ///< its verdict is being stored
  };
  struct Turn {
    FileId id;
    std::uint64_t number;
  };

  void begin(FileId id) {
    const auto [at, fresh] = waiting_.try_emplace(id);
    if (!fresh) return;
    const Turn turn{id, ++count_};
    at->second.number = turn.number;
    at->second.deadline = executor_.now() + bounds_.scan_deadline;
    executor_.post_at(at->second.deadline, [scans = std::weak_ptr{self_}, turn] {
      if (const auto self = scans.lock()) self->decide(turn, self->declared());
    });
    queue_.push_back(turn);
    go_on();
  }

  [[nodiscard]] Waiting* find(const Turn& turn) {
    const auto at = waiting_.find(turn.id);
    return at == waiting_.end() || at->second.number != turn.number ? nullptr : &at->second;
  }
  [[nodiscard]] Waiting* find_undecided(const Turn& turn) {
    Waiting* const waiting = find(turn);
    return waiting && !waiting->decided ? waiting : nullptr;
  }

  /// Calls `next` on the executor with what comes.
  template <class T, class Next>
  Completion<T> then(Next next) {
    return [scans = std::weak_ptr{self_}, &executor = executor_,
            next = std::move(next)](T came) mutable {
      executor.post(
          [scans = std::move(scans), next = std::move(next), came = std::move(came)]() mutable {
            if (scans.lock()) next(std::move(came));
          });
    };
  }

  void go_on() {
    while (running_ < bounds_.scans && !queue_.empty()) {
      const Turn turn = queue_.front();
      queue_.pop_front();
      if (!find_undecided(turn)) continue;
      ++running_;
      files_.status(turn.id, then<result<FileStatus>>([this, turn](result<FileStatus> known) {
                      // It may have been removed, or judged while this one was asked for.
                      if (!known || known->info.verdict != FileVerdict::none) return drop(turn);
                      open(turn, std::move(known->info));
                    }));
    }
  }

  void open(const Turn& turn, FileInfo info) {
    using Source = result<std::unique_ptr<FileSource>>;
    files_.open(turn.id, then<Source>([this, turn, info = std::move(info)](Source source) {
                  const Waiting* const waiting = find_undecided(turn);
                  if (!source || !waiting) return drop(turn);
                  scanner_.scan(info, *std::move(source), waiting->deadline,
                                then<result<FileVerdict>>([this, turn](result<FileVerdict> said) {
                                  answered(turn, said);
                                }));
                }));
  }

  void answered(const Turn& turn, const result<FileVerdict>& said) {
    --running_;
    const bool judged = said && (*said == FileVerdict::clean || *said == FileVerdict::refused);
    decide(turn, judged ? *said : declared());
    go_on();
  }

  void decide(const Turn& turn, FileVerdict verdict) {
    Waiting* const waiting = find_undecided(turn);
    if (!waiting) return;
    waiting->decided = true;
    // If it can't be stored, whoever asks about the file next has it judged again.
    files_.judged(turn.id, verdict, then<result<FileInfo>>([this, turn](const result<FileInfo>&) {
                    if (find(turn)) waiting_.erase(turn.id);
                  }));
  }

  /// It can't be scanned, or needn't be.
  void drop(const Turn& turn) {
    --running_;
    if (find_undecided(turn)) waiting_.erase(turn.id);
    go_on();
  }

  [[nodiscard]] FileVerdict declared() const {
    return scanner_.on_timeout() == OnTimeout::allow ? FileVerdict::clean : FileVerdict::refused;
  }

  Files& files_;
  FileScanner& scanner_;
  Executor& executor_;
  const limits bounds_;
  std::unordered_map<FileId, Waiting> waiting_;
  std::deque<Turn> queue_;   ///< of those, the ones that the scanner was not asked about yet
  std::size_t running_ = 0;  ///< those that it has not answered
  std::uint64_t count_ = 0;
  std::shared_ptr<Scans> self_{this, [](Scans*) {}};  ///< owns nothing: tells whether this is there
};

ScannedFiles::ScannedFiles(Files& files, FileScanner& scanner, Executor& executor,
                           const limits& bounds)
    : files_{files},
      executor_{executor},
      scans_{std::make_unique<Scans>(files, scanner, executor, bounds)} {}

ScannedFiles::~ScannedFiles() = default;

void ScannedFiles::create(FileInfo info, Completion<result<FileStatus>> done) {
  executor_.post(
      [scans = scans_->weak(), info = std::move(info), done = std::move(done)]() mutable {
        const auto self = scans.lock();
        if (!self) return done(errc::shutting_down);
        self->create(std::move(info), std::move(done));
      });
}

void ScannedFiles::status(FileId id, Completion<result<FileStatus>> done) {
  files_.status(id, [watch = Scans::Watch{*scans_},
                     done = std::move(done)](result<FileStatus> known) mutable {
    if (known && known->state != FileState::growing) watch.see(known->info);
    done(std::move(known));
  });
}

void ScannedFiles::resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) {
  files_.resume(id, std::move(done));
}

void ScannedFiles::commit(FileId id, Completion<result<FileInfo>> done) {
  files_.commit(id, [watch = Scans::Watch{*scans_},
                     done = std::move(done)](result<FileInfo> committed) mutable {
    if (committed) watch.see(*committed);
    done(std::move(committed));
  });
}

void ScannedFiles::open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) {
  status(id, [&files = files_, id, done = std::move(done)](result<FileStatus> known) mutable {
    if (!known) return done(known.error());
    if (known->info.verdict == FileVerdict::pending) return done(errc::unavailable);
    if (known->info.verdict == FileVerdict::refused) return done(errc::denied);
    files.open(id, std::move(done));  // growing ones are not there, for it
  });
}

void ScannedFiles::keep(FileId id, Completion<result<FileInfo>> done) {
  files_.keep(
      id, [watch = Scans::Watch{*scans_}, done = std::move(done)](result<FileInfo> kept) mutable {
        if (kept) watch.see(*kept);
        done(std::move(kept));
      });
}

void ScannedFiles::judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) {
  files_.judged(id, verdict, std::move(done));
}

void ScannedFiles::remove(FileId id, Completion<errc> done) { files_.remove(id, std::move(done)); }

void ScannedFiles::collect(Completion<result<std::size_t>> done) {
  files_.collect(std::move(done));
}

}  // namespace kefu::inline v0
