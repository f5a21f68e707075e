// What the checks of files are written with.
#pragma once

#include <kefu/testing/files_conformance.hpp>
#include <string>
#include <utility>

#include "testing/expect.hpp"
#include "testing/store_rig.hpp"

namespace kefu::inline v0::testing {

/// Of file n in conversation 1.
[[nodiscard]] FileInfo announced(std::uint64_t n, std::uint64_t size, std::string owner = "ann");

class FilesRig {
 public:
  FilesRig(FilesFactory& factory, bool restarting, const limits& bounds = {})
      : factory_{factory}, bounds_{bounds}, restarting_{restarting}, files_{factory.open(bounds)} {}

  /// Starts anew, empty, under these limits.
  void bound(const limits& bounds) {
    files_.reset();
    bounds_ = bounds;
    files_ = factory_.open(bounds);
  }
  void advance(Nanoseconds by) { factory_.advance(by); }
  [[nodiscard]] const limits& bounds() const { return bounds_; }

  result<FileStatus> create(FileInfo info);
  errc status_error(FileId id);
  FileStatus status(FileId id, int line = __builtin_LINE());
  result<std::unique_ptr<FileSink>> resume(FileId id);
  /// Appends in a sink of its own, and expects it to work.
  void append(FileId id, std::string_view text, int line = __builtin_LINE());
  result<FileInfo> commit(FileId id);
  result<FileInfo> keep(FileId id);
  result<FileInfo> judged(FileId id, FileVerdict verdict);
  errc remove(FileId id);
  std::size_t collect(int line = __builtin_LINE());
  result<std::unique_ptr<FileSource>> open(FileId id);
  /// All of a committed file.
  std::string content(FileId id, int line = __builtin_LINE());
  /// A whole one, committed.
  FileInfo put(std::uint64_t n, std::string_view text, int line = __builtin_LINE());

 private:
  friend class Together;

  template <class T, class Call>
  T ask(Call call) {
    Answer<T> answer;
    call(*files_, answer.completion());
    return answer.wait();
  }
  void restart();

  FilesFactory& factory_;
  limits bounds_;
  bool restarting_;
  std::unique_ptr<Files> files_;
};

/// While it is there nothing restarts: for what happens while a sink or a source is open.
class Together {
 public:
  explicit Together(FilesRig& rig)
      : rig_{rig}, restarting_{std::exchange(rig.restarting_, false)} {}
  ~Together() { rig_.restarting_ = restarting_; }
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

 private:
  FilesRig& rig_;
  bool restarting_;
};

}  // namespace kefu::inline v0::testing
