/// pg_get_*def(), pg_get_expr(), comments: what catalog browsers print.
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/function_text.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/relation_cache.hpp"
#include "runtime/system/session_function.hpp"
#include "runtime/system/written_definitions.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

std::string user_by_id(SystemSession& session, int64_t role) {
  const auto* def = session.catalog()->find_as<RoleDef>(static_cast<Oid>(role));
  return def != nullptr ? def->name : cat("unknown (OID=", role, ")");
}

/// The column of the relation whose default it is; null: of none. Where columns of several types have the same one,
/// pg_attrdef says which in a comment behind the text.
const ColumnDef* column_of_default(std::string_view sql, const TableDef* table, const Catalog& catalog) {
  if (table == nullptr || sql.empty()) return nullptr;
  const size_t mark = sql.rfind(kColumnMark);
  const int attnum =
      mark == std::string_view::npos ? 0 : std::atoi(std::string(sql.substr(mark + kColumnMark.size())).c_str());
  for (const ColumnDef& column : table->columns) {
    if (column.dropped) continue;
    if (attnum != 0 ? column.attnum == attnum : default_text(catalog, column) == sql) return &column;
  }
  return nullptr;
}

std::string pretty_expression(SystemSession& session, std::string_view sql, int64_t relation, bool pretty) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  const ColumnDef* column = column_of_default(sql, table, *session.catalog());
  const auto wanted = column == nullptr ? std::nullopt : std::optional(Type{column->type, column->typmod});
  return WrittenDefinitions(session).expression(sql, table, RuleStyle{pretty, true}, wanted).text;
}
std::string expression(SystemSession& session, std::string_view sql, int64_t relation) {
  return pretty_expression(session, sql, relation, false);
}

OptionalText index_part(SystemSession& session, int64_t oid, int32_t column, bool pretty) {
  const IndexDef* index = session.catalog()->find_index(static_cast<Oid>(oid));
  if (index == nullptr) return std::nullopt;
  const WrittenDefinitions written(session);
  return column == 0 ? index_definition(written, *index, pretty)
                     : index_column_definition(written, *index, column, pretty);
}
OptionalText index_def(SystemSession& session, int64_t index) { return index_part(session, index, 0, false); }

OptionalText constraint_part(SystemSession& session, int64_t constraint, bool pretty) {
  const CatalogPtr& catalog = session.catalog();
  const Oid oid = static_cast<Oid>(constraint);
  RelationCache throw_away;
  RelationCache* cache = session.relation_cache();
  const Oid owner = (cache != nullptr ? cache : &throw_away)->constraint_owner(catalog, session.database(), oid);
  const auto found = find_constraint(*catalog, owner, oid);
  if (!found) return std::nullopt;
  return constraint_definition(*found, WrittenDefinitions(session), pretty);
}
OptionalText constraint_def(SystemSession& session, int64_t constraint) {
  return constraint_part(session, constraint, false);
}

OptionalText view_def_pretty(SystemSession& session, int64_t view, bool pretty) {
  const ObjectDef* def = session.catalog()->find(static_cast<Oid>(view));
  if (def == nullptr || !view_text(*def)) return std::nullopt;
  return WrittenDefinitions(session).view(*def, RuleStyle{pretty, true});
}
OptionalText view_def(SystemSession& session, int64_t view) { return view_def_pretty(session, view, false); }
absl::StatusOr<OptionalText> view_def_by_name_pretty(SystemSession& session, std::string_view name, bool pretty) {
  TROUPE_ASSIGN_OR_RETURN(const Oid view, CatalogNames(session).oid_of(oid::kRegclass, name));
  return view_def_pretty(session, view, pretty);
}
absl::StatusOr<OptionalText> view_def_by_name(SystemSession& session, std::string_view name) {
  return view_def_by_name_pretty(session, name, false);
}

OptionalText rule_def_pretty(SystemSession& session, int64_t rule, bool pretty) {
  const Catalog& catalog = *session.catalog();
  for (const ObjectPtr& object : catalog.views()) {
    if (rule_oid(object->oid) != static_cast<Oid>(rule)) continue;
    const WrittenDefinitions written(session);
    return cat("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO ",
               pretty ? seen_name(catalog, written.schemas(), *object) : qualified_name(catalog, *object),
               " DO INSTEAD ", written.view(*object, RuleStyle{pretty, true}));
  }
  return std::nullopt;
}
OptionalText rule_def(SystemSession& session, int64_t rule) { return rule_def_pretty(session, rule, false); }

absl::StatusOr<OptionalText> serial_sequence(SystemSession& session, std::string_view relation,
                                             std::string_view column_name) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, CatalogNames(session).oid_of(oid::kRegclass, relation));
  const TableDef* table = session.catalog()->find_table(oid);
  const ColumnDef* column = table != nullptr ? table->find_column(column_name) : nullptr;
  if (column == nullptr) {
    return error(ErrorCode::kUndefinedColumn, "column \"", column_name, "\" of relation \"", relation,
                 "\" does not exist");
  }
  for (const ObjectPtr& object : session.catalog()->objects(ObjectKind::sequence)) {
    const auto& sequence = static_cast<const SequenceDef&>(*object);
    if (sequence.owner_table != oid || sequence.owner_column != column->attnum) continue;
    return OptionalText(qualified_name(*session.catalog(), sequence));
  }
  return OptionalText();
}

// --- functions ---

std::string arguments_text(const BuiltinFunction& f) {
  std::string out;
  for (size_t i = 0; i < f.arguments.size(); ++i) {
    const bool variadic = f.variadic && i + 1 == f.arguments.size();
    out += cat(i == 0 ? "" : ", ", variadic ? "VARIADIC " : "", format_type(f.arguments[i]));
  }
  return out;
}
OptionalText function_arguments(SystemSession& session, int64_t oid) {
  if (const FunctionDef* own = find_function(*session.catalog(), oid)) {
    return function_arguments_text(*own, *session.catalog(), search_schemas(session), true);
  }
  const BuiltinFunction* f = find_builtin_function(static_cast<Oid>(oid));
  return f != nullptr ? OptionalText(arguments_text(*f)) : std::nullopt;
}
OptionalText identity_arguments(SystemSession& session, int64_t oid) {
  const FunctionDef* own = find_function(*session.catalog(), oid);
  return own != nullptr ? OptionalText(function_arguments_text(*own, *session.catalog(), search_schemas(session), false))
                        : function_arguments(session, oid);
}
OptionalText function_def(SystemSession& session, int64_t oid) {
  const FunctionDef* own = find_function(*session.catalog(), oid);
  return own != nullptr ? OptionalText(function_definition(*own, *session.catalog(), search_schemas(session))) : std::nullopt;
}
OptionalText function_body(SystemSession& session, int64_t oid) {
  const FunctionDef* own = find_function(*session.catalog(), oid);
  return own != nullptr && !own->sql_body.empty() ? OptionalText(function_body_text(*own, *session.catalog(), search_schemas(session))) : std::nullopt;
}
OptionalText function_result(SystemSession& session, int64_t oid) {
  if (const FunctionDef* own = find_function(*session.catalog(), oid)) {
    return own->procedure ? std::nullopt : OptionalText(function_result_text(*own, *session.catalog(), search_schemas(session)));
  }
  const BuiltinFunction* f = find_builtin_function(static_cast<Oid>(oid));
  return f != nullptr ? OptionalText(format_type(f->result)) : std::nullopt;
}

/// For what Troupe has no objects of: triggers, extended statistics, SQL bodies.
OptionalText nothing(SystemSession&, int64_t) { return std::nullopt; }
OptionalText nothing_pretty(SystemSession&, int64_t, bool) { return std::nullopt; }

// --- comments ---

OptionalText unless_empty(const std::string& text) { return text.empty() ? std::nullopt : OptionalText(text); }

OptionalText comment_of(SystemSession& session, int64_t object) {
  const ObjectDef* def = session.catalog()->find(static_cast<Oid>(object));
  return def != nullptr ? unless_empty(def->comment) : std::nullopt;
}
OptionalText policy_comment(const Catalog& catalog, int64_t oid) {
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    for (const PolicyDef& policy : static_cast<const TableDef&>(*object).policies) {
      if (policy.oid == static_cast<Oid>(oid)) return unless_empty(policy.comment);
    }
  }
  return std::nullopt;
}
OptionalText object_comment(SystemSession& session, int64_t object, std::string_view catalog_name) {
  if (catalog_name == "pg_policy") return policy_comment(*session.catalog(), object);
  const ObjectDef* def = session.catalog()->find(static_cast<Oid>(object));
  if (def == nullptr) return std::nullopt;
  const auto is = [&](std::string_view name) { return catalog_name == name; };
  switch (def->kind) {
    case ObjectKind::schema: return is("pg_namespace") ? unless_empty(def->comment) : std::nullopt;
    case ObjectKind::function: return is("pg_proc") ? unless_empty(def->comment) : std::nullopt;
    case ObjectKind::type: return is("pg_type") ? unless_empty(def->comment) : std::nullopt;
    case ObjectKind::role: return is("pg_authid") ? unless_empty(def->comment) : std::nullopt;
    case ObjectKind::publication: return is("pg_publication") ? unless_empty(def->comment) : std::nullopt;
    case ObjectKind::database: return is("pg_database") ? unless_empty(def->comment) : std::nullopt;
    default: return is("pg_class") ? unless_empty(def->comment) : std::nullopt;
  }
}
OptionalText column_comment(SystemSession& session, int64_t relation, int32_t attnum) {
  const ObjectDef* def = session.catalog()->find(static_cast<Oid>(relation));
  const std::vector<ColumnDef>* columns = nullptr;
  if (def != nullptr && def->kind == ObjectKind::table) columns = &static_cast<const TableDef&>(*def).columns;
  if (def != nullptr && def->kind == ObjectKind::view) columns = &static_cast<const ViewDef&>(*def).columns;
  if (columns == nullptr || attnum < 1 || attnum > static_cast<int32_t>(columns->size())) return std::nullopt;
  return unless_empty((*columns)[static_cast<size_t>(attnum - 1)].comment);
}

/// What PostgreSQL grants on a new object, for pg_dump: to the owner everything, to PUBLIC what is customary.
Value default_acl(SystemSession& session, int16_t kind, int64_t owner) {
  const std::string name = quote_identifier(user_by_id(session, owner));
  std::vector<Value> items;
  const auto grant = [&](std::string_view grantee, std::string_view rights) {
    items.push_back(Value::text(cat(grantee, "=", rights, "/", name)));
  };
  switch (static_cast<char>(kind)) {
    case 'r': grant(name, "arwdDxt"); break;
    case 's': grant(name, "rwU"); break;
    case 'd': grant("", "Tc"), grant(name, "CTc"); break;
    case 'f': grant("", "X"), grant(name, "X"); break;
    case 'l':
    case 'T': grant("", "U"), grant(name, "U"); break;
    case 'n': grant(name, "UC"); break;
    case 't': grant(name, "C"); break;
    case 'F':
    case 'S': grant(name, "U"); break;
    default: break;
  }
  return Value::text(pack_array(oid::kAclItem, Physical::kVarlen, items));
}
std::string default_acl_bytes(SystemSession& session, int16_t kind, int64_t owner) {
  return default_acl(session, kind, owner).string();
}

}  // namespace

void register_definition_functions(SessionFunctions& to) {
  using namespace oid;
  to.add<user_by_id>("pg_get_userbyid", {kOid}, kName);
  to.add<expression>("pg_get_expr", {kPgNodeTree, kOid}, kText);
  to.add<pretty_expression>("pg_get_expr", {kPgNodeTree, kOid, kBool}, kText);
  to.add<index_def>("pg_get_indexdef", {kOid}, kText);
  to.add<index_part>("pg_get_indexdef", {kOid, kInt4, kBool}, kText);
  to.add<constraint_def>("pg_get_constraintdef", {kOid}, kText);
  to.add<constraint_part>("pg_get_constraintdef", {kOid, kBool}, kText);
  to.add<view_def>("pg_get_viewdef", {kOid}, kText);
  to.add<view_def_pretty>("pg_get_viewdef", {kOid, kBool}, kText);
  to.add<view_def_by_name>("pg_get_viewdef", {kText}, kText);
  to.add<view_def_by_name_pretty>("pg_get_viewdef", {kText, kBool}, kText);
  to.add<rule_def>("pg_get_ruledef", {kOid}, kText);
  to.add<rule_def_pretty>("pg_get_ruledef", {kOid, kBool}, kText);
  to.add<serial_sequence>("pg_get_serial_sequence", {kText, kText}, kText);
  to.add<function_arguments>("pg_get_function_arguments", {kOid}, kText);
  to.add<identity_arguments>("pg_get_function_identity_arguments", {kOid}, kText);
  to.add<function_result>("pg_get_function_result", {kOid}, kText);
  to.add<function_def>("pg_get_functiondef", {kOid}, kText);
  to.add<function_body>("pg_get_function_sqlbody", {kOid}, kText);
  for (const char* name :
       {"pg_get_triggerdef", "pg_get_statisticsobjdef", "pg_get_statisticsobjdef_columns"}) {
    to.add<nothing>(name, {kOid}, kText);
  }
  to.add<nothing_pretty>("pg_get_triggerdef", {kOid, kBool}, kText);
  to.add<comment_of>("obj_description", {kOid}, kText);
  to.add<object_comment>("obj_description", {kOid, kName}, kText);
  to.add<object_comment>("shobj_description", {kOid, kName}, kText);
  to.add<column_comment>("col_description", {kOid, kInt4}, kText);
  to.add<default_acl_bytes>("acldefault", {kChar, kOid}, 1034);
}

}  // namespace troupe
