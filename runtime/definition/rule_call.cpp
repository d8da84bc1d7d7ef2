/// Calls: which types their arguments are cast to, and in which words they are written.
#include "runtime/definition/rule_writer.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {
namespace {

bool is_sequence_function(std::string_view name) { return name == "nextval" || name == "currval" || name == "setval"; }

std::string_view value_function_word(sql::ValueFunction function) {
  constexpr std::string_view kWords[] = {"CURRENT_DATE",   "CURRENT_TIME",    "CURRENT_TIMESTAMP", "LOCALTIME",
                                         "LOCALTIMESTAMP", "CURRENT_ROLE",    "CURRENT_USER",      "USER",
                                         "SESSION_USER",   "CURRENT_CATALOG", "CURRENT_SCHEMA"};
  return kWords[static_cast<size_t>(function)];
}

}  // namespace

RuleNodePtr RuleWriter::analyze_value_function(const sql::ValueFunctionExpr& function) {
  auto node = std::make_shared<RuleNode>();
  node->tag = RuleTag::kValueFunction;
  const Expr* value = notes_.value_of(function);
  node->type = value != nullptr ? value->type : Type{oid::kName};
  node->text = std::string(value_function_word(function.function));
  if (function.precision >= 0) node->text += cat("(", function.precision, ")");
  return node;
}

std::string RuleWriter::function_name(const sql::FunctionCall& call) const {
  const auto own = binder_.functions_found.find(&call);
  if (own != binder_.functions_found.end()) {
    if (const ObjectDef* function = catalog_.find(own->second)) return names_.function(*function);
  }
  const std::string_view name = call.name.back();
  // Within GROUP BY these would be taken for something else.
  const bool qualified = grouping_ && (name == "cube" || name == "rollup");
  return cat(qualified ? "pg_catalog." : "", sql::quote_identifier(name));
}

/// What each argument is cast to; of one that is cast to nothing unknown. `packs`: those from the last parameter on are
/// the elements of an array.
std::vector<Type> RuleWriter::argument_types(const sql::FunctionCall& call, const RuleNodes& args, bool* packs) {
  const std::string_view name = call.name.back();
  std::vector<Type> types = types_of(args);
  const auto own = binder_.functions_found.find(&call);
  if (own != binder_.functions_found.end()) {
    const auto* function = dynamic_cast<const FunctionDef*>(catalog_.find(own->second));
    std::vector<Type> wanted;
    if (function == nullptr) return wanted;
    for (const Oid type : function->input_types()) wanted.push_back(Type{type});
    *packs = function->variadic() != nullptr && !call.variadic;
    return wanted;
  }
  if (name == "jsonb_to_record" || name == "jsonb_to_recordset") return {Type{oid::kJsonb}};
  if (name == "json_to_record" || name == "json_to_recordset") return {Type{oid::kJson}};
  if (is_sequence_function(name)) return {Type{oid::kRegclass}, Type{oid::kInt8}, Type{oid::kBool}};
  if (is_aggregate(name)) {
    const auto aggregate = resolve_aggregate(name, types);
    return aggregate.ok() ? aggregate->arguments : std::vector<Type>();
  }
  if (is_table_function(name)) {
    const auto function = resolve_table_function(name, types);
    return function.ok() ? function->arguments : std::vector<Type>();
  }
  if (name == "lag" || name == "lead" || name == "nth_value" || name == "ntile") {
    if (name == "ntile") return {Type{oid::kInt4}};
    std::vector<Type> wanted{Type{}, Type{oid::kInt4}};
    if (!types.empty()) wanted.push_back(types[0]);
    return wanted;
  }
  const auto function = resolve_function(name, types);
  if (!function.ok()) return {};
  const auto& declared = function->function->arguments;
  *packs = function->function->variadic && !call.variadic && !declared.empty() && declared.back() != oid::kAny &&
           element_type_of(declared.back()) != oid::kInvalid;
  if (*packs) {
    std::vector<Type> wanted(function->arguments.begin(),
                             function->arguments.begin() +
                                 static_cast<ptrdiff_t>(std::min(declared.size() - 1, function->arguments.size())));
    const Type element = function->arguments.empty() ? Type{oid::kText} : function->arguments.back();
    wanted.push_back(Type{array_type_of(element.oid)});
    return wanted;
  }
  std::vector<Type> wanted = function->arguments;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Oid parameter = i < declared.size() ? declared[i] : declared.empty() ? oid::kAny : declared.back();
    if (parameter == oid::kAny) wanted[i] = Type{};
  }
  return wanted;
}

RuleNodePtr RuleWriter::call_node(const sql::FunctionCall& call, RuleNodes args) {
  const Expr* value = notes_.value_of(call);
  RuleNodePtr node = named_function(function_name(call), value != nullptr ? value->type : Type{}, {});
  node->syntax = call.syntax;
  node->star = call.star;
  node->distinct = call.distinct;
  node->variadic = call.variadic;
  node->call = &call;
  const bool window = call.over != nullptr;
  if (window)
    node->tag = RuleTag::kWindow;
  else if (is_aggregate(call.name.back()) || call.within_group)
    node->tag = RuleTag::kAggregate;
  bool packs = false;
  // COLLATION FOR takes anything, and at least a text.
  const std::vector<Type> types = call.syntax == sql::CallSyntax::kCollationFor ? std::vector<Type>{Type{oid::kText}}
                                                                                : argument_types(call, args, &packs);
  const size_t alone = packs ? types.size() - 1 : args.size();
  for (size_t i = 0; i < args.size() && i < alone; ++i) {
    if (call.within_group) {
      // Percentiles are told as fractions.
      const bool fraction = call.name.back().starts_with("percentile_");
      const bool array = is_array_type(args[i]->type.oid);
      node->args.push_back(fraction ? coerced(args[i], Type{array ? oid::kFloat8Array : oid::kFloat8}) : args[i]);
      continue;
    }
    const bool known = i < types.size() && args[i]->tag != RuleTag::kNamedArgument;
    node->args.push_back(known ? coerced(args[i], Type{types[i].oid}) : args[i]);
  }
  if (!packs || args.size() < types.size()) return node;
  auto array = std::make_shared<RuleNode>();
  array->tag = RuleTag::kArray;
  array->type = types.back();
  for (size_t i = alone; i < args.size(); ++i) {
    array->args.push_back(coerced(args[i], Type{element_type_of(array->type.oid)}));
  }
  node->args.push_back(std::move(array));
  node->variadic = true;
  return node;
}

RuleNodePtr RuleWriter::analyze_call(const sql::FunctionCall& call) {
  if (call.syntax == sql::CallSyntax::kTreat) give_up();
  return call_node(call, analyze(call.arguments));
}

}  // namespace troupe
