/// troupe subscribe: follows the changes of tables, or a stream, and prints them, reconnecting with its last token when
/// the node goes away, so that no change is missed and none is printed twice.
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/troupe/client.hpp"
#include "tools/troupe/command.hpp"

namespace troupe {
namespace {

struct SubscribeOptions {
  ClientOptions client;
  std::vector<std::string> tables;
  std::string stream;
  bool snapshot = false;
  std::string from;
  std::string format = "table";
  std::string token_file;
  uint64_t count = 0;
  bool no_reconnect = false;
};

/// A row of SUBSCRIBE, of tables or of a stream, by its columns' names.
class Row {
 public:
  explicit Row(const PGresult* row) : row_{row} {}
  bool has(const char* column) const {
    const int at = PQfnumber(row_, column);
    return at >= 0 && PQgetisnull(row_, 0, at) == 0;
  }
  std::string text(const char* column) const { return has(column) ? PQgetvalue(row_, 0, PQfnumber(row_, column)) : ""; }
  nlohmann::ordered_json json(const char* column) const {
    auto value = nlohmann::ordered_json::parse(text(column), nullptr, false);
    return value.is_discarded() ? nlohmann::ordered_json() : value;
  }
  nlohmann::ordered_json number(const char* column) const {
    return has(column) ? nlohmann::ordered_json(std::stoull(text(column))) : nlohmann::ordered_json();
  }

 private:
  const PGresult* row_;
};

constexpr std::chrono::milliseconds kReconnect{100};
/// With more to come, output and token file are brought up to date once for so many changes.
constexpr uint64_t kChangesPerSave = 1'000;

class Follower {
 public:
  explicit Follower(const SubscribeOptions& options) : options_{options}, token_{options.from} {}

  int run() {
    if (token_.empty() && !options_.token_file.empty()) read_token_file();
    bool was_connected = false;
    while (true) {
      const Connection connection = connect(options_.client, "troupe subscribe");
      if (PQstatus(connection.get()) == CONNECTION_OK) {
        const int code = follow(connection.get());
        if (!save()) return kExitFailed;
        if (code != kExitUnreachable || options_.no_reconnect) return code;
        if (was_connected || !token_.empty()) {
          std::fprintf(stderr, "troupe: connection lost, going on from token %s\n", token_.c_str());
        }
        was_connected = true;
      } else if (!was_connected || options_.no_reconnect) {
        return report_no_connection(options_.client, connection.get());
      }
      std::this_thread::sleep_for(kReconnect);
    }
  }

 private:
  void read_token_file() {
    std::ifstream in(options_.token_file);
    std::getline(in, token_);
  }

  /// Where the newest commit is: without a token to go on from, a connection that is lost before the first change would
  /// miss what is committed meanwhile.
  int ask_for_token(PGconn* connection) {
    const Result result = own(PQexec(connection, "SELECT sys.current_token()"));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return failed(connection, result.get());
    token_ = PQgetvalue(result.get(), 0, 0);
    saved_ = false;
    return save() ? kExitOk : kExitFailed;
  }

  std::string statement(PGconn* connection) const {
    std::string sql = options_.stream.empty() ? "SUBSCRIBE TO " : "SUBSCRIBE TO STREAM " + options_.stream;
    for (size_t i = 0; i < options_.tables.size(); ++i) sql += (i == 0 ? "" : ", ") + options_.tables[i];
    if (token_.empty()) {
      sql += " SNAPSHOT";
    } else {
      char* literal = PQescapeLiteral(connection, token_.c_str(), token_.size());
      sql += std::string(" FROM ") + literal;
      PQfreemem(literal);
    }
    return sql + " WITH (progress = '1s')";
  }

  /// kExitUnreachable when a new connection may do better: this one is lost, or its node stops.
  static int failed(PGconn* connection, const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const bool stops = state != nullptr && (std::strncmp(state, "57P0", 4) == 0 || std::strncmp(state, "08", 2) == 0);
    if (stops || PQstatus(connection) == CONNECTION_BAD) return kExitUnreachable;
    std::fprintf(stderr, "troupe: %s", PQresultErrorMessage(result));
    return kExitFailed;
  }

  /// Prints rows until the connection ends: kExitUnreachable then, so that run() connects again.
  int follow(PGconn* connection) {
    if (token_.empty() && !options_.snapshot) {
      if (const int code = ask_for_token(connection); code != kExitOk) return code;
    }
    if (PQsendQuery(connection, statement(connection).c_str()) == 0 || PQsetSingleRowMode(connection) == 0) {
      return kExitUnreachable;
    }
    while (true) {
      // About to wait: whoever reads our output should have all of it.
      if (PQisBusy(connection) == 1 && !save()) return kExitFailed;
      const Result result = own(PQgetResult(connection));
      if (result == nullptr) return kExitUnreachable;
      switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE:
          take(Row(result.get()));
          if (++unsaved_ >= kChangesPerSave && !save()) return kExitFailed;
          if (options_.count != 0 && printed_ >= options_.count) return kExitOk;
          break;
        case PGRES_TUPLES_OK: break;
        default: return failed(connection, result.get());
      }
    }
  }

  /// The rows of a snapshot have no token: whoever is cut off among them begins with it again.
  void take(const Row& row) {
    if (row.has("token")) {
      token_ = row.text("token");
      saved_ = false;
    }
    if (row.text("op") != "progress") print(row);
  }

  void print(const Row& row) {
    if (options_.format == "json") {
      nlohmann::ordered_json line;
      line["token"] = row.has("token") ? nlohmann::ordered_json(row.text("token")) : nlohmann::ordered_json();
      line["scn"] = row.number("scn");
      line["xid"] = row.number("xid");
      line["table"] = row.text("table");
      line["op"] = row.text("op");
      if (!options_.stream.empty()) line["key"] = row.json("key");
      line["before"] = row.json("before");
      line["after"] = row.json("after");
      std::printf("%s\n", line.dump().c_str());
    } else {
      if (printed_ == 0) {
        std::printf("%-20s %10s %-8s %-24s %s\n", "token", "scn", "op", "table", "before -> after");
      }
      const bool both = row.has("before") && row.has("after");
      std::printf("%-20s %10s %-8s %-24s %s%s%s\n", row.text("token").c_str(), row.text("scn").c_str(),
                  row.text("op").c_str(), row.text("table").c_str(), row.text("before").c_str(), both ? " -> " : "",
                  row.text("after").c_str());
    }
    ++printed_;
  }

  /// Output first, then the token, each whole: a crash in between repeats changes and loses none.
  bool save() {
    unsaved_ = 0;
    if (broken_) return false;
    if (std::fflush(stdout) != 0) {
      broken_ = true;  // what it held is gone, so a later flush would succeed
      std::fprintf(stderr, "troupe: cannot write the output: %s\n", std::strerror(errno));
      return false;
    }
    if (saved_ || options_.token_file.empty() || token_.empty()) return true;
    const std::string fresh = options_.token_file + ".new";
    std::ofstream out(fresh, std::ios::trunc);
    out << token_ << '\n';
    out.close();
    if (!out || std::rename(fresh.c_str(), options_.token_file.c_str()) != 0) {
      std::fprintf(stderr, "troupe: cannot write %s: %s\n", options_.token_file.c_str(), std::strerror(errno));
      return false;
    }
    saved_ = true;
    return true;
  }

  const SubscribeOptions& options_;
  std::string token_;
  uint64_t printed_ = 0;
  uint64_t unsaved_ = 0;
  bool saved_ = true;
  bool broken_ = false;
};

}  // namespace

void add_subscribe_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SubscribeOptions>();
  CLI::App* command =
      app.add_subcommand("subscribe", "Follow the changes of tables, or a stream, as they are committed");
  add_client_options(*command, options->client);
  auto* tables = command->add_option("tables", options->tables, "Tables to follow");
  auto* stream = command->add_option("--stream", options->stream, "A stream to follow instead")->excludes(tables);
  command->add_flag("--snapshot", options->snapshot, "First the rows that there are (of a stream, without a token)")
      ->needs(stream);
  command->add_option("--from", options->from, "Token to go on from (default: changes from now on)");
  command->add_option("--format", options->format, "json (a line each) or table")
      ->check(CLI::IsMember({"json", "table"}))
      ->capture_default_str();
  command->add_option("--token-file", options->token_file, "Keep the last token here, and go on from it");
  command->add_option("--count", options->count, "End after so many changes (0: never)");
  command->add_flag("--no-reconnect", options->no_reconnect, "End when the connection is lost");
  command->callback([=, &exit_code] {
    if (options->tables.empty() && options->stream.empty()) throw CLI::RequiredError("tables or --stream");
    exit_code = Follower(*options).run();
  });
}

}  // namespace troupe
