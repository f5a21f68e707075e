// ScannedFiles: files that nobody reads before they are judged. It stands in front of a Files, and
// asks a FileScanner of the host about each file once that is committed:
//
//   kefu::disk::Files stored{folder};
//   kefu::ScannedFiles files{stored, scanner, executor};
//   hub.judge(kefu::file_policy(files));
//   server.serve_files(files, …);
//
// Messages may refer to a file that waits for its verdict (FileVerdict::pending): participants see
// that it waits, and that it was refused if it is. Until it is clean, open() fails for everybody.
#pragma once

#include <kefu/executor.hpp>
#include <kefu/files.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/verdict.hpp>
#include <memory>

namespace kefu::inline v0 {

/// The port to a virus scanner, or to whatever else judges files.
class FileScanner {
 public:
  virtual ~FileScanner() = default;

  /// Judges a committed file, which `source` reads: clean or refused. An error means that it could
  /// not; then on_timeout() stands at once.
  ///
  /// Answers by `deadline`, which is limits::scan_deadline after the commit; an answer after it is
  /// ignored. Called on the executor, so it is quick: reading may block, and is for a thread of its
  /// own. The answer may come from any thread, also inside the call. At most limits::scans files
  /// are without their answer at once; so one that is never answered keeps its place.
  virtual void scan(const FileInfo& info, std::unique_ptr<FileSource> source, Instant deadline,
                    Completion<result<FileVerdict>> done) = 0;

  /// What stands when no answer came in time: fail-open (clean) or fail-closed (refused). Constant.
  [[nodiscard]] virtual OnTimeout on_timeout() const = 0;
};

/// Verdicts are stored (Files::judged), so they stand for good. A file that has none, because it is
/// older than the scanner or the process died, is judged when somebody next asks about it.
///
/// Threading: as Files. Lifetime: all three outlive it, and the executor outlives the Files too. It
/// is destroyed on the executor, or when that runs no more.
class ScannedFiles final : public Files {
 public:
  ScannedFiles(Files& files, FileScanner& scanner, Executor& executor, const limits& bounds = {});
  ~ScannedFiles() override;

  /// Errors, besides those of Files: unavailable (a file of this id was removed while it waited for
  /// its verdict, and the scanner has not answered yet).
  void create(FileInfo info, Completion<result<FileStatus>> done) override;
  void status(FileId id, Completion<result<FileStatus>> done) override;
  void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) override;
  void commit(FileId id, Completion<result<FileInfo>> done) override;
  /// Errors, besides those of Files: unavailable (it waits for its verdict), denied (it was
  /// refused).
  void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) override;
  void keep(FileId id, Completion<result<FileInfo>> done) override;
  void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) override;
  void remove(FileId id, Completion<errc> done) override;
  void collect(Completion<result<std::size_t>> done) override;

 private:
  class Scans;

  Files& files_;
  Executor& executor_;
  std::unique_ptr<Scans> scans_;
};

}  // namespace kefu::inline v0
