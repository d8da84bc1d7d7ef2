/// pg_*_is_visible(), to_reg*(), and what may be done with a relation.
#include "runtime/plan/view_target.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/function_text.hpp"
#include "runtime/system/session_function.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

OptionalBool table_visible(SystemSession& session, int64_t relation) {
  return relation_visible(*session.catalog(), search_schemas(session), static_cast<Oid>(relation));
}
OptionalBool type_visible(SystemSession& session, int64_t type) {
  const ObjectDef* own = find_type_object(*session.catalog(), static_cast<Oid>(type));
  if (own == nullptr) return find_type(static_cast<Oid>(type)) != nullptr ? OptionalBool(true) : std::nullopt;
  for (const Oid schema : search_schemas(session)) {
    if (const ObjectDef* first = find_type_object(*session.catalog(), schema, own->name)) return first == own;
  }
  return false;
}
OptionalBool function_visible(SystemSession& session, int64_t function) {
  if (const FunctionDef* own = find_function(*session.catalog(), function)) {
    for (const Oid schema : search_schemas(session)) {
      const ObjectDef* first = session.catalog()->find(NameClass::function, schema, own->signature);
      if (first != nullptr) return first == own;
    }
    return false;
  }
  return find_builtin_function(static_cast<Oid>(function)) != nullptr ? OptionalBool(true) : std::nullopt;
}
/// Operators, operator classes, collations ...: all there are lie in pg_catalog.
bool system_object_visible(SystemSession&, int64_t) { return true; }

template <Oid kType>
std::optional<int64_t> to_reg(SystemSession& session, std::string_view name) {
  const auto oid = CatalogNames(session).oid_of(kType, name);
  return oid.ok() && *oid != kNoOid ? std::optional<int64_t>(*oid) : std::nullopt;
}

bool is_publishable(SystemSession& session, int64_t relation) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  return table != nullptr && !table->unlogged;
}
int32_t relation_updatable(SystemSession& session, int64_t relation, bool) {
  const Catalog& catalog = *session.catalog();
  return updatable_events(catalog, catalog.find(static_cast<Oid>(relation)));
}
bool column_updatable(SystemSession& session, int64_t relation, int16_t attnum, bool) {
  const Catalog& catalog = *session.catalog();
  return is_updatable_column(catalog, catalog.find(static_cast<Oid>(relation)), attnum);
}
std::optional<int64_t> replica_identity_index(SystemSession& session, int64_t relation) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  if (table == nullptr) return std::nullopt;
  Oid index = kNoOid;
  if (table->replica_identity == ReplicaIdentity::primary_key) index = table->primary_key_index();
  if (table->replica_identity == ReplicaIdentity::index) index = table->replica_index;
  if (session.catalog()->find_index(index) == nullptr) return std::nullopt;
  return index;
}

OptionalBool index_column_property(SystemSession& session, int64_t index, int32_t column, std::string_view property) {
  const IndexDef* def = session.catalog()->find_index(static_cast<Oid>(index));
  if (def == nullptr || column < 1 || column > static_cast<int32_t>(def->columns.size())) return std::nullopt;
  const IndexColumn& item = def->columns[static_cast<size_t>(column - 1)];
  const bool ordered = def->method == "btree";
  if (property == "asc") return ordered && !item.descending;
  if (property == "desc") return ordered && item.descending;
  if (property == "nulls_first") return ordered && item.nulls_first;
  if (property == "nulls_last") return ordered && !item.nulls_first;
  if (property == "orderable") return ordered;
  if (property == "distance_orderable") return false;
  if (property == "returnable" || property == "search_array" || property == "search_nulls") return ordered;
  return std::nullopt;
}
OptionalBool index_property(SystemSession& session, int64_t index, std::string_view property) {
  const IndexDef* def = session.catalog()->find_index(static_cast<Oid>(index));
  if (def == nullptr) return std::nullopt;
  if (property == "clusterable" || property == "bitmap_scan") return false;
  if (property == "index_scan") return true;
  if (property == "backward_scan") return def->method == "btree";
  return std::nullopt;
}
OptionalBool method_property(SystemSession&, int64_t method, std::string_view property) {
  if (method != 403 && method != 405) return std::nullopt;
  if (property == "can_order" || property == "can_unique" || property == "can_multi_col") return method == 403;
  if (property == "can_exclude" || property == "can_include") return false;
  return std::nullopt;
}

}  // namespace

void register_visibility_functions(SessionFunctions& to) {
  using namespace oid;
  to.add<table_visible>("pg_table_is_visible", {kOid}, kBool);
  to.add<type_visible>("pg_type_is_visible", {kOid}, kBool);
  to.add<function_visible>("pg_function_is_visible", {kOid}, kBool);
  for (const char* name : {"operator", "opclass", "opfamily", "collation", "conversion", "statistics_obj", "ts_config",
                           "ts_dict", "ts_parser", "ts_template"}) {
    to.add<system_object_visible>(cat("pg_", name, "_is_visible"), {kOid}, kBool);
  }
  to.add<to_reg<kRegclass>>("to_regclass", {kText}, kRegclass);
  to.add<to_reg<kRegtype>>("to_regtype", {kText}, kRegtype);
  to.add<to_reg<kRegproc>>("to_regproc", {kText}, kRegproc);
  to.add<to_reg<kRegprocedure>>("to_regprocedure", {kText}, kRegprocedure);
  to.add<to_reg<kRegoper>>("to_regoper", {kText}, kRegoper);
  to.add<to_reg<kRegoperator>>("to_regoperator", {kText}, kRegoperator);
  to.add<to_reg<kRegnamespace>>("to_regnamespace", {kText}, kRegnamespace);
  to.add<to_reg<kRegrole>>("to_regrole", {kText}, kRegrole);
  to.add<is_publishable>("pg_relation_is_publishable", {kRegclass}, kBool);
  to.add<relation_updatable>("pg_relation_is_updatable", {kRegclass, kBool}, kInt4);
  to.add<column_updatable>("pg_column_is_updatable", {kRegclass, kInt2, kBool}, kBool);
  to.add<replica_identity_index>("pg_get_replica_identity_index", {kRegclass}, kRegclass);
  to.add<index_column_property>("pg_index_column_has_property", {kRegclass, kInt4, kText}, kBool);
  to.add<index_property>("pg_index_has_property", {kRegclass, kText}, kBool);
  to.add<method_property>("pg_indexam_has_property", {kOid, kText}, kBool);
}

}  // namespace troupe
