// helpdesk check-config FILE: would this file do?
#pragma once

namespace helpdesk {

/// What main() returns for the arguments from "check-config" on: 0 when a helpdesk would start with
/// that file, as far as can be told without its database and its network; 1 when it would not, with
/// the reason on standard error; 2 when there is no file among the arguments.
int check_config(int argc, char** argv);

}  // namespace helpdesk
