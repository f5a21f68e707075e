// The audit log: who did what, so that nobody can change it unseen. See kefu/audit/folder_sink.hpp
// for what is kept, and "The audit log" in kefu/net/DEPLOYING.md for what to do with it.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/logger.hpp>

#include "options.hpp"

namespace helpdesk {

/// Brings everything to the log in options.audit. Its salt is in the data folder. Throws
/// std::exception when it can't be written. `log` outlives the hub.
void keep_audit(kefu::Hub& hub, const Options& options, kefu::Logger& log);

/// Whether it is `helpdesk audit …`, which serves nobody.
[[nodiscard]] bool is_audit_command(int argc, char** argv);

/// `helpdesk audit verify FOLDER [--anchors FILE] [--since N]`: tells what is wrong with the log, a
/// line for each fault. 0: nothing; 1: something; 2: it can't be read, or there is none.
[[nodiscard]] int run_audit_command(int argc, char** argv);

}  // namespace helpdesk
