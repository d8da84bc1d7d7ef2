/// CREATE, ALTER and DROP DATABASE. What runs them sees to it that nobody is in a database that goes away.
#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "runtime/plan/ddl_rights.hpp"

namespace troupe {
namespace {

absl::Status no_database(std::string_view name) {
  return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist");
}

/// Options of CREATE and ALTER DATABASE; absent: not given, or DEFAULT.
struct DatabaseOptions {
  std::optional<std::string> owner, template_name;
  std::optional<int32_t> connection_limit;
  std::optional<bool> is_template, allow_connections;
};

const sql::Literal* literal_of(const sql::Option& option) {
  return option.value == nullptr ? nullptr : option.value->as<sql::Literal>();
}

std::string text_of(const sql::Option& option) {
  const sql::Literal* literal = literal_of(option);
  if (literal == nullptr) return {};
  if (literal->type == sql::LiteralType::kBoolean) return literal->integer != 0 ? "true" : "false";
  const bool number = literal->type == sql::LiteralType::kInt4 || literal->type == sql::LiteralType::kInt8;
  return number ? cat(literal->integer) : std::string(literal->text);
}

absl::StatusOr<bool> flag_of(const sql::Option& option) {
  const std::string text = text_of(option);
  for (const std::string_view yes : {"true", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "off", "0"}) {
    if (text == no) return false;
  }
  return error(ErrorCode::kSyntaxError, option.name, " requires a Boolean value");
}

absl::StatusOr<int32_t> connection_limit_of(const sql::Option& option) {
  const sql::Literal* literal = literal_of(option);
  if (literal == nullptr || literal->type != sql::LiteralType::kInt4) {
    return error(ErrorCode::kSyntaxError, option.name, " requires an integer value");
  }
  if (literal->integer < -1) {
    return error(ErrorCode::kInvalidParameterValue, "invalid connection limit: ", literal->integer);
  }
  return static_cast<int32_t>(literal->integer);
}

absl::Status check_encoding(const sql::Option& option) {
  const std::string name = text_of(option);
  for (const std::string_view known : {"utf8", "utf-8", "unicode", "6"}) {
    if (absl::EqualsIgnoreCase(name, absl_view(known))) return absl::OkStatus();
  }
  return with_hint(error(ErrorCode::kFeatureNotSupported, "encoding ", name, " is not supported for a database"),
                   "Databases are kept in UTF8; clients may use another client_encoding.");
}

/// Texts are compared by their code points.
absl::Status check_locale(const sql::Option& option) {
  const std::string name = text_of(option);
  for (const std::string_view known : {"C", "POSIX", "C.UTF-8", "C.utf8", "C.UTF8"}) {
    if (name == known) return absl::OkStatus();
  }
  return with_hint(error(ErrorCode::kFeatureNotSupported, "locale \"", name, "\" is not supported for a database"),
                   "Use C.UTF-8 for the database, and COLLATE where another order is wanted.");
}

absl::Status check_fixed(const sql::Option& option, std::string_view only) {
  const std::string name = text_of(option);
  if (name == only) return absl::OkStatus();
  if (option.name == "tablespace") {
    return error(ErrorCode::kUndefinedObject, "tablespace \"", name, "\" does not exist");
  }
  return error(ErrorCode::kFeatureNotSupported, option.name, " \"", name, "\" is not supported for a database");
}

absl::Status read_option(const sql::Option& option, DatabaseOptions* out) {
  const std::string_view name = option.name;
  if (option.value == nullptr) return absl::OkStatus();  // DEFAULT
  if (name == "owner") {
    out->owner = text_of(option);
  } else if (name == "template") {
    out->template_name = text_of(option);
  } else if (name == "encoding") {
    return check_encoding(option);
  } else if (name == "locale" || name == "lc_collate" || name == "lc_ctype") {
    return check_locale(option);
  } else if (name == "connection_limit") {
    TROUPE_ASSIGN_OR_RETURN(out->connection_limit, connection_limit_of(option));
  } else if (name == "is_template") {
    TROUPE_ASSIGN_OR_RETURN(out->is_template, flag_of(option));
  } else if (name == "allow_connections") {
    TROUPE_ASSIGN_OR_RETURN(out->allow_connections, flag_of(option));
  } else if (name == "tablespace") {
    return check_fixed(option, "pg_default");
  } else if (name == "locale_provider") {
    return check_fixed(option, "libc");
  } else if (name == "strategy") {
    return text_of(option) == "file_copy" ? absl::OkStatus() : check_fixed(option, "wal_log");
  }
  return absl::OkStatus();
}

absl::StatusOr<DatabaseOptions> read_options(sql::List<const sql::Option*> options, bool creates,
                                             const DdlBuilder& ddl) {
  static constexpr std::string_view kAlterable[] = {"connection_limit", "is_template", "allow_connections",
                                                    "tablespace"};
  static constexpr std::string_view kCreatable[] = {
      "owner",           "template",   "encoding",          "locale",   "lc_collate", "lc_ctype",
      "locale_provider", "icu_locale", "collation_version", "strategy", "oid"};
  DatabaseOptions read;
  std::set<std::string_view> seen;
  for (const sql::Option* option : options) {
    const auto known = [&](const auto& names) {
      return std::find(std::begin(names), std::end(names), option->name) != std::end(names);
    };
    if (!known(kAlterable) && !(creates && known(kCreatable))) {
      return ddl.fail_at(ErrorCode::kSyntaxError, *option, "option \"", option->name, "\" not recognized");
    }
    if (!seen.insert(option->name).second) {
      return ddl.fail_at(ErrorCode::kSyntaxError, *option, "conflicting or redundant options");
    }
    TROUPE_RETURN_IF_ERROR(read_option(*option, &read));
  }
  return read;
}

/// Its schemas, for a new database. What is in them is not copied.
absl::Status copy_schemas(const DatabaseDef& source, Oid database, DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().objects_of(source.oid)) {
    if (object->kind != ObjectKind::schema) {
      return with_hint(error(ErrorCode::kFeatureNotSupported, "copying database \"", source.name,
                             "\" is not supported: it is not empty"),
                       "Use TEMPLATE template0, then pg_dump of the one into the other.");
    }
    auto schema = std::make_shared<SchemaDef>(static_cast<const SchemaDef&>(*object));
    schema->oid = ddl.new_oid();
    schema->database = database;
    ddl.put(std::move(schema));
  }
  return absl::OkStatus();
}

DdlVacancy& want_vacant(const DatabaseDef& database, std::string message, DdlBuilder& ddl) {
  ddl.plan().vacancy.database = database.oid;
  ddl.plan().vacancy.message = std::move(message);
  return ddl.plan().vacancy;
}

absl::Status apply_options(const DatabaseOptions& options, DatabaseDef* database) {
  database->connection_limit = options.connection_limit.value_or(database->connection_limit);
  database->is_template = options.is_template.value_or(database->is_template);
  database->allow_connections = options.allow_connections.value_or(database->allow_connections);
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_create_database(const sql::CreateDatabaseStatement& create, DdlBuilder& ddl) {
  ddl.plan().outside_block = true;
  TROUPE_ASSIGN_OR_RETURN(const DatabaseOptions options, read_options(create.options, true, ddl));
  auto database = std::make_shared<DatabaseDef>();
  database->oid = ddl.new_oid();
  database->name = create.name;
  database->owner = ddl.context().role;
  if (options.owner) {
    const RoleDef* owner = ddl.catalog().find_role(*options.owner);
    if (owner == nullptr) return error(ErrorCode::kUndefinedObject, "role \"", *options.owner, "\" does not exist");
    database->owner = owner->oid;
  }
  const RoleDef& self = role_or_nobody(ddl.catalog(), ddl.context().role);
  if (!self.superuser && !self.create_database) {
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to create database");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_may_give(database->owner, ddl));
  if (ddl.catalog().find_database(create.name) != nullptr) {
    return error(ErrorCode::kDuplicateDatabase, "database \"", create.name, "\" already exists");
  }
  const std::string source_name = options.template_name.value_or("template1");
  const DatabaseDef* source = ddl.catalog().find_database(source_name);
  if (source == nullptr) {
    return error(ErrorCode::kInvalidCatalogName, "template database \"", source_name, "\" does not exist");
  }
  if (!source->is_template && !owns(ddl.catalog(), ddl.context().role, *source)) {
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to copy database \"", source_name, "\"");
  }
  TROUPE_RETURN_IF_ERROR(apply_options(options, database.get()));
  TROUPE_RETURN_IF_ERROR(copy_schemas(*source, database->oid, ddl));
  want_vacant(*source, cat("source database \"", source_name, "\" is being accessed by other users"), ddl);
  ddl.put(std::move(database));
  return absl::OkStatus();
}

absl::Status ddl_alter_database(const sql::AlterDatabaseStatement& alter, DdlBuilder& ddl) {
  const DatabaseDef* found = ddl.catalog().find_database(alter.name);
  if (found == nullptr) return no_database(alter.name);
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto database = std::make_shared<DatabaseDef>(*found);
  if (alter.options.size() == 1 && alter.options.front()->name == "refresh_collation_version") {
    ddl.notice(ErrorCode::kOk, "version has not changed");
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const DatabaseOptions options, read_options(alter.options, false, ddl));
  if (database->oid == ddl.catalog().database() && options.allow_connections == false) {
    return error(ErrorCode::kInvalidParameterValue, "cannot disallow connections for current database");
  }
  TROUPE_RETURN_IF_ERROR(apply_options(options, database.get()));
  ddl.put(std::move(database));
  return absl::OkStatus();
}

absl::Status ddl_rename_database(std::string_view name, std::string_view new_name, DdlBuilder& ddl) {
  const DatabaseDef* found = ddl.catalog().find_database(name);
  if (found == nullptr) return no_database(name);
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  const RoleDef& self = role_or_nobody(ddl.catalog(), ddl.context().role);
  if (!self.superuser && !self.create_database) {
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to rename database");
  }
  if (ddl.catalog().find_database(new_name) != nullptr) {
    return error(ErrorCode::kDuplicateDatabase, "database \"", new_name, "\" already exists");
  }
  if (found->oid == ddl.catalog().database()) {
    return error(ErrorCode::kFeatureNotSupported, "current database cannot be renamed");
  }
  auto database = std::make_shared<DatabaseDef>(*found);
  database->name = new_name;
  want_vacant(*found, cat("database \"", name, "\" is being accessed by other users"), ddl).closes = true;
  ddl.put(std::move(database));
  return absl::OkStatus();
}

absl::Status ddl_own_database(std::string_view name, const sql::RoleName& owner, DdlBuilder& ddl) {
  const DatabaseDef* found = ddl.catalog().find_database(name);
  if (found == nullptr) return no_database(name);
  auto database = std::make_shared<DatabaseDef>(*found);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(owner, database.get(), ddl));
  ddl.put(std::move(database));
  return absl::OkStatus();
}

absl::Status ddl_drop_database(const sql::DropDatabaseStatement& drop, DdlBuilder& ddl) {
  ddl.plan().outside_block = true;
  const DatabaseDef* database = ddl.catalog().find_database(drop.name);
  if (database == nullptr) {
    if (!drop.if_exists) return no_database(drop.name);
    ddl.notice(ErrorCode::kOk, cat("database \"", drop.name, "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*database, ddl));
  if (database->is_template) return error(ErrorCode::kWrongObjectType, "cannot drop a template database");
  if (database->oid == ddl.catalog().database()) {
    return error(ErrorCode::kObjectInUse, "cannot drop the currently open database");
  }
  DdlVacancy& vacancy =
      want_vacant(*database, cat("database \"", drop.name, "\" is being accessed by other users"), ddl);
  vacancy.closes = true;
  vacancy.evicts = !drop.options.empty();
  for (const ObjectPtr& object : ddl.catalog().objects_of(database->oid)) {
    TreeId tree = 0;
    if (object->kind == ObjectKind::table) tree = static_cast<const TableDef&>(*object).tree;
    if (object->kind == ObjectKind::index) tree = static_cast<const IndexDef&>(*object).tree;
    if (tree != 0) ddl.act(DdlAction::Kind::kDropTree).tree = tree;
    if (object->kind == ObjectKind::sequence) ddl.act(DdlAction::Kind::kDropSequence).sequence = object->oid;
    ddl.plan().changes.push_back({object->oid, nullptr});
  }
  ddl.plan().changes.push_back({database->oid, nullptr});
  return absl::OkStatus();
}

}  // namespace troupe
