#include <algorithm>

#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/sql/ast_group.hpp"

namespace troupe {

DdlBuilder::DdlBuilder(const PlanContext& context, Binder& binder, std::string_view tag)
    : context_{context}, binder_{binder} {
  plan_->tag = tag;
  plan_->counters = context.catalog->counters();
}

const ObjectDef* DdlBuilder::find(Oid oid) const {
  for (size_t i = plan_->changes.size(); i-- > 0;) {
    if (plan_->changes[i].oid == oid) return plan_->changes[i].object.get();
  }
  return catalog().find(oid);
}

const ObjectDef* DdlBuilder::find_relation(Oid schema, std::string_view name) const {
  for (size_t i = plan_->changes.size(); i-- > 0;) {
    const ObjectDef* object = plan_->changes[i].object.get();
    if (object != nullptr && object->name_class() == NameClass::relation && object->schema == schema &&
        object->name == name) {
      return object;
    }
  }
  const ObjectDef* object = catalog().find_relation(schema, name);
  // Dropped or renamed by this very statement?
  return object != nullptr && find(object->oid) != object ? nullptr : object;
}

const ObjectDef* DdlBuilder::find_named(std::string_view schema, std::string_view name) const {
  if (!schema.empty()) {
    const SchemaDef* found = catalog().find_schema(schema);
    return found == nullptr ? nullptr : find_relation(found->oid, name);
  }
  for (const Oid oid : context_.search_path) {
    if (const ObjectDef* object = find_relation(oid, name)) return object;
  }
  return nullptr;
}

void DdlBuilder::put(std::shared_ptr<const ObjectDef> object) {
  const Oid oid = object->oid;
  const bool takes_rights = object->name_class() == NameClass::relation || object->kind == ObjectKind::schema ||
                            object->kind == ObjectKind::type || object->kind == ObjectKind::function;
  if (takes_rights && !object->acl.given && catalog().find_anywhere(oid) == nullptr) {
    if (Acl acl = ddl_new_acl(*object, *this); acl.given) {
      std::shared_ptr<ObjectDef> guarded = copy_object(*object);
      guarded->acl = std::move(acl);
      object = std::move(guarded);
    }
  }
  for (CatalogChange& change : plan_->changes) {
    if (change.oid == oid) {
      change.object = std::move(object);
      return;
    }
  }
  plan_->changes.push_back({oid, std::move(object)});
}

void DdlBuilder::drop(Oid oid) {
  for (CatalogChange& change : plan_->changes) {
    if (change.oid == oid) {
      change.object = nullptr;
      return;
    }
  }
  plan_->changes.push_back({oid, nullptr});
}

std::shared_ptr<TableDef> DdlBuilder::edit_table(Oid oid) const {
  const ObjectDef* object = find(oid);
  TROUPE_CHECK(object != nullptr && object->kind == ObjectKind::table);
  return std::make_shared<TableDef>(static_cast<const TableDef&>(*object));
}

void DdlBuilder::lock(Oid table, bool exclusive) {
  for (DdlLock& known : plan_->locks) {
    if (known.table == table) {
      known.exclusive = known.exclusive || exclusive;
      return;
    }
  }
  plan_->locks.push_back({table, exclusive});
}

void DdlBuilder::notice(ErrorCode code, std::string message, std::string detail) {
  plan_->notices.push_back({"NOTICE", code, std::move(message), std::move(detail)});
}

DdlAction& DdlBuilder::act(DdlAction::Kind kind) {
  plan_->actions.emplace_back();
  plan_->actions.back().kind = kind;
  return plan_->actions.back();
}

absl::Status DdlBuilder::at(absl::Status status, const sql::Node& node) const {
  return with_position(std::move(status), sql::character_position(context_.text, node.position));
}

absl::Status DdlBuilder::check_database(const sql::Node& node, std::string_view database, std::string_view schema,
                                        std::string_view name) const {
  if (database.empty() || database == binder_.database_name()) return absl::OkStatus();
  return fail_at(ErrorCode::kFeatureNotSupported, node, "cross-database references are not implemented: \"", database,
                 ".", schema, ".", name, "\"");
}

absl::StatusOr<Oid> DdlBuilder::schema_for(const sql::TableRef& ref) const {
  TROUPE_RETURN_IF_ERROR(check_database(ref, ref.catalog, ref.schema, ref.name));
  return schema_for(ref.schema, ref);
}

Oid first_permanent_schema(std::span<const Oid> path, const Catalog& catalog) {
  for (const Oid oid : path) {
    const auto* schema = catalog.find_as<SchemaDef>(oid);
    if (schema != nullptr && !schema->name.starts_with(kTemporarySchemaPrefix)) return oid;
  }
  return kNoOid;
}

absl::StatusOr<Oid> DdlBuilder::schema_for(const sql::TableRef& ref, sql::Persistence persistence) const {
  if (persistence != sql::Persistence::kTemporary) return schema_for(ref);
  for (const Oid oid : context_.search_path) {
    const auto* schema = catalog().find_as<SchemaDef>(oid);
    if (schema == nullptr || !schema->name.starts_with(kTemporarySchemaPrefix)) continue;
    if (ref.schema.empty() || ref.schema == "pg_temp" || ref.schema == schema->name) return oid;
    return at(error(ErrorCode::kInvalidTableDefinition, "cannot create temporary relation in non-temporary schema"), ref);
  }
  return at(not_supported_yet("a temporary relation here"), ref);
}

absl::StatusOr<Oid> DdlBuilder::schema_for(std::string_view schema, const sql::Node& node) const {
  Oid oid = kNoOid;
  if (schema.empty()) {
    oid = first_permanent_schema(context_.search_path, catalog());
    if (oid == kNoOid) return error(ErrorCode::kInvalidSchemaName, "no schema has been selected to create in");
  } else if (const SchemaDef* found = catalog().find_schema(schema)) {
    oid = found->oid;
  } else {
    absl::Status missing = error(ErrorCode::kInvalidSchemaName, "schema \"", schema, "\" does not exist");
    return plan_->tag == "CREATE TABLE" ? at(std::move(missing), node) : missing;
  }
  if (oid == kPgCatalogSchema || oid == kInformationSchema || oid == kSysSchema) {
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to create in schema \"",
                catalog().find(oid)->name, "\"");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*find(oid), kCreate, *this));
  return oid;
}

namespace {

std::string_view kind_name(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::index: return "index";
    case ObjectKind::sequence: return "sequence";
    case ObjectKind::view: return "view";
    default: return "table";
  }
}

}  // namespace

absl::StatusOr<const ObjectDef*> DdlBuilder::require_relation(std::string_view schema, std::string_view name,
                                                              ObjectKind kind, bool if_exists) {
  if (!schema.empty() && !if_exists && catalog().find_schema(schema) == nullptr) {
    return error(ErrorCode::kInvalidSchemaName, "schema \"", schema, "\" does not exist");
  }
  const ObjectDef* object = find_named(schema, name);
  if (object == nullptr) {
    const std::string_view what = kind_name(kind);
    if (if_exists) {
      const bool no_schema = !schema.empty() && catalog().find_schema(schema) == nullptr;
      notice(ErrorCode::kOk,
             cat(no_schema ? "schema" : what, " \"", no_schema ? schema : name, "\" does not exist, skipping"));
      return nullptr;
    }
    if (kind == ObjectKind::table) {
      return error(ErrorCode::kUndefinedTable, "relation \"", name, "\" does not exist");
    }
    return error(kind == ObjectKind::index ? ErrorCode::kUndefinedObject : ErrorCode::kUndefinedTable, what,
                " \"", name, "\" does not exist");
  }
  if (object->kind != kind) {
    return error(ErrorCode::kWrongObjectType, "\"", name, "\" is not ",
                kind == ObjectKind::index ? "an " : "a ", kind_name(kind));
  }
  return object;
}

absl::StatusOr<const ObjectDef*> DdlBuilder::require_materialized_view(std::string_view schema, std::string_view name,
                                                                       bool if_exists) {
  const ObjectDef* object = find_named(schema, name);
  if (object == nullptr && if_exists) {
    const bool no_schema = !schema.empty() && catalog().find_schema(schema) == nullptr;
    notice(ErrorCode::kOk, cat(no_schema ? "schema" : "materialized view", " \"", no_schema ? schema : name,
                               "\" does not exist, skipping"));
    return nullptr;
  }
  if (object == nullptr) {
    return error(ErrorCode::kUndefinedTable, "materialized view \"", name, "\" does not exist");
  }
  if (!is_materialized_view(*object)) {
    return error(ErrorCode::kWrongObjectType, "\"", name, "\" is not a materialized view");
  }
  return object;
}

absl::StatusOr<const ObjectDef*> DdlBuilder::require_relation(const sql::TableRef& ref, ObjectKind kind,
                                                              bool if_exists) {
  TROUPE_RETURN_IF_ERROR(check_database(ref, ref.catalog, ref.schema, ref.name));
  if (if_exists && find_named(ref.schema, ref.name) == nullptr) {
    notice(ErrorCode::kOk, cat("relation \"", ref.name, "\" does not exist, skipping"));
    return nullptr;
  }
  return require_relation(ref.schema, ref.name, kind, false);
}

std::string DdlBuilder::free_name(Oid schema, std::string_view table, std::string_view column,
                                  std::string_view suffix) const {
  constexpr size_t kNameMax = 63;
  for (int number = 0;; ++number) {
    const std::string tail = cat("_", suffix, number == 0 ? std::string() : cat(number));
    // Both parts give way, the longer one first.
    std::string_view first = table, second = column;
    const size_t separator = second.empty() ? 0 : 1;
    while (first.size() + second.size() + separator + tail.size() > kNameMax) {
      if (first.size() > second.size()) first.remove_suffix(1);
      else second.remove_suffix(1);
    }
    std::string name = second.empty() ? cat(first, tail) : cat(first, "_", second, tail);
    if (find_relation(schema, name) == nullptr) return name;
  }
}

std::shared_ptr<BoundRelation> ddl_relation_of(const TableDef& table) {
  auto copy = std::make_shared<TableDef>(table);
  copy->shape = make_shape(*copy);
  auto relation = std::make_shared<BoundRelation>();
  relation->table = std::move(copy);
  relation->alias = table.name;
  return relation;
}

void ddl_key_is_not_null(const std::vector<int16_t>& key, const std::shared_ptr<const TableDef>& before, bool is_new,
                         TableDef* table, DdlBuilder& ddl) {
  for (const int16_t attnum : key) {
    ColumnDef& column = table->columns[static_cast<size_t>(attnum - 1)];
    if (!column.not_null && !is_new) {
      DdlAction& action = ddl.act(DdlAction::Kind::kCheckNotNull);
      action.table = before;
      action.column = static_cast<uint32_t>(attnum - 1);
    }
    column.not_null = true;
  }
}

bool relation_exists(const sql::TableRef& name, const PlanContext& context) {
  Oid schema = first_permanent_schema(context.search_path, *context.catalog);
  if (!name.schema.empty()) {
    const SchemaDef* found = context.catalog->find_schema(name.schema);
    if (found == nullptr) return false;
    schema = found->oid;
  }
  return context.catalog->find_relation(schema, name.name) != nullptr;
}

namespace {

std::string_view drop_tag(sql::ObjectKind kind) {
  switch (kind) {
    case sql::ObjectKind::kTable: return "DROP TABLE";
    case sql::ObjectKind::kView: return "DROP VIEW";
    case sql::ObjectKind::kMaterializedView: return "DROP MATERIALIZED VIEW";
    case sql::ObjectKind::kIndex: return "DROP INDEX";
    case sql::ObjectKind::kSequence: return "DROP SEQUENCE";
    case sql::ObjectKind::kSchema: return "DROP SCHEMA";
    case sql::ObjectKind::kType: return "DROP TYPE";
    case sql::ObjectKind::kDomain: return "DROP DOMAIN";
    case sql::ObjectKind::kPolicy: return "DROP POLICY";
    case sql::ObjectKind::kFunction: return "DROP FUNCTION";
    case sql::ObjectKind::kProcedure: return "DROP PROCEDURE";
    case sql::ObjectKind::kAggregate: return "DROP AGGREGATE";
    case sql::ObjectKind::kRoutine: return "DROP ROUTINE";
    case sql::ObjectKind::kPublication: return "DROP PUBLICATION";
    case sql::ObjectKind::kStream: return "DROP STREAM";
    default: return "DROP";
  }
}

std::string_view alter_tag(sql::ObjectKind kind) {
  switch (kind) {
    case sql::ObjectKind::kView: return "ALTER VIEW";
    case sql::ObjectKind::kMaterializedView: return "ALTER MATERIALIZED VIEW";
    case sql::ObjectKind::kIndex: return "ALTER INDEX";
    case sql::ObjectKind::kSequence: return "ALTER SEQUENCE";
    case sql::ObjectKind::kSchema: return "ALTER SCHEMA";
    case sql::ObjectKind::kDatabase: return "ALTER DATABASE";
    case sql::ObjectKind::kRole: return "ALTER ROLE";
    case sql::ObjectKind::kPublication: return "ALTER PUBLICATION";
    case sql::ObjectKind::kStream: return "ALTER STREAM";
    case sql::ObjectKind::kType: return "ALTER TYPE";
    case sql::ObjectKind::kFunction: return "ALTER FUNCTION";
    case sql::ObjectKind::kProcedure: return "ALTER PROCEDURE";
    case sql::ObjectKind::kAggregate: return "ALTER AGGREGATE";
    case sql::ObjectKind::kRoutine: return "ALTER ROUTINE";
    case sql::ObjectKind::kDomain:
    case sql::ObjectKind::kDomainConstraint: return "ALTER DOMAIN";
    case sql::ObjectKind::kPolicy: return "ALTER POLICY";
    default: return "ALTER TABLE";
  }
}

/// The name of a kind of DDL that is parsed but not there yet; empty: no DDL.
std::string_view missing_feature(sql::NodeKind kind) {
  using sql::NodeKind;
  switch (kind) {
    case NodeKind::kDefine: return "this CREATE command";
    case NodeKind::kAlterOptions: return "this ALTER command";
    case NodeKind::kAlterSchema: return "ALTER ... SET SCHEMA";
    case NodeKind::kAlterDepends: return "ALTER ... DEPENDS ON EXTENSION";
    case NodeKind::kSecurityLabel: return "SECURITY LABEL";
    case NodeKind::kCreateCast: return "CREATE CAST";
    case NodeKind::kCreateTrigger: return "CREATE TRIGGER";
    case NodeKind::kCreateEventTrigger: return "CREATE EVENT TRIGGER";
    case NodeKind::kCreateRule: return "CREATE RULE";
    case NodeKind::kCreateExtension: return "CREATE EXTENSION";
    case NodeKind::kCreateTablespace: return "CREATE TABLESPACE";
    case NodeKind::kCreateStatistics: return "CREATE STATISTICS";
    case NodeKind::kDo: return "DO";
    default: return {};
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const DdlPlan>> bind_ddl(const sql::Statement& statement, const PlanContext& context,
                                                        Binder& binder) {
  using sql::NodeKind;
  const auto run = [&](std::string_view tag, auto&& bind) -> absl::StatusOr<std::shared_ptr<const DdlPlan>> {
    DdlBuilder ddl(context, binder, tag);
    TROUPE_RETURN_IF_ERROR(bind(ddl));
    return ddl.finish();
  };
  switch (statement.kind) {
    case NodeKind::kCreateTable:
      return run("CREATE TABLE", [&](DdlBuilder& ddl) { return ddl_create_table(statement.to<sql::CreateTableStatement>(), ddl); });
    case NodeKind::kCreateIndex:
      return run("CREATE INDEX", [&](DdlBuilder& ddl) { return ddl_create_index(statement.to<sql::CreateIndexStatement>(), ddl); });
    case NodeKind::kCreateSequence:
      return run("CREATE SEQUENCE", [&](DdlBuilder& ddl) { return ddl_create_sequence(statement.to<sql::CreateSequenceStatement>(), ddl); });
    case NodeKind::kAlterSequence:
      return run("ALTER SEQUENCE", [&](DdlBuilder& ddl) { return ddl_alter_sequence(statement.to<sql::AlterSequenceStatement>(), ddl); });
    case NodeKind::kCreateView:
      return run("CREATE VIEW", [&](DdlBuilder& ddl) { return ddl_create_view(statement.to<sql::CreateViewStatement>(), ddl); });
    case NodeKind::kCreateSchema:
      return run("CREATE SCHEMA", [&](DdlBuilder& ddl) { return ddl_create_schema(statement.to<sql::CreateSchemaStatement>(), ddl); });
    case NodeKind::kCreateDatabase:
      return run("CREATE DATABASE", [&](DdlBuilder& ddl) { return ddl_create_database(statement.to<sql::CreateDatabaseStatement>(), ddl); });
    case NodeKind::kAlterDatabase:
      return run("ALTER DATABASE", [&](DdlBuilder& ddl) { return ddl_alter_database(statement.to<sql::AlterDatabaseStatement>(), ddl); });
    case NodeKind::kDropDatabase:
      return run("DROP DATABASE", [&](DdlBuilder& ddl) { return ddl_drop_database(statement.to<sql::DropDatabaseStatement>(), ddl); });
    case NodeKind::kCreateRole:
      return run("CREATE ROLE", [&](DdlBuilder& ddl) { return ddl_create_role(statement.to<sql::CreateRoleStatement>(), ddl); });
    case NodeKind::kAlterRole:
      return run("ALTER ROLE", [&](DdlBuilder& ddl) { return ddl_alter_role(statement.to<sql::AlterRoleStatement>(), ddl); });
    case NodeKind::kDropRole:
      return run("DROP ROLE", [&](DdlBuilder& ddl) { return ddl_drop_role(statement.to<sql::DropRoleStatement>(), ddl); });
    case NodeKind::kGrantRole: {
      const auto& grant = statement.to<sql::GrantRoleStatement>();
      return run(grant.grant ? "GRANT ROLE" : "REVOKE ROLE", [&](DdlBuilder& ddl) { return ddl_grant_role(grant, ddl); });
    }
    case NodeKind::kGrant: {
      const auto& grant = statement.to<sql::GrantStatement>();
      return run(grant.grant ? "GRANT" : "REVOKE", [&](DdlBuilder& ddl) { return ddl_grant(grant, ddl); });
    }
    case NodeKind::kAlterDefaultPrivileges:
      return run("ALTER DEFAULT PRIVILEGES", [&](DdlBuilder& ddl) {
        return ddl_default_privileges(statement.to<sql::AlterDefaultPrivilegesStatement>(), ddl);
      });
    case NodeKind::kReassignOwned:
      return run("REASSIGN OWNED", [&](DdlBuilder& ddl) { return ddl_reassign_owned(statement.to<sql::ReassignOwnedStatement>(), ddl); });
    case NodeKind::kDropOwned:
      return run("DROP OWNED", [&](DdlBuilder& ddl) { return ddl_drop_owned(statement.to<sql::DropOwnedStatement>(), ddl); });
    case NodeKind::kCreateEnum:
      return run("CREATE TYPE",
                 [&](DdlBuilder& ddl) { return ddl_create_enum(statement.to<sql::CreateEnumStatement>(), ddl); });
    case NodeKind::kDefine: {
      const auto& define = statement.to<sql::DefineStatement>();
      if (define.object == sql::ObjectKind::kStream) {
        return with_hint(
            not_supported_yet("CREATE PATTERN"),
            "A query with MATCH_RECOGNIZE and WITHIN finds the same matches among the rows that there are.");
      }
      if (define.object == sql::ObjectKind::kAggregate) {
        return run("CREATE AGGREGATE", [&](DdlBuilder& ddl) { return ddl_create_aggregate(define, ddl); });
      }
      if (define.object != sql::ObjectKind::kType) break;
      return run("CREATE TYPE", [&](DdlBuilder& ddl) { return ddl_create_shell(define, ddl); });
    }
    case NodeKind::kAlterEnum:
      return run("ALTER TYPE", [&](DdlBuilder& ddl) { return ddl_alter_enum(statement.to<sql::AlterEnumStatement>(), ddl); });
    case NodeKind::kCreateComposite:
      return run("CREATE TYPE", [&](DdlBuilder& ddl) { return ddl_create_composite(statement.to<sql::CreateCompositeStatement>(), ddl); });
    case NodeKind::kCreateRange:
      return run("CREATE TYPE", [&](DdlBuilder& ddl) { return ddl_create_range(statement.to<sql::CreateRangeStatement>(), ddl); });
    case NodeKind::kCreateDomain:
      return run("CREATE DOMAIN", [&](DdlBuilder& ddl) { return ddl_create_domain(statement.to<sql::CreateDomainStatement>(), ddl); });
    case NodeKind::kAlterDomain:
      return run("ALTER DOMAIN", [&](DdlBuilder& ddl) { return ddl_alter_domain(statement.to<sql::AlterDomainStatement>(), ddl); });
    case NodeKind::kAlterTable: {
      const auto& alter = statement.to<sql::AlterTableStatement>();
      return run(alter_tag(alter.object), [&](DdlBuilder& ddl) { return ddl_alter_table(alter, ddl); });
    }
    case NodeKind::kCreateFunction: {
      const auto& create = statement.to<sql::CreateFunctionStatement>();
      return run(create.procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION",
                 [&](DdlBuilder& ddl) { return ddl_create_function(create, ddl); });
    }
    case NodeKind::kAlterFunction: {
      const auto& alter = statement.to<sql::AlterFunctionStatement>();
      return run(alter_tag(alter.target->object), [&](DdlBuilder& ddl) { return ddl_alter_function(alter, ddl); });
    }
    case NodeKind::kAlterSchema: {
      const auto& alter = statement.to<sql::AlterSchemaStatement>();
      if (!is_routine(alter.object)) break;
      return run(alter_tag(alter.object), [&](DdlBuilder& ddl) { return ddl_move_function(alter, ddl); });
    }
    case NodeKind::kAlterOwner: {
      const auto& alter = statement.to<sql::AlterOwnerStatement>();
      return run(alter_tag(alter.target->object), [&](DdlBuilder& ddl) { return ddl_alter_owner(alter, ddl); });
    }
    case NodeKind::kDrop: {
      const auto& drop = statement.to<sql::DropStatement>();
      return run(drop_tag(drop.object), [&](DdlBuilder& ddl) { return ddl_drop(drop, ddl); });
    }
    case NodeKind::kRename: {
      const auto& rename = statement.to<sql::RenameStatement>();
      const bool part = rename.object == sql::ObjectKind::kColumn || rename.object == sql::ObjectKind::kTableConstraint ||
                        rename.object == sql::ObjectKind::kAttribute;
      return run(alter_tag(part ? rename.of : rename.object), [&](DdlBuilder& ddl) { return ddl_rename(rename, ddl); });
    }
    case NodeKind::kTruncate:
      return run("TRUNCATE TABLE", [&](DdlBuilder& ddl) { return ddl_truncate(statement.to<sql::TruncateStatement>(), ddl); });
    case NodeKind::kCreatePolicy:
      return run("CREATE POLICY",
                 [&](DdlBuilder& ddl) { return ddl_create_policy(statement.to<sql::CreatePolicyStatement>(), ddl); });
    case NodeKind::kAlterPolicy:
      return run("ALTER POLICY",
                 [&](DdlBuilder& ddl) { return ddl_alter_policy(statement.to<sql::AlterPolicyStatement>(), ddl); });
    case NodeKind::kCreatePublication:
      return run("CREATE PUBLICATION", [&](DdlBuilder& ddl) {
        return ddl_create_publication(statement.to<sql::CreatePublicationStatement>(), ddl);
      });
    case NodeKind::kAlterPublication:
      return run("ALTER PUBLICATION", [&](DdlBuilder& ddl) {
        return ddl_alter_publication(statement.to<sql::AlterPublicationStatement>(), ddl);
      });
    case NodeKind::kCreateStream:
      return run("CREATE STREAM",
                 [&](DdlBuilder& ddl) { return ddl_create_stream(statement.to<sql::CreateStreamStatement>(), ddl); });
    case NodeKind::kAlterStream:
      return run("ALTER STREAM",
                 [&](DdlBuilder& ddl) { return ddl_alter_stream(statement.to<sql::AlterStreamStatement>(), ddl); });
    case NodeKind::kConsumerGroup: {
      using Action = sql::ConsumerGroupStatement::Action;
      const auto& group = statement.to<sql::GroupOrWebhookStatement>();
      const std::string_view verb = group.action == Action::kCreate ? "CREATE"
                                    : group.action == Action::kDrop ? "DROP"
                                                                    : "ALTER";
      return run(cat(verb, group.webhook ? " WEBHOOK" : " CONSUMER GROUP"),
                 [&](DdlBuilder& ddl) { return ddl_consumer_group(group, ddl); });
    }
    case NodeKind::kComment:
      return run("COMMENT", [&](DdlBuilder& ddl) { return ddl_comment(statement.to<sql::CommentStatement>(), ddl); });
    default: break;
  }
  if (const std::string_view feature = missing_feature(statement.kind); !feature.empty()) {
    return not_supported_yet(feature);
  }
  return std::shared_ptr<const DdlPlan>();
}

}  // namespace troupe
