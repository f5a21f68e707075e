#include "disk.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace kefu::test {
namespace {

struct Handle {
  sqlite3_file base;
  Disk* disk;
  std::shared_ptr<Disk::File> file;
};

Handle& handle(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
Disk& disk(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  handle(file).file.~shared_ptr();
  return SQLITE_OK;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return handle(file).disk->read(*handle(file).file, to, static_cast<std::size_t>(size),
                                 static_cast<std::size_t>(offset));
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  return handle(file).disk->write(*handle(file).file, from, static_cast<std::size_t>(size),
                                  static_cast<std::size_t>(offset));
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return handle(file).disk->truncate(*handle(file).file, static_cast<std::size_t>(size));
}
int sync_file(sqlite3_file* file, int) { return handle(file).disk->sync(*handle(file).file); }
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(handle(file).disk->size(*handle(file).file));
  return SQLITE_OK;
}
int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_lock(sqlite3_file*, int* locked) {
  *locked = 0;
  return SQLITE_OK;
}
int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// Version 1: without shared memory. A store that did not open its file for itself alone could not
// use the WAL here.
const sqlite3_io_methods kMethods = {
    1,         close_file, read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, lock_file,  check_lock, control_file, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,    nullptr,    nullptr,      nullptr};

int open_vfs(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  auto opened =
      name ? disk(vfs).open(name, flags & SQLITE_OPEN_CREATE) : std::make_shared<Disk::File>();
  if (!opened) return SQLITE_CANTOPEN;
  new (&handle(file).file) std::shared_ptr<Disk::File>(std::move(opened));
  handle(file).disk = &disk(vfs);
  file->pMethods = &kMethods;
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}
int remove_vfs(sqlite3_vfs* vfs, const char* name, int) { return disk(vfs).remove(name); }
int access_vfs(sqlite3_vfs* vfs, const char* name, int, int* out) {
  *out = disk(vfs).exists(name);
  return SQLITE_OK;
}
int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

}  // namespace

Disk::Disk(std::uint64_t seed) : random_(seed), before_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *before_;  // randomness, sleep and time stay
  vfs_.iVersion = 1;
  vfs_.szOsFile = sizeof(Handle);
  vfs_.pNext = nullptr;
  vfs_.zName = "kefu-test-disk";
  vfs_.pAppData = this;
  vfs_.xOpen = open_vfs;
  vfs_.xDelete = remove_vfs;
  vfs_.xAccess = access_vfs;
  vfs_.xFullPathname = full_path;
  sqlite3_vfs_register(&vfs_, 1);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(before_, 1);
}

void Disk::fail(std::uint64_t n, Fault fault) {
  const std::scoped_lock lock(mutex_);
  countdown_ = n;
  fault_ = fault;
  only_syncs_ = struck_ = false;
}

void Disk::fail_sync(Fault fault, std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  countdown_ = n;
  fault_ = fault;
  only_syncs_ = true;
  struck_ = false;
}

bool Disk::struck() {
  const std::scoped_lock lock(mutex_);
  return struck_;
}

void Disk::cut_power() {
  const std::scoped_lock lock(mutex_);
  lose_power();
}

void Disk::repair() {
  const std::scoped_lock lock(mutex_);
  fault_ = Fault::none;
  struck_ = dead_ = false;
  capacity_ = SIZE_MAX;
}

void Disk::cut(const std::string& path, std::size_t size) {
  const std::scoped_lock lock(mutex_);
  File& file = *files_.at(path);
  file.now.resize(std::min(size, file.now.size()));
  file.synced = file.now;
  file.unsynced.clear();
}

void Disk::damage(const std::string& path, std::size_t offset) {
  const std::scoped_lock lock(mutex_);
  File& file = *files_.at(path);
  file.now.at(offset) = static_cast<char>(~file.now[offset]);
  file.synced = file.now;
  file.unsynced.clear();
}

std::size_t Disk::size_of(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second->now.size();
}

void Disk::clear() {
  const std::scoped_lock lock(mutex_);
  files_.clear();
}

void Disk::set_capacity(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  capacity_ = bytes;
}

std::size_t Disk::used() {
  const std::scoped_lock lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [path, file] : files_) sum += file->now.size();
  return sum;
}

bool Disk::holds(std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  return std::any_of(files_.begin(), files_.end(), [&](const auto& item) {
    return item.second->now.find(bytes) != std::string::npos;
  });
}

std::shared_ptr<Disk::File> Disk::open(const std::string& path, bool create) {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  if (!create || dead_) return nullptr;
  return files_[path] = std::make_shared<File>();
}

int Disk::read(File& file, void* to, std::size_t size, std::size_t offset) {
  const std::scoped_lock lock(mutex_);
  if (dead_) return SQLITE_IOERR_READ;
  const std::size_t there = offset < file.now.size() ? std::min(size, file.now.size() - offset) : 0;
  if (there) std::memcpy(to, file.now.data() + offset, there);
  if (there == size) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, size - there);
  return SQLITE_IOERR_SHORT_READ;
}

int Disk::write(File& file, const void* from, std::size_t size, std::size_t offset) {
  const std::scoped_lock lock(mutex_);
  int code = next_operation(Operation::write);
  std::size_t grown = offset + size > file.now.size() ? offset + size - file.now.size() : 0;
  for (const auto& [path, each] : files_) grown += each->now.size();
  if (code == SQLITE_OK && grown > capacity_) code = SQLITE_FULL;
  if (dead_) return code;
  // What fails may have happened in part.
  const std::size_t part = code == SQLITE_OK ? size : random_() % (size + 1);
  File::Write write{offset, std::string(static_cast<const char*>(from), part), false};
  apply(write, file.now);
  file.unsynced.push_back(std::move(write));
  return code;
}

int Disk::truncate(File& file, std::size_t size) {
  const std::scoped_lock lock(mutex_);
  if (const int code = next_operation(Operation::other); code != SQLITE_OK) return code;
  File::Write write{size, {}, true};
  apply(write, file.now);
  file.unsynced.push_back(std::move(write));
  return SQLITE_OK;
}

int Disk::sync(File& file) {
  const std::scoped_lock lock(mutex_);
  const int code = next_operation(Operation::sync);
  if (code != SQLITE_OK) {
    if (!dead_ && random_() % 2) file.unsynced.clear();
    return SQLITE_IOERR_FSYNC;
  }
  for (const File::Write& write : file.unsynced) apply(write, file.synced);
  file.unsynced.clear();
  return SQLITE_OK;
}

int Disk::remove(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (const int code = next_operation(Operation::other); code != SQLITE_OK)
    return SQLITE_IOERR_DELETE;
  return files_.erase(path) ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

std::size_t Disk::size(File& file) {
  const std::scoped_lock lock(mutex_);
  return file.now.size();
}

bool Disk::exists(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  return files_.count(path) != 0;
}

int Disk::next_operation(Operation operation) {
  if (dead_) return SQLITE_IOERR_WRITE;
  if (fault_ == Fault::none) return SQLITE_OK;
  if (struck_) return fault_ == Fault::error_forever ? SQLITE_IOERR_WRITE : SQLITE_OK;
  if (only_syncs_ && operation != Operation::sync) return SQLITE_OK;
  if (--countdown_ > 0) return SQLITE_OK;
  struck_ = true;
  if (fault_ == Fault::power_cut) lose_power();
  if (fault_ == Fault::kill) dead_ = true;
  return fault_ == Fault::full_once && operation == Operation::write ? SQLITE_FULL
                                                                     : SQLITE_IOERR_WRITE;
}

void Disk::lose_power() {
  dead_ = true;
  constexpr std::size_t kSector = 512;
  for (const auto& [path, file] : files_) {
    file->now = file->synced;
    for (const File::Write& write : file->unsynced) {
      if (write.truncates) {
        if (random_() % 2) apply(write, file->now);
        continue;
      }
      for (std::size_t at = 0; at < write.bytes.size(); at += kSector) {
        if (random_() % 2)
          apply({write.offset + at, write.bytes.substr(at, kSector), false}, file->now);
      }
    }
    file->synced = file->now;
    file->unsynced.clear();
  }
}

void Disk::apply(const File::Write& write, std::string& to) {
  if (write.truncates) return to.resize(std::min(write.offset, to.size()));
  if (to.size() < write.offset + write.bytes.size()) to.resize(write.offset + write.bytes.size());
  to.replace(write.offset, write.bytes.size(), write.bytes);
}

}  // namespace kefu::test
