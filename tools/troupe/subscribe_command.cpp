/// troupe subscribe: follows the changes of tables and prints them, reconnecting with its last token when the node goes
/// away, so that no change is missed and none is printed twice.
#include <chrono>
#include <cstdio>
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
  std::string from;
  std::string format = "table";
  std::string token_file;
  uint64_t count = 0;
  bool no_reconnect = false;
};

enum Column { kToken, kScn, kTransaction, kTable, kOp, kBefore, kAfter, kColumns };

class Follower {
 public:
  explicit Follower(const SubscribeOptions& options) : options_{options}, token_{options.from} {}

  int run() {
    if (token_.empty() && !options_.token_file.empty()) read_token_file();
    bool was_connected = false;
    while (true) {
      const Connection connection = connect(options_.client, "troupe subscribe");
      if (PQstatus(connection.get()) == CONNECTION_OK) {
        was_connected = true;
        const int code = follow(connection.get());
        if (code != kExitUnreachable || options_.no_reconnect) return code;
        std::fprintf(stderr, "troupe: connection lost, going on from token %s\n", token_.c_str());
      } else if (!was_connected || options_.no_reconnect) {
        std::fprintf(stderr, "troupe: %s", PQerrorMessage(connection.get()));
        return kExitUnreachable;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

 private:
  void read_token_file() {
    std::ifstream in(options_.token_file);
    std::getline(in, token_);
  }

  std::string statement(PGconn* connection) const {
    std::string sql = "SUBSCRIBE TO ";
    for (size_t i = 0; i < options_.tables.size(); ++i) sql += (i == 0 ? "" : ", ") + options_.tables[i];
    if (token_.empty()) return sql;
    char* literal = PQescapeLiteral(connection, token_.c_str(), token_.size());
    sql += std::string(" FROM ") + literal;
    PQfreemem(literal);
    return sql;
  }

  /// Prints rows until the connection ends: kExitUnreachable then, so that run() connects again.
  int follow(PGconn* connection) {
    if (PQsendQuery(connection, statement(connection).c_str()) == 0 || PQsetSingleRowMode(connection) == 0) {
      return kExitUnreachable;
    }
    while (true) {
      const Result result = own(PQgetResult(connection));
      if (result == nullptr) return kExitUnreachable;
      switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE:
          print(result.get());
          if (options_.count != 0 && printed_ >= options_.count) return kExitOk;
          break;
        case PGRES_TUPLES_OK: break;
        default:
          if (PQstatus(connection) == CONNECTION_BAD) return kExitUnreachable;
          std::fprintf(stderr, "%s", PQresultErrorMessage(result.get()));
          return kExitFailed;
      }
    }
  }

  void print(const PGresult* row) {
    const auto text = [row](int column) {
      return std::string(PQgetisnull(row, 0, column) != 0 ? "" : PQgetvalue(row, 0, column));
    };
    token_ = text(kToken);
    if (options_.format == "json") {
      nlohmann::ordered_json line;
      line["token"] = token_;
      line["scn"] = std::stoull(text(kScn));
      line["xid"] = std::stoull(text(kTransaction));
      line["table"] = text(kTable);
      line["op"] = text(kOp);
      line["before"] = nlohmann::ordered_json::parse(text(kBefore), nullptr, false);
      line["after"] = nlohmann::ordered_json::parse(text(kAfter), nullptr, false);
      for (const char* image : {"before", "after"}) {
        if (line[image].is_discarded()) line[image] = nullptr;
      }
      std::printf("%s\n", line.dump().c_str());
    } else {
      std::printf("%-20s %10s %-8s %-24s %s%s%s\n", token_.c_str(), text(kScn).c_str(), text(kOp).c_str(),
                  text(kTable).c_str(), text(kBefore).c_str(), PQgetisnull(row, 0, kBefore) != 0 ? "" : " -> ",
                  text(kAfter).c_str());
    }
    std::fflush(stdout);
    ++printed_;
    if (!options_.token_file.empty()) std::ofstream(options_.token_file, std::ios::trunc) << token_ << '\n';
  }

  const SubscribeOptions& options_;
  std::string token_;
  uint64_t printed_ = 0;
};

}  // namespace

void add_subscribe_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<SubscribeOptions>();
  CLI::App* command = app.add_subcommand("subscribe", "Follow the changes of tables as they are committed");
  add_client_options(*command, options->client);
  command->add_option("tables", options->tables, "Tables to follow")->required();
  command->add_option("--from", options->from, "Token to go on from (default: changes from now on)");
  command->add_option("--format", options->format, "json (a line each) or table")
      ->check(CLI::IsMember({"json", "table"}))
      ->capture_default_str();
  command->add_option("--token-file", options->token_file, "Keep the last token here, and go on from it");
  command->add_option("--count", options->count, "End after so many changes (0: never)");
  command->add_flag("--no-reconnect", options->no_reconnect, "End when the connection is lost");
  command->callback([=, &exit_code] { exit_code = Follower(*options).run(); });
}

}  // namespace troupe
