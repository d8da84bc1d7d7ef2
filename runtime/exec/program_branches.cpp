/// Expressions that evaluate some of their arguments for some of the rows only.
#include "runtime/exec/program_run.hpp"

namespace troupe {
namespace {

/// Rows still without a value: their positions in the output, and the input's rows they are.
struct Waiting {
  std::vector<uint32_t> positions;
  std::vector<uint32_t> input_rows;

  void add(uint32_t position, uint32_t input_row) {
    positions.push_back(position);
    input_rows.push_back(input_row);
  }
  bool empty() const { return positions.empty(); }
};

}  // namespace

absl::Status Program::Run::case_branches(const Node& node, const Rows& rows, Vector* out) {
  const uint32_t count = rows.count();
  out->reset(node.physical, count);
  Waiting waiting;
  for (uint32_t row = 0; row < count; ++row) waiting.add(row, rows.input_row(row));
  for (uint32_t i = 0; i + 1 < node.children && !waiting.empty(); i += 2) {
    Vector condition;
    TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i), Rows{rows.in, waiting.input_rows, false}, &condition));
    Waiting taken, left;
    for (uint32_t k = 0; k < waiting.positions.size(); ++k) {
      Waiting& side = truth_at(condition, k) == Tristate::kTrue ? taken : left;
      side.add(waiting.positions[k], waiting.input_rows[k]);
    }
    if (!taken.empty()) {
      Vector values;
      TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i + 1), Rows{rows.in, taken.input_rows, false}, &values));
      scatter(values, taken.positions, out);
    }
    waiting = std::move(left);
  }
  if (waiting.empty()) return absl::OkStatus();
  Vector values;
  TROUPE_RETURN_IF_ERROR(
      evaluate(child_index(node, node.children - 1), Rows{rows.in, waiting.input_rows, false}, &values));
  scatter(values, waiting.positions, out);
  return absl::OkStatus();
}

absl::Status Program::Run::coalesce(const Node& node, const Rows& rows, Vector* out) {
  const uint32_t count = rows.count();
  TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, 0), rows, out));
  if (!out->may_have_nulls()) return absl::OkStatus();
  Vector merged(node.physical, count);
  Waiting waiting;
  std::vector<uint32_t> given;
  for (uint32_t row = 0; row < count; ++row) {
    if (out->is_null(row)) {
      waiting.add(row, rows.input_row(row));
    } else {
      given.push_back(row);
    }
  }
  scatter(out->gather(given), given, &merged);
  for (uint32_t i = 1; i < node.children && !waiting.empty(); ++i) {
    Vector values;
    TROUPE_RETURN_IF_ERROR(evaluate(child_index(node, i), Rows{rows.in, waiting.input_rows, false}, &values));
    // A null of the last argument stays; one of any other is tried again with the next.
    std::vector<uint32_t> rows_given, positions_given;
    Waiting left;
    for (uint32_t k = 0; k < waiting.positions.size(); ++k) {
      if (values.is_null(k) && i + 1 < node.children) {
        left.add(waiting.positions[k], waiting.input_rows[k]);
      } else {
        rows_given.push_back(k);
        positions_given.push_back(waiting.positions[k]);
      }
    }
    scatter(values.gather(rows_given), positions_given, &merged);
    waiting = std::move(left);
  }
  for (const uint32_t row : waiting.positions) merged.set_null(row);  // COALESCE of one argument
  *out = std::move(merged);
  return absl::OkStatus();
}

absl::Status Program::Run::null_if(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  Vector same;
  TROUPE_RETURN_IF_ERROR(call_function(node.expr->call, args, rows.count(), *rows.in.context, same));
  out->reset(node.physical, rows.count());
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < rows.count(); ++row) {
    if (truth_at(same, row) == Tristate::kTrue) {
      out->set_null(row);
    } else {
      kept.push_back(row);
    }
  }
  scatter(args[0].gather(kept), kept, out);
  return absl::OkStatus();
}

absl::Status Program::Run::extreme(const Node& node, const Rows& rows, Vector* out) {
  ArgVectors args;
  TROUPE_RETURN_IF_ERROR(evaluate_children(node, rows, &args));
  const int wanted = node.expr->kind == ExprKind::kGreatest ? 1 : -1;
  out->reset_empty(node.physical, std::max(rows.count(), 1u));
  for (uint32_t row = 0; row < rows.count(); ++row) {
    const Vector* best = nullptr;
    for (const Vector& arg : args) {
      if (arg.is_null(row)) continue;
      if (best == nullptr || compare_values(node.compare, arg, row, *best, row) * wanted > 0) best = &arg;
    }
    if (best == nullptr) {
      out->append_null();
    } else {
      out->append_from(*best, row);
    }
  }
  return absl::OkStatus();
}

}  // namespace troupe
