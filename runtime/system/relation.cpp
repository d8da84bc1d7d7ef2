#include "runtime/system/relation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "runtime/system/relation_text.hpp"
#include "storage/base/check.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/names.hpp"

namespace troupe {
namespace {

Type type_of_text(std::string_view text) {
  // The base types of information_schema's domains that have a modifier.
  if (text == "varchar(3)") return {oid::kVarchar, 3 + kVarHeader};
  if (text == "timestamptz(2)") return {oid::kTimestamptz, 2};
  // By pg_type's names alone: SQL's char is another type than "char".
  const auto types = all_types();
  const auto type = std::find_if(types.begin(), types.end(), [&](const TypeInfo& t) { return t.name == text; });
  TROUPE_CHECK_MSG(type != types.end(), std::string(text));
  return {type->oid, -1};
}

std::vector<RelationColumn> parse_columns(std::string_view text) {
  std::vector<RelationColumn> columns;
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ' ', absl::SkipEmpty())) {
    const std::string_view column = std_view(piece);
    const size_t colon = column.find(':');
    std::string_view type = column.substr(colon + 1);
    const bool not_null = type.ends_with('!');
    if (not_null) type.remove_suffix(1);
    columns.push_back({column.substr(0, colon), type_of_text(type), not_null});
  }
  return columns;
}

std::vector<SystemRelation> parse_all() {
  using Source = std::pair<Oid, std::span<const system_text::RelationText>>;
  std::vector<SystemRelation> relations;
  for (const auto& [schema, texts] : {Source{kPgCatalogSchema, system_text::pg_catalog_tables()},
                                      Source{kPgCatalogSchema, system_text::pg_catalog_views()},
                                      Source{kInformationSchema, system_text::information_schema_relations()},
                                      Source{kSysSchema, system_text::sys_relations()}}) {
    for (const system_text::RelationText& text : texts) {
      relations.push_back({text.oid, schema, text.name, text.kind, parse_columns(text.columns)});
    }
  }
  std::sort(relations.begin(), relations.end(),
            [](const SystemRelation& a, const SystemRelation& b) { return a.oid < b.oid; });
  return relations;
}

using ByName = absl::flat_hash_map<std::pair<Oid, absl::string_view>, const SystemRelation*>;

}  // namespace

std::span<const SystemRelation> all_system_relations() {
  static const std::vector<SystemRelation> relations = parse_all();
  return relations;
}

const SystemRelation* find_system_relation(Oid oid) {
  const auto all = all_system_relations();
  const auto at =
      std::lower_bound(all.begin(), all.end(), oid, [](const SystemRelation& r, Oid wanted) { return r.oid < wanted; });
  return at != all.end() && at->oid == oid ? &*at : nullptr;
}

const SystemRelation* find_system_relation(Oid schema, std::string_view name) {
  static const ByName by_name = [] {
    ByName map;
    for (const SystemRelation& relation : all_system_relations()) {
      map.emplace(std::pair(relation.schema, absl_view(relation.name)), &relation);
    }
    return map;
  }();
  const auto at = by_name.find(std::pair(schema, absl_view(name)));
  return at != by_name.end() ? at->second : nullptr;
}

}  // namespace troupe
