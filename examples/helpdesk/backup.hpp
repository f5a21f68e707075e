// helpdesk backup FILE: copies the database of a helpdesk, which may be running.
#pragma once

#include <kefu/sqlite/store.hpp>

#include <filesystem>
#include <thread>

namespace helpdesk {

/// Lets `helpdesk backup` in: a socket in the data folder, for its owner alone. A running store is
/// no other process's to open, so it makes the copy itself.
class BackupDoor {
 public:
  /// Throws std::system_error. The store outlives it.
  BackupDoor(const std::filesystem::path& data, kefu::sqlite::Store& store);
  ~BackupDoor();
  BackupDoor(const BackupDoor&) = delete;
  BackupDoor& operator=(const BackupDoor&) = delete;

 private:
  void serve();

  std::filesystem::path path_;
  kefu::sqlite::Store& store_;
  int listener_;
  std::thread thread_;
};

/// What main() returns for the arguments from "backup" on, of which those behind FILE are as for a
/// start (--config, --data): 0 when the copy is there, 1 when it is not and standard error says
/// why, 2 when there is no FILE.
int backup(int argc, char** argv);

}  // namespace helpdesk
