#pragma once
/// The subcommands of `troupe`. Each adds itself to the command line and leaves its exit code in `exit_code`.
#include <CLI/CLI.hpp>

#include "storage/base/error.hpp"

namespace troupe {

enum ExitCode : int { kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitUnreachable = 3 };

void add_node_command(CLI::App& app, int& exit_code);
void add_sql_command(CLI::App& app, int& exit_code);
void add_subscribe_command(CLI::App& app, int& exit_code);
void add_inspect_command(CLI::App& app, int& exit_code);
void add_version_command(CLI::App& app, int& exit_code);

/// Prints "troupe: message", detail and hint to standard error; returns kExitFailed.
int report(const absl::Status& status);

}  // namespace troupe
