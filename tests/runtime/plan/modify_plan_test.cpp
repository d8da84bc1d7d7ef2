#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

TEST_CASE_METHOD(BankFixture, "an update by primary key is one direct write", "[plan]") {
  const StatementPlanPtr plan = this->plan("UPDATE accounts SET abalance = abalance + $1 WHERE aid = $2");
  CHECK(plan->parameters == std::vector<Type>{{oid::kInt4}, {oid::kInt4}});
  const auto& update = plan->root->to<UpdatePlan>();
  CHECK(update.direct);
  CHECK(plan->one_partition);
  CHECK_FALSE(plan->read_only);
  CHECK_FALSE(update.changes_key);
  CHECK(update.write.indexes.empty());
  CHECK(update.recheck == nullptr);
  REQUIRE(update.assignments.size() == 1);
  CHECK(update.assignments[0].column == 2);
  CHECK(explain("UPDATE accounts SET abalance = 0 WHERE aid = 1 AND bid = 2") == R"(
Update on accounts
  ->  Index Scan using accounts_pkey on accounts
        Index Cond: (aid = 1)
        Filter: (bid = 2)
)");
}

TEST_CASE_METHOD(BankFixture, "an update finds rows by other conditions and checks them again", "[plan]") {
  const StatementPlanPtr plan = this->plan("UPDATE accounts SET bid = 1 WHERE abalance < 0 RETURNING aid, bid");
  const auto& update = plan->root->to<UpdatePlan>();
  CHECK_FALSE(update.direct);
  CHECK(update.recheck != nullptr);
  CHECK(update.write.indexes.size() == 1);
  CHECK(plan->columns.size() == 2);
}

TEST_CASE_METHOD(BankFixture, "UPDATE ... FROM carries what it needs of other tables", "[plan]") {
  const StatementPlanPtr plan =
      this->plan("UPDATE accounts a SET abalance = b.bbalance FROM branches b WHERE a.bid = b.bid");
  const auto& update = plan->root->to<UpdatePlan>();
  CHECK(update.extras >= 1);
  CHECK(update.inputs[0]->output.size() == 1 + update.extras);
  CHECK(update.inputs[0]->output[0].oid == oid::kBytea);
}

TEST_CASE_METHOD(BankFixture, "what only the session can compute comes to the partition as a value", "[plan]") {
  const StatementPlanPtr plan = this->plan("UPDATE items SET id = nextval('items_id_seq'), price = price + 1 WHERE id = 3");
  const auto& update = plan->root->to<UpdatePlan>();
  CHECK_FALSE(update.direct);
  CHECK(update.changes_key);
  CHECK(update.extras == 1);
  CHECK(update.assignments[0].value->is_column());
  CHECK(explain("SELECT aid FROM accounts WHERE random() < 0.5 AND bid = 1") == R"(
Filter
  Filter: (random() < '0.5'::double precision)
  ->  Index Scan using accounts_bid_idx on accounts
        Index Cond: (bid = 1)
)");
  // The clock travels with the fragment.
  CHECK(explain("SELECT tid FROM history WHERE mtime < now()::timestamp").find("Seq Scan") == 1);
}

TEST_CASE_METHOD(BankFixture, "deeply nested expressions plan without exhausting the stack", "[plan]") {
  std::string sum = "SELECT abalance";
  for (int i = 0; i < 1500; ++i) sum += " + 1";
  CHECK(plan(sum + " FROM accounts")->columns.size() == 1);
}

TEST_CASE_METHOD(BankFixture, "an insert fills every column, with defaults and casts", "[plan]") {
  const StatementPlanPtr plan = this->plan("INSERT INTO items (name, price) VALUES ('x', 3) RETURNING id");
  const auto& insert = plan->root->to<InsertPlan>();
  CHECK(insert.inputs[0]->output.size() == 4);
  CHECK(insert.write.indexes.size() == 1);
  CHECK(insert.write.not_null == std::vector<uint32_t>{0, 1});
  REQUIRE(insert.write.checks.size() == 1);
  CHECK(insert.write.checks[0].name == "items_price_check");
  const auto& row = insert.inputs[0]->to<ValuesPlan>().rows[0];
  CHECK(row[0]->kind == ExprKind::kSequence);
  CHECK(row[3]->is_null_constant());
  const StatementPlanPtr point = this->plan("INSERT INTO branches VALUES (1, 2, 'x')");
  CHECK(point->one_partition);
  CHECK(this->plan("INSERT INTO items (name) SELECT filler FROM accounts")->root->inputs[0]->output.size() == 4);
}

TEST_CASE_METHOD(BankFixture, "ON CONFLICT finds its arbiter", "[plan]") {
  const StatementPlanPtr plan = this->plan(
      "INSERT INTO items (id, name) VALUES (1, 'a') ON CONFLICT (name) DO UPDATE SET price = excluded.price + items.price");
  const auto& insert = plan->root->to<InsertPlan>();
  REQUIRE(insert.conflict);
  CHECK(insert.conflict->update);
  CHECK(insert.conflict->arbiters.size() == 1);
  CHECK(this->plan("INSERT INTO branches VALUES (1) ON CONFLICT (bid) DO NOTHING")
            ->root->to<InsertPlan>()
            .conflict->primary_key);
  CHECK(error_of("INSERT INTO items (name) VALUES ('a') ON CONFLICT (price) DO NOTHING") ==
        "42P10 0 there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

TEST_CASE_METHOD(BankFixture, "a delete by key is direct, by anything else it reads first", "[plan]") {
  CHECK(plan("DELETE FROM pairs WHERE a = 1 AND b = 2")->root->to<DeletePlan>().direct);
  CHECK_FALSE(plan("DELETE FROM pairs WHERE a = 1")->root->to<DeletePlan>().direct);
  CHECK(explain("DELETE FROM history USING branches b WHERE b.bid = history.bid AND b.bbalance = 0")
            .find("Delete on history") != std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "a WITH query that changes rows runs even when nobody reads it", "[plan]") {
  const StatementPlanPtr plan =
      this->plan("WITH gone AS (DELETE FROM history RETURNING delta) SELECT sum(delta) FROM gone");
  CHECK(plan->modifying_ctes.size() == 1);
  CHECK_FALSE(plan->read_only);
}

TEST_CASE_METHOD(BankFixture, "changes say PostgreSQL's errors", "[plan]") {
  CHECK(error_of("INSERT INTO branches (bid, nope) VALUES (1, 2)") ==
        "42703 28 column \"nope\" of relation \"branches\" does not exist");
  CHECK(error_of("INSERT INTO branches (bid) VALUES (1, 2)") ==
        "42601 39 INSERT has more expressions than target columns");
  CHECK(error_of("INSERT INTO branches (bid, bbalance) VALUES (1)").substr(0, 5) == "42601");
  CHECK(error_of("INSERT INTO branches (bid, bid) VALUES (1, 2)") == "42701 28 column \"bid\" specified more than once");
  CHECK(error_of("INSERT INTO branches VALUES (true)") ==
        "42804 30 column \"bid\" is of type integer but expression is of type boolean\n"
        "HINT: You will need to rewrite or cast the expression.");
  CHECK(error_of("UPDATE branches SET nope = 1") ==
        "42703 21 column \"nope\" of relation \"branches\" does not exist");
  CHECK(error_of("UPDATE branches SET bid = 1, bid = 2").find("multiple assignments to same column \"bid\"") !=
        std::string::npos);
  CHECK(error_of("INSERT INTO nowhere VALUES (1)") == "42P01 13 relation \"nowhere\" does not exist");
}
