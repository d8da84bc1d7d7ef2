/// has_*_privilege() and pg_has_role(): by the rights that were granted; of what has none of its own (functions, types,
/// languages, the system's relations) by PostgreSQL's defaults.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "runtime/system/function_text.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/system/session_function.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

enum class Securable : uint8_t {
  kTable,
  kSequence,
  kColumn,
  kSchema,
  kDatabase,
  kFunction,
  kType,
  kLanguage,
  kTablespace
};

/// Privileges it knows, lower case, separated by blanks.
std::string_view privileges_of(Securable kind) {
  switch (kind) {
    case Securable::kTable: return "select insert update delete truncate references trigger";
    case Securable::kColumn: return "select insert update references";
    case Securable::kSequence: return "usage select update";
    case Securable::kSchema: return "create usage";
    case Securable::kDatabase: return "create connect temporary temp";
    case Securable::kFunction: return "execute";
    case Securable::kType:
    case Securable::kLanguage: return "usage";
    case Securable::kTablespace: return "create";
  }
  return {};
}

struct WantedPrivilege {
  std::string word;
  bool grantable = false;
};

/// "select, INSERT WITH GRANT OPTION" as lower-case words.
absl::StatusOr<std::vector<WantedPrivilege>> parse_privileges(Securable kind, std::string_view text) {
  const std::vector<absl::string_view> known = absl::StrSplit(absl_view(privileges_of(kind)), ' ');
  std::vector<WantedPrivilege> out;
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ',')) {
    WantedPrivilege wanted{absl::AsciiStrToLower(absl::StripAsciiWhitespace(piece))};
    if (absl::EndsWith(wanted.word, " with grant option")) {
      wanted.word.resize(wanted.word.size() - 18);
      wanted.grantable = true;
    }
    if (std::find(known.begin(), known.end(), wanted.word) == known.end()) {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized privilege type: \"",
                   std::string(absl::StripAsciiWhitespace(piece)), "\"");
    }
    out.push_back(std::move(wanted));
  }
  return out;
}

Privileges bit_of(std::string_view word) {
  if (word == "temp") return kTemporary;
  const std::string upper = absl::AsciiStrToUpper(absl_view(word));
  for (Privileges bit = 1; bit <= kAlterSystem; bit <<= 1) {
    if (privilege_name(bit) == upper) return bit;
  }
  return 0;
}

absl::StatusOr<Oid> role_of(SystemSession& session, std::string_view name) {
  if (name == "public") return kNoOid;
  if (const ObjectDef* role = session.catalog()->find_role(name)) return role->oid;
  return error(ErrorCode::kUndefinedObject, "role \"", name, "\" does not exist");
}

absl::StatusOr<Oid> object_of(SystemSession& session, Securable kind, std::string_view name) {
  const CatalogNames names(session);
  switch (kind) {
    case Securable::kTable:
    case Securable::kSequence:
    case Securable::kColumn: return names.oid_of(oid::kRegclass, name);
    case Securable::kSchema: return names.oid_of(oid::kRegnamespace, name);
    case Securable::kFunction: return names.oid_of(oid::kRegprocedure, name);
    case Securable::kType: return names.oid_of(oid::kRegtype, name);
    case Securable::kDatabase: {
      if (const ObjectDef* database = session.catalog()->find_database(name)) return database->oid;
      return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist");
    }
    case Securable::kLanguage: return Oid{12};
    case Securable::kTablespace: return Oid{1663};
  }
  return kNoOid;
}

/// What everybody may do with what has no rights of its own.
bool public_may(Securable kind, Oid object, std::string_view privilege) {
  switch (kind) {
    case Securable::kTable:
    case Securable::kColumn: return privilege == "select" && find_system_relation(object) != nullptr;
    case Securable::kFunction:
    case Securable::kType:
    case Securable::kLanguage: return true;
    default: return false;
  }
}

bool exists(const Catalog& catalog, Securable kind, Oid object) {
  switch (kind) {
    case Securable::kFunction: return find_builtin_function(object) != nullptr || find_function(catalog, object) != nullptr;
    case Securable::kType: return find_type(object) != nullptr || catalog.find(object) != nullptr;
    case Securable::kLanguage:
    case Securable::kTablespace: return true;
    case Securable::kTable:
    case Securable::kColumn:
    case Securable::kSequence: {
      const ObjectDef* relation = catalog.find(object);
      return (relation != nullptr && relation->name_class() == NameClass::relation) ||
             find_system_relation(object) != nullptr;
    }
    default: return catalog.find(object) != nullptr;
  }
}

/// PUBLIC has what was granted to it.
Privileges held(const Catalog& catalog, Oid role, const ObjectDef& object, Privileges wanted, bool grantable) {
  if (role != kNoOid && !grantable) return rights_on(catalog, role, object, wanted);
  return rights_in(catalog, role, acl_of(object), object.owner, wanted, grantable);
}

bool may_one(const Catalog& catalog, Oid role, Securable kind, Oid object, const WantedPrivilege& wanted,
             const ColumnDef* column) {
  const ObjectDef* target = catalog.find(object);
  const bool own_rights = target != nullptr && (kind != Securable::kFunction || target->kind == ObjectKind::function);
  if (!own_rights) return is_superuser(catalog, role) || public_may(kind, object, wanted.word);
  const Privileges bit = bit_of(wanted.word);
  if (held(catalog, role, *target, bit, wanted.grantable) != 0) return true;
  if (kind != Securable::kColumn) return false;
  for (const ColumnDef& one : columns_of(*target)) {
    if (one.dropped || !one.acl.given || (column != nullptr && column != &one)) continue;
    if (rights_in(catalog, role, one.acl, target->owner, bit, wanted.grantable) != 0) return true;
  }
  return false;
}

/// `column` null: any column will do.
absl::StatusOr<OptionalBool> may(SystemSession& session, Oid role, Securable kind, Oid object, std::string_view text,
                                 const ColumnDef* column = nullptr) {
  TROUPE_ASSIGN_OR_RETURN(const auto wanted, parse_privileges(kind, text));
  const Catalog& catalog = *session.catalog();
  if (!exists(catalog, kind, object)) return OptionalBool();
  return OptionalBool(std::any_of(wanted.begin(), wanted.end(), [&](const WantedPrivilege& one) {
    return may_one(catalog, role, kind, object, one, column);
  }));
}

using Answer = absl::StatusOr<OptionalBool>;

template <Securable kKind>
struct Has {
  static Answer oid(SystemSession& s, int64_t object, std::string_view privilege) {
    return may(s, s.user(), kKind, static_cast<Oid>(object), privilege);
  }
  static Answer text(SystemSession& s, std::string_view name, std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid object, object_of(s, kKind, name));
    return may(s, s.user(), kKind, object, privilege);
  }
  static Answer role_oid(SystemSession& s, int64_t role, int64_t object, std::string_view privilege) {
    return may(s, static_cast<Oid>(role), kKind, static_cast<Oid>(object), privilege);
  }
  static Answer role_text(SystemSession& s, int64_t role, std::string_view name, std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid object, object_of(s, kKind, name));
    return may(s, static_cast<Oid>(role), kKind, object, privilege);
  }
  static Answer name_oid(SystemSession& s, std::string_view role, int64_t object, std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, role));
    return may(s, who, kKind, static_cast<Oid>(object), privilege);
  }
  static Answer name_text(SystemSession& s, std::string_view role, std::string_view name, std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, role));
    return role_text(s, who, name, privilege);
  }

  static void add(SessionFunctions& to, std::string_view name) {
    using namespace troupe::oid;
    to.add<Has::oid>(name, {kOid, kText}, kBool);
    to.add<Has::text>(name, {kText, kText}, kBool);
    to.add<Has::role_oid>(name, {kOid, kOid, kText}, kBool);
    to.add<Has::role_text>(name, {kOid, kText, kText}, kBool);
    to.add<Has::name_oid>(name, {kName, kOid, kText}, kBool);
    to.add<Has::name_text>(name, {kName, kText, kText}, kBool);
  }
};

// --- columns, by number or name ---

/// Errors: 42703. Nothing for a number that is no column's.
absl::StatusOr<std::optional<const ColumnDef*>> column_of(SystemSession& session, Oid table, std::string_view name) {
  const ObjectDef* object = session.catalog()->find(table);
  if (object == nullptr) return std::optional<const ColumnDef*>(nullptr);
  for (const ColumnDef& column : columns_of(*object)) {
    if (!column.dropped && column.name == name) return std::optional(&column);
  }
  return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", object->name, "\" does not exist");
}
absl::StatusOr<std::optional<const ColumnDef*>> column_of(SystemSession& session, Oid table, int16_t attnum) {
  const ObjectDef* object = session.catalog()->find(table);
  if (object == nullptr) return std::optional<const ColumnDef*>(nullptr);
  const std::vector<ColumnDef>& columns = columns_of(*object);
  if (attnum < 1 || static_cast<size_t>(attnum) > columns.size()) return std::optional<const ColumnDef*>();
  const ColumnDef& column = columns[static_cast<size_t>(attnum - 1)];
  return column.dropped ? std::optional<const ColumnDef*>() : std::optional(&column);
}

template <typename Column>
Answer may_column(SystemSession& s, Oid role, Oid table, Column column, std::string_view privilege) {
  TROUPE_ASSIGN_OR_RETURN(const auto found, column_of(s, table, column));
  if (!found) return OptionalBool();
  return may(s, role, Securable::kColumn, table, privilege, *found);
}

template <typename Column>
struct HasColumn {
  static Answer oid(SystemSession& s, int64_t table, Column column, std::string_view privilege) {
    return may_column(s, s.user(), static_cast<Oid>(table), column, privilege);
  }
  static Answer text(SystemSession& s, std::string_view table, Column column, std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid object, object_of(s, Securable::kColumn, table));
    return may_column(s, s.user(), object, column, privilege);
  }
  static Answer name_oid(SystemSession& s, std::string_view role, int64_t table, Column column,
                         std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, role));
    return may_column(s, who, static_cast<Oid>(table), column, privilege);
  }
  static Answer name_text(SystemSession& s, std::string_view role, std::string_view table, Column column,
                          std::string_view privilege) {
    TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, role));
    TROUPE_ASSIGN_OR_RETURN(const Oid object, object_of(s, Securable::kColumn, table));
    return may_column(s, who, object, column, privilege);
  }

  static void add(SessionFunctions& to, Oid column) {
    using namespace troupe::oid;
    to.add<HasColumn::oid>("has_column_privilege", {kOid, column, kText}, kBool);
    to.add<HasColumn::text>("has_column_privilege", {kText, column, kText}, kBool);
    to.add<HasColumn::name_oid>("has_column_privilege", {kName, kOid, column, kText}, kBool);
    to.add<HasColumn::name_text>("has_column_privilege", {kName, kText, column, kText}, kBool);
  }
};

// --- roles ---

/// MEMBER: may SET ROLE to it; USAGE: has its rights at once; WITH ADMIN OPTION: may pass it on.
Answer has_role(SystemSession& session, Oid member, Oid role, std::string_view text) {
  const Catalog& catalog = *session.catalog();
  if (catalog.find_as<RoleDef>(member) == nullptr || catalog.find_as<RoleDef>(role) == nullptr) return OptionalBool();
  bool any = false;
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ',')) {
    const std::string word = absl::AsciiStrToLower(absl::StripAsciiWhitespace(piece));
    if (word == "usage") {
      any = any || has_rights_of(catalog, member, role);
    } else if (word == "member") {
      any = any || is_member_of(catalog, member, role);
    } else if (absl::EndsWith(word, " with grant option") || absl::EndsWith(word, " with admin option")) {
      any = any || is_admin_of(catalog, member, role);
    } else {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized privilege type: \"",
                   std::string(absl::StripAsciiWhitespace(piece)), "\"");
    }
  }
  return OptionalBool(any);
}
Answer role_by_oid(SystemSession& s, int64_t role, std::string_view privilege) {
  return has_role(s, s.user(), static_cast<Oid>(role), privilege);
}
Answer role_by_name(SystemSession& s, std::string_view role, std::string_view privilege) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, role_of(s, role));
  return has_role(s, s.user(), oid, privilege);
}
Answer role_by_oids(SystemSession& s, int64_t member, int64_t role, std::string_view privilege) {
  return has_role(s, static_cast<Oid>(member), static_cast<Oid>(role), privilege);
}
Answer role_by_names(SystemSession& s, std::string_view member, std::string_view role, std::string_view privilege) {
  TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, member));
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, role_of(s, role));
  return has_role(s, who, oid, privilege);
}
Answer role_by_name_oid(SystemSession& s, std::string_view member, int64_t role, std::string_view privilege) {
  TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, member));
  return has_role(s, who, static_cast<Oid>(role), privilege);
}
Answer role_by_oid_name(SystemSession& s, int64_t member, std::string_view role, std::string_view privilege) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, role_of(s, role));
  return has_role(s, static_cast<Oid>(member), oid, privilege);
}

bool row_security_active(SystemSession& s, int64_t oid) {
  const TableDef* table = s.catalog()->find_table(static_cast<Oid>(oid));
  return table != nullptr && is_under_row_security(*s.catalog(), s.user(), *table);
}
absl::StatusOr<bool> row_security_active_by_name(SystemSession& s, std::string_view name) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, object_of(s, Securable::kTable, name));
  return row_security_active(s, oid);
}

}  // namespace

void register_privilege_functions(SessionFunctions& to) {
  using namespace oid;
  Has<Securable::kTable>::add(to, "has_table_privilege");
  Has<Securable::kColumn>::add(to, "has_any_column_privilege");
  Has<Securable::kSequence>::add(to, "has_sequence_privilege");
  Has<Securable::kSchema>::add(to, "has_schema_privilege");
  Has<Securable::kDatabase>::add(to, "has_database_privilege");
  Has<Securable::kFunction>::add(to, "has_function_privilege");
  Has<Securable::kType>::add(to, "has_type_privilege");
  Has<Securable::kLanguage>::add(to, "has_language_privilege");
  Has<Securable::kTablespace>::add(to, "has_tablespace_privilege");
  HasColumn<int16_t>::add(to, kInt2);
  HasColumn<std::string_view>::add(to, kText);
  to.add<role_by_oid>("pg_has_role", {kOid, kText}, kBool);
  to.add<role_by_name>("pg_has_role", {kName, kText}, kBool);
  to.add<role_by_oids>("pg_has_role", {kOid, kOid, kText}, kBool);
  to.add<role_by_names>("pg_has_role", {kName, kName, kText}, kBool);
  to.add<role_by_name_oid>("pg_has_role", {kName, kOid, kText}, kBool);
  to.add<role_by_oid_name>("pg_has_role", {kOid, kName, kText}, kBool);
  to.add<row_security_active>("row_security_active", {kOid}, kBool);
  to.add<row_security_active_by_name>("row_security_active", {kText}, kBool);
}

}  // namespace troupe
