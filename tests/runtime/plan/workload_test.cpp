/// The queries of the analytical benchmark whose shape is known to all (TPC-H, specification 3.0), over our own tables
/// of those names: each must find a plan, with its subqueries taken apart.
#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

namespace {

class OrdersFixture : public PlanFixture {
 public:
  OrdersFixture() {
    ddl("CREATE TABLE region (r_regionkey int PRIMARY KEY, r_name char(25), r_comment varchar(152))");
    ddl("CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name char(25), n_regionkey int, n_comment varchar(152))");
    ddl("CREATE TABLE supplier (s_suppkey int PRIMARY KEY, s_name char(25), s_address varchar(40), s_nationkey int, "
        "s_phone char(15), s_acctbal numeric(15,2), s_comment varchar(101))");
    ddl("CREATE TABLE part (p_partkey int PRIMARY KEY, p_name varchar(55), p_mfgr char(25), p_brand char(10), "
        "p_type varchar(25), p_size int, p_container char(10), p_retailprice numeric(15,2), p_comment varchar(23))");
    ddl("CREATE TABLE partsupp (ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2), "
        "ps_comment varchar(199), PRIMARY KEY (ps_partkey, ps_suppkey))");
    ddl("CREATE TABLE customer (c_custkey int PRIMARY KEY, c_name varchar(25), c_address varchar(40), "
        "c_nationkey int, c_phone char(15), c_acctbal numeric(15,2), c_mktsegment char(10), c_comment varchar(117))");
    ddl("CREATE TABLE orders (o_orderkey bigint PRIMARY KEY, o_custkey int, o_orderstatus char(1), "
        "o_totalprice numeric(15,2), o_orderdate date, o_orderpriority char(15), o_clerk char(15), "
        "o_shippriority int, o_comment varchar(79))");
    ddl("CREATE TABLE lineitem (l_orderkey bigint, l_partkey int, l_suppkey int, l_linenumber int, "
        "l_quantity numeric(15,2), l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), "
        "l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate date, l_receiptdate date, "
        "l_shipinstruct char(25), l_shipmode char(10), l_comment varchar(44), PRIMARY KEY (l_orderkey, l_linenumber))");
    analyze("region", 5);
    analyze("nation", 25);
    analyze("supplier", 10000);
    analyze("part", 200000);
    analyze("partsupp", 800000);
    analyze("customer", 150000);
    analyze("orders", 1500000);
    analyze("lineitem", 6000000);
  }

  static bool has(const PlanNode& node, PlanKind kind) {
    if (node.kind == kind) return true;
    for (const PlanPtr& input : node.inputs) {
      if (has(*input, kind)) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE_METHOD(OrdersFixture, "pricing summaries aggregate in the partitions", "[plan]") {
  CHECK(explain("SELECT l_returnflag, l_linestatus, sum(l_quantity), avg(l_discount), count(*) FROM lineitem "
                "WHERE l_shipdate <= date '1998-12-01' - interval '90' day "
                "GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus")
            .find("Partial HashAggregate") != std::string::npos);
}

TEST_CASE_METHOD(OrdersFixture, "a correlated minimum is a join with groups", "[plan]") {
  const StatementPlanPtr plan = this->plan(
      "SELECT s_acctbal, s_name, n_name, p_partkey FROM part, supplier, partsupp, nation, region "
      "WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size = 15 AND p_type LIKE '%BRASS' "
      "AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE' AND ps_supplycost = "
      "(SELECT min(ps_supplycost) FROM partsupp, supplier, nation, region WHERE p_partkey = ps_partkey "
      "AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = 'EUROPE') "
      "ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100");
  CHECK_FALSE(has(*plan->root, PlanKind::kApply));
  CHECK_FALSE(has(*plan->root, PlanKind::kNestedLoop));
  CHECK(plan->root->kind == PlanKind::kTopN);
}

TEST_CASE_METHOD(OrdersFixture, "a correlated count is a join with groups, and 0 where there is none", "[plan]") {
  const std::string text =
      explain("SELECT c_custkey FROM customer WHERE (SELECT count(*) FROM orders WHERE o_custkey = c_custkey) > 5");
  CHECK(text.find("Apply") == std::string::npos);
  CHECK(text.find("CASE WHEN (orders.o_custkey IS NULL) THEN '0'::bigint ELSE count(*) END > 5") != std::string::npos);
}

TEST_CASE_METHOD(OrdersFixture, "a correlated subquery of one row looks up its rows by an index", "[plan]") {
  CHECK(has(*plan("SELECT (SELECT count(*) FROM lineitem WHERE l_orderkey = o_orderkey) FROM orders WHERE o_orderkey = "
                  "5")
                 ->root,
            PlanKind::kApply));
}

TEST_CASE_METHOD(OrdersFixture, "joins of many tables have no cross product", "[plan]") {
  const StatementPlanPtr plan = this->plan(
      "SELECT o_year, sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS share FROM "
      "(SELECT extract(year FROM o_orderdate) AS o_year, l_extendedprice * (1 - l_discount) AS volume, "
      "n2.n_name AS nation FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region "
      "WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey "
      "AND c_nationkey = n1.n_nationkey AND n1.n_regionkey = r_regionkey AND r_name = 'AMERICA' "
      "AND s_nationkey = n2.n_nationkey AND o_orderdate BETWEEN date '1995-01-01' AND date '1996-12-31' "
      "AND p_type = 'ECONOMY ANODIZED STEEL') AS all_nations GROUP BY o_year ORDER BY o_year");
  CHECK_FALSE(has(*plan->root, PlanKind::kNestedLoop));
}

TEST_CASE_METHOD(OrdersFixture, "what all arms of an OR ask for joins, what they ask of one table restricts it",
                 "[plan]") {
  const StatementPlanPtr common = this->plan(
      "SELECT sum(l_extendedprice) FROM lineitem, part WHERE (p_partkey = l_partkey AND p_brand = 'Brand#12' AND "
      "l_quantity >= 1 AND p_size BETWEEN 1 AND 5) OR (p_partkey = l_partkey AND p_brand = 'Brand#23' AND l_quantity "
      ">= 10 AND p_size BETWEEN 1 AND 10)");
  CHECK_FALSE(has(*common->root, PlanKind::kNestedLoop));
  const std::string nations = explain(
      "SELECT count(*) FROM supplier, customer, nation n1, nation n2 WHERE s_nationkey = n1.n_nationkey AND "
      "c_nationkey "
      "= n2.n_nationkey AND s_acctbal = c_acctbal AND ((n1.n_name = 'FRANCE' AND n2.n_name = 'GERMANY') OR (n1.n_name "
      "= "
      "'GERMANY' AND n2.n_name = 'FRANCE'))");
  CHECK(nations.find("Filter: ((n1.n_name = 'FRANCE'::character) OR (n1.n_name = 'GERMANY'::character))") !=
        std::string::npos);
  CHECK(nations.find("Filter: ((n2.n_name = 'GERMANY'::character) OR (n2.n_name = 'FRANCE'::character))") !=
        std::string::npos);
}

TEST_CASE_METHOD(OrdersFixture, "EXISTS, NOT EXISTS, IN and HAVING over groups are joins", "[plan]") {
  for (const std::string_view text : {
           "SELECT o_orderpriority, count(*) FROM orders WHERE EXISTS (SELECT * FROM lineitem WHERE l_orderkey = "
           "o_orderkey AND l_commitdate < l_receiptdate) GROUP BY o_orderpriority",
           "SELECT c_name, sum(l_quantity) FROM customer, orders, lineitem WHERE o_orderkey IN (SELECT l_orderkey FROM "
           "lineitem GROUP BY l_orderkey HAVING sum(l_quantity) > 300) AND c_custkey = o_custkey AND o_orderkey = "
           "l_orderkey GROUP BY c_name, o_orderkey",
           "SELECT s_name, count(*) FROM supplier, lineitem l1, orders, nation WHERE s_suppkey = l1.l_suppkey AND "
           "o_orderkey = l1.l_orderkey AND o_orderstatus = 'F' AND l1.l_receiptdate > l1.l_commitdate AND EXISTS "
           "(SELECT * FROM lineitem l2 WHERE l2.l_orderkey = l1.l_orderkey AND l2.l_suppkey <> l1.l_suppkey) AND NOT "
           "EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey AND "
           "l3.l_receiptdate > l3.l_commitdate) AND s_nationkey = n_nationkey AND n_name = 'SAUDI ARABIA' GROUP BY "
           "s_name ORDER BY count(*) DESC, s_name LIMIT 100",
           "SELECT substring(c_phone FROM 1 FOR 2), count(*) FROM customer WHERE c_acctbal > (SELECT avg(c_acctbal) "
           "FROM customer WHERE c_acctbal > 0.00) AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey) "
           "GROUP BY 1",
           "SELECT sum(l_extendedprice) / 7.0 FROM lineitem, part WHERE p_partkey = l_partkey AND p_brand = 'Brand#23' "
           "AND l_quantity < (SELECT 0.2 * avg(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)",
           "SELECT s_name FROM supplier, nation WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey "
           "IN "
           "(SELECT p_partkey FROM part WHERE p_name LIKE 'forest%') AND ps_availqty > (SELECT 0.5 * sum(l_quantity) "
           "FROM lineitem WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey)) AND s_nationkey = n_nationkey",
       }) {
    const StatementPlanPtr plan = this->plan(std::string(text));
    INFO(text);
    CHECK_FALSE(has(*plan->root, PlanKind::kApply));
    CHECK_FALSE(has(*plan->root, PlanKind::kNestedLoop));
  }
}

TEST_CASE_METHOD(OrdersFixture, "every other construct finds a plan", "[plan]") {
  for (const std::string_view text : {
           "SELECT c_count, count(*) FROM (SELECT c_custkey, count(o_orderkey) FROM customer LEFT JOIN orders ON "
           "c_custkey = o_custkey AND o_comment NOT LIKE '%special%' GROUP BY c_custkey) AS c (c_custkey, c_count) "
           "GROUP BY c_count ORDER BY count(*) DESC, c_count DESC",
           "WITH revenue (supplier_no, total) AS (SELECT l_suppkey, sum(l_extendedprice) FROM lineitem GROUP BY "
           "l_suppkey) SELECT s_name, total FROM supplier, revenue WHERE s_suppkey = supplier_no AND total = (SELECT "
           "max(total) FROM revenue) ORDER BY s_suppkey",
           "SELECT sum(l_extendedprice) FROM lineitem, part WHERE (p_partkey = l_partkey AND p_brand = 'a' AND "
           "l_quantity "
           "< 11) OR (p_partkey = l_partkey AND p_brand = 'b' AND l_quantity < 20)",
           "SELECT n_name, r.* FROM nation NATURAL JOIN (SELECT r_regionkey AS n_regionkey, r_name FROM region) r",
           "SELECT * FROM nation a JOIN nation b USING (n_regionkey) FULL JOIN region ON r_regionkey = n_regionkey",
           "SELECT x, y FROM generate_series(1, 3) x, LATERAL (SELECT x * 2 AS y) s",
           "SELECT n.n_name, t.o FROM nation n LEFT JOIN LATERAL (SELECT s_name AS o FROM supplier WHERE s_nationkey = "
           "n.n_nationkey ORDER BY s_acctbal LIMIT 2) t ON true",
           "SELECT unnest(ARRAY[1, 2]), n_name FROM nation",
           "SELECT DISTINCT ON (n_regionkey) n_regionkey, n_name FROM nation ORDER BY n_regionkey, n_name DESC",
           "SELECT n_regionkey, n_name, count(*) FROM nation GROUP BY ROLLUP (n_regionkey, n_name)",
           "SELECT rank() OVER (PARTITION BY n_regionkey ORDER BY n_name), sum(n_nationkey) OVER () FROM nation",
           "SELECT n_name FROM nation WHERE (n_nationkey, n_regionkey) IN (SELECT 1, r_regionkey FROM region)",
           "SELECT n_name, n_regionkey IN (SELECT r_regionkey FROM region) FROM nation",
           "SELECT n_name FROM nation WHERE n_nationkey > ALL (SELECT r_regionkey FROM region)",
           "SELECT ARRAY(SELECT r_name FROM region), (SELECT count(*) FROM nation)",
           "SELECT 1 WHERE EXISTS (SELECT 1 FROM region)",
           "SELECT (SELECT r_name FROM region WHERE r_regionkey = n_regionkey) FROM nation ORDER BY 1",
           "(SELECT 1 AS a UNION SELECT 2) INTERSECT SELECT 2 ORDER BY a LIMIT 1",
           "SELECT n FROM nation n WHERE n_nationkey BETWEEN SYMMETRIC 5 AND 1",
           "SELECT count(*) FROM nation HAVING count(*) > 1",
           "SELECT max(n_name), n_regionkey + 1 FROM nation GROUP BY n_regionkey + 1 ORDER BY n_regionkey + 1",
           "SELECT s_name FROM supplier WHERE s_suppkey = ANY (ARRAY[1, 2, 3])",
           "TABLE region",
           "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v (id, t) JOIN region ON id = r_regionkey",
           "UPDATE supplier SET (s_name, s_acctbal) = ('x', s_acctbal + (SELECT max(r_regionkey) FROM region)) WHERE "
           "s_nationkey IN (SELECT n_nationkey FROM nation)",
           "DELETE FROM supplier s WHERE NOT EXISTS (SELECT 1 FROM partsupp WHERE ps_suppkey = s.s_suppkey)",
           "INSERT INTO region SELECT n_nationkey, n_name FROM nation WHERE n_nationkey > 5",
           "WITH moved AS (DELETE FROM region WHERE r_regionkey = 1 RETURNING *) INSERT INTO region SELECT * FROM "
           "moved",
       }) {
    INFO(text);
    const auto planned = try_plan(std::string(text));
    INFO(error_fields(planned.status()).message);
    REQUIRE(planned.ok());
    CHECK_FALSE(explain_plan(**planned).empty());
  }
}
