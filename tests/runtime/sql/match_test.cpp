#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

std::string clause_with(const std::string& pattern) {
  return "SELECT * FROM t MATCH_RECOGNIZE (MEASURES 1 AS x PATTERN (" + pattern + ") DEFINE a AS true)";
}

/// The pattern as it comes back, or the error.
std::string pattern_of(const std::string& pattern) {
  const auto parsed = parse_statement(clause_with(pattern));
  if (!parsed.ok()) return error_fields(parsed.status()).message;
  const auto& query = (*parsed)->statements()[0].node->to<SelectStatement>();
  return to_sql(*query.from[0]->to<MatchRecognize>().pattern);
}

int error_position(const std::string& text) {
  const auto parsed = parse_statement(text);
  return parsed.ok() ? 0 : error_fields(parsed.status()).position;
}

const FromItem& first_from(const ParsedSqlPtr& parsed) {
  return *parsed->statements()[0].node->to<SelectStatement>().from[0];
}

}  // namespace

TEST_CASE("patterns are read symbol by symbol, whatever SQL takes for an operator", "[match]") {
  CHECK(pattern_of("a b+ c*") == "(a b+ c*)");
  CHECK(pattern_of("a*?|b+?|c??|d{2}?") == "(a*? | b+? | c?? | d{2,2}?)");
  CHECK(pattern_of("(a|b)*(c)+") == "((a | b)* c+)");
  CHECK(pattern_of("a{,3} b{2,} c{1,4}") == "(a{0,3} b{2,} c{1,4})");
  CHECK(pattern_of("^ a $") == "(^ a $)");
  CHECK(pattern_of("^a+ $|()") == "((^ a+ $) | ())");
  CHECK(pattern_of("a {-b+-} {- c|d? -}*") == "(a {- b+ -} {- (c | d?) -}*)");
  CHECK(pattern_of("permute(a, b c, d|e){2}") == "PERMUTE(a, (b c), (d | e)){2,2}");
  CHECK(pattern_of("\"A b\" permute") == "(\"A b\" permute)");
  CHECK(pattern_of("(a+)?") == "(a+)?");
}

TEST_CASE("a broken pattern is an error where it breaks", "[match]") {
  CHECK(pattern_of("a |") == "syntax error at or near \")\"");
  CHECK(pattern_of("*a") == "syntax error at or near \"*\"");
  CHECK(pattern_of("a{2}{3}") == "syntax error at or near \"3\"");
  CHECK(pattern_of("a{}") == "syntax error at or near \"}\"");
  CHECK(pattern_of("{- a") == "syntax error at or near \")\"");
  CHECK(pattern_of("a, b") == "syntax error at or near \",\"");
  CHECK(pattern_of("a{3,2}") == "a quantifier's lower bound must not exceed its upper bound");
  CHECK(pattern_of("a{,0}") == "a quantifier's upper bound must be greater than 0");
  const std::string text = clause_with("a b # c");
  CHECK(error_position(text) == static_cast<int>(text.find('#')) + 1);
}

TEST_CASE("the clause deparses to text that parses to the same", "[match]") {
  const char* const kQueries[] = {
      "SELECT * FROM t x MATCH_RECOGNIZE (PARTITION BY a, b ORDER BY c DESC, d MEASURES FINAL last(u.v, 2) + 1 AS m, "
      "RUNNING sum(v) AS \"order\", count(a.*) AS n ONE ROW PER MATCH AFTER MATCH SKIP TO FIRST u PATTERN (a b) "
      "SUBSET u = (a, b), w = (a) DEFINE a AS v > prev(v, 2), b AS true) AS m (p, q)",
      "SELECT * FROM (SELECT 1) MATCH_RECOGNIZE (MEASURES 1 AS x ALL ROWS PER MATCH OMIT EMPTY MATCHES "
      "AFTER MATCH SKIP TO NEXT ROW PATTERN (a) DEFINE a AS true) JOIN t ON true",
      "SELECT * FROM f(1) g MATCH_RECOGNIZE (MEASURES 1 AS x ALL ROWS PER MATCH WITH UNMATCHED ROWS "
      "AFTER MATCH SKIP PAST LAST ROW PATTERN (a) DEFINE a AS true), u",
      "SELECT * FROM ((SELECT 1) MATCH_RECOGNIZE (MEASURES 1 AS x ALL ROWS PER MATCH SHOW EMPTY MATCHES "
      "AFTER MATCH SKIP TO LAST pattern PATTERN (pattern) DEFINE pattern AS true) m CROSS JOIN t)",
      "SELECT * FROM t MATCH_RECOGNIZE (MEASURES 1 AS x AFTER MATCH SKIP TO first PATTERN (first) DEFINE first AS "
      "true)",
  };
  for (const std::string query : kQueries) {
    INFO(query);
    const auto parsed = parse_statement(query);
    INFO(parsed.status().ToString());
    REQUIRE(parsed.ok());
    const std::string text = to_sql((*parsed)->statements()[0].node->to<SelectStatement>());
    INFO(text);
    const auto again = parse_statement(text);
    REQUIRE(again.ok());
    CHECK(to_sql((*again)->statements()[0].node->to<SelectStatement>()) == text);
  }
}

TEST_CASE("its words stay names", "[match]") {
  const auto alias = parse_statement("SELECT * FROM t match_recognize (a, b)");
  REQUIRE(alias.ok());
  CHECK(first_from(*alias).to<TableRef>().alias->name == "match_recognize");
  CHECK(first_from(*alias).to<TableRef>().alias->columns.size() == 2);
  CHECK(parse_statement("SELECT * FROM t match_recognize (measures)").ok());
  CHECK(parse_statement("SELECT * FROM (VALUES (1)) AS match_recognize WHERE true").ok());
  CHECK(parse_statement("SELECT final, running, prev(1), final.x FROM match_recognize AS final, running").ok());
  CHECK(parse_statement("SELECT match_recognize(1), permute(2) FROM match_recognize(1), define d").ok());
  // Only inside the clause do RUNNING and FINAL stand before a call.
  CHECK_FALSE(parse_statement("SELECT final last(1)").ok());
  CHECK_FALSE(parse_statement("SELECT * FROM (SELECT 1)").ok());
}

}  // namespace troupe::sql
