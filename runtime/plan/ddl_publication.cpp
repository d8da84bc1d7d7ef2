/// CREATE, ALTER and DROP PUBLICATION.
#include "runtime/plan/ddl_publication.hpp"

#include <algorithm>
#include <set>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

using PublicationPtr = std::shared_ptr<const PublicationDef>;

// --- options ---

/// "insert, update" as the publication keeps it.
absl::Status set_published_actions(std::string_view text, PublicationDef* publication) {
  publication->inserts = publication->updates = publication->deletes = publication->truncates = false;
  if (absl::StripAsciiWhitespace(absl_view(text)).empty()) return absl::OkStatus();
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ',')) {
    const std::string_view action = std_view(absl::StripAsciiWhitespace(piece));
    if (action.empty()) return error(ErrorCode::kSyntaxError, "invalid list syntax in parameter \"publish\"");
    if (action == "insert") {
      publication->inserts = true;
    } else if (action == "update") {
      publication->updates = true;
    } else if (action == "delete") {
      publication->deletes = true;
    } else if (action == "truncate") {
      publication->truncates = true;
    } else {
      return error(ErrorCode::kSyntaxError, "unrecognized value for publication option \"publish\": \"", action, "\"");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> boolean_of(const sql::Option& option) {
  const auto* literal = option.value == nullptr ? nullptr : option.value->as<sql::Literal>();
  if (option.value == nullptr) return true;
  if (literal != nullptr) {
    if (literal->type == sql::LiteralType::kBoolean || literal->type == sql::LiteralType::kInt4) {
      if (literal->integer == 0 || literal->integer == 1) return literal->integer == 1;
    }
    const std::string_view text = literal->text;
    if (text == "true" || text == "on") return true;
    if (text == "false" || text == "off") return false;
  }
  return error(ErrorCode::kSyntaxError, option.name, " requires a Boolean value");
}

absl::Status set_options(sql::List<const sql::Option*> options, PublicationDef* publication, const DdlBuilder& ddl) {
  bool publish_given = false, root_given = false;
  for (const sql::Option* option : options) {
    const bool publish = option->name == "publish";
    if (!publish && option->name != "publish_via_partition_root") {
      return error(ErrorCode::kSyntaxError, "unrecognized publication parameter: \"", option->name, "\"");
    }
    bool& given = publish ? publish_given : root_given;
    if (given) return ddl.fail_at(ErrorCode::kSyntaxError, *option, "conflicting or redundant options");
    given = true;
    if (!publish) {
      TROUPE_ASSIGN_OR_RETURN(publication->via_root, boolean_of(*option));
      continue;
    }
    const auto* literal = option->value == nullptr ? nullptr : option->value->as<sql::Literal>();
    if (literal == nullptr) return error(ErrorCode::kSyntaxError, "publish requires a parameter");
    TROUPE_RETURN_IF_ERROR(set_published_actions(literal->text, publication));
  }
  return absl::OkStatus();
}

// --- what a table's entry says ---

absl::Status check_may_publish(const TableDef& table, const DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(table, ddl));
  const auto refuse = [&](std::string_view kind) {
    return with_detail(
        error(ErrorCode::kInvalidParameterValue, "cannot add relation \"", table.name, "\" to publication"),
        cat("This operation is not supported for ", kind, "."));
  };
  if (table.is_materialized_view()) return refuse("materialized views");
  if (table.is_partitioned()) {
    return with_hint(not_supported_yet("a publication of a partitioned table"),
                     "Name its partitions, or publish all tables, or those in its schema.");
  }
  if (table.temporary) return refuse("temporary tables");
  if (table.unlogged) return refuse("unlogged tables");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int16_t>> column_list(sql::List<std::string_view> names, const TableDef& table) {
  std::vector<int16_t> columns;
  for (const std::string_view name : names) {
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) {
      return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", table.name,
                   "\" does not exist");
    }
    if (column->generated_stored) {
      return error(ErrorCode::kInvalidColumnReference, "cannot use generated column \"", name,
                   "\" in publication column list");
    }
    if (std::find(columns.begin(), columns.end(), column->attnum) != columns.end()) {
      return error(ErrorCode::kDuplicateObject, "duplicate column \"", name, "\" in publication column list");
    }
    columns.push_back(column->attnum);
  }
  std::sort(columns.begin(), columns.end());
  return columns;
}

/// Why the expression is not for a publication; empty: it is.
std::string_view problem_of(const Expr& filter) {
  constexpr std::string_view kNotSimple =
      "Only columns, constants, built-in operators, built-in data types, built-in collations, and immutable built-in "
      "functions are allowed.";
  std::string_view problem;
  visit_expr(filter, [&](const Expr& part) {
    if (!problem.empty()) return;
    if (part.kind >= ExprKind::kAggregate || part.kind == ExprKind::kParameter || part.kind == ExprKind::kSequence) {
      problem = kNotSimple;
    } else if (part.type.oid >= kFirstUserOid) {
      problem = "User-defined types are not allowed.";
    }
  });
  if (!problem.empty()) return problem;
  const bool changes = volatility_of(filter) != Volatility::kImmutable;
  return changes ? "User-defined or built-in mutable functions are not allowed." : std::string_view();
}

absl::Status set_filter(const sql::Expr& where, const TableDef& table, PublishedTable* entry, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr filter,
                          ddl.binder().bind_table_expression(where, ddl_relation_of(table), Clause::kWhere));
  if (filter->type.oid != oid::kBool) {
    return ddl.fail_at(ErrorCode::kDatatypeMismatch, where,
                       "argument of PUBLICATION WHERE must be type boolean, not type ", format_type(filter->type));
  }
  if (const std::string_view problem = problem_of(*filter); !problem.empty()) {
    return ddl.at(with_detail(error(ErrorCode::kFeatureNotSupported, "invalid publication WHERE expression"),
                              std::string(problem)),
                  where);
  }
  entry->filter_sql = sql::to_sql(where);
  std::set<int16_t> columns;
  visit_expr(*filter, [&](const Expr& part) {
    if (part.is_column()) columns.insert(static_cast<int16_t>(part.index + 1));
  });
  entry->filter_columns.assign(columns.begin(), columns.end());
  return absl::OkStatus();
}

/// The entries that a statement names, with their new oids still to be given.
struct Named {
  std::vector<PublishedTable> tables;
  std::vector<Oid> schemas;
};

absl::StatusOr<Oid> schema_named(const sql::PublicationObject& object, const DdlBuilder& ddl) {
  if (object.type == sql::PublicationObjectType::kTablesInCurrentSchema) {
    const Oid current = first_permanent_schema(ddl.context().search_path, ddl.catalog());
    if (current == kNoOid) return error(ErrorCode::kInvalidSchemaName, "no schema has been selected");
    return current;
  }
  const SchemaDef* schema = ddl.catalog().find_schema(object.schema);
  if (schema == nullptr) {
    return error(ErrorCode::kInvalidSchemaName, "schema \"", object.schema, "\" does not exist");
  }
  if (schema->database == kNoOid || schema->name.starts_with(kTemporarySchemaPrefix)) {
    return with_detail(
        error(ErrorCode::kInvalidParameterValue, "cannot add schema \"", schema->name, "\" to publication"),
        schema->database == kNoOid ? "This operation is not supported for system schemas."
                                   : "Temporary schemas cannot be replicated.");
  }
  return schema->oid;
}

/// Null for what is named once more, and says no more than before.
absl::StatusOr<const TableDef*> table_named(const sql::PublicationObject& object, const Named& named, DdlBuilder& ddl) {
  const sql::TableRef& ref = *object.table;
  TROUPE_RETURN_IF_ERROR(ddl.check_database(ref, ref.catalog, ref.schema, ref.name));
  const ObjectDef* found = ddl.find_named(ref.schema, ref.name);
  if (found == nullptr) {
    if (!ref.schema.empty() && ddl.catalog().find_schema(ref.schema) == nullptr) {
      return error(ErrorCode::kInvalidSchemaName, "schema \"", ref.schema, "\" does not exist");
    }
    return error(ErrorCode::kUndefinedTable, "relation \"", cat(ref.schema, ref.schema.empty() ? "" : ".", ref.name),
                 "\" does not exist");
  }
  if (found->kind != ObjectKind::table) {
    const std::string_view kinds = found->kind == ObjectKind::view    ? "views"
                                   : found->kind == ObjectKind::index ? "indexes"
                                                                      : "sequences";
    return with_detail(
        error(ErrorCode::kInvalidParameterValue, "cannot add relation \"", found->name, "\" to publication"),
        cat("This operation is not supported for ", kinds, "."));
  }
  for (const PublishedTable& before : named.tables) {
    if (before.table != found->oid) continue;
    if (object.where != nullptr || !before.filter_sql.empty()) {
      return error(ErrorCode::kDuplicateObject, "conflicting or redundant WHERE clauses for table \"", found->name,
                   "\"");
    }
    if (!object.columns.empty() || !before.columns.empty()) {
      return error(ErrorCode::kDuplicateObject, "conflicting or redundant column lists for table \"", found->name,
                   "\"");
    }
    return nullptr;
  }
  return static_cast<const TableDef*>(found);
}

absl::StatusOr<Named> named_objects(sql::List<const sql::PublicationObject*> objects, bool describes, DdlBuilder& ddl) {
  Named named;
  for (const sql::PublicationObject* object : objects) {
    if (object->type != sql::PublicationObjectType::kTable) {
      TROUPE_ASSIGN_OR_RETURN(const Oid schema, schema_named(*object, ddl));
      const bool known = std::find(named.schemas.begin(), named.schemas.end(), schema) != named.schemas.end();
      if (!known) named.schemas.push_back(schema);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const TableDef* table, table_named(*object, named, ddl));
    if (table == nullptr) continue;
    PublishedTable entry;
    entry.table = table->oid;
    if (describes) {
      TROUPE_RETURN_IF_ERROR(check_may_publish(*table, ddl));
      TROUPE_ASSIGN_OR_RETURN(entry.columns, column_list(object->columns, *table));
      if (object->where != nullptr) TROUPE_RETURN_IF_ERROR(set_filter(*object->where, *table, &entry, ddl));
    } else if (!object->columns.empty()) {
      return error(ErrorCode::kSyntaxError, "column list must not be specified in ALTER PUBLICATION ... DROP");
    } else if (object->where != nullptr) {
      return error(ErrorCode::kSyntaxError, "cannot use a WHERE clause when removing a table from a publication");
    }
    named.tables.push_back(std::move(entry));
  }
  return named;
}

absl::Status check_column_lists(const PublicationDef& publication, const DdlBuilder& ddl) {
  if (publication.schemas.empty()) return absl::OkStatus();
  for (const PublishedTable& entry : publication.tables) {
    if (entry.columns.empty()) continue;
    const ObjectDef* table = ddl.find(entry.table);
    return with_detail(
        error(ErrorCode::kInvalidParameterValue, "cannot use column list for relation \"",
              ddl.find(table->schema)->name, ".", table->name, "\" in publication \"", publication.name, "\""),
        "Column lists cannot be specified in publications containing FOR TABLES IN SCHEMA elements.");
  }
  return absl::OkStatus();
}

void add_entries(Named named, PublicationDef* publication, DdlBuilder& ddl) {
  for (PublishedTable& entry : named.tables) {
    entry.oid = ddl.new_oid();
    publication->tables.push_back(std::move(entry));
  }
  for (const Oid schema : named.schemas) publication->schemas.push_back({ddl.new_oid(), schema});
}

}  // namespace

absl::StatusOr<ExprPtr> bind_published(const std::string& filter_sql, const TableDef& table, Binder& binder) {
  ConstraintDef filter;
  filter.check_sql = filter_sql;
  return binder.bind_check(filter, ddl_relation_of(table));
}

absl::StatusOr<const PublicationDef*> ddl_publication(std::string_view name, const DdlBuilder& ddl) {
  const ObjectDef* found = ddl.catalog().find(NameClass::publication, ddl.catalog().database(), name);
  if (found == nullptr) return error(ErrorCode::kUndefinedObject, "publication \"", name, "\" does not exist");
  return static_cast<const PublicationDef*>(ddl.find(found->oid));
}

absl::Status ddl_create_publication(const sql::CreatePublicationStatement& create, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(ddl.catalog().database()), kCreate, ddl));
  const bool superuser = is_superuser(ddl.catalog(), ddl.context().role);
  if (create.all_tables && !superuser) {
    return error(ErrorCode::kInsufficientPrivilege, "must be superuser to create FOR ALL TABLES publication");
  }
  if (ddl.catalog().find(NameClass::publication, ddl.catalog().database(), create.name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "publication \"", create.name, "\" already exists");
  }
  auto publication = std::make_shared<PublicationDef>();
  publication->oid = ddl.new_oid();
  publication->database = ddl.catalog().database();
  publication->owner = ddl.context().role;
  publication->name = create.name;
  publication->all_tables = create.all_tables;
  TROUPE_RETURN_IF_ERROR(set_options(create.options, publication.get(), ddl));
  TROUPE_ASSIGN_OR_RETURN(Named named, named_objects(create.objects, true, ddl));
  if (!named.schemas.empty() && !superuser) {
    return error(ErrorCode::kInsufficientPrivilege, "must be superuser to create FOR TABLES IN SCHEMA publication");
  }
  add_entries(std::move(named), publication.get(), ddl);
  TROUPE_RETURN_IF_ERROR(check_column_lists(*publication, ddl));
  ddl.put(std::move(publication));
  return absl::OkStatus();
}

namespace {

absl::Status check_not_for_all(const PublicationDef& publication, const Named& named) {
  if (!publication.all_tables) return absl::OkStatus();
  const std::string_view what = named.schemas.empty() ? "Tables" : "Schemas";
  return with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "publication \"", publication.name,
                           "\" is defined as FOR ALL TABLES"),
                     cat(what, " cannot be added to or dropped from FOR ALL TABLES publications."));
}

absl::Status check_takes_schemas(const PublicationDef& publication, const Named& named) {
  const bool listed = std::any_of(publication.tables.begin(), publication.tables.end(),
                                  [](const PublishedTable& entry) { return !entry.columns.empty(); });
  if (named.schemas.empty() || !listed) return absl::OkStatus();
  return with_detail(
      error(ErrorCode::kInvalidParameterValue, "cannot add schema to publication \"", publication.name, "\""),
      "Schemas cannot be added if any tables that specify a column list are already part of the "
      "publication.");
}

absl::Status check_not_members(const PublicationDef& publication, const Named& named, const DdlBuilder& ddl) {
  for (const PublishedTable& entry : named.tables) {
    for (const PublishedTable& known : publication.tables) {
      if (known.table != entry.table) continue;
      return error(ErrorCode::kDuplicateObject, "relation \"", ddl.find(entry.table)->name,
                   "\" is already member of publication \"", publication.name, "\"");
    }
  }
  for (const Oid schema : named.schemas) {
    for (const PublishedSchema& known : publication.schemas) {
      if (known.schema != schema) continue;
      return error(ErrorCode::kDuplicateObject, "schema \"", ddl.find(schema)->name,
                   "\" is already member of publication \"", publication.name, "\"");
    }
  }
  return absl::OkStatus();
}

absl::Status drop_entries(const Named& named, PublicationDef* publication, const DdlBuilder& ddl) {
  for (const PublishedTable& entry : named.tables) {
    const auto gone =
        std::erase_if(publication->tables, [&](const PublishedTable& known) { return known.table == entry.table; });
    if (gone != 0) continue;
    return error(ErrorCode::kUndefinedObject, "relation \"", ddl.find(entry.table)->name,
                 "\" is not part of the publication");
  }
  for (const Oid schema : named.schemas) {
    const auto gone =
        std::erase_if(publication->schemas, [&](const PublishedSchema& known) { return known.schema == schema; });
    if (gone != 0) continue;
    return error(ErrorCode::kUndefinedObject, "tables from schema \"", ddl.find(schema)->name,
                 "\" are not part of the publication");
  }
  return absl::OkStatus();
}

/// What stays keeps its number.
void set_entries(Named named, PublicationDef* publication, DdlBuilder& ddl) {
  const std::vector<PublishedTable> tables = std::exchange(publication->tables, {});
  const std::vector<PublishedSchema> schemas = std::exchange(publication->schemas, {});
  add_entries(std::move(named), publication, ddl);
  for (PublishedTable& entry : publication->tables) {
    for (const PublishedTable& before : tables) {
      const bool same =
          before.table == entry.table && before.columns == entry.columns && before.filter_sql == entry.filter_sql;
      if (same) entry.oid = before.oid;
    }
  }
  for (PublishedSchema& entry : publication->schemas) {
    for (const PublishedSchema& before : schemas) {
      if (before.schema == entry.schema) entry.oid = before.oid;
    }
  }
}

}  // namespace

absl::Status ddl_alter_publication(const sql::AlterPublicationStatement& alter, DdlBuilder& ddl) {
  using Action = sql::AlterPublicationStatement::Action;
  TROUPE_ASSIGN_OR_RETURN(const PublicationDef* found, ddl_publication(alter.name, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto publication = std::make_shared<PublicationDef>(*found);
  if (alter.action == Action::kOptions) {
    TROUPE_RETURN_IF_ERROR(set_options(alter.options, publication.get(), ddl));
    ddl.put(std::move(publication));
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(Named named, named_objects(alter.objects, alter.action != Action::kDrop, ddl));
  const bool adds_schemas = alter.action != Action::kDrop && !named.schemas.empty();
  if (adds_schemas && !is_superuser(ddl.catalog(), ddl.context().role)) {
    return error(ErrorCode::kInsufficientPrivilege, "must be superuser to add or set schemas");
  }
  TROUPE_RETURN_IF_ERROR(check_not_for_all(*publication, named));
  if (alter.action == Action::kDrop) {
    TROUPE_RETURN_IF_ERROR(drop_entries(named, publication.get(), ddl));
  } else if (alter.action == Action::kAdd) {
    TROUPE_RETURN_IF_ERROR(check_not_members(*publication, named, ddl));
    TROUPE_RETURN_IF_ERROR(check_takes_schemas(*publication, named));
    add_entries(std::move(named), publication.get(), ddl);
  } else {
    set_entries(std::move(named), publication.get(), ddl);
  }
  TROUPE_RETURN_IF_ERROR(check_column_lists(*publication, ddl));
  ddl.put(std::move(publication));
  return absl::OkStatus();
}

absl::Status ddl_drop_publication(std::string_view name, bool if_exists, DdlBuilder& ddl) {
  const auto found = ddl_publication(name, ddl);
  if (!found.ok() && if_exists) {
    ddl.notice(ErrorCode::kOk, cat("publication \"", name, "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  if (!found.ok()) return found.status();
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(**found, ddl));
  ddl.drop((*found)->oid);
  return absl::OkStatus();
}

absl::Status ddl_rename_publication(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const PublicationDef* found, ddl_publication(rename.target->name.back(), ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(ddl.catalog().database()), kCreate, ddl));
  if (ddl.catalog().find(NameClass::publication, ddl.catalog().database(), rename.new_name) != nullptr) {
    return error(ErrorCode::kDuplicateObject, "publication \"", rename.new_name, "\" already exists");
  }
  auto renamed = std::make_shared<PublicationDef>(*found);
  renamed->name = rename.new_name;
  ddl.put(std::move(renamed));
  return absl::OkStatus();
}

absl::Status ddl_own_publication(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const PublicationDef* found, ddl_publication(alter.target->name.back(), ddl));
  auto changed = std::make_shared<PublicationDef>(*found);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(*alter.owner, changed.get(), ddl));
  const bool for_superusers =
      (changed->all_tables || !changed->schemas.empty()) && !is_superuser(ddl.catalog(), ddl.context().role);
  if (for_superusers && !is_superuser(ddl.catalog(), changed->owner)) {
    return with_hint(error(ErrorCode::kInsufficientPrivilege, "permission denied to change owner of publication \"",
                           changed->name, "\""),
                     changed->all_tables ? "The owner of a FOR ALL TABLES publication must be a superuser."
                                         : "The owner of a FOR TABLES IN SCHEMA publication must be a superuser.");
  }
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

// --- what other definitions must know ---

void ddl_forget_published(Oid dropped, DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().publications()) {
    const ObjectDef* now = object->database == ddl.catalog().database() ? ddl.find(object->oid) : nullptr;
    if (now == nullptr) continue;
    auto changed = std::make_shared<PublicationDef>(static_cast<const PublicationDef&>(*now));
    const auto gone =
        std::erase_if(changed->tables, [&](const PublishedTable& entry) { return entry.table == dropped; }) +
        std::erase_if(changed->schemas, [&](const PublishedSchema& entry) { return entry.schema == dropped; });
    if (gone != 0) ddl.put(std::move(changed));
  }
}

std::vector<PublicationPtr> ddl_publications_of_column(const TableDef& table, int16_t attnum, bool by_filter,
                                                       const DdlBuilder& ddl) {
  std::vector<PublicationPtr> found;
  for (const ObjectPtr& object : ddl.catalog().publications()) {
    const auto* publication = static_cast<const PublicationDef*>(ddl.find(object->oid));
    if (publication == nullptr) continue;
    for (const PublishedTable& entry : publication->tables) {
      if (entry.table != table.oid) continue;
      const auto lists = [attnum](const std::vector<int16_t>& columns) {
        return std::binary_search(columns.begin(), columns.end(), attnum);
      };
      if (lists(entry.filter_columns) || (!by_filter && lists(entry.columns)))
        found.push_back(std::make_shared<PublicationDef>(*publication));
    }
  }
  return found;
}

absl::Status ddl_drop_published_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                       DdlBuilder& ddl) {
  for (const PublicationPtr& publication : ddl_publications_of_column(table, column.attnum, false, ddl)) {
    const std::string entry = cat("publication of ", ddl_describe(table, ddl), " in publication ", publication->name);
    const std::string dropped = cat("column ", column.name, " of ", ddl_describe(table, ddl));
    if (behavior == sql::DropBehavior::kRestrict) {
      return with_hint(with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", dropped,
                                         " because other objects depend on it"),
                                   cat(entry, " depends on ", dropped)),
                       "Use DROP ... CASCADE to drop the dependent objects too.");
    }
    ddl.notice(ErrorCode::kOk, cat("drop cascades to ", entry));
    auto changed = std::make_shared<PublicationDef>(*publication);
    std::erase_if(changed->tables, [&](const PublishedTable& listed) { return listed.table == table.oid; });
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

absl::Status ddl_check_unlogged(const TableDef& table, const DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().publications()) {
    const auto& publication = static_cast<const PublicationDef&>(*object);
    for (const PublishedTable& entry : publication.tables) {
      if (entry.table != table.oid) continue;
      return with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "cannot change table \"", table.name,
                               "\" to unlogged because it is part of a publication"),
                         "Unlogged relations cannot be replicated.");
    }
  }
  return absl::OkStatus();
}

}  // namespace troupe
