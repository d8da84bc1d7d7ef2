/// troupe sql: runs SQL and prints tab-separated rows; a thin client for scripts, psql is the comfortable one.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "tools/troupe/client.hpp"
#include "tools/troupe/command.hpp"
#include "tools/troupe/script.hpp"

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

/// What COPY ... FROM STDIN copies.
using SendRows = std::function<void(PGconn*)>;

void send_standard_input(PGconn* connection) {
  char buffer[65536];
  size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) {
    if (PQputCopyData(connection, buffer, static_cast<int>(size)) != 1) break;
  }
}

void send_text(PGconn* connection, std::string_view rows) {
  constexpr size_t kPieceBytes = 1 << 20;
  for (; !rows.empty(); rows.remove_prefix(std::min(rows.size(), kPieceBytes))) {
    if (PQputCopyData(connection, rows.data(), static_cast<int>(std::min(rows.size(), kPieceBytes))) != 1) return;
  }
}

void copy_out(PGconn* connection) {
  char* line = nullptr;
  for (int size = 0; (size = PQgetCopyData(connection, &line, 0)) > 0; PQfreemem(line)) {
    std::fwrite(line, 1, static_cast<size_t>(size), stdout);
  }
}

/// `where`: before an error's text, "file.sql:12: ".
int run_text(PGconn* connection, const std::string& text, const SqlOptions& options, const std::string& where,
             const SendRows& send_rows) {
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
      case PGRES_COPY_IN:
        send_rows(connection);
        PQputCopyEnd(connection, nullptr);
        break;
      case PGRES_COPY_OUT: copy_out(connection); break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY: break;
      default:
        std::fprintf(stderr, "%s%s", where.c_str(), PQresultErrorMessage(result.get()));
        code = PQstatus(connection) == CONNECTION_BAD ? kExitUnreachable : kExitFailed;
        if (code == kExitUnreachable) return code;
    }
  }
  return code;
}

/// Statement by statement, each a transaction of its own unless the file says BEGIN. Rows behind a COPY that failed are
/// passed over.
int run_file(PGconn* connection, const std::string& name, const std::string& text, const SqlOptions& options) {
  Script script(text);
  int code = kExitOk;
  for (Script::Statement statement; script.next(&statement);) {
    const std::string where = name + ":" + std::to_string(statement.line) + ": ";
    int one = kExitFailed;
    if (statement.is_command) {
      std::fprintf(stderr, "%sERROR:  psql's commands are not known here: %.*s\n", where.c_str(),
                   static_cast<int>(statement.text.size()), statement.text.data());
    } else {
      const std::string_view rows = statement.copies_in ? script.take_rows() : std::string_view{};
      one = run_text(connection, std::string(statement.text), options, where,
                     [rows](PGconn* to) { send_text(to, rows); });
    }
    if (one != kExitOk) code = one;
    if (code == kExitUnreachable || (code != kExitOk && !options.keep_going)) break;
  }
  return code;
}

struct Source {
  std::string file;  ///< empty: a command
  std::string text;
};

bool read_sources(const SqlOptions& options, std::vector<Source>* sources) {
  using Characters = std::istreambuf_iterator<char>;
  for (const std::string& command : options.commands) sources->push_back({{}, command});
  for (const std::string& name : options.files) {
    if (name == "-") {
      sources->push_back({"<stdin>", std::string(Characters(std::cin), Characters())});
      continue;
    }
    std::ifstream in(name);
    if (!in) {
      std::fprintf(stderr, "troupe: cannot read %s\n", name.c_str());
      return false;
    }
    sources->push_back({name, std::string(Characters(in), Characters())});
  }
  return true;
}

int run_sql(const SqlOptions& options) {
  std::vector<Source> sources;
  if (!read_sources(options, &sources)) return kExitFailed;
  const Connection connection = connect(options.client, "troupe sql");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return report_no_connection(options.client, connection.get());
  }
  int code = kExitOk;
  for (const Source& source : sources) {
    const int one = source.file.empty() ? run_text(connection.get(), source.text, options, {}, send_standard_input)
                                        : run_file(connection.get(), source.file, source.text, options);
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
  auto* text =
      command->add_option("-c,--command", options->commands, "Statements to run as one request (may be given again)");
  auto* file =
      command->add_option("-f,--file", options->files, "File of statements, run one by one, - for standard input");
  command->add_flag("--header", options->header, "Print column names first");
  command->add_flag("--keep-going", options->keep_going, "Go on with the next statement after an error");
  command->callback([=, &exit_code] {
    if (text->count() + file->count() == 0) throw CLI::RequiredError("-c or -f");
    exit_code = run_sql(*options);
  });
}

}  // namespace troupe
