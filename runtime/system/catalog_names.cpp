#include "runtime/system/catalog_names.hpp"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "runtime/sql/qualified_name.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/function_text.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/type.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

std::optional<Oid> number_of(std::string_view text) {
  Oid value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::Status unknown_function(std::string_view name) {
  return error(ErrorCode::kUndefinedFunction, "function \"", name, "\" does not exist");
}

/// A users' range's multirange, which is no object of its own, or what runtime/types calls the type.
std::optional<std::string> multirange_text(const Catalog& catalog, std::span<const Oid> schemas, Oid type) {
  const auto* range = catalog.find_as<TypeDef>(range_of_multirange(type));
  if (range == nullptr) return find_type(type) != nullptr ? std::optional(format_type(type)) : std::nullopt;
  const std::string name = quote_identifier(range->multirange_name);
  if (std::find(schemas.begin(), schemas.end(), range->schema) != schemas.end()) return name;
  const ObjectDef* schema = catalog.find(range->schema);
  return schema == nullptr ? name : cat(quote_identifier(schema->name), ".", name);
}

std::string signature_text(const BuiltinFunction& f) {
  std::string out = cat(quote_identifier(f.name), "(");
  for (size_t i = 0; i < f.arguments.size(); ++i) out += cat(i == 0 ? "" : ",", format_type(f.arguments[i]));
  return out + ")";
}

/// "name(argument, argument)" in pieces; arguments as written.
struct Signature {
  std::string_view name;
  std::vector<std::string_view> arguments;
};
std::optional<Signature> split_signature(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return std::nullopt;
  Signature out{text.substr(0, open), {}};
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    out.arguments.push_back(std_view(absl::StripAsciiWhitespace(absl_view(rest.substr(0, comma)))));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

}  // namespace

CatalogNames::CatalogNames(const SystemSession& session)
    : catalog_{session.catalog()},
      role_{session.user()},
      schemas_{search_schemas(*catalog_, *session.parameters().snapshot().search_path, session.user_name(), session.process_id())} {}

absl::StatusOr<Oid> CatalogNames::relation_oid(std::string_view name) const {
  TROUPE_ASSIGN_OR_RETURN(std::vector<std::string> parts, split_qualified_name(name));
  if (parts.size() == 3) {
    const ObjectDef* database = catalog_->find(catalog_->database());
    if (database == nullptr || database->name != parts[0]) {
      return error(ErrorCode::kFeatureNotSupported, "cross-database references are not implemented: \"", parts[0], ".",
                   parts[1], ".", parts[2], "\"");
    }
    parts.erase(parts.begin());
  }
  Oid found = kNoOid;
  if (parts.size() == 2) {
    const SchemaDef* schema = catalog_->find_schema(parts[0]);
    if (schema != nullptr) TROUPE_RETURN_IF_ERROR(check_right(*catalog_, role_, *schema, kUsage));
    if (schema != nullptr) found = find_relation_in(*catalog_, std::span(&schema->oid, 1), parts[1]);
  } else if (parts.size() == 1) {
    found = find_relation_in(*catalog_, schemas_, parts[0]);
  }
  if (found != kNoOid) return found;
  const std::string shown = parts.size() == 2 ? cat(parts[0], ".", parts[1]) : parts[0];
  return error(ErrorCode::kUndefinedTable, "relation \"", shown, "\" does not exist");
}

absl::StatusOr<Oid> CatalogNames::type_oid(std::string_view name) const {
  std::string_view bare = name;
  if (bare.starts_with("pg_catalog.")) bare.remove_prefix(11);
  // What format_type() prints may have a modifier: varchar(10).
  const std::string lower = absl::AsciiStrToLower(absl_view(bare.substr(0, bare.find('('))));
  if (const TypeInfo* type = find_type_by_name(lower)) return type->oid;
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(name));
  std::vector<Oid> schemas = schemas_;
  if (parts.size() == 2) {
    const SchemaDef* schema = catalog_->find_schema(parts[0]);
    schemas = schema != nullptr ? std::vector<Oid>{schema->oid} : std::vector<Oid>{};
  }
  for (const Oid schema : schemas) {
    if (const ObjectDef* object = find_type_object(*catalog_, schema, parts.back())) return type_oid_of(*object);
  }
  if (name.ends_with("[]")) {
    const auto element = type_oid(name.substr(0, name.size() - 2));
    if (element.ok() && array_type_of(*element) != kNoOid) return array_type_of(*element);
  }
  return error(ErrorCode::kUndefinedObject, "type \"", name, "\" does not exist");
}

absl::StatusOr<Oid> CatalogNames::function_oid(std::string_view name) const {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(name));
  Oid found = kNoOid;
  if (parts.size() == 1 || parts[0] == "pg_catalog") {
    for (const BuiltinFunction& f : builtin_functions()) {
      if (f.name != parts.back()) continue;
      if (found != kNoOid) {
        return error(ErrorCode::kAmbiguousFunction, "more than one function named \"", name, "\"");
      }
      found = f.oid;
    }
  }
  for (const Oid schema : schemas_named(parts)) {
    for (const auto& function : catalog_->functions(schema, parts.back())) {
      if (found != kNoOid) {
        return error(ErrorCode::kAmbiguousFunction, "more than one function named \"", name, "\"");
      }
      found = function->oid;
    }
  }
  if (found == kNoOid) return unknown_function(name);
  return found;
}

std::vector<Oid> CatalogNames::schemas_named(const std::vector<std::string>& parts) const {
  if (parts.size() != 2) return schemas_;
  const SchemaDef* schema = catalog_->find_schema(parts[0]);
  return schema == nullptr ? std::vector<Oid>{} : std::vector<Oid>{schema->oid};
}

absl::StatusOr<Oid> CatalogNames::procedure_oid(std::string_view name) const {
  const auto signature = split_signature(name);
  if (!signature) {
    return error(ErrorCode::kInvalidTextRepresentation, "expected a left parenthesis");
  }
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(signature->name));
  std::vector<Oid> arguments;
  for (const std::string_view argument : signature->arguments) {
    TROUPE_ASSIGN_OR_RETURN(const Oid type, type_oid(argument));
    arguments.push_back(type);
  }
  for (const BuiltinFunction& f : builtin_functions()) {
    if (f.name == parts.back() && f.arguments == arguments) return f.oid;
  }
  for (const Oid schema : schemas_named(parts)) {
    for (const auto& function : catalog_->functions(schema, parts.back())) {
      if (function->input_types() == arguments) return function->oid;
    }
  }
  return unknown_function(name);
}

absl::StatusOr<Oid> CatalogNames::operator_oid(std::string_view name) const {
  const auto signature = split_signature(name);
  std::string_view symbol = signature ? signature->name : name;
  if (symbol.starts_with("pg_catalog.")) symbol.remove_prefix(11);
  Oid found = kNoOid;
  for (const BuiltinOperator& op : builtin_operators()) {
    if (op.name != symbol) continue;
    if (signature) {
      const auto fits = [&](size_t i, Oid type) {
        const std::string_view text = signature->arguments[i];
        return absl::EqualsIgnoreCase(absl_view(text), "none") ? type == 0 : type_oid(text).value_or(1) == type;
      };
      if (signature->arguments.size() != 2 || !fits(0, op.left) || !fits(1, op.right)) continue;
      return op.oid;
    }
    if (found != kNoOid) return error(ErrorCode::kAmbiguousFunction, "more than one operator named ", name);
    found = op.oid;
  }
  if (found == kNoOid) return error(ErrorCode::kUndefinedFunction, "operator does not exist: ", name);
  return found;
}

absl::StatusOr<Oid> CatalogNames::oid_of(Oid type, std::string_view name) const {
  if (name == "-") return kNoOid;
  if (const auto number = number_of(name)) return *number;
  switch (type) {
    case oid::kRegclass: return relation_oid(name);
    case oid::kRegtype: return type_oid(name);
    case oid::kRegproc: return function_oid(name);
    case oid::kRegprocedure: return procedure_oid(name);
    case oid::kRegoper:
    case oid::kRegoperator: return operator_oid(name);
    default: break;
  }
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> parts, split_qualified_name(name));
  if (type == oid::kRegnamespace) {
    if (const SchemaDef* schema = catalog_->find_schema(parts[0]); schema != nullptr && parts.size() == 1) {
      return schema->oid;
    }
    return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
  }
  if (type == oid::kRegrole) {
    if (const ObjectDef* role = catalog_->find(NameClass::role, kNoOid, parts[0])) return role->oid;
    return error(ErrorCode::kUndefinedObject, "role \"", name, "\" does not exist");
  }
  return error(ErrorCode::kUndefinedObject, "text search configuration \"", name, "\" does not exist");
}

std::optional<std::string> CatalogNames::relation_text(Oid relation) const {
  const auto name = relation_name(*catalog_, relation);
  if (!name) return std::nullopt;
  if (relation_visible(*catalog_, schemas_, relation).value_or(false)) return quote_identifier(name->name);
  const ObjectDef* schema = catalog_->find(name->schema);
  return cat(schema != nullptr ? quote_identifier(schema->name) : std::string("?"), ".", quote_identifier(name->name));
}

std::optional<std::string> CatalogNames::name_of(Oid type, Oid object) const {
  switch (type) {
    case oid::kRegclass: return relation_text(object);
    case oid::kRegtype: {
      const ObjectDef* own = find_type_object(*catalog_, object);
      if (own == nullptr && object >= kFirstUserOid) return multirange_text(*catalog_, schemas_, object);
      if (own == nullptr && find_type(object) != nullptr) return format_type(object);
      if (own == nullptr) return std::nullopt;
      for (const Oid schema : schemas_) {
        const ObjectDef* first = find_type_object(*catalog_, schema, own->name);
        if (first != nullptr) return first == own ? quote_identifier(own->name) : qualified_name(*catalog_, *own);
      }
      return qualified_name(*catalog_, *own);
    }
    case oid::kRegproc:
    case oid::kRegprocedure: {
      if (const FunctionDef* own = find_function(*catalog_, object)) {
        return function_name_text(*own, *catalog_, schemas_, type == oid::kRegprocedure);
      }
      const BuiltinFunction* f = find_builtin_function(object);
      if (f == nullptr) return std::nullopt;
      return type == oid::kRegproc ? quote_identifier(f->name) : signature_text(*f);
    }
    case oid::kRegoper:
    case oid::kRegoperator:
      for (const BuiltinOperator& op : builtin_operators()) {
        if (op.oid != object) continue;
        if (type == oid::kRegoper) return std::string(op.name);
        return cat(op.name, "(", op.left == 0 ? "none" : format_type(op.left), ",", format_type(op.right), ")");
      }
      return std::nullopt;
    case oid::kRegnamespace:
    case oid::kRegrole: {
      const ObjectDef* found = catalog_->find(object);
      const ObjectKind wanted = type == oid::kRegrole ? ObjectKind::role : ObjectKind::schema;
      if (found == nullptr || found->kind != wanted) return std::nullopt;
      return quote_identifier(found->name);
    }
    default: return std::nullopt;
  }
}

}  // namespace troupe
