/// INSERT, UPDATE, DELETE.
#include <algorithm>

#include "runtime/plan/binder.hpp"

namespace troupe {
namespace {

absl::Status no_such_column(const TableDef& table, std::string_view column) {
  return error(ErrorCode::kUndefinedColumn, "column \"", column, "\" of relation \"", table.name, "\" does not exist");
}

uint32_t row_position(const ColumnDef& column) { return static_cast<uint32_t>(column.attnum - 1); }

bool is_default(const ExprPtr& value) { return value->kind == ExprKind::kDefault; }

}  // namespace

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::start_modify(PlanKind kind, const sql::TableRef& ref,
                                                                  Scope* scope) {
  auto modify = std::make_shared<BoundModify>();
  modify->kind = kind;
  modify->source = std::make_shared<BoundQuery>();
  auto relation = std::make_shared<BoundRelation>();
  TROUPE_ASSIGN_OR_RETURN(relation->table, find_target_table(ref));
  FromItem item = leaf(relation, ref.alias != nullptr ? ref.alias->name : ref.name, modify->source.get());
  scope->items.push_back(item.names);
  scope->query = modify->source;
  modify->target = std::move(relation);
  if (kind != PlanKind::kInsert) modify->source->from.push_back(item.tree);
  return modify;
}

absl::StatusOr<ExprPtr> Binder::assign(ExprPtr value, const ColumnDef& column, const sql::Node& node) {
  const Type type{column.type, column.typmod};
  const Type from = value->type;
  if (from.oid != oid::kUnknown && !can_cast(from.oid, type.oid, CastContext::kAssignment)) {
    return with_hint(fail(ErrorCode::kDatatypeMismatch, node, "column \"", column.name, "\" is of type ",
                          format_type(Type{type.oid}), " but expression is of type ", format_type(Type{from.oid})),
                     "You will need to rewrite or cast the expression.");
  }
  return coerce(std::move(value), type, CastContext::kAssignment);
}

absl::StatusOr<ExprPtr> Binder::bind_default(const TableDef&, const ColumnDef& column) {
  if (column.owned_sequence != kNoOid && (column.identity != IdentityKind::none || column.default_sql.empty())) {
    const auto* sequence = catalog().find_as<SequenceDef>(column.owned_sequence);
    if (sequence != nullptr) depend_on(*sequence);
    auto next = std::make_shared<Expr>();
    next->kind = ExprKind::kSequence;
    next->type = Type{oid::kInt8};
    next->index = column.owned_sequence;
    moves_sequences = true;
    return coerce(std::move(next), Type{column.type, column.typmod}, CastContext::kAssignment);
  }
  if (column.default_sql.empty()) return ExprPtr();
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(column.default_sql));
  kept_.push_back(parsed);
  const bool outer = std::exchange(foreign_text_, true);
  auto bound = bind(*parsed, Site{nullptr, nullptr, Clause::kDefault, false});
  if (bound.ok()) bound = assign(*std::move(bound), column, *parsed);
  foreign_text_ = outer;
  return bound;
}

absl::StatusOr<ExprPtr> Binder::insert_default(const TableDef& table, const ColumnDef& column) {
  if (column.generated_stored) {
    return error(ErrorCode::kFeatureNotSupported, "generated columns are not supported yet");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_default(table, column));
  return value ? std::move(value) : make_null(Type{column.type, column.typmod});
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

absl::Status Binder::bind_table_checks(BoundModify* modify) {
  const TableDef& table = *modify->target->table;
  const bool insert = modify->kind == PlanKind::kInsert;
  const auto assigned = [&](uint32_t column) {
    return insert || std::any_of(modify->assignments.begin(), modify->assignments.end(),
                                 [&](const ColumnAssignment& a) { return a.column == column; });
  };
  for (const ColumnDef& column : table.columns) {
    if (column.not_null && !column.dropped && assigned(row_position(column))) {
      modify->not_null.push_back(row_position(column));
    }
  }
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind != ConstraintKind::check) continue;
    TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(constraint.check_sql));
    kept_.push_back(parsed);
    const bool outer = std::exchange(foreign_text_, true);
    auto condition = bind_table_expression(*parsed, modify->target, Clause::kCheck);
    foreign_text_ = outer;
    if (!condition.ok()) return condition.status();
    // A row that satisfied the check still does when none of its columns changes.
    bool touched = insert;
    visit_expr(**condition, [&](const Expr& part) { touched = touched || (part.is_column() && assigned(part.index)); });
    if (touched) modify->checks.push_back({constraint.name, *std::move(condition)});
  }
  return absl::OkStatus();
}

// --- INSERT ---

absl::StatusOr<std::vector<uint32_t>> Binder::insert_columns(const sql::InsertStatement& insert,
                                                             const TableDef& table) {
  std::vector<uint32_t> columns;
  if (insert.columns.empty()) {
    for (const ColumnDef& column : table.columns) {
      if (!column.dropped) columns.push_back(row_position(column));
    }
    return columns;
  }
  for (const sql::AssignmentTarget& target : insert.columns) {
    const int place = position_of(target.position);
    if (!target.accessors.empty()) {
      return with_position(error(ErrorCode::kFeatureNotSupported, "inserting into array elements is not supported yet"),
                           place);
    }
    const ColumnDef* column = table.find_column(target.column);
    if (column == nullptr) return with_position(no_such_column(table, target.column), place);
    if (std::find(columns.begin(), columns.end(), row_position(*column)) != columns.end()) {
      return with_position(error(ErrorCode::kDuplicateColumn, "column \"", target.column, "\" specified more than once"),
                           place);
    }
    columns.push_back(row_position(*column));
  }
  return columns;
}

namespace {

/// One VALUES list or select list of `given` expressions against the columns to fill.
absl::Status check_insert_width(size_t given, const std::vector<uint32_t>& columns, bool explicit_columns) {
  if (given > columns.size()) {
    return error(ErrorCode::kSyntaxError, "INSERT has more expressions than target columns");
  }
  if (given < columns.size() && explicit_columns) {
    return error(ErrorCode::kSyntaxError, "INSERT has more target columns than expressions");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Binder::bind_insert_source(const sql::InsertStatement& insert, const std::vector<uint32_t>& columns,
                                        BoundModify* modify) {
  const TableDef& table = *modify->target->table;
  // What each layout column gets where the source gives nothing.
  ExprList defaults(table.columns.size());
  const auto default_of = [&](uint32_t i) -> absl::StatusOr<ExprPtr> {
    const ColumnDef& column = table.columns[i];
    if (!defaults[i]) {
      TROUPE_ASSIGN_OR_RETURN(defaults[i], column.dropped ? absl::StatusOr<ExprPtr>(make_constant(
                                                                Type{column.type}, Value::null(column.physical)))
                                                          : insert_default(table, column));
    }
    return defaults[i];
  };
  const auto fill = [&](ExprList* row) -> absl::Status {
    for (uint32_t i = 0; i < row->size(); ++i) {
      if ((*row)[i]) continue;
      TROUPE_ASSIGN_OR_RETURN((*row)[i], default_of(i));
    }
    return absl::OkStatus();
  };
  // A value given for an identity column.
  const auto place = [&](uint32_t i, ExprPtr value, const sql::Node& node, ExprList* row) -> absl::Status {
    const ColumnDef& column = table.columns[i];
    if (is_default(value)) return absl::OkStatus();
    if (column.identity != IdentityKind::none && insert.overriding == sql::Overriding::kUserValue) {
      return absl::OkStatus();
    }
    if (column.identity == IdentityKind::always && insert.overriding != sql::Overriding::kSystemValue) {
      return with_hint(
          with_detail(fail(ErrorCode::kGeneratedAlways, node, "cannot insert a non-DEFAULT value into column \"",
                           column.name, "\""),
                      cat("Column \"", column.name, "\" is an identity column defined as GENERATED ALWAYS.")),
          "Use OVERRIDING SYSTEM VALUE to override.");
    }
    TROUPE_ASSIGN_OR_RETURN((*row)[i], assign(std::move(value), column, node));
    return absl::OkStatus();
  };

  auto query = std::make_shared<BoundQuery>();
  const auto* source = insert.source;
  const bool plain_values = source == nullptr || (source->is_values && source->order_by.empty() &&
                                                  source->limit == nullptr && source->offset == nullptr &&
                                                  source->with == nullptr);
  if (plain_values) {
    auto relation = std::make_shared<BoundRelation>();
    relation->kind = BoundRelation::Kind::kValues;
    const size_t rows = source == nullptr ? 1 : source->values.size();
    const Site site{nullptr, query.get(), Clause::kInsertValue, false};
    for (size_t r = 0; r < rows; ++r) {
      ExprList row(table.columns.size());
      const size_t given = source == nullptr ? 0 : source->values[r].size();
      if (source != nullptr) {
        if (given != source->values[0].size()) {
          return fail(ErrorCode::kSyntaxError, *source->values[r].front(), "VALUES lists must all be the same length");
        }
        if (auto status = check_insert_width(given, columns, !insert.columns.empty()); !status.ok()) {
          const sql::Node* place_of = insert.table;
          if (given > columns.size()) place_of = source->values[r][columns.size()];
          return at(status, *place_of);
        }
      }
      for (size_t i = 0; i < given; ++i) {
        const sql::Expr& expr = *source->values[r][i];
        TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(expr, site));
        TROUPE_RETURN_IF_ERROR(place(columns[i], std::move(value), expr, &row));
      }
      TROUPE_RETURN_IF_ERROR(fill(&row));
      relation->values.push_back(std::move(row));
    }
    for (uint32_t i = 0; i < table.columns.size(); ++i) {
      relation->types.push_back({table.columns[i].type, table.columns[i].typmod});
      relation->names.push_back(table.columns[i].name);
    }
    FromItem item = leaf(relation, "*VALUES*", query.get());
    query->from.push_back(item.tree);
    for (uint32_t i = 0; i < table.columns.size(); ++i) {
      query->targets.push_back({column_of(*relation, i), {}});
    }
    modify->source = std::move(query);
    return absl::OkStatus();
  }

  TROUPE_ASSIGN_OR_RETURN(QueryPtr selected, bind_select(*source, nullptr, true));
  if (auto status = check_insert_width(selected->targets.size(), columns, !insert.columns.empty()); !status.ok()) {
    return at(status, *source);
  }
  // Untyped literals take their column's type here; the other casts are made around the query.
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  for (size_t i = 0; i < selected->targets.size(); ++i) {
    ExprPtr& value = selected->targets[i].value;
    if (value->type.oid == oid::kUnknown) {
      TROUPE_ASSIGN_OR_RETURN(value, assign(std::move(value), table.columns[columns[i]], *source));
    }
    relation->names.push_back(selected->targets[i].name);
    relation->types.push_back(value->type);
  }
  relation->query = std::move(selected);
  FromItem item = leaf(relation, "*SELECT*", query.get());
  query->from.push_back(item.tree);
  ExprList row(table.columns.size());
  for (uint32_t i = 0; i < relation->types.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(place(columns[i], column_of(*relation, i), *source, &row));
  }
  TROUPE_RETURN_IF_ERROR(fill(&row));
  for (ExprPtr& value : row) query->targets.push_back({std::move(value), {}});
  modify->source = std::move(query);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_insert(const sql::InsertStatement& insert) {
  const size_t names_before = cte_names_.size();
  if (insert.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*insert.with, nullptr));
  Scope scope;
  TROUPE_ASSIGN_OR_RETURN(auto modify, start_modify(PlanKind::kInsert, *insert.table, &scope));
  TROUPE_ASSIGN_OR_RETURN(const auto columns, insert_columns(insert, *modify->target->table));
  TROUPE_RETURN_IF_ERROR(bind_insert_source(insert, columns, modify.get()));
  TROUPE_RETURN_IF_ERROR(bind_table_checks(modify.get()));
  if (insert.on_conflict != nullptr) {
    TROUPE_RETURN_IF_ERROR(bind_conflict(*insert.on_conflict, insert, &scope, modify.get()));
  }
  TROUPE_RETURN_IF_ERROR(bind_returning(insert.returning, &scope, modify.get()));
  cte_names_.resize(names_before);
  return modify;
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

// --- ON CONFLICT ---

absl::Status Binder::choose_arbiter(const sql::OnConflict& conflict, const TableDef& table, ConflictAction* action) {
  const auto shared_index = [&](Oid oid) {
    return std::static_pointer_cast<const IndexDef>(catalog().find_shared(oid));
  };
  if (!conflict.constraint.empty()) {
    const ConstraintDef* constraint = table.find_constraint(conflict.constraint);
    if (constraint == nullptr) {
      return fail(ErrorCode::kUndefinedObject, conflict, "constraint \"", conflict.constraint, "\" for table \"",
                  table.name, "\" does not exist");
    }
    if (constraint->kind == ConstraintKind::primary_key) {
      action->primary_key = true;
    } else if (constraint->kind == ConstraintKind::unique) {
      action->arbiters.push_back(shared_index(constraint->index));
    } else {
      return fail(ErrorCode::kWrongObjectType, conflict,
                  "constraint in ON CONFLICT clause has no associated index");
    }
    return absl::OkStatus();
  }
  if (conflict.elements.empty()) {
    action->any_index = true;
    return absl::OkStatus();
  }
  if (conflict.elements_where != nullptr) return refuse(conflict, "ON CONFLICT for a partial index");
  std::vector<int16_t> wanted;
  for (const sql::IndexElement* element : conflict.elements) {
    if (element->expression != nullptr) return refuse(*element, "ON CONFLICT for an index of expressions");
    const ColumnDef* column = table.find_column(element->column);
    if (column == nullptr) {
      return fail(ErrorCode::kUndefinedColumn, *element, "column \"", element->column, "\" does not exist");
    }
    wanted.push_back(column->attnum);
  }
  const auto same_set = [&](std::vector<int16_t> columns) {
    std::vector<int16_t> sorted = wanted;
    std::sort(sorted.begin(), sorted.end());
    std::sort(columns.begin(), columns.end());
    return sorted == columns;
  };
  if (!table.primary_key.empty() && same_set(table.primary_key)) {
    action->primary_key = true;
    return absl::OkStatus();
  }
  for (const Oid oid : table.indexes) {
    const IndexPtr index = shared_index(oid);
    if (!index->unique || index->primary || !index->predicate_sql.empty()) continue;
    std::vector<int16_t> columns;
    for (const IndexColumn& column : index->columns) columns.push_back(column.attnum);
    if (same_set(std::move(columns))) {
      action->arbiters.push_back(index);
      return absl::OkStatus();
    }
  }
  return fail(ErrorCode::kInvalidColumnReference, conflict,
              "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

absl::Status Binder::bind_conflict(const sql::OnConflict& conflict, const sql::InsertStatement&, Scope* scope,
                                   BoundModify* modify) {
  const TableDef& table = *modify->target->table;
  ConflictAction action;
  TROUPE_RETURN_IF_ERROR(choose_arbiter(conflict, table, &action));
  action.update = conflict.update;
  if (conflict.update) {
    if (action.any_index) {
      return with_hint(fail(ErrorCode::kSyntaxError, conflict,
                            "ON CONFLICT DO UPDATE requires inference specification or constraint name"),
                       "For example, ON CONFLICT (column_name).");
    }
    auto excluded = std::make_shared<BoundRelation>();
    excluded->table = modify->target->table;
    BoundQuery scratch;
    FromItem item = leaf(excluded, "excluded", &scratch);
    Scope both = *scope;
    both.items.push_back(item.names);
    const Site site{&both, &scratch, Clause::kSet, false};
    TROUPE_RETURN_IF_ERROR(bind_assignments(conflict.assignments, table, site, &action.assignments));
    if (conflict.where != nullptr) {
      Site where = site;
      where.clause = Clause::kWhere;
      TROUPE_ASSIGN_OR_RETURN(action.where, bind_condition(*conflict.where, where, "WHERE"));
    }
    const auto width = static_cast<uint32_t>(table.columns.size());
    bool subquery = false;
    const auto to_positions = [&](const ExprPtr& expr) {
      return replace_expr(expr, [&](const ExprPtr& part) -> ExprPtr {
        subquery = subquery || part->kind == ExprKind::kSubquery;
        if (!part->is_column()) return nullptr;
        return make_column(part->type, part->relation == excluded->number ? width + part->index : part->index);
      });
    };
    for (ColumnAssignment& assignment : action.assignments) {
      assignment.value = to_positions(assignment.value);
      const auto& key = table.primary_key;
      action.changes_key = action.changes_key || std::find(key.begin(), key.end(),
                                                           static_cast<int16_t>(assignment.column + 1)) != key.end();
    }
    action.where = to_positions(action.where);
    if (subquery) return refuse(conflict, "a subquery in ON CONFLICT DO UPDATE");
  }
  modify->conflict = std::move(action);
  return absl::OkStatus();
}

// --- UPDATE, DELETE ---

absl::Status Binder::bind_one_assignment(const sql::AssignmentTarget& target, const sql::Expr* value, ExprPtr bound,
                                         const TableDef& table, const Site& site,
                                         std::vector<ColumnAssignment>* out) {
  const int place = position_of(target.position);
  const ColumnDef* column = table.find_column(target.column);
  if (column == nullptr) return with_position(no_such_column(table, target.column), place);
  if (!target.accessors.empty()) {
    return with_position(error(ErrorCode::kFeatureNotSupported, "assigning to array elements is not supported yet"),
                         place);
  }
  for (const ColumnAssignment& other : *out) {
    if (other.column == row_position(*column)) {
      return with_position(error(ErrorCode::kSyntaxError, "multiple assignments to same column \"", target.column, "\""),
                           place);
    }
  }
  if (!bound) {
    TROUPE_ASSIGN_OR_RETURN(bound, bind(*value, site));
  }
  if (is_default(bound)) {
    TROUPE_ASSIGN_OR_RETURN(bound, insert_default(table, *column));
  } else if (column->identity == IdentityKind::always) {
    return with_detail(with_position(error(ErrorCode::kGeneratedAlways, "column \"", column->name,
                                           "\" can only be updated to DEFAULT"),
                                     place),
                       cat("Column \"", column->name, "\" is an identity column defined as GENERATED ALWAYS."));
  } else {
    TROUPE_ASSIGN_OR_RETURN(bound, assign(std::move(bound), *column, *value));
  }
  out->push_back({row_position(*column), std::move(bound)});
  return absl::OkStatus();
}

absl::Status Binder::bind_assignments(sql::List<const sql::Assignment*> list, const TableDef& table, const Site& site,
                                      std::vector<ColumnAssignment>* out) {
  for (const sql::Assignment* assignment : list) {
    if (!assignment->multiple) {
      TROUPE_RETURN_IF_ERROR(
          bind_one_assignment(assignment->targets[0], assignment->value, nullptr, table, site, out));
      continue;
    }
    const auto* row = assignment->value->as<sql::RowExpr>();
    if (row == nullptr) return refuse(*assignment->value, "assigning several columns from a subquery");
    if (row->fields.size() != assignment->targets.size()) {
      return fail(ErrorCode::kSyntaxError, *assignment->value, "number of columns does not match number of values");
    }
    for (size_t i = 0; i < row->fields.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(
          bind_one_assignment(assignment->targets[i], row->fields[i], nullptr, table, site, out));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_update(const sql::UpdateStatement& update) {
  const size_t names_before = cte_names_.size();
  if (update.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*update.with, nullptr));
  Scope scope;
  TROUPE_ASSIGN_OR_RETURN(auto modify, start_modify(PlanKind::kUpdate, *update.table, &scope));
  BoundQuery* query = modify->source.get();
  TROUPE_RETURN_IF_ERROR(bind_from(update.from, &scope, query));
  TROUPE_RETURN_IF_ERROR(bind_assignments(update.assignments, *modify->target->table,
                                          Site{&scope, query, Clause::kSet, false}, &modify->assignments));
  if (update.where != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(query->where,
                            bind_condition(*update.where, Site{&scope, query, Clause::kWhere, false}, "WHERE"));
  }
  TROUPE_RETURN_IF_ERROR(bind_table_checks(modify.get()));
  TROUPE_RETURN_IF_ERROR(bind_returning(update.returning, &scope, modify.get()));
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
    TROUPE_ASSIGN_OR_RETURN(query->where,
                            bind_condition(*statement.where, Site{&scope, query, Clause::kWhere, false}, "WHERE"));
  }
  TROUPE_RETURN_IF_ERROR(bind_returning(statement.returning, &scope, modify.get()));
  cte_names_.resize(names_before);
  return modify;
}

}  // namespace troupe
