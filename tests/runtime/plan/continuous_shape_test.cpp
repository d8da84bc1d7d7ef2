#include "runtime/plan/continuous_shape.hpp"

#include <catch2/catch.hpp>

#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

absl::StatusOr<ContinuousShape> shape_of(std::string_view text, std::string_view column = "none") {
  static std::vector<sql::ParsedSqlPtr> kept;  // shapes point into it
  kept.push_back(*sql::parse_statement(text));
  const HasColumn has_column = [column](const sql::TableRef&, std::string_view name) { return name == column; };
  return continuous_shape(kept.back()->statements()[0].node->to<sql::SelectStatement>(), has_column);
}

ContinuousShape::Kind kind_of(std::string_view text) {
  const auto shape = shape_of(text);
  REQUIRE(shape.ok());
  return shape->kind;
}

TEST_CASE("filters, projections, inner joins and UNION ALL are kept as rows", "[continuous]") {
  using Kind = ContinuousShape::Kind;
  CHECK(kind_of("SELECT a + 1 FROM t WHERE b > 2") == Kind::kRows);
  CHECK(kind_of("SELECT t.a, u.b FROM t JOIN u ON t.id = u.id, v WHERE v.x = t.x") == Kind::kRows);
  CHECK(kind_of("SELECT a FROM t UNION ALL SELECT b FROM u UNION ALL SELECT c FROM v") == Kind::kRows);
  CHECK(kind_of("SELECT a FROM t ORDER BY a") == Kind::kRows);
}

TEST_CASE("count, sum, avg, DISTINCT and UNION are kept as sums", "[continuous]") {
  using Kind = ContinuousShape::Kind;
  CHECK(kind_of("SELECT count(*) FROM t") == Kind::kSums);
  CHECK(kind_of("SELECT g, avg(x) * 2 + 1 FROM t GROUP BY g") == Kind::kSums);
  CHECK(kind_of("SELECT t.g, sum(x) FILTER (WHERE x > 0) FROM t GROUP BY g") == Kind::kSums);
  CHECK(kind_of("SELECT g % 2, count(*) FROM t GROUP BY 1") == Kind::kSums);
  CHECK(kind_of("SELECT DISTINCT a FROM t") == Kind::kSums);
  CHECK(kind_of("SELECT a FROM t UNION SELECT b FROM u") == Kind::kSums);
  CHECK(kind_of("SELECT a FROM t UNION ALL SELECT b FROM u UNION SELECT c FROM v") == Kind::kSums);
}

TEST_CASE("what sums are not enough for is kept by groups", "[continuous]") {
  using Kind = ContinuousShape::Kind;
  CHECK(kind_of("SELECT g, min(x), max(x) FROM t GROUP BY g") == Kind::kGroups);
  CHECK(kind_of("SELECT g, count(*) FROM t GROUP BY g HAVING count(*) > 1") == Kind::kGroups);
  CHECK(kind_of("SELECT g, count(DISTINCT x) FROM t GROUP BY g") == Kind::kGroups);
  CHECK(kind_of("SELECT a.id, b.x, count(*) FROM a, b GROUP BY a.id") == Kind::kGroups);
}

TEST_CASE("a name in GROUP BY is a table's column first", "[continuous]") {
  const std::string_view text = "SELECT x + 1 AS g, count(*) FROM t GROUP BY g";
  const auto alias = shape_of(text);
  REQUIRE(alias.ok());
  CHECK(alias->groups[0]->is<sql::OperatorExpr>());
  const auto column = shape_of(text, "g");
  REQUIRE(column.ok());
  CHECK(column->groups[0]->is<sql::ColumnRef>());
}

TEST_CASE("what cannot be kept is refused with the reason", "[continuous]") {
  const std::pair<const char*, const char*> refused[] = {
      {"SELECT a FROM t LIMIT 3", "LIMIT"},
      {"SELECT a FROM t LEFT JOIN u USING (id)", "outer joins"},
      {"SELECT a FROM t WHERE EXISTS (SELECT FROM u)", "subqueries in expressions"},
      {"SELECT a FROM (SELECT a FROM t) AS x", "subqueries in FROM"},
      {"WITH x AS (SELECT 1) SELECT a FROM t", "WITH"},
      {"SELECT a FROM t INTERSECT SELECT b FROM u", "INTERSECT"},
      {"SELECT row_number() OVER () FROM t", "window functions"},
      {"SELECT string_agg(a, ',') FROM t", "order of the rows"},
      {"SELECT DISTINCT ON (a) a, b FROM t", "DISTINCT ON"},
      {"(SELECT a FROM t UNION SELECT b FROM u) UNION ALL SELECT c FROM v", "UNION inside UNION ALL"},
      {"SELECT count(*) FROM t UNION ALL SELECT count(*) FROM u", "UNION of grouped queries"},
      {"SELECT 1", "reads no table"},
      {"VALUES (1)", "VALUES"},
      {"SELECT a FROM t TABLESAMPLE bernoulli (10)", "TABLESAMPLE"}};
  for (const auto& [text, reason] : refused) {
    const auto shape = shape_of(text);
    INFO(text);
    REQUIRE_FALSE(shape.ok());
    CHECK(error_code(shape.status()) == ErrorCode::kFeatureNotSupported);
    CHECK(std::string(shape.status().message()).find(reason) != std::string::npos);
  }
}

}  // namespace
}  // namespace troupe
