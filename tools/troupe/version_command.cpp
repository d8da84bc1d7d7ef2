#include <cstdio>

#include "tools/troupe/command.hpp"
#include "tools/troupe/version.hpp"

namespace troupe {

void add_version_command(CLI::App& app, int& exit_code) {
  app.add_subcommand("version", "Print the version")->callback([&exit_code] {
    std::printf("troupe %s (PostgreSQL protocol 3.0, dialect of PostgreSQL 15)\n", kVersion);
    exit_code = kExitOk;
  });
}

}  // namespace troupe
