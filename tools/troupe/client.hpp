#pragma once
/// The connection that `troupe sql` and `troupe subscribe` use: libpq, so that they see what any client sees.
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <libpq-fe.h>

namespace troupe {

struct ClientOptions {
  std::string host = "127.0.0.1";
  std::string port = "5432";
  std::string user = "postgres";
  std::string database = "postgres";
};
void add_client_options(CLI::App& command, ClientOptions& options);

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
inline Result own(PGresult* result) { return {result, &PQclear}; }

/// Check PQstatus() of what comes back.
Connection connect(const ClientOptions& options, const char* application_name);

/// After connect() failed: prints why. The exit code: nobody there (3), an option that makes no sense (2), or a server
/// that says no (1).
int report_no_connection(const ClientOptions& options, PGconn* connection);

}  // namespace troupe
