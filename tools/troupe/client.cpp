#include "tools/troupe/client.hpp"

namespace troupe {

void add_client_options(CLI::App& command, ClientOptions& options) {
  command.add_option("--host", options.host, "Address of the node")->capture_default_str();
  command.add_option("--port,-p", options.port, "Port of the node")->envname("TROUPE_PORT")->capture_default_str();
  command.add_option("--user,-U", options.user, "Role to log in as")->capture_default_str();
  command.add_option("--dbname,-d", options.database, "Database")->capture_default_str();
}

Connection connect(const ClientOptions& options, const char* application_name) {
  const char* keys[] = {"host", "port", "user", "dbname", "application_name", nullptr};
  const char* values[] = {options.host.c_str(),     options.port.c_str(), options.user.c_str(),
                          options.database.c_str(), application_name,     nullptr};
  return {PQconnectdbParams(keys, values, 0), &PQfinish};
}

}  // namespace troupe
