// Nanoseconds of processor time per statement of the SQL front end: parse, fingerprint, deparse.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "runtime/sql/ast_select.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/fingerprint.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

constexpr double kSecondsPerRun = 0.5;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Runs `work` for a while and prints what one call took.
template <typename Work>
void measure(const char* name, size_t bytes, Work work) {
  for (int i = 0; i < 3; ++i) work();
  uint64_t calls = 0;
  const double start = cpu_seconds();
  double seconds = 0;
  do {
    const int batch = bytes < 10'000 ? 1000 : 1;
    for (int i = 0; i < batch; ++i) work();
    calls += batch;
    seconds = cpu_seconds() - start;
  } while (seconds < kSecondsPerRun);
  const double each = seconds / static_cast<double>(calls);
  std::printf("%-34s %12.0f ns %10.1f MB/s\n", name, each * 1e9, static_cast<double>(bytes) / each / 1e6);
}

void measure_statement(const char* name, const std::string& text) {
  measure(name, text.size(), [&] {
    if (!parse_sql(text).ok()) std::abort();
  });
  Fingerprint print;
  measure("  fingerprint", text.size(), [&] { fingerprint(text, &print); });
}

std::string bulk_insert(int rows) {
  std::string text = "INSERT INTO pgbench_accounts (aid, bid, abalance, filler) VALUES ";
  for (int i = 0; i < rows; ++i) {
    if (i > 0) text += ", ";
    text += "(" + std::to_string(i * 7919) + ", " + std::to_string(i % 100) + ", 0, 'some filler text of a row')";
  }
  return text;
}

std::string in_list(int items) {
  std::string text = "SELECT * FROM t WHERE id IN (0";
  for (int i = 1; i < items; ++i) text += "," + std::to_string(i);
  return text + ")";
}

constexpr const char* kReport = R"(SELECT c.c_name, o.o_orderkey, sum(l.l_extendedprice * (1 - l.l_discount)) AS revenue
FROM customer c JOIN orders o ON c.c_custkey = o.o_custkey JOIN lineitem l ON l.l_orderkey = o.o_orderkey
WHERE o.o_orderdate >= date '1995-01-01' AND o.o_orderdate < date '1995-01-01' + interval '1 year'
  AND c.c_mktsegment = 'BUILDING' AND l.l_shipdate BETWEEN '1995-03-01' AND '1995-06-30'
GROUP BY c.c_name, o.o_orderkey HAVING count(*) > 3 ORDER BY revenue DESC, o.o_orderkey LIMIT 10)";

}  // namespace
}  // namespace troupe::sql

int main() {
  using namespace troupe::sql;
  measure_statement("point SELECT", "SELECT abalance FROM pgbench_accounts WHERE aid = 12345");
  measure_statement("UPDATE", "UPDATE pgbench_accounts SET abalance = abalance + 42 WHERE aid = 12345");
  measure_statement("INSERT",
                    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) "
                    "VALUES (7, 1, 10152, -3973, CURRENT_TIMESTAMP)");
  measure_statement("BEGIN", "BEGIN");
  measure_statement("report", kReport);
  measure_statement("INSERT of 10,000 rows", bulk_insert(10'000));
  measure_statement("IN list of 1,000,000 items", in_list(1'000'000));
  const auto report = parse_sql(kReport);
  const auto& query = (*report)->statements()[0].node->to<SelectStatement>();
  measure("deparse the report", std::char_traits<char>::length(kReport), [&] { to_sql(query); });
}
