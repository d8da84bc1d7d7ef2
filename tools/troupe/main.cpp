#include <cstdio>

#include "tools/troupe/command.hpp"
#include "tools/troupe/version.hpp"

namespace troupe {

int report(const absl::Status& status) {
  const ErrorFields fields = error_fields(status);
  std::fprintf(stderr, "troupe: %s\n", fields.message.c_str());
  if (!fields.detail.empty()) std::fprintf(stderr, "detail: %s\n", fields.detail.c_str());
  if (!fields.hint.empty()) std::fprintf(stderr, "hint: %s\n", fields.hint.c_str());
  return kExitFailed;
}

}  // namespace troupe

int main(int argc, char** argv) {
  CLI::App app{"Troupe: an actor-model reactive SQL database that speaks PostgreSQL's protocol"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("troupe ") + troupe::kVersion);
  app.footer("Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 server unreachable.");
  int exit_code = troupe::kExitOk;
  troupe::add_node_command(app, exit_code);
  troupe::add_sql_command(app, exit_code);
  troupe::add_subscribe_command(app, exit_code);
  troupe::add_inspect_command(app, exit_code);
  troupe::add_version_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    // Without this, a mistyped subcommand is called a missing one.
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty()) {
      std::fprintf(stderr, "troupe: there is no subcommand \"%s\"\nRun with --help for more information.\n", argv[1]);
      return troupe::kExitUsage;
    }
    app.exit(e);
    return troupe::kExitUsage;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? troupe::kExitOk : troupe::kExitUsage;
  }
  return exit_code;
}
