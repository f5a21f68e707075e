// Lets a store live on a disk that fails, runs full, loses its power or loses the end of the WAL,
// again and again, and checks after each life that everything it had acknowledged is stored, once
// and in its place.
//
//   kefu-store-fault-loop [courses] [first seed]
//
// A course is a disk, eight lives of stores on it, and a seed, from which all of it follows.
#include <kefu/sqlite/store.hpp>

#include <cstdio>
#include <cstdlib>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/random.hpp>
#include <stdexcept>
#include <string>
#include <system_error>

#include "../../unit/sqlite/disk.hpp"
#include "fault_client.hpp"

namespace {

using namespace kefu;
using test::Disk;
using test::FaultClient;
using test::FaultCounts;

constexpr char kPath[] = "faulty.db";
constexpr char kWal[] = "faulty.db-wal";

enum class Ending : std::uint8_t {
  clean,
  io_error,    ///< one operation fails
  dead_disk,   ///< and all after it
  sync_error,  ///< one sync fails, and what it was to write may be lost
  no_space_once,
  no_space,  ///< until there is space again
  killed,
  power_cut,
  wal_cut,      ///< killed, and the WAL loses its end
  wal_damaged,  ///< killed, and a byte of the WAL is another
};
constexpr std::size_t kEndings = 10;
constexpr const char* kNames[kEndings] = {"clean",         "io error",   "dead disk", "sync error",
                                          "no space once", "no space",   "killed",    "power cut",
                                          "wal cut",       "wal damaged"};

struct Tally {
  FaultCounts counts;
  std::uint64_t lives[kEndings] = {};
  std::uint64_t met[kEndings] = {};  ///< the fault was
};

class Course {
 public:
  Course(std::uint64_t seed, Tally& tally)
      : random_(seed),
        tally_(tally),
        disk_(random_.next()),
        client_(random_.next(), tally.counts) {}

  /// How the life that was checked last has ended.
  [[nodiscard]] const char* ending() const { return kNames[static_cast<std::size_t>(ending_)]; }

  void run() {
    for (int life = 0; life < 8; ++life) {
      const auto ending = static_cast<Ending>(random_.below(kEndings));
      ending_ = ending;
      options_ = some_options(ending);
      ++tally_.lives[static_cast<std::size_t>(ending)];
      live(ending);
      end(ending);
      sqlite::Store store(kPath, clock_, options_);
      client_.check(store, !harms_wal(ending));
      const FaultCounts& counts = tally_.counts;
      if (counts.lost + counts.doubled + counts.wrong > 0)
        throw std::runtime_error("the store does not hold what it should");
    }
  }

 private:
  sqlite::Options some_options(Ending ending) {
    constexpr std::size_t kCheckpoints[] = {8, 200, 1'200, 100'000};
    constexpr std::size_t kWals[] = {32 * 1024, 256 * 1024, 16 * 1024 * 1024};
    sqlite::Options options;
    options.checkpoint_entries = kCheckpoints[random_.below(4)];
    options.wal_bytes = kWals[random_.below(3)];
    // What is copied into the file already must be whole in the WAL until that begins anew: SQLite
    // would lay its older pages over newer ones. So these find a WAL of which nothing is copied.
    if (harms_wal(ending)) options.wal_bytes = std::size_t{1} << 30;
    if (random_.chance(0.5)) options.cache_bytes = options.spill_bytes = 0;  // large commits spill
    return options;
  }

  /// Opens a store and keeps it busy until the fault has struck it, or a while longer.
  void live(Ending ending) {
    const int calls = static_cast<int>(random_.between(20, 200));
    const bool while_opening = random_.chance(0.1);
    if (while_opening) arm(ending, 20);
    try {
      sqlite::Store store(kPath, clock_, options_);
      if (!while_opening) arm(ending, static_cast<std::uint64_t>(calls) * 8);
      client_.run(store, calls);
      clock_.advance(std::chrono::seconds(1));
      if (ending == Ending::no_space) {
        disk_.set_capacity(SIZE_MAX);
        client_.run(store, 20);
      }
      if (loses_power(ending)) disk_.cut_power();
      if (ending == Ending::killed || harms_wal(ending)) disk_.fail(1, Disk::Fault::kill);
    } catch (const std::system_error&) {
      // It could not be opened; the next one can.
      if (!while_opening || !(disk_.struck() || ending == Ending::no_space)) throw;
    }
  }

  void arm(Ending ending, std::uint64_t operations) {
    const std::uint64_t n = random_.between(1, operations);
    switch (ending) {
      case Ending::io_error:
        return disk_.fail(n, Disk::Fault::error_once);
      case Ending::dead_disk:
        return disk_.fail(n, Disk::Fault::error_forever);
      case Ending::sync_error:
        return disk_.fail_sync(Disk::Fault::error_once, 1 + n / 16);
      case Ending::no_space_once:
        return disk_.fail(n, Disk::Fault::full_once);
      case Ending::no_space:
        return disk_.set_capacity(disk_.used() + n * 256);
      case Ending::killed:
        // Half of them between the writes of a commit and its end.
        return n % 2 ? disk_.fail(n, Disk::Fault::kill)
                     : disk_.fail_sync(Disk::Fault::kill, 1 + n / 16);
      case Ending::power_cut:
        return n % 2 ? disk_.fail(n, Disk::Fault::power_cut)
                     : disk_.fail_sync(Disk::Fault::power_cut, 1 + n / 16);
      default:
        return;
    }
  }

  static bool harms_wal(Ending ending) {
    return ending == Ending::wal_cut || ending == Ending::wal_damaged;
  }

  /// A store that has failed is ended by a power cut half of the time.
  bool loses_power(Ending ending) {
    switch (ending) {
      case Ending::power_cut:
        return true;
      case Ending::io_error:
      case Ending::sync_error:
      case Ending::no_space_once:
        return random_.chance(0.5);
      default:
        return false;
    }
  }

  void end(Ending ending) {
    tally_.met[static_cast<std::size_t>(ending)] += disk_.struck();
    disk_.repair();
    const std::size_t wal = disk_.size_of(kWal);
    if (wal == 0) return;
    if (ending == Ending::wal_cut) disk_.cut(kWal, random_.below(wal + 1));
    if (ending == Ending::wal_damaged) disk_.damage(kWal, random_.below(wal));
  }

  testing::Random random_;
  Tally& tally_;
  Disk disk_;
  FaultClient client_;
  testing::ManualClock clock_;
  sqlite::Options options_;
  Ending ending_ = Ending::clean;
};

void print(const Tally& tally) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  for (std::size_t i = 0; i < kEndings; ++i)
    std::printf("%-14s %6llu lives, met in %llu\n", kNames[i], number(tally.lives[i]),
                number(tally.met[i]));
  const FaultCounts& counts = tally.counts;
  std::printf(
      "%llu acknowledged, %llu stored without an acknowledgement, %llu calls refused, %llu went "
      "with "
      "a WAL's end\n%llu lost, %llu doubled, %llu wrong\n",
      number(counts.acknowledged), number(counts.unheard), number(counts.refused),
      number(counts.cut_off), number(counts.lost), number(counts.doubled), number(counts.wrong));
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t courses = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 200;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Tally tally;
  for (std::uint64_t seed = first; seed < first + courses; ++seed) {
    Course course(seed, tally);
    try {
      course.run();
      continue;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "seed %llu, after a life that ended with '%s': %s\n",
                   static_cast<unsigned long long>(seed), course.ending(), error.what());
    }
    print(tally);
    return 1;
  }
  print(tally);
  return 0;
}
