#include <kefu/audit/folder.hpp>

#include "audit/log_files.hpp"

namespace kefu::inline v0::audit {

/// The anchors are read first: a line that is anchored is there before its anchor.
Report verify_folder(const std::filesystem::path& folder, const VerifyOptions& options) {
  Verifier verifier(options.since);
  if (!options.anchors.empty()) {
    verifier.expect_anchors();
    read_lines(options.anchors, [&verifier](std::string_view line) {
      if (const auto head = head_from(line)) verifier.anchor(*head);
    });
  }
  for (const std::filesystem::path& file : find_files(folder)) {
    verifier.begin_file(file.filename().string());
    if (!read_lines(file, [&verifier](std::string_view line) { verifier.line(line); }))
      verifier.torn();
  }
  return verifier.finish();
}

}  // namespace kefu::inline v0::audit
