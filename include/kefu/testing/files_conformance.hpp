// The conformance suite for a Files: one named check for each thing that <kefu/files.hpp> promises.
// It is used as that of the stores, see store_conformance.hpp.
#pragma once

#include <kefu/files.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/time.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::testing {

/// How the checks get at the files under test. All calls come from the thread that runs the check,
/// and no more than one Files is alive at a time.
class FilesFactory {
 public:
  virtual ~FilesFactory() = default;

  /// New and empty, with these limits.
  virtual std::unique_ptr<Files> open(const limits& bounds) = 0;

  /// True when reopen() works: then every check runs a second time, with a restart before each of
  /// its steps.
  [[nodiscard]] virtual bool durable() const { return false; }

  /// Opens what was there when the Files that was opened last was destroyed.
  virtual std::unique_ptr<Files> reopen(const limits&) { return nullptr; }

  /// Moves its clock forwards.
  virtual void advance(Nanoseconds by) = 0;
};

/// One promise of Files, and how to see whether it holds.
struct FilesCheck {
  std::string_view name;              ///< e.g. "commit: what is not whole stays unseen"
  std::string (*run)(FilesFactory&);  ///< what went wrong; empty when nothing did
};

/// All of them.
[[nodiscard]] std::vector<FilesCheck> files_checks();

}  // namespace kefu::inline v0::testing
