#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

struct Case {
  const char* text;
  const char* message;
  int position;
  ErrorCode code = ErrorCode::kSyntaxError;
};

// What PostgreSQL 15 says to the same texts.
constexpr Case kCases[] = {
    {"SELEC 1", "syntax error at or near \"SELEC\"", 1},
    {"SELECT 1 +", "syntax error at end of input", 11},
    {"SELECT 1 + ", "syntax error at end of input", 12},
    {"SELECT * FORM t", "syntax error at or near \"FORM\"", 10},
    {"SELECT a b c", "syntax error at or near \"c\"", 12},
    {"SELECT (1", "syntax error at end of input", 10},
    {"SELECT 1)", "syntax error at or near \")\"", 9},
    {"SELECT a < b < c", "syntax error at or near \"<\"", 14},
    {"INSERT INTO t VALUES (1, )", "syntax error at or near \")\"", 26},
    {"SELECT 'é' 'x'", "syntax error at or near \"'x'\"", 12},
    {"SELECT 'abc", "unterminated quoted string at or near \"'abc\"", 8},
    {"SELECT E'abc\\'", "unterminated quoted string at or near \"E'abc\\'\"", 8},
    {"SELECT \"abc", "unterminated quoted identifier at or near \"\"abc\"", 8},
    {"SELECT \"\"", "zero-length delimited identifier at or near \"\"\"\"", 8},
    {"SELECT /* a", "unterminated /* comment at or near \"/* a\"", 8},
    {"SELECT $a$ b", "unterminated dollar-quoted string at or near \"$a$ b\"", 8},
    {"SELECT b'1", "unterminated bit string literal at or near \"b'1\"", 8},
    {"SELECT x'1", "unterminated hexadecimal string literal at or near \"x'1\"", 8},
    {"SELECT 123abc", "trailing junk after numeric literal at or near \"123abc\"", 8},
    {"SELECT $1a", "trailing junk after parameter at or near \"$1a\"", 8},
    {"SELECT * FROM (SELECT 1)", "subquery in FROM must have an alias", 15},
    {"SELECT 1 LIMIT 1, 2", "LIMIT #,# syntax is not supported", 10},
    {"SELECT x FROM t FETCH FIRST 1 ROW WITH TIES", "WITH TIES cannot be specified without ORDER BY clause", 17},
    {"CREATE TABLE t (a int) PARTITION BY x (a)", "unrecognized partitioning strategy \"x\"", 37,
     ErrorCode::kInvalidParameterValue},
    {"CREATE ROLE public", "role name \"public\" is reserved", 13, ErrorCode::kReservedName},
    {"SELECT E'\\u00'", "invalid Unicode escape", 10, ErrorCode::kInvalidEscapeSequence},
    {"SELECT sum(x) OVER (ROWS UNBOUNDED FOLLOWING) FROM t", "frame start cannot be UNBOUNDED FOLLOWING", 26,
     ErrorCode::kWindowingError},
};

TEST_CASE("errors carry PostgreSQL's words and the character they are at", "[parser]") {
  for (const Case& expected : kCases) {
    INFO(expected.text);
    const auto result = parse_statement(expected.text);
    REQUIRE_FALSE(result.ok());
    const ErrorFields fields = error_fields(result.status());
    CHECK(fields.message == expected.message);
    CHECK(fields.position == expected.position);
    CHECK(fields.code == expected.code);
  }
}

TEST_CASE("two statements are too many for a prepared one", "[parser]") {
  const auto result = parse_statement("SELECT 1; SELECT 2");
  REQUIRE_FALSE(result.ok());
  CHECK(error_fields(result.status()).message == "cannot insert multiple commands into a prepared statement");
  CHECK(parse_statement("SELECT 1;;").ok());
}

TEST_CASE("what is known but missing is refused with a way out", "[parser]") {
  const auto outer = parse_statement("SELECT * FROM a, b WHERE a.x = b.x(+)");
  REQUIRE_FALSE(outer.ok());
  CHECK(error_code(outer.status()) == ErrorCode::kFeatureNotSupported);
  CHECK_FALSE(error_fields(outer.status()).hint.empty());
  CHECK(error_code(parse_statement("SELECT xmlelement(name a)").status()) == ErrorCode::kFeatureNotSupported);
}

TEST_CASE("positions count characters, not bytes", "[parser]") {
  CHECK(character_position("aéb", 0) == 1);
  CHECK(character_position("aéb", 3) == 3);
  CHECK(character_position("aéb", 99) == 4);
}

}  // namespace
}  // namespace troupe::sql
