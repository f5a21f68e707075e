// Files: the port to stored file contents. Bytes are written at offsets and can be resumed; a file
// becomes visible only by commit(), after which it never changes.
//
//   create → resume, write … → commit → keep → open … → remove
//
// What is not kept goes by itself: an upload that nobody has written to for limits::upload_ttl, and
// a committed file that nobody has kept within limits::unkept_ttl. What is kept goes by remove()
// alone; so whoever refers to a file keeps it first, and then collect() cannot take it.
//
// Threading: any call from any thread, concurrently; completions from any thread, also inside the
// call. No call of Files blocks on a disk for longer than a look at a directory takes; the calls of
// FileSink and FileSource do, and belong on a thread that may.
//
// Durability: what create(), commit(), keep(), judged() and remove() report survives kill -9 and
// power loss. What a sink wrote survives kill -9; after power loss an upload may begin anew, at 0.
//
// Failure: an error means that nothing has changed, except for errc::store_failed, after which an
// upload can only be removed.
//
// Lifetime: sinks and sources end before their Files. Destroying a Files completes what is under
// way.
//
// kefu::testing has the conformance suite that judges an implementation; kefu::disk::Files and
// kefu::memory::Files ship.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/model/file.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <span>

namespace kefu::inline v0 {

/// A committed file, open for reading: it can be read to its end whatever becomes of the file. One
/// thread at a time. Closed by its destructor.
class FileSource {
 public:
  virtual ~FileSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Fills a prefix of `out`: fewer bytes than asked only at the end. May block.
  /// Errors: store_failed, corrupt (the file is shorter than it was).
  virtual result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

  /// A descriptor that sendfile can read at any offset, owned by this object; -1 where there is
  /// none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// An upload in progress, open for writing. One thread at a time. Destroying it keeps what was
/// written, so that it can be resumed.
class FileSink {
 public:
  virtual ~FileSink() = default;

  /// Bytes from 0 that are there and will survive a crash of this process.
  [[nodiscard]] virtual std::uint64_t offset() const = 0;

  /// Writes all of `bytes` at offset(), or fails and leaves offset() as it was. Answers the new
  /// one. May block. Errors: too_large (more than was announced; nothing is written), store_full,
  /// store_failed.
  virtual result<std::uint64_t> write(std::span<const std::byte> bytes) = 0;

  /// Forgets what was written from `offset` on, which is at most offset(). May block.
  virtual errc rewind(std::uint64_t offset) = 0;

  /// A descriptor that splice can write at offset(), owned by this object; -1 where there is none.
  /// After splicing n bytes, no more than are left, advance(n) says so.
  [[nodiscard]] virtual int descriptor() const { return -1; }
  /// So many bytes were spliced to the descriptor.
  virtual void advance(std::uint64_t /*bytes*/) {}
};

class Files {
 public:
  virtual ~Files() = default;

  /// Announces an upload and counts its size to its owner. Repeating it with the same info answers
  /// how far it has got, also when it is committed.
  /// Errors: conflict (the id is another file's), bad_frame (a nil id, or control characters in a
  /// text), too_large (the file, a text, or all of the owner's files together), overloaded (too
  /// many unfinished uploads), store_full, store_failed.
  virtual void create(FileInfo info, Completion<result<FileStatus>> done) = 0;

  /// How far it has got. Errors: not_found.
  virtual void status(FileId id, Completion<result<FileStatus>> done) = 0;

  /// Opens an unfinished upload to append to. Errors: not_found (also: committed), conflict (it is
  /// open already), store_failed.
  virtual void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) = 0;

  /// Makes a complete upload durable and visible, at once and atomically. Repeating it succeeds.
  /// Errors: not_found, conflict (a sink of it is open), gap (bytes are missing), store_failed.
  virtual void commit(FileId id, Completion<result<FileInfo>> done) = 0;

  /// Errors: not_found (also: not committed), store_failed.
  virtual void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) = 0;

  /// From its completion on collect() cannot take the file. Repeating it succeeds. Errors:
  /// not_found (also: not committed, or collected), store_failed.
  virtual void keep(FileId id, Completion<result<FileInfo>> done) = 0;

  /// Notes what a scanner said of a committed file: clean or refused. The first verdict stands; the
  /// answer has it. It changes nothing else: see <kefu/file_scan.hpp>, which acts on it.
  /// Errors: not_found (also: not committed, or collected), store_failed.
  virtual void judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) = 0;

  /// Removes an upload or a file. Removing what is not there succeeds. Errors: store_failed.
  virtual void remove(FileId id, Completion<errc> done) = 0;

  /// Removes what has expired, uploads that are open excepted; answers how many. A host calls it
  /// now and then. Errors: store_failed.
  virtual void collect(Completion<result<std::size_t>> done) = 0;
};

}  // namespace kefu::inline v0
