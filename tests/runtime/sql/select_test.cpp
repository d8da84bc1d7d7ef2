#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

ParsedSqlPtr parsed(const std::string& text) {
  auto result = parse_statement(text);
  INFO(text << ": " << result.status().ToString());
  REQUIRE(result.ok());
  REQUIRE((*result)->statements().size() == 1);
  return *result;
}
const SelectStatement& query_of(const ParsedSqlPtr& sql) { return sql->statements()[0].node->to<SelectStatement>(); }
std::string understood(const std::string& text) { return to_sql(query_of(parsed(text))); }

TEST_CASE("INTERSECT binds tighter than UNION and EXCEPT", "[parser]") {
  CHECK(understood("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3 EXCEPT ALL SELECT 4") ==
        "(SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)) EXCEPT ALL SELECT 4");
}

TEST_CASE("ORDER BY, LIMIT and WITH belong to the whole of a set operation", "[parser]") {
  const auto sql = parsed("WITH a AS (SELECT 1) SELECT 1 UNION SELECT 2 ORDER BY 1 LIMIT 3 OFFSET 4");
  const SelectStatement& query = query_of(sql);
  CHECK(query.operation == SetOperation::kUnion);
  CHECK(query.with->tables.size() == 1);
  CHECK(query.order_by.size() == 1);
  CHECK(query.limit->to<Literal>().integer == 3);
  CHECK(query.left->order_by.empty());
}

TEST_CASE("joins nest by their conditions", "[parser]") {
  CHECK(understood("SELECT * FROM a JOIN b JOIN c ON x ON y") == "SELECT * FROM (a JOIN (b JOIN c ON x) ON y)");
  CHECK(understood("SELECT * FROM a JOIN b ON x LEFT JOIN c USING (d) AS e") ==
        "SELECT * FROM ((a JOIN b ON x) LEFT JOIN c USING (d) AS e)");
  CHECK(understood("SELECT * FROM a CROSS JOIN b NATURAL JOIN c, d") ==
        "SELECT * FROM ((a CROSS JOIN b) NATURAL JOIN c), d");
  CHECK(understood("SELECT * FROM ((SELECT 1) x JOIN y ON true) z") ==
        "SELECT * FROM ((SELECT 1) AS x JOIN y ON true) AS z");
}

TEST_CASE("MINUS is EXCEPT where a query follows, and a name anywhere else", "[parser]") {
  CHECK(understood("SELECT a FROM t MINUS SELECT b FROM u") == "SELECT a FROM t EXCEPT SELECT b FROM u");
  CHECK(understood("SELECT a minus FROM t minus") == "SELECT a AS minus FROM t AS minus");
  CHECK(understood("SELECT minus FROM minus") == "SELECT minus FROM minus");
}

TEST_CASE("START WITH and CONNECT BY are taken in either order", "[parser]") {
  const auto sql = parsed("SELECT id FROM t WHERE a CONNECT BY NOCYCLE PRIOR id = parent START WITH parent IS NULL");
  const ConnectBy& clause = *query_of(sql).connect_by;
  CHECK(clause.no_cycle);
  CHECK(clause.start_with->is<NullTest>());
  CHECK(clause.condition->to<OperatorExpr>().left->is<PriorExpr>());
  CHECK(understood("SELECT prior, start FROM connect") == "SELECT prior, start FROM connect");
}

TEST_CASE("windows and frames keep every part", "[parser]") {
  const auto sql = parsed(
      "SELECT sum(x) OVER (w PARTITION BY a ORDER BY b ROWS 2 PRECEDING EXCLUDE TIES) FROM t WINDOW w AS (ORDER BY c)");
  const WindowDefinition& window = *query_of(sql).targets[0]->value->to<FunctionCall>().over;
  CHECK(window.base == "w");
  CHECK(window.unit == FrameUnit::kRows);
  CHECK(window.start.type == FrameBoundType::kPreceding);
  CHECK(window.end.type == FrameBoundType::kCurrentRow);
  CHECK(window.exclusion == FrameExclusion::kTies);
  CHECK(query_of(sql).windows[0]->name == "w");
}

TEST_CASE("grouping sets nest", "[parser]") {
  const auto sql = parsed("SELECT 1 FROM t GROUP BY a, ROLLUP (b, (c, d)), GROUPING SETS ((), CUBE (e), f)");
  const auto groups = query_of(sql).group_by;
  REQUIRE(groups.size() == 3);
  CHECK(groups[0]->type == GroupingSet::Type::kSimple);
  CHECK(groups[1]->expressions.size() == 2);
  CHECK(groups[2]->sets[0]->type == GroupingSet::Type::kEmpty);
  CHECK(groups[2]->sets[1]->type == GroupingSet::Type::kCube);
}

TEST_CASE("functions in FROM take column definitions or names", "[parser]") {
  const auto sql = parsed("SELECT * FROM f(1) AS (a int, b text), g() WITH ORDINALITY AS x(y, z), ROWS FROM (h(), i())");
  const auto from = query_of(sql).from;
  CHECK(from[0]->to<FunctionRef>().functions[0].columns.size() == 2);
  CHECK(from[1]->to<FunctionRef>().ordinality);
  CHECK(from[1]->to<FunctionRef>().alias->columns.size() == 2);
  CHECK(from[2]->to<FunctionRef>().functions.size() == 2);
}

TEST_CASE("every node knows where it began", "[parser]") {
  const auto sql = parsed("SELECT a, b + 10 FROM s.t WHERE c = $2");
  const SelectStatement& query = query_of(sql);
  CHECK(query.position == 0);
  CHECK(query.targets[1]->position == 10);
  CHECK(query.targets[1]->value->position == 12);  // an operator's position is its symbol's
  CHECK(query.from[0]->position == 22);
  CHECK(query.where->to<OperatorExpr>().right->position == 36);
  CHECK(sql->statements()[0].parameter_count == 2);
}

TEST_CASE("a text of several statements is split with the range of each", "[parser]") {
  const auto sql = parse_sql(" ; SELECT 1 ;; -- note\n INSERT INTO t VALUES (';') ; ");
  REQUIRE(sql.ok());
  const auto statements = (*sql)->statements();
  REQUIRE(statements.size() == 2);
  CHECK((*sql)->text_of(statements[0]) == "SELECT 1");
  CHECK((*sql)->text_of(statements[1]) == "INSERT INTO t VALUES (';')");
  CHECK(parse_sql(" -- nothing\n ;")->get()->statements().empty());
}

TEST_CASE("data-modifying statements keep their clauses", "[parser]") {
  const auto sql = parsed(
      "INSERT INTO t AS x (a, b[1]) OVERRIDING SYSTEM VALUE VALUES (1, DEFAULT) "
      "ON CONFLICT (a) WHERE a > 0 DO UPDATE SET (a, b) = (SELECT 1, 2), c = 3 WHERE x.a = 1 RETURNING *");
  const auto& insert = sql->statements()[0].node->to<InsertStatement>();
  CHECK(insert.table->alias->name == "x");
  CHECK(insert.columns[1].accessors.size() == 1);
  CHECK(insert.overriding == Overriding::kSystemValue);
  CHECK(insert.source->values[0][1]->is<DefaultExpr>());
  CHECK(insert.on_conflict->assignments[0]->multiple);
  CHECK(insert.on_conflict->assignments[0]->targets.size() == 2);
  CHECK(insert.returning.size() == 1);

  const auto merge = parsed(
      "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.d THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)");
  const auto& node = merge->statements()[0].node->to<MergeStatement>();
  CHECK(node.clauses[0]->action == MergeWhen::Action::kDelete);
  CHECK(node.clauses[1]->values.size() == 1);
}

}  // namespace
}  // namespace troupe::sql
