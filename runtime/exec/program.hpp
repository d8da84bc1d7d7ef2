#pragma once
/// Program: a bound expression made ready to run on vectors: a flat array of nodes, constants folded into vectors.
/// Nothing is looked up, and nothing virtual called, per row.
///
/// What may fail is evaluated only for the rows that SQL evaluates it for: the right side of AND and OR, the branches
/// of CASE and COALESCE run on the rows that reach them. What cannot fail runs on all rows, which is faster.
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/exec/sequence_access.hpp"
#include "runtime/plan/expr.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// What expressions see when they run. Everything is the caller's and stays during the run.
struct EvalInput {
  std::span<const Vector> columns;
  uint32_t rows = 0;
  std::span<const Value> params;
  std::span<const Value> slots;
  EvalContext* context = nullptr;
  SequenceAccess* sequences = nullptr;
};

class Program {
 public:
  Program() = default;
  /// Errors: kInternalError for what only the planner knows.
  static absl::StatusOr<Program> compile(ExprPtr expr);

  /// Evaluates for all rows of `in`. Errors: the expression's own (22012 ...).
  absl::Status run(const EvalInput& in, Vector* out) const;
  /// For an expression without columns: its one value.
  absl::StatusOr<Value> run_once(const EvalInput& in) const;

  explicit operator bool() const { return !nodes_.empty(); }
  const Expr& expr() const { return *expr_; }
  Type type() const { return expr_->type; }
  /// The position of the column, when the program is nothing but that column; else -1.
  int column() const;
  bool is_constant() const { return nodes_.back().op == Op::kConstant; }
  /// Sequences that nextval() is called on, once per row each time they are listed.
  std::span<const Oid> sequences() const { return sequences_; }
  bool sets_sequences() const { return sets_sequences_; }

 private:
  enum class Op : uint8_t {
    kConstant, kColumn, kParameter, kSlot, kCall, kCast, kAnd, kOr, kNot, kNullTest, kRowNullTest, kBooleanTest,
    kDistinctTest, kCase, kCoalesce, kNullIf, kExtreme, kInSet, kInList, kArrayCompare, kArray, kRecord, kSubscript,
    kSequence, kNamedSetting,
  };
  struct Node {
    Op op = Op::kConstant;
    bool cannot_fail = false;
    Physical physical = Physical::kBool;
    CompareKind compare = CompareKind::kBool;
    uint32_t first_child = 0;
    uint32_t children = 0;
    uint32_t index = 0;  ///< of the column, parameter, slot, constant or set
    const Expr* expr = nullptr;
  };
  /// The constants of an IN list: open addressing by hash.
  struct ConstantSet {
    std::vector<Value> values;
    std::vector<uint32_t> buckets;  ///< index into values + 1; size is a power of two
    bool has_null = false;
  };
  /// The rows an evaluation is for: all of the input's, or those of `selection`.
  struct Rows {
    const EvalInput& in;
    std::span<const uint32_t> selection;
    bool all = true;
    uint32_t count() const { return all ? in.rows : static_cast<uint32_t>(selection.size()); }
    uint32_t input_row(uint32_t i) const { return all ? i : selection[i]; }
  };
  class Compiler;
  class Run;

  ExprPtr expr_;
  std::vector<Node> nodes_;          ///< children before parents; the root is last
  std::vector<uint32_t> children_;
  std::vector<Vector> constants_;    ///< constant vectors of one row
  std::vector<ConstantSet> sets_;
  std::vector<Oid> sequences_;
  bool sets_sequences_ = false;
};

/// Compiles each of `exprs`.
absl::StatusOr<std::vector<Program>> compile_programs(std::span<const ExprPtr> exprs);

/// The physical kind of values of a type, user-defined ones included.
Physical physical_kind(Type type);
CompareKind compare_kind_for(Type type);

/// Appends the rows for which `condition` (boolean) is true.
void select_true(const Vector& condition, uint32_t rows, std::vector<uint32_t>* selection);

}  // namespace troupe
