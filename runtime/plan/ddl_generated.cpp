/// GENERATED ALWAYS AS (expression) STORED.
#include <algorithm>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

absl::Status check_references(const Expr& value, const TableDef& table) {
  absl::Status status;
  visit_expr(value, [&](const Expr& part) {
    if (!status.ok() || !part.is_column()) return;
    const ColumnDef& used = table.columns[part.index];
    if (!used.generated_stored) return;
    status = with_detail(error(ErrorCode::kInvalidObjectDefinition, "cannot use generated column \"", used.name,
                               "\" in column generation expression"),
                         "A generated column cannot reference another generated column.");
    if (part.position > 0) status = with_position(std::move(status), static_cast<int>(part.position));
  });
  return status;
}

absl::Status check_type(const Expr& value, const ColumnDef& column) {
  if (value.type.oid == oid::kUnknown || can_cast(value.type.oid, column.type, CastContext::kAssignment)) {
    return absl::OkStatus();
  }
  return with_hint(
      error(ErrorCode::kDatatypeMismatch, "column \"", column.name, "\" is of type ", format_type(Type{column.type}),
            " but default expression is of type ", format_type(Type{value.type.oid})),
      "You will need to rewrite or cast the expression.");
}

}  // namespace

absl::Status ddl_make_generated(const sql::Constraint& constraint, const TableDef& table, ColumnDef* column,
                                DdlBuilder& ddl) {
  const auto both = [&](std::string_view what) {
    return ddl.fail_at(ErrorCode::kSyntaxError, constraint, "both ", what,
                       " and generation expression specified for column \"", column->name, "\" of table \"", table.name,
                       "\"");
  };
  if (column->generated_stored) {
    return ddl.fail_at(ErrorCode::kSyntaxError, constraint, "multiple generation clauses specified for column \"",
                       column->name, "\" of table \"", table.name, "\"");
  }
  if (column->identity != IdentityKind::none) return both("identity");
  if (!column->default_sql.empty() || column->owned_sequence != kNoOid) return both("default");
  column->generated_stored = true;
  column->default_sql = ddl_expression_text(*constraint.expression, ddl);
  return absl::OkStatus();
}

absl::Status ddl_check_generated(const ColumnConstraint& source, const TableDef& table, DdlBuilder& ddl) {
  const ColumnDef& column = *table.find_column(source.column);
  TROUPE_ASSIGN_OR_RETURN(
      const ExprPtr value,
      ddl.binder().bind_table_expression(*source.constraint->expression, ddl_relation_of(table), Clause::kGenerated));
  TROUPE_RETURN_IF_ERROR(check_references(*value, table));
  TROUPE_RETURN_IF_ERROR(check_type(*value, column));
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr stored, ddl_generated_value(table, column, ddl));
  if (volatility_of(*stored) == Volatility::kImmutable) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const bool marked, ddl_is_immutable(*source.constraint->expression, ddl_relation_of(table),
                                                              Clause::kGenerated, ddl));
  const bool cast_is = volatility_of(*value) == volatility_of(*stored);  // else it is the cast to the column's type
  if (marked && cast_is && !ddl.binder().functions_found.empty()) return absl::OkStatus();
  return error(ErrorCode::kInvalidObjectDefinition, "generation expression is not immutable");
}

absl::StatusOr<ExprPtr> ddl_generated_value(const TableDef& table, const ColumnDef& column, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, ddl.binder().bind_generated(column, ddl_relation_of(table)));
  return replace_expr(value, [](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, part->index) : nullptr;
  });
}

absl::StatusOr<std::vector<int16_t>> ddl_generated_from(const TableDef& table, int16_t attnum, DdlBuilder& ddl) {
  std::vector<int16_t> columns;
  for (const ColumnDef& column : table.columns) {
    if (!column.generated_stored || column.attnum == attnum) continue;
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, ddl_generated_value(table, column, ddl));
    bool uses = false;
    visit_expr(*value, [&](const Expr& part) {
      uses = uses || (part.is_column() && part.index == static_cast<uint32_t>(attnum - 1));
    });
    if (uses) columns.push_back(column.attnum);
  }
  return columns;
}

absl::Status ddl_drop_expression(const sql::AlterTableAction& action, const TableDef& table, ColumnDef* column,
                                 DdlBuilder& ddl) {
  if (!column->generated_stored) {
    if (!action.if_exists) {
      return error(ErrorCode::kObjectNotInPrerequisiteState, "column \"", column->name, "\" of relation \"", table.name,
                   "\" is not a stored generated column");
    }
    ddl.notice(ErrorCode::kOk, cat("column \"", column->name, "\" of relation \"", table.name,
                                   "\" is not a stored generated column, skipping"));
    return absl::OkStatus();
  }
  column->generated_stored = false;
  column->default_sql.clear();
  return absl::OkStatus();
}

}  // namespace troupe
