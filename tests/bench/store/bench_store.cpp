// What the SQLite store costs: beside the floor (bare SQLite that appends rows to one table), and
// at size.
//
//   kefu-bench-store rows FOLDER [--secs 2] [--repeats 3] [options]
//     rows a second, CPU a row, latency of a commit and the largest WAL, in turn with the floor
//   kefu-bench-store size FOLDER [--sessions 20000] [--messages 1000000] [options]
//     memory, opening after a kill, reading, and appends beside an erasure
//   kefu-bench-store scale FOLDER [--sessions 2000000] [options]
//     from 2,000 to so many sessions, two to a conversation: bytes a message, opening, and what
//     1,000 of them, spread over all, append
//
// Options of the store: --cache-mb, --wal-mb, --checkpoint-rows, --normal (synchronous NORMAL).
#include <kefu/sqlite/store.hpp>

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kefu;

struct Settings {
  std::string folder;
  double secs = 2;
  int repeats = 3;
  std::uint64_t sessions = 20'000;
  std::uint64_t messages = 1'000'000;
  sqlite::Options store;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// A line of /proc/self/status, in MB.
double memory_mb(const std::string& line) {
  std::ifstream status("/proc/self/status");
  for (std::string text; std::getline(status, text);) {
    if (text.starts_with(line)) return std::atof(text.c_str() + line.size() + 1) / 1024;
  }
  return 0;
}

void remove_database(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
}

double size_mb(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  return missing ? 0 : static_cast<double>(size) / 1e6;
}

struct Figures {
  double rows = 0;                   ///< a second
  double cpu = 0;                    ///< µs a row, of the whole process
  double p50 = 0, p99 = 0, max = 0;  ///< ms a batch
  double wal = 0;                    ///< MB, the largest
};

Figures figures(std::uint64_t rows, double seconds, double used, std::vector<double> latencies,
                double wal) {
  std::sort(latencies.begin(), latencies.end());
  const double count = static_cast<double>(rows);
  return {count / seconds,
          used / count * 1e6,
          latencies[latencies.size() / 2] * 1e3,
          latencies[latencies.size() * 99 / 100] * 1e3,
          latencies.back() * 1e3,
          wal};
}

// ---- the floor

void execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
  std::fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
  std::exit(1);
}

Figures run_floor(const Settings& settings, std::uint64_t at_once) {
  const std::string path = settings.folder + "/floor.db";
  remove_database(path);
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  execute(db, "PRAGMA journal_mode = WAL");
  execute(db, settings.store.synchronous == sqlite::Synchronous::full
                  ? "PRAGMA synchronous = FULL"
                  : "PRAGMA synchronous = NORMAL");
  execute(db,
          "CREATE TABLE messages(id INTEGER PRIMARY KEY, session INTEGER, seq INTEGER, sender "
          "INTEGER, at INTEGER, cseq INTEGER, body TEXT)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db,
                     "INSERT INTO messages(session, seq, sender, at, cseq, body) VALUES(?, ?, ?, "
                     "?, ?, ?)",
                     -1, &insert, nullptr);
  const std::string body(128, 'x');
  std::vector<double> latencies;
  std::int64_t n = 0;
  double wal = 0;
  const double used = cpu(), start = now();
  for (double begun = start; begun - start < settings.secs;) {
    execute(db, "BEGIN IMMEDIATE");
    for (std::uint64_t i = 0; i < at_once; ++i, ++n) {
      const std::int64_t values[] = {n % 1'000, n / 1'000, n & 1, 1'700'000'000'000 + n, n / 1'000};
      for (int column = 0; column < 5; ++column)
        sqlite3_bind_int64(insert, column + 1, values[column]);
      sqlite3_bind_text(insert, 6, body.data(), 128, SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    execute(db, "COMMIT");
    latencies.push_back(now() - begun);
    if (latencies.size() % 64 == 0) wal = std::max(wal, size_mb(path + "-wal"));
    begun = now();
  }
  const Figures out = figures(static_cast<std::uint64_t>(n), now() - start, cpu() - used,
                              std::move(latencies), wal);
  sqlite3_finalize(insert);
  sqlite3_close(db);
  remove_database(path);
  return out;
}

// ---- the store

/// Keeps batches in flight to a store: of many sessions in turn, two to a conversation.
class Feeder {
 public:
  /// Of sessions `first`, first + stride …, of which each has sent `sent` messages before.
  Feeder(Store& store, std::uint64_t sessions, std::uint64_t first = 1, std::uint64_t stride = 1,
         std::uint64_t sent = 0)
      : store_(store), first_(first), stride_(stride), sent_(sessions, sent) {}

  void attach_all() {
    std::promise<void> attached;
    for (std::uint64_t n = 0; n < sent_.size(); ++n) {
      store_.attach({{1, number(n)}, {name(n), Role::visitor}, 1, true},
                    [&attached, last = n + 1 == sent_.size()](AttachOutcome) {
                      if (last) attached.set_value();
                    });
    }
    attached.get_future().wait();
  }

  /// Until `enough` says so; answers how many rows.
  std::uint64_t feed(std::uint64_t at_once, std::size_t in_flight,
                     const std::function<bool(std::uint64_t)>& enough) {
    std::vector<std::unique_ptr<AppendBatch>> idle;
    for (std::size_t i = 0; i < in_flight; ++i) idle.push_back(std::make_unique<AppendBatch>());
    std::uint64_t rows = 0;
    std::unique_lock lock(mutex_);
    while (!enough(rows)) {
      came_back_.wait(lock, [&] { return !idle.empty(); });
      auto batch = std::move(idle.back());
      idle.pop_back();
      lock.unlock();
      fill(*batch, at_once);
      rows += at_once;
      store_.append(std::move(batch), [&, begun = now()](std::unique_ptr<AppendBatch> back) {
        for (const Outcome& outcome : back->outcomes()) {
          if (outcome.code != errc::ok) std::abort();
        }
        const std::scoped_lock relock(mutex_);
        latencies_.push_back(now() - begun);
        idle.push_back(std::move(back));
        came_back_.notify_one();
      });
      lock.lock();
    }
    came_back_.wait(lock, [&] { return idle.size() == in_flight; });
    return rows;
  }

  [[nodiscard]] std::vector<double> take_latencies() { return std::exchange(latencies_, {}); }

 private:
  [[nodiscard]] std::uint64_t number(std::uint64_t n) const { return first_ + n * stride_; }
  [[nodiscard]] std::string name(std::uint64_t n) const {
    return "participant-" + std::to_string(number(n));
  }

  void fill(AppendBatch& batch, std::uint64_t at_once) {
    batch.clear();
    for (std::uint64_t i = 0; i < at_once; ++i) {
      const std::uint64_t n = next_++ % sent_.size();
      const std::string from = name(n);
      Draft draft;
      draft.session = {1, number(n)};
      draft.epoch = 1;
      draft.conversation = {2, (number(n) + 1) / 2};
      draft.cseq = ++sent_[n];
      draft.digest = next_ * 0x9e37'79b9'7f4a'7c15u;
      draft.from = from;
      draft.kind = kind::kText;
      draft.body = body_;
      batch.add(draft);
    }
  }

  Store& store_;
  std::uint64_t first_;
  std::uint64_t stride_;
  std::vector<std::uint64_t> sent_;
  std::uint64_t next_ = 0;
  const std::string body_ = std::string(128, 'x');
  std::mutex mutex_;
  std::condition_variable came_back_;
  std::vector<double> latencies_;
};

Figures run_store(const Settings& settings, std::uint64_t at_once, std::size_t in_flight) {
  const std::string path = settings.folder + "/store.db";
  remove_database(path);
  Figures out;
  {
    sqlite::Store store(path, settings.store);
    Feeder feeder(store, 1'000);
    feeder.attach_all();
    double wal = 0;
    const double used = cpu(), start = now();
    const std::uint64_t rows = feeder.feed(at_once, in_flight, [&](std::uint64_t so_far) {
      if (so_far / at_once % 64 == 0) wal = std::max(wal, size_mb(path + "-wal"));
      return now() - start >= settings.secs;
    });
    out = figures(rows, now() - start, cpu() - used, feeder.take_latencies(), wal);
  }
  remove_database(path);
  return out;
}

void rows(const Settings& settings) {
  struct Case {
    const char* name;
    std::function<Figures(std::uint64_t)> run;
  };
  const Case cases[] = {
      {"floor", [&](std::uint64_t n) { return run_floor(settings, n); }},
      {"store, one in flight", [&](std::uint64_t n) { return run_store(settings, n, 1); }},
      {"store, two in flight", [&](std::uint64_t n) { return run_store(settings, n, 2); }}};
  std::printf("%5s  %-20s %9s %6s %8s %8s %8s %8s %7s\n", "batch", "medians", "rows/s", "ratio",
              "us CPU", "p50 ms", "p99 ms", "max ms", "WAL MB");
  for (const std::uint64_t at_once : {1u, 64u, 256u, 1'024u}) {
    std::vector<Figures> seen[std::size(cases)];
    for (int i = 0; i < settings.repeats; ++i) {
      for (std::size_t which = 0; which < std::size(cases); ++which)
        seen[which].push_back(cases[which].run(at_once));
    }
    double floor = 0;
    for (std::size_t which = 0; which < std::size(cases); ++which) {
      const auto median = [&](double Figures::*member) {
        std::vector<double> values;
        for (const Figures& each : seen[which]) values.push_back(each.*member);
        std::sort(values.begin(), values.end());
        return values[values.size() / 2];
      };
      if (which == 0) floor = median(&Figures::rows);
      std::printf("%5llu  %-20s %9.0f %6.2f %8.2f %8.2f %8.2f %8.2f %7.1f\n",
                  static_cast<unsigned long long>(at_once), cases[which].name,
                  median(&Figures::rows), median(&Figures::rows) / floor, median(&Figures::cpu),
                  median(&Figures::p50), median(&Figures::p99), median(&Figures::max),
                  median(&Figures::wal));
      std::fflush(stdout);
    }
  }
}

// ---- at size

/// Fills a store in a process that then dies, so that the next opening has everything to fold.
void fill_and_die(const Settings& settings, const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    sqlite::Store store(path, settings.store);
    Feeder feeder(store, settings.sessions);
    feeder.attach_all();
    const double attached = memory_mb("VmRSS");
    const double start = now(), used = cpu();
    const std::uint64_t rows =
        feeder.feed(256, 2, [&](std::uint64_t so_far) { return so_far >= settings.messages; });
    std::printf(
        "%llu sessions: %.1f MB; with %llu messages: %.1f MB, peak %.1f MB; %.1f s, %.2f us CPU a "
        "row\n",
        static_cast<unsigned long long>(settings.sessions), attached,
        static_cast<unsigned long long>(rows), memory_mb("VmRSS"), memory_mb("VmHWM"),
        now() - start, (cpu() - used) / static_cast<double>(rows) * 1e6);
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
}

void read_pages(Store& store, std::uint64_t conversations) {
  std::uint64_t entries = 0;
  const double start = now();
  for (std::uint64_t n = 1; n <= conversations; ++n) {
    std::promise<void> read;
    store.read({{2, n}, Log::public_log, 0, 128, 1 << 20}, [&](result<Page> page) {
      entries += (*page).entries.size();
      read.set_value();
    });
    read.get_future().wait();
  }
  std::printf("%llu pages: %.2f us an entry\n", static_cast<unsigned long long>(conversations),
              (now() - start) / static_cast<double>(entries) * 1e6);
}

/// Single rows from a session of its own, while another's messages are erased.
void append_beside_erasure(Store& store, std::uint64_t sessions) {
  Feeder feeder(store, 1, sessions + 1);
  feeder.attach_all();
  std::atomic<bool> erased{false};
  const double start = now();
  store.erase("participant-1", [&](result<std::uint64_t> bodies) {
    std::printf("erased %llu bodies: %.2f s\n", static_cast<unsigned long long>(*bodies),
                now() - start);
    erased = true;
  });
  const std::uint64_t rows = feeder.feed(1, 1, [&](std::uint64_t) { return erased.load(); });
  std::vector<double> latencies = feeder.take_latencies();
  std::sort(latencies.begin(), latencies.end());
  std::printf("meanwhile %llu appends: p50 %.1f ms, max %.1f ms\n",
              static_cast<unsigned long long>(rows), latencies[latencies.size() / 2] * 1e3,
              latencies.back() * 1e3);
}

void size(const Settings& settings) {
  const std::string path = settings.folder + "/size.db";
  remove_database(path);
  fill_and_die(settings, path);
  double start = now();
  auto store = std::make_unique<sqlite::Store>(path, settings.store);
  std::printf("opened after the kill: %.2f s, %.1f MB\n", now() - start, memory_mb("VmRSS"));
  start = now();
  store.reset();
  std::printf("closed: %.2f s\n", now() - start);
  start = now();
  store = std::make_unique<sqlite::Store>(path, settings.store);
  std::printf("opened after that: %.3f s\n", now() - start);
  read_pages(*store, std::min<std::uint64_t>(settings.sessions / 2, 1'000));
  append_beside_erasure(*store, settings.sessions);
  store.reset();
  remove_database(path);
}

// ---- at growing sizes

/// One line of the table, for a store of so many sessions that have sent one message each.
void scale_to(Settings settings, std::uint64_t sessions) {
  const std::string path = settings.folder + "/scale.db";
  remove_database(path);
  settings.sessions = settings.messages = sessions;
  const pid_t child = fork();
  if (child == 0) {
    sqlite::Store store(path, settings.store);
    Feeder feeder(store, sessions);
    feeder.attach_all();
    feeder.feed(250, 2, [&](std::uint64_t so_far) { return so_far >= sessions; });
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  double start = now();
  auto store = std::make_unique<sqlite::Store>(path, settings.store);
  const double killed = now() - start;
  store.reset();
  const double megabytes = size_mb(path);
  start = now();
  store = std::make_unique<sqlite::Store>(path, settings.store);
  const double closed = now() - start;
  const std::uint64_t active = std::min<std::uint64_t>(sessions, 1'000);
  Feeder feeder(*store, active, 1, sessions / active, 1);
  const double used = cpu();
  start = now();
  const std::uint64_t rows =
      feeder.feed(64, 2, [&](std::uint64_t) { return now() - start >= settings.secs; });
  const Figures out = figures(rows, now() - start, cpu() - used, feeder.take_latencies(), 0);
  std::printf("%13llu %9.0f %10.2f %10.3f %9.0f %8.2f %8.2f %8.2f %7.1f\n",
              static_cast<unsigned long long>(sessions / 2),
              megabytes * 1e6 / static_cast<double>(sessions), killed, closed, out.rows, out.cpu,
              out.p50, out.p99, memory_mb("VmRSS"));
  std::fflush(stdout);
  store.reset();
  remove_database(path);
}

void scale(const Settings& settings) {
  std::printf("%13s %9s %10s %10s %9s %8s %8s %8s %7s\n", "conversations", "B/message", "killed, s",
              "closed, s", "rows/s", "us CPU", "p50 ms", "p99 ms", "RSS MB");
  for (std::uint64_t sessions = 2'000; sessions <= settings.sessions; sessions *= 10)
    scale_to(settings, sessions);
}

[[noreturn]] void usage() {
  std::fprintf(stderr, "usage: see the head of bench_store.cpp\n");
  std::exit(2);
}

Settings parse(int argc, char** argv) {
  if (argc < 3) usage();
  Settings settings;
  settings.folder = argv[2];
  for (int i = 3; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--normal") {
      settings.store.synchronous = sqlite::Synchronous::normal;
      continue;
    }
    if (++i == argc) usage();
    const double value = std::atof(argv[i]);
    const auto count = static_cast<std::size_t>(value);
    if (option == "--secs") {
      settings.secs = value;
    } else if (option == "--repeats") {
      settings.repeats = static_cast<int>(value);
    } else if (option == "--sessions") {
      settings.sessions = count;
    } else if (option == "--messages") {
      settings.messages = count;
    } else if (option == "--cache-mb") {
      settings.store.cache_bytes = count * 1024 * 1024;
    } else if (option == "--wal-mb") {
      settings.store.wal_bytes = count * 1024 * 1024;
    } else if (option == "--checkpoint-rows") {
      settings.store.checkpoint_entries = count;
    } else {
      usage();
    }
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  const std::string mode = argv[1];
  if (mode == "rows") {
    rows(settings);
  } else if (mode == "size") {
    size(settings);
  } else if (mode == "scale") {
    scale(settings);
  } else {
    usage();
  }
}
