#include "runtime/plan/catalog_names.hpp"

#include <algorithm>

#include "runtime/plan/system_table.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/function.hpp"

namespace troupe {

absl::StatusOr<std::vector<std::string>> split_qualified_name(std::string_view text) {
  std::vector<std::string> parts;
  size_t at = 0;
  const auto invalid = [] { return error(ErrorCode::kInvalidName, "invalid name syntax"); };
  const auto skip_blanks = [&] {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
  };
  do {
    skip_blanks();
    std::string part;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return invalid();
        if (text[at] == '"') {
          if (at + 1 >= text.size() || text[at + 1] != '"') break;
          ++at;
        }
        part += text[at];
      }
      ++at;
    } else {
      while (at < text.size() && text[at] != '.' && text[at] != ' ' && text[at] != '"') {
        const char c = text[at++];
        part += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      }
    }
    if (part.empty()) return invalid();
    parts.push_back(std::move(part));
    skip_blanks();
    if (at < text.size() && text[at] != '.') return invalid();
  } while (at++ < text.size());
  return parts;
}

absl::StatusOr<Oid> CatalogNames::relation_oid(std::string_view name) const {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(name));
  std::vector<Oid> schemas = search_path_;
  schemas.push_back(kPgCatalogSchema);
  if (parts.size() > 1) {
    const SchemaDef* schema = catalog_.find_schema(parts[parts.size() - 2]);
    if (schema == nullptr) {
      return error(ErrorCode::kInvalidSchemaName, "schema \"", parts[parts.size() - 2], "\" does not exist");
    }
    schemas = {schema->oid};
  }
  for (const Oid schema : schemas) {
    if (const ObjectDef* object = catalog_.find_relation(schema, parts.back())) return object->oid;
    if (system_ == nullptr) continue;
    if (const auto table = system_->find(schema, parts.back()); table && table->oid != kNoOid) return table->oid;
  }
  return error(ErrorCode::kUndefinedTable, "relation \"", name, "\" does not exist");
}

absl::StatusOr<Oid> CatalogNames::oid_of(Oid type, std::string_view name) const {
  if (type == oid::kRegclass) return relation_oid(name);
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(name));
  if (type == oid::kRegnamespace) {
    if (const SchemaDef* schema = catalog_.find_schema(parts.back())) return schema->oid;
    return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
  }
  if (type == oid::kRegrole) {
    if (const ObjectDef* role = catalog_.find(NameClass::role, kNoOid, parts.back())) return role->oid;
    return error(ErrorCode::kUndefinedObject, "role \"", name, "\" does not exist");
  }
  return error(ErrorCode::kUndefinedFunction, "function \"", name, "\" does not exist");
}

std::optional<std::string> CatalogNames::name_of(Oid type, Oid object) const {
  const ObjectDef* found = catalog_.find(object);
  if (found == nullptr) {
    if (type != oid::kRegclass || system_ == nullptr) return std::nullopt;
    for (const auto& table : system_->all()) {
      if (table->oid == object) return table->name;
    }
    return std::nullopt;
  }
  const bool fits = type == oid::kRegclass       ? found->name_class() == NameClass::relation
                    : type == oid::kRegnamespace ? found->kind == ObjectKind::schema
                                                 : type == oid::kRegrole && found->kind == ObjectKind::role;
  if (!fits) return std::nullopt;
  const std::string name = sql::quote_identifier(found->name);
  const bool visible = std::find(search_path_.begin(), search_path_.end(), found->schema) != search_path_.end();
  if (type != oid::kRegclass || visible || found->schema == kPgCatalogSchema) return name;
  const ObjectDef* schema = catalog_.find(found->schema);
  return schema == nullptr ? name : cat(sql::quote_identifier(schema->name), ".", name);
}

}  // namespace troupe
