// GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

const Privilege* parse_privilege(TokenStream& in) {
  auto* privilege = in.make<Privilege>();
  if (in.at(Keyword::kAlter, Keyword::kSystem)) {
    in.skip();
    in.skip();
    privilege->name = "alter system";
    return privilege;
  }
  const bool keyword = in.at(Keyword::kSelect) || in.at(Keyword::kReferences) || in.at(Keyword::kCreate);
  privilege->name = keyword ? parse_label(in) : parse_column_name(in);
  privilege->columns = parse_optional_names(in);
  return privilege;
}

struct Privileges {
  bool all = false;
  List<std::string_view> all_columns;
  List<const Privilege*> list;
};

Privileges parse_privileges(TokenStream& in) {
  Privileges privileges;
  privileges.all = in.accept(Keyword::kAll);
  if (privileges.all) {
    in.accept(Keyword::kPrivileges);
    privileges.all_columns = parse_optional_names(in);
  } else {
    privileges.list = parse_list(in, parse_privilege);
  }
  return privileges;
}

const RoleName* parse_grantee(TokenStream& in) {
  if (in.at(Keyword::kGroup)) in.skip();
  return parse_role(in);
}

ObjectKind parse_plural_kind(TokenStream& in, bool defaults) {
  if (in.accept(Keyword::kTables)) return ObjectKind::kTable;
  if (in.accept(Keyword::kSequences)) return ObjectKind::kSequence;
  if (in.accept(Keyword::kFunctions)) return ObjectKind::kFunction;
  if (in.accept(Keyword::kRoutines)) return ObjectKind::kRoutine;
  if (!defaults && in.accept(Keyword::kProcedures)) return ObjectKind::kProcedure;
  if (defaults && in.accept(Keyword::kTypes)) return ObjectKind::kType;
  if (defaults && in.accept(Keyword::kSchemas)) return ObjectKind::kSchema;
  in.fail();
}

// Kinds that GRANT names in the singular; a table needs no word.
ObjectKind parse_target_kind(TokenStream& in) {
  const auto take = [&in](ObjectKind kind) {
    in.skip();
    return kind;
  };
  if (!in.at(TokenKind::kWord)) return ObjectKind::kTable;
  if (in.at_word("stream")) return take(ObjectKind::kStream);
  switch (in.keyword()) {
    case Keyword::kTable: return take(ObjectKind::kTable);
    case Keyword::kSequence: return take(ObjectKind::kSequence);
    case Keyword::kFunction: return take(ObjectKind::kFunction);
    case Keyword::kProcedure: return take(ObjectKind::kProcedure);
    case Keyword::kRoutine: return take(ObjectKind::kRoutine);
    case Keyword::kDatabase: return take(ObjectKind::kDatabase);
    case Keyword::kDomain: return take(ObjectKind::kDomain);
    case Keyword::kLanguage: return take(ObjectKind::kLanguage);
    case Keyword::kParameter: return take(ObjectKind::kParameter);
    case Keyword::kSchema: return take(ObjectKind::kSchema);
    case Keyword::kTablespace: return take(ObjectKind::kTablespace);
    case Keyword::kType: return take(ObjectKind::kType);
    case Keyword::kLarge:
      in.skip();
      in.expect(Keyword::kObject);
      return ObjectKind::kLargeObject;
    case Keyword::kForeign:
      in.skip();
      if (in.accept(Keyword::kServer)) return ObjectKind::kForeignServer;
      in.expect(Keyword::kData, Keyword::kWrapper);
      return ObjectKind::kForeignDataWrapper;
    default: return ObjectKind::kTable;
  }
}

// TABLE and others may also be names: GRANT SELECT ON schema TO x.
bool at_bare_name(TokenStream& in) {
  if (!can_name_column(in.token())) return false;
  const Token& next = in.peek(1);
  return next.kind == TokenKind::kComma || next.kind == TokenKind::kDot ||
         (next.kind == TokenKind::kWord && (next.keyword == Keyword::kTo || next.keyword == Keyword::kFrom));
}

List<const ObjectRef*> parse_objects(TokenStream& in, ObjectKind kind) {
  if (kind == ObjectKind::kType || kind == ObjectKind::kDomain) {
    return parse_list(in, [kind](TokenStream& s) -> const ObjectRef* {
      const uint32_t at = s.position();
      return make_object_ref(s, kind, parse_any_name(s), at);
    });
  }
  return parse_list(in, [kind](TokenStream& s) { return parse_object_ref(s, kind); });
}

void parse_target(TokenStream& in, GrantStatement* grant) {
  if (in.accept(Keyword::kAll)) {
    grant->target = GrantTarget::kAllInSchema;
    grant->object = parse_plural_kind(in, false);
    in.expect(Keyword::kIn, Keyword::kSchema);
    grant->objects = parse_objects(in, ObjectKind::kSchema);
    return;
  }
  grant->object = at_bare_name(in) ? ObjectKind::kTable : parse_target_kind(in);
  grant->objects = parse_objects(in, grant->object);
}

void set_privileges(GrantStatement* grant, const Privileges& privileges) {
  grant->privileges = privileges.list;
  grant->all_columns = privileges.all_columns;
}

void parse_grantor(TokenStream& in, const RoleName** grantor) {
  if (!in.accept(Keyword::kGranted)) return;
  in.expect(Keyword::kBy);
  *grantor = parse_role(in);
}

bool accept_with_option(TokenStream& in, Keyword kind) {
  if (!in.accept(Keyword::kWith)) return false;
  in.expect(kind, Keyword::kOption);
  return true;
}

bool accept_option_for(TokenStream& in, Keyword kind) {
  if (!in.at(kind, Keyword::kOption)) return false;
  in.skip();
  in.skip();
  in.expect(Keyword::kFor);
  return true;
}

// TO or FROM roles and what follows, of GRANT and REVOKE of object privileges.
void parse_grant_rest(TokenStream& in, GrantStatement* grant) {
  in.expect(grant->grant ? Keyword::kTo : Keyword::kFrom);
  grant->grantees = parse_list(in, parse_grantee);
  if (grant->grant) grant->grant_option = accept_with_option(in, Keyword::kGrant);
  parse_grantor(in, &grant->grantor);
  if (!grant->grant) grant->behavior = parse_drop_behavior(in);
}

Statement* parse_role_grant(TokenStream& in, const Privileges& privileges, bool grant, bool admin_option,
                            uint32_t position) {
  auto* node = in.make<GrantRoleStatement>(position);
  node->grant = grant;
  node->roles = privileges.list;
  in.expect(grant ? Keyword::kTo : Keyword::kFrom);
  node->grantees = parse_roles(in);
  node->admin_option = grant ? accept_with_option(in, Keyword::kAdmin) : admin_option;
  parse_grantor(in, &node->grantor);
  if (!grant) node->behavior = parse_drop_behavior(in);
  return node;
}

Statement* parse_grant_or_revoke(TokenStream& in, bool grant) {
  const uint32_t position = in.position();
  in.skip();
  const bool grant_option = !grant && accept_option_for(in, Keyword::kGrant);
  const bool admin_option = !grant && !grant_option && accept_option_for(in, Keyword::kAdmin);
  const Privileges privileges = parse_privileges(in);
  if (!in.at(Keyword::kOn)) {
    if (privileges.all || grant_option) in.fail();
    return parse_role_grant(in, privileges, grant, admin_option, position);
  }
  if (admin_option) in.fail();
  auto* node = in.make<GrantStatement>(position);
  in.skip();
  node->grant = grant;
  node->grant_option = grant_option;
  set_privileges(node, privileges);
  parse_target(in, node);
  parse_grant_rest(in, node);
  return node;
}

}  // namespace

Statement* parse_grant(TokenStream& in) { return parse_grant_or_revoke(in, true); }
Statement* parse_revoke(TokenStream& in) { return parse_grant_or_revoke(in, false); }

Statement* parse_alter_default_privileges(TokenStream& in, uint32_t position) {
  auto* alter = in.make<AlterDefaultPrivilegesStatement>(position);
  in.expect(Keyword::kPrivileges);
  for (;;) {
    if (in.accept(Keyword::kIn)) {
      in.expect(Keyword::kSchema);
      alter->schemas = parse_column_names(in);
    } else if (in.accept(Keyword::kFor)) {
      if (!in.accept(Keyword::kRole)) in.expect(Keyword::kUser);
      alter->roles = parse_roles(in);
    } else {
      break;
    }
  }
  auto* grant = in.make<GrantStatement>();
  grant->grant = in.accept(Keyword::kGrant);
  if (!grant->grant) {
    in.expect(Keyword::kRevoke);
    grant->grant_option = accept_option_for(in, Keyword::kGrant);
  }
  set_privileges(grant, parse_privileges(in));
  in.expect(Keyword::kOn);
  grant->target = GrantTarget::kDefaults;
  grant->object = parse_plural_kind(in, true);
  parse_grant_rest(in, grant);
  alter->action = grant;
  return alter;
}

}  // namespace troupe::sql
