#include "runtime/settings/session_parameters.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

SessionParameters new_session() { return SessionParameters(std::make_shared<const ParameterDefaults>()); }

constexpr SetOptions kSession{};
constexpr SetOptions kLocal{.scope = SetScope::kLocal};
constexpr SetOptions kStartup{.scope = SetScope::kStartup};

std::string show(const SessionParameters& session, std::string_view name) { return session.show(name).value(); }

}  // namespace

TEST_CASE("a new session has the node's defaults", "[settings]") {
  auto defaults = std::make_shared<ParameterDefaults>();
  REQUIRE(defaults->set("work_mem", "8MB", ParameterSource::kConfigurationFile).ok());
  REQUIRE(defaults->set("max_connections", "500", ParameterSource::kConfigurationFile).ok());
  const SessionParameters session{defaults};

  CHECK(show(session, "work_mem") == "8MB");
  CHECK(session.snapshot().work_mem_kb == 8192);
  CHECK(show(session, "max_connections") == "500");
  CHECK(source_name(session.source(parameter_id(*find_parameter("work_mem")))) == "configuration file");
  CHECK(show(session, "server_version") == "15.0");
  CHECK(show(session, "search_path") == "\"$user\", public");
  CHECK(*session.snapshot().search_path == SearchPath{"$user", "public"});
}

TEST_CASE("SET changes what statements see", "[settings]") {
  SessionParameters session = new_session();
  REQUIRE(session.set("statement_timeout", "3s", kSession).ok());
  REQUIRE(session.set("search_path", "app, \"My Schema\"", kSession).ok());
  REQUIRE(session.set("intervalstyle", "iso_8601", kSession).ok());
  REQUIRE(session.set("default_transaction_isolation", "serializable", kSession).ok());

  CHECK(session.snapshot().statement_timeout_ms == 3000);
  CHECK(*session.snapshot().search_path == SearchPath{"app", "My Schema"});
  CHECK(session.snapshot().values.interval_style == IntervalStyle::kIso8601);
  session.begin();
  CHECK(session.snapshot().transaction.isolation == IsolationLevel::kSerializable);
  CHECK(show(session, "transaction_isolation") == "serializable");
  session.check_invariants();
}

TEST_CASE("a rollback takes SET back, a commit keeps it", "[settings]") {
  SessionParameters session = new_session();
  session.begin();
  REQUIRE(session.set("lock_timeout", "1s", kSession).ok());
  session.rollback();
  CHECK(show(session, "lock_timeout") == "0");
  CHECK(session.snapshot().lock_timeout_ms == 0);

  session.begin();
  REQUIRE(session.set("lock_timeout", "1s", kSession).ok());
  session.commit();
  CHECK(show(session, "lock_timeout") == "1s");
  session.check_invariants();
}

TEST_CASE("SET LOCAL ends with the transaction and uncovers the session's value", "[settings]") {
  SessionParameters session = new_session();
  session.begin();
  REQUIRE(session.set("lock_timeout", "1s", kSession).ok());
  REQUIRE(session.set("lock_timeout", "2s", kLocal).ok());
  CHECK(session.snapshot().lock_timeout_ms == 2000);
  session.commit();
  CHECK(show(session, "lock_timeout") == "1s");

  session.begin();
  REQUIRE(session.set("lock_timeout", "2s", kLocal).ok());
  REQUIRE(session.set("lock_timeout", "3s", kSession).ok());
  session.commit();
  CHECK(show(session, "lock_timeout") == "3s");

  REQUIRE(session.set("lock_timeout", "4s", kLocal).ok());  // outside a transaction: nothing to be local to
  CHECK(show(session, "lock_timeout") == "3s");
  session.check_invariants();
}

TEST_CASE("rolling back to a savepoint takes back what was set after it", "[settings]") {
  SessionParameters session = new_session();
  session.begin();
  REQUIRE(session.set("work_mem", "1MB", kSession).ok());
  const size_t first = session.mark();
  REQUIRE(session.set("work_mem", "2MB", kSession).ok());
  const size_t second = session.mark();
  REQUIRE(session.set("work_mem", "3MB", kLocal).ok());
  session.rollback_to(second);
  CHECK(show(session, "work_mem") == "2MB");
  REQUIRE(session.set("work_mem", "5MB", kSession).ok());
  session.rollback_to(first);
  CHECK(show(session, "work_mem") == "1MB");
  session.commit();
  CHECK(show(session, "work_mem") == "1MB");
  session.check_invariants();
}

TEST_CASE("RESET goes back to what the client started with", "[settings]") {
  SessionParameters session = new_session();
  REQUIRE(session.set("application_name", "h\xe2\x82\xacy", kStartup).ok());
  REQUIRE(session.set("application_name", "other", kSession).ok());
  REQUIRE(session.set("datestyle", "german", kSession).ok());
  REQUIRE(session.reset("application_name", kSession).ok());
  CHECK(show(session, "application_name") == "h???y");
  session.reset_all();
  CHECK(show(session, "datestyle") == "ISO, MDY");
  CHECK(show(session, "application_name") == "h???y");
  session.check_invariants();
}

TEST_CASE("parameters that a client may not set say why", "[settings]") {
  SessionParameters session = new_session();
  const auto failure = [&](std::string_view name, std::string_view value, SetOptions options = {}) {
    return error_fields(session.set(name, value, options));
  };
  CHECK(failure("server_version", "3").message == "parameter \"server_version\" cannot be changed");
  CHECK(failure("server_version", "3").code == ErrorCode::kCantChangeRuntimeParam);
  CHECK(failure("max_connections", "3").message ==
        "parameter \"max_connections\" cannot be changed without restarting the server");
  CHECK(failure("fsync", "off").message == "parameter \"fsync\" cannot be changed now");
  CHECK(failure("post_auth_delay", "3").message ==
        "parameter \"post_auth_delay\" cannot be set after connection start");
  CHECK(failure("log_statement", "all", {.superuser = false}).message ==
        "permission denied to set parameter \"log_statement\"");
  CHECK(failure("foobar", "1").message == "unrecognized configuration parameter \"foobar\"");
  CHECK(failure("foobar", "1").code == ErrorCode::kUndefinedObject);
  CHECK(failure("foo.b-r", "1").code == ErrorCode::kInvalidName);
}

TEST_CASE("transaction modes are fixed by the first query", "[settings]") {
  SessionParameters session = new_session();
  session.begin();
  REQUIRE(session.set("transaction_isolation", "repeatable read", kSession).ok());
  CHECK(session.snapshot().transaction.isolation == IsolationLevel::kRepeatableRead);
  const auto late = session.set("transaction_isolation", "serializable", {.query_ran = true});
  CHECK(error_fields(late).message == "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  CHECK(error_code(late) == ErrorCode::kActiveSqlTransaction);
  CHECK(session.set("transaction_read_only", "on", {.query_ran = true}).ok());
  session.commit();
  CHECK(show(session, "transaction_isolation") == "read committed");
}

TEST_CASE("custom parameters need no declaration and stay known", "[settings]") {
  SessionParameters session = new_session();
  CHECK(error_code(session.show("my.user").status()) == ErrorCode::kUndefinedObject);
  session.begin();
  REQUIRE(session.set("my.user", "42", kLocal).ok());
  CHECK(show(session, "MY.user") == "42");
  session.commit();
  CHECK(show(session, "my.user").empty());
  session.check_invariants();
}

TEST_CASE("the client is told of changes, also by rollback", "[settings]") {
  SessionParameters session = new_session();
  std::vector<std::pair<std::string, std::string>> seen;
  const auto note = [&](std::string_view name, std::string_view value) { seen.emplace_back(name, value); };
  session.report_all(note);
  CHECK(seen.size() == 13);
  seen.clear();
  session.begin();
  REQUIRE(session.set("timezone", "Europe/Berlin", kSession).ok());
  REQUIRE(session.set("work_mem", "1MB", kSession).ok());
  session.take_reports(note);
  CHECK(seen == std::vector<std::pair<std::string, std::string>>{{"TimeZone", "Europe/Berlin"}});
  seen.clear();
  session.rollback();
  session.take_reports(note);
  CHECK(seen == std::vector<std::pair<std::string, std::string>>{{"TimeZone", "UTC"}});
}

TEST_CASE("lists are flattened with quotes where they are needed", "[settings]") {
  CHECK(SessionParameters::flatten("search_path", {"a", "B"}).value() == "a, \"B\"");
  CHECK(SessionParameters::flatten("search_path", {"a,,b"}).value() == "\"a,,b\"");
  CHECK(SessionParameters::flatten("datestyle", {"ISO", "DMY"}).value() == "ISO, DMY");
  CHECK(error_fields(SessionParameters::flatten("work_mem", {"1", "2"}).status()).message ==
        "SET work_mem takes only one argument");
}

TEST_CASE("an idle session's settings stay small", "[settings]") {
  SessionParameters session = new_session();
  REQUIRE(session.set("client_encoding", "UTF8", kStartup).ok());
  REQUIRE(session.set("datestyle", "ISO", kStartup).ok());
  REQUIRE(session.set("extra_float_digits", "3", kStartup).ok());
  REQUIRE(session.set("application_name", "reports", kStartup).ok());
  CHECK(session.memory_bytes() < 500);
}

TEST_CASE("setting the same parameter often in one transaction costs no more memory", "[settings]") {
  SessionParameters session = new_session();
  session.begin();
  REQUIRE(session.set("work_mem", "1MB", kLocal).ok());
  const size_t once = session.memory_bytes();
  for (int i = 0; i < 1000; ++i) REQUIRE(session.set("work_mem", "2MB", kLocal).ok());
  CHECK(session.memory_bytes() == once);
}
