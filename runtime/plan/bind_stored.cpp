/// Expressions that a table's definition keeps as text: what CHECK constraints ask, what generated columns hold, and
/// what indexes are of.
#include <algorithm>

#include "runtime/plan/binder.hpp"

namespace troupe {

bool assigns(std::span<const ColumnAssignment> assignments, uint32_t column) {
  return std::any_of(assignments.begin(), assignments.end(),
                     [column](const ColumnAssignment& assignment) { return assignment.column == column; });
}

absl::StatusOr<ExprPtr> Binder::bind_stored(std::string_view sql, const std::shared_ptr<BoundRelation>& relation,
                                            Clause clause) {
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(sql));
  kept_.push_back(parsed);
  const bool outer = std::exchange(foreign_text_, true);
  const bool paused = rights.pause(true);
  auto bound = bind_table_expression(*parsed, relation, clause);
  rights.pause(paused);
  foreign_text_ = outer;
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_check(const ConstraintDef& check, const std::shared_ptr<BoundRelation>& relation) {
  return bind_stored(check.check_sql, relation, Clause::kCheck);
}

absl::StatusOr<ExprPtr> Binder::bind_generated(const ColumnDef& column,
                                               const std::shared_ptr<BoundRelation>& relation) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_stored(column.default_sql, relation, Clause::kGenerated));
  return coerce(std::move(value), Type{column.type, column.typmod}, CastContext::kAssignment);
}

absl::StatusOr<IndexTerms> Binder::bind_index(const IndexDef& index, const std::shared_ptr<BoundRelation>& relation) {
  IndexTerms terms;
  for (const IndexColumn& part : index.columns) {
    if (part.attnum > 0) {
      terms.values.push_back(column_of(*relation, static_cast<uint32_t>(part.attnum - 1)));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_stored(part.expression_sql, relation, Clause::kIndex));
    if (value->type.oid == oid::kUnknown) {
      TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), Type{oid::kText}, CastContext::kImplicit));
    }
    terms.values.push_back(std::move(value));
  }
  if (index.predicate_sql.empty()) return terms;
  TROUPE_ASSIGN_OR_RETURN(terms.predicate, bind_stored(index.predicate_sql, relation, Clause::kIndexPredicate));
  return terms;
}

absl::StatusOr<std::vector<ColumnAssignment>> Binder::bind_regenerated(const std::vector<ColumnAssignment>& assignments,
                                                                       const std::shared_ptr<BoundRelation>& target) {
  std::vector<ColumnAssignment> generated;
  const std::vector<ColumnDef>& columns = target->table->columns;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].generated_stored) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_generated(columns[i], target));
    bool changes = false;
    visit_expr(*value,
               [&](const Expr& part) { changes = changes || (part.is_column() && assigns(assignments, part.index)); });
    if (changes) generated.push_back({i, std::move(value)});
  }
  return generated;
}

}  // namespace troupe
