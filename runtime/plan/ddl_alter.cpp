/// ALTER TABLE.
#include <algorithm>

#include "runtime/plan/ddl_exclusion.hpp"
#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_row_type.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/plan/query_planner.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

absl::Status no_such_column(std::string_view column, const TableDef& table) {
  return error(ErrorCode::kUndefinedColumn, "column \"", column, "\" of relation \"", table.name,
                  "\" does not exist");
}

ColumnDef* find_column(TableDef* table, std::string_view name) {
  const ColumnDef* found = table->find_column(name);
  return found == nullptr ? nullptr : &table->columns[static_cast<size_t>(found->attnum - 1)];
}

/// Why a call or cast of constants was not folded away: it fails.
absl::Status failure_of(const Expr& expr, const EvalContext& eval) {
  if (expr.kind != ExprKind::kCall && expr.kind != ExprKind::kCast) return absl::OkStatus();
  if (volatility_of(expr) != Volatility::kImmutable) return absl::OkStatus();
  std::vector<Value> arguments;
  for (const ExprPtr& argument : expr.args) {
    TROUPE_RETURN_IF_ERROR(failure_of(*argument, eval));
    if (!argument->is_constant()) return absl::OkStatus();
    arguments.push_back(argument->value);
  }
  EvalContext writable = eval;
  if (expr.kind == ExprKind::kCast) return run_cast(expr.cast, arguments[0], writable).status();
  return call_function(expr.call, arguments, writable).status();
}

/// The default as a value that rows written before can share; nothing when it must be computed for each.
absl::StatusOr<std::optional<Value>> constant_default(const TableDef& table, const ColumnDef& column,
                                                      DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, ddl.binder().bind_default(table, column));
  if (!value) return std::optional<Value>(Value::null(column.physical));
  value = fold_constants(value, ddl.binder().evaluation());
  if (value->is_constant()) return std::optional<Value>(value->value);
  TROUPE_RETURN_IF_ERROR(failure_of(*value, ddl.binder().evaluation()));
  return std::optional<Value>();
}

ExprList copy_of_row(const TableDef& table) {
  ExprList values;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    values.push_back(make_column(Type{table.columns[i].type, table.columns[i].typmod}, i));
  }
  return values;
}

/// Puts it onto the table; what rows that are there already get in it.
absl::StatusOr<ExprPtr> value_of_new_column(const ColumnDef& column, const std::vector<ColumnConstraint>& constraints,
                                            TableDef* table, DdlBuilder& ddl) {
  table->columns.push_back(column);
  if (!column.generated_stored) return ddl.binder().bind_default(*table, column);
  for (const ColumnConstraint& constraint : constraints) {
    if (constraint.constraint->type != sql::ConstraintType::kGenerated) continue;
    TROUPE_RETURN_IF_ERROR(ddl_check_generated(constraint, *table, ddl));
  }
  return ddl_generated_value(*table, column, ddl);
}

/// Onto the table and its partitions, with what their rows have in it. `rest` are its constraints.
absl::Status add_column_def(ColumnDef column, const std::vector<ColumnConstraint>& rest, TableDef* table,
                            DdlBuilder& ddl) {
  const TableDef before = *table;
  std::optional<Value> missing;
  if (!column.generated_stored) {
    TROUPE_ASSIGN_OR_RETURN(missing, constant_default(*table, column, ddl));
  }
  // Values of the row type that are stored would go without it.
  if (!missing || !missing->is_null()) TROUPE_RETURN_IF_ERROR(ddl_check_rows_unused(*table, ddl));
  if (missing) {
    column.missing = *missing;
    table->columns.push_back(column);
    if (column.not_null && missing->is_null()) {
      // True of an empty table only.
      DdlAction& check = ddl.act(DdlAction::Kind::kCheckNotNull);
      auto after = std::make_shared<TableDef>(*table);
      after->shape = make_shape(*after);
      check.table = std::move(after);
      check.column = static_cast<uint32_t>(column.attnum - 1);
    }
  } else {
    // Each row computes its own: serial, random(), now() ...
    ExprList values = copy_of_row(before);
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, value_of_new_column(column, rest, table, ddl));
    values.push_back(std::move(value));
    TROUPE_RETURN_IF_ERROR(ddl_rewrite_table(before, table, std::move(values), ddl));
  }
  const ColumnDef added = table->columns.back();
  return ddl_each_partition(*table, ddl, [&](TableDef* partition) {
    return add_column_def(ddl_inherited_column(added, *partition), rest, partition, ddl);
  });
}

absl::Status add_column(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  const sql::ColumnDefinition& definition = *action.column;
  if (table->find_column(definition.name) != nullptr) {
    if (action.if_not_exists) {
      ddl.notice(ErrorCode::kDuplicateColumn, cat("column \"", definition.name, "\" of relation \"", table->name,
                                                  "\" already exists, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kDuplicateColumn, "column \"", definition.name, "\" of relation \"",
                    table->name, "\" already exists");
  }
  std::vector<ColumnConstraint> rest;
  TROUPE_ASSIGN_OR_RETURN(ColumnDef column, ddl_column(definition, table, ddl, &rest));
  TROUPE_RETURN_IF_ERROR(add_column_def(std::move(column), rest, table, ddl));
  for (const ColumnConstraint& constraint : rest) {
    TROUPE_RETURN_IF_ERROR(ddl_add_constraint(constraint, table, false, ddl));
  }
  return absl::OkStatus();
}

void drop_constraint_index(TableDef* table, Oid index, DdlBuilder& ddl) {
  std::erase(table->indexes, index);
  if (const ObjectDef* object = ddl.find(index)) ddl_drop_index(static_cast<const IndexDef&>(*object), ddl);
}

/// Takes a constraint out of the table, with its index; without its primary key the table's rows are keyed anew.
absl::Status drop_key(TableDef* table, const ConstraintDef& constraint, DdlBuilder& ddl) {
  const ConstraintDef dropped = constraint;
  std::erase_if(table->constraints, [&](const ConstraintDef& c) { return c.name == dropped.name; });
  if (dropped.kind == ConstraintKind::foreign_key) ddl_forget_reference(dropped, table, ddl);
  if (dropped.index == kNoOid) return absl::OkStatus();
  const TableDef before = *table;
  drop_constraint_index(table, dropped.index, ddl);
  if (dropped.kind != ConstraintKind::primary_key || dropped.deferrable) return absl::OkStatus();
  table->primary_key.clear();
  return ddl_rewrite_table(before, table, {}, ddl);
}

/// Foreign keys of other tables that refer to a column which is to go.
absl::Status free_column(const ColumnDef& column, sql::DropBehavior behavior, TableDef* table, DdlBuilder& ddl) {
  const std::string name = cat("column ", column.name, " of table ", table->name);
  const std::vector<Oid> indexes = table->indexes;
  for (const Oid oid : indexes) {
    const auto* index = static_cast<const IndexDef*>(ddl.find(oid));
    if (index == nullptr) continue;
    TROUPE_ASSIGN_OR_RETURN(const bool uses, ddl_index_uses(*index, *table, column.attnum, ddl));
    if (uses) TROUPE_RETURN_IF_ERROR(ddl_free_index({oid, name, name, behavior}, table, ddl));
  }
  return absl::OkStatus();
}

/// Columns that are generated from one that is to go.
absl::Status drop_generated_from(const ColumnDef& column, sql::DropBehavior behavior, TableDef* table,
                                 DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<int16_t> generated, ddl_generated_from(*table, column.attnum, ddl));
  const std::string dropped = cat("column ", column.name, " of table ", table->name);
  std::string detail, cascades;
  for (const int16_t attnum : generated) {
    const std::string dependent = cat("column ", table->column(attnum).name, " of table ", table->name);
    detail += cat(detail.empty() ? "" : "\n", dependent, " depends on ", dropped);
    cascades += cat(cascades.empty() ? "" : "\n", "drop cascades to ", dependent);
  }
  if (generated.empty()) return absl::OkStatus();
  if (behavior == sql::DropBehavior::kCascade) {
    if (generated.size() == 1) {
      ddl.notice(ErrorCode::kOk, cascades);
    } else {
      ddl.notice(ErrorCode::kOk, cat("drop cascades to ", generated.size(), " other objects"), cascades);
    }
    for (const int16_t attnum : generated) {
      const std::string name = table->column(attnum).name;
      TROUPE_RETURN_IF_ERROR(ddl_drop_column(name, behavior, table, ddl));
    }
    return absl::OkStatus();
  }
  return with_hint(with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", dropped,
                                     " because other objects depend on it"),
                               detail),
                   "Use DROP ... CASCADE to drop the dependent objects too.");
}

absl::Status drop_column(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  if (find_column(table, action.name) == nullptr) {
    if (!action.if_exists) return no_such_column(action.name, *table);
    ddl.notice(ErrorCode::kOk, cat("column \"", action.name, "\" of relation \"", table->name,
                                   "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  return ddl_drop_column(action.name, action.behavior, table, ddl);
}

}  // namespace

absl::Status ddl_drop_column(std::string_view name, sql::DropBehavior behavior, TableDef* table, DdlBuilder& ddl) {
  // Values that are stored would go on having it, and would not be equal to new ones.
  TROUPE_RETURN_IF_ERROR(ddl_check_rows_unused(*table, ddl));
  ColumnDef* column = find_column(table, name);
  const int16_t attnum = column->attnum;
  TROUPE_RETURN_IF_ERROR(drop_generated_from(*column, behavior, table, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_drop_views_of_column(*column, behavior, *table, ddl));
  for (const PolicyUse& use : ddl_policies_of_column(*table, attnum, ddl)) {
    if (use.table != table->oid) continue;  // gone already
    std::erase_if(table->policies, [&](const PolicyDef& policy) { return policy.name == use.policy; });
  }
  TROUPE_RETURN_IF_ERROR(ddl_drop_published_column(*column, behavior, *table, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_drop_streamed_column(*column, behavior, *table, ddl));
  TROUPE_RETURN_IF_ERROR(free_column(*column, behavior, table, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_free_from_exclusions(*column, behavior, *table, ddl));
  if (std::find(table->primary_key.begin(), table->primary_key.end(), attnum) != table->primary_key.end()) {
    const auto key = std::find_if(table->constraints.begin(), table->constraints.end(),
                                  [](const ConstraintDef& c) { return c.kind == ConstraintKind::primary_key; });
    TROUPE_CHECK(key != table->constraints.end());
    TROUPE_RETURN_IF_ERROR(drop_key(table, *key, ddl));
  }
  const auto mentions = [attnum](const ConstraintDef& constraint) {
    return std::find(constraint.columns.begin(), constraint.columns.end(), attnum) != constraint.columns.end();
  };
  for (const ConstraintDef& constraint : table->constraints) {
    if (mentions(constraint) && constraint.index != kNoOid) drop_constraint_index(table, constraint.index, ddl);
  }
  for (size_t i = 0; i < table->constraints.size();) {
    const ConstraintDef constraint = table->constraints[i];
    if (!mentions(constraint)) {
      ++i;
      continue;
    }
    table->constraints.erase(table->constraints.begin() + static_cast<ptrdiff_t>(i));
    if (constraint.kind == ConstraintKind::foreign_key) ddl_forget_reference(constraint, table, ddl);
  }
  const std::vector<Oid> indexes = table->indexes;
  for (const Oid oid : indexes) {
    const ObjectDef* object = ddl.find(oid);
    if (object == nullptr) continue;
    TROUPE_ASSIGN_OR_RETURN(const bool uses,
                            ddl_index_uses(static_cast<const IndexDef&>(*object), *table, attnum, ddl));
    if (uses) drop_constraint_index(table, oid, ddl);
  }
  ddl_drop_sequences_of(*table, attnum, ddl);
  column->dropped = true;
  column->name = cat("........pg.dropped.", attnum, "........");
  column->not_null = false;
  column->default_sql.clear();
  column->generated_stored = false;
  column->missing = Value();
  column->identity = IdentityKind::none;
  column->owned_sequence = kNoOid;
  column->domain = kNoOid;
  return absl::OkStatus();
}

namespace {

/// Constraints of partitions that were there for one of their table; those that they had before stay.
absl::Status drop_parts_of(Oid constraint, const TableDef& table, DdlBuilder& ddl) {
  return ddl_each_partition(table, ddl, [&](TableDef* partition) -> absl::Status {
    const auto part = std::find_if(partition->constraints.begin(), partition->constraints.end(),
                                   [&](const ConstraintDef& one) { return one.parent == constraint; });
    if (part == partition->constraints.end()) return absl::OkStatus();
    if (!part->from_parent) {
      part->parent = kNoOid;
      return absl::OkStatus();
    }
    const Oid dropped = part->oid;
    TROUPE_RETURN_IF_ERROR(drop_key(partition, ConstraintDef(*part), ddl));
    return drop_parts_of(dropped, *partition, ddl);
  });
}

absl::Status drop_constraint(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  const ConstraintDef* found = table->find_constraint(action.name);
  if (found == nullptr) {
    if (action.if_exists) {
      ddl.notice(ErrorCode::kOk, cat("constraint \"", action.name, "\" of relation \"", table->name,
                                     "\" does not exist, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kUndefinedObject, "constraint \"", action.name, "\" of relation \"",
                    table->name, "\" does not exist");
  }
  if (found->index != kNoOid) {
    const ConstraintDef key = *found;
    TROUPE_RETURN_IF_ERROR(ddl_free_index({key.index, cat("constraint ", key.name, " on table ", table->name),
                                           cat("index ", key.name), action.behavior},
                                          table, ddl));
    found = table->find_constraint(action.name);
  }
  const Oid dropped = found->oid;
  TROUPE_RETURN_IF_ERROR(drop_key(table, *found, ddl));
  return drop_parts_of(dropped, *table, ddl);
}

absl::StatusOr<ConstraintDef*> constraint_to_alter(std::string_view name, TableDef* table) {
  for (ConstraintDef& constraint : table->constraints) {
    if (constraint.name == name) return &constraint;
  }
  return error(ErrorCode::kUndefinedObject, "constraint \"", name, "\" of relation \"", table->name,
               "\" does not exist");
}

/// ALTER CONSTRAINT: when it is checked.
void spread_deferral(const ConstraintDef& key, const TableDef& table, DdlBuilder& ddl) {
  for (const Oid oid : table.partitions) {
    auto partition = ddl.edit_table(oid);
    for (ConstraintDef& part : partition->constraints) {
      if (part.parent != key.oid) continue;
      part.deferrable = key.deferrable;
      part.initially_deferred = key.initially_deferred;
      spread_deferral(ConstraintDef(part), *partition, ddl);
    }
    ddl.put(std::move(partition));
  }
}

absl::Status alter_constraint(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(ConstraintDef * found, constraint_to_alter(action.constraint->name, table));
  if (found->kind != ConstraintKind::foreign_key) {
    return error(ErrorCode::kWrongObjectType, "constraint \"", found->name, "\" of relation \"", table->name,
                 "\" is not a foreign key constraint");
  }
  found->deferrable = action.constraint->deferrable;
  found->initially_deferred = action.constraint->initially_deferred;
  spread_deferral(*found, *table, ddl);
  return absl::OkStatus();
}

absl::Status validate_constraint(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(ConstraintDef * found, constraint_to_alter(action.name, table));
  if (found->kind != ConstraintKind::foreign_key && found->kind != ConstraintKind::check) {
    return error(ErrorCode::kWrongObjectType, "constraint \"", found->name, "\" of relation \"", table->name,
                 "\" is not a foreign key or check constraint");
  }
  if (!found->not_valid) return absl::OkStatus();
  found->not_valid = false;
  if (found->kind == ConstraintKind::foreign_key) {
    ddl.lock(found->foreign.table, false);
    ddl_check_constraint(*found, *table, ddl);
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr condition, ddl.binder().bind_check(*found, ddl_relation_of(*table)));
  ddl_check_rows(found->name, condition, *table, ddl);
  return absl::OkStatus();
}

/// The default goes along if it can be assigned to the new type.
absl::Status check_default_of_new_type(const TableDef& table, const ColumnDef& column, Type type, DdlBuilder& ddl) {
  if (column.identity != IdentityKind::none && type.oid != oid::kInt2 && type.oid != oid::kInt4 &&
      type.oid != oid::kInt8) {
    return error(ErrorCode::kInvalidParameterValue, "identity column type must be smallint, integer, or bigint");
  }
  if (column.generated_stored) {
    ColumnDef altered = column;
    altered.type = type.oid;
    altered.typmod = type.typmod;
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, ddl_generated_value(table, altered, ddl));
    return absl::OkStatus();
  }
  ColumnDef altered = column;
  altered.type = type.oid;
  altered.typmod = type.typmod;
  const absl::Status bound = ddl.binder().bind_default(table, altered).status();
  if (bound.ok() || error_code(bound) != ErrorCode::kDatatypeMismatch) return bound;
  return error(ErrorCode::kDatatypeMismatch, "default for column \"", column.name,
               "\" cannot be cast automatically to type ", format_type(type));
}

/// A CHECK, an exclusion or a deferrable key must hold for what became of the rows; when it means nothing for the new
/// types, that is an error.
absl::Status recheck(const std::vector<int16_t>& altered, const TableDef& table, DdlBuilder& ddl) {
  if (altered.empty()) return absl::OkStatus();
  const auto relation = ddl_relation_of(table);
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind != ConstraintKind::check && !constraint.compares_rows_afterwards()) continue;
    const auto& uses = constraint.columns;
    if (std::find_first_of(uses.begin(), uses.end(), altered.begin(), altered.end()) == uses.end()) continue;
    if (constraint.compares_rows_afterwards()) {
      TROUPE_RETURN_IF_ERROR(ddl_check_compared(constraint, table, ddl));
      ddl_check_constraint(constraint, table, ddl);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr condition, ddl.binder().bind_check(constraint, relation));
    ddl_check_rows(constraint.name, condition, table, ddl);
  }
  return absl::OkStatus();
}

absl::Status alter_type(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  ColumnDef* column = find_column(table, action.name);
  if (column == nullptr) return no_such_column(action.name, *table);
  const auto position = static_cast<uint32_t>(column->attnum - 1);
  TROUPE_ASSIGN_OR_RETURN(const auto generated, ddl_generated_from(*table, column->attnum, ddl));
  if (!generated.empty()) {
    return with_detail(error(ErrorCode::kFeatureNotSupported,
                             "cannot alter type of a column used by a generated column"),
                       cat("Column \"", column->name, "\" is used by generated column \"",
                           table->column(generated[0]).name, "\"."));
  }
  TROUPE_ASSIGN_OR_RETURN(const auto views, ddl_views_of_column(*table, column->attnum, ddl));
  if (!views.empty()) {
    return with_detail(
        error(ErrorCode::kFeatureNotSupported, "cannot alter type of a column used by a view or rule"),
        cat("rule _RETURN on ", ddl_describe(*views[0], ddl), " depends on column \"", column->name, "\""));
  }
  const auto policies = ddl_policies_of_column(*table, column->attnum, ddl);
  if (!policies.empty()) {
    return with_detail(
        error(ErrorCode::kFeatureNotSupported, "cannot alter type of a column used in a policy definition"),
        cat(ddl_describe(policies[0], ddl), " depends on column \"", column->name, "\""));
  }
  const auto filters = ddl_publications_of_column(*table, column->attnum, true, ddl);
  if (!filters.empty()) {
    return with_detail(
        error(ErrorCode::kFeatureNotSupported, "cannot alter type of a column used by a publication WHERE clause"),
        cat("publication of ", ddl_describe(*table, ddl), " in publication ", filters[0]->name,
            " depends on column \"", column->name, "\""));
  }
  if (const auto streams = ddl_streams_of_column(*table, column->attnum, true, ddl); !streams.empty()) {
    return with_detail(
        error(ErrorCode::kFeatureNotSupported, "cannot alter type of a column used by a stream's WHERE clause"),
        cat(ddl_describe(*streams[0], ddl), " depends on column \"", column->name, "\""));
  }
  TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*action.column->type, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_no_member(*table, type.oid));
  TROUPE_RETURN_IF_ERROR(ddl_check_rows_unused(*table, ddl));
  const TableDef before = *table;
  ExprList values = copy_of_row(before);
  ExprPtr value = values[position];
  if (action.expression != nullptr) {
    const auto relation = ddl_relation_of(before);
    TROUPE_ASSIGN_OR_RETURN(value, ddl.binder().bind_table_expression(*action.expression, relation, Clause::kDefault));
    value = replace_expr(value, [](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? make_column(part->type, part->index) : nullptr;
    });
  }
  if (!can_cast(value->type.oid, type.oid, CastContext::kAssignment)) {
    return with_hint(error(ErrorCode::kDatatypeMismatch, "column \"", column->name,
                              "\" cannot be cast automatically to type ", format_type(type)),
                     cat("You might need to specify \"USING ", sql::quote_identifier(column->name),
                         "::", format_type(type), "\"."));
  }
  TROUPE_RETURN_IF_ERROR(check_default_of_new_type(before, *column, type, ddl));
  TROUPE_ASSIGN_OR_RETURN(values[position],
                          make_cast(std::move(value), type, CastContext::kAssignment, ddl.binder().evaluation()));
  const TypeInfo& info = type_info(type.oid);
  const TypeDef* domain = ddl.binder().domain_of(*action.column->type);
  if (domain != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr holds, ddl.binder().bind_domain_check(*domain, values[position]));
    if (holds != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(values[position], ddl.binder().checked_value(values[position], holds));
    }
  }
  column->domain = domain != nullptr ? domain->oid : kNoOid;
  column->type = type.oid;
  column->typmod = type.typmod;
  column->physical = info.physical;
  column->collation = info.is_collatable ? 100 : kNoOid;
  column->missing = Value();
  return ddl_rewrite_table(before, table, std::move(values), ddl);
}

absl::Status set_default(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  ColumnDef* column = find_column(table, action.name);
  if (column == nullptr) return no_such_column(action.name, *table);
  if (column->identity != IdentityKind::none) {
    return error(ErrorCode::kSyntaxError, "column \"", column->name, "\" of relation \"", table->name,
                 "\" is an identity column");
  }
  if (column->generated_stored) {
    absl::Status status = error(ErrorCode::kSyntaxError, "column \"", column->name, "\" of relation \"", table->name,
                                "\" is a generated column");
    if (action.action == sql::AlterAction::kSetDefault) return status;
    return with_hint(std::move(status), "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
  }
  // A serial column keeps its sequence, as PostgreSQL does, but no longer takes its values from it.
  const bool sets = action.action == sql::AlterAction::kSetDefault;
  column->default_sql = sets ? ddl_default_text(*action.expression, *column, ddl) : std::string();
  if (action.action == sql::AlterAction::kDropDefault) {
    column->owned_sequence = kNoOid;
    return absl::OkStatus();
  }
  auto bound = ddl.binder().bind_default(*table, *column);
  return bound.ok() ? absl::OkStatus() : ddl.at(bound.status(), *action.expression);
}

absl::Status set_not_null(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  ColumnDef* column = find_column(table, action.name);
  if (column == nullptr) return no_such_column(action.name, *table);
  const bool wanted = action.action == sql::AlterAction::kSetNotNull;
  if (!wanted) {
    const auto& key = table->primary_key;
    if (std::find(key.begin(), key.end(), column->attnum) != key.end()) {
      return error(ErrorCode::kInvalidTableDefinition, "column \"", column->name, "\" is in a primary key");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_identity_nullable(*column, *table, ddl));
    if (column->identity != IdentityKind::none) {
      return error(ErrorCode::kSyntaxError, "column \"", column->name, "\" of relation \"", table->name,
                      "\" is an identity column");
    }
  } else if (!column->not_null) {
    DdlAction& check = ddl.act(DdlAction::Kind::kCheckNotNull);
    auto now = std::make_shared<TableDef>(*table);
    now->shape = make_shape(*now);
    check.table = std::move(now);
    check.column = static_cast<uint32_t>(column->attnum - 1);
  }
  column->not_null = wanted;
  return absl::OkStatus();
}

absl::Status drop_expression(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  ColumnDef* column = find_column(table, action.name);
  if (column == nullptr) return no_such_column(action.name, *table);
  return ddl_drop_expression(action, *table, column, ddl);
}

absl::Status alter_identity(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl) {
  ColumnDef* column = find_column(table, action.name);
  if (column == nullptr) return no_such_column(action.name, *table);
  return ddl_alter_identity(action, table, column, ddl);
}

absl::Status alter_action(const sql::AlterTableAction& action, bool only, TableDef* table, DdlBuilder& ddl) {
  using sql::AlterAction;
  switch (action.action) {
    case AlterAction::kAttachPartition: return ddl_attach_partition(action, table, ddl);
    case AlterAction::kDetachPartition:
    case AlterAction::kDetachPartitionFinalize: return ddl_detach_partition(action, table, ddl);
    case AlterAction::kAddColumn: return add_column(action, table, ddl);
    case AlterAction::kDropColumn: return drop_column(action, table, ddl);
    case AlterAction::kSetDefault:
    case AlterAction::kDropDefault: return set_default(action, table, ddl);
    case AlterAction::kSetNotNull:
    case AlterAction::kDropNotNull: return set_not_null(action, table, ddl);
    case AlterAction::kAlterType: return alter_type(action, table, ddl);
    case AlterAction::kAddIdentity:
    case AlterAction::kSetIdentity:
    case AlterAction::kDropIdentity: return alter_identity(action, table, ddl);
    case AlterAction::kDropExpression: return drop_expression(action, table, ddl);
    case AlterAction::kAddConstraint: return ddl_add_constraint({action.constraint, {}, only}, table, false, ddl);
    case AlterAction::kDropConstraint: return drop_constraint(action, table, ddl);
    case AlterAction::kAlterConstraint: return alter_constraint(action, table, ddl);
    case AlterAction::kValidateConstraint: return validate_constraint(action, table, ddl);
    case AlterAction::kOwnerTo: return ddl_set_table_owner(*action.role, table, ddl);
    case AlterAction::kEnableRowSecurity: table->row_security = true; return absl::OkStatus();
    case AlterAction::kDisableRowSecurity: table->row_security = false; return absl::OkStatus();
    case AlterAction::kForceRowSecurity: table->force_row_security = true; return absl::OkStatus();
    case AlterAction::kNoForceRowSecurity: table->force_row_security = false; return absl::OkStatus();
    case AlterAction::kSetLogged: table->unlogged = false; return absl::OkStatus();
    case AlterAction::kSetUnlogged:
      TROUPE_RETURN_IF_ERROR(ddl_check_unlogged(*table, ddl));
      if (const auto streams = ddl_streams_of(table->oid, ddl); !streams.empty()) {
        return with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot change table \"", table->name,
                                 "\" to unlogged because streams tell of it"),
                           cat(ddl_describe(*streams[0], ddl), " depends on ", ddl_describe(*table, ddl)));
      }
      table->unlogged = true;
      return absl::OkStatus();
    case AlterAction::kReplicaIdentity: return ddl_set_replica_identity(action, table, ddl);
    // Hints for PostgreSQL's storage that mean nothing here.
    case AlterAction::kSetStatistics:
    case AlterAction::kSetStorage:
    case AlterAction::kSetCompression:
    case AlterAction::kSetWithoutOids:
    case AlterAction::kSetWithoutCluster:
    case AlterAction::kClusterOn:
      return absl::OkStatus();
    case AlterAction::kSetOptions:
    case AlterAction::kResetOptions:
      for (const sql::Option* option : action.options) {
        if (table->is_materialized_view() && option->name == kContinuousOption) {
          return ddl.refuse(action, "changing whether a view is continuous");
        }
      }
      return absl::OkStatus();
    default: return ddl.refuse(action, "this ALTER TABLE action");
  }
}

/// OWNER TO is all that can be altered of a sequence or index this way.
absl::Status alter_other(const sql::AlterTableStatement& alter, ObjectKind kind, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*alter.table, kind, alter.if_exists));
  if (object == nullptr) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  std::shared_ptr<ObjectDef> changed = copy_object(*object);
  for (const sql::AlterTableAction* action : alter.actions) {
    if (action->action == sql::AlterAction::kOwnerTo) {
      TROUPE_RETURN_IF_ERROR(ddl_set_owner(*action->role, changed.get(), ddl));
    } else if (kind == ObjectKind::view) {
      TROUPE_RETURN_IF_ERROR(ddl_alter_view(*action, static_cast<ViewDef*>(changed.get()), ddl));
    } else {
      return ddl.refuse(*action, "this ALTER action");
    }
  }
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

bool is_for_views(sql::AlterAction action) {
  using sql::AlterAction;
  return action == AlterAction::kSetDefault || action == AlterAction::kDropDefault ||
         action == AlterAction::kSetOptions || action == AlterAction::kResetOptions;
}

/// ALTER TABLE is also how pg_dump gives a sequence or view its owner, and a view's column its default.
ObjectKind kind_to_alter(const sql::AlterTableStatement& alter, const DdlBuilder& ddl) {
  const ObjectDef* found = ddl.find_named(alter.table->schema, alter.table->name);
  const bool only_owner = std::all_of(alter.actions.begin(), alter.actions.end(), [](const sql::AlterTableAction* one) {
    return one->action == sql::AlterAction::kOwnerTo;
  });
  if (found == nullptr) return ObjectKind::table;
  const bool view = found->kind == ObjectKind::view &&
                    std::all_of(alter.actions.begin(), alter.actions.end(), [](const sql::AlterTableAction* one) {
                      return one->action == sql::AlterAction::kOwnerTo || is_for_views(one->action);
                    });
  return only_owner || view ? found->kind : ObjectKind::table;
}

/// PostgreSQL's name of what cannot be done to a materialized view; empty for what can.
std::string_view not_for_views(sql::AlterAction action) {
  using sql::AlterAction;
  switch (action) {
    case AlterAction::kAddColumn: return "ADD COLUMN";
    case AlterAction::kDropColumn: return "DROP COLUMN";
    case AlterAction::kSetDefault:
    case AlterAction::kDropDefault: return "ALTER COLUMN ... SET DEFAULT";
    case AlterAction::kSetNotNull: return "ALTER COLUMN ... SET NOT NULL";
    case AlterAction::kDropNotNull: return "ALTER COLUMN ... DROP NOT NULL";
    case AlterAction::kDropExpression: return "ALTER COLUMN ... DROP EXPRESSION";
    case AlterAction::kAddIdentity: return "ALTER COLUMN ... ADD IDENTITY";
    case AlterAction::kSetIdentity: return "ALTER COLUMN ... SET";
    case AlterAction::kDropIdentity: return "ALTER COLUMN ... DROP IDENTITY";
    case AlterAction::kAlterType: return "ALTER COLUMN ... SET DATA TYPE";
    case AlterAction::kAddConstraint: return "ADD CONSTRAINT";
    case AlterAction::kAlterConstraint: return "ALTER CONSTRAINT";
    case AlterAction::kValidateConstraint: return "VALIDATE CONSTRAINT";
    case AlterAction::kDropConstraint: return "DROP CONSTRAINT";
    case AlterAction::kSetLogged: return "SET LOGGED";
    case AlterAction::kSetUnlogged: return "SET UNLOGGED";
    case AlterAction::kInherit: return "INHERIT";
    case AlterAction::kNoInherit: return "NO INHERIT";
    case AlterAction::kOfType: return "OF";
    case AlterAction::kNotOfType: return "NOT OF";
    case AlterAction::kEnableRowSecurity: return "ENABLE ROW SECURITY";
    case AlterAction::kDisableRowSecurity: return "DISABLE ROW SECURITY";
    case AlterAction::kForceRowSecurity: return "FORCE ROW SECURITY";
    case AlterAction::kNoForceRowSecurity: return "NO FORCE ROW SECURITY";
    default: return {};
  }
}

absl::Status check_alters_view(const sql::AlterTableStatement& alter, const ObjectDef& view) {
  const std::string_view kinds = is_materialized_view(view)          ? "materialized views"
                                 : view.kind == ObjectKind::view     ? "views"
                                 : view.kind == ObjectKind::sequence ? "sequences"
                                                                     : "indexes";
  for (const sql::AlterTableAction* action : alter.actions) {
    const std::string_view name = not_for_views(action->action);
    if (name.empty()) continue;
    return with_detail(error(ErrorCode::kWrongObjectType, "ALTER action ", name, " cannot be performed on relation \"",
                             view.name, "\""),
                       cat("This operation is not supported for ", kinds, "."));
  }
  return absl::OkStatus();
}

/// What is done to the partitions, too. Constraints and new columns are taken there by whoever makes them.
bool goes_to_partitions(sql::AlterAction action) {
  using sql::AlterAction;
  switch (action) {
    case AlterAction::kDropColumn:
    case AlterAction::kSetDefault:
    case AlterAction::kDropDefault:
    case AlterAction::kSetNotNull:
    case AlterAction::kDropNotNull:
    case AlterAction::kAlterType:
    case AlterAction::kDropExpression: return true;
    default: return false;
  }
}

/// What goes first, in whatever order it is written: a type can be changed together with the constraints on it.
enum class Pass : uint8_t { kDrop, kAlterType, kRest };
Pass pass_of(sql::AlterAction action) {
  using sql::AlterAction;
  switch (action) {
    case AlterAction::kDropColumn:
    case AlterAction::kDropConstraint:
    case AlterAction::kDropDefault:
    case AlterAction::kDropIdentity:
    case AlterAction::kDropNotNull: return Pass::kDrop;
    case AlterAction::kAlterType: return Pass::kAlterType;
    default: return Pass::kRest;
  }
}

absl::Status alter_with_partitions(const sql::AlterTableAction& action, bool only, TableDef* table, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(alter_action(action, only, table, ddl));
  table->shape = make_shape(*table);
  if (only || !goes_to_partitions(action.action)) return absl::OkStatus();
  return ddl_each_partition(*table, ddl, [&](TableDef* partition) {
    return alter_with_partitions(action, /*only=*/false, partition, ddl);
  });
}

/// Constraints on columns that have other types now.
absl::Status recheck_retyped(const sql::AlterTableStatement& alter, TableDef* table, DdlBuilder& ddl) {
  std::vector<int16_t> retyped;
  for (const sql::AlterTableAction* action : alter.actions) {
    if (action->action == sql::AlterAction::kAlterType) retyped.push_back(table->find_column(action->name)->attnum);
  }
  TROUPE_RETURN_IF_ERROR(ddl_recheck_foreign_keys(retyped, *table, ddl));
  TROUPE_RETURN_IF_ERROR(recheck(retyped, *table, ddl));
  return ddl_each_partition(*table, ddl, [&](TableDef* partition) { return recheck_retyped(alter, partition, ddl); });
}

/// Each action sees what the ones before it did.
absl::Status alter_in_pass(Pass pass, const sql::AlterTableStatement& alter, TableDef* table, DdlBuilder& ddl) {
  const bool only = alter.table->only;
  bool retypes = false;
  for (const sql::AlterTableAction* action : alter.actions) {
    if (pass_of(action->action) != pass) continue;
    TROUPE_RETURN_IF_ERROR(ddl_check_partitioning(*action, only, *table, ddl));
    TROUPE_RETURN_IF_ERROR(alter_with_partitions(*action, only, table, ddl));
    retypes = retypes || pass == Pass::kAlterType;
  }
  return retypes ? recheck_retyped(alter, table, ddl) : absl::OkStatus();
}

}  // namespace

absl::Status ddl_alter_table(const sql::AlterTableStatement& alter, DdlBuilder& ddl) {
  if (!alter.all_in_tablespace.empty()) return ddl.refuse(alter, "ALTER TABLE ALL IN TABLESPACE");
  switch (alter.object) {
    case sql::ObjectKind::kTable: {
      const ObjectKind kind = kind_to_alter(alter, ddl);
      if (kind != ObjectKind::table) return alter_other(alter, kind, ddl);
      break;
    }
    case sql::ObjectKind::kMaterializedView: break;
    case sql::ObjectKind::kView: return alter_other(alter, ObjectKind::view, ddl);
    case sql::ObjectKind::kIndex:
      if (alter.actions.size() == 1 && alter.actions[0]->action == sql::AlterAction::kAttachPartition) {
        return ddl_attach_index(alter, ddl);
      }
      return alter_other(alter, ObjectKind::index, ddl);
    case sql::ObjectKind::kSequence: return alter_other(alter, ObjectKind::sequence, ddl);
    case sql::ObjectKind::kType: return ddl_alter_composite(alter, ddl);
    default: return ddl.refuse(alter, "this ALTER command");
  }
  const ObjectDef* named = ddl.find_named(alter.table->schema, alter.table->name);
  if (named != nullptr && named->kind != ObjectKind::table && alter.object == sql::ObjectKind::kTable) {
    TROUPE_RETURN_IF_ERROR(ddl_check_owner(*named, ddl));
    TROUPE_RETURN_IF_ERROR(check_alters_view(alter, *named));
  }
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object,
                          ddl.require_relation(*alter.table, ObjectKind::table, alter.if_exists));
  if (object == nullptr) return absl::OkStatus();
  if (alter.object == sql::ObjectKind::kMaterializedView && !is_materialized_view(*object)) {
    return error(ErrorCode::kWrongObjectType, "\"", object->name, "\" is not a materialized view");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  if (is_materialized_view(*object)) TROUPE_RETURN_IF_ERROR(check_alters_view(alter, *object));
  ddl.lock(object->oid);
  auto table = ddl.edit_table(object->oid);
  for (const Pass pass : {Pass::kDrop, Pass::kAlterType, Pass::kRest}) {
    TROUPE_RETURN_IF_ERROR(alter_in_pass(pass, alter, table.get(), ddl));
  }
  ddl.put(std::move(table));
  return absl::OkStatus();
}

}  // namespace troupe
