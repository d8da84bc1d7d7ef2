#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

/// The expression with every operator in parentheses: shows how it was understood.
std::string understood(const std::string& text) {
  const auto parsed = parse_expression(text);
  INFO(text << ": " << parsed.status().ToString());
  REQUIRE(parsed.ok());
  const std::string out = to_sql(**parsed);
  const auto again = parse_expression(out);
  INFO(out);
  REQUIRE(again.ok());
  CHECK(to_sql(**again) == out);
  return out;
}

TEST_CASE("operators bind as in PostgreSQL's precedence table", "[parser]") {
  CHECK(understood("1 + 2 * 3 ^ 4 ^ 5") == "(1 + (2 * ((3 ^ 4) ^ 5)))");
  CHECK(understood("a - b - c") == "((a - b) - c)");
  CHECK(understood("a || b + c") == "(a || (b + c))");
  CHECK(understood("a < b + 1 AND NOT c = d OR e") == "(((a < (b + 1)) AND (NOT (c = d))) OR e)");
  CHECK(understood("a AND b AND c") == "(a AND b AND c)");
  CHECK(understood("a OR b AND c OR d") == "(a OR (b AND c) OR d)");
  CHECK(understood("- 2 ^ 2") == "((-2) ^ 2)");
  CHECK(understood("-a::int") == "(- a::integer)");
  CHECK(understood("- 1::int") == "(- 1::integer)");
  CHECK(understood("a = b IS NULL") == "((a = b) IS NULL)");
  CHECK(understood("a IS NULL = b") == "((a IS NULL) = b)");
  CHECK(understood("x = y BETWEEN 1 AND 2 AND z") == "((x = (y BETWEEN 1 AND 2)) AND z)");
  CHECK(understood("a IS DISTINCT FROM b = c") == "(a IS DISTINCT FROM (b = c))");
  CHECK(understood("a = NOT b AND c") == "((a = (NOT b)) AND c)");
  CHECK(understood("a LIKE b || c ESCAPE '!'") == "(a LIKE (b || c) ESCAPE '!')");
  CHECK(understood("a NOT IN (1, 2) AND b IN (SELECT 1)") == "((a NOT IN (1, 2)) AND (b IN (SELECT 1)))");
  CHECK(understood("a + b COLLATE \"C\"") == "(a + (b COLLATE \"C\"))");
  CHECK(understood("a AT TIME ZONE 'x' + b") == "((a AT TIME ZONE 'x') + b)");
  CHECK(understood("a OPERATOR(s.+) b * c") == "(a OPERATOR(s.+) (b * c))");
  CHECK(understood("@ -5 + 1") == "(@ ((-5) + 1))");
  CHECK(understood("a -> 'b' = c") == "((a -> 'b') = c)");
}

TEST_CASE("comparisons do not chain", "[parser]") {
  CHECK_FALSE(parse_expression("a < b < c").ok());
  CHECK_FALSE(parse_expression("a = b = c").ok());
  CHECK_FALSE(parse_expression("a LIKE b LIKE c").ok());
  CHECK(understood("(a = b) = c") == "((a = b) = c)");
}

TEST_CASE("what a parenthesis holds is decided by what follows it", "[parser]") {
  CHECK(understood("((SELECT 1) + 2)") == "((SELECT 1) + 2)");
  CHECK(understood("((SELECT 1) UNION SELECT 2)") == "(SELECT 1 UNION SELECT 2)");
  CHECK(understood("(((SELECT 1)))") == "(SELECT 1)");
  CHECK(understood("x IN ((SELECT 1), 2)") == "(x IN ((SELECT 1), 2))");
  CHECK(understood("x IN ((SELECT 1))") == "(x IN (SELECT 1))");
  CHECK(understood("(1, 2) < (3, 4)") == "((1, 2) < (3, 4))");
  CHECK(understood("((a, b) OVERLAPS (c, d))") == "((a, b) OVERLAPS (c, d))");
  CHECK(understood("((x).y).z") == "((x).y).z");
}

TEST_CASE("columns, fields, subscripts and slices are told apart", "[parser]") {
  CHECK(understood("a.b.c") == "a.b.c");
  CHECK(understood("(a).b.*") == "(a).b.*");
  CHECK(understood("a[1][2:3][:4][5:]") == "a[1][2:3][:4][5:]");
  CHECK(understood("(f(x)).y[1]") == "(f(x)).y[1]");
  const auto parsed = parse_expression("a.b[1].c");
  REQUIRE(parsed.ok());
  const auto& steps = (*parsed)->to<Indirection>();
  CHECK(steps.argument->to<ColumnRef>().name.size() == 2);
  CHECK(steps.accessors.size() == 2);
}

TEST_CASE("SQL's special calls become catalog functions", "[parser]") {
  const auto function = [](const char* text) {
    const auto parsed = parse_expression(text);
    REQUIRE(parsed.ok());
    const auto& call = (*parsed)->to<FunctionCall>();
    return std::string(call.name.back()) + "/" + std::to_string(call.arguments.size());
  };
  CHECK(function("extract(year FROM x)") == "extract/2");
  CHECK(function("trim(LEADING 'a' FROM b)") == "ltrim/2");
  CHECK(function("substring(a FROM 1 FOR 2)") == "substring/3");
  CHECK(function("a AT TIME ZONE 'utc'") == "timezone/2");
  CHECK(function("overlay(a PLACING b FROM 1)") == "overlay/3");
  CHECK(understood("trim(a)") == "TRIM(BOTH FROM a)");
  CHECK(understood("trim(BOTH 'x' FROM a)") == "TRIM(BOTH 'x' FROM a)");
  CHECK(understood("trim(TRAILING 'x' FROM a, b)") == "TRIM(TRAILING FROM a, b, 'x')");
  CHECK(understood("B'0''1'") == "B'0''1'");
  CHECK(understood("position('a' IN b)") == "POSITION('a' IN b)");
  CHECK(understood("substring(a, 1, 2)") == "\"substring\"(a, 1, 2)");
  CHECK(understood("extract(epoch FROM now())") == "EXTRACT(epoch FROM now())");
}

TEST_CASE("types read in every spelling of SQL", "[parser]") {
  const auto type = [](const char* text) {
    const auto parsed = parse_type_name(text);
    INFO(text << ": " << parsed.status().ToString());
    REQUIRE(parsed.ok());
    return to_sql(**parsed);
  };
  CHECK(type("int") == "integer");
  CHECK(type("INT[3][]") == "integer[3][]");
  CHECK(type("float(24)") == "real");
  CHECK(type("dec(10, 2)") == "numeric(10,2)");
  CHECK(type("char varying(5)") == "character varying(5)");
  CHECK(type("character") == "character(1)");
  CHECK(type("national char(3)") == "character(3)");
  CHECK(type("bit varying") == "bit varying");
  CHECK(type("timestamp(3) with time zone") == "timestamp(3) with time zone");
  CHECK(type("time") == "time without time zone");
  CHECK(type("interval day to second(3)") == "interval day to second(3)");
  CHECK(type("setof s.t.c%type") == "SETOF s.t.c%TYPE");
  CHECK(type("\"My T\"(1) array[4]") == "\"My T\"(1)[4]");
}

TEST_CASE("a literal may follow its type's name", "[parser]") {
  CHECK(understood("date '2020-01-01'") == "'2020-01-01'::date");
  CHECK(understood("interval '1' day to second(3)") == "'1'::interval day to second(3)");
  CHECK(understood("char 'abc'") == "'abc'::bpchar");
  CHECK(understood("timestamp with time zone 'x'") == "'x'::timestamp with time zone");
  CHECK(understood("s.t(3) 'x'") == "'x'::s.t(3)");
  CHECK(understood("timestamp") == "\"timestamp\"");  // only a column of that name
}

}  // namespace
}  // namespace troupe::sql
