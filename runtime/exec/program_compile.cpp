#include <bit>

#include "runtime/exec/program.hpp"
#include "runtime/types/long_value.hpp"
#include "storage/column/hash.hpp"

namespace troupe {

Physical physical_kind(Type type) {
  const TypeInfo* info = find_type(type.oid);
  return info == nullptr ? Physical::kVarlen : info->physical;
}

CompareKind compare_kind_for(Type type) {
  const TypeInfo* info = find_type(type.oid);
  return info == nullptr ? compare_kind(type.oid, Physical::kVarlen) : info->compare;
}

class Program::Compiler {
 public:
  explicit Compiler(Program& program) : program_{program} {}

  /// Returns the index of the expression's node.
  absl::StatusOr<uint32_t> add(const Expr& expr) {
    if (expr.kind == ExprKind::kConstant) return add_constant(expr, expr.value);
    Node node;
    node.expr = &expr;
    node.physical = physical_kind(expr.type);
    node.compare = compare_kind_for(expr.type);
    node.index = expr.index;
    TROUPE_RETURN_IF_ERROR(choose_op(expr, &node));
    std::vector<uint32_t> children;
    TROUPE_RETURN_IF_ERROR(add_children(expr, &node, &children));
    if (std::optional<Value> folded = fold(node, children)) return add_constant(expr, *folded);
    node.first_child = static_cast<uint32_t>(program_.children_.size());
    node.children = static_cast<uint32_t>(children.size());
    program_.children_.insert(program_.children_.end(), children.begin(), children.end());
    node.cannot_fail = cannot_fail(node, children);
    program_.nodes_.push_back(node);
    return static_cast<uint32_t>(program_.nodes_.size() - 1);
  }

 private:
  absl::StatusOr<uint32_t> add_constant(const Expr& expr, const Value& value) {
    Node node;
    node.op = Op::kConstant;
    node.cannot_fail = true;
    node.physical = physical_kind(expr.type);
    node.compare = compare_kind_for(expr.type);
    node.index = static_cast<uint32_t>(program_.constants_.size());
    node.expr = &expr;
    program_.constants_.push_back(value.is_null() ? Vector::null_constant(node.physical, 1)
                                                  : Vector::constant(value, 1));
    program_.nodes_.push_back(node);
    return static_cast<uint32_t>(program_.nodes_.size() - 1);
  }

  absl::Status choose_op(const Expr& expr, Node* node) {
    switch (expr.kind) {
      case ExprKind::kColumn: node->op = Op::kColumn; return absl::OkStatus();
      case ExprKind::kParameter: node->op = Op::kParameter; return absl::OkStatus();
      case ExprKind::kSlot: node->op = Op::kSlot; return absl::OkStatus();
      case ExprKind::kCall: node->op = Op::kCall; return absl::OkStatus();
      case ExprKind::kCast: node->op = Op::kCast; return absl::OkStatus();
      case ExprKind::kAnd: node->op = Op::kAnd; return absl::OkStatus();
      case ExprKind::kOr: node->op = Op::kOr; return absl::OkStatus();
      case ExprKind::kNot: node->op = Op::kNot; return absl::OkStatus();
      case ExprKind::kNullTest:
        node->op = expr.arg(0).kind == ExprKind::kRow ? Op::kRowNullTest : Op::kNullTest;
        return absl::OkStatus();
      case ExprKind::kBooleanTest: node->op = Op::kBooleanTest; return absl::OkStatus();
      case ExprKind::kDistinctTest: node->op = Op::kDistinctTest; return absl::OkStatus();
      case ExprKind::kCase: node->op = Op::kCase; return absl::OkStatus();
      case ExprKind::kCoalesce: node->op = Op::kCoalesce; return absl::OkStatus();
      case ExprKind::kNullIf: node->op = Op::kNullIf; return absl::OkStatus();
      case ExprKind::kGreatest:
      case ExprKind::kLeast: node->op = Op::kExtreme; return absl::OkStatus();
      case ExprKind::kInList: node->op = expr.hashed ? Op::kInSet : Op::kInList; return absl::OkStatus();
      case ExprKind::kArrayCompare: node->op = Op::kArrayCompare; return absl::OkStatus();
      case ExprKind::kArray: node->op = Op::kArray; return absl::OkStatus();
      case ExprKind::kSubscript: node->op = Op::kSubscript; return absl::OkStatus();
      case ExprKind::kSequence: node->op = Op::kSequence; return note_sequence(expr);
      case ExprKind::kNamedSetting: node->op = Op::kNamedSetting; return absl::OkStatus();
      case ExprKind::kRow: node->op = Op::kRecord; return absl::OkStatus();
      default: return error(ErrorCode::kInternalError, "an expression was left unplanned");
    }
  }

  absl::Status note_sequence(const Expr& expr) {
    if (expr.sequence_op == SequenceOp::kNext && expr.index != 0) program_.sequences_.push_back(expr.index);
    if (expr.sequence_op == SequenceOp::kSet) program_.sets_sequences_ = true;
    return absl::OkStatus();
  }

  absl::Status add_children(const Expr& expr, Node* node, std::vector<uint32_t>* children) {
    if (node->op == Op::kInSet) {
      node->index = add_set(expr);
      TROUPE_ASSIGN_OR_RETURN(const uint32_t argument, add(expr.arg(0)));
      children->push_back(argument);
      return absl::OkStatus();
    }
    const ExprList& args = node->op == Op::kRowNullTest ? expr.arg(0).args : expr.args;
    for (const ExprPtr& arg : args) {
      TROUPE_ASSIGN_OR_RETURN(const uint32_t child, add(*arg));
      children->push_back(child);
    }
    return absl::OkStatus();
  }

  uint32_t add_set(const Expr& expr) {
    const CompareKind kind = compare_kind_for(expr.arg(0).type);
    ConstantSet set;
    set.buckets.resize(std::bit_ceil(expr.args.size() * 2));
    const auto mask = static_cast<uint32_t>(set.buckets.size() - 1);
    for (size_t i = 1; i < expr.args.size(); ++i) {
      const Value& value = expr.arg(i).value;
      if (value.is_null()) {
        set.has_null = true;
        continue;
      }
      set.values.push_back(value);
      auto at = static_cast<uint32_t>(hash_value(kind, value)) & mask;
      while (set.buckets[at] != 0) at = (at + 1) & mask;
      set.buckets[at] = static_cast<uint32_t>(set.values.size());
    }
    program_.sets_.push_back(std::move(set));
    return static_cast<uint32_t>(program_.sets_.size() - 1);
  }

  bool is_constant(uint32_t node) const { return program_.nodes_[node].op == Op::kConstant; }

  /// What an immutable function of constants answers. One that fails is left to fail when (and if) it runs.
  std::optional<Value> fold(const Node& node, const std::vector<uint32_t>& children) const {
    const bool is_call = node.op == Op::kCall && node.expr->call.function->volatility == Volatility::kImmutable;
    if (!is_call || children.empty()) return std::nullopt;
    std::vector<Value> args;
    for (const uint32_t child : children) {
      if (!is_constant(child)) return std::nullopt;
      args.push_back(program_.constants_[program_.nodes_[child].index].value(0));
    }
    EvalContext context;
    context.interrupt = &impatience();
    auto value = call_function(node.expr->call, args, context);
    if (!value.ok()) return std::nullopt;
    return *std::move(value);
  }

  bool cannot_fail(const Node& node, const std::vector<uint32_t>& children) const {
    switch (node.op) {
      case Op::kColumn: case Op::kParameter: case Op::kSlot: case Op::kNamedSetting: return true;
      case Op::kAnd: case Op::kOr: case Op::kNot: case Op::kNullTest: case Op::kRowNullTest: case Op::kBooleanTest:
      case Op::kCoalesce: case Op::kExtreme: case Op::kInSet: case Op::kRecord: break;
      case Op::kCall: case Op::kDistinctTest: case Op::kInList: case Op::kNullIf:
        if (node.expr->call.function == nullptr || node.expr->call.function->comparison == Comparison::kNone) {
          return false;
        }
        break;
      case Op::kCast:
        if (!node.expr->cast.is_noop()) return false;
        break;
      default: return false;
    }
    for (const uint32_t child : children) {
      if (!program_.nodes_[child].cannot_fail) return false;
    }
    return true;
  }

  Program& program_;
};

absl::StatusOr<Program> Program::compile(ExprPtr expr) {
  Program program;
  program.expr_ = std::move(expr);
  TROUPE_RETURN_IF_ERROR(Compiler(program).add(*program.expr_).status());
  return program;
}

int Program::column() const {
  const Node& root = nodes_.back();
  return root.op == Op::kColumn ? static_cast<int>(root.index) : -1;
}

absl::StatusOr<std::vector<Program>> compile_programs(std::span<const ExprPtr> exprs) {
  std::vector<Program> programs;
  programs.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(expr));
    programs.push_back(std::move(program));
  }
  return programs;
}

}  // namespace troupe
