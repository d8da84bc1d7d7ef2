/// troupe sql: runs SQL and prints tab-separated rows; a thin client for scripts, psql is the comfortable one.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "tools/troupe/client.hpp"
#include "tools/troupe/command.hpp"

namespace troupe {
namespace {

struct SqlOptions {
  ClientOptions client;
  std::vector<std::string> commands;
  std::vector<std::string> files;
  bool header = false;
  bool keep_going = false;
};

void print_rows(const PGresult* result, bool header) {
  const int columns = PQnfields(result);
  for (int column = 0; header && column < columns; ++column) {
    std::printf("%s%c", PQfname(result, column), column + 1 < columns ? '\t' : '\n');
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < columns; ++column) {
      const char* text = PQgetisnull(result, row, column) != 0 ? "\\N" : PQgetvalue(result, row, column);
      std::printf("%s%c", text, column + 1 < columns ? '\t' : '\n');
    }
  }
}

/// COPY ... FROM STDIN reads our standard input, COPY ... TO STDOUT writes our standard output.
void copy_in(PGconn* connection) {
  char buffer[65536];
  size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) {
    if (PQputCopyData(connection, buffer, static_cast<int>(size)) != 1) break;
  }
  PQputCopyEnd(connection, nullptr);
}

void copy_out(PGconn* connection) {
  char* line = nullptr;
  for (int size = 0; (size = PQgetCopyData(connection, &line, 0)) > 0; PQfreemem(line)) {
    std::fwrite(line, 1, static_cast<size_t>(size), stdout);
  }
}

int run_text(PGconn* connection, const std::string& text, const SqlOptions& options) {
  if (PQsendQuery(connection, text.c_str()) == 0) {
    std::fprintf(stderr, "troupe: %s", PQerrorMessage(connection));
    return PQstatus(connection) == CONNECTION_BAD ? kExitUnreachable : kExitFailed;
  }
  int code = kExitOk;
  while (true) {
    const Result result = own(PQgetResult(connection));
    if (result == nullptr) break;
    switch (PQresultStatus(result.get())) {
      case PGRES_TUPLES_OK: print_rows(result.get(), options.header); break;
      case PGRES_COPY_IN: copy_in(connection); break;
      case PGRES_COPY_OUT: copy_out(connection); break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY: break;
      default:
        std::fprintf(stderr, "%s", PQresultErrorMessage(result.get()));
        code = PQstatus(connection) == CONNECTION_BAD ? kExitUnreachable : kExitFailed;
        if (code == kExitUnreachable) return code;
    }
  }
  return code;
}

int run_sql(const SqlOptions& options) {
  std::vector<std::string> texts = options.commands;
  for (const std::string& name : options.files) {
    if (name == "-") {
      texts.emplace_back(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
      continue;
    }
    std::ifstream in(name);
    if (!in) {
      std::fprintf(stderr, "troupe: cannot read %s\n", name.c_str());
      return kExitFailed;
    }
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  const Connection connection = connect(options.client, "troupe sql");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return report_no_connection(options.client, connection.get());
  }
  int code = kExitOk;
  for (const std::string& text : texts) {
    const int one = run_text(connection.get(), text, options);
    if (one != kExitOk) code = one;
    if (code == kExitUnreachable || (code != kExitOk && !options.keep_going)) break;
  }
  return code;
}

}  // namespace

void add_sql_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SqlOptions>();
  CLI::App* command = app.add_subcommand("sql", "Run SQL statements and print tab-separated rows");
  add_client_options(*command, options->client);
  auto* text = command->add_option("-c,--command", options->commands, "Statements to run (may be given again)");
  auto* file = command->add_option("-f,--file", options->files, "File of statements, - for standard input");
  command->add_flag("--header", options->header, "Print column names first");
  command->add_flag("--keep-going", options->keep_going, "Go on after an error");
  command->callback([=, &exit_code] {
    if (text->count() + file->count() == 0) throw CLI::RequiredError("-c or -f");
    exit_code = run_sql(*options);
  });
}

}  // namespace troupe
