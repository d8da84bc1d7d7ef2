/// CREATE TYPE ... AS RANGE.
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

constexpr size_t kNameBytes = 63;

/// An option's value as a name; empty when it has none.
std::string_view name_in(const sql::Option& option) {
  if (option.value == nullptr) return {};
  if (const auto* literal = option.value->as<sql::Literal>()) return literal->text;
  if (const auto* list = option.value->as<sql::NameList>()) return list->names.back();
  if (const auto* type = option.value->as<sql::TypeName>()) return type->name.back();
  return {};
}

/// As PostgreSQL names it when nobody does.
std::string multirange_name_for(const std::string& range) {
  std::string name = range;
  if (const size_t at = name.find("range"); at != std::string::npos) {
    name.insert(at, "multi");
  } else {
    name += "_multirange";
  }
  return name.substr(0, kNameBytes);
}

absl::Status set_subtype(const sql::Option& option, TypeDef* range, DdlBuilder& ddl) {
  if (range->base != kNoOid) return error(ErrorCode::kSyntaxError, "conflicting or redundant options");
  const auto* name = option.value == nullptr ? nullptr : option.value->as<sql::TypeName>();
  Type type;
  if (name != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(type, ddl_usable_type(*name, ddl));
  } else {
    const TypeInfo* info = find_type_by_name(name_in(option));
    if (info == nullptr) {
      return error(ErrorCode::kUndefinedObject, "type \"", name_in(option), "\" does not exist");
    }
    type = Type{info->oid};
  }
  if (type_info(type.oid).kind == 'p') {
    return error(ErrorCode::kDatatypeMismatch, "range subtype cannot be ", format_type(type.oid));
  }
  const Type pair[] = {type, type};
  if (!resolve_operator("<", pair).ok()) {
    return with_hint(error(ErrorCode::kUndefinedObject, "data type ", format_type(type.oid),
                           " has no default operator class for access method \"btree\""),
                     "You must specify an operator class for the range type or define a default operator class for the "
                     "subtype.");
  }
  range->base = type.oid;
  return absl::OkStatus();
}

absl::Status set_option(const sql::Option& option, TypeDef* range, DdlBuilder& ddl) {
  if (option.name == "subtype") return set_subtype(option, range, ddl);
  if (option.name == "subtype_diff") {
    range->subtype_diff = name_in(option);
  } else if (option.name == "multirange_type_name") {
    range->multirange_name = name_in(option);
  } else if (option.name == "canonical") {
    return with_hint(
        error(ErrorCode::kInvalidObjectDefinition,
              "cannot specify a canonical function without a pre-created shell type"),
        "Create the type as a shell type, then create its canonicalization function, then do a full CREATE "
        "TYPE.");
  } else if (option.name != "subtype_opclass" && option.name != "collation") {
    return error(ErrorCode::kSyntaxError, "type attribute \"", option.name, "\" not recognized");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_range(const sql::CreateRangeStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(auto range, ddl_new_type(create.name, TypeKind::range, create, ddl));
  for (const sql::Option* option : create.options) TROUPE_RETURN_IF_ERROR(set_option(*option, range.get(), ddl));
  if (range->base == kNoOid) {
    return error(ErrorCode::kSyntaxError, "type attribute \"subtype\" is required");
  }
  const bool named = !range->multirange_name.empty();
  if (!named) range->multirange_name = multirange_name_for(range->name);
  const std::string_view schema_name =
      create.name.size() > 1 ? create.name[create.name.size() - 2] : std::string_view();
  const std::string_view parts[] = {schema_name, range->multirange_name};
  const sql::Name multirange = schema_name.empty() ? sql::Name(parts + 1, 1) : sql::Name(parts, 2);
  if (const TypeDef* other = ddl.binder().find_own_type(multirange);
      other != nullptr && other->schema == range->schema) {
    absl::Status taken = error(ErrorCode::kDuplicateObject, "type \"", range->multirange_name, "\" already exists");
    if (named) return taken;
    return with_hint(
        with_detail(std::move(taken), cat("Failed while creating a multirange type for type \"", range->name, "\".")),
        "You can manually specify a multirange type name using the \"multirange_type_name\" attribute.");
  }
  range->multirange_type = ddl.new_oid();
  range->multirange_array = ddl.new_oid();
  ddl.put(std::move(range));
  return absl::OkStatus();
}

}  // namespace troupe
