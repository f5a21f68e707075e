// memory::Files: files in this process's memory, for tests and trials. Nothing survives the
// process; within it, every promise of the port holds.
#pragma once

#include <kefu/clock.hpp>
#include <kefu/files.hpp>
#include <kefu/limits.hpp>
#include <memory>

namespace kefu::inline v0::memory {

/// Threading: as the port says. Completions are called inside the calls.
class Files final : public kefu::Files {
 public:
  /// `clock` must outlive the files.
  explicit Files(const Clock& clock, limits bounds = {});
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

}  // namespace kefu::inline v0::memory
