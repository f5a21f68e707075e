#include "sqlite/backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "descriptor.hpp"

namespace kefu::inline v0::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kSlice = 256;  // pages: a megabyte, or about as long as a commit

errc code_of(int sqlite) {
  switch (sqlite & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
      return errc::ok;
    case SQLITE_FULL:
      return errc::store_full;
    case SQLITE_NOMEM:
      return errc::unavailable;
    default:
      return errc::store_failed;
  }
}

/// A new name is on disk when its folder is.
errc sync_folder(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened && ::fsync(opened.get()) == 0 ? errc::ok : errc::store_failed;
}

}  // namespace

Backup::Backup(sqlite3* from, std::string path)
    : from_(from), path_(std::move(path)), partial_(path_ + ".partial") {}

Backup::~Backup() {
  close();
  std::error_code ignored;
  if (mine_) fs::remove(partial_, ignored);
}

bool Backup::step(errc& code) {
  code = backup_ ? errc::ok : open();
  if (code != errc::ok) return true;
  const int stepped = sqlite3_backup_step(backup_, kSlice);
  code = code_of(stepped);
  if (stepped == SQLITE_OK) return false;
  if (code == errc::ok) code = publish();
  return true;
}

errc Backup::open() {
  std::error_code error;
  if (fs::exists(path_, error)) return errc::conflict;
  // It is made here, for its owner alone: what is in it are messages.
  if (!Descriptor{
          ::open(partial_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)})
    return errc::store_failed;
  mine_ = true;
  const int opened = sqlite3_open_v2(partial_.c_str(), &copy_,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (opened != SQLITE_OK) return code_of(opened);
  backup_ = sqlite3_backup_init(copy_, "main", from_, "main");
  return backup_ ? errc::ok : code_of(sqlite3_errcode(copy_));
}

errc Backup::publish() {
  const int finished = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (finished != SQLITE_OK) return code_of(finished);
  close();
  std::error_code error;
  fs::rename(partial_, path_, error);
  if (error) return errc::store_failed;
  mine_ = false;
  return sync_folder(path_);
}

void Backup::close() noexcept {
  sqlite3_backup_finish(std::exchange(backup_, nullptr));
  sqlite3_close(std::exchange(copy_, nullptr));
}

}  // namespace kefu::inline v0::sqlite
