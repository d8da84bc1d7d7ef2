#include "runtime/exec/aggregator.hpp"

#include <algorithm>
#include <new>

#include "absl/container/inlined_vector.h"
#include "runtime/exec/user_aggregate.hpp"

namespace troupe {
namespace {

constexpr std::align_val_t kStateAlignment{16};

std::vector<KeyColumn> sort_columns(const std::vector<SortKey>& order) {
  std::vector<KeyColumn> columns;
  for (const SortKey& key : order) {
    columns.push_back({compare_kind_for(key.value->type), key.descending, key.nulls_first});
  }
  return columns;
}

absl::StatusOr<CompiledAggregation::Call> compile_call(const AggregateCall& call) {
  CompiledAggregation::Call compiled;
  TROUPE_ASSIGN_OR_RETURN(compiled.aggregate, runnable_aggregate(call.aggregate));
  TROUPE_ASSIGN_OR_RETURN(compiled.args, compile_programs(call.args));
  if (call.filter) {
    TROUPE_ASSIGN_OR_RETURN(compiled.filter, Program::compile(call.filter));
  }
  for (const SortKey& key : call.order) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(key.value));
    compiled.order.push_back(std::move(program));
  }
  compiled.order_columns = sort_columns(call.order);
  compiled.distinct = call.distinct && !call.aggregate.aggregate->ignores_duplicates;
  return compiled;
}

}  // namespace

absl::StatusOr<CompiledAggregation> CompiledAggregation::compile(const Aggregation& aggregation) {
  CompiledAggregation compiled;
  compiled.mode = aggregation.mode;
  TROUPE_ASSIGN_OR_RETURN(compiled.groups, compile_programs(aggregation.groups));
  for (const ExprPtr& group : aggregation.groups) compiled.group_types.push_back(group->type);
  for (const AggregateCall& call : aggregation.calls) {
    if (aggregation.mode == AggregateMode::kFinal) {
      Call final_call;
      final_call.aggregate = call.aggregate;
      compiled.calls.push_back(std::move(final_call));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(Call compiled_call, compile_call(call));
    compiled.calls.push_back(std::move(compiled_call));
  }
  compiled.grouping_sets = aggregation.grouping_sets;
  compiled.numbers_sets = !aggregation.grouping_sets.empty();
  if (compiled.grouping_sets.empty()) {
    compiled.grouping_sets.emplace_back();
    for (uint16_t i = 0; i < aggregation.groups.size(); ++i) compiled.grouping_sets.back().push_back(i);
  }
  return compiled;
}

AggregateStates::AggregateStates(AggregateStates&& other) noexcept
    : call_{other.call_},
      memory_{std::exchange(other.memory_, nullptr)},
      count_{std::exchange(other.count_, 0)},
      capacity_{std::exchange(other.capacity_, 0)} {}

AggregateStates::~AggregateStates() {
  if (memory_ == nullptr) return;
  if (call_->aggregate->destroy != nullptr) {
    for (uint32_t group = 0; group < count_; ++group) call_->aggregate->destroy(state(group));
  }
  ::operator delete(memory_, kStateAlignment);
}

void AggregateStates::resize(uint32_t groups) {
  const size_t bytes = call_->aggregate->state_bytes;
  if (groups > capacity_) {
    const uint32_t wanted = std::max({groups, capacity_ * 2, 16u});
    auto* memory = static_cast<std::byte*>(::operator new(wanted * bytes, kStateAlignment));
    if (memory_ != nullptr) {
      std::memcpy(memory, memory_, count_ * bytes);
      ::operator delete(memory_, kStateAlignment);
    }
    memory_ = memory;
    capacity_ = wanted;
  }
  for (; count_ < groups; ++count_) call_->aggregate->init(*call_, state(count_));
}

Aggregator::Set::Set(const CompiledAggregation& aggregation, std::vector<CompareKind> kinds)
    : table(std::move(kinds)) {
  for (const CompiledAggregation::Call& call : aggregation.calls) {
    states.emplace_back(&call.aggregate);
    distinct.emplace_back();
    sorted.emplace_back();
    if (!call.distinct) continue;
    std::vector<CompareKind> key{CompareKind::kInt32};
    for (const Program& arg : call.args) key.push_back(compare_kind_for(arg.type()));
    distinct.back() = std::make_unique<GroupTable>(std::move(key));
  }
}

Aggregator::Aggregator(const CompiledAggregation& aggregation, MemoryBudget* budget)
    : aggregation_{aggregation}, budget_{budget}, memory_{budget}, collected_{budget} {
  std::vector<CompareKind> kinds;
  for (const Type& type : aggregation.group_types) kinds.push_back(compare_kind_for(type));
  for (size_t i = 0; i < aggregation.grouping_sets.size(); ++i) sets_.push_back(std::make_unique<Set>(aggregation, kinds));
}

uint64_t Aggregator::groups() const {
  uint64_t groups = 0;
  for (const auto& set : sets_) groups += set->table.size();
  return groups;
}

std::vector<Vector> Aggregator::keys_of_set(size_t set_number, const EvalInput& in) const {
  const std::vector<uint16_t>& members = aggregation_.grouping_sets[set_number];
  std::vector<Vector> keys = group_values_;
  for (uint16_t i = 0; i < keys.size(); ++i) {
    if (std::find(members.begin(), members.end(), i) != members.end()) continue;
    keys[i] = Vector::null_constant(physical_kind(aggregation_.group_types[i]), in.rows);
  }
  return keys;
}

absl::Status Aggregator::add(const EvalInput& in) {
  if (in.rows == 0) return absl::OkStatus();
  const size_t group_count = aggregation_.group_types.size();
  group_values_.resize(group_count);
  for (size_t i = 0; i < group_count; ++i) {
    if (aggregation_.mode == AggregateMode::kFinal) {
      group_values_[i] = in.columns[i];
    } else {
      TROUPE_RETURN_IF_ERROR(aggregation_.groups[i].run(in, &group_values_[i]));
    }
  }
  groups_.resize(in.rows);
  size_t held = 0;
  for (size_t i = 0; i < sets_.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(add_to_set(*sets_[i], i, in));
    held += sets_[i]->table.memory_bytes();
    for (const AggregateStates& states : sets_[i]->states) held += states.memory_bytes();
    for (const auto& distinct : sets_[i]->distinct) held += distinct ? distinct->memory_bytes() : 0;
  }
  return memory_.hold(held);
}

absl::Status Aggregator::add_to_set(Set& set, size_t set_number, const EvalInput& in) {
  if (aggregation_.mode == AggregateMode::kFinal && aggregation_.numbers_sets) {
    // Partial rows of several sets come mixed; the last column says which.
    std::vector<uint32_t> selection;
    const Vector& numbers = in.columns.back();
    for (uint32_t row = 0; row < in.rows; ++row) {
      if (numbers.get<int32_t>(row) == static_cast<int32_t>(set_number)) selection.push_back(row);
    }
    if (selection.empty()) return absl::OkStatus();
    std::vector<Vector> columns, keys;
    for (const Vector& column : in.columns) columns.push_back(column.gather(selection));
    keys.assign(columns.begin(), columns.begin() + static_cast<ptrdiff_t>(aggregation_.group_types.size()));
    EvalInput part = in;
    part.columns = columns;
    part.rows = static_cast<uint32_t>(selection.size());
    set.table.assign(keys, part.rows, groups_.data());
    for (AggregateStates& states : set.states) states.resize(set.table.size());
    return add_partial_states(set, part);
  }
  if (aggregation_.numbers_sets) {
    set.table.assign(keys_of_set(set_number, in), in.rows, groups_.data());
  } else {
    set.table.assign(group_values_, in.rows, groups_.data());
  }
  for (AggregateStates& states : set.states) states.resize(set.table.size());
  if (aggregation_.mode == AggregateMode::kFinal) return add_partial_states(set, in);
  for (size_t call = 0; call < aggregation_.calls.size(); ++call) TROUPE_RETURN_IF_ERROR(add_call(set, call, in));
  return absl::OkStatus();
}

absl::Status Aggregator::add_partial_states(Set& set, const EvalInput& in) {
  const size_t first = aggregation_.group_types.size();
  for (size_t c = 0; c < aggregation_.calls.size(); ++c) {
    const BoundAggregate& call = aggregation_.calls[c].aggregate;
    for (uint32_t row = 0; row < in.rows; ++row) {
      // A fresh state each time: deserialize() fills what init() made.
      AggregateStates one(&call);
      one.resize(1);
      const std::string_view bytes = in.columns[first + c].string(row);
      if (call.aggregate->ordered) TROUPE_RETURN_IF_ERROR(hold_collected(bytes.size()));
      TROUPE_RETURN_IF_ERROR(call.aggregate->deserialize(call, bytes, one.state(0)));
      TROUPE_RETURN_IF_ERROR(call.aggregate->combine(call, set.states[c].state(groups_[row]), one.state(0)));
    }
  }
  return absl::OkStatus();
}

/// The rows of a batch that one call counts: fewer after its FILTER, fewer still after DISTINCT.
struct Aggregator::CountedRows {
  EvalInput in;
  std::vector<Vector> columns;   ///< of `in`, once it is not all rows
  std::vector<uint32_t> groups;  ///< per row
  std::vector<Vector> args;

  void keep(std::span<const uint32_t> selection) {
    std::vector<Vector> fewer_columns;
    fewer_columns.reserve(in.columns.size());
    for (const Vector& column : in.columns) {
      // Columns that no expression uses may be absent.
      fewer_columns.push_back(column.size() == in.rows ? column.gather(selection) : column);
    }
    std::vector<uint32_t> fewer_groups;
    fewer_groups.reserve(selection.size());
    for (const uint32_t row : selection) fewer_groups.push_back(groups[row]);
    for (Vector& arg : args) arg = arg.gather(selection);
    columns = std::move(fewer_columns);
    groups = std::move(fewer_groups);
    in.columns = columns;
    in.rows = static_cast<uint32_t>(selection.size());
  }
  Vector groups_column() const {
    Vector column(Physical::kInt32, in.rows);
    std::memcpy(column.mutable_values<int32_t>(), groups.data(), in.rows * sizeof(int32_t));
    return column;
  }
};

absl::Status Aggregator::add_call(Set& set, size_t call_number, const EvalInput& in) {
  const CompiledAggregation::Call& call = aggregation_.calls[call_number];
  AggregateStates& states = set.states[call_number];
  if (!call.filter && !call.distinct && !call.sorted()) {
    absl::InlinedVector<Vector, 2> args(call.args.size());
    for (size_t i = 0; i < args.size(); ++i) TROUPE_RETURN_IF_ERROR(call.args[i].run(in, &args[i]));
    const GroupStates targets{states.base(), groups_.data()};
    return update(call.aggregate, targets, args, in.rows, *in.context);
  }
  CountedRows rows{in, {}, {groups_.begin(), groups_.begin() + in.rows}, {}};
  if (call.filter) {
    // Arguments are evaluated for the rows that pass only: they may fail for the others.
    Vector passes;
    std::vector<uint32_t> selection;
    TROUPE_RETURN_IF_ERROR(call.filter.run(in, &passes));
    select_true(passes, in.rows, &selection);
    rows.keep(selection);
  }
  rows.args.resize(call.args.size());
  for (size_t i = 0; i < rows.args.size(); ++i) TROUPE_RETURN_IF_ERROR(call.args[i].run(rows.in, &rows.args[i]));
  if (call.distinct) keep_unseen(*set.distinct[call_number], &rows);
  if (rows.in.rows == 0) return absl::OkStatus();
  if (call.sorted()) return add_sorted(set, call_number, rows);
  const GroupStates targets{states.base(), rows.groups.data()};
  return update(call.aggregate, targets, rows.args, rows.in.rows, *in.context);
}

absl::Status Aggregator::update(const BoundAggregate& call, GroupStates states, std::span<const Vector> args,
                                uint32_t rows, EvalContext& context) {
  if (call.aggregate->ordered) {
    uint64_t bytes = 0;
    for (const Vector& arg : args) {
      for (uint32_t row = 0; row < rows && arg.kind() == Physical::kVarlen; ++row) {
        if (!arg.is_null(row)) bytes += arg.string(row).size();
      }
    }
    TROUPE_RETURN_IF_ERROR(hold_collected(bytes + rows * sizeof(Value)));
    TROUPE_RETURN_IF_ERROR(context.check_interrupt());
  }
  return call.aggregate->update(call, states, args, rows, context);
}

void Aggregator::keep_unseen(GroupTable& seen, CountedRows* rows) {
  std::vector<Vector> key{rows->groups_column()};
  key.insert(key.end(), rows->args.begin(), rows->args.end());
  std::vector<uint32_t> numbers(rows->in.rows), fresh;
  uint32_t next_number = seen.size();
  seen.assign(key, rows->in.rows, numbers.data());
  for (uint32_t row = 0; row < rows->in.rows; ++row) {
    if (numbers[row] != next_number) continue;
    fresh.push_back(row);
    ++next_number;
  }
  if (fresh.size() < rows->in.rows) rows->keep(fresh);
}

/// Sorted by group first, so that finish() can feed the states in order.
absl::Status Aggregator::add_sorted(Set& set, size_t call_number, const CountedRows& rows) {
  const CompiledAggregation::Call& call = aggregation_.calls[call_number];
  if (!set.sorted[call_number]) {
    std::vector<Type> types{Type{oid::kInt4}};
    for (const Program& arg : call.args) types.push_back(arg.type());
    std::vector<KeyColumn> columns{KeyColumn{CompareKind::kInt32, false, false}};
    columns.insert(columns.end(), call.order_columns.begin(), call.order_columns.end());
    set.sorted[call_number] = std::make_unique<Sorter>(types, std::move(columns), budget_);
  }
  std::vector<Vector> keys(1 + call.order.size());
  keys[0] = rows.groups_column();
  for (size_t i = 0; i < call.order.size(); ++i) TROUPE_RETURN_IF_ERROR(call.order[i].run(rows.in, &keys[i + 1]));
  Batch batch;
  batch.rows = rows.in.rows;
  batch.columns.push_back(keys[0]);
  batch.columns.insert(batch.columns.end(), rows.args.begin(), rows.args.end());
  return set.sorted[call_number]->add(batch, keys);
}

absl::Status Aggregator::feed_sorted(Set& set, size_t call_number, EvalContext& context) {
  Sorter* sorter = set.sorted[call_number].get();
  if (sorter == nullptr) return absl::OkStatus();
  sorter->sort();
  const BoundAggregate& call = aggregation_.calls[call_number].aggregate;
  for (uint32_t from = 0; from < sorter->size(); from += kBatchRows) {
    const Batch batch = sorter->take(from, kBatchRows);
    const auto* groups = reinterpret_cast<const uint32_t*>(batch.columns[0].values<int32_t>());
    const std::span<const Vector> args(batch.columns.data() + 1, batch.columns.size() - 1);
    TROUPE_RETURN_IF_ERROR(update(call, {set.states[call_number].base(), groups}, args, batch.rows, context));
  }
  return absl::OkStatus();
}

absl::Status Aggregator::finish(EvalContext& context) {
  for (size_t i = 0; i < sets_.size(); ++i) {
    Set& set = *sets_[i];
    if (aggregation_.grouping_sets[i].empty() && set.table.size() == 0) {
      // No GROUP BY: one row even of nothing.
      std::vector<Vector> keys;
      for (const Type& type : aggregation_.group_types) keys.push_back(Vector::null_constant(physical_kind(type), 1));
      uint32_t group = 0;
      set.table.assign(keys, 1, &group);
      for (AggregateStates& states : set.states) states.resize(1);
    }
    for (size_t call = 0; call < aggregation_.calls.size(); ++call) {
      TROUPE_RETURN_IF_ERROR(feed_sorted(set, call, context));
    }
  }
  return absl::OkStatus();
}

absl::Status Aggregator::next(uint32_t rows_max, EvalContext& context, Batch* out) {
  *out = {};
  while (emitting_set_ < sets_.size() && emitted_ == sets_[emitting_set_]->table.size()) {
    ++emitting_set_;
    emitted_ = 0;
  }
  if (emitting_set_ == sets_.size()) return absl::OkStatus();
  Set& set = *sets_[emitting_set_];
  const uint32_t rows = std::min(rows_max, set.table.size() - emitted_);
  TROUPE_RETURN_IF_ERROR(emit(set, emitted_, rows, context, out));
  if (aggregation_.numbers_sets) {
    out->columns.push_back(Vector::constant(Value::of(static_cast<int32_t>(emitting_set_)), rows));
  }
  emitted_ += rows;
  return absl::OkStatus();
}

absl::Status Aggregator::emit(Set& set, uint32_t from, uint32_t rows, EvalContext& context, Batch* out) {
  out->rows = rows;
  for (size_t i = 0; i < aggregation_.group_types.size(); ++i) {
    out->columns.push_back(set.table.key(i).slice(from, rows));
  }
  std::string bytes;
  for (size_t c = 0; c < aggregation_.calls.size(); ++c) {
    const BoundAggregate& call = aggregation_.calls[c].aggregate;
    Vector result;
    if (aggregation_.mode == AggregateMode::kPartial) {
      result.reset_empty(Physical::kVarlen, rows);
      for (uint32_t row = from; row < from + rows; ++row) {
        bytes.clear();
        call.aggregate->serialize(call, set.states[c].state(row), &bytes);
        result.append_string(bytes);
      }
    } else {
      result.reset_empty(physical_kind(call.result), rows);
      for (uint32_t row = from; row < from + rows; ++row) {
        TROUPE_RETURN_IF_ERROR(call.aggregate->finalize(call, set.states[c].state(row), context, result));
      }
    }
    out->columns.push_back(std::move(result));
  }
  return absl::OkStatus();
}

}  // namespace troupe
