/// INSERT, UPDATE, DELETE through views: the statement is bound with the view's columns, then says the table's.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
namespace {

/// Errors: 55000, for a view that cannot be changed.
absl::Status cannot_change(PlanKind kind, const ViewDef& view, std::string_view reason) {
  const std::string_view verb = kind == PlanKind::kInsert   ? "insert into view"
                                : kind == PlanKind::kUpdate ? "update view"
                                                            : "delete from view";
  const std::string_view doing = kind == PlanKind::kInsert   ? "inserting into the view"
                                 : kind == PlanKind::kUpdate ? "updating the view"
                                                             : "deleting from the view";
  const std::string_view event = kind == PlanKind::kInsert ? "INSERT" : kind == PlanKind::kUpdate ? "UPDATE" : "DELETE";
  return with_hint(with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot ", verb, " \"", view.name, "\""),
                               std::string(reason)),
                   cat("To enable ", doing, ", provide an INSTEAD OF ", event, " trigger or an unconditional ON ",
                       event, " DO INSTEAD rule."));
}

absl::Status cannot_change_column(PlanKind kind, const ViewDef& view, size_t column, std::string_view reason) {
  return with_detail(
      error(ErrorCode::kFeatureNotSupported, "cannot ", kind == PlanKind::kInsert ? "insert into" : "update",
            " column \"", view.columns[column].name, "\" of view \"", view.name, "\""),
      std::string(reason));
}

std::string_view why_not(PlanKind kind, const BoundRelation& view) {
  const std::string_view reason = why_not_updatable(*view.view_text, *view.query);
  if (!reason.empty() || kind == PlanKind::kDelete || has_updatable_column(*view.query)) return reason;
  return "Views that have no updatable columns are not automatically updatable.";
}

/// What each of the view's columns is in the table, when the levels below it know.
ExprPtr through(const ExprPtr& value, const ViewTarget::Level& level) {
  return substitute_expr(value, [&](const ExprPtr& part) -> ExprPtr {
    if (!part->is_column() || part->relation != level.relation) return nullptr;
    return level.query->targets[part->index].value;
  });
}

/// Columns and conditions of every level, in terms of the table.
void resolve(ViewTarget* target) {
  std::vector<ViewTarget::Level>& levels = target->levels;
  for (size_t at = 0; at < levels.size(); ++at) {
    ViewTarget::Level& level = levels[at];
    level.where = level.query->where;
    ExprList columns;
    for (const BoundTarget& column : level.query->targets) columns.push_back(column.value);
    for (size_t below = at + 1; below < levels.size(); ++below) {
      for (ExprPtr& column : columns) column = through(column, levels[below]);
      level.where = through(level.where, levels[below]);
    }
    for (const ExprPtr& column : columns) {
      level.base_columns.push_back(column->is_column() ? static_cast<int32_t>(column->index) : -1);
    }
    if (at == 0) target->columns = std::move(columns);
  }
}

Privileges right_of(PlanKind kind) {
  return kind == PlanKind::kInsert ? kInsert : kind == PlanKind::kUpdate ? kUpdate : kDelete;
}

}  // namespace

absl::StatusOr<std::shared_ptr<ViewTarget>> Binder::bind_view_target(PlanKind kind,
                                                                     const std::shared_ptr<const ViewDef>& view,
                                                                     const sql::TableRef& ref) {
  auto target = std::make_shared<ViewTarget>();
  BoundQuery around;
  TROUPE_ASSIGN_OR_RETURN(const FromItem item, bind_view(view, ref, &around));
  target->named = item.names->relation;
  rights.insist(target->named->number, view->oid, right_of(kind));
  std::shared_ptr<BoundRelation> relation = target->named;
  while (relation->kind != BoundRelation::Kind::kTable) {
    if (const std::string_view reason = why_not(kind, *relation); !reason.empty()) {
      return cannot_change(kind, *relation->view, reason);
    }
    target->levels.push_back({relation->view, relation->number, relation->query, {}, {}});
    relation = relation->query->from[0]->relation;
  }
  target->table = std::move(relation);
  resolve(target.get());
  return target;
}

absl::StatusOr<TargetColumn> Binder::view_column(PlanKind kind, const ViewTarget& target, std::string_view name) const {
  const ViewDef& named = *target.levels[0].view;
  for (uint32_t i = 0; i < named.columns.size(); ++i) {
    if (named.columns[i].name == name) return view_column(kind, target, i);
  }
  return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", named.name, "\" does not exist");
}

absl::StatusOr<TargetColumn> Binder::view_column(PlanKind kind, const ViewTarget& target, uint32_t number) const {
  uint32_t at = number;
  for (const ViewTarget::Level& level : target.levels) {
    const Expr& value = *level.query->targets[at].value;
    if (const std::string_view reason = why_not_updatable(value); !reason.empty()) {
      return cannot_change_column(kind, *level.view, at, reason);
    }
    at = value.index;
  }
  return TargetColumn{&target.table->table->columns[at], target.levels[0].view->columns[number].name, number};
}

absl::StatusOr<TargetColumn> Binder::target_column(PlanKind kind, const BoundModify& modify,
                                                   std::string_view name) const {
  if (modify.view) return view_column(kind, *modify.view, name);
  const TableDef& table = *modify.target->table;
  const ColumnDef* column = table.find_column(name);
  if (column != nullptr) return TargetColumn{column, column->name, static_cast<uint32_t>(column->attnum - 1)};
  return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", table.name, "\" does not exist");
}

/// What SET column = DEFAULT means: the view's own default. As in PostgreSQL that of the table does not count.
absl::StatusOr<ExprPtr> Binder::view_default(const ViewTarget& target, uint32_t number) {
  const ColumnDef& column = target.levels[0].view->columns[number];
  TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_default(*target.table->table, column));
  return value ? std::move(value) : make_null(Type{column.type, column.typmod});
}

ExprPtr Binder::through_view(const BoundModify& modify, const ExprPtr& value) {
  if (!modify.view || !value) return value;
  const ViewTarget& view = *modify.view;
  return substitute_expr(value, [&](const ExprPtr& part) -> ExprPtr {
    return part->is_column() && part->relation == view.named->number ? view.columns[part->index] : nullptr;
  });
}

absl::Status Binder::finish_view_target(const sql::TableRef& ref, BoundModify* modify) {
  if (!modify->view) return absl::OkStatus();
  const ViewTarget& view = *modify->view;
  for (ColumnAssignment& assignment : modify->assignments) assignment.value = through_view(*modify, assignment.value);
  for (BoundTarget& target : modify->returning) target.value = through_view(*modify, target.value);
  if (modify->kind != PlanKind::kInsert) {
    BoundQuery& source = *modify->source;
    substitute_query(&source, [&](const ExprPtr& part) -> ExprPtr {
      return part->is_column() && part->relation == view.named->number ? view.columns[part->index] : nullptr;
    });
    ExprList conditions;
    for (const ViewTarget::Level& level : view.levels) {
      if (level.where) conditions.push_back(level.where);
    }
    if (source.where) conditions.push_back(source.where);
    if (!conditions.empty()) source.where = make_and(std::move(conditions));
  }
  for (size_t i = 0; i < view.levels.size(); ++i) {
    const uint32_t below = i + 1 < view.levels.size() ? view.levels[i + 1].relation : view.table->number;
    rights.hand_down(view.levels[i].relation, below,
                     [&](uint32_t column) { return view.levels[i].query->targets[column].value->index; });
  }
  return modify->kind == PlanKind::kDelete ? absl::OkStatus() : bind_check_options(ref, modify);
}

/// The conditions that new rows must satisfy to be seen through the views that check that: the innermost first.
absl::Status Binder::bind_check_options(const sql::TableRef& ref, BoundModify* modify) {
  std::shared_ptr<const ViewTarget> view = modify->view;
  const bool twice = std::any_of(view->levels.begin(), view->levels.end(), [](const ViewTarget::Level& level) {
    return level.where && has_subquery(*level.where);
  });
  if (twice) {  // planning changes a subquery: the one that looks for rows cannot check them, too
    const uint32_t first = relations;
    TROUPE_ASSIGN_OR_RETURN(const auto again, bind_view_target(modify->kind, view->levels[0].view, ref));
    rights.forget(first, relations);
    for (ViewTarget::Level& level : again->levels) {
      level.where = substitute_expr(level.where, [&](const ExprPtr& part) -> ExprPtr {
        if (!part->is_column() || part->relation != again->table->number) return nullptr;
        return make_column(part->type, part->index, modify->target->number);
      });
    }
    view = again;
  }
  bool cascaded = false;
  std::vector<CheckCondition> checks;
  for (const ViewTarget::Level& level : view->levels) {
    const std::string_view option = level.view->option("check_option");
    cascaded = cascaded || option == "cascaded";
    if ((cascaded || option == "local") && level.where) checks.push_back({level.view->name, level.where, true});
  }
  modify->checks.insert(modify->checks.end(), checks.rbegin(), checks.rend());
  return absl::OkStatus();
}

}  // namespace troupe
