#include "actors/session/local_client.hpp"

#include <catch2/catch.hpp>

#include "storage/base/text.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {
namespace {

/// A client in the node, and everything that it was told.
class Speaker final : private LocalClientEvents {
 public:
  explicit Speaker(World& world) : world_{world} {}

  LocalClient client{*this, [this] { woken_ = true; }};
  std::string heard;  ///< a line for each call back
  std::vector<ServerReport> errors;
  uint64_t rows = 0;
  int ready = 0;
  bool closed = false;
  bool keeps_rows = true;
  bool pauses_after_row = false;

  void connect(LocalLogin login) { client.connect(*world_.context(), world_.platform()->unit(), login); }
  void log_in(const std::string& user = "postgres") {
    connect({.user = user, .database = "postgres"});
    wait_until_ready();
    REQUIRE(errors.empty());
    heard.clear();
  }
  /// Until `reached`, or a long time has passed.
  template <typename Reached>
  void wait(Reached reached) {
    for (int step = 0; step < 200'000 && !reached(); ++step) {
      if (std::exchange(woken_, false)) client.run();
      if (!reached()) world_.step();
    }
    REQUIRE(reached());
  }
  void wait_until_ready() {
    const int before = ready;
    wait([&] { return ready > before || closed; });
  }
  std::string ask(std::string_view sql) {
    heard.clear();
    client.query(sql);
    wait_until_ready();
    return heard;
  }

 private:
  void on_ready(char transaction) override {
    ++ready;
    heard += cat("ready ", std::string(1, transaction), "\n");
  }
  void on_columns(std::span<const ColumnDescriptor> columns) override {
    for (const ColumnDescriptor& column : columns) heard += cat("column ", column.name, " ", column.type, "\n");
  }
  void on_row(const DataRow& row) override {
    ++rows;
    if (pauses_after_row) client.pause(true);
    if (!keeps_rows) return;
    for (const auto value : row) heard += cat(value ? *value : "NULL", "|");
    heard += "\n";
  }
  void on_complete(std::string_view tag) override { heard += cat("complete ", tag, "\n"); }
  void on_error(const ServerReport& report) override {
    errors.push_back(report);
    heard += cat(report.severity, " ", report.sqlstate, " ", report.message, " at ", report.position, "\n");
  }
  void on_notice(const ServerReport& report) override { heard += cat("notice ", report.message, "\n"); }
  void on_closed() override {
    closed = true;
    heard += "closed\n";
  }

  World& world_;
  bool woken_ = false;
};

struct Started {
  World world{7, nullptr};
  explicit Started(std::vector<AccessRule> access = default_access_rules()) {
    world.config().access = std::move(access);
    REQUIRE(world.start_node().ok());
  }
  size_t sessions() { return world.context()->services.sessions.size(); }
  size_t wait_for_sessions(size_t count) {
    for (int step = 0; step < 100'000 && sessions() != count; ++step) world.step();
    return sessions();
  }
};

AccessRule everybody(AccessMethod method) {
  AccessRule rule;
  rule.local = true;
  rule.anywhere = true;
  rule.method = method;
  return rule;
}

}  // namespace

TEST_CASE("a client in the node asks and is answered as any other", "[local_client]") {
  Started node;
  Speaker speaker(node.world);
  speaker.log_in();
  CHECK(speaker.ask("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'one'), (2, NULL)") ==
        "complete CREATE TABLE\ncomplete INSERT 0 2\nready I\n");
  CHECK(speaker.ask("SELECT * FROM t ORDER BY a") ==
        "column a 23\ncolumn b 25\n1|one|\n2|NULL|\ncomplete SELECT 2\nready I\n");
  CHECK(speaker.ask("BEGIN; SELECT nothing") ==
        "complete BEGIN\nERROR 42703 column \"nothing\" does not exist at 15\nready E\n");
  CHECK(speaker.ask("ROLLBACK") == "complete ROLLBACK\nready I\n");
  CHECK(speaker.ask("DROP TABLE IF EXISTS x") ==
        "notice table \"x\" does not exist, skipping\ncomplete DROP TABLE\nready I\n");
  CHECK(node.sessions() == 1);
}

TEST_CASE("parameters and prepared statements, several asked for at once, are answered in order", "[local_client]") {
  Started node;
  Speaker speaker(node.world);
  // Said before the session is there, they wait for it.
  speaker.connect({.user = "postgres", .database = "postgres", .application_name = "pipeline"});
  speaker.client.execute("SELECT $1::int + 1, $2", {"41", std::nullopt});
  speaker.client.prepare("twice", "SELECT $1::int * 2");
  speaker.client.execute_prepared("twice", std::vector<TextValue>{"4"});
  speaker.client.execute_prepared("twice", std::vector<TextValue>{"no"});
  speaker.client.forget("twice");
  speaker.client.execute("SELECT application_name FROM pg_stat_activity", {});
  speaker.wait([&] { return speaker.ready == 7; });
  CHECK(speaker.heard ==
        "ready I\ncolumn ?column? 23\ncolumn ?column? 25\n42|NULL|\ncomplete SELECT 1\nready I\n"
        "ready I\ncolumn ?column? 23\n8|\ncomplete SELECT 1\nready I\n"
        "ERROR 22P02 invalid input syntax for type integer: \"no\" at 0\nready I\n"
        "ready I\ncolumn application_name 25\npipeline|\ncomplete SELECT 1\nready I\n");
}

TEST_CASE("a client in the node shows a password as the rules ask", "[local_client]") {
  Started node({everybody(AccessMethod::kScram)});
  const auto says = [&](LocalLogin login) {
    Speaker speaker(node.world);
    login.database = "postgres";
    speaker.connect(std::move(login));
    speaker.wait([&] { return speaker.ready > 0 || speaker.closed; });
    return speaker.errors.empty() ? std::string("in") : speaker.errors[0].sqlstate;
  };
  {
    Speaker owner(node.world);
    owner.connect({.user = "postgres", .database = "postgres", .peer = {.known = as_the_node("postgres")}});
    owner.wait_until_ready();
    owner.ask(
        "CREATE ROLE anna LOGIN PASSWORD 'secret'; CREATE ROLE owners;"
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO anna");
    REQUIRE(owner.errors.empty());
  }
  CHECK(says({.user = "anna", .password = "secret"}) == "in");
  CHECK(says({.user = "anna", .password = "secrets"}) == "28P01");
  CHECK(says({.user = "anna"}) == "28P01");
  CHECK(says({.user = "nobody", .password = "secret"}) == "28P01");
  CHECK(says({.user = "anna", .peer = {.known = known_by_password("anna")}}) == "in");
  CHECK(says({.user = "postgres", .peer = {.known = known_by_password("anna")}}) == "28000");
  // Somebody who may not log in still owns what the node works on.
  CHECK(says({.user = "owners", .peer = {.known = as_the_node("owners")}}) == "in");
  CHECK(says({.user = "owners", .peer = {.known = known_by_password("owners")}}) == "28000");
}

TEST_CASE("whom the rules reject is not let in by what it has shown before", "[local_client]") {
  Started node({everybody(AccessMethod::kReject)});
  Speaker speaker(node.world);
  speaker.connect({.user = "postgres", .database = "postgres", .peer = {.known = known_by_password("postgres")}});
  speaker.wait([&] { return speaker.closed; });
  CHECK(speaker.errors.at(0).sqlstate == "28000");
  CHECK(speaker.errors[0].ends_session());
}

TEST_CASE("a client that reads nothing holds back its own statement, which goes on when it reads", "[local_client]") {
  Started node;
  Speaker speaker(node.world);
  speaker.log_in();
  speaker.keeps_rows = false;
  speaker.client.pause(true);
  speaker.client.query("SELECT repeat('x', 1000) FROM generate_series(1, 2000)");
  for (int step = 0; step < 5'000; ++step) {
    speaker.client.run();
    node.world.step();
  }
  CHECK(speaker.rows == 0);
  // One row at a time, however often it looks: what waits at its end stays within the window.
  speaker.pauses_after_row = true;
  speaker.client.pause(false);
  for (int step = 0; step < 5'000; ++step) {
    speaker.client.run();
    node.world.step();
  }
  CHECK(speaker.rows == 1);
  Speaker other(node.world);
  other.log_in();
  CHECK(other.ask("SELECT state FROM pg_stat_activity WHERE pid <> pg_backend_pid()").find("\nactive|") !=
        std::string::npos);
  speaker.pauses_after_row = false;
  speaker.client.pause(false);
  speaker.wait_until_ready();
  CHECK(speaker.rows == 2000);
}

TEST_CASE("a statement of a client in the node is cancelled, and its session goes on", "[local_client]") {
  Started node;
  Speaker speaker(node.world);
  speaker.log_in();
  speaker.client.query("SELECT pg_sleep(3600)");
  for (int step = 0; step < 200; ++step) node.world.step();
  speaker.client.cancel();
  speaker.wait_until_ready();
  CHECK(speaker.errors.at(0).sqlstate == "57014");
  CHECK(speaker.ask("SELECT 1") == "column ?column? 23\n1|\ncomplete SELECT 1\nready I\n");
}

TEST_CASE("a session in the node ends with its client, and the client hears of the session's end", "[local_client]") {
  Started node;
  Speaker closing(node.world);
  closing.log_in();
  closing.client.query("CREATE TABLE t (a int PRIMARY KEY)");
  closing.client.close();
  closing.wait([&] { return closing.closed; });
  CHECK(closing.heard == "complete CREATE TABLE\nready I\nclosed\n");
  CHECK(node.wait_for_sessions(0) == 0);

  Speaker going(node.world);
  going.log_in();
  going.client.query("SUBSCRIBE TO t");
  going.wait([&] { return going.heard.find("column token") != std::string::npos; });
  going.client.hang_up();
  CHECK(node.wait_for_sessions(0) == 0);
  CHECK_FALSE(going.closed);

  Speaker killed(node.world);
  killed.log_in();
  Speaker killer(node.world);
  killer.log_in();
  killer.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
  killed.wait([&] { return killed.closed; });
  CHECK(killed.errors.at(0).sqlstate == "57P01");
}

TEST_CASE("changes reach a client in the node as they are committed", "[local_client]") {
  Started node;
  Speaker writer(node.world);
  writer.log_in();
  writer.ask("CREATE TABLE t (a int PRIMARY KEY)");
  Speaker reader(node.world);
  reader.log_in();
  reader.client.execute("SUBSCRIBE TO t", {});
  reader.wait([&] { return reader.heard.find("column token") != std::string::npos; });
  for (int i = 0; i < 5; ++i) {
    writer.ask(cat("INSERT INTO t VALUES (", i, ")"));
    reader.wait([&] { return reader.rows == static_cast<uint64_t>(i) + 1; });
  }
}

}  // namespace troupe::sim
