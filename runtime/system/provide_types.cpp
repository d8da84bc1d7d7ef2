/// pg_type, pg_enum, pg_cast, pg_collation.
#include "runtime/system/acl_text.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/providers.hpp"
#include "runtime/types/cast.hpp"
#include "runtime/types/range.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

void system_types(RowWriter& out) {
  for (const TypeInfo& type : all_types()) {
    const TypeSupport* support = find_type_support(type.oid);
    const TypeSupport none{};
    const TypeSupport& s = support != nullptr ? *support : none;
    out.row().set("oid", type.oid).set("typname", type.name).set("typnamespace", kPgCatalogSchema);
    out.set("typowner", kBootstrapRole).set("typlen", type.typlen).set("typbyval", type.by_value);
    out.set("typtype", type.kind).set("typcategory", type.category).set("typispreferred", type.preferred);
    out.set("typisdefined", true).set("typdelim", type.delimiter()).set("typsubscript", s.subscript);
    out.set("typelem", type.element).set("typarray", type.array).set("typinput", s.input).set("typoutput", s.output);
    out.set("typreceive", s.receive).set("typsend", s.send).set("typmodin", s.modin).set("typmodout", s.modout);
    out.set("typanalyze", s.analyze).set("typalign", type.align).set("typstorage", s.storage).set("typtypmod", -1);
    out.set("typcollation", s.collation);
  }
}

/// Between the values of two labels that CREATE TYPE made (runtime/plan/ddl_type.cpp).
constexpr double kLabelGap = 4294967296.0;

// Support functions of PostgreSQL's enums and domains.
constexpr Oid kEnumIn = 3506, kEnumOut = 3507, kEnumReceive = 3532, kEnumSend = 3533, kDomainIn = 2597,
              kDomainReceive = 2598;

void write_enum_type(const TypeDef& type, const Catalog& catalog, RowWriter& out) {
  out.row().set("oid", type.oid).set("typname", type.name).set("typnamespace", type.schema);
  out.set("typowner", type.owner).set("typlen", 4).set("typbyval", true).set("typtype", 'e').set("typcategory", 'E');
  out.set("typisdefined", true).set("typdelim", ',').set("typarray", type.array_type);
  out.set("typinput", kEnumIn).set("typoutput", kEnumOut);
  out.set("typreceive", kEnumReceive).set("typsend", kEnumSend).set("typalign", 'i').set("typstorage", 'p');
  out.set("typtypmod", -1).set("typacl", acl_array(catalog, type.acl));
}

/// Support functions of all arrays.
constexpr Oid kArrayIn = 750, kArrayOut = 751, kArrayReceive = 2400, kArraySend = 2401, kArrayAnalyze = 3816,
              kArraySubscript = 6179;

void write_array_type(const TypeDef& type, Oid array, Oid element, std::string_view name, RowWriter& out) {
  if (array == kNoOid) return;
  out.row().set("oid", array).set("typname", cat("_", name)).set("typnamespace", type.schema);
  out.set("typowner", type.owner).set("typlen", -1).set("typbyval", false).set("typtype", 'b').set("typcategory", 'A');
  out.set("typisdefined", true).set("typdelim", ',');
  out.set("typsubscript", kArraySubscript).set("typelem", element).set("typinput", kArrayIn);
  out.set("typoutput", kArrayOut).set("typreceive", kArrayReceive).set("typsend", kArraySend);
  out.set("typanalyze", kArrayAnalyze).set("typalign", type_info(array).align);
  out.set("typstorage", 'x').set("typtypmod", -1);
}

void write_domain_type(const TypeDef& type, const Catalog& catalog, RowWriter& out) {
  const TypeInfo* base = find_type(type.base);
  const TypeSupport* support = find_type_support(type.base);
  out.row().set("oid", type.oid).set("typname", type.name).set("typnamespace", type.schema);
  out.set("typowner", type.owner).set("typlen", base != nullptr ? base->typlen : int16_t{4});
  out.set("typbyval", base == nullptr || base->by_value).set("typtype", 'd');
  out.set("typcategory", base != nullptr ? base->category : 'E').set("typisdefined", true).set("typdelim", ',');
  out.set("typarray", type.array_type).set("typinput", kDomainIn).set("typoutput", support != nullptr ? support->output : kEnumOut);
  out.set("typreceive", kDomainReceive).set("typsend", support != nullptr ? support->send : kEnumSend);
  out.set("typalign", base != nullptr ? base->align : 'i');
  out.set("typstorage", support != nullptr ? support->storage : 'p').set("typnotnull", type.not_null);
  out.set("typbasetype", type.base).set("typtypmod", type.base_typmod);
  out.set("typcollation", support != nullptr ? support->collation : kNoOid);
  if (!type.default_sql.empty()) out.set("typdefault", type.default_sql);
  out.set("typacl", acl_array(catalog, type.acl));
}

// Support functions that say that there is only a shell.
constexpr Oid kShellIn = 2398, kShellOut = 2399;

void write_shell_type(const TypeDef& type, const Catalog& catalog, RowWriter& out) {
  out.row().set("oid", type.oid).set("typname", type.name).set("typnamespace", type.schema);
  out.set("typowner", type.owner).set("typlen", 4).set("typbyval", true).set("typtype", 'p').set("typcategory", 'P');
  out.set("typisdefined", false).set("typdelim", ',').set("typinput", kShellIn).set("typoutput", kShellOut);
  out.set("typalign", 'i').set("typstorage", 'p').set("typtypmod", -1).set("typacl", acl_array(catalog, type.acl));
}

/// Of composite types, ranges and multiranges: what PostgreSQL reads and writes them with.
struct OwnSupport {
  char kind, category;
  Oid input, output, receive, send;
};
constexpr OwnSupport kComposite{'c', 'C', 2290, 2291, 2402, 2403}, kRange{'r', 'R', 3834, 3835, 3836, 3837},
    kMultirange{'m', 'R', 4231, 4232, 4233, 4234};

void write_own_type(const TypeDef& type, Oid oid, std::string_view name, Oid array, const OwnSupport& support,
                    const Catalog& catalog, RowWriter& out) {
  out.row().set("oid", oid).set("typname", name).set("typnamespace", type.schema).set("typowner", type.owner);
  out.set("typlen", -1).set("typbyval", false).set("typtype", support.kind).set("typcategory", support.category);
  out.set("typisdefined", true).set("typdelim", ',').set("typrelid", type.relation).set("typarray", array);
  out.set("typinput", support.input).set("typoutput", support.output).set("typreceive", support.receive);
  out.set("typsend", support.send).set("typalign", type_info(oid).align).set("typstorage", 'x').set("typtypmod", -1);
  out.set("typacl", acl_array(catalog, type.acl));
}

void write_type(const TypeDef& type, const Catalog& catalog, RowWriter& out) {
  switch (type.type_kind) {
    case TypeKind::enumeration: write_enum_type(type, catalog, out); break;
    case TypeKind::domain: write_domain_type(type, catalog, out); break;
    case TypeKind::shell: write_shell_type(type, catalog, out); break;
    case TypeKind::composite:
      write_own_type(type, type.oid, type.name, type.array_type, kComposite, catalog, out);
      break;
    case TypeKind::range:
      write_own_type(type, type.oid, type.name, type.array_type, kRange, catalog, out);
      write_own_type(type, type.multirange_type, type.multirange_name, type.multirange_array, kMultirange, catalog,
                     out);
      write_array_type(type, type.multirange_array, type.multirange_type, type.multirange_name, out);
      break;
  }
  write_array_type(type, type.array_type, type.oid, type.name, out);
}

void catalog_types(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const auto& type = static_cast<const TypeDef&>(*object);
    write_type(type, scan.catalog, out);
  }
  for (const ObjectKind kind : {ObjectKind::table, ObjectKind::view}) {
    for (const ObjectPtr& relation : scan.catalog.objects(kind)) {
      TypeDef rows = row_type_def(*relation);
      rows.acl = {};
      write_type(rows, scan.catalog, out);
    }
  }
}

// --- pg_range ---

void write_range(Oid range, Oid subtype, Oid multirange, Oid canonical, Oid difference, RowWriter& out) {
  const TypeSupport* support = find_type_support(subtype);
  out.row().set("rngtypid", range).set("rngsubtype", subtype).set("rngmultitypid", multirange);
  out.set("rngcollation", support != nullptr ? support->collation : kNoOid);
  out.set("rngsubopc", default_operator_class("btree", subtype)).set("rngcanonical", canonical);
  out.set("rngsubdiff", difference);
}

void system_ranges(RowWriter& out) {
  // With the functions PostgreSQL has behind them.
  const auto add = [&](Oid range, Oid canonical, Oid difference) {
    write_range(range, range_subtype_of(range), multirange_of(range), canonical, difference, out);
  };
  add(oid::kInt4Range, 3914, 3922);
  add(oid::kNumRange, 0, 3924);
  add(oid::kTsRange, 0, 3929);
  add(oid::kTstzRange, 0, 3930);
  add(oid::kDateRange, 3915, 3925);
  add(oid::kInt8Range, 3928, 3923);
}

void catalog_ranges(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const auto& type = static_cast<const TypeDef&>(*object);
    if (type.type_kind == TypeKind::range) write_range(type.oid, type.base, type.multirange_type, 0, 0, out);
  }
}

void catalog_enums(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects(ObjectKind::type)) {
    const auto& type = static_cast<const TypeDef&>(*object);
    for (size_t i = 0; i < type.labels.size(); ++i) {
      const int number = static_cast<int>(i + 1);
      const Oid oid = i < type.label_oids.size() ? type.label_oids[i] : default_oid(type.oid, number);
      // A label that came between two others has a number between theirs, as its values do.
      const double order =
          i < type.label_values.size() ? static_cast<double>(type.label_values[i]) / kLabelGap : number;
      out.row().set("oid", oid).set("enumtypid", type.oid);
      out.set("enumsortorder", static_cast<float>(order)).set("enumlabel", type.labels[i]);
    }
  }
}

void system_casts(RowWriter& out) {
  Oid next_own = kOwnOids + 1900;
  for (const CastInfo& cast : all_casts()) {
    CastOids oids{cast.from, cast.to, 0, 0};
    for (const CastOids& known : cast_oids()) {
      if (known.source == cast.from && known.target == cast.to) oids = known;
    }
    const char method = cast.by_text ? 'i' : (cast.kernel != nullptr ? 'f' : 'b');
    const char context = cast.context == CastContext::kImplicit     ? 'i'
                         : cast.context == CastContext::kAssignment ? 'a'
                                                                    : 'e';
    out.row().set("oid", oids.oid != 0 ? oids.oid : next_own++).set("castsource", cast.from);
    out.set("casttarget", cast.to).set("castfunc", oids.function).set("castcontext", context).set("castmethod", method);
  }
}

void system_collations(RowWriter& out) {
  const auto add = [&](Oid oid, std::string_view name, char provider, std::string_view locale) {
    out.row().set("oid", oid).set("collname", name).set("collnamespace", kPgCatalogSchema);
    out.set("collowner", kBootstrapRole).set("collprovider", provider).set("collisdeterministic", true);
    out.set("collencoding", -1);
    if (!locale.empty()) out.set("collcollate", locale).set("collctype", locale);
  };
  add(100, "default", 'd', "");
  add(950, "C", 'c', "C");
  add(951, "POSIX", 'c', "POSIX");
}

}  // namespace

void provide_types(Providers& to) {
  to.builtin("pg_type", system_types);
  to.catalog("pg_type", catalog_types);
  to.catalog("pg_enum", catalog_enums);
  to.builtin("pg_range", system_ranges);
  to.catalog("pg_range", catalog_ranges);
  to.builtin("pg_cast", system_casts);
  to.builtin("pg_collation", system_collations);
}

}  // namespace troupe
