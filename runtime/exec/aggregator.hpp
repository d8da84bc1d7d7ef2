#pragma once
/// GROUP BY: hash aggregation with FILTER, DISTINCT, ORDER BY inside a call and grouping sets; complete, partial (states
/// as bytes, made near the data) and final. Used by the executor and by partitions.
#include <memory>
#include <vector>

#include "runtime/exec/group_table.hpp"
#include "runtime/exec/memory_budget.hpp"
#include "runtime/exec/program.hpp"
#include "runtime/exec/sorter.hpp"
#include "runtime/plan/plan.hpp"

namespace troupe {

/// Ready to run, shared between executions.
class CompiledAggregation {
 public:
  struct Call {
    BoundAggregate aggregate;
    std::vector<Program> args;
    Program filter;  ///< empty: every row
    std::vector<Program> order;
    std::vector<KeyColumn> order_columns;
    bool distinct = false;
    bool sorted() const { return !order.empty(); }
  };
  static absl::StatusOr<CompiledAggregation> compile(const Aggregation& aggregation);

  AggregateMode mode = AggregateMode::kComplete;
  std::vector<Program> groups;
  std::vector<Type> group_types;
  std::vector<Call> calls;
  std::vector<std::vector<uint16_t>> grouping_sets;  ///< at least one
  bool numbers_sets = false;                         ///< the set's number is an output column
};

/// A growing array of one aggregate's states, one per group.
class AggregateStates {
 public:
  explicit AggregateStates(const BoundAggregate* call) : call_{call} {}
  AggregateStates(AggregateStates&& other) noexcept;
  AggregateStates& operator=(AggregateStates&&) = delete;
  ~AggregateStates();
  void resize(uint32_t groups);
  std::byte* state(uint32_t group) { return memory_ + static_cast<size_t>(group) * call_->aggregate->state_bytes; }
  std::byte* base() { return memory_; }
  size_t memory_bytes() const { return static_cast<size_t>(capacity_) * call_->aggregate->state_bytes; }

 private:
  const BoundAggregate* call_;
  std::byte* memory_ = nullptr;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
};

/// One run. Call add() for each batch, then finish(), then next() until it yields no rows.
class Aggregator {
 public:
  /// `budget` may be null.
  Aggregator(const CompiledAggregation& aggregation, MemoryBudget* budget);

  /// Rows (kComplete, kPartial), or what partial aggregators put out (kFinal). Errors: 53200, the calls' own.
  absl::Status add(const EvalInput& in);
  absl::Status finish(EvalContext& context);
  absl::Status next(uint32_t rows_max, EvalContext& context, Batch* out);
  uint64_t groups() const;

 private:
  /// One grouping set's groups.
  struct Set {
    Set(const CompiledAggregation& aggregation, std::vector<CompareKind> kinds);
    GroupTable table;
    std::vector<AggregateStates> states;
    std::vector<std::unique_ptr<GroupTable>> distinct;  ///< per call: (group, arguments) seen
    std::vector<std::unique_ptr<Sorter>> sorted;        ///< per call: (group, arguments) in the call's order
  };
  absl::Status add_to_set(Set& set, size_t set_number, const EvalInput& in);
  struct CountedRows;
  absl::Status add_call(Set& set, size_t call_number, const EvalInput& in);
  /// Feeds one call's states; `args` of those that keep what they are fed count as memory.
  absl::Status update(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                      EvalContext& context);
  absl::Status hold_collected(uint64_t bytes) { return collected_.hold(collected_bytes_ += bytes); }
  static void keep_unseen(GroupTable& seen, CountedRows* rows);
  absl::Status add_sorted(Set& set, size_t call_number, const CountedRows& rows);
  absl::Status add_partial_states(Set& set, const EvalInput& in);
  absl::Status feed_sorted(Set& set, size_t call_number, EvalContext& context);
  std::vector<Vector> keys_of_set(size_t set_number, const EvalInput& in) const;
  absl::Status emit(Set& set, uint32_t from, uint32_t rows, EvalContext& context, Batch* out);

  const CompiledAggregation& aggregation_;
  MemoryBudget* budget_;
  MemoryShare memory_;
  MemoryShare collected_;  ///< by string_agg, array_agg
  uint64_t collected_bytes_ = 0;
  std::vector<std::unique_ptr<Set>> sets_;
  std::vector<Vector> group_values_;  ///< of the rows at hand
  std::vector<uint32_t> groups_;
  size_t emitting_set_ = 0;
  uint32_t emitted_ = 0;
};

}  // namespace troupe
