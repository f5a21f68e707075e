// Folder: what lies on the disk. Each file has a few lines in about/, written before it begins, and
// its bytes in one of three folders, which is its state: a rename moves it on, so there is no
// moment between.
#pragma once

#include <cstdint>
#include <filesystem>
#include <kefu/model/file.hpp>
#include <kefu/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.hpp"

namespace kefu::inline v0::disk {

/// The time by which its age counts.
[[nodiscard]] bool stamp(int file, Timestamp at) noexcept;

/// Threading: any thread; of one file, one at a time.
class Folder {
 public:
  /// Throws as the constructor of disk::Files.
  explicit Folder(const std::filesystem::path& path);

  struct Found {
    FileInfo info;
    FileState state = FileState::growing;
    std::uint64_t size = 0;  ///< of what is there
    Timestamp touched;
  };
  /// Everything that is there. What a crash left of beginnings is cleared away. Throws
  /// std::system_error when something can't be read: what is unknown must not be taken for absent.
  [[nodiscard]] std::vector<Found> find_all();
  /// errc::store_failed when it can't be read whether the file is there.
  [[nodiscard]] result<std::optional<Found>> find(FileId id) const;

  /// Whether the machine has started anew since note_boot(), so that unsynced bytes may be lost.
  [[nodiscard]] bool restarted() const;
  [[nodiscard]] bool note_boot();

  // Each answers whether it was done, durably; errno says why not.
  [[nodiscard]] bool write_info(const FileInfo& info);
  /// Makes an empty upload, with room for `size` bytes.
  [[nodiscard]] bool make(FileId id, std::uint64_t size, Timestamp now);
  [[nodiscard]] bool move(FileId id, FileState from, FileState to);
  [[nodiscard]] bool remove(FileId id);
  /// What write_info() and make() of a new upload have left.
  void discard(FileId id);

  /// Empty when it can't be opened.
  [[nodiscard]] Descriptor open(FileId id, FileState state, bool writable) const;

 private:
  [[nodiscard]] const Descriptor& folder_of(FileState state) const;
  [[nodiscard]] bool write_small(const Descriptor& in, const std::string& name,
                                 const std::string& text);

  Descriptor root_, about_, growing_, committed_, kept_;
  Descriptor lock_;
};

}  // namespace kefu::inline v0::disk
