#include "runtime/plan/continuous_shape.hpp"

#include <catch2/catch.hpp>

#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

ContinuousShape shape_of(std::string_view text) {
  static std::vector<sql::ParsedSqlPtr> kept;  // shapes point into it
  kept.push_back(*sql::parse_statement(text));
  const auto shape = continuous_shape(kept.back()->statements()[0].node->to<sql::SelectStatement>());
  REQUIRE(shape.ok());
  return *shape;
}

ContinuousShape::Kind kind_of(std::string_view text) { return shape_of(text).kind; }

std::string keys_of(std::string_view text) {
  std::string keys;
  for (const sql::Expr* key : shape_of(text).keys) keys += sql::to_sql(*key) + ";";
  return keys;
}

using Kind = ContinuousShape::Kind;

TEST_CASE("filters, projections, inner joins and UNION ALL are kept as rows", "[continuous]") {
  CHECK(kind_of("SELECT a + 1 FROM t WHERE b > 2") == Kind::kRows);
  CHECK(kind_of("SELECT t.a, u.b FROM t JOIN u ON t.id = u.id, v WHERE v.x = t.x") == Kind::kRows);
  CHECK(kind_of("SELECT a FROM t UNION ALL SELECT b FROM u UNION ALL SELECT c FROM v") == Kind::kRows);
}

TEST_CASE("count, sum, avg, DISTINCT and UNION are kept as sums", "[continuous]") {
  CHECK(kind_of("SELECT count(*) FROM t") == Kind::kSums);
  CHECK(kind_of("SELECT t.g, avg(t.x) * 2 + 1 FROM t GROUP BY t.g") == Kind::kSums);
  CHECK(kind_of("SELECT t.g, sum(t.x) FILTER (WHERE t.x > 0) FROM t GROUP BY t.g") == Kind::kSums);
  CHECK(kind_of("SELECT DISTINCT a FROM t") == Kind::kSums);
  CHECK(kind_of("SELECT a FROM t UNION SELECT b FROM u") == Kind::kSums);
  CHECK(kind_of("SELECT a FROM t UNION ALL SELECT b FROM u UNION SELECT c FROM v") == Kind::kSums);
}

TEST_CASE("what sums are not enough for is kept by groups", "[continuous]") {
  CHECK(kind_of("SELECT t.g, min(t.x), max(t.x) FROM t GROUP BY t.g") == Kind::kKeys);
  CHECK(kind_of("SELECT t.g, count(*) FROM t GROUP BY t.g HAVING count(*) > 1") == Kind::kKeys);
  CHECK(kind_of("SELECT t.g, count(DISTINCT t.x) FROM t GROUP BY t.g") == Kind::kKeys);
  CHECK(keys_of("SELECT a.id, b.x, count(*) FROM a, b GROUP BY a.id, a.x + 1") == "a.id;(a.x + 1);");
}

TEST_CASE("window functions are kept by what all of them are partitioned by", "[continuous]") {
  CHECK(keys_of("SELECT rank() OVER (PARTITION BY t.a, t.b ORDER BY t.c), sum(t.x) OVER (PARTITION BY t.b) FROM t") ==
        "t.b;");
  CHECK(keys_of("SELECT rank() OVER w FROM t WINDOW w AS (PARTITION BY t.a ORDER BY t.c)") == "t.a;");
  CHECK(keys_of("SELECT rank() OVER (PARTITION BY t.a ORDER BY t.c), count(*) OVER () FROM t").empty());
}

TEST_CASE("DISTINCT ON is kept by what it is on, LIMIT by nothing", "[continuous]") {
  CHECK(keys_of("SELECT DISTINCT ON (t.a) t.a, t.b FROM t ORDER BY t.a, t.b") == "t.a;");
  const ContinuousShape cut = shape_of("SELECT t.a FROM t ORDER BY t.a LIMIT 3");
  CHECK(cut.kind == Kind::kKeys);
  CHECK(cut.keys.empty());
}

TEST_CASE("outer joins and subqueries are kept by the tables that no join leaves out", "[continuous]") {
  CHECK(shape_of("SELECT a.x FROM a LEFT JOIN b ON a.id = b.id").anchored);
  const ContinuousShape filtered = shape_of(
      "SELECT a.x FROM a WHERE a.x > 1 AND EXISTS (SELECT FROM b AS q1, c AS q2 WHERE q1.id = a.id) "
      "AND a.y NOT IN (SELECT q3.y FROM d AS q3)");
  CHECK(filtered.anchored);
  REQUIRE(filtered.parts[0].subqueries.size() == 2);
  CHECK(filtered.parts[0].tables.size() == 4);
  CHECK(filtered.parts[0].subqueries[0].filters);
  CHECK_FALSE(filtered.parts[0].subqueries[1].filters);
}

}  // namespace
}  // namespace troupe
