/// INSERT and its ON CONFLICT.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/index_terms.hpp"
#include "runtime/plan/query_planner.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
namespace {

uint32_t row_position(const ColumnDef& column) { return static_cast<uint32_t>(column.attnum - 1); }

bool is_default(const ExprPtr& value) { return value->kind == ExprKind::kDefault; }

}  // namespace

/// What an INSERT puts in: one row of all layout columns for each row of its source.
class InsertSource {
 public:
  InsertSource(Binder& binder, const sql::InsertStatement& insert, const BoundModify& modify,
               const std::vector<TargetColumn>& columns)
      : binder_{binder},
        insert_{insert},
        modify_{modify},
        target_{modify.target},
        table_{*target_->table},
        columns_{columns},
        defaults_(table_.columns.size()) {}

  absl::StatusOr<QueryPtr> bind() {
    const auto* source = insert_.source;
    const bool plain_values = source == nullptr || (source->is_values && source->order_by.empty() &&
                                                    source->limit == nullptr && source->offset == nullptr &&
                                                    source->with == nullptr);
    TROUPE_ASSIGN_OR_RETURN(QueryPtr query, plain_values ? bind_values() : bind_query());
    const bool generates = std::any_of(table_.columns.begin(), table_.columns.end(),
                                       [](const ColumnDef& column) { return column.generated_stored; });
    return generates ? with_generated(std::move(query)) : query;
  }

  /// One row of VALUES, in terms of what `site` sees; generated columns are null.
  absl::StatusOr<ExprList> bind_row(size_t number, const Binder::Site& site) {
    ExprList row(table_.columns.size());
    if (insert_.source != nullptr) {
      const sql::ExprList& given = insert_.source->values[number];
      if (given.size() != insert_.source->values[0].size()) {
        return binder_.fail(ErrorCode::kSyntaxError, *given.front(), "VALUES lists must all be the same length");
      }
      const sql::Node* place_of = insert_.table;
      if (given.size() > columns_.size()) place_of = given[columns_.size()];
      TROUPE_RETURN_IF_ERROR(check_width(given.size(), *place_of));
      for (size_t i = 0; i < given.size(); ++i) {
        TROUPE_ASSIGN_OR_RETURN(ExprPtr value, binder_.bind(*given[i], site));
        TROUPE_RETURN_IF_ERROR(place(i, std::move(value), *given[i], &row));
      }
    }
    TROUPE_RETURN_IF_ERROR(fill(&row));
    return row;
  }

 private:
  absl::StatusOr<QueryPtr> bind_values() {
    auto query = std::make_shared<BoundQuery>();
    auto relation = std::make_shared<BoundRelation>();
    relation->kind = BoundRelation::Kind::kValues;
    const size_t rows = insert_.source == nullptr ? 1 : insert_.source->values.size();
    relation->values.reserve(rows);
    for (size_t r = 0; r < rows; ++r) {
      TROUPE_ASSIGN_OR_RETURN(ExprList row, bind_row(r, {nullptr, query.get(), Clause::kInsertValue, false}));
      relation->values.push_back(std::move(row));
    }
    for (const ColumnDef& column : table_.columns) {
      relation->types.push_back({column.type, column.typmod});
      relation->names.push_back(column.name);
    }
    query->from.push_back(binder_.leaf(relation, "*VALUES*", query.get()).tree);
    for (uint32_t i = 0; i < table_.columns.size(); ++i) query->targets.push_back({column_of(*relation, i), {}});
    return query;
  }

  /// A query around it, whose generated columns are of the others' values.
  absl::StatusOr<QueryPtr> with_generated(QueryPtr given) {
    auto row = std::make_shared<BoundRelation>();
    row->kind = BoundRelation::Kind::kSubquery;
    for (const BoundTarget& target : given->targets) row->types.push_back(target.value->type);
    for (const ColumnDef& column : table_.columns) row->names.push_back(column.name);
    row->query = std::move(given);
    auto query = std::make_shared<BoundQuery>();
    query->from.push_back(binder_.leaf(row, "*ROW*", query.get()).tree);
    for (uint32_t i = 0; i < table_.columns.size(); ++i) {
      ExprPtr value = column_of(*row, i);
      if (table_.columns[i].generated_stored) {
        TROUPE_ASSIGN_OR_RETURN(value, binder_.bind_generated(table_.columns[i], target_));
        value = replace_expr(value, [&](const ExprPtr& part) -> ExprPtr {
          return part->is_column() ? column_of(*row, part->index) : nullptr;
        });
      }
      query->targets.push_back({std::move(value), {}});
    }
    return query;
  }

  absl::StatusOr<QueryPtr> bind_query() {
    const sql::SelectStatement& source = *insert_.source;
    TROUPE_ASSIGN_OR_RETURN(QueryPtr selected, binder_.bind_select(source, nullptr, true));
    TROUPE_RETURN_IF_ERROR(check_width(selected->targets.size(), source));
    // Untyped literals take their column's type here; the other casts are made around the query.
    auto relation = std::make_shared<BoundRelation>();
    relation->kind = BoundRelation::Kind::kSubquery;
    for (size_t i = 0; i < selected->targets.size(); ++i) {
      ExprPtr& value = selected->targets[i].value;
      const bool whole = insert_.columns.empty() || insert_.columns[i].accessors.empty();
      if (whole && value->type.oid == oid::kUnknown) {
        TROUPE_RETURN_IF_ERROR(columns_[i].error);
        TROUPE_ASSIGN_OR_RETURN(value,
                                binder_.assign(std::move(value), *columns_[i].column, source, columns_[i].name));
      }
      relation->names.push_back(selected->targets[i].name);
      relation->types.push_back(value->type);
    }
    relation->query = std::move(selected);
    auto query = std::make_shared<BoundQuery>();
    query->from.push_back(binder_.leaf(relation, "*SELECT*", query.get()).tree);
    ExprList row(table_.columns.size());
    for (uint32_t i = 0; i < relation->types.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(place(i, column_of(*relation, i), source, &row));
    }
    TROUPE_RETURN_IF_ERROR(fill(&row));
    for (ExprPtr& value : row) query->targets.push_back({std::move(value), {}});
    return query;
  }

  absl::Status check_width(size_t given, const sql::Node& node) const {
    if (given > columns_.size()) {
      return binder_.fail(ErrorCode::kSyntaxError, node, "INSERT has more expressions than target columns");
    }
    if (given < columns_.size() && !insert_.columns.empty()) {
      return with_position(error(ErrorCode::kSyntaxError, "INSERT has more target columns than expressions"),
                           binder_.position_of(insert_.columns[given].position));
    }
    return absl::OkStatus();
  }

  /// A given value into its column; DEFAULT leaves the place empty.
  absl::Status place(size_t number, ExprPtr value, const sql::Node& node, ExprList* row) {
    TROUPE_RETURN_IF_ERROR(columns_[number].error);
    const ColumnDef& column = *columns_[number].column;
    const uint32_t i = row_position(column);
    binder_.rights.use(modify_.named().number, kInsert, columns_[number].number);
    if (!insert_.columns.empty() && !insert_.columns[number].accessors.empty()) {
      ExprPtr array = (*row)[i] ? (*row)[i] : make_null(Type{column.type, column.typmod});
      const Binder::Site site{nullptr, nullptr, Clause::kInsertValue, false};
      TROUPE_ASSIGN_OR_RETURN((*row)[i], binder_.with_part(std::move(array), insert_.columns[number].accessors,
                                                           insert_.columns[number], std::move(value), node, site));
      return absl::OkStatus();
    }
    if (is_default(value)) return absl::OkStatus();
    if (column.generated_stored) {
      return with_detail(error(ErrorCode::kGeneratedAlways, "cannot insert a non-DEFAULT value into column \"",
                               column.name, "\""),
                         cat("Column \"", column.name, "\" is a generated column."));
    }
    const bool identity = column.identity != IdentityKind::none;
    if (identity && insert_.overriding == sql::Overriding::kUserValue) return absl::OkStatus();
    if (column.identity == IdentityKind::always && insert_.overriding != sql::Overriding::kSystemValue) {
      return with_hint(
          with_detail(error(ErrorCode::kGeneratedAlways, "cannot insert a non-DEFAULT value into column \"",
                            column.name, "\""),
                      cat("Column \"", column.name, "\" is an identity column defined as GENERATED ALWAYS.")),
          "Use OVERRIDING SYSTEM VALUE to override.");
    }
    if ((*row)[i]) {  // two columns of a view are one of the table
      return error(ErrorCode::kSyntaxError, "multiple assignments to same column \"", column.name, "\"");
    }
    TROUPE_ASSIGN_OR_RETURN((*row)[i], binder_.assign(std::move(value), column, node, columns_[number].name));
    return absl::OkStatus();
  }

  absl::Status fill(ExprList* row) {
    for (uint32_t i = 0; i < row->size(); ++i) {
      if ((*row)[i]) continue;
      TROUPE_ASSIGN_OR_RETURN((*row)[i], default_of(i));
    }
    return absl::OkStatus();
  }

  /// What the column gets where the source gives nothing; bound once.
  absl::StatusOr<ExprPtr> default_of(uint32_t i) {
    const ColumnDef& column = table_.columns[i];
    if (defaults_[i]) return defaults_[i];
    if (column.dropped || column.generated_stored) {
      defaults_[i] = make_constant(Type{column.type}, Value::null(column.physical));
    } else {
      TROUPE_ASSIGN_OR_RETURN(defaults_[i], binder_.target_default(modify_, column));
    }
    return defaults_[i];
  }

  Binder& binder_;
  const sql::InsertStatement& insert_;
  const BoundModify& modify_;
  const std::shared_ptr<BoundRelation>& target_;
  const TableDef& table_;
  const std::vector<TargetColumn>& columns_;
  ExprList defaults_;
};

/// Those of a view that are expressions cannot be given a value, which says who gives them one.
std::vector<TargetColumn> Binder::all_columns(const BoundModify& modify) const {
  std::vector<TargetColumn> columns;
  if (!modify.view) {
    for (const ColumnDef& column : modify.target->table->columns) {
      if (!column.dropped) columns.push_back({&column, column.name, row_position(column)});
    }
    return columns;
  }
  for (uint32_t i = 0; i < modify.named().size(); ++i) {
    auto column = view_column(PlanKind::kInsert, *modify.view, i);
    columns.push_back(column.ok() ? *std::move(column) : TargetColumn{nullptr, {}, i, column.status()});
  }
  return columns;
}

absl::StatusOr<std::vector<TargetColumn>> Binder::insert_columns(const sql::InsertStatement& insert,
                                                                 const BoundModify& modify) {
  if (insert.columns.empty()) return all_columns(modify);
  std::vector<TargetColumn> columns;
  for (const sql::AssignmentTarget& target : insert.columns) {
    const int place = position_of(target.position);
    auto column = target_column(PlanKind::kInsert, modify, target.column);
    if (!column.ok()) {
      const bool unknown = error_code(column.status()) == ErrorCode::kUndefinedColumn;
      return unknown ? with_position(column.status(), place) : column.status();
    }
    const bool whole = std::any_of(insert.columns.begin(), insert.columns.begin() + columns.size(),
                                   [&](const sql::AssignmentTarget& other) {
                                     return other.column == target.column &&
                                            (other.accessors.empty() || target.accessors.empty());
                                   });
    if (whole) {
      return with_position(error(ErrorCode::kDuplicateColumn, "column \"", target.column, "\" specified more than once"),
                           place);
    }
    columns.push_back(*std::move(column));
  }
  return columns;
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_insert(const sql::InsertStatement& insert) {
  const size_t names_before = cte_names_.size();
  if (insert.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*insert.with, nullptr));
  Scope scope;
  TROUPE_ASSIGN_OR_RETURN(auto modify, start_modify(PlanKind::kInsert, *insert.table, &scope));
  TROUPE_ASSIGN_OR_RETURN(const auto columns, insert_columns(insert, *modify));
  TROUPE_ASSIGN_OR_RETURN(modify->source, InsertSource(*this, insert, *modify, columns).bind());
  TROUPE_RETURN_IF_ERROR(bind_table_checks(modify.get()));
  if (insert.on_conflict != nullptr) {
    TROUPE_RETURN_IF_ERROR(bind_conflict(*insert.on_conflict, insert, &scope, modify.get()));
  }
  TROUPE_RETURN_IF_ERROR(bind_returning(insert.returning, &scope, modify.get()));
  TROUPE_RETURN_IF_ERROR(finish_view_target(*insert.table, modify.get()));
  TROUPE_RETURN_IF_ERROR(secure_modify(modify.get()));
  cte_names_.resize(names_before);
  return modify;
}

absl::StatusOr<ExprList> Binder::bind_merge_row(const sql::MergeWhen& when, const sql::TableRef& ref,
                                                const BoundModify& modify, const Site& site) {
  sql::SelectStatement values;
  values.is_values = true;
  values.values = {&when.values, 1};
  sql::InsertStatement insert;
  insert.table = &ref;
  insert.columns = when.columns;
  insert.overriding = when.overriding;
  insert.source = when.default_values ? nullptr : &values;
  TROUPE_ASSIGN_OR_RETURN(const auto columns, insert_columns(insert, modify));
  return InsertSource(*this, insert, modify, columns).bind_row(0, site);
}

// --- ON CONFLICT ---

bool Binder::InferredKey::has_columns(std::vector<int16_t> attnums) const {
  std::sort(attnums.begin(), attnums.end());
  return attnums == columns;
}

absl::StatusOr<Binder::InferredKey> Binder::bind_inference(const sql::OnConflict& conflict,
                                                           const BoundModify& modify) {
  const std::shared_ptr<BoundRelation> named = modify.view ? modify.view->named : modify.target;
  const EvalContext& context = eval();
  InferredKey wanted;
  for (const sql::IndexElement* element : conflict.elements) {
    ExprPtr value;
    if (element->expression == nullptr) {
      FromNames names;
      names.relation = named;
      if (find_column(names, element->column, &value) == LookupResult::kNotFound) {
        return fail(ErrorCode::kUndefinedColumn, *element, "column \"", element->column, "\" does not exist");
      }
      rights.use(named->number, kSelect, value->index);
    } else {
      TROUPE_ASSIGN_OR_RETURN(value, bind_table_expression(*element->expression, named, Clause::kIndex));
    }
    value = through_view(modify, value);
    if (value->is_column()) {
      wanted.columns.push_back(static_cast<int16_t>(value->index + 1));
    } else {
      wanted.expressions.push_back(fold_constants(value, context));
    }
  }
  std::sort(wanted.columns.begin(), wanted.columns.end());
  if (conflict.elements_where == nullptr) return wanted;
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr where,
                          bind_table_expression(*conflict.elements_where, named, Clause::kIndexPredicate));
  split_and(fold_constants(through_view(modify, where), context), &wanted.conditions);
  return wanted;
}

absl::StatusOr<bool> Binder::is_arbiter(const IndexDef& index, const InferredKey& wanted,
                                        const std::shared_ptr<BoundRelation>& target) {
  const EvalContext& context = eval();
  std::vector<int16_t> columns;
  ExprList expressions;
  IndexTerms terms;
  if (index.has_terms()) {
    TROUPE_ASSIGN_OR_RETURN(terms, bind_index(index, target));
  }
  for (size_t i = 0; i < index.columns.size(); ++i) {
    if (index.columns[i].attnum > 0) {
      columns.push_back(index.columns[i].attnum);
    } else {
      expressions.push_back(fold_constants(terms.values[i], context));
    }
  }
  if (!wanted.has_columns(columns) || expressions.size() != wanted.expressions.size()) return false;
  for (const ExprPtr& expression : expressions) {
    if (!is_among(expression, wanted.expressions)) return false;
  }
  return !terms.predicate || implies(wanted.conditions, fold_constants(terms.predicate, context), context);
}

namespace {

absl::Status no_deferrable_arbiter() {
  return error(ErrorCode::kObjectNotInPrerequisiteState,
               "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters");
}

/// An exclusion is looked at when the rows are there. Errors: 42809, 55000, 0A000.
absl::Status no_exclusion_arbiter(const IndexDef& index, const sql::OnConflict& conflict) {
  if (index.deferrable) return no_deferrable_arbiter();
  if (conflict.update) {
    return error(ErrorCode::kWrongObjectType, "ON CONFLICT DO UPDATE not supported with exclusion constraints");
  }
  return with_hint(error(ErrorCode::kFeatureNotSupported,
                         "ON CONFLICT DO NOTHING with an exclusion constraint is not supported yet"),
                   "Leave such rows out: INSERT ... SELECT ... WHERE NOT EXISTS (...).");
}

}  // namespace

absl::Status Binder::choose_arbiter(const sql::OnConflict& conflict, BoundModify* modify, ConflictAction* action) {
  const TableDef& table = *modify->target->table;
  const auto shared_index = [&](Oid oid) {
    return std::static_pointer_cast<const IndexDef>(catalog().find_shared(oid));
  };
  if (!conflict.constraint.empty()) {
    const ConstraintDef* constraint = modify->view ? nullptr : table.find_constraint(conflict.constraint);
    if (constraint == nullptr) {
      const std::string& relation = modify->view ? modify->view->levels[0].view->name : table.name;
      return error(ErrorCode::kUndefinedObject, "constraint \"", conflict.constraint, "\" for table \"", relation,
                   "\" does not exist");
    }
    if (constraint->kind == ConstraintKind::exclusion) {
      return no_exclusion_arbiter(*shared_index(constraint->index), conflict);
    }
    if (constraint->compares_rows_afterwards()) return no_deferrable_arbiter();
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
    for (const Oid oid : conflict.update ? std::vector<Oid>() : table.indexes) {
      const IndexPtr index = shared_index(oid);
      if (index->deferrable) return no_deferrable_arbiter();
      if (index->exclusion) return no_exclusion_arbiter(*index, conflict);
    }
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const InferredKey wanted, bind_inference(conflict, *modify));
  if (wanted.expressions.empty() && !table.primary_key.empty() && wanted.has_columns(table.primary_key)) {
    action->primary_key = true;
    return absl::OkStatus();
  }
  for (const Oid oid : table.indexes) {
    const IndexPtr index = shared_index(oid);
    if (!index->unique || index->keys_rows()) continue;
    TROUPE_ASSIGN_OR_RETURN(const bool fits, is_arbiter(*index, wanted, modify->target));
    if (!fits) continue;
    if (index->deferrable) return no_deferrable_arbiter();
    action->arbiters.push_back(index);
    return absl::OkStatus();
  }
  return error(ErrorCode::kInvalidColumnReference,
               "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

Binder::FromItem Binder::name_excluded(const BoundModify& modify, const std::shared_ptr<BoundRelation>& rows,
                                       BoundQuery* query) {
  rows->table = modify.target->table;
  FromItem item = leaf(rows, "excluded", query);
  if (!modify.view) return item;
  const BoundRelation& named = modify.named();
  item.names->relation = nullptr;
  for (uint32_t i = 0; i < named.size(); ++i) {
    ExprPtr value = replace_expr(modify.view->columns[i], [&](const ExprPtr& part) -> ExprPtr {
      const bool own = part->is_column() && part->relation == modify.target->number;
      return own ? make_column(part->type, part->index, rows->number) : nullptr;
    });
    item.names->columns.push_back({named.name_of(i), std::move(value)});
  }
  return item;
}

absl::Status Binder::bind_conflict_update(const sql::OnConflict& conflict, const Scope& scope, BoundModify* modify,
                                          ConflictAction* action) {
  if (action->any_index) {
    return with_hint(fail(ErrorCode::kSyntaxError, conflict,
                          "ON CONFLICT DO UPDATE requires inference specification or constraint name"),
                     "For example, ON CONFLICT (column_name).");
  }
  const TableDef& table = *modify->target->table;
  auto excluded = std::make_shared<BoundRelation>();
  BoundQuery scratch;
  Scope both = scope;
  both.items.push_back(name_excluded(*modify, excluded, &scratch).names);
  Site site{&both, &scratch, Clause::kSet, false};
  TROUPE_RETURN_IF_ERROR(bind_assignments(conflict.assignments, *modify, site, &action->assignments));
  if (conflict.where != nullptr) {
    site.clause = Clause::kWhere;
    TROUPE_ASSIGN_OR_RETURN(action->where, bind_condition(*conflict.where, site, "WHERE"));
  }
  TROUPE_ASSIGN_OR_RETURN(modify->generated, bind_regenerated(action->assignments, modify->target));
  const auto width = static_cast<uint32_t>(table.columns.size());
  const auto to_positions = [&](const ExprPtr& expr) {
    return replace_expr(through_view(*modify, expr), [&](const ExprPtr& part) -> ExprPtr {
      if (!part->is_column()) return nullptr;
      if (part->relation == excluded->number) return make_column(part->type, width + part->index);
      return part->relation == modify->target->number ? make_column(part->type, part->index) : nullptr;
    });
  };
  for (ColumnAssignment& assignment : action->assignments) {
    assignment.value = to_positions(assignment.value);
    const auto& key = table.primary_key;
    action->changes_key = action->changes_key ||
                          std::find(key.begin(), key.end(), static_cast<int16_t>(assignment.column + 1)) != key.end();
  }
  for (const uint32_t column : table.shape->key) {
    action->changes_key = action->changes_key || assigns(modify->generated, column);
  }
  action->where = to_positions(action->where);
  return absl::OkStatus();
}

absl::Status Binder::bind_conflict(const sql::OnConflict& conflict, const sql::InsertStatement&, Scope* scope,
                                   BoundModify* modify) {
  ConflictAction action;
  TROUPE_RETURN_IF_ERROR(choose_arbiter(conflict, modify, &action));
  action.update = conflict.update;
  if (conflict.update) TROUPE_RETURN_IF_ERROR(bind_conflict_update(conflict, *scope, modify, &action));
  modify->conflict = std::move(action);
  return absl::OkStatus();
}

}  // namespace troupe
