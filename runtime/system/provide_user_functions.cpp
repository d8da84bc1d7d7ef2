/// pg_proc's rows of users' functions; their part of information_schema.
#include <algorithm>

#include "runtime/system/acl_text.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/function_text.hpp"
#include "runtime/system/information_types.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/types/type.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

constexpr Oid kInternalLanguage = 12, kSqlLanguage = 14;

Value char_array(const std::vector<char>& letters) {
  std::vector<Value> values;
  const Physical physical = physical_of(Type{oid::kChar});
  for (const char letter : letters) values.push_back(Value::of(static_cast<int16_t>(letter)));
  return Value::text(pack_array(oid::kChar, physical, values));
}

void write_arguments(const FunctionDef& function, RowWriter& out) {
  std::vector<Oid> all;
  std::vector<char> modes;
  std::vector<std::string> names;
  bool has_names = false, only_in = true;
  for (const ArgumentDef& argument : function.arguments) {
    all.push_back(argument.domain != kNoOid ? argument.domain : argument.type);
    modes.push_back(static_cast<char>(argument.mode));
    names.push_back(argument.name);
    has_names = has_names || !argument.name.empty();
    only_in = only_in && argument.mode == ArgumentMode::in;
  }
  out.set("proargtypes", oid_vector(function.input_types()));
  if (!only_in) out.set("proallargtypes", oid_array(all)).set("proargmodes", char_array(modes));
  if (has_names) out.set("proargnames", text_array(names));
}

void catalog_functions(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::function)) {
    const auto& function = static_cast<const FunctionDef&>(*object);
    const ArgumentDef* variadic = function.variadic();
    const bool aggregate = function.is_aggregate();
    out.row().set("oid", function.oid).set("proname", function.name).set("pronamespace", function.schema);
    out.set("proowner", function.owner).set("prolang", aggregate ? kInternalLanguage : kSqlLanguage);
    out.set("procost", aggregate ? 1 : function.cost);
    out.set("prorows", function.rows)
        .set("provariadic", variadic == nullptr ? kNoOid : element_type_of(variadic->type));
    out.set("prokind", function.is_aggregate() ? 'a'
                       : function.procedure    ? 'p'
                                               : 'f')
        .set("prosecdef", function.security_definer);
    out.set("proleakproof", function.leakproof).set("proisstrict", function.strict);
    out.set("proretset", function.returns_set).set("provolatile", static_cast<char>(function.volatility));
    out.set("proparallel", static_cast<char>(function.parallel)).set("pronargs", function.input_types().size());
    out.set("pronargdefaults", function.defaults());
    out.set("prorettype", function.result_domain != kNoOid ? function.result_domain : function.result);
    write_arguments(function, out);
    std::string defaults;
    for (const ArgumentDef& argument : function.arguments) {
      if (!argument.default_sql.empty()) defaults += (defaults.empty() ? "" : ", ") + argument.default_sql;
    }
    if (!defaults.empty()) out.set("proargdefaults", defaults);
    out.set("prosrc", aggregate ? "aggregate_dummy" : function.sql_body.empty() ? function.body : std::string());
    if (!function.sql_body.empty()) out.set("prosqlbody", function.sql_body);
    std::vector<std::string> settings;
    for (const auto& [name, value] : function.settings) settings.push_back(name + "=" + value);
    if (!settings.empty()) out.set("proconfig", text_array(settings));
    out.set("proacl", acl_array(scan.catalog, function.acl));
  }
}

/// Of the system's the one that takes as many arguments as it is called with.
Oid oid_of_support(const SupportFunction& support, size_t arguments) {
  if (support.function != kNoOid || support.name.empty()) return support.function;
  for (const BuiltinFunction& f : builtin_functions()) {
    if (f.name == support.name && f.arguments.size() == arguments) return f.oid;
  }
  return kNoOid;
}

void catalog_aggregates(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::function)) {
    const auto& function = static_cast<const FunctionDef&>(*object);
    if (!function.is_aggregate()) continue;
    const AggregateDef& own = function.aggregate;
    const size_t inputs = function.input_types().size();
    out.row().set("aggfnoid", function.oid).set("aggkind", 'n').set("aggnumdirectargs", 0);
    out.set("aggtransfn", oid_of_support(own.transition, inputs + 1));
    out.set("aggfinalfn", oid_of_support(own.final_function, own.final_extra ? inputs + 1 : 1));
    out.set("aggcombinefn", oid_of_support(own.combine, 2));
    out.set("aggmtransfn", oid_of_support(own.moving, inputs + 1));
    out.set("aggminvtransfn", oid_of_support(own.inverse, inputs + 1));
    out.set("aggmfinalfn", oid_of_support(own.moving_final, own.moving_final_extra ? inputs + 1 : 1));
    out.set("aggfinalextra", own.final_extra).set("aggmfinalextra", own.moving_final_extra);
    out.set("aggfinalmodify", own.final_modify[0]).set("aggmfinalmodify", own.moving_final_modify[0]);
    const Oid of = inputs == 1 ? function.input_types()[0] : kNoOid;
    out.set("aggsortop", own.sort_operator.empty() ? kNoOid : operator_of(own.sort_operator, of));
    out.set("aggtranstype", own.state).set("aggtransspace", static_cast<int32_t>(own.state_bytes));
    out.set("aggmtranstype", own.moving_state);
    out.set("aggmtransspace", static_cast<int32_t>(own.moving_state_bytes));
    if (own.has_initial) out.set("agginitval", own.initial);
    if (own.has_moving_initial) out.set("aggminitval", own.moving_initial);
  }
}

}  // namespace

void provide_user_functions(Providers& to) {
  to.catalog("pg_proc", catalog_functions);
  to.catalog("pg_aggregate", catalog_aggregates);
}

}  // namespace troupe
