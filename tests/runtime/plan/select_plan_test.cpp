#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

TEST_CASE_METHOD(BankFixture, "a whole primary key is looked up in one partition", "[plan]") {
  const StatementPlanPtr plan = this->plan("SELECT abalance FROM accounts WHERE aid = 42");
  CHECK(plan->one_partition);
  CHECK(plan->read_only);
  const auto& scan = plan->root->to<TableScanPlan>();
  CHECK(scan.access.kind == AccessKind::kLookup);
  CHECK(scan.columns == std::vector<uint32_t>{2});
  CHECK(scan.filter == nullptr);
  CHECK(explain("SELECT abalance FROM accounts WHERE aid = 42") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: (aid = 42)
)");
}

TEST_CASE_METHOD(BankFixture, "lists of keys, ranges and prefixes use the key's order", "[plan]") {
  CHECK(explain("SELECT * FROM accounts WHERE aid IN (1, 2, 3)") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: (aid = ANY (ARRAY[1, 2, 3]))
)");
  CHECK(explain("SELECT * FROM accounts WHERE aid > 10 AND aid <= 20 AND abalance > 0") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: ((aid > 10) AND (aid <= 20))
  Filter: (abalance > 0)
)");
  CHECK(explain("SELECT c FROM pairs WHERE a = 1") == R"(
Index Scan using pairs_pkey on pairs
  Index Cond: (a = 1)
)");
  CHECK(explain("SELECT c FROM pairs WHERE b = 2 AND a = 1") == R"(
Index Scan using pairs_pkey on pairs
  Index Cond: ((a = 1) AND (b = 2))
)");
}

TEST_CASE_METHOD(BankFixture, "secondary indexes lead to rows, local and global ones", "[plan]") {
  CHECK(explain("SELECT * FROM accounts WHERE bid = 3") == R"(
Index Scan using accounts_bid_idx on accounts
  Index Cond: (bid = 3)
)");
  CHECK(explain("SELECT price FROM items WHERE name = 'x'") == R"(
Index Scan using items_name_key on items
  Index Cond: (name = 'x'::text)
)");
}

TEST_CASE_METHOD(BankFixture, "a literal of another integer type still finds its key", "[plan]") {
  const auto key = [&](std::string text) {
    const StatementPlanPtr plan = this->plan(std::move(text), {Type{oid::kInt8}});
    const auto& scan = plan->root->to<TableScanPlan>();
    REQUIRE(scan.access.kind == AccessKind::kLookup);
    return scan.access.keys[0][0];
  };
  CHECK(key("SELECT bid FROM accounts WHERE aid = 7::bigint")->type.oid == oid::kInt4);
  // A bigint parameter that does not fit is no key at all, rather than an error.
  CHECK(key("SELECT bid FROM accounts WHERE aid = $1")->kind == ExprKind::kCase);
}

TEST_CASE_METHOD(BankFixture, "what is never true reads nothing", "[plan]") {
  CHECK(explain("SELECT * FROM accounts WHERE 1 = 2") == R"(
Result
  One-Time Filter: false
)");
}

TEST_CASE_METHOD(BankFixture, "aggregates are computed in part where the rows are", "[plan]") {
  CHECK(explain("SELECT sum(abalance), count(*) FROM accounts") == R"(
Finalize Aggregate
  ->  Partial Aggregate
        ->  Seq Scan on accounts
)");
  CHECK(explain("SELECT bid, sum(abalance) FROM accounts WHERE abalance > 5 GROUP BY bid") == R"(
Finalize HashAggregate
  Group Key: bid
  ->  Partial HashAggregate
        Group Key: bid
        ->  Seq Scan on accounts
              Filter: (abalance > 5)
)");
  // DISTINCT needs all values in one place.
  CHECK(explain("SELECT count(DISTINCT bid) FROM accounts") == R"(
Aggregate
  ->  Seq Scan on accounts
)");
}

TEST_CASE_METHOD(BankFixture, "an order that a key has needs no sort when few rows are wanted", "[plan]") {
  CHECK(explain("SELECT * FROM accounts ORDER BY aid LIMIT 10") == R"(
Limit
  ->  Index Scan using accounts_pkey on accounts
)");
  CHECK(explain("SELECT * FROM accounts ORDER BY aid DESC LIMIT 10") == R"(
Limit
  ->  Index Scan Backward using accounts_pkey on accounts
)");
  CHECK(explain("SELECT * FROM accounts WHERE aid BETWEEN 5 AND 9 ORDER BY aid") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: ((aid >= 5) AND (aid <= 9))
)");
  CHECK(explain("SELECT * FROM accounts ORDER BY abalance LIMIT 3") == R"(
Limit
  Sort Key: abalance
  ->  Seq Scan on accounts
        Top-N per Partition: abalance
)");
}

TEST_CASE_METHOD(BankFixture, "a LIMIT without order stops the scan early", "[plan]") {
  const StatementPlanPtr plan = this->plan("SELECT filler FROM history LIMIT 5 OFFSET 2");
  const auto& scan = plan->root->inputs[0]->to<TableScanPlan>();
  REQUIRE(scan.row_limit != nullptr);
  CHECK(scan.row_limit->value.get<int64_t>() == 7);
}

TEST_CASE_METHOD(BankFixture, "joins look keys up when the outer side is small, and hash otherwise", "[plan]") {
  CHECK(explain("SELECT a.abalance FROM pairs p JOIN accounts a ON a.aid = p.b WHERE p.a = 1") == R"(
Nested Loop
  ->  Index Scan using pairs_pkey on pairs p
        Index Cond: (p.a = 1)
  ->  Index Scan using accounts_pkey on accounts a
        Index Cond: (a.aid = p.b)
)");
  CHECK(explain("SELECT count(*) FROM history h, branches b WHERE h.bid = b.bid") == R"(
Aggregate
  ->  Hash Join
        Hash Cond: (h.bid = b.bid)
        ->  Seq Scan on history h
        ->  Hash
              ->  Seq Scan on branches b
)");
}

TEST_CASE_METHOD(BankFixture, "an outer join whose optional side must not be null is an inner one", "[plan]") {
  CHECK(explain("SELECT 1 FROM history h LEFT JOIN branches b ON b.bid = h.bid WHERE b.bbalance > 0").find(
            "Left") == std::string::npos);
  CHECK(explain("SELECT b.bbalance FROM history h LEFT JOIN branches b ON b.bid = h.bid WHERE b.bid IS NULL").find(
            "Hash Left Join") != std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "subqueries become joins, or run once", "[plan]") {
  CHECK(explain("SELECT aid FROM accounts a WHERE EXISTS (SELECT 1 FROM history h WHERE h.aid = a.aid)") == R"(
Hash Semi Join
  Hash Cond: (a.aid = h.aid)
  ->  Seq Scan on accounts a
  ->  Hash
        ->  Seq Scan on history h
)");
  CHECK(explain("SELECT aid FROM accounts WHERE bid NOT IN (SELECT bid FROM branches)").find("Hash Anti Join") !=
        std::string::npos);
  const StatementPlanPtr scalar = plan("SELECT aid FROM accounts WHERE abalance = (SELECT max(abalance) FROM accounts)");
  REQUIRE(scalar->init_plans.size() == 1);
  CHECK(scalar->init_plans[0].kind == InitPlan::Kind::kScalar);
  CHECK(explain("SELECT (SELECT sum(delta) FROM history h WHERE h.aid = a.aid) FROM accounts a").find(
            "Hash Left Join") != std::string::npos);
  CHECK(explain("SELECT (SELECT mtime FROM history h WHERE h.aid = a.aid LIMIT 1) FROM accounts a").find(
            "Apply Single") != std::string::npos);
  const std::string array =
      explain("SELECT ARRAY(SELECT delta FROM history h WHERE h.aid = a.aid ORDER BY mtime) FROM accounts a");
  CHECK(array.find("Apply Single") != std::string::npos);
  CHECK(array.find("Aggregate") != std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "views and simple subqueries dissolve into the query around them", "[plan]") {
  ddl("CREATE VIEW rich AS SELECT aid, abalance + 1 AS more FROM accounts WHERE abalance > 100");
  CHECK(explain("SELECT more FROM rich WHERE aid = 5") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: (aid = 5)
  Filter: (abalance > 100)
)");
  CHECK(explain("WITH w AS (SELECT * FROM accounts) SELECT bid FROM w WHERE aid = 1") == R"(
Index Scan using accounts_pkey on accounts
  Index Cond: (aid = 1)
)");
}

TEST_CASE_METHOD(BankFixture, "set operations, DISTINCT, VALUES and recursion have their nodes", "[plan]") {
  CHECK(explain("SELECT aid FROM accounts UNION ALL SELECT bid FROM branches") == R"(
Append
  ->  Seq Scan on accounts
  ->  Seq Scan on branches
)");
  CHECK(explain("SELECT bid FROM accounts EXCEPT SELECT bid FROM branches").find("HashSetOp Except") !=
        std::string::npos);
  CHECK(explain("SELECT DISTINCT bid FROM accounts").find("HashAggregate") != std::string::npos);
  CHECK(explain("VALUES (1, 'a'), (2, 'b')") == "\nValues Scan on \"*VALUES*\"\n");
  const std::string recursive =
      explain("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n");
  CHECK(recursive.find("Recursive Union") != std::string::npos);
  CHECK(recursive.find("WorkTable Scan") != std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "the result's columns say their names, types and origin", "[plan]") {
  const StatementPlanPtr plan =
      this->plan("SELECT aid, abalance * 2 AS twice, count(*) OVER (), 'x', now()::date FROM accounts");
  REQUIRE(plan->columns.size() == 5);
  CHECK(plan->columns[0].name == "aid");
  CHECK(plan->columns[0].table == table("accounts").oid);
  CHECK(plan->columns[0].attnum == 1);
  CHECK(plan->columns[1].name == "twice");
  CHECK(plan->columns[1].type.oid == oid::kInt4);
  CHECK(plan->columns[1].table == kNoOid);
  CHECK(plan->columns[2].name == "count");
  CHECK(plan->columns[3].name == "?column?");
  CHECK(plan->columns[3].type.oid == oid::kText);
  CHECK(plan->columns[4].name == "now");
}

TEST_CASE_METHOD(BankFixture, "parameters get their types from where they stand", "[plan]") {
  const StatementPlanPtr plan = this->plan("SELECT $2::text, filler FROM accounts WHERE aid = $1 LIMIT $3");
  CHECK(plan->parameters == std::vector<Type>{{oid::kInt4}, {oid::kText}, {oid::kInt8}});
  CHECK(error_of("SELECT $1 IS NULL") == "42P18 0 could not determine data type of parameter $1");
  CHECK(error_of("SELECT nullif($1, $1::int::text)") ==
        "42P08 15 inconsistent types deduced for parameter $1\nDETAIL: integer versus text");
}

TEST_CASE_METHOD(BankFixture, "a plan is current until an object it uses changes", "[plan]") {
  const StatementPlanPtr plan = this->plan("SELECT * FROM accounts");
  CHECK(is_current(*plan, catalog()));
  ddl("CREATE TABLE unrelated (x int)");
  CHECK(is_current(*plan, catalog()));
  ddl("ALTER TABLE accounts ADD COLUMN extra int");
  CHECK_FALSE(is_current(*plan, catalog()));
}

TEST_CASE_METHOD(BankFixture, "locking reads lock the rows their plan finds", "[plan]") {
  const StatementPlanPtr point = plan("SELECT * FROM accounts WHERE aid = 1 FOR UPDATE");
  const auto& lock = point->root->inputs.empty() ? point->root->to<LockRowsPlan>()
                                                 : (point->root->kind == PlanKind::kLockRows
                                                        ? point->root->to<LockRowsPlan>()
                                                        : point->root->inputs[0]->to<LockRowsPlan>());
  CHECK(lock.direct);
  CHECK(lock.locks[0].strength == LockStrength::kExclusive);
  CHECK_FALSE(point->read_only);
  CHECK(explain("SELECT aid FROM accounts WHERE abalance > 0 ORDER BY aid LIMIT 1 FOR UPDATE SKIP LOCKED") == R"(
Limit
  ->  LockRows
        ->  Index Scan using accounts_pkey on accounts
              Filter: (abalance > 0)
)");
}

TEST_CASE_METHOD(BankFixture, "a subquery of the select list that other clauses name is planned once", "[plan]") {
  const std::string counted = "SELECT (SELECT count(*) FROM pairs AS p WHERE p.b < pairs.b) AS n FROM pairs ";
  for (const char* rest : {"ORDER BY 1", "ORDER BY n DESC LIMIT 3", "GROUP BY 1", "GROUP BY n ORDER BY n",
                           "WHERE EXISTS (SELECT 1 FROM pairs AS q WHERE q.b < pairs.b) ORDER BY 1"}) {
    const std::string text = explain(counted + rest);
    INFO(text);
    CHECK(text.find("Apply Single") != std::string::npos);
    CHECK(text.find("Apply Single") == text.rfind("Apply Single"));
  }
  CHECK(plan("SELECT (SELECT max(b) FROM pairs) FROM pairs ORDER BY 1")->init_plans.size() == 1);
}

TEST_CASE_METHOD(BankFixture, "a list of values of an index that is not unique is a range for each", "[plan]") {
  CHECK(explain("SELECT * FROM accounts WHERE bid IN (3, 5)") == R"(
Index Scan using accounts_bid_idx on accounts
  Index Cond: (bid = ANY (ARRAY[3, 5]))
)");
  CHECK(explain("SELECT c FROM pairs WHERE a IN (1, 2)") == R"(
Index Scan using pairs_pkey on pairs
  Index Cond: (a = ANY (ARRAY[1, 2]))
)");
  // Ranges come in no order, so that they are sorted.
  CHECK(explain("SELECT bid FROM accounts WHERE bid IN (5, 3) ORDER BY bid") == R"(
Sort
  Sort Key: bid
  ->  Index Scan using accounts_bid_idx on accounts
        Index Cond: (bid = ANY (ARRAY[5, 3]))
)");
}

TEST_CASE_METHOD(BankFixture, "the extremes of an indexed column are the ends of its index", "[plan]") {
  CHECK(explain("SELECT max(aid) FROM accounts").find("Index Scan Backward using accounts_pkey") != std::string::npos);
  CHECK(explain("SELECT min(bid), max(aid) + 1 FROM accounts").find("Seq Scan") == std::string::npos);
  // What has no index, or more than the extremes, reads the table.
  CHECK(explain("SELECT max(abalance) FROM accounts").find("Seq Scan") != std::string::npos);
  CHECK(explain("SELECT max(aid), count(*) FROM accounts").find("Seq Scan") != std::string::npos);
  CHECK(explain("SELECT max(aid) FROM accounts WHERE abalance > 0").find("Seq Scan") != std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "columns without a name are called as PostgreSQL calls them", "[plan]") {
  const auto name = [&](std::string value) { return plan("SELECT " + value + " FROM accounts")->columns[0].name; };
  CHECK(name("aid::text") == "aid");
  CHECK(name("5::bool::text") == "text");
  CHECK(name("(aid + 1)::text::varchar") == "varchar");
  CHECK(name("CASE WHEN true THEN '' ELSE aid::bigint::text END") == "aid");
  CHECK(name("CASE WHEN true THEN '' ELSE 5::text END") == "case");
  CHECK(name("true") == "?column?");
  CHECK(name("COALESCE(aid, 1)::text") == "coalesce");
}

TEST_CASE_METHOD(BankFixture, "a subquery that runs once is a key like any other value", "[plan]") {
  CHECK(explain("UPDATE accounts SET abalance = 0 WHERE aid = (SELECT max(delta) FROM history)") == R"(
Update on accounts
  ->  Index Scan using accounts_pkey on accounts
        Index Cond: (aid = $0)
  InitPlan 1 (returns $0)
  ->  Finalize Aggregate
        ->  Partial Aggregate
              ->  Seq Scan on history
)");
  const StatementPlanPtr plan = this->plan("DELETE FROM accounts WHERE aid = (SELECT 5)");
  CHECK_FALSE(plan->one_partition);
  CHECK(plan->root->to<DeletePlan>().direct);
}

TEST_CASE_METHOD(BankFixture, "few values of IN are looked up, each once", "[plan]") {
  CHECK(explain("DELETE FROM accounts WHERE aid IN (SELECT bid FROM branches)") == R"(
Delete on accounts
  ->  Nested Loop
        ->  HashAggregate
              ->  Seq Scan on branches
        ->  Index Scan using accounts_pkey on accounts
              Index Cond: (accounts.aid = branches.bid)
)");
  // Something other than an equality could match several of them.
  const std::string plan = explain(
      "SELECT * FROM accounts WHERE EXISTS (SELECT 1 FROM branches b WHERE b.bid = aid AND "
      "b.bbalance < abalance)");
  CHECK(plan.find("HashAggregate") == std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "EXISTS among other conditions marks the rows that match", "[plan]") {
  CHECK(explain("SELECT aid FROM accounts a WHERE abalance < 0 OR EXISTS (SELECT 1 FROM history h WHERE h.aid = a.aid "
                "ORDER BY 1 LIMIT 1)") == R"(
Filter
  Filter: ((a.abalance < 0) OR (hashed SubPlan 1))
  ->  Hash Mark Join (SubPlan 1)
        Hash Cond: (a.aid = h.aid)
        ->  Seq Scan on accounts a
        ->  Hash
              ->  Seq Scan on history h
)");
  CHECK(explain("SELECT EXISTS (SELECT 1 FROM accounts a WHERE a.aid > b.bid) FROM branches b").find("Apply Mark") !=
        std::string::npos);
}

TEST_CASE_METHOD(BankFixture, "conditions move into subqueries onto what divides their rows", "[plan]") {
  const auto is_inside = [&](std::string_view query, std::string_view condition) {
    const std::string plan = explain(cat("SELECT * FROM (", query, ") q WHERE ", condition));
    return plan.find("accounts_bid_idx") != std::string::npos || plan.find("accounts_pkey") != std::string::npos;
  };
  CHECK(is_inside("SELECT bid, count(*) FROM accounts GROUP BY bid", "bid = 3"));
  CHECK(is_inside("SELECT DISTINCT bid, abalance FROM accounts", "bid IN (3, 4)"));
  CHECK(is_inside("SELECT bid, rank() OVER (PARTITION BY bid ORDER BY aid) FROM accounts", "bid = 3"));
  CHECK(is_inside("SELECT DISTINCT ON (bid) bid, aid FROM accounts ORDER BY bid, aid", "bid = 3"));
  for (const char* operation : {"UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"}) {
    CHECK(is_inside(cat("SELECT aid FROM accounts ", operation, " SELECT tid FROM history"), "aid = 3"));
  }
  CHECK_FALSE(is_inside("SELECT bid, count(*) c FROM accounts GROUP BY bid", "c = 3"));
  CHECK_FALSE(is_inside("SELECT bid, rank() OVER (ORDER BY abalance) FROM accounts", "bid = 3"));
  CHECK_FALSE(is_inside("SELECT DISTINCT ON (abalance) bid FROM accounts", "bid = 3"));
  CHECK_FALSE(is_inside("SELECT bid FROM accounts LIMIT 10", "bid = 3"));
  CHECK_FALSE(is_inside("SELECT bid, random() FROM accounts GROUP BY bid", "bid = 3"));
  CHECK_FALSE(is_inside("SELECT bid, count(*) FROM accounts GROUP BY GROUPING SETS ((bid), ())", "bid = 3"));
}

TEST_CASE_METHOD(BankFixture, "the first rows of a join come in an index's order", "[plan]") {
  analyze("items", 100000);
  CHECK(explain("SELECT a.aid, i.price FROM accounts a JOIN items i ON i.id = a.bid ORDER BY a.aid LIMIT 10") == R"(
Limit
  ->  Nested Loop
        ->  Index Scan using accounts_pkey on accounts a
        ->  Index Scan using items_pkey on items i
              Index Cond: (i.id = (a.bid)::bigint)
)");
  CHECK(explain("SELECT row_number() OVER (ORDER BY aid) FROM accounts LIMIT 10") == R"(
Limit
  ->  WindowAgg
        ->  Limit
              ->  Index Scan using accounts_pkey on accounts
)");
  CHECK(explain("SELECT a.aid FROM accounts a JOIN items i ON i.id = a.bid ORDER BY a.aid").find("Sort") !=
        std::string::npos);
}
