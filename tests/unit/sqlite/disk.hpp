// Disk: an SQLite VFS in memory that can fail any operation, run full, and lose its power. What was
// not synced may then be lost, in any part; and what a failed sync was to write may be lost even if
// a later one succeeds, as with a kernel that tells of such an error once.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace kefu::test {

/// While one of these lives it is SQLite's default VFS. Files are kept by path. Threading: any.
class Disk {
 public:
  enum class Fault : std::uint8_t {
    none,
    error_once,     ///< one operation fails with an I/O error; a write may have happened in part
    error_forever,  ///< and all after it
    full_once,      ///< one write finds no space (another operation: an I/O error)
    power_cut,      ///< from this operation on everything fails, and is gone when power comes back
    kill,           ///< from this operation on nothing happens, but what was written before stays
  };

  explicit Disk(std::uint64_t seed = 1);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// Lets the n-th changing operation from now on fail (write, sync, truncate, delete); n from 1.
  void fail(std::uint64_t n, Fault fault);
  /// Lets the n-th sync from now on fail; n from 1.
  void fail_sync(Fault fault, std::uint64_t n = 1);
  /// True when the fault has struck.
  [[nodiscard]] bool struck();
  /// From now on everything fails; what was not synced may be lost.
  void cut_power();
  /// Power and health come back: no faults from here on.
  void repair();
  /// Shortens a file, or overwrites a byte of it, behind everybody's back.
  void cut(const std::string& path, std::size_t size);
  void damage(const std::string& path, std::size_t offset);
  /// 0 for one that is not there.
  [[nodiscard]] std::size_t size_of(const std::string& path);
  /// Forgets all files; none may be open.
  void clear();
  /// Writes that make the files together larger than this find no space.
  void set_capacity(std::size_t bytes);
  [[nodiscard]] std::size_t used();
  /// True when any file holds these bytes.
  [[nodiscard]] bool holds(std::string_view bytes);

  // For the VFS's functions.
  struct File {
    std::string now;     ///< what a read sees
    std::string synced;  ///< what power loss leaves at least
    struct Write {
      std::size_t offset;
      std::string bytes;
      bool truncates;  ///< to `offset`
    };
    std::vector<Write> unsynced;
  };
  std::shared_ptr<File> open(const std::string& path, bool create);
  int read(File& file, void* to, std::size_t size, std::size_t offset);
  int write(File& file, const void* from, std::size_t size, std::size_t offset);
  int truncate(File& file, std::size_t size);
  int sync(File& file);
  int remove(const std::string& path);
  std::size_t size(File& file);
  bool exists(const std::string& path);

 private:
  enum class Operation : std::uint8_t { write, sync, other };
  int next_operation(Operation operation);
  void lose_power();
  static void apply(const File::Write& write, std::string& to);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::mt19937_64 random_;
  std::uint64_t countdown_ = 0;
  Fault fault_ = Fault::none;
  bool only_syncs_ = false;  ///< count
  bool struck_ = false;
  bool dead_ = false;
  std::size_t capacity_ = SIZE_MAX;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* before_ = nullptr;
};

}  // namespace kefu::test
