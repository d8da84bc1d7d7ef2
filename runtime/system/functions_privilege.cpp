/// has_*_privilege() and pg_has_role(). A superuser may do everything, an owner everything with what is its own, others
/// what PostgreSQL grants to PUBLIC by default.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/system/session_function.hpp"

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

/// "select, INSERT WITH GRANT OPTION" as lower-case words without the option.
absl::StatusOr<std::vector<std::string>> parse_privileges(Securable kind, std::string_view text) {
  const std::vector<absl::string_view> known = absl::StrSplit(absl_view(privileges_of(kind)), ' ');
  std::vector<std::string> out;
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ',')) {
    std::string word = absl::AsciiStrToLower(absl::StripAsciiWhitespace(piece));
    if (absl::EndsWith(word, " with grant option")) word.resize(word.size() - 18);
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized privilege type: \"", text, "\"");
    }
    out.push_back(std::move(word));
  }
  return out;
}

absl::StatusOr<Oid> role_of(SystemSession& session, std::string_view name) {
  if (const ObjectDef* role = session.catalog()->find(NameClass::role, kNoOid, name)) return role->oid;
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
      if (const ObjectDef* database = session.catalog()->find(NameClass::database, kNoOid, name)) return database->oid;
      return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist");
    }
    case Securable::kLanguage: return Oid{12};
    case Securable::kTablespace: return Oid{1663};
  }
  return kNoOid;
}

bool public_may(Securable kind, Oid object, std::string_view privilege) {
  switch (kind) {
    case Securable::kTable:
    case Securable::kColumn: return privilege == "select" && find_system_relation(object) != nullptr;
    case Securable::kSchema:
      return privilege == "usage" && (object == kPgCatalogSchema || object == kInformationSchema ||
                                      object == kPublicSchema || object == kSysSchema);
    case Securable::kDatabase: return privilege != "create";
    case Securable::kFunction:
    case Securable::kType:
    case Securable::kLanguage: return true;
    case Securable::kSequence:
    case Securable::kTablespace: return false;
  }
  return false;
}

bool exists(const Catalog& catalog, Securable kind, Oid object) {
  switch (kind) {
    case Securable::kFunction: return find_builtin_function(object) != nullptr;
    case Securable::kType: return find_type(object) != nullptr || catalog.find(object) != nullptr;
    case Securable::kLanguage:
    case Securable::kTablespace: return true;
    default: return catalog.find(object) != nullptr || find_system_relation(object) != nullptr;
  }
}

absl::StatusOr<OptionalBool> may(SystemSession& session, Oid role, Securable kind, Oid object, std::string_view text) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> wanted, parse_privileges(kind, text));
  const Catalog& catalog = *session.catalog();
  if (!exists(catalog, kind, object)) return OptionalBool();
  const auto* def = catalog.find_as<RoleDef>(role);
  const ObjectDef* target = catalog.find(object);
  if (def != nullptr && (def->superuser || (target != nullptr && target->owner == role))) return OptionalBool(true);
  return OptionalBool(std::any_of(wanted.begin(), wanted.end(),
                                  [&](const std::string& privilege) { return public_may(kind, object, privilege); }));
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

/// Column privileges are the table's; `Column` is an attnum or a name.
template <typename Column>
Answer column_of_oid(SystemSession& s, int64_t table, Column, std::string_view privilege) {
  return Has<Securable::kColumn>::oid(s, table, privilege);
}
template <typename Column>
Answer column_of_text(SystemSession& s, std::string_view table, Column, std::string_view privilege) {
  return Has<Securable::kColumn>::text(s, table, privilege);
}
template <typename Column>
Answer role_column_of_oid(SystemSession& s, std::string_view role, int64_t table, Column, std::string_view privilege) {
  return Has<Securable::kColumn>::name_oid(s, role, table, privilege);
}

Answer has_role(SystemSession& session, Oid member, Oid role) {
  const auto* def = session.catalog()->find_as<RoleDef>(member);
  if (def == nullptr || session.catalog()->find_as<RoleDef>(role) == nullptr) return OptionalBool();
  const bool direct = std::find(def->member_of.begin(), def->member_of.end(), role) != def->member_of.end();
  return OptionalBool(def->superuser || member == role || direct);
}
Answer role_by_oid(SystemSession& s, int64_t role, std::string_view) {
  return has_role(s, s.user(), static_cast<Oid>(role));
}
Answer role_by_name(SystemSession& s, std::string_view role, std::string_view) {
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, role_of(s, role));
  return has_role(s, s.user(), oid);
}
Answer role_by_oids(SystemSession& s, int64_t member, int64_t role, std::string_view) {
  return has_role(s, static_cast<Oid>(member), static_cast<Oid>(role));
}
Answer role_by_names(SystemSession& s, std::string_view member, std::string_view role, std::string_view) {
  TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, member));
  TROUPE_ASSIGN_OR_RETURN(const Oid oid, role_of(s, role));
  return has_role(s, who, oid);
}
Answer role_by_name_oid(SystemSession& s, std::string_view member, int64_t role, std::string_view) {
  TROUPE_ASSIGN_OR_RETURN(const Oid who, role_of(s, member));
  return has_role(s, who, static_cast<Oid>(role));
}

bool row_security_active(SystemSession&, int64_t) { return false; }

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
  to.add<column_of_oid<int16_t>>("has_column_privilege", {kOid, kInt2, kText}, kBool);
  to.add<column_of_oid<std::string_view>>("has_column_privilege", {kOid, kText, kText}, kBool);
  to.add<column_of_text<int16_t>>("has_column_privilege", {kText, kInt2, kText}, kBool);
  to.add<column_of_text<std::string_view>>("has_column_privilege", {kText, kText, kText}, kBool);
  to.add<role_column_of_oid<int16_t>>("has_column_privilege", {kName, kOid, kInt2, kText}, kBool);
  to.add<role_column_of_oid<std::string_view>>("has_column_privilege", {kName, kOid, kText, kText}, kBool);
  to.add<role_by_oid>("pg_has_role", {kOid, kText}, kBool);
  to.add<role_by_name>("pg_has_role", {kName, kText}, kBool);
  to.add<role_by_oids>("pg_has_role", {kOid, kOid, kText}, kBool);
  to.add<role_by_names>("pg_has_role", {kName, kName, kText}, kBool);
  to.add<role_by_name_oid>("pg_has_role", {kName, kOid, kText}, kBool);
  to.add<row_security_active>("row_security_active", {kOid}, kBool);
}

}  // namespace troupe
