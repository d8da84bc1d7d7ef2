/// Queries end to end. What is expected is what PostgreSQL 15 answers.
#include "sql_fixture.hpp"

namespace troupe {
namespace {

/// Tables that several tests read.
struct Shop {
  explicit Shop(uint64_t seed = 1, bool tiny = false, EngineLimits limits = {}) : db(seed, tiny, limits), session(db) {
    session.ddl("CREATE TABLE t (id int PRIMARY KEY, a int, b text)");
    session.ddl("CREATE INDEX t_a_idx ON t (a)");
    session.ddl("CREATE TABLE u (id int PRIMARY KEY, t_id int, v numeric(8,2))");
    session.ddl("CREATE TABLE n (x int, y int)");
    session.affected("INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two'), (3, NULL, 'three'), (4, 20, NULL), "
                     "(5, 30, 'five')");
    session.affected("INSERT INTO u VALUES (1, 1, 1.50), (2, 1, 2.50), (3, 2, NULL), (4, NULL, 9), (5, 7, 0)");
    session.affected("INSERT INTO n VALUES (1, 1), (2, NULL), (NULL, 3)");
  }
  LocalDatabase db;
  LocalSession session;
};

}  // namespace

TEST_CASE("a point select is one message", "[select]") {
  Shop shop;
  const uint64_t before = shop.db.data.reads;
  CHECK(shop.session.rows("SELECT id, a, b FROM t WHERE id = 2") == Rows{"2|20|two"});
  CHECK(shop.db.data.reads == before + 1);
  CHECK(shop.session.rows("SELECT b FROM t WHERE id = $1", {Value::of(int32_t{5})}, {Type{oid::kInt4}}) ==
        Rows{"five"});
  CHECK(shop.session.rows("SELECT b FROM t WHERE id = 99").empty());
  CHECK(shop.session.rows("SELECT b FROM t WHERE id = NULL").empty());
}

TEST_CASE("lookups of several keys answer each row once", "[select]") {
  Shop shop;
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE id IN (5, 1, 1, 42, NULL)") == Rows{"1", "5"});
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE id = ANY (ARRAY[2, 4, 2])") == Rows{"2", "4"});
}

TEST_CASE("filters follow three-valued logic", "[select]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT id FROM t WHERE a <> 20 ORDER BY id") == Rows{"1", "5"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE NOT (a = 20) ORDER BY id") == Rows{"1", "5"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a = 20 OR b IS NULL ORDER BY id") == Rows{"2", "4"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a IS NULL OR a > 20 ORDER BY id") == Rows{"3", "5"});
  CHECK(shop.session.rows("SELECT id, a IN (10, NULL) FROM t ORDER BY id") ==
        Rows{"1|t", "2|NULL", "3|NULL", "4|NULL", "5|NULL"});
  CHECK(shop.session.rows("SELECT id, a IS DISTINCT FROM 20 FROM t ORDER BY id") ==
        Rows{"1|t", "2|f", "3|t", "4|f", "5|t"});
}

TEST_CASE("what a condition rules out is not evaluated", "[select]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT CASE WHEN a = 20 THEN 0 ELSE 100 / (a - 20) END FROM t WHERE a IS NOT NULL "
                          "ORDER BY id") == Rows{"-10", "0", "0", "10"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a <> 20 AND 100 / (a - 20) > 0") == Rows{"5"});
  CHECK(shop.session.rows("SELECT coalesce(a, 1 / (id - 3 + 1), 1 / (id - 1)) FROM t WHERE id = 3") == Rows{"1"});
  CHECK(shop.session.error_of("SELECT 1 / (a - 20) FROM t") == "22012 division by zero");
}

TEST_CASE("ranges of the primary key and of an index respect bounds, direction and nulls", "[select]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT id FROM t WHERE id > 1 AND id <= 4 ORDER BY id") == Rows{"2", "3", "4"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE id >= 2 ORDER BY id DESC LIMIT 2") == Rows{"5", "4"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a >= 20 ORDER BY a, id") == Rows{"2", "4", "5"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a < 30 ORDER BY a DESC, id") == Rows{"2", "4", "1"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a = 20 ORDER BY id") == Rows{"2", "4"});
  CHECK(shop.session.rows("SELECT id FROM t WHERE a = 21").empty());
}

TEST_CASE("order by puts nulls last unless told otherwise", "[select]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT id FROM t ORDER BY a, id") == Rows{"1", "2", "4", "5", "3"});
  CHECK(shop.session.rows("SELECT id FROM t ORDER BY a DESC, id") == Rows{"3", "5", "2", "4", "1"});
  CHECK(shop.session.rows("SELECT id FROM t ORDER BY a NULLS FIRST, id DESC LIMIT 3") == Rows{"3", "1", "4"});
  CHECK(shop.session.rows("SELECT id FROM t ORDER BY id OFFSET 3") == Rows{"4", "5"});
  CHECK(shop.session.rows("SELECT t_id FROM u ORDER BY t_id FETCH FIRST 1 ROW WITH TIES") == Rows{"1", "1"});
  CHECK(shop.session.error_of("SELECT id FROM t LIMIT -1") == "2201W LIMIT must not be negative");
}

TEST_CASE("joins keep or pad rows without a match", "[join]") {
  Shop shop;
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t JOIN u ON u.t_id = t.id") == Rows{"1|1", "1|2", "2|3"});
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t LEFT JOIN u ON u.t_id = t.id") ==
        Rows{"1|1", "1|2", "2|3", "3|NULL", "4|NULL", "5|NULL"});
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t RIGHT JOIN u ON u.t_id = t.id") ==
        Rows{"1|1", "1|2", "2|3", "NULL|4", "NULL|5"});
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t FULL JOIN u ON u.t_id = t.id") ==
        Rows{"1|1", "1|2", "2|3", "3|NULL", "4|NULL", "5|NULL", "NULL|4", "NULL|5"});
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t LEFT JOIN u ON u.t_id = t.id AND u.v > 2") ==
        Rows{"1|2", "2|NULL", "3|NULL", "4|NULL", "5|NULL"});
  CHECK(shop.session.rows("SELECT count(*) FROM t, u") == Rows{"25"});
  CHECK(shop.session.sorted_rows("SELECT t.id, u.id FROM t JOIN u ON u.id < t.id AND t.id < 4") ==
        Rows{"2|1", "3|1", "3|2"});
}

TEST_CASE("exists, in and not in know about nulls", "[join]") {
  Shop shop;
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)") ==
        Rows{"1", "2"});
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id)") ==
        Rows{"3", "4", "5"});
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE id IN (SELECT t_id FROM u)") == Rows{"1", "2"});
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE id NOT IN (SELECT t_id FROM u)").empty());
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE id NOT IN (SELECT t_id FROM u WHERE t_id IS NOT NULL)") ==
        Rows{"3", "4", "5"});
  CHECK(shop.session.sorted_rows("SELECT id FROM t WHERE a NOT IN (SELECT id FROM u WHERE false)").size() == 5);
  CHECK(shop.session.sorted_rows("SELECT id, id IN (SELECT t_id FROM u) FROM t") ==
        Rows{"1|t", "2|t", "3|NULL", "4|NULL", "5|NULL"});
}

TEST_CASE("a scalar subquery yields null, one value or an error", "[join]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT (SELECT b FROM t WHERE id = 77)") == Rows{"NULL"});
  CHECK(shop.session.rows("SELECT id, (SELECT max(v) FROM u WHERE u.t_id = t.id) FROM t ORDER BY id") ==
        Rows{"1|2.50", "2|NULL", "3|NULL", "4|NULL", "5|NULL"});
  CHECK(shop.session.error_of("SELECT (SELECT id FROM t)") ==
        "21000 more than one row returned by a subquery used as an expression");
  CHECK(shop.session.error_of("SELECT id, (SELECT u.id FROM u WHERE u.t_id = t.id) FROM t") ==
        "21000 more than one row returned by a subquery used as an expression");
}

TEST_CASE("lateral joins see the rows on their left", "[join]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT t.id, x.v FROM t, LATERAL (SELECT v FROM u WHERE u.t_id = t.id ORDER BY v DESC "
                          "NULLS LAST LIMIT 1) x ORDER BY 1") == Rows{"1|2.50", "2|NULL"});
  CHECK(shop.session.rows("SELECT t.id, g FROM t, generate_series(1, t.id) g WHERE t.id < 3 ORDER BY 1, 2") ==
        Rows{"1|1", "2|1", "2|2"});
}

TEST_CASE("aggregates skip nulls, and of nothing there is one row", "[aggregate]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT count(*), count(a), sum(a), avg(a), min(b), max(a) FROM t") ==
        Rows{"5|4|80|20.0000000000000000|five|30"});
  CHECK(shop.session.rows("SELECT count(*), sum(a) FROM t WHERE id > 100") == Rows{"0|NULL"});
  CHECK(shop.session.rows("SELECT a, count(*) FROM t GROUP BY a ORDER BY a") ==
        Rows{"10|1", "20|2", "30|1", "NULL|1"});
  CHECK(shop.session.rows("SELECT a FROM t WHERE id > 100 GROUP BY a").empty());
  CHECK(shop.session.rows("SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1") == Rows{"20|2"});
  CHECK(shop.session.rows("SELECT count(DISTINCT a), count(*) FILTER (WHERE a > 10), sum(DISTINCT a) FROM t") ==
        Rows{"3|3|60"});
  CHECK(shop.session.rows("SELECT string_agg(b, ',' ORDER BY id DESC) FROM t") == Rows{"five,three,two,one"});
  CHECK(shop.session.rows("SELECT array_agg(a ORDER BY id) FROM t") == Rows{"{10,20,NULL,20,30}"});
}

TEST_CASE("grouping sets make a row for each of their groups", "[aggregate]") {
  Shop shop;
  CHECK(shop.session.sorted_rows("SELECT a, b, count(*) FROM t WHERE a = 20 GROUP BY ROLLUP (a, b)") ==
        Rows{"20|NULL|1", "20|NULL|2", "20|two|1", "NULL|NULL|2"});
}

TEST_CASE("distinct and set operations compare nulls as equal", "[set]") {
  Shop shop;
  CHECK(shop.session.sorted_rows("SELECT DISTINCT a FROM t") == Rows{"10", "20", "30", "NULL"});
  CHECK(shop.session.rows("SELECT DISTINCT ON (a) a, id FROM t ORDER BY a, id DESC") ==
        Rows{"10|1", "20|4", "30|5", "NULL|3"});
  CHECK(shop.session.sorted_rows("SELECT x FROM n UNION SELECT y FROM n") == Rows{"1", "2", "3", "NULL"});
  CHECK(shop.session.sorted_rows("SELECT x FROM n INTERSECT SELECT y FROM n") == Rows{"1", "NULL"});
  CHECK(shop.session.sorted_rows("SELECT x FROM n EXCEPT SELECT y FROM n") == Rows{"2"});
  CHECK(shop.session.sorted_rows("SELECT a FROM t UNION ALL SELECT 20").size() == 6);
  CHECK(shop.session.sorted_rows("SELECT a FROM t EXCEPT ALL SELECT 20") == Rows{"10", "20", "30", "NULL"});
}

TEST_CASE("window functions see their partition in order", "[window]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT id, row_number() OVER (ORDER BY id DESC), rank() OVER (ORDER BY a), "
                          "dense_rank() OVER (ORDER BY a) FROM t ORDER BY id") ==
        Rows{"1|5|1|1", "2|4|2|2", "3|3|5|4", "4|2|2|2", "5|1|4|3"});
  CHECK(shop.session.rows("SELECT id, sum(id) OVER (ORDER BY id), sum(id) OVER (), "
                          "sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t ORDER BY id") ==
        Rows{"1|1|15|3", "2|3|15|6", "3|6|15|9", "4|10|15|12", "5|15|15|9"});
  CHECK(shop.session.rows("SELECT id, lag(b) OVER (ORDER BY id), lead(id, 2, 0) OVER (ORDER BY id), "
                          "first_value(id) OVER (PARTITION BY a ORDER BY id) FROM t ORDER BY id") ==
        Rows{"1|NULL|3|1", "2|one|4|2", "3|two|5|3", "4|three|0|2", "5|NULL|0|5"});
  CHECK(shop.session.rows("SELECT id, count(*) OVER (ORDER BY a RANGE BETWEEN 10 PRECEDING AND CURRENT ROW) FROM t "
                          "ORDER BY id") == Rows{"1|1", "2|3", "3|1", "4|3", "5|3"});
  CHECK(shop.session.rows("SELECT ntile(2) OVER (ORDER BY id) FROM t ORDER BY id") == Rows{"1", "1", "1", "2", "2"});
  CHECK(shop.session.rows("SELECT sum(id) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) FROM t "
                          "ORDER BY id") == Rows{"NULL", "1", "3", "6", "10"});
}

TEST_CASE("with queries are computed once and may recurse", "[cte]") {
  Shop shop;
  CHECK(shop.session.rows("WITH x AS MATERIALIZED (SELECT id FROM t WHERE id < 3) "
                          "SELECT a.id, b.id FROM x a, x b ORDER BY 1, 2") == Rows{"1|1", "1|2", "2|1", "2|2"});
  CHECK(shop.session.rows("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) "
                          "SELECT sum(n) FROM c") == Rows{"15"});
  CHECK(shop.session.rows("WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT (n + 1) % 3 FROM c) "
                          "SELECT n FROM c ORDER BY n") == Rows{"0", "1", "2"});
}

TEST_CASE("set-returning functions in a select list run in lockstep", "[function]") {
  Shop shop;
  CHECK(shop.session.rows("SELECT generate_series(1, 3), generate_series(10, 11)") ==
        Rows{"1|10", "2|11", "3|NULL"});
  CHECK(shop.session.rows("SELECT * FROM unnest(ARRAY['x', 'y']) WITH ORDINALITY") == Rows{"x|1", "y|2"});
  CHECK(shop.session.rows("SELECT * FROM generate_series(5, 1, -2)") == Rows{"5", "3", "1"});
}

TEST_CASE("answers do not depend on the order of replies, page faults or slices", "[select]") {
  const auto seed = GENERATE(range(1, 5));
  EngineLimits limits;
  limits.reply_rows = 7;
  limits.slice_visits = 5;
  limits.partial_groups = 3;
  LocalDatabase db(static_cast<uint64_t>(seed), true, limits);
  LocalSession session(db);
  session.ddl("CREATE TABLE big (id int PRIMARY KEY, k int, s text)");
  session.ddl("CREATE INDEX big_k_idx ON big (k)");
  session.affected("INSERT INTO big SELECT g, g % 10, repeat('x', g % 40) FROM generate_series(1, 2000) g");
  for (PartitionId id = 0; id < db.data.partition_count(); ++id) db.data.partition(id).checkpoint(db.last_scn);
  CHECK(session.rows("SELECT count(*), sum(k), sum(length(s)) FROM big") == Rows{"2000|9000|39000"});
  CHECK(session.rows("SELECT k, count(*) FROM big GROUP BY k ORDER BY k LIMIT 3") == Rows{"0|200", "1|200", "2|200"});
  CHECK(session.rows("SELECT id FROM big ORDER BY id LIMIT 3 OFFSET 500") == Rows{"501", "502", "503"});
  CHECK(session.rows("SELECT id FROM big ORDER BY id DESC LIMIT 2") == Rows{"2000", "1999"});
  CHECK(session.rows("SELECT count(*) FROM big WHERE k = 3") == Rows{"200"});
  CHECK(session.rows("SELECT id FROM big WHERE k = 3 ORDER BY id LIMIT 2") == Rows{"3", "13"});
  CHECK(session.rows("SELECT count(*) FROM big a JOIN big b ON b.id = a.id + 1000") == Rows{"1000"});
  uint64_t faults = 0, slices = 0;
  for (PartitionId id = 0; id < db.data.partition_count(); ++id) {
    faults += db.data.partition(id).faults();
    slices += db.data.partition(id).slices();
  }
  CHECK(faults > 0);
  CHECK(slices > 0);
}

TEST_CASE("a partition that forgot its fragments is told again", "[select]") {
  Shop shop;
  auto executable = ExecutablePlan::compile(shop.session.plan_of("SELECT id FROM t WHERE a = 20 ORDER BY id"));
  REQUIRE(executable.ok());
  CHECK(shop.session.run_plan(*executable, {}).rows == Rows{"2", "4"});
  for (PartitionId id = 0; id < shop.db.data.partition_count(); ++id) shop.db.data.partition(id).forget_fragments();
  CHECK(shop.session.run_plan(*executable, {}).rows == Rows{"2", "4"});
}

TEST_CASE("a statement is cancelled between batches", "[select]") {
  Shop shop;
  shop.db.data.cancelled = error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
  CHECK(shop.session.error_of("SELECT count(*) FROM t a, t b") == "57014 canceling statement due to user request");
}

TEST_CASE("long work in the session lets others run", "[select]") {
  LocalDatabase db;
  LocalSession session(db);
  CHECK(session.rows("SELECT count(*) FROM generate_series(1, 300) a, generate_series(1, 300) b WHERE a < b") ==
        Rows{"44850"});
  CHECK(db.data.yields > 2);
}

}  // namespace troupe
