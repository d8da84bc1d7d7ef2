#include "runtime/plan/default_sequence.hpp"

#include "runtime/sql/qualified_name.hpp"

namespace troupe {

Oid sequence_of_default(const Catalog& catalog, const TableDef& table, std::string_view text) {
  constexpr std::string_view kCall = "nextval('";
  const size_t call = text.find(kCall);
  if (call == std::string_view::npos) return kNoOid;
  text.remove_prefix(call + kCall.size());
  const auto parts = split_qualified_name(text.substr(0, text.find('\'')));
  if (!parts.ok() || parts->empty() || parts->size() > 2) return kNoOid;
  const bool qualified = parts->size() == 2;
  const SchemaDef* schema = catalog.find_schema(qualified ? parts->front() : "public");
  if (qualified && schema == nullptr) return kNoOid;
  const ObjectDef* found = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, parts->back());
  if (found == nullptr && !qualified) found = catalog.find_relation(table.schema, parts->back());
  return found != nullptr && found->kind == ObjectKind::sequence ? found->oid : kNoOid;
}

Oid sequence_of_default(const Catalog& catalog, const TableDef& table, const ColumnDef& column) {
  if (column.dropped || column.identity != IdentityKind::none || column.generated_stored) return kNoOid;
  if (column.default_sql.empty()) return column.owned_sequence;
  return sequence_of_default(catalog, table, column.default_sql);
}

}  // namespace troupe
