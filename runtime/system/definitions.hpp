#pragma once
/// Definitions as SQL text, in the words of pg_get_indexdef() and its sisters; and which names are visible.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/settings/settings_snapshot.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

class SystemSession;
class WrittenDefinitions;  // runtime/system/written_definitions.hpp

/// "schema.name", quoted where needed.
std::string qualified_name(const Catalog& catalog, const ObjectDef& object);

/// An expression as it was written, in the deparser's style. `wrap`: in parentheses unless it is a call, as PostgreSQL
/// prints index expressions.
std::string expression_text(std::string_view sql);
/// The same, users' functions named as they are seen from the schemas.
std::string expression_text(std::string_view sql, const Catalog& catalog, std::span<const Oid> schemas);
/// A column's default as SQL; of a serial column, which keeps only its sequence, the nextval() call. Empty: none.
std::string default_text(const Catalog& catalog, const ColumnDef& column);
/// Stands behind a default in pg_attrdef that columns of several types have, and before the number of its column.
inline constexpr std::string_view kColumnMark = " --column ";
/// Without the parentheses around all of it: the pretty form.
std::string without_outer_parentheses(std::string text);

/// A kept query on one line with PostgreSQL's leading blank and semicolon, relations named as they are seen from the
/// schemas.
std::string kept_query(std::string_view query_sql, const Catalog& catalog, std::span<const Oid> schemas);

/// A relation's name as it is seen from the schemas of a search path.
std::string seen_name(const Catalog& catalog, std::span<const Oid> schemas, const ObjectDef& object);
/// CREATE INDEX ... of the whole index; `pretty`: its table as the search path leads to it, and fewer parentheses.
std::string index_definition(const WrittenDefinitions& written, const IndexDef& index, bool pretty = false);
/// The n-th column (from 1) alone: its name or expression.
std::string index_column_definition(const WrittenDefinitions& written, const IndexDef& index, int column,
                                    bool pretty = false);
/// Name of an index's n-th column in pg_attribute.
std::string index_column_name(const Catalog& catalog, const IndexDef& index, size_t column);
/// Type of the n-th column. Of an expression: text, as its type is not kept.
std::pair<Oid, int32_t> index_column_type(const Catalog& catalog, const IndexDef& index, size_t column);

struct ConstraintOwner {
  const TableDef* table = nullptr;  ///< or
  const TypeDef* domain = nullptr;
  const ConstraintDef* constraint = nullptr;
};
/// A constraint of the table or domain `owner`; nothing when it has none of that oid.
std::optional<ConstraintOwner> find_constraint(const Catalog& catalog, Oid owner, Oid constraint);
std::string constraint_definition(const ConstraintOwner& owner, const WrittenDefinitions& written, bool pretty = false);

/// format_type(), also for the catalog's own types.
std::string type_text(const Catalog& catalog, Oid type, int32_t typmod);

/// Schema oids that names without a schema are looked up in, pg_catalog first unless it is listed, before it the
/// session's own for temporary objects.
std::vector<Oid> search_schemas(const Catalog& catalog, const SearchPath& path, std::string_view user,
                                int32_t process_id);
std::vector<Oid> search_schemas(const SystemSession& session);
/// As listed, schemas that exist only; `implicit` adds pg_catalog in front where it is not listed.
std::vector<std::string> search_schema_names(const Catalog& catalog, const SearchPath& path, std::string_view user,
                                             bool implicit);
/// Whether a relation's bare name finds it. Nothing when there is no such relation.
std::optional<bool> relation_visible(const Catalog& catalog, std::span<const Oid> schemas, Oid relation);
/// The first relation of that name in the schemas; 0 when there is none.
Oid find_relation_in(const Catalog& catalog, std::span<const Oid> schemas, std::string_view name);
/// Name and schema of a relation of the catalog or the system; nothing when there is none.
struct RelationName {
  Oid schema = kNoOid;
  std::string name;
};
std::optional<RelationName> relation_name(const Catalog& catalog, Oid relation);

}  // namespace troupe
