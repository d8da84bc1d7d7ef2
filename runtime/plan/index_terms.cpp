#include "runtime/plan/index_terms.hpp"

#include <algorithm>

#include "runtime/plan/query_planner.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

Comparison comparison_of(const Expr& expr) {
  const bool compares = expr.kind == ExprKind::kCall && expr.args.size() == 2 && expr.call.function != nullptr;
  return compares ? expr.call.function->comparison : Comparison::kNone;
}

bool is_true(const ExprPtr& expr, const EvalContext& context) {
  const ExprPtr folded = fold_constants(expr, context);
  return folded->is_constant() && !folded->value.is_null() && folded->value.get<bool>();
}

bool holds(std::string_view op, const ExprPtr& left, const ExprPtr& right, const EvalContext& context) {
  const auto compared = make_operator(op, left, right, context);
  return compared.ok() && is_true(*compared, context);
}

/// Whether it is not true where `value` is null.
bool rejects_null(const Expr& condition, const Expr& value) {
  if (equal(condition, value)) return true;
  const bool strict = condition.kind == ExprKind::kCall && condition.call.function != nullptr &&
                      condition.call.function->strict;
  if (strict || condition.kind == ExprKind::kCast) {
    return std::any_of(condition.args.begin(), condition.args.end(),
                       [&](const ExprPtr& arg) { return rejects_null(*arg, value); });
  }
  const bool by_first = condition.kind == ExprKind::kInList || condition.kind == ExprKind::kArrayCompare;
  return by_first && rejects_null(condition.arg(0), value);
}

/// What `condition` says that its first argument is one of; empty when it does not.
ExprList values_of(const Expr& condition) {
  const bool lists = condition.kind == ExprKind::kInList && !condition.negated;
  if (!lists && comparison_of(condition) != Comparison::kEqual) return {};
  ExprList values(condition.args.begin() + 1, condition.args.end());
  const bool known = std::all_of(values.begin(), values.end(), [](const ExprPtr& each) { return each->is_constant(); });
  return known ? values : ExprList{};
}

/// Types of which equal values are the same to every function: not 1.0 and 1.00.
bool is_identity(Oid type) {
  for (const Oid known : {oid::kInt2, oid::kInt4, oid::kInt8, oid::kText, oid::kVarchar, oid::kBool, oid::kDate,
                          oid::kTimestamp, oid::kTimestamptz, oid::kUuid}) {
    if (type == known) return true;
  }
  return false;
}

/// x = 5 and x IN (5, 6) imply whatever is true of 5, and of 6.
bool follows_from_values(const Expr& condition, const ExprPtr& predicate, const EvalContext& context) {
  const ExprList values = values_of(condition);
  if (values.empty() || !is_identity(condition.arg(0).type.oid)) return false;
  return std::all_of(values.begin(), values.end(), [&](const ExprPtr& value) {
    if (value->type.oid != condition.arg(0).type.oid) return false;
    return is_true(replace_expr(predicate,
                                [&](const ExprPtr& part) { return equal(*part, condition.arg(0)) ? value : nullptr; }),
                   context);
  });
}

/// x > 5 implies x > 4, x >= 5 and x <> 5.
bool follows_from_range(const Expr& condition, const Expr& predicate, const EvalContext& context) {
  const Comparison given = comparison_of(condition), wanted = comparison_of(predicate);
  if (given == Comparison::kNone || wanted == Comparison::kNone || !equal(condition.arg(0), predicate.arg(0))) {
    return false;
  }
  if (!condition.arg(1).is_constant() || !predicate.arg(1).is_constant()) return false;
  const bool above = given == Comparison::kGreater || given == Comparison::kGreaterEqual;
  const bool below = given == Comparison::kLess || given == Comparison::kLessEqual;
  const bool strict = given == Comparison::kGreater || given == Comparison::kLess;
  const ExprPtr &limit = condition.args[1], &needed = predicate.args[1];
  if (above && (wanted == Comparison::kGreater || wanted == Comparison::kNotEqual)) {
    return holds(strict ? ">=" : ">", limit, needed, context);
  }
  if (below && (wanted == Comparison::kLess || wanted == Comparison::kNotEqual)) {
    return holds(strict ? "<=" : "<", limit, needed, context);
  }
  if (above && wanted == Comparison::kGreaterEqual) return holds(">=", limit, needed, context);
  return below && wanted == Comparison::kLessEqual && holds("<=", limit, needed, context);
}

bool implies_one(const ExprList& conditions, const ExprPtr& conjunct, const EvalContext& context) {
  if (conjunct->kind == ExprKind::kOr) {
    return std::any_of(conjunct->args.begin(), conjunct->args.end(),
                       [&](const ExprPtr& arm) { return implies(conditions, arm, context); });
  }
  const bool not_null = conjunct->kind == ExprKind::kNullTest && conjunct->negated;
  return is_true(conjunct, context) ||
         std::any_of(conditions.begin(), conditions.end(), [&](const ExprPtr& condition) {
           return equal(condition, conjunct) || (not_null && rejects_null(*condition, conjunct->arg(0))) ||
                  follows_from_values(*condition, conjunct, context) ||
                  follows_from_range(*condition, *conjunct, context);
         });
}

}  // namespace

std::vector<KeyPart> primary_key_parts(const TableDef& table) {
  std::vector<KeyPart> parts;
  for (const int16_t attnum : table.primary_key) {
    const ColumnDef& column = table.column(attnum);
    parts.push_back({sql::quote_identifier(column.name), Type{column.type, column.typmod}});
  }
  return parts;
}

std::vector<KeyPart> index_parts(const TableDef& table, const IndexDef& index) {
  std::vector<KeyPart> parts;
  for (size_t i = 0; i < index.columns.size(); ++i) {
    parts.push_back({index_part_text(table, index, i), index_part_type(table, index.columns[i])});
  }
  return parts;
}

std::string index_expression_text(std::string_view sql) {
  const auto parsed = sql::parse_expression(sql);
  if (!parsed.ok()) return cat("(", sql, ")");
  const std::string text = sql::to_sql(**parsed);
  return (*parsed)->is<sql::FunctionCall>() ? text : cat("(", text, ")");
}

std::string index_part_text(const TableDef& table, const IndexDef& index, size_t part) {
  const IndexColumn& column = index.columns[part];
  if (column.attnum == 0) return index_expression_text(column.expression_sql);
  return sql::quote_identifier(table.column(column.attnum).name);
}

Type index_part_type(const TableDef& table, const IndexColumn& part) {
  if (part.attnum == 0) return Type{part.type, part.typmod};
  return Type{table.column(part.attnum).type, table.column(part.attnum).typmod};
}

bool implies(const ExprList& conditions, const ExprPtr& predicate, const EvalContext& context) {
  ExprList conjuncts;
  if (predicate->kind == ExprKind::kAnd) {
    conjuncts = predicate->args;
  } else {
    conjuncts.push_back(predicate);
  }
  return std::all_of(conjuncts.begin(), conjuncts.end(), [&](const ExprPtr& conjunct) {
    return conjunct->kind == ExprKind::kAnd ? implies(conditions, conjunct, context)
                                            : implies_one(conditions, conjunct, context);
  });
}

const IndexTerms* QueryPlanner::terms_of(uint32_t relation, const TablePtr& table, const IndexDef& index) {
  const auto [at, is_new] = index_terms_.try_emplace({relation, index.oid});
  if (is_new) {
    auto bound = std::make_shared<BoundRelation>();
    bound->table = table;
    bound->alias = table->name;
    bound->number = relation;
    auto terms = binder_.bind_index(index, bound);
    if (terms.ok()) {
      for (ExprPtr& value : terms->values) value = fold(value);
      if (terms->predicate) terms->predicate = fold(terms->predicate);
      at->second = *std::move(terms);
    }
  }
  return at->second ? &*at->second : nullptr;
}

}  // namespace troupe
