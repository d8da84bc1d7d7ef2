/// pg_proc, pg_aggregate, pg_operator, pg_opclass, pg_opfamily, pg_am, pg_language.
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/types/type.hpp"

namespace troupe {
namespace {

constexpr Oid kInternalLanguage = 12, kSqlLanguage = 14;

char volatility_letter(Volatility volatility) {
  switch (volatility) {
    case Volatility::kImmutable: return 'i';
    case Volatility::kStable: return 's';
    case Volatility::kVolatile: return 'v';
  }
  return 'v';
}

void system_functions(RowWriter& out) {
  for (const BuiltinFunction& f : builtin_functions()) {
    const Oid last = f.arguments.empty() ? 0 : f.arguments.back();
    const Oid variadic = !f.variadic ? 0 : (last == oid::kAny ? oid::kAny : element_type_of(last));
    out.row().set("oid", f.oid).set("proname", f.name).set("pronamespace", kPgCatalogSchema);
    out.set("proowner", kBootstrapRole)
        .set("prolang", kInternalLanguage)
        .set("procost", 1.0)
        .set("provariadic", variadic);
    out.set("prokind", f.kind).set("proisstrict", f.strict).set("provolatile", volatility_letter(f.volatility));
    out.set("proparallel", 's').set("pronargs", f.arguments.size()).set("prorettype", f.result);
    out.set("proargtypes", oid_vector(f.arguments)).set("prosrc", f.kind == 'a' ? "aggregate_dummy" : f.name);
  }
}

void system_aggregates(RowWriter& out) {
  for (const BuiltinFunction& f : builtin_functions()) {
    if (f.kind != 'a') continue;
    out.row().set("aggfnoid", f.oid).set("aggkind", 'n').set("aggfinalmodify", 'r').set("aggmfinalmodify", 'r');
    out.set("aggtranstype", oid::kInternal);
  }
}

void system_operators(RowWriter& out) {
  for (const BuiltinOperator& op : builtin_operators()) {
    out.row().set("oid", op.oid).set("oprname", op.name).set("oprnamespace", kPgCatalogSchema);
    out.set("oprowner", kBootstrapRole).set("oprkind", op.left == 0 ? 'l' : 'b').set("oprcanmerge", op.can_merge);
    out.set("oprcanhash", op.can_hash).set("oprleft", op.left).set("oprright", op.right).set("oprresult", op.result);
    out.set("oprcom", op.commutator).set("oprnegate", op.negator).set("oprcode", op.function);
  }
}

void system_families(RowWriter& out) {
  for (const OperatorFamily& f : operator_families()) {
    out.row().set("oid", f.oid).set("opfmethod", f.method).set("opfname", f.name);
    out.set("opfnamespace", kPgCatalogSchema).set("opfowner", kBootstrapRole);
  }
}

void system_classes(RowWriter& out) {
  for (const OperatorClass& c : operator_classes()) {
    out.row().set("oid", c.oid).set("opcmethod", c.method).set("opcname", c.name);
    out.set("opcnamespace", kPgCatalogSchema).set("opcowner", kBootstrapRole).set("opcfamily", c.family);
    out.set("opcintype", c.type).set("opcdefault", c.is_default);
  }
}

void system_access_methods(RowWriter& out) {
  out.row().set("oid", 2).set("amname", "heap").set("amhandler", 3).set("amtype", 't');
  out.row().set("oid", 403).set("amname", "btree").set("amhandler", 330).set("amtype", 'i');
  out.row().set("oid", 405).set("amname", "hash").set("amhandler", 331).set("amtype", 'i');
  out.row().set("oid", 783).set("amname", "gist").set("amhandler", 332).set("amtype", 'i');
  out.row().set("oid", 4000).set("amname", "spgist").set("amhandler", 334).set("amtype", 'i');
}

void system_languages(RowWriter& out) {
  const auto add = [&](Oid oid, std::string_view name, bool trusted) {
    out.row().set("oid", oid).set("lanname", name).set("lanowner", kBootstrapRole).set("lanpltrusted", trusted);
  };
  add(kInternalLanguage, "internal", false);
  add(kSqlLanguage, "sql", true);
}

}  // namespace

void provide_functions(Providers& to) {
  to.builtin("pg_proc", system_functions);
  to.builtin("pg_aggregate", system_aggregates);
  to.builtin("pg_operator", system_operators);
  to.builtin("pg_opfamily", system_families);
  to.builtin("pg_opclass", system_classes);
  to.builtin("pg_am", system_access_methods);
  to.builtin("pg_language", system_languages);
}

}  // namespace troupe
