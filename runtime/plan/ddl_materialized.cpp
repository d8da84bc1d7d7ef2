/// CREATE and REFRESH MATERIALIZED VIEW. A materialized view is a table that keeps the query its rows are made by.
#include <algorithm>

#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

bool is_temporary(const ObjectDef& object, const Catalog& catalog) {
  const auto* schema = catalog.find_as<SchemaDef>(object.schema);
  return schema != nullptr && schema->name.starts_with(kTemporarySchemaPrefix);
}

/// A unique index of columns of all rows: by it the old and the new rows are matched.
const IndexDef* key_of(const TableDef& view, const Catalog& catalog) {
  for (const Oid oid : view.indexes) {
    const IndexDef* index = catalog.find_index(oid);
    if (index != nullptr && index->unique && !index->has_terms()) return index;
  }
  return nullptr;
}

std::string columns_of_view(const TableDef& view) {
  std::string out;
  for (const ColumnDef& column : view.columns) {
    out += cat(out.empty() ? "" : ", ", sql::quote_identifier(column.name));
  }
  return out;
}

}  // namespace

absl::Status make_materialized(const MaterializedQuery& query, const sql::IntoClause& into, TableDef* view,
                               DdlBuilder& ddl) {
  if (into.persistence == sql::Persistence::kUnlogged) {
    return error(ErrorCode::kFeatureNotSupported, "materialized views cannot be unlogged");
  }
  view->query_sql = ddl_stored_text(query.query, query.names, ddl.context());
  view->populated = query.with_data;
  // Functions, but not the tables that they read.
  Binder binder(ddl.context());
  binder.inlines = false;
  TROUPE_RETURN_IF_ERROR(binder.bind_select(query.query, nullptr).status());
  for (const PlanDependency& read : binder.dependencies) {
    const ObjectDef* object = ddl.catalog().find(read.oid);
    const bool function = object != nullptr && object->kind == ObjectKind::function;
    if (object == nullptr || (object->name_class() != NameClass::relation && !function)) continue;
    if (is_temporary(*object, ddl.catalog())) {
      return error(ErrorCode::kFeatureNotSupported, "materialized views must not use temporary tables or views");
    }
    view->depends_on.push_back(read.oid);
  }
  TROUPE_ASSIGN_OR_RETURN(const bool continuous, ddl_wants_continuous(into.options));
  return continuous ? ddl_make_continuous(view, ddl) : absl::OkStatus();
}

absl::StatusOr<TablePtr> ddl_view_to_refresh(const sql::RefreshViewStatement& refresh, DdlBuilder& ddl) {
  const sql::TableRef& ref = *refresh.view;
  TROUPE_RETURN_IF_ERROR(ddl.check_database(ref, ref.catalog, ref.schema, ref.name));
  const ObjectDef* object = ddl.find_named(ref.schema, ref.name);
  if (object == nullptr) {
    return error(ErrorCode::kUndefinedTable, "relation \"", ref.schema, ref.schema.empty() ? "" : ".", ref.name,
                 "\" does not exist");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  if (!is_materialized_view(*object)) {
    return error(ErrorCode::kFeatureNotSupported, "\"", ref.name, "\" is not a materialized view");
  }
  const auto& view = static_cast<const TableDef&>(*object);
  if (refresh.concurrently && !view.populated) {
    return error(ErrorCode::kFeatureNotSupported,
                 "CONCURRENTLY cannot be used when the materialized view is not populated");
  }
  if (refresh.concurrently && !refresh.with_data) {
    return error(ErrorCode::kSyntaxError, "CONCURRENTLY and WITH NO DATA options cannot be used together");
  }
  if (refresh.concurrently && is_continuous(view)) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "CONCURRENTLY is of no use to a continuous view"),
                     "REFRESH MATERIALIZED VIEW makes it anew while it is read.");
  }
  if (refresh.concurrently && key_of(view, ddl.catalog()) == nullptr) {
    return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot refresh materialized view \"",
                           ddl.catalog().find(view.schema)->name, ".", view.name, "\" concurrently"),
                     "Create a unique index with no WHERE clause on one or more columns of the materialized view.");
  }
  return std::static_pointer_cast<const TableDef>(ddl.catalog().find_shared(view.oid));
}

absl::Status ddl_refresh_view(const TableDef& view, bool with_data, DdlBuilder& ddl) {
  ddl_truncate_table(view.oid, false, ddl);
  auto filled = ddl.edit_table(view.oid);
  filled->populated = with_data;
  filled->shape = make_shape(*filled);
  TableWrite& fill = ddl.plan().fill;
  for (const Oid oid : filled->indexes) {
    auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*ddl.find(oid)));
    index->shape = make_shape(*index, *filled);
    IndexTerms terms;
    if (index->has_terms()) {
      TROUPE_ASSIGN_OR_RETURN(terms, ddl_index_terms(*index, *filled, ddl));
    }
    fill.terms.push_back(std::move(terms));
    fill.indexes.push_back(std::move(index));
  }
  fill.table = filled;
  ddl.put(std::move(filled));
  return absl::OkStatus();
}

std::string refresh_text(const TableDef& view, const Catalog& catalog) {
  std::string same;
  for (const IndexColumn& part : key_of(view, catalog)->columns) {
    const std::string name = sql::quote_identifier(view.column(part.attnum).name);
    same += cat(same.empty() ? "" : " AND ", "fresh.", name, " = old.", name);
  }
  for (const ColumnDef& column : view.columns) {
    const std::string name = sql::quote_identifier(column.name);
    same += cat(" AND fresh.", name, " IS NOT DISTINCT FROM old.", name);
  }
  const std::string name =
      cat(sql::quote_identifier(catalog.find(view.schema)->name), ".", sql::quote_identifier(view.name));
  return cat("WITH fresh (", columns_of_view(view), ") AS MATERIALIZED (", view.query_sql, "), gone AS (DELETE FROM ",
             name, " AS old WHERE NOT EXISTS (SELECT FROM fresh WHERE ", same, ") RETURNING 1) INSERT INTO ", name,
             " SELECT fresh.* FROM fresh WHERE NOT EXISTS (SELECT FROM ", name, " AS old WHERE ", same,
             ") AND (SELECT pg_catalog.count(*) FROM gone) >= 0");
}

}  // namespace troupe
