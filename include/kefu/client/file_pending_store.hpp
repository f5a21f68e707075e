// FilePendingStore: pending sends in a file.
//
// The file is a journal: each save() appends what has changed, with a checksum, and waits until the
// disk has it. A record that a crash has cut off is dropped when the file is opened again. When the
// journal has grown far beyond what it says, it is written anew beside the old one and put in its
// place by a rename.
#pragma once

#include <cstddef>
#include <filesystem>
#include <kefu/client/pending_store.hpp>
#include <memory>

namespace kefu::inline v0::client {

/// How safe a FilePendingStore is.
struct FilePendingStoreOptions {
  std::size_t compact_bytes = 256 * 1024;  ///< a journal below this is never rewritten
  bool sync = true;  ///< false: save() does not wait for the disk. Survives kill -9, not power loss
};

class FilePendingStore final : public PendingStore {
 public:
  /// Opens the file, or makes it; its folder must exist. Throws std::system_error: with
  /// errc::store_locked when another process (or object) has it open, errc::corrupt when it is not
  /// such a file or damaged before its last record, errc::store_version when a newer kefu wrote it,
  /// else what the system says.
  explicit FilePendingStore(std::filesystem::path path, FilePendingStoreOptions options = {});
  ~FilePendingStore() override;
  FilePendingStore(const FilePendingStore&) = delete;
  FilePendingStore& operator=(const FilePendingStore&) = delete;

  [[nodiscard]] core::ClientState load() override;
  [[nodiscard]] errc save(const core::ClientState& state) override;

  /// Bytes of the journal now.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::client
