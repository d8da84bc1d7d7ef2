#include <catch2/catch.hpp>
#include <string>

#include "runtime/sql/fingerprint.hpp"

namespace troupe::sql {
namespace {

Fingerprint of(const std::string& text) {
  Fingerprint print;
  fingerprint(text, &print);
  return print;
}
std::string normalised(const std::string& text) { return normalised_text(text, of(text)); }

TEST_CASE("statements that differ in constants, case and blanks share a fingerprint", "[fingerprint]") {
  const Fingerprint a = of("SELECT abalance FROM pgbench_accounts WHERE aid = 12345");
  const Fingerprint b = of("select  ABALANCE from pgbench_accounts /* hi */ where aid=7;");
  CHECK(a.cacheable);
  CHECK(a.hash == b.hash);
  REQUIRE(b.constants.size() == 1);
  CHECK(b.constants[0].type == ConstantType::kInt4);
  CHECK(of("SELECT bbalance FROM pgbench_accounts WHERE aid = 1").hash != a.hash);
  CHECK(of("SELECT abalance FROM pgbench_accounts WHERE aid = '1'").hash != a.hash);
  CHECK(of("SELECT abalance FROM pgbench_accounts WHERE aid = 99999999999").hash != a.hash);
  CHECK(of("SELECT \"ABALANCE\" FROM pgbench_accounts WHERE aid = 1").hash != a.hash);
}

TEST_CASE("constants become parameters after those already there", "[fingerprint]") {
  CHECK(normalised("SELECT a FROM t WHERE b = $1 AND c = 'x' AND d > 1.5") ==
        "select a from t where b = $1 and c = $2 and d > $3");
  CHECK(normalised("INSERT INTO t VALUES (1, -2, 'a')") == "insert into t values ( $1 , - $2 , $3 )");
  CHECK(normalised("SELECT * FROM t WHERE a LIKE 'x%' LIMIT 5") == "select * from t where a like $1 limit $2");
}

TEST_CASE("constants that the grammar wants as constants stay", "[fingerprint]") {
  CHECK(normalised("SELECT date '2020-01-01', x::numeric(10,2), a FROM t ORDER BY 1, 2 LIMIT 3") ==
        "select date '2020-01-01' , x :: numeric ( 10 , 2 ) , a from t order by 1 , 2 limit $1");
  CHECK(normalised("SELECT cast(a AS varchar(5)), extract('year' FROM b), interval '1' day") ==
        "select cast ( a as varchar ( 5 ) ) , extract ( 'year' from b ) , interval '1' day");
  CHECK(normalised("INSERT INTO t VALUES (nextval('s'), 'a', pg_typeof('b'), NextVal('s'))") ==
        "insert into t values ( nextval ( 's' ) , $1 , pg_typeof ( 'b' ) , nextval ( 's' ) )");
  CHECK(of("SELECT a + 1 FROM t GROUP BY a + 1").constants.empty());
  CHECK(of("SELECT a + 1 FROM t GROUP BY a + 1").cacheable);
  CHECK(of("SELECT a + 1 FROM t GROUP BY a + 1").hash != of("SELECT a + 2 FROM t GROUP BY a + 2").hash);
}

TEST_CASE("an integer's type is that of its value", "[fingerprint]") {
  const auto type = [](const std::string& digits) { return of("SELECT " + digits).constants.at(0).type; };
  CHECK(type("2147483647") == ConstantType::kInt4);
  CHECK(type("0000000000001") == ConstantType::kInt4);
  CHECK(type("2147483648") == ConstantType::kInt8);
  CHECK(type("9223372036854775807") == ConstantType::kInt8);
  CHECK(type("9223372036854775808") == ConstantType::kNumeric);
  CHECK(of("SELECT a WHERE b = 2147483647").hash != of("SELECT a WHERE b = 2147483648").hash);
}

TEST_CASE("what is no single query is not cacheable", "[fingerprint]") {
  CHECK_FALSE(of("BEGIN").cacheable);
  CHECK_FALSE(of("SELECT 1; SELECT 2").cacheable);
  CHECK_FALSE(of("SELECT 'abc").cacheable);
  CHECK_FALSE(of("").cacheable);
  std::string bulk = "INSERT INTO t VALUES (0)";
  for (int i = 0; i < 1000; ++i) bulk += ",(1)";
  CHECK_FALSE(of(bulk).cacheable);
}

}  // namespace
}  // namespace troupe::sql
