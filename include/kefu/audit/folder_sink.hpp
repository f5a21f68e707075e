// FolderSink: an EventSink that keeps an audit log (chain.hpp) in a folder, in files of a bounded
// size. A call is answered when its lines are on the disk and their head is anchored.
//
//   auto sink = std::make_unique<kefu::audit::FolderSink>("/var/lib/desk/audit", options);
//   hub_options.auditor = sink.get();  // what becomes no entry is kept, too
//   kefu::Hub hub{executors, store, hub_options};
//   hub.deliver("audit", std::move(sink));
//
// All events in commit order, never given up: leave SinkOptions as they are. What is delivered
// again after a crash or a lost lease is known by the last lines and not written twice; a line that
// was torn by a crash is taken back. Of several nodes each has a folder and a chain of its own,
// with what it was the one to deliver; an event that one node wrote and could not note stands in
// two.
//
// Acts (kefu/auditor.hpp) are written by the node on which they happened, soon, in the same chain,
// and at most once: those of the last moments before a crash are missing. While the log can't be
// written the first FolderSink::kWaiting are kept, and the rest are counted; that is written then.
//
// Files are never removed here. Those that are full can be taken away, the oldest first, and
// brought back to be verified; or see VerifyOptions::since.
#pragma once

#include <kefu/audit/chain.hpp>
#include <kefu/auditor.hpp>
#include <kefu/event_sink.hpp>
#include <kefu/logger.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace kefu::inline v0::audit {

/// Keeps a head where who can write to the folder can't. errc::ok: it is kept; any other code is
/// the sink's answer, and the events come again, later. Called on a thread of the sink.
using Anchor = std::function<errc(const Head&)>;

/// What a FolderSink is made with.
struct FolderSinkOptions {
  /// Whose chain it is, where the folder holds none yet: see is_writer_name(). Anchors know it by
  /// this name, so a chain that is begun anew keeps it.
  std::string writer;
  std::string salt;                        ///< of content_digest(); 32 bytes or more, kept secret
  Anchor anchor = {};                      ///< none: whoever cuts lines off the end is not found
  std::uint64_t file_bytes = 64ULL << 20;  ///< above it the next file begins (64 MiB)
  Logger* logger = nullptr;                ///< is told why it can't write. Outlives the sink
};

/// Threading: as EventSink and Auditor say; the disk is written on a thread of its own.
class FolderSink final : public EventSink, public Auditor {
 public:
  static constexpr std::size_t kWaiting = 4096;  ///< acts, of some hundred bytes each

  /// Makes the folder when it is missing. Throws std::invalid_argument for a bad writer or a short
  /// salt, std::system_error when the folder can't be used, and std::runtime_error when another
  /// process has it or its last line is not what was written.
  FolderSink(const std::filesystem::path& folder, FolderSinkOptions options);
  /// Ends what is under way.
  ~FolderSink() override;
  FolderSink(const FolderSink&) = delete;
  FolderSink& operator=(const FolderSink&) = delete;

  /// Answers errc::ok, errc::store_full, what the anchor answered, or errc::store_failed: after a
  /// failed fsync until the folder is opened again.
  void deliver(const EventBatch& batch, Completion<errc> done) override;

  /// Never fails: see above.
  void note(const Act& act) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::audit
