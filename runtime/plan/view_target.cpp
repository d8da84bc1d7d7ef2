#include "runtime/plan/view_target.hpp"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

constexpr std::string_view kNoSingleTable =
    "Views that do not select from a single table or view are not automatically updatable.";
constexpr int32_t kAllEvents = 28;

bool has_window(const BoundQuery& query) { return !query.windows.empty(); }

const BoundRelation* only_relation(const BoundQuery& query) {
  return query.from.size() == 1 ? query.from[0]->relation.get() : nullptr;
}

}  // namespace

const BoundRelation& BoundModify::named() const { return view ? *view->named : *target; }

const ColumnDef* ViewTarget::default_of(uint32_t base_column) const {
  for (const Level& level : levels) {
    for (size_t i = 0; i < level.base_columns.size(); ++i) {
      const bool same = level.base_columns[i] == static_cast<int32_t>(base_column);
      if (same && !level.view->columns[i].default_sql.empty()) return &level.view->columns[i];
    }
  }
  return nullptr;
}

std::string_view why_not_updatable(const sql::SelectStatement& select, const BoundQuery& query) {
  if (select.distinct || !select.distinct_on.empty()) {
    return "Views containing DISTINCT are not automatically updatable.";
  }
  if (!select.group_by.empty()) return "Views containing GROUP BY are not automatically updatable.";
  if (select.having != nullptr) return "Views containing HAVING are not automatically updatable.";
  if (select.operation != sql::SetOperation::kNone) {
    return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
  }
  if (select.with != nullptr) return "Views containing WITH are not automatically updatable.";
  if (select.limit != nullptr || select.offset != nullptr) {
    return "Views containing LIMIT or OFFSET are not automatically updatable.";
  }
  if (query.aggregated) return "Views that return aggregate functions are not automatically updatable.";
  if (has_window(query)) return "Views that return window functions are not automatically updatable.";
  if (query.has_table_functions) {
    return "Views that return set-returning functions are not automatically updatable.";
  }
  const auto* ref = select.from.size() == 1 ? select.from[0]->as<sql::TableRef>() : nullptr;
  const BoundRelation* relation = only_relation(query);
  if (ref == nullptr || relation == nullptr) return kNoSingleTable;
  if (ref->sample != nullptr) return "Views containing TABLESAMPLE are not automatically updatable.";
  if (relation->kind != BoundRelation::Kind::kTable && !relation->view) return kNoSingleTable;
  if (relation->table && relation->table->is_materialized_view()) return kNoSingleTable;
  return {};
}

std::string_view why_not_updatable(const Expr& column) {
  if (column.is_column()) return {};
  const bool whole_row = column.kind == ExprKind::kRow &&
                         (relation_of_row_type(column.type.oid) != kNoOid || !field_names(column).empty());
  return whole_row ? "View columns that return whole-row references are not updatable."
                   : "View columns that are not columns of their base relation are not updatable.";
}

bool has_updatable_column(const BoundQuery& query) {
  return std::any_of(query.targets.begin(), query.targets.end(),
                     [](const BoundTarget& target) { return target.value->is_column(); });
}

void describe_changes(const sql::SelectStatement& select, const BoundQuery& query, ViewDef* view) {
  view->changes = kNoOid;
  view->changes_columns.clear();
  if (!why_not_updatable(select, query).empty()) return;
  const BoundRelation& relation = *only_relation(query);
  view->changes = relation.view ? relation.view->oid : relation.table->oid;
  for (const BoundTarget& target : query.targets) {
    const bool plain = target.value->is_column();
    view->changes_columns.push_back(plain ? static_cast<int16_t>(target.value->index + 1) : int16_t{0});
  }
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  bool value = false;
  return absl::SimpleAtob({text.data(), text.size()}, &value) ? std::optional(value) : std::nullopt;
}

int32_t updatable_events(const Catalog& catalog, const ObjectDef* relation) {
  if (relation == nullptr || is_materialized_view(*relation)) return 0;
  if (relation->kind == ObjectKind::table) return kAllEvents;
  if (relation->kind != ObjectKind::view) return 0;
  const auto& view = static_cast<const ViewDef&>(*relation);
  int32_t events = updatable_events(catalog, catalog.find(view.changes));
  for (size_t i = 1; i <= view.columns.size(); ++i) {
    if (is_updatable_column(catalog, relation, static_cast<int16_t>(i))) return events;
  }
  constexpr int32_t kDeleteOnly = 16;
  return events & kDeleteOnly;
}

bool is_updatable_column(const Catalog& catalog, const ObjectDef* relation, int16_t attnum) {
  if (relation == nullptr || attnum <= 0 || is_materialized_view(*relation)) return false;
  const auto at = static_cast<size_t>(attnum - 1);
  if (relation->kind == ObjectKind::table) return at < static_cast<const TableDef&>(*relation).columns.size();
  if (relation->kind != ObjectKind::view) return false;
  const auto& view = static_cast<const ViewDef&>(*relation);
  if (at >= view.changes_columns.size()) return false;
  return is_updatable_column(catalog, catalog.find(view.changes), view.changes_columns[at]);
}

}  // namespace troupe
