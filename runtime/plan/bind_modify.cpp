/// UPDATE and DELETE, and what INSERT shares with them: targets, defaults, checks, RETURNING.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/catalog_types.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
namespace {

uint32_t row_position(const ColumnDef& column) { return static_cast<uint32_t>(column.attnum - 1); }

bool is_default(const ExprPtr& value) { return value->kind == ExprKind::kDefault; }

}  // namespace

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::start_modify(PlanKind kind, const sql::TableRef& ref,
                                                                  Scope* scope) {
  auto modify = std::make_shared<BoundModify>();
  modify->kind = kind;
  modify->source = std::make_shared<BoundQuery>();
  scope->query = modify->source;
  TROUPE_ASSIGN_OR_RETURN(RelationName found, find_target(ref));
  const std::string_view alias = ref.alias != nullptr ? ref.alias->name : ref.name;
  auto names = std::make_shared<FromNames>();
  if (found.view) {
    TROUPE_ASSIGN_OR_RETURN(modify->view, bind_view_target(kind, found.view, ref));
    modify->target = modify->view->table;
    names->relation = modify->view->named;
  } else {
    modify->target = std::make_shared<BoundRelation>();
    modify->target->table = std::move(found.table);
    modify->target->reader = rights.role();
    modify->target->only = ref.only;
    names = leaf(modify->target, alias, modify->source.get()).names;
    const Privileges right = kind == PlanKind::kInsert ? kInsert : kind == PlanKind::kUpdate ? kUpdate : kDelete;
    rights.want(modify->target->number, modify->target->table->oid, right);
  }
  names->alias = alias;
  if (ref.alias == nullptr) names->schema = found.view ? ref.schema : schema_of(*modify->target);
  scope->items.push_back(std::move(names));
  if (kind == PlanKind::kInsert) return modify;
  auto tree = std::make_shared<FromTree>();
  tree->relation = modify->target;
  modify->source->from.push_back(std::move(tree));
  if (modify->view) modify->source->relations.push_back(modify->target->number);
  return modify;
}

absl::StatusOr<ExprPtr> Binder::assign(ExprPtr value, const ColumnDef& column, const sql::Node& node,
                                       std::string_view name) {
  const Type type{column.type, column.typmod};
  const Type from = value->type;
  const bool is_row = is_untyped_row(*value) && is_composite_type(type.oid);
  if (from.oid != oid::kUnknown && !is_row && !can_cast(from.oid, type.oid, CastContext::kAssignment)) {
    return with_hint(fail(ErrorCode::kDatatypeMismatch, node, "column \"", name.empty() ? column.name : name,
                          "\" is of type ", format_type(Type{type.oid}), " but expression is of type ", format_type(Type{from.oid})),
                     "You will need to rewrite or cast the expression.");
  }
  return coerce(std::move(value), type, CastContext::kAssignment);
}

namespace {

/// The column's own default, or its domain's.
std::string default_text_of(const ColumnDef& column, const Catalog& catalog) {
  if (!column.default_sql.empty()) return column.default_sql;
  const auto* domain = catalog.find_as<TypeDef>(column.domain);
  if (domain == nullptr) return {};
  const std::vector<const TypeDef*> chain = domain_chain(*domain, catalog);
  for (size_t i = chain.size(); i-- > 0;) {
    if (!chain[i]->default_sql.empty()) return chain[i]->default_sql;
  }
  return {};
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_default(const TableDef&, const ColumnDef& column) {
  if (column.owned_sequence != kNoOid && (column.identity != IdentityKind::none || column.default_sql.empty())) {
    const auto* sequence = catalog().find_as<SequenceDef>(column.owned_sequence);
    if (sequence != nullptr) {
      depend_on(*sequence);
      // An identity's sequence is part of the table; a serial column calls nextval().
      if (column.identity == IdentityKind::none) rights.want_sequence(*sequence, kUsage | kUpdate);
    }
    auto next = std::make_shared<Expr>();
    next->kind = ExprKind::kSequence;
    next->type = Type{oid::kInt8};
    next->index = column.owned_sequence;
    moves_sequences = true;
    return coerce(std::move(next), Type{column.type, column.typmod}, CastContext::kAssignment);
  }
  const std::string default_sql = default_text_of(column, catalog());
  if (default_sql.empty()) return ExprPtr();
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(default_sql));
  kept_.push_back(parsed);
  const bool outer = std::exchange(foreign_text_, true);
  auto bound = bind(*parsed, Site{nullptr, nullptr, Clause::kDefault, false});
  if (bound.ok()) bound = assign(*std::move(bound), column, *parsed);
  foreign_text_ = outer;
  return bound;
}

absl::StatusOr<ExprPtr> Binder::insert_default(const TableDef& table, const ColumnDef& column) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_default(table, column));
  return value ? std::move(value) : make_null(Type{column.type, column.typmod});
}

absl::StatusOr<ExprPtr> Binder::target_default(const BoundModify& modify, const ColumnDef& column) {
  const ColumnDef* of_view = modify.view ? modify.view->default_of(row_position(column)) : nullptr;
  return insert_default(*modify.target->table, of_view != nullptr ? *of_view : column);
}

absl::StatusOr<ExprPtr> Binder::bind_table_expression(const sql::Expr& expr,
                                                      const std::shared_ptr<BoundRelation>& relation, Clause clause) {
  Scope scope;
  auto names = std::make_shared<FromNames>();
  names->alias = relation->alias;
  names->relation = relation;
  scope.items.push_back(std::move(names));
  return bind(expr, Site{&scope, nullptr, clause, false});
}

absl::Status Binder::bind_table_checks(BoundModify* modify, bool routed) {
  const TableDef& table = *modify->target->table;
  const bool insert = modify->kind == PlanKind::kInsert;
  const auto assigned = [&](uint32_t column) {
    return insert || assigns(modify->assignments, column) || assigns(modify->generated, column);
  };
  for (const ColumnDef& column : table.columns) {
    if (column.not_null && !column.dropped && assigned(row_position(column))) {
      modify->not_null.push_back(row_position(column));
    }
    const auto* domain = column.dropped || !assigned(row_position(column))
                             ? nullptr
                             : catalog().find_as<TypeDef>(column.domain);
    if (domain == nullptr) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr holds, bind_domain_check(*domain, column_of(*modify->target, row_position(column))));
    if (holds != nullptr) modify->checks.push_back({domain->name, std::move(holds)});
  }
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind != ConstraintKind::check) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_check(constraint, modify->target));
    // A row that satisfied the check still does when none of its columns changes.
    bool touched = insert;
    visit_expr(*condition, [&](const Expr& part) { touched = touched || (part.is_column() && assigned(part.index)); });
    if (touched) modify->checks.push_back({constraint.name, std::move(condition)});
  }
  if (routed || !table.is_partition()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(ExprPtr stays, bind_partition_condition(modify->target));
  bool touched = insert;
  visit_expr(*stays, [&](const Expr& part) { touched = touched || (part.is_column() && assigned(part.index)); });
  if (touched) modify->checks.push_back({table.name, std::move(stays), false, true});
  return absl::OkStatus();
}

absl::Status Binder::bind_returning(sql::List<const sql::Target*> returning, const Scope* scope,
                                    BoundModify* modify) {
  if (returning.empty()) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(bind_targets(returning, Site{scope, modify->source.get(), Clause::kReturning, false},
                                      &modify->returning));
  for (BoundTarget& target : modify->returning) {
    TROUPE_ASSIGN_OR_RETURN(target.value, settle(std::move(target.value)));
  }
  return absl::OkStatus();
}

// --- UPDATE, DELETE ---

absl::Status Binder::bind_one_assignment(const sql::AssignmentTarget& target, const sql::Expr* value, ExprPtr bound,
                                         const BoundModify& modify, const Site& site,
                                         std::vector<ColumnAssignment>* out) {
  auto found = target_column(modify.kind, modify, target.column);
  if (!found.ok()) {
    const bool unknown = error_code(found.status()) == ErrorCode::kUndefinedColumn;
    return unknown ? with_position(found.status(), position_of(target.position)) : found.status();
  }
  const ColumnDef* column = found->column;
  const bool again = std::any_of(out->begin(), out->end(), [&](const ColumnAssignment& other) {
    return other.column == row_position(*column) && (target.accessors.empty() || !is_subscripted(*other.value));
  });
  if (again) {
    return error(ErrorCode::kSyntaxError, "multiple assignments to same column \"", column->name, "\"");
  }
  if (!bound) {
    TROUPE_ASSIGN_OR_RETURN(bound, bind(*value, site));
  }
  if (modify.view && is_default(bound)) {
    TROUPE_ASSIGN_OR_RETURN(bound, view_default(*modify.view, found->number));
  }
  if (column->generated_stored) {
    if (is_default(bound)) return absl::OkStatus();  // it always is
    return with_detail(error(ErrorCode::kGeneratedAlways, "column \"", column->name,
                             "\" can only be updated to DEFAULT"),
                       cat("Column \"", column->name, "\" is a generated column."));
  }
  if (!target.accessors.empty()) {
    return assign_subscripted(target, std::move(bound), *found, modify.named(), *value, site, out);
  }
  if (is_default(bound)) {
    TROUPE_ASSIGN_OR_RETURN(bound, insert_default(*modify.target->table, *column));
  } else if (column->identity == IdentityKind::always) {
    return with_detail(error(ErrorCode::kGeneratedAlways, "column \"", column->name,
                             "\" can only be updated to DEFAULT"),
                       cat("Column \"", column->name, "\" is an identity column defined as GENERATED ALWAYS."));
  } else {
    TROUPE_ASSIGN_OR_RETURN(bound, assign(std::move(bound), *column, *value, found->name));
  }
  rights.use(modify.named().number, kUpdate, found->number);
  out->push_back({row_position(*column), std::move(bound)});
  return absl::OkStatus();
}

absl::Status Binder::bind_assignments(sql::List<const sql::Assignment*> list, const BoundModify& modify, const Site& site,
                                      std::vector<ColumnAssignment>* out) {
  for (const sql::Assignment* assignment : list) {
    if (!assignment->multiple) {
      TROUPE_RETURN_IF_ERROR(
          bind_one_assignment(assignment->targets[0], assignment->value, nullptr, modify, site, out));
      continue;
    }
    if (const auto* subquery = assignment->value->as<sql::SubqueryExpr>()) {
      TROUPE_RETURN_IF_ERROR(bind_subquery_assignment(*assignment, *subquery, modify, site, out));
      continue;
    }
    const auto* row = assignment->value->as<sql::RowExpr>();
    if (row == nullptr) {
      return fail(ErrorCode::kFeatureNotSupported, *assignment->value,
                  "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression");
    }
    if (row->fields.size() != assignment->targets.size()) {
      return fail(ErrorCode::kSyntaxError, *assignment->value, "number of columns does not match number of values");
    }
    for (size_t i = 0; i < row->fields.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(
          bind_one_assignment(assignment->targets[i], row->fields[i], nullptr, modify, site, out));
    }
  }
  return absl::OkStatus();
}

/// WHERE CURRENT OF: which row that is, the session knows when the statement runs.
absl::Status Binder::bind_where_of_change(const sql::Expr& where, const Site& site, BoundModify* modify) {
  const auto* current = where.as<sql::CurrentOfExpr>();
  if (current == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(modify->source->where, bind_condition(where, site, "WHERE"));
    return absl::OkStatus();
  }
  if (modify->view) return error(ErrorCode::kFeatureNotSupported, "WHERE CURRENT OF on a view is not implemented");
  if (modify->source->from.size() > 1) {
    return with_hint(fail(ErrorCode::kFeatureNotSupported, where, "WHERE CURRENT OF beside other tables is not supported"),
                     "Name the row by its primary key.");
  }
  ExprList args{make_constant(Type{oid::kText}, Value::text(std::string(current->cursor))),
                make_constant(Type{oid::kOid}, Value::of(static_cast<int64_t>(modify->target->table->oid)))};
  TROUPE_ASSIGN_OR_RETURN(modify->current_row, call_by_name(kCurrentRowFunction, std::move(args), where));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_update(const sql::UpdateStatement& update) {
  const size_t names_before = cte_names_.size();
  if (update.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*update.with, nullptr));
  Scope scope;
  TROUPE_ASSIGN_OR_RETURN(auto modify, start_modify(PlanKind::kUpdate, *update.table, &scope));
  BoundQuery* query = modify->source.get();
  TROUPE_RETURN_IF_ERROR(bind_from(update.from, &scope, query));
  TROUPE_RETURN_IF_ERROR(bind_assignments(update.assignments, *modify, Site{&scope, query, Clause::kSet, false},
                                          &modify->assignments));
  if (update.where != nullptr) {
    const Site site{&scope, query, Clause::kWhere, false};
    TROUPE_RETURN_IF_ERROR(bind_where_of_change(*update.where, site, modify.get()));
  }
  TROUPE_ASSIGN_OR_RETURN(modify->generated, bind_regenerated(modify->assignments, modify->target));
  TROUPE_RETURN_IF_ERROR(bind_table_checks(modify.get()));
  TROUPE_RETURN_IF_ERROR(bind_returning(update.returning, &scope, modify.get()));
  TROUPE_RETURN_IF_ERROR(finish_view_target(*update.table, modify.get()));
  TROUPE_RETURN_IF_ERROR(secure_modify(modify.get()));
  cte_names_.resize(names_before);
  return modify;
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_delete(const sql::DeleteStatement& statement) {
  const size_t names_before = cte_names_.size();
  if (statement.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*statement.with, nullptr));
  Scope scope;
  TROUPE_ASSIGN_OR_RETURN(auto modify, start_modify(PlanKind::kDelete, *statement.table, &scope));
  BoundQuery* query = modify->source.get();
  TROUPE_RETURN_IF_ERROR(bind_from(statement.using_items, &scope, query));
  if (statement.where != nullptr) {
    const Site site{&scope, query, Clause::kWhere, false};
    TROUPE_RETURN_IF_ERROR(bind_where_of_change(*statement.where, site, modify.get()));
  }
  TROUPE_RETURN_IF_ERROR(bind_returning(statement.returning, &scope, modify.get()));
  TROUPE_RETURN_IF_ERROR(finish_view_target(*statement.table, modify.get()));
  TROUPE_RETURN_IF_ERROR(secure_modify(modify.get()));
  cte_names_.resize(names_before);
  return modify;
}

}  // namespace troupe
