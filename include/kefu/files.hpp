// Files: the port to stored file contents. Bytes are written at offsets and can be resumed; a file
// becomes visible only by commit(), after which it never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/model/id.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace kefu {

/// A committed file, open for reading. Closed by its destructor.
class FileSource {
 public:
  virtual ~FileSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  /// Fills a prefix of `out`: fewer bytes than asked only at the end. Blocks: called on a transfer
  /// loop.
  virtual result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

  /// A descriptor that sendfile can read at any offset, owned by this object; -1 where there is
  /// none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// An upload in progress, open for writing. Destroying it keeps what was written, so that it can be
/// resumed.
class FileSink {
 public:
  virtual ~FileSink() = default;

  /// Bytes from 0 that are there and will survive a crash of this process.
  [[nodiscard]] virtual std::uint64_t offset() const = 0;

  /// Writes all of `bytes` at offset(), or fails and leaves offset() as it was. Blocks: called on a
  /// transfer loop.
  virtual result<std::uint64_t> write(std::span<const std::byte> bytes) = 0;

  /// A descriptor that splice can write at offset(), owned by this object; -1 where there is none.
  /// After splicing n bytes, advance(n) says so.
  [[nodiscard]] virtual int descriptor() const { return -1; }
  virtual void advance(std::uint64_t /*bytes*/) {}
};

struct FileInfo {
  FileId id;
  ConversationId conversation;
  std::string name;                   ///< as the uploader called it; never used as a path
  std::string type;                   ///< media type, checked against the allowed ones
  std::uint64_t size = 0;             ///< bytes, announced at creation
  std::optional<std::string> sha256;  ///< lower-case hex, once known
};

/// Threading: any thread, concurrently; one sink of a file at a time (errc::conflict otherwise).
/// Errors: not_found, too_large, store_full, store_failed, conflict.
class Files {
 public:
  virtual ~Files() = default;

  /// Reserves an upload. Repeating it with the same id and info succeeds; with other info it is
  /// errc::conflict.
  virtual void create(FileInfo info, Completion<result<FileInfo>> done) = 0;

  /// Opens an unfinished upload to append to.
  virtual void resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) = 0;

  /// Makes a complete upload durable and visible, at once and atomically. Repeating it succeeds.
  virtual void commit(FileId id, Completion<result<FileInfo>> done) = 0;

  virtual void open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) = 0;

  /// Removes an upload or a file. Removing what is not there succeeds.
  virtual void remove(FileId id, Completion<errc> done) = 0;
};

}  // namespace kefu
