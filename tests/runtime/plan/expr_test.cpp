#include "runtime/plan/expr.hpp"

#include "runtime/plan/table_function.hpp"
#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

namespace {

/// The values a SELECT without FROM computes.
ExprList targets_of(const StatementPlan& plan) { return plan.root->to<ValuesPlan>().rows[0]; }

}  // namespace

TEST_CASE_METHOD(BankFixture, "every kind of expression survives its bytes", "[expr]") {
  const StatementPlanPtr plan = this->plan(
      "SELECT $1::int + 1, lower($2), $1 IN (1, 2, 3, $3), CASE WHEN $1 > 5 THEN 'a' ELSE $2 END, "
      "coalesce($2, 'x'), nullif($1, 3), greatest($1, 2), $1 IS DISTINCT FROM 4, $1 = ANY ('{1,2}'::int[]), "
      "ARRAY[$1, 2], ($1 > 1 AND $2 = 'y') OR NOT $4, $4 IS NOT TRUE, $2 IS NULL, $1::text::varchar(3), "
      "current_user, (ARRAY[$1, 7])[2], nextval('items_id_seq'), -1.5::numeric, $2 LIKE 'a%'",
      {{oid::kInt4}, {oid::kText}, {oid::kInt4}, {oid::kBool}});
  const ExprList exprs = targets_of(*plan);
  CHECK(exprs.size() == 19);
  for (const ExprPtr& expr : exprs) {
    std::string bytes;
    encode_expr(*expr, &bytes);
    const auto decoded = decode_expr(bytes);
    INFO(print_expr(*expr, {}));
    REQUIRE(decoded.ok());
    CHECK(equal(expr, *decoded));
    CHECK(hash_expr(*expr) == hash_expr(**decoded));
    CHECK(print_expr(*expr, {}) == print_expr(**decoded, {}));
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      CHECK_FALSE(decode_expr(std::string_view(bytes).substr(0, cut)).ok());
    }
  }
}

TEST_CASE_METHOD(BankFixture, "constants are computed when planning, failures wait for the run", "[expr]") {
  const auto only = [&](std::string text) { return print_expr(*targets_of(*plan(std::move(text)))[0], {}); };
  CHECK(only("SELECT 1 + 2 * 3") == "7");
  CHECK(only("SELECT CASE WHEN false THEN 1 ELSE 2 END") == "2");
  CHECK(only("SELECT NULL IS NULL") == "true");
  CHECK(only("SELECT 1 / 0") == "(1 / 0)");
  CHECK(only("SELECT coalesce(NULL, 4)") == "4");
}

TEST_CASE_METHOD(BankFixture, "aggregate calls survive their bytes", "[expr]") {
  const StatementPlanPtr plan =
      this->plan("SELECT sum(abalance + 1) FILTER (WHERE bid > 2), string_agg(filler, ',' ORDER BY aid DESC) FROM accounts");
  const auto& aggregation = plan->root->kind == PlanKind::kAggregate
                                ? plan->root->to<AggregatePlan>().aggregation
                                : plan->root->inputs[0]->to<AggregatePlan>().aggregation;
  for (const AggregateCall& call : aggregation.calls) {
    std::string bytes;
    encode_aggregate_call(call, &bytes);
    const auto decoded = decode_aggregate_call(bytes);
    REQUIRE(decoded.ok());
    CHECK(print_aggregate(call, {}) == print_aggregate(*decoded, {}));
  }
}

TEST_CASE("generate_series yields its values in batches", "[expr]") {
  const std::vector<Type> types{{oid::kInt4}, {oid::kInt4}};
  const auto function = resolve_table_function("generate_series", types);
  REQUIRE(function.ok());
  EvalContext context;
  const std::vector<Value> args{Value::of(int32_t{1}), Value::of(int32_t{5})};
  const auto cursor = function->function->open(types, args, context);
  REQUIRE(cursor.ok());
  Batch batch;
  REQUIRE((*cursor)->next(3, context, batch).ok());
  CHECK(batch.rows == 3);
  REQUIRE((*cursor)->next(3, context, batch).ok());
  CHECK(batch.rows == 2);
  CHECK(batch.columns[0].get<int32_t>(1) == 5);
  REQUIRE((*cursor)->next(3, context, batch).ok());
  CHECK(batch.rows == 0);
}
