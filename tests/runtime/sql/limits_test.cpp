#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

std::string repeat(const std::string& part, size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (size_t i = 0; i < times; ++i) out += part;
  return out;
}

void check_too_deep(const std::string& text) {
  const auto result = parse_sql(text);
  INFO(text.substr(0, 60));
  REQUIRE_FALSE(result.ok());
  CHECK(error_code(result.status()) == ErrorCode::kStatementTooComplex);
  CHECK_FALSE(error_fields(result.status()).hint.empty());
}

TEST_CASE("hostile nesting of every kind ends in an error, not in a crash", "[parser]") {
  constexpr size_t kTimes = 100'000;
  check_too_deep("SELECT " + repeat("(", kTimes) + "1" + repeat(")", kTimes));
  check_too_deep("SELECT " + repeat("(SELECT ", kTimes) + "1" + repeat(")", kTimes));
  check_too_deep("SELECT * FROM " + repeat("(SELECT * FROM ", kTimes) + "t" + repeat(") x", kTimes));
  check_too_deep("SELECT * FROM " + repeat("(", kTimes) + "a JOIN b ON true");
  check_too_deep("SELECT " + repeat("f(", kTimes) + "1" + repeat(")", kTimes));
  check_too_deep("SELECT " + repeat("NOT ", kTimes) + "a");
  check_too_deep("SELECT " + repeat("- - ", kTimes) + "a");
  check_too_deep("SELECT " + repeat("CASE WHEN ", kTimes) + "a");
  check_too_deep("SELECT ARRAY" + repeat("[", kTimes) + "1");
  check_too_deep("SELECT a" + repeat("[a", kTimes));
  check_too_deep("SELECT " + repeat("cast(", kTimes));
  check_too_deep("SELECT 1 IN " + repeat("(1 IN ", kTimes));
  check_too_deep("WITH a AS " + repeat("(WITH a AS ", kTimes));
  check_too_deep("SELECT x FROM t GROUP BY " + repeat("GROUPING SETS (", kTimes));
  check_too_deep("CREATE TABLE t (a int DEFAULT " + repeat("(", kTimes));
  check_too_deep("SELECT sum(x) " + repeat("OVER (ORDER BY sum(x) ", kTimes));
  check_too_deep("CREATE FUNCTION f() RETURNS int " + repeat("BEGIN ATOMIC CREATE FUNCTION f() RETURNS int ", kTimes));
  check_too_deep(repeat("EXPLAIN DECLARE c CURSOR FOR " + std::string("SELECT ("), 1) + repeat("(", kTimes));
}

TEST_CASE("chains that make a high tree are limited too, wherever they hide", "[parser]") {
  check_too_deep("SELECT 1" + repeat(" + 1", 100'000));
  check_too_deep("SELECT 1" + repeat(" UNION SELECT 1", 100'000));
  check_too_deep("SELECT * FROM a" + repeat(" CROSS JOIN a", 100'000));
  check_too_deep("SELECT a" + repeat("::int", 100'000));
  check_too_deep("SELECT a" + repeat(" IS NULL", 100'000));
  std::string nested = "1";  // each level alone is below the limit, together they are not
  for (int i = 0; i < 50; ++i) nested = "f(" + nested + ")" + repeat(" + 1", 100);
  check_too_deep("SELECT " + nested);
}

TEST_CASE("a tree at the limit can be walked recursively", "[parser]") {
  const size_t below = kSyntaxDepthMax - 10;
  for (const std::string& text :
       {"SELECT 1" + repeat(" + 1", below), "SELECT " + repeat("(", below) + "1" + repeat(")", below),
        "SELECT 1" + repeat(" UNION ALL SELECT 1", below)}) {
    const auto result = parse_sql(text);
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    CHECK(!to_sql((*result)->statements()[0].node->to<SelectStatement>()).empty());
  }
}

TEST_CASE("long flat lists are no matter of depth", "[parser]") {
  CHECK(parse_sql("SELECT true" + repeat(" AND true", 100'000)).ok());
  CHECK(parse_sql("SELECT a" + repeat(" OR a = 1 AND b", 100'000)).ok());
  const auto columns = parse_sql("CREATE TABLE t (a int" + repeat(", a int", 1'700) + ")");
  REQUIRE(columns.ok());
  CHECK((*columns)->statements()[0].node->to<CreateTableStatement>().elements.size() == 1'701);
  const auto list = parse_sql("SELECT 1 WHERE 1 IN (1" + repeat(",2", 1'000'000) + ")");
  REQUIRE(list.ok());
  CHECK((*list)->statements()[0].node->to<SelectStatement>().where->to<InListExpr>().list.size() == 1'000'001);
  const auto rows = parse_sql("INSERT INTO t VALUES (1,'a')" + repeat(",(1,'a')", 200'000));
  REQUIRE(rows.ok());
  CHECK((*rows)->statements()[0].node->to<InsertStatement>().source->values.size() == 200'001);
  CHECK(parse_sql(repeat("SELECT 1;", 100'000))->get()->statements().size() == 100'000);
}

TEST_CASE("a small statement takes a small, single allocation", "[parser]") {
  const auto result = parse_sql("SELECT abalance FROM pgbench_accounts WHERE aid = 12345");
  REQUIRE(result.ok());
  CHECK((*result)->memory_bytes() == sizeof(ParsedSql));
}

}  // namespace
}  // namespace troupe::sql
