// verify_folder: looks at a whole audit log on the disk, as FolderSink wrote it, and at its
// anchors.
#pragma once

#include <kefu/audit/verifier.hpp>

#include <cstdint>
#include <filesystem>

namespace kefu::inline v0::audit {

/// What verify() is told.
struct VerifyOptions {
  /// Lines of to_line(); what is no such line is passed over. Empty: there are none.
  std::filesystem::path anchors = {};
  std::uint64_t since = 1;  ///< the first line to expect: older files are kept elsewhere
};

/// Reads every file once; memory grows with the anchors only. A log that is being written may be
/// read; what comes meanwhile may be missed. Throws std::system_error when the folder, a file or
/// the anchors can't be read.
[[nodiscard]] Report verify_folder(const std::filesystem::path& folder,
                                   const VerifyOptions& options = {});

}  // namespace kefu::inline v0::audit
