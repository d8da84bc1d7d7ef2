/// AND, OR, NOT and the tests: three-valued logic.
#include "runtime/exec/program_run.hpp"
#include "runtime/types/record.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

/// Rows that no argument has decided yet, as positions in the output and as rows of the input.
struct Undecided {
  std::vector<uint32_t> positions;
  std::vector<uint32_t> input_rows;
};

}  // namespace

absl::Status Program::Run::and_or(const Node& node, const Rows& rows, Vector* out) {
  const Tristate decisive = node.op == Op::kAnd ? Tristate::kFalse : Tristate::kTrue;
  const Tristate neutral = node.op == Op::kAnd ? Tristate::kTrue : Tristate::kFalse;
  const uint32_t count = rows.count();
  absl::InlinedVector<Tristate, 64> truth(count, neutral);
  Undecided open;
  const auto merge = [&](const Vector& part, uint32_t part_row, uint32_t row) {
    const Tristate t = truth_at(part, part_row);
    if (t == decisive || (t == Tristate::kNull && truth[row] != decisive)) truth[row] = t;
  };
  for (uint32_t i = 0; i < node.children; ++i) {
    Vector part;
    if (i == 0 || child(node, i).cannot_fail) {
      TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i), rows, &part));
      for (uint32_t row = 0; row < count; ++row) merge(part, row, row);
      continue;
    }
    open = {};
    for (uint32_t row = 0; row < count; ++row) {
      if (truth[row] == decisive) continue;
      open.positions.push_back(row);
      open.input_rows.push_back(rows.input_row(row));
    }
    if (open.positions.empty()) break;
    const bool every_row = open.positions.size() == count;
    const Rows remaining = every_row ? rows : Rows{rows.in, open.input_rows, false};
    TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i), remaining, &part));
    for (uint32_t k = 0; k < open.positions.size(); ++k) merge(part, k, open.positions[k]);
  }
  out->reset(Physical::kBool, count);
  for (uint32_t row = 0; row < count; ++row) set_truth(out, row, truth[row]);
  return absl::OkStatus();
}

absl::Status Program::Run::negate(const Node& node, const Rows& rows, Vector* out) {
  Vector argument;
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, &argument));
  out->reset(Physical::kBool, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    if (argument.is_null(row)) {
      out->set_null(row);
    } else {
      out->set(row, !argument.get<bool>(row));
    }
  }
  return absl::OkStatus();
}

absl::Status Program::Run::null_test(const Node& node, const Rows& rows, Vector* out) {
  Vector argument;
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, &argument));
  out->reset(Physical::kBool, rows.count());
  const bool negated = node.expr->negated;
  const bool record = is_record_type(child(node, 0).expr->type.oid);
  for (uint32_t row = 0; row < rows.count(); ++row) {
    out->set(row, record && !argument.is_null(row) ? record_is_null(argument.string(row), negated)
                                                   : argument.is_null(row) != negated);
  }
  return absl::OkStatus();
}

/// (a, b) IS NULL: all fields are; (a, b) IS NOT NULL: none is.
absl::Status Program::Run::row_null_test(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors fields;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &fields));
  out->reset(Physical::kBool, rows.count());
  const bool wanted = !node.expr->negated;
  for (uint32_t row = 0; row < rows.count(); ++row) {
    bool all = true;
    for (const Vector& field : fields) all = all && field.is_null(row) == wanted;
    out->set(row, all);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::boolean_test(const Node& node, const Rows& rows, Vector* out) {
  Vector argument;
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, &argument));
  const Tristate wanted = node.expr->truth == Truth::kTrue    ? Tristate::kTrue
                          : node.expr->truth == Truth::kFalse ? Tristate::kFalse
                                                              : Tristate::kNull;
  out->reset(Physical::kBool, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    out->set(row, (truth_at(argument, row) == wanted) != node.expr->negated);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::distinct_test(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  Vector same;
  TROUPE_RETURN_IF_ERROR(call_function(node.expr->call, args, rows.count(), *rows.in.context, same));
  out->reset(Physical::kBool, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    const bool left_null = args[0].is_null(row), right_null = args[1].is_null(row);
    const bool distinct =
        left_null || right_null ? left_null != right_null : truth_at(same, row) != Tristate::kTrue;
    out->set(row, distinct != node.expr->negated);
  }
  return absl::OkStatus();
}

absl::Status Program::Run::in_set(const Node& node, const Rows& rows, Vector* out) {
  Vector argument;
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, &argument));
  const ConstantSet& set = program_.sets_[node.index];
  const CompareKind kind = child(node, 0).compare;
  const auto mask = static_cast<uint32_t>(set.buckets.size() - 1);
  const bool negated = node.expr->negated;
  out->reset(Physical::kBool, rows.count());
  for (uint32_t row = 0; row < rows.count(); ++row) {
    if (argument.is_null(row)) {
      out->set_null(row);
      continue;
    }
    bool found = false;
    const Value value = argument.value(row);
    for (auto at = static_cast<uint32_t>(hash_value(kind, value)) & mask; set.buckets[at] != 0; at = (at + 1) & mask) {
      if (compare_values(kind, value, set.values[set.buckets[at] - 1]) == 0) {
        found = true;
        break;
      }
    }
    if (!found && set.has_null) {
      out->set_null(row);
    } else {
      out->set(row, found != negated);
    }
  }
  return absl::OkStatus();
}

/// a IN (b, c): a = b OR a = c, each item only for the rows that none before it matched.
absl::Status Program::Run::in_list(const Node& node, const Rows& rows, Vector* out) {
  const uint32_t count = rows.count();
  std::vector<Tristate> truth(count, Tristate::kFalse);
  Vector argument;
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, &argument));
  for (uint32_t item = 1; item < node.children; ++item) {
    Undecided open;
    for (uint32_t row = 0; row < count; ++row) {
      if (truth[row] == Tristate::kTrue) continue;
      open.positions.push_back(row);
      open.input_rows.push_back(rows.input_row(row));
    }
    if (open.positions.empty()) break;
    const bool every_row = open.positions.size() == count;
    Vector args[2];
    args[0] = every_row ? argument : argument.gather(open.positions);
    const Rows remaining = every_row ? rows : Rows{rows.in, open.input_rows, false};
    TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, item), remaining, &args[1]));
    Vector same;
    TROUPE_RETURN_IF_ERROR(call_function(node.expr->call, args, remaining.count(), *rows.in.context, same));
    for (uint32_t k = 0; k < open.positions.size(); ++k) {
      const Tristate t = truth_at(same, k);
      if (t != Tristate::kFalse) truth[open.positions[k]] = t;
    }
  }
  out->reset(Physical::kBool, count);
  for (uint32_t row = 0; row < count; ++row) {
    Tristate t = truth[row];
    if (node.expr->negated && t != Tristate::kNull) t = t == Tristate::kTrue ? Tristate::kFalse : Tristate::kTrue;
    set_truth(out, row, t);
  }
  return absl::OkStatus();
}

}  // namespace troupe
