/// What executing costs once a plan is cached: a point select and a one-row update from plan to result, with the
/// partition's share, and scans near the data. Partitions answer at once, in memory: no actor, no message queue.
#include <chrono>
#include <cstdio>
#include <vector>

#include "exec_bench_partition.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/system/catalog_names.hpp"
#include "storage/base/random.hpp"

namespace troupe {
namespace {

double now_ns() {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::steady_clock::now().time_since_epoch())
                                 .count());
}

class BenchData final : public DataAccess {
 public:
  uint16_t partition_count() const override { return 1; }
  PartitionId partition_of(uint64_t) const override { return 0; }
  void start_read(PartitionId, ReadFrame frame, ReadSlot* slot) override {
    const double start = now_ns();
    ReadResultFrame answer = partition.read(std::move(frame));
    partition_ns += now_ns() - start;
    slot->complete(std::move(answer));
  }
  void start_write(PartitionId, WriteFrame frame, WriteSlot* slot) override {
    const double start = now_ns();
    WriteResultFrame answer = partition.write(std::move(frame));
    partition_ns += now_ns() - start;
    slot->complete(std::move(answer));
  }
  void abandon_read(ReadSlot*) override {}
  void abandon_write(WriteSlot*) override {}
  void start_yield(ReplySignal* signal) override { signal->raise(); }
  void cancel_yield(ReplySignal*) override {}
  absl::Status check_cancelled() override { return absl::OkStatus(); }

  BenchPartition partition{0};
  double partition_ns = 0;
};

class Bench {
 public:
  void ddl(std::string_view text) {
    const StatementPlanPtr planned = plan(text);
    auto next = catalog_->with_changes(planned->ddl->changes, ++scn_, planned->ddl->counters);
    TROUPE_CHECK(next.ok());
    catalog_ = *next;
  }

  std::shared_ptr<const ExecutablePlan> prepare(std::string_view text) {
    auto executable = ExecutablePlan::compile(plan(text));
    TROUPE_CHECK_MSG(executable.ok(), executable.status().ToString());
    return *executable;
  }

  uint64_t run(const std::shared_ptr<const ExecutablePlan>& executable, std::vector<Value> params) {
    ExecContext context;
    context.data = &data;
    context.eval = &eval_;
    context.txn = ++txn_;
    context.snapshot = scn_;
    Execution execution(executable, std::move(params), context);
    uint64_t rows = 0;
    while (true) {
      auto pulling = execution.next();
      pulling.start();
      const BatchResult batch = pulling.result();
      TROUPE_CHECK_MSG(batch.ok(), batch.status().ToString());
      if (batch->rows == 0) break;
      rows += batch->rows;
    }
    return rows + execution.rows_affected();
  }
  void commit() { data.partition.commit(++scn_, txn_); }

  void time(const char* what, int rounds, const std::shared_ptr<const ExecutablePlan>& executable, bool writes,
            double rows_each, int keys) {
    Random random(7);
    double total = 0, partition = 0;
    for (int i = 0; i < rounds; ++i) {
      std::vector<Value> params;
      if (keys > 0) params.push_back(Value::of(static_cast<int32_t>(random.below(static_cast<uint64_t>(keys)))));
      const double start = now_ns();
      data.partition_ns = 0;
      run(executable, std::move(params));
      total += now_ns() - start;
      partition += data.partition_ns;
      if (writes) commit();
    }
    std::printf("%-34s %9.0f ns, partition %9.0f ns", what, total / rounds, partition / rounds);
    if (rows_each > 1) std::printf(", %6.2f M rows/s", rows_each * rounds / total * 1e3);
    std::printf("\n");
  }

  BenchData data;

 private:
  StatementPlanPtr plan(std::string_view text) {
    const Type parameters[] = {Type{oid::kInt4}};
    auto parsed = sql::parse_statement(text);
    TROUPE_CHECK(parsed.ok());
    CatalogNames names(catalog_, std::vector<Oid>{kPublicSchema});
    PlanContext context;
    context.catalog = catalog_;
    context.text = text;
    context.eval = &eval_;
    context.parameters = parameters;
    auto planned = plan_statement(*(*parsed)->statements()[0].node, context);
    TROUPE_CHECK_MSG(planned.ok(), planned.status().ToString());
    return *planned;
  }

  CatalogPtr catalog_ = Catalog::bootstrap()->in_database(kDefaultDatabase);
  EvalContext eval_;
  Scn scn_ = kFirstScn;
  TxnId txn_ = 0;
};

void run_all() {
  constexpr int kRows = 200'000;
  Bench bench;
  bench.ddl("CREATE TABLE acc (id int PRIMARY KEY, branch int, balance int, filler char(84))");
  bench.run(bench.prepare("INSERT INTO acc SELECT g, g % 100, g % 1000, repeat('x', 80) FROM "
                          "generate_series(1, 200000) g"),
            {});
  bench.commit();
  const auto select = bench.prepare("SELECT balance FROM acc WHERE id = $1");
  bench.time("point select", 200'000, select, false, 1, kRows);
  bench.time("point select", 200'000, select, false, 1, kRows);
  bench.time("whole row", 200'000, bench.prepare("SELECT * FROM acc WHERE id = $1"), false, 1, kRows);
  bench.time("one-row update", 100'000, bench.prepare("UPDATE acc SET balance = balance + 1 WHERE id = $1"), true, 1,
             kRows);
  bench.time("count(*)", 10, bench.prepare("SELECT count(*) FROM acc"), false, kRows, 0);
  bench.time("filter and sum", 10, bench.prepare("SELECT sum(balance) FROM acc WHERE branch < 50"), false, kRows, 0);
  bench.time("group by, 100 groups", 10, bench.prepare("SELECT branch, sum(balance) FROM acc GROUP BY branch"), false,
             kRows, 0);
  bench.time("fetch all rows", 5, bench.prepare("SELECT * FROM acc"), false, kRows, 0);
  bench.time("sort all rows", 5, bench.prepare("SELECT id FROM acc ORDER BY balance, id"), false, kRows, 0);
  bench.time("hash join with itself", 5, bench.prepare("SELECT count(*) FROM acc a JOIN acc b ON a.balance = b.id"),
             false, kRows, 0);
}

}  // namespace
}  // namespace troupe

int main() {
  troupe::run_all();
  return 0;
}
