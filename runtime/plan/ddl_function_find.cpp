/// Which function a definition names.
#include <algorithm>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_rights.hpp"

namespace troupe {

bool is_routine(sql::ObjectKind kind) {
  return kind == sql::ObjectKind::kFunction || kind == sql::ObjectKind::kProcedure ||
         kind == sql::ObjectKind::kRoutine || kind == sql::ObjectKind::kAggregate;
}

namespace {

std::string_view kind_word(sql::ObjectKind kind) {
  return kind == sql::ObjectKind::kProcedure   ? "procedure"
         : kind == sql::ObjectKind::kRoutine   ? "routine"
         : kind == sql::ObjectKind::kAggregate ? "aggregate"
                                               : "function";
}

std::vector<FunctionPtr> functions_named(const sql::Name& name, const DdlBuilder& ddl) {
  std::vector<FunctionPtr> found;
  const auto add = [&](Oid schema) {
    const auto functions = ddl.catalog().functions(schema, name.back());
    found.insert(found.end(), functions.begin(), functions.end());
  };
  if (name.size() > 1) {
    if (const SchemaDef* schema = ddl.catalog().find_schema(name[name.size() - 2])) add(schema->oid);
    return found;
  }
  for (const Oid schema : ddl.context().search_path) add(schema);
  return found;
}

std::string ref_text(const sql::ObjectRef& ref) {
  std::string text = cat(dotted(ref.name), "(");
  bool first = true;
  for (const sql::FunctionParameter* parameter : ref.arguments) {
    if (parameter->mode == sql::ParameterMode::kOut && ref.object != sql::ObjectKind::kProcedure) continue;
    const TypeInfo* info = find_type_by_name(parameter->type->name.back());
    std::string type = info != nullptr ? format_type(info->oid) : dotted(parameter->type->name);
    if (!parameter->type->array_bounds.empty()) type += "[]";
    text += cat(first ? "" : ",", type);
    first = false;
  }
  if (first && ref.object == sql::ObjectKind::kAggregate) text += "*";
  return text + ")";
}

bool is_kind(const FunctionDef& function, sql::ObjectKind kind) {
  if (kind == sql::ObjectKind::kAggregate) return function.is_aggregate();
  return kind == sql::ObjectKind::kRoutine || function.procedure == (kind == sql::ObjectKind::kProcedure);
}

absl::StatusOr<const FunctionDef*> not_there(const sql::ObjectRef& ref, bool if_exists, absl::Status status,
                                             std::string notice, DdlBuilder& ddl) {
  if (!if_exists) return status;
  const bool no_schema = ref.name.size() > 1 && ddl.catalog().find_schema(ref.name[ref.name.size() - 2]) == nullptr;
  if (no_schema) notice = cat("schema \"", ref.name[ref.name.size() - 2], "\" does not exist, skipping");
  ddl.notice(ErrorCode::kOk, std::move(notice));
  return nullptr;
}

absl::StatusOr<const FunctionDef*> find_by_name(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl) {
  const std::string_view word = kind_word(ref.object);
  std::vector<FunctionPtr> found = functions_named(ref.name, ddl);
  std::erase_if(found, [&](const FunctionPtr& function) { return !is_kind(*function, ref.object); });
  if (found.size() == 1) return found[0].get();
  if (found.empty()) {
    return not_there(
        ref, if_exists,
        error(ErrorCode::kUndefinedFunction, "could not find a ", word, " named \"", dotted(ref.name), "\""),
        cat(word, " ", dotted(ref.name), "() does not exist, skipping"), ddl);
  }
  return with_hint(error(ErrorCode::kAmbiguousFunction, word, " name \"", dotted(ref.name), "\" is not unique"),
                   cat("Specify the argument list to select the ", word, " unambiguously."));
}

}  // namespace

absl::StatusOr<const FunctionDef*> ddl_find_function(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl) {
  if (!ref.has_arguments) return find_by_name(ref, if_exists, ddl);
  const std::string_view word = kind_word(ref.object);
  std::vector<Oid> types, all_types;
  for (const sql::FunctionParameter* parameter : ref.arguments) {
    auto type = ddl.binder().bind_type(*parameter->type);
    if (!type.ok()) {
      if (!if_exists) return type.status();
      ddl.notice(ErrorCode::kOk, cat("type \"", dotted(parameter->type->name), "\" does not exist, skipping"));
      return nullptr;
    }
    const TypeDef* domain = ddl.binder().domain_of(*parameter->type);
    const Oid oid = domain != nullptr ? domain->oid : type->oid;
    all_types.push_back(oid);
    if (parameter->mode != sql::ParameterMode::kOut && parameter->mode != sql::ParameterMode::kTable)
      types.push_back(oid);
  }
  for (const FunctionPtr& function : functions_named(ref.name, ddl)) {
    std::vector<Oid> whole;
    for (const ArgumentDef& a : function->arguments) {
      if (a.mode != ArgumentMode::table) whole.push_back(a.domain != kNoOid ? a.domain : a.type);
    }
    const bool same = function->input_types() == types || (function->procedure && whole == all_types);
    if (!same) continue;
    if (ref.object == sql::ObjectKind::kAggregate && !function->is_aggregate()) {
      return error(ErrorCode::kWrongObjectType, "function ", function_identity(*function), " is not an aggregate");
    }
    if (!is_kind(*function, ref.object)) {
      return error(ErrorCode::kWrongObjectType, function_identity(*function), " is not a ", word);
    }
    return function.get();
  }
  const std::string text = ref_text(ref);
  return not_there(ref, if_exists, error(ErrorCode::kUndefinedFunction, word, " ", text, " does not exist"),
                   cat(word, " ", text, " does not exist, skipping"), ddl);
}

}  // namespace troupe
