/// CREATE, ALTER of functions and procedures.
#include "runtime/plan/ddl_function.hpp"

#include <algorithm>
#include <optional>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/user_types.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

std::string_view routine_word(const FunctionDef& function) { return function.procedure ? "procedure" : "function"; }

absl::Status invalid(std::string_view message) { return error(kInvalidFunctionDefinition, message); }

ArgumentMode mode_of(sql::ParameterMode mode) {
  switch (mode) {
    case sql::ParameterMode::kOut: return ArgumentMode::out;
    case sql::ParameterMode::kInOut: return ArgumentMode::in_out;
    case sql::ParameterMode::kVariadic: return ArgumentMode::variadic;
    case sql::ParameterMode::kTable: return ArgumentMode::table;
    default: return ArgumentMode::in;
  }
}

absl::Status check_pseudo(Oid type, const DdlBuilder&) {
  const bool pseudo = type == oid::kVoid || type == oid::kTrigger || type == oid::kInternal || type == oid::kCstring ||
                      type == oid::kAny || type == oid::kRecord;
  if (!pseudo) return absl::OkStatus();
  return invalid(cat("SQL functions cannot have arguments of type ", format_type(type)));
}

/// Two arguments that a caller, or a reader of the result, knows by one name.
absl::Status check_names(const FunctionDef& function) {
  for (size_t i = 0; i < function.arguments.size(); ++i) {
    const ArgumentDef& one = function.arguments[i];
    for (size_t j = 0; j < i && !one.name.empty(); ++j) {
      const ArgumentDef& other = function.arguments[j];
      const bool in_and_out = (one.mode == ArgumentMode::in || one.mode == ArgumentMode::variadic) !=
                                  (other.mode == ArgumentMode::in || other.mode == ArgumentMode::variadic) &&
                              one.mode != ArgumentMode::in_out && other.mode != ArgumentMode::in_out &&
                              one.mode != ArgumentMode::table && other.mode != ArgumentMode::table;
      if (other.name != one.name || in_and_out) continue;
      return invalid(cat("parameter name \"", one.name, "\" used more than once"));
    }
  }
  return absl::OkStatus();
}

absl::Status add_default(const sql::FunctionParameter& parameter, ArgumentDef* argument, DdlBuilder& ddl) {
  if (!argument->is_input()) return invalid("only input parameters can have default values");
  ColumnDef column;
  column.type = argument->type;
  column.name = argument->name;
  column.physical = type_info(argument->type).physical;
  if (is_polymorphic(argument->type)) {
    argument->default_sql = ddl_expression_text(*parameter.default_value, ddl);
    return absl::OkStatus();
  }
  column.default_sql = ddl_default_text(*parameter.default_value, column, ddl);
  auto bound = ddl.binder().bind_default(TableDef(), column);
  if (!bound.ok()) return ddl.at(bound.status(), *parameter.default_value);
  argument->default_sql = column.default_sql;
  return absl::OkStatus();
}

absl::Status add_arguments(const sql::CreateFunctionStatement& create, FunctionDef* function, DdlBuilder& ddl) {
  bool has_default = false, variadic = false;
  for (const sql::FunctionParameter* parameter : create.parameters) {
    ArgumentDef argument;
    argument.mode = mode_of(parameter->mode);
    argument.name = parameter->name;
    if (parameter->type->set_of) return invalid(cat(routine_word(*function), "s cannot accept set arguments"));
    TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(*parameter->type, ddl));
    argument.type = type.oid;
    if (const TypeDef* domain = ddl.binder().domain_of(*parameter->type)) argument.domain = domain->oid;
    TROUPE_RETURN_IF_ERROR(check_pseudo(argument.type, ddl));
    const bool table = argument.mode == ArgumentMode::table;
    if (variadic && argument.is_input()) return invalid("VARIADIC parameter must be the last input parameter");
    if (argument.mode == ArgumentMode::variadic) {
      variadic = true;
      const bool array =
          argument.type == oid::kAnyArray || argument.type == oid::kAnyCompatibleArray || is_array_type(argument.type);
      if (!array) return invalid("VARIADIC parameter must be an array");
    }
    if (parameter->default_value != nullptr) {
      TROUPE_RETURN_IF_ERROR(add_default(*parameter, &argument, ddl));
      has_default = true;
    } else if (has_default && !table && argument.is_input()) {
      return invalid("input parameters after one with a default value must also have defaults");
    }
    function->arguments.push_back(std::move(argument));
  }
  return check_names(*function);
}

bool is_of_compatible(Oid type) {
  return type == oid::kAnyCompatible || type == oid::kAnyCompatibleArray || type == oid::kAnyCompatibleNonArray;
}

/// A polymorphic result must follow from some argument.
absl::Status check_polymorphic(const FunctionDef& function) {
  std::vector<Oid> results{function.result};
  for (const ArgumentDef* output : function.outputs()) results.push_back(output->type);
  for (const Oid result : results) {
    if (!is_polymorphic(result)) continue;
    const bool known = std::any_of(function.arguments.begin(), function.arguments.end(), [&](const ArgumentDef& a) {
      return a.is_input() && is_polymorphic(a.type) && is_of_compatible(a.type) == is_of_compatible(result);
    });
    if (known) continue;
    const std::string_view family =
        is_of_compatible(result)
            ? "anycompatible, anycompatiblearray, anycompatiblenonarray, anycompatiblerange, or anycompatiblemultirange"
            : "anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange";
    return with_detail(
        invalid("cannot determine result data type"),
        cat("A result of type ", format_type(result), " requires at least one input of type ", family, "."));
  }
  return absl::OkStatus();
}

absl::Status set_result(const sql::CreateFunctionStatement& create, FunctionDef* function, DdlBuilder& ddl) {
  const std::vector<const ArgumentDef*> outputs = function->outputs();
  const Oid from_outputs = outputs.empty()                            ? kNoOid
                           : outputs.size() == 1 && !create.procedure ? outputs[0]->type
                                                                      : oid::kRecord;
  if (create.procedure) {
    function->result = outputs.empty() ? oid::kVoid : oid::kRecord;
    return absl::OkStatus();
  }
  function->returns_set = create.returns_table;
  if (create.returns == nullptr) {
    if (from_outputs == kNoOid) return invalid("function result type must be specified");
    function->result = from_outputs;
    return absl::OkStatus();
  }
  function->returns_set = create.returns->set_of;
  sql::TypeName name = *create.returns;
  name.set_of = false;
  TROUPE_ASSIGN_OR_RETURN(const Type type, ddl_usable_type(name, ddl));
  function->result = type.oid;
  if (const TypeDef* domain = ddl.binder().domain_of(name)) function->result_domain = domain->oid;
  if (type.oid < kFirstRowArray) function->result_relation = relation_of_row_type(type.oid);
  if (from_outputs != kNoOid && function->result != from_outputs) {
    return invalid(cat("function result type must be ", format_type(from_outputs), " because of OUT parameters"));
  }
  if (function->result == oid::kTrigger || function->result == oid::kInternal || function->result == oid::kCstring ||
      function->result == oid::kAny) {
    return invalid(cat("SQL functions cannot return type ", format_type(function->result)));
  }
  return check_polymorphic(*function);
}

std::string_view text_of(const sql::Option& option) {
  const auto* literal = option.value->as<sql::Literal>();
  return literal == nullptr ? std::string_view() : literal->text;
}
bool flag_of(const sql::Option& option) {
  const auto* literal = option.value->as<sql::Literal>();
  return literal != nullptr && literal->integer != 0;
}
double number_of(const sql::Option& option) {
  const auto* literal = option.value->as<sql::Literal>();
  if (literal == nullptr) return 0;
  const bool integer = literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8;
  return integer ? static_cast<double>(literal->integer) : std::strtod(std::string(literal->text).c_str(), nullptr);
}

absl::Status set_option(const sql::Option& option, FunctionDef* function, DdlBuilder& ddl) {
  const std::string_view name = option.name;
  if (function->procedure && (name == "volatility" || name == "strict" || name == "leakproof" || name == "cost" ||
                              name == "rows" || name == "parallel" || name == "support" || name == "window")) {
    return ddl.fail_at(kInvalidFunctionDefinition, option, "invalid attribute in procedure definition");
  }
  if (name == "volatility") {
    const char letter = text_of(option).front();
    function->volatility = letter == 'i'   ? FunctionVolatility::immutable
                           : letter == 's' ? FunctionVolatility::stable
                                           : FunctionVolatility::volatile_;
  } else if (name == "strict") {
    function->strict = flag_of(option);
  } else if (name == "security") {
    function->security_definer = flag_of(option);
  } else if (name == "leakproof") {
    function->leakproof = flag_of(option);
    if (function->leakproof && !is_superuser(ddl.catalog(), ddl.context().role)) {
      return error(ErrorCode::kInsufficientPrivilege, "only superuser can define a leakproof function");
    }
  } else if (name == "cost") {
    function->cost = number_of(option);
    if (function->cost <= 0) return error(ErrorCode::kInvalidParameterValue, "COST must be positive");
  } else if (name == "rows") {
    function->rows = number_of(option);
    if (function->rows <= 0) return error(ErrorCode::kInvalidParameterValue, "ROWS must be positive");
    if (!function->returns_set) {
      return error(ErrorCode::kInvalidParameterValue, "ROWS is not applicable when function does not return a set");
    }
  } else if (name == "parallel") {
    const std::string_view value = text_of(option);
    if (value != "safe" && value != "restricted" && value != "unsafe") {
      return error(ErrorCode::kSyntaxError, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE");
    }
    function->parallel = static_cast<FunctionParallel>(value[0]);
  } else if (name == "window" || name == "support" || name == "transform") {
    return ddl.refuse(option, cat(name == "window"    ? "WINDOW"
                                  : name == "support" ? "SUPPORT"
                                                      : "TRANSFORM",
                                  " of a function"));
  }
  return absl::OkStatus();
}

absl::Status apply_options(sql::List<const sql::Option*> options, FunctionDef* function, DdlBuilder& ddl) {
  std::vector<std::string_view> seen;
  for (const sql::Option* option : options) {
    if (std::find(seen.begin(), seen.end(), option->name) != seen.end()) {
      return ddl.fail_at(ErrorCode::kSyntaxError, *option, "conflicting or redundant options");
    }
    seen.push_back(option->name);
    TROUPE_RETURN_IF_ERROR(set_option(*option, function, ddl));
  }
  if (function->returns_set && function->rows == 0) function->rows = 1000;
  return absl::OkStatus();
}

/// A value as pg_proc.proconfig has it.
absl::StatusOr<std::string> setting_value(const sql::SetStatement& set, DdlBuilder& ddl) {
  std::string text;
  for (const sql::Expr* value : set.values) {
    const auto* literal = value->as<sql::Literal>();
    if (literal == nullptr) return ddl.refuse(set, "this form of SET for a function");
    const bool number = literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8;
    std::string one = number ? cat(literal->integer)
                      : literal->type == sql::LiteralType::kBoolean
                          ? std::string(literal->integer != 0 ? "true" : "false")
                          : std::string(literal->text);
    if (set.name == "search_path") one = one.empty() ? "\"\"" : sql::quote_identifier(one);
    text += cat(text.empty() ? "" : ", ", one);
  }
  return text;
}

absl::Status apply_settings(sql::List<const sql::Statement*> settings, FunctionDef* function, DdlBuilder& ddl) {
  using Action = sql::SetStatement::Action;
  for (const sql::Statement* statement : settings) {
    const auto& set = statement->to<sql::SetStatement>();
    if (set.action == Action::kResetAll) {
      function->settings.clear();
      continue;
    }
    std::erase_if(function->settings, [&](const auto& known) { return known.first == set.name; });
    if (set.action == Action::kReset || set.action == Action::kDefault) continue;
    if (set.action != Action::kSet) return ddl.refuse(set, "SET ... FROM CURRENT for a function");
    // A call becomes part of a statement that runs in one role's name.
    if (set.name == "role" || set.name == "session_authorization") return ddl.refuse(set, "SET ROLE for a function");
    TROUPE_ASSIGN_OR_RETURN(std::string value, setting_value(set, ddl));
    function->settings.emplace_back(set.name, std::move(value));
  }
  return absl::OkStatus();
}

/// What OR REPLACE may not change, because others count on it.
absl::Status check_replaces(const FunctionDef& before, const FunctionDef& after, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(before, ddl));
  const std::string hint =
      cat("Use DROP ", before.procedure ? "PROCEDURE " : "FUNCTION ", ddl_function_name(before), " first.");
  if (before.procedure != after.procedure) {
    return with_detail(error(ErrorCode::kWrongObjectType, "cannot change routine kind"),
                       cat("\"", before.name, "\" is a ", routine_word(before), "."));
  }
  // Functions that are older than row types returned a record of their table's columns.
  const bool same_result =
      before.result == after.result || (before.result == oid::kRecord && before.result_relation != kNoOid);
  if (!same_result || before.returns_set != after.returns_set || before.result_relation != after.result_relation) {
    return with_hint(invalid(before.procedure ? "cannot change whether a procedure has output parameters"
                                              : "cannot change return type of existing function"),
                     hint);
  }
  const auto names_outputs = [](const FunctionDef& f) {
    std::vector<std::pair<std::string, Oid>> all;
    for (const ArgumentDef* output : f.outputs()) all.emplace_back(output->name, output->type);
    return all;
  };
  if (names_outputs(before) != names_outputs(after)) {
    return with_hint(with_detail(invalid("cannot change return type of existing function"),
                                 "Row type defined by OUT parameters is different."),
                     hint);
  }
  std::vector<const ArgumentDef*> old_inputs, new_inputs;
  for (const ArgumentDef& a : before.arguments)
    if (a.is_input()) old_inputs.push_back(&a);
  for (const ArgumentDef& a : after.arguments)
    if (a.is_input()) new_inputs.push_back(&a);
  for (size_t i = 0; i < old_inputs.size() && i < new_inputs.size(); ++i) {
    if (!old_inputs[i]->name.empty() && old_inputs[i]->name != new_inputs[i]->name) {
      return with_hint(invalid(cat("cannot change name of input parameter \"", old_inputs[i]->name, "\"")), hint);
    }
  }
  if (after.defaults() < before.defaults()) {
    return with_hint(invalid("cannot remove parameter defaults from existing function"), hint);
  }
  return absl::OkStatus();
}

/// AS, LANGUAGE and the standard's bodies.
absl::Status set_body(const sql::CreateFunctionStatement& create, FunctionDef* function, DdlBuilder& ddl) {
  std::string_view language;
  const sql::NameList* as = nullptr;
  for (const sql::Option* option : create.options) {
    if (option->name == "language") language = text_of(*option);
    if (option->name == "as") as = option->value->as<sql::NameList>();
  }
  if (language.empty() && create.body == nullptr) return invalid("no language specified");
  if (!language.empty() && language != "sql") {
    return with_hint(
        not_supported_yet(cat("CREATE ", create.procedure ? "PROCEDURE" : "FUNCTION", " in language ", language)),
        "Write it in SQL: LANGUAGE sql.");
  }
  if (as != nullptr && create.body != nullptr) return invalid("duplicate function body specified");
  if (create.body != nullptr) return ddl_read_body(create, function, ddl);
  if (as == nullptr) return invalid("no function body specified");
  if (as->names.size() > 1) return invalid("only one AS item needed for language \"sql\"");
  function->body = as->names[0];
  return absl::OkStatus();
}

/// A standard body means what it means now: its names are written out, and what it uses is not dropped under it.
absl::Status settle_names(FunctionDef* function, DdlBuilder& ddl) {
  if (function->sql_body.empty()) return absl::OkStatus();
  BoundCallee callee{std::make_shared<FunctionDef>(*function), {}, {}, Type{function->result}, {}};
  for (const ArgumentDef& argument : function->arguments) {
    if (argument.is_input()) callee.types.push_back(Type{argument.type});
  }
  const FunctionFrame frame{callee.function.get(), callee.types, 0, nullptr};
  PlanContext context = ddl.context();
  context.function = &frame;
  context.parameters = callee.types;
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_sql(function->body));
  std::string text;
  for (const sql::RawStatement& raw : parsed->statements()) {
    Binder binder(context);
    NamesFound names;
    binder.inlines = false;
    binder.names_found = &names;
    const auto& select = raw.node->to<sql::SelectStatement>();
    TROUPE_RETURN_IF_ERROR(binder.bind_select(select, nullptr).status());
    names.functions = binder.functions_found;
    text += cat(text.empty() ? "" : "; ", stored_text(select, names, ddl.catalog()));
    for (const PlanDependency& on : binder.dependencies) {
      const bool known =
          std::find(function->depends_on.begin(), function->depends_on.end(), on.oid) != function->depends_on.end();
      if (on.oid >= kFirstUserOid && on.oid != function->oid && !known) function->depends_on.push_back(on.oid);
    }
  }
  function->body = std::move(text);
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_function(const sql::CreateFunctionStatement& create, DdlBuilder& ddl) {
  auto function = std::make_shared<FunctionDef>();
  function->procedure = create.procedure;
  function->name = create.name.back();
  const std::string_view schema = create.name.size() > 1 ? create.name[create.name.size() - 2] : std::string_view();
  TROUPE_ASSIGN_OR_RETURN(function->schema, ddl.schema_for(schema, create));
  TROUPE_RETURN_IF_ERROR(set_body(create, function.get(), ddl));
  TROUPE_RETURN_IF_ERROR(add_arguments(create, function.get(), ddl));
  TROUPE_RETURN_IF_ERROR(set_result(create, function.get(), ddl));
  TROUPE_RETURN_IF_ERROR(apply_options(create.options, function.get(), ddl));
  TROUPE_RETURN_IF_ERROR(apply_settings(create.settings, function.get(), ddl));
  function->update_signature();
  const ObjectDef* before = ddl.catalog().find(NameClass::function, function->schema, function->signature);
  if (before != nullptr) {
    const auto& known = static_cast<const FunctionDef&>(*before);
    if (!create.replace) {
      return error(ErrorCode::kDuplicateFunction, "function \"", function->name,
                   "\" already exists with same argument types");
    }
    TROUPE_RETURN_IF_ERROR(check_replaces(known, *function, ddl));
    function->oid = known.oid;
    function->owner = known.owner;
    function->acl = known.acl;
    function->comment = known.comment;
  } else {
    function->oid = ddl.new_oid();
    function->owner = ddl.context().role;
  }
  if (ddl.context().check_function_bodies || !function->sql_body.empty()) {
    TROUPE_RETURN_IF_ERROR(ddl_check_body(*function, ddl));
  }
  TROUPE_RETURN_IF_ERROR(settle_names(function.get(), ddl));
  ddl.put(std::move(function));
  return absl::OkStatus();
}

// --- changing one ---

absl::Status ddl_alter_function(const sql::AlterFunctionStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const FunctionDef* found, ddl_find_function(*alter.target, false, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto function = std::make_shared<FunctionDef>(*found);
  TROUPE_RETURN_IF_ERROR(apply_options(alter.options, function.get(), ddl));
  TROUPE_RETURN_IF_ERROR(apply_settings(alter.settings, function.get(), ddl));
  ddl.put(std::move(function));
  return absl::OkStatus();
}

namespace {

/// Texts name it as it is called now.
absl::Status check_unnamed(const FunctionDef& function, const sql::Node& node, DdlBuilder& ddl) {
  for (const ObjectPtr& view : ddl.catalog().views()) {
    const std::vector<Oid>& on = *view_text(*view)->depends_on;
    if (std::find(on.begin(), on.end(), function.oid) == on.end()) continue;
    return ddl.refuse(node, "renaming or moving a function that a view calls");
  }
  if (ddl_uses_of_function(function, ddl).empty()) return absl::OkStatus();
  return ddl.refuse(node, "renaming or moving a function that a table's definition calls");
}

absl::Status put_renamed(std::shared_ptr<FunctionDef> function, DdlBuilder& ddl) {
  function->update_signature();
  const ObjectDef* other = ddl.catalog().find(NameClass::function, function->schema, function->signature);
  if (other != nullptr) {
    return error(ErrorCode::kDuplicateFunction, "function ", function_identity(*function),
                 " already exists in schema \"", ddl.find(function->schema)->name, "\"");
  }
  ddl.put(std::move(function));
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_rename_function(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const FunctionDef* found, ddl_find_function(*rename.target, false, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(found->schema), kCreate, ddl));
  TROUPE_RETURN_IF_ERROR(check_unnamed(*found, rename, ddl));
  auto function = std::make_shared<FunctionDef>(*found);
  function->name = rename.new_name;
  return put_renamed(std::move(function), ddl);
}

absl::Status ddl_move_function(const sql::AlterSchemaStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const FunctionDef* found, ddl_find_function(*alter.target, false, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(alter.schema, alter));
  if (schema == found->schema) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(check_unnamed(*found, alter, ddl));
  auto function = std::make_shared<FunctionDef>(*found);
  function->schema = schema;
  return put_renamed(std::move(function), ddl);
}

absl::Status ddl_own_function(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const FunctionDef* found, ddl_find_function(*alter.target, false, ddl));
  auto function = std::make_shared<FunctionDef>(*found);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(*alter.owner, function.get(), ddl));
  ddl.put(std::move(function));
  return absl::OkStatus();
}

}  // namespace troupe
