#include "tools/troupe/client.hpp"

#include <cstdio>

#include "tools/troupe/command.hpp"

namespace troupe {

void add_client_options(CLI::App& command, ClientOptions& options) {
  command.add_option("--host", options.host, "Address of the node")->capture_default_str();
  command.add_option("--port,-p", options.port, "Port of the node")->envname("TROUPE_PORT")->capture_default_str()->check(
      CLI::Range(1, 65535));
  command.add_option("--user,-U", options.user, "Role to log in as")->capture_default_str();
  command.add_option("--dbname,-d", options.database, "Database")->capture_default_str();
}

namespace {

template <typename Use>
auto with_parameters(const ClientOptions& options, const char* application_name, Use use) {
  const char* keys[] = {"host", "port", "user", "dbname", "application_name", nullptr};
  const char* values[] = {options.host.c_str(),     options.port.c_str(), options.user.c_str(),
                          options.database.c_str(), application_name,     nullptr};
  return use(keys, values);
}

}  // namespace

Connection connect(const ClientOptions& options, const char* application_name) {
  return with_parameters(options, application_name, [](const char** keys, const char** values) {
    return Connection(PQconnectdbParams(keys, values, 0), &PQfinish);
  });
}

int report_no_connection(const ClientOptions& options, PGconn* connection) {
  std::fprintf(stderr, "troupe: %s", PQerrorMessage(connection));
  // libpq has no code for a refused start-up, but it can tell whether somebody is there.
  const PGPing ping = with_parameters(
      options, "troupe", [](const char** keys, const char** values) { return PQpingParams(keys, values, 0); });
  switch (ping) {
    case PQPING_OK:
    case PQPING_REJECT: return kExitFailed;
    case PQPING_NO_ATTEMPT: return kExitUsage;
    case PQPING_NO_RESPONSE: break;
  }
  std::fprintf(stderr, "hint: Is a node running there? \"troupe node --data DIR --port %s\" starts one.\n",
               options.port.c_str());
  return kExitUnreachable;
}

}  // namespace troupe
