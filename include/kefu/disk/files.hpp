// disk::Files: files in a folder of this machine, one for each, named by its id.
//
// The folder belongs to one process at a time. What is in it says everything: after kill -9 it is
// read again, so a start takes a look at every file's few lines. Nothing else is lost but, after
// power loss, what unfinished uploads had got: they begin anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <kefu/clock.hpp>
#include <kefu/files.hpp>
#include <kefu/limits.hpp>
#include <memory>

namespace kefu::inline v0::disk {

/// When FileInfo::sha256 is made.
enum class DigestWhen : std::uint8_t {
  never,
  on_commit,  ///< from the disk, behind the commit, which does not wait for it
  streaming,  ///< from what is written; the commit has it. Sinks then have no descriptor
};

/// What Files are made with.
struct FilesOptions {
  kefu::limits limits = {};
  DigestWhen digest = DigestWhen::on_commit;
  const Clock* clock = nullptr;  ///< for expiry; null: the machine's. Outlives the files

  /// Bytes of an upload that are sent to the disk together, as it goes on. A sink waits when it is
  /// two such pieces ahead of the disk: others who need it, as every commit of messages does, find
  /// no long queue there. 0: when the kernel likes.
  std::uint64_t write_behind = 1024 * 1024;

  /// Bytes of an upload that stay in the system's cache once they are on the disk: the last ones.
  /// So a large file does not drive out what is read often, such as the database, and whoever
  /// fetches a small one soon finds it there. Without write_behind the kernel decides.
  std::uint64_t cached = 64 * 1024 * 1024;
};

/// Threading: as the port says. Completions come from threads of its own, and hold up the files
/// that are asked for after them.
class Files final : public kefu::Files {
 public:
  /// Makes the folder when it is missing. Throws std::system_error when it can't be used, and
  /// std::runtime_error when another process has it.
  explicit Files(std::filesystem::path folder, FilesOptions options = {});
  ~Files() override;

  void create(FileInfo info, Completion<result<FileStatus>> done) override;
  void status(FileId id, Completion<result<FileStatus>> done) override;
  void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) override;
  void commit(FileId id, Completion<result<FileInfo>> done) override;
  void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) override;
  void keep(FileId id, Completion<result<FileInfo>> done) override;
  void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) override;
  void remove(FileId id, Completion<errc> done) override;
  void collect(Completion<result<std::size_t>> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::disk
