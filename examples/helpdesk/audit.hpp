// The audit log: who did what, so that nobody can change it unseen. See kefu/audit/folder_sink.hpp
// for what is kept, and "The audit log" in kefu/net/DEPLOYING.md for what to do with it.
#pragma once

#include <kefu/audit/folder_sink.hpp>
#include <kefu/logger.hpp>

#include <memory>

#include "options.hpp"

namespace helpdesk {

/// What writes the log in options.audit: a sink of the hub, and its auditor; null where there is to
/// be none. Its salt is in the data folder. Throws std::exception when it can't be written. `log`
/// outlives it.
[[nodiscard]] std::unique_ptr<kefu::audit::FolderSink> open_audit(const Options& options,
                                                                  kefu::Logger& log);

/// Whether it is `helpdesk audit …`, which serves nobody.
[[nodiscard]] bool is_audit_command(int argc, char** argv);

/// `helpdesk audit verify FOLDER [--anchors FILE] [--since N]`: tells what is wrong with the log, a
/// line for each fault. 0: nothing; 1: something; 2: it can't be read, or there is none.
[[nodiscard]] int run_audit_command(int argc, char** argv);

}  // namespace helpdesk
