#include "runtime/exec/program_run.hpp"

namespace troupe {

void scatter(const Vector& from, std::span<const uint32_t> positions, Vector* to) {
  const uint32_t bytes = width(from.kind());
  const auto* source = from.values<uint8_t>();
  auto* target = to->mutable_values<uint8_t>();
  for (uint32_t i = 0; i < positions.size(); ++i) {
    if (from.is_null(i)) {
      to->set_null(positions[i]);
    } else {
      std::memcpy(target + static_cast<size_t>(positions[i]) * bytes,
                  source + static_cast<size_t>(from.position(i)) * bytes, bytes);
    }
  }
  if (from.kind() == Physical::kVarlen) to->keep_strings_of(from);
}

void select_true(const Vector& condition, uint32_t rows, std::vector<uint32_t>* selection) {
  if (condition.is_constant()) {
    if (rows == 0 || truth_at(condition, 0) != Tristate::kTrue) return;
    for (uint32_t i = 0; i < rows; ++i) selection->push_back(i);
    return;
  }
  const size_t from = selection->size();
  selection->resize(from + rows);
  uint32_t* at = selection->data() + from;
  // As bytes: where the value is null there may be any.
  const auto* values = condition.values<uint8_t>();
  if (!condition.may_have_nulls()) {
    for (uint32_t i = 0; i < rows; ++i) {
      *at = i;
      at += values[i] != 0 ? 1 : 0;
    }
  } else {
    for (uint32_t i = 0; i < rows; ++i) {
      *at = i;
      at += (values[i] != 0 && !condition.is_null(i)) ? 1 : 0;
    }
  }
  selection->resize(static_cast<size_t>(at - selection->data()));
}

absl::Status Program::run(const EvalInput& in, Vector* out) const {
  const Rows rows{in, {}, true};
  return Run(*this).evaluate(static_cast<uint32_t>(nodes_.size() - 1), rows, out);
}

absl::StatusOr<Value> Program::run_once(const EvalInput& in) const {
  const Node& root = nodes_.back();
  if (root.op == Op::kParameter) return in.params[root.index];
  EvalInput one = in;
  one.rows = 1;
  Vector result;
  TROUPE_RETURN_IF_ERROR(run(one, &result));
  return result.value(0);
}

absl::Status Program::Run::evaluate_children(const Node& node, const Rows& rows, ArgVectors* out) {
  out->resize(node.children);
  for (uint32_t i = 0; i < node.children; ++i) {
    TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i), rows, &(*out)[i]));
  }
  return absl::OkStatus();
}

void Program::Run::column(const Node& node, const Rows& rows, Vector* out) {
  const Vector& values = rows.in.columns[node.index];
  *out = rows.all ? values : values.gather(rows.selection);
}

namespace {

void one_value(const Value& value, Physical kind, uint32_t rows, Vector* out) {
  *out = value.is_null() ? Vector::null_constant(kind, rows) : Vector::constant(value, rows);
}

}  // namespace

absl::Status Program::Run::evaluate(uint32_t node_index, const Rows& rows, Vector* out) {
  const Node& node = program_.nodes_[node_index];
  switch (node.op) {
    case Op::kConstant: *out = program_.constants_[node.index].resized_constant(rows.count()); break;
    case Op::kColumn: column(node, rows, out); break;
    case Op::kParameter: one_value(rows.in.params[node.index], node.physical, rows.count(), out); break;
    case Op::kSlot: one_value(rows.in.slots[node.index], node.physical, rows.count(), out); break;
    case Op::kCall:
    case Op::kCast: return call(node, rows, out);
    case Op::kAnd:
    case Op::kOr: return and_or(node, rows, out);
    case Op::kNot: return negate(node, rows, out);
    case Op::kNullTest: return null_test(node, rows, out);
    case Op::kRowNullTest: return row_null_test(node, rows, out);
    case Op::kBooleanTest: return boolean_test(node, rows, out);
    case Op::kDistinctTest: return distinct_test(node, rows, out);
    case Op::kInSet: return in_set(node, rows, out);
    case Op::kInList: return in_list(node, rows, out);
    case Op::kCase: return case_branches(node, rows, out);
    case Op::kCoalesce: return coalesce(node, rows, out);
    case Op::kNullIf: return null_if(node, rows, out);
    case Op::kExtreme: return extreme(node, rows, out);
    case Op::kArrayCompare: return array_compare(node, rows, out);
    case Op::kArray: return make_array(node, rows, out);
    case Op::kRecord: return make_record(node, rows, out);
    case Op::kSubscript: return subscript(node, rows, out);
    case Op::kSequence: return sequence(node, rows, out);
    case Op::kNamedSetting: return named_setting(node, rows, out);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::call(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  return node.op == Op::kCall ? call_function(node.expr->call, args, rows.count(), *rows.in.context, *out)
                              : run_cast(node.expr->cast, args[0], rows.count(), *rows.in.context, *out);
}

}  // namespace troupe
