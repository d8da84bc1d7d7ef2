#include "runtime/exec/fragment_call.hpp"

namespace troupe {

FragmentCall::FragmentCall(FragmentSpec spec) {
  renumber_all(&spec);
  // A failing row is shown as the session would show it.
  needs_context_ = needs_context_ || !spec.not_null.empty() || !spec.checks.empty();
  definition_ = encode_fragment(spec);
  id_ = fragment_id(definition_);
}

ExprPtr FragmentCall::renumber(const ExprPtr& expr) {
  if (expr == nullptr) return nullptr;
  visit_expr(*expr, [this](const Expr& part) {
    if (part.kind == ExprKind::kNamedSetting || part.kind == ExprKind::kCast) needs_context_ = true;
    if (part.call.function != nullptr && part.call.function->volatility != Volatility::kImmutable) {
      needs_context_ = true;
    }
  });
  return replace_expr(expr, [this](const ExprPtr& part) -> ExprPtr {
    const bool is_slot = part->kind == ExprKind::kSlot;
    if (!is_slot && part->kind != ExprKind::kParameter) return nullptr;
    uint32_t number = 0;
    while (number < inputs_.size() && (inputs_[number].is_slot != is_slot || inputs_[number].index != part->index)) {
      ++number;
    }
    if (number == inputs_.size()) inputs_.push_back({is_slot, part->index});
    return make_parameter(part->type, number);
  });
}

void FragmentCall::renumber_all(FragmentSpec* spec) {
  spec->filter = renumber(spec->filter);
  for (ExprPtr& expr : spec->output) expr = renumber(expr);
  if (spec->partial) {
    auto partial = std::make_shared<Aggregation>(*spec->partial);
    for (ExprPtr& group : partial->groups) group = renumber(group);
    for (AggregateCall& call : partial->calls) {
      for (ExprPtr& arg : call.args) arg = renumber(arg);
      for (SortKey& key : call.order) key.value = renumber(key.value);
      call.filter = renumber(call.filter);
    }
    spec->partial = std::move(partial);
  }
  for (SortKey& key : spec->order) key.value = renumber(key.value);
  for (ColumnAssignment& assignment : spec->assignments) assignment.value = renumber(assignment.value);
  for (ColumnAssignment& assignment : spec->generated) assignment.value = renumber(assignment.value);
  for (CheckCondition& check : spec->checks) check.condition = renumber(check.condition);
}

std::string FragmentCall::params(const Run& run) const {
  if (inputs_.empty() && !needs_context_) return {};
  std::vector<Value> values;
  values.reserve(inputs_.size());
  for (const Input& input : inputs_) values.push_back(input.is_slot ? run.slots[input.index] : run.params[input.index]);
  return encode_fragment_params(*run.context.eval, values);
}

std::string_view FragmentCall::definition_for(PartitionId partition) const {
  const uint64_t mask = uint64_t{1} << (partition % 64);
  if ((told_.load(std::memory_order_relaxed) & mask) != 0) return {};
  told_.fetch_or(mask, std::memory_order_relaxed);
  return definition_;
}

void describe_table(const TableDef& table, FragmentSpec* spec) {
  spec->table = table.name;
  for (const ColumnDef& column : table.columns) {
    spec->types.push_back(Type{column.type, column.typmod});
    spec->column_names.push_back(column.dropped ? std::string{} : column.name);
  }
  const auto kinds = table.shape->layout.kinds();
  spec->kinds.assign(kinds.begin(), kinds.end());
  bool any_missing = false;
  for (const Value& value : table.shape->missing) any_missing = any_missing || !value.is_null();
  if (any_missing) spec->missing = table.shape->missing;
}

}  // namespace troupe
