// Roles.
#include "runtime/sql/grammar_ddl.hpp"

namespace troupe::sql {
namespace {

struct RoleLists {
  ListBuilder<const Option*> options;
  List<const RoleName*> members;
  List<const RoleName*> admin_members;
  List<const RoleName*> in_roles;

  explicit RoleLists(TokenStream& in) : options{in} {}
};

// superuser, nologin, …: an attribute's name and whether it is switched off.
bool parse_attribute_word(std::string_view word, std::string_view* name, bool* value) {
  constexpr std::string_view kAttributes[] = {"superuser", "createrole", "createdb", "login", "replication",
                                              "bypassrls", "inherit"};
  *value = !word.starts_with("no");
  const std::string_view bare = *value ? word : word.substr(2);
  for (const std::string_view attribute : kAttributes) {
    if (bare == attribute) {
      *name = attribute;
      return true;
    }
  }
  return false;
}

void parse_password(TokenStream& in, RoleLists* lists, uint32_t position) {
  const uint32_t at = in.position();
  const Node* value = in.accept(Keyword::kNull) ? make_literal(in, LiteralType::kNull, at)
                                                : make_string(in, parse_string(in), at);
  lists->options.add(make_option(in, "password", value, position));
}

void parse_attribute(TokenStream& in, RoleLists* lists) {
  const uint32_t position = in.position();
  if (in.at(TokenKind::kWord) && in.keyword() != Keyword::kNoKeyword && !in.at(Keyword::kInherit)) in.fail();
  const std::string_view word = parse_word(in);
  std::string_view name;
  bool value = false;
  if (!parse_attribute_word(word, &name, &value))
    in.fail(ErrorCode::kSyntaxError, position, cat("unrecognized role option \"", word, "\""));
  lists->options.add(make_option(in, name, make_boolean(in, value, position), position));
}

// What CREATE ROLE and ALTER ROLE share.
void parse_role_option(TokenStream& in, RoleLists* lists) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kPassword)) {
    parse_password(in, lists, position);
  } else if (in.at(Keyword::kEncrypted, Keyword::kPassword)) {
    in.skip();
    in.skip();
    parse_password(in, lists, position);
  } else if (in.at(Keyword::kUnencrypted)) {
    in.fail(ErrorCode::kFeatureNotSupported, position, "UNENCRYPTED PASSWORD is no longer supported",
            "Remove UNENCRYPTED to store the password in encrypted form instead.");
  } else if (in.accept(Keyword::kConnection)) {
    in.expect(Keyword::kLimit);
    const Node* limit = make_integer(in, parse_signed_integer(in), position);
    lists->options.add(make_option(in, "connection_limit", limit, position));
  } else if (in.accept(Keyword::kValid)) {
    in.expect(Keyword::kUntil);
    lists->options.add(make_option(in, "valid_until", make_string(in, parse_string(in), position), position));
  } else if (in.accept(Keyword::kUser)) {
    lists->members = parse_roles(in);
  } else {
    parse_attribute(in, lists);
  }
}

void parse_create_option(TokenStream& in, RoleLists* lists) {
  const uint32_t position = in.position();
  if (in.accept(Keyword::kSysid)) {
    lists->options.add(make_option(in, "sysid", make_integer(in, parse_integer(in), position), position));
  } else if (in.accept(Keyword::kAdmin)) {
    lists->admin_members = parse_roles(in);
  } else if (in.accept(Keyword::kRole)) {
    lists->members = parse_roles(in);
  } else if (in.accept(Keyword::kIn)) {
    if (!in.accept(Keyword::kRole)) in.expect(Keyword::kGroup);
    lists->in_roles = parse_roles(in);
  } else {
    parse_role_option(in, lists);
  }
}

bool at_option(const TokenStream& in) { return in.at(TokenKind::kWord) || in.at(TokenKind::kQuotedWord); }

std::string_view parse_role_id(TokenStream& in) {
  const uint32_t position = in.position();
  const RoleName* role = parse_role(in);
  switch (role->type) {
    case RoleName::Type::kNamed: return role->name;
    case RoleName::Type::kPublic: in.fail(ErrorCode::kReservedName, position, "role name \"public\" is reserved");
    case RoleName::Type::kCurrentRole:
      in.fail(ErrorCode::kReservedName, position, "CURRENT_ROLE cannot be used as a role name here");
    case RoleName::Type::kCurrentUser:
      in.fail(ErrorCode::kReservedName, position, "CURRENT_USER cannot be used as a role name here");
    case RoleName::Type::kSessionUser: break;
  }
  in.fail(ErrorCode::kReservedName, position, "SESSION_USER cannot be used as a role name here");
}

Statement* parse_role_setting(TokenStream& in, const RoleName* role, uint32_t position) {
  auto* alter = in.make<AlterRoleSetStatement>(position);
  alter->role = role;
  if (in.accept(Keyword::kIn)) {
    in.expect(Keyword::kDatabase);
    alter->database = parse_column_name(in);
  }
  alter->setting = parse_set_or_reset(in);
  return alter;
}

Statement* parse_role_rename(TokenStream& in, const RoleName* role, uint32_t position) {
  auto* rename = in.make<RenameStatement>(position);
  in.skip();
  in.expect(Keyword::kTo);
  rename->object = ObjectKind::kRole;
  rename->target = make_object_ref(in, ObjectKind::kRole, make_name(in, {role->name}), role->position);
  rename->new_name = parse_role_id(in);
  return rename;
}

}  // namespace

const RoleName* parse_role(TokenStream& in) {
  auto* role = in.make<RoleName>();
  if (in.accept(Keyword::kCurrentRole)) {
    role->type = RoleName::Type::kCurrentRole;
  } else if (in.accept(Keyword::kCurrentUser)) {
    role->type = RoleName::Type::kCurrentUser;
  } else if (in.accept(Keyword::kSessionUser)) {
    role->type = RoleName::Type::kSessionUser;
  } else {
    role->name = parse_word(in);
    if (role->name == "public") role->type = RoleName::Type::kPublic;
    if (role->name == "none") in.fail(ErrorCode::kReservedName, role->position, "role name \"none\" is reserved");
  }
  return role;
}

List<const RoleName*> parse_roles(TokenStream& in) { return parse_list(in, parse_role); }

Statement* parse_create_role(TokenStream& in, RoleKind kind, uint32_t position) {
  auto* create = in.make<CreateRoleStatement>(position);
  create->role_kind = kind;
  create->name = parse_role_id(in);
  in.accept(Keyword::kWith);
  RoleLists lists(in);
  while (at_option(in)) parse_create_option(in, &lists);
  create->options = lists.options.finish();
  create->members = lists.members;
  create->admin_members = lists.admin_members;
  create->in_roles = lists.in_roles;
  return create;
}

Statement* parse_alter_role(TokenStream& in, bool group, uint32_t position) {
  if (!group && in.accept(Keyword::kAll)) return parse_role_setting(in, nullptr, position);
  const RoleName* role = parse_role(in);
  if (in.at(Keyword::kRename)) return parse_role_rename(in, role, position);
  if (!group && (in.at(Keyword::kSet) || in.at(Keyword::kReset) || in.at(Keyword::kIn)))
    return parse_role_setting(in, role, position);
  auto* alter = in.make<AlterRoleStatement>(position);
  alter->role = role;
  alter->group = group;
  if (group) {
    alter->drop_members = in.accept(Keyword::kDrop);
    if (!alter->drop_members) in.expect(Keyword::kAdd);
    in.expect(Keyword::kUser);
    alter->members = parse_roles(in);
    return alter;
  }
  in.accept(Keyword::kWith);
  RoleLists lists(in);
  while (at_option(in)) parse_role_option(in, &lists);
  alter->options = lists.options.finish();
  alter->members = lists.members;
  return alter;
}

Statement* parse_reassign_owned(TokenStream& in) {
  auto* node = in.make<ReassignOwnedStatement>();
  in.skip();
  in.expect(Keyword::kOwned, Keyword::kBy);
  node->roles = parse_roles(in);
  in.expect(Keyword::kTo);
  node->new_owner = parse_role(in);
  return node;
}

Statement* parse_drop_owned(TokenStream& in, uint32_t position) {
  auto* node = in.make<DropOwnedStatement>(position);
  in.expect(Keyword::kBy);
  node->roles = parse_roles(in);
  node->behavior = parse_drop_behavior(in);
  return node;
}

}  // namespace troupe::sql
