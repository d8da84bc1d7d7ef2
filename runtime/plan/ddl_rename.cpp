/// RENAME.
#include <algorithm>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

/// A column of a relation that has a new name.
struct ColumnOf {
  Oid relation = kNoOid;
  int16_t attnum = 0;
  std::string_view before, name;
};

/// What a text that was bound writes in the place of the column's old name.
sql::NameTexts new_names(const NamesFound& found, const ColumnOf& renamed) {
  sql::NameTexts texts;
  texts.column = [&found, renamed](const sql::ColumnRef& ref) -> std::optional<std::string> {
    const auto column = found.columns.find(&ref);
    if (column == found.columns.end() || column->second.position + 1 != renamed.attnum) return std::nullopt;
    const auto relation = found.numbers.find(column->second.relation);
    if (relation == found.numbers.end() || relation->second != renamed.relation) return std::nullopt;
    std::string text;
    for (size_t i = 0; i + 1 < ref.name.size(); ++i) text += cat(sql::quote_identifier(ref.name[i]), ".");
    return text + sql::quote_identifier(renamed.name);
  };
  // What reads the query around it goes on by the old name.
  texts.alias = [renamed](const sql::Target& target) -> std::optional<std::string> {
    if (output_name(*target.value) != renamed.before) return std::nullopt;
    return std::string(renamed.before);
  };
  return texts;
}

/// The view, with a text that has the new name; null when it does not mention the column.
absl::StatusOr<std::shared_ptr<ObjectDef>> renamed_view(const ObjectDef& view, const ColumnOf& renamed,
                                                        DdlBuilder& ddl) {
  Binder binder(ddl.context());
  NamesFound names;
  binder.names_found = &names;
  binder.inlines = false;
  const sql::SelectStatement* select = nullptr;
  TROUPE_RETURN_IF_ERROR(binder.bind_stored_query(view_text(view)->query_sql, view.owner, &select).status());
  std::string text = sql::to_sql(*select, new_names(names, renamed));
  std::shared_ptr<ObjectDef> changed = copy_object(*ddl.find(view.oid));
  std::string& kept = changed->kind == ObjectKind::view ? static_cast<ViewDef&>(*changed).query_sql
                                                        : static_cast<TableDef&>(*changed).query_sql;
  if (text == sql::to_sql(*select)) return std::shared_ptr<ObjectDef>();
  kept = std::move(text);
  return changed;
}

/// One of the policies of `table`.
absl::Status rename_in_policy(const PolicyUse& use, const ColumnOf& renamed, TableDef* table, DdlBuilder& ddl) {
  PlanContext context = ddl.context();
  context.role = kBootstrapRole;
  for (PolicyDef& policy : table->policies) {
    if (policy.oid != use.oid) continue;
    for (std::string* text : {&policy.using_sql, &policy.check_sql}) {
      if (text->empty()) continue;
      TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(*text));
      Binder binder(context);
      NamesFound names;
      binder.names_found = &names;
      binder.inlines = false;
      auto relation = std::make_shared<BoundRelation>();
      relation->table = std::static_pointer_cast<const TableDef>(ddl.catalog().find_shared(table->oid));
      relation->number = binder.relations++;
      names.numbers[relation->number] = table->oid;
      TROUPE_RETURN_IF_ERROR(binder.bind_policy(*parsed, relation).status());
      *text = sql::to_sql(*parsed, new_names(names, renamed));
    }
  }
  return absl::OkStatus();
}

/// Views with new texts can be read when the changes are made. Errors: 0A000 (NATURAL joins, USING ...).
absl::Status check_readable(const std::vector<CatalogChange>& changes, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const CatalogPtr after, ddl.catalog().with_changes(changes, ddl.catalog().version() + 1));
  PlanContext context = ddl.context();
  context.catalog = after;
  for (const CatalogChange& change : changes) {
    const auto text = view_text(*change.object);
    if (!text) continue;
    Binder binder(context);
    if (binder.bind_stored_query(text->query_sql, change.object->owner).ok()) continue;
    return with_hint(error(ErrorCode::kFeatureNotSupported, "renaming a column by which view \"", change.object->name,
                           "\" joins is not supported yet"),
                     "Drop the view, rename the column and make the view again.");
  }
  return absl::OkStatus();
}

void rename_in_views(const std::vector<ObjectPtr>& views, const NewName& renamed, DdlBuilder& ddl) {
  for (const ObjectPtr& object : views) {
    const ObjectDef* now = ddl.find(object->oid);
    if (now == nullptr) continue;
    const std::string before(view_text(*now)->query_sql);
    std::string after = renamed_text(before, renamed);
    if (after == before) continue;
    auto changed = copy_object(*now);
    std::string* text = changed->kind == ObjectKind::view ? &static_cast<ViewDef&>(*changed).query_sql
                                                          : &static_cast<TableDef&>(*changed).query_sql;
    *text = std::move(after);
    ddl.put(std::move(changed));
  }
}

void rename_in_publications(const TableDef& table, const NewColumnName& renamed, int16_t attnum, DdlBuilder& ddl) {
  for (const auto& publication : ddl_publications_of_column(table, attnum, true, ddl)) {
    auto changed = std::make_shared<PublicationDef>(*publication);
    for (PublishedTable& entry : changed->tables) {
      if (entry.table == table.oid) entry.filter_sql = renamed_expression(entry.filter_sql, renamed);
    }
    ddl.put(std::move(changed));
  }
}

void rename_in_streams(const TableDef& table, const NewColumnName& renamed, int16_t attnum, DdlBuilder& ddl) {
  for (const auto& stream : ddl_streams_of_column(table, attnum, true, ddl)) {
    auto changed = std::make_shared<StreamDef>(*stream);
    for (StreamedTable& entry : changed->tables) {
      if (entry.table == table.oid) entry.filter_sql = renamed_expression(entry.filter_sql, renamed);
    }
    ddl.put(std::move(changed));
  }
}

/// Expressions of the table that mention a column which has a new name.
absl::Status rename_in_expressions(const TableDef& before, const ColumnDef& column, std::string_view name,
                                   TableDef* table, DdlBuilder& ddl) {
  const NewColumnName renamed{before.name, column.name, name};
  for (ConstraintDef& constraint : table->constraints) {
    if (!constraint.check_sql.empty()) constraint.check_sql = renamed_expression(constraint.check_sql, renamed);
  }
  for (ColumnDef& other : table->columns) {
    if (other.generated_stored) other.default_sql = renamed_expression(other.default_sql, renamed);
  }
  for (PartitionKeyPart& part : table->partition_key.parts) {
    if (part.attnum == 0) part.expression_sql = renamed_expression(part.expression_sql, renamed);
  }
  rename_in_publications(before, renamed, column.attnum, ddl);
  rename_in_streams(before, renamed, column.attnum, ddl);
  for (PolicyDef& policy : table->policies) {
    TROUPE_RETURN_IF_ERROR(rename_in_policy({policy.oid, before.oid, policy.name},
                                            {before.oid, column.attnum, column.name, name}, table, ddl));
  }
  for (const Oid oid : before.indexes) {
    const auto* index = static_cast<const IndexDef*>(ddl.find(oid));
    if (index == nullptr || !index->has_terms()) continue;
    auto changed = std::make_shared<IndexDef>(*index);
    for (IndexColumn& part : changed->columns) part.expression_sql = renamed_expression(part.expression_sql, renamed);
    changed->predicate_sql = renamed_expression(changed->predicate_sql, renamed);
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

/// Whoever reads the relation goes on with the column's new name. Errors: 0A000 where that is not enough.
absl::Status rename_in_readers(const ObjectDef& before, const ColumnDef& column, std::string_view name,
                               const std::shared_ptr<ObjectDef>& after, DdlBuilder& ddl) {
  std::vector<CatalogChange> changes{{after->oid, after}};
  const ColumnOf renamed{before.oid, column.attnum, column.name, name};
  for (const ObjectPtr& object : ddl_views_reading(before.oid, ddl)) {
    TROUPE_ASSIGN_OR_RETURN(std::shared_ptr<ObjectDef> view, renamed_view(*object, renamed, ddl));
    if (view) changes.push_back({view->oid, std::move(view)});
  }
  for (const PolicyUse& use : ddl_policies_reading(before.oid, ddl)) {
    const auto known = std::find_if(changes.begin(), changes.end(),
                                    [&](const CatalogChange& change) { return change.oid == use.table; });
    auto table = known == changes.end() ? ddl.edit_table(use.table)
                                        : std::make_shared<TableDef>(static_cast<const TableDef&>(*known->object));
    TROUPE_RETURN_IF_ERROR(rename_in_policy(use, renamed, table.get(), ddl));
    if (known != changes.end()) changes.erase(known);
    changes.push_back({use.table, std::move(table)});
  }
  TROUPE_RETURN_IF_ERROR(check_readable(changes, ddl));
  for (CatalogChange& change : changes) ddl.put(std::move(change.object));
  return absl::OkStatus();
}

absl::Status check_new_name(const sql::RenameStatement& rename, const ObjectDef& relation) {
  const std::vector<ColumnDef>& columns = columns_of(relation);
  const auto is_named = [&](std::string_view name) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const ColumnDef& column) { return !column.dropped && column.name == name; });
  };
  if (!is_named(rename.part)) {
    return error(ErrorCode::kUndefinedColumn, "column \"", rename.part, "\" does not exist");
  }
  if (!is_named(rename.new_name)) return absl::OkStatus();
  return error(ErrorCode::kDuplicateColumn, "column \"", rename.new_name, "\" of relation \"", relation.name,
               "\" already exists");
}

absl::Status rename_column(const sql::RenameStatement& rename, const ObjectDef& relation, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_new_name(rename, relation));
  std::shared_ptr<ObjectDef> after = copy_object(relation);
  std::vector<ColumnDef>& columns = *edit_columns(after.get());
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [&](const ColumnDef& c) { return !c.dropped && c.name == rename.part; });
  const ColumnDef before = *column;
  column->name = rename.new_name;
  if (relation.kind == ObjectKind::table) {
    const auto& table = static_cast<const TableDef&>(relation);
    TROUPE_RETURN_IF_ERROR(
        rename_in_expressions(table, before, rename.new_name, static_cast<TableDef*>(after.get()), ddl));
  }
  TROUPE_RETURN_IF_ERROR(rename_in_readers(relation, before, rename.new_name, after, ddl));
  if (relation.kind != ObjectKind::table) return absl::OkStatus();
  for (const Oid oid : static_cast<const TableDef&>(*after).partitions) {
    ddl.lock(oid);
    TROUPE_RETURN_IF_ERROR(rename_column(rename, *ddl.edit_table(oid), ddl));
  }
  return absl::OkStatus();
}

/// What a partition has because of its table is renamed there.
absl::Status check_own_part(const sql::RenameStatement& rename, const TableDef& table) {
  const ColumnDef* column = rename.object == sql::ObjectKind::kColumn ? table.find_column(rename.part) : nullptr;
  if (column != nullptr && column->inherited) {
    return error(ErrorCode::kInvalidTableDefinition, "cannot rename inherited column \"", column->name, "\"");
  }
  if (column != nullptr && rename.relation->only && !table.partitions.empty()) {
    return error(ErrorCode::kInvalidTableDefinition, "inherited column \"", column->name,
                 "\" must be renamed in child tables too");
  }
  const ConstraintDef* constraint =
      rename.object == sql::ObjectKind::kTableConstraint ? table.find_constraint(rename.part) : nullptr;
  if (constraint != nullptr && constraint->kind == ConstraintKind::check && constraint->parent != kNoOid) {
    return error(ErrorCode::kInvalidTableDefinition, "cannot rename inherited constraint \"", constraint->name, "\"");
  }
  return absl::OkStatus();
}

absl::Status rename_constraint(const sql::RenameStatement& rename, TableDef* table, DdlBuilder& ddl) {
  for (ConstraintDef& constraint : table->constraints) {
    if (constraint.name != rename.part) continue;
    constraint.name = rename.new_name;
    if (constraint.kind == ConstraintKind::check) {
      TROUPE_RETURN_IF_ERROR(ddl_each_partition(
          *table, ddl, [&](TableDef* partition) { return rename_constraint(rename, partition, ddl); }));
    }
    if (const ObjectDef* index = constraint.index != kNoOid ? ddl.find(constraint.index) : nullptr) {
      auto renamed = copy_object(*index);
      renamed->name = rename.new_name;
      ddl.put(std::move(renamed));
    }
    return absl::OkStatus();
  }
  return error(ErrorCode::kUndefinedObject, "constraint \"", rename.part, "\" for table \"", table->name,
               "\" does not exist");
}

}  // namespace

absl::Status ddl_rename(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  const bool type = rename.object == sql::ObjectKind::kType || rename.object == sql::ObjectKind::kDomain ||
                    rename.object == sql::ObjectKind::kDomainConstraint;
  if (type && rename.target != nullptr) return ddl_rename_type(rename, ddl);
  if (is_routine(rename.object)) return ddl_rename_function(rename, ddl);
  if (rename.object == sql::ObjectKind::kAttribute) return ddl_rename_attribute(rename, ddl);
  if (rename.object == sql::ObjectKind::kPolicy) return ddl_rename_policy(rename, ddl);
  const bool part = rename.object == sql::ObjectKind::kColumn || rename.object == sql::ObjectKind::kTableConstraint;
  ObjectKind kind = ObjectKind::table;
  switch (part ? rename.of : rename.object) {
    case sql::ObjectKind::kTable:
    case sql::ObjectKind::kMaterializedView: break;
    case sql::ObjectKind::kView: kind = ObjectKind::view; break;
    case sql::ObjectKind::kIndex: kind = ObjectKind::index; break;
    case sql::ObjectKind::kSequence: kind = ObjectKind::sequence; break;
    case sql::ObjectKind::kDatabase: return ddl_rename_database(rename.target->name.back(), rename.new_name, ddl);
    case sql::ObjectKind::kRole: return ddl_rename_role(rename.target->name.back(), rename.new_name, ddl);
    case sql::ObjectKind::kPublication: return ddl_rename_publication(rename, ddl);
    case sql::ObjectKind::kStream: return ddl_rename_stream(rename, ddl);
    case sql::ObjectKind::kSchema: {
      const SchemaDef* schema = ddl.catalog().find_schema(rename.target->name.back());
      if (schema == nullptr) {
        return error(ErrorCode::kInvalidSchemaName, "schema \"", rename.target->name.back(), "\" does not exist");
      }
      TROUPE_RETURN_IF_ERROR(ddl_check_owner(*schema, ddl));
      TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(ddl.catalog().database()), kCreate, ddl));
      rename_in_views(ddl.catalog().views(), {schema->name, {}, rename.new_name}, ddl);
      ddl_rename_in_policies({schema->name, {}, rename.new_name}, kNoOid, ddl);
      TROUPE_RETURN_IF_ERROR(ddl_rename_in_functions({schema->name, {}, rename.new_name}, ddl));
      auto renamed = std::make_shared<SchemaDef>(*schema);
      renamed->name = rename.new_name;
      ddl.put(std::move(renamed));
      return absl::OkStatus();
    }
    default: return ddl.refuse(rename, "RENAME of this kind of object");
  }
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*rename.relation, kind, rename.if_exists));
  if (object == nullptr) return absl::OkStatus();
  if ((part ? rename.of : rename.object) == sql::ObjectKind::kMaterializedView && !is_materialized_view(*object)) {
    return error(ErrorCode::kWrongObjectType, "\"", object->name, "\" is not a materialized view");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*object, ddl));
  if (!part) TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(object->schema), kCreate, ddl));
  if (part) {
    if (kind == ObjectKind::table) {
      ddl.lock(object->oid);
      TROUPE_RETURN_IF_ERROR(check_own_part(rename, static_cast<const TableDef&>(*object)));
    }
    if (rename.object == sql::ObjectKind::kColumn) return rename_column(rename, *object, ddl);
    auto table = ddl.edit_table(object->oid);
    TROUPE_RETURN_IF_ERROR(rename_constraint(rename, table.get(), ddl));
    ddl.put(std::move(table));
    return absl::OkStatus();
  }
  if (ddl.find_relation(object->schema, rename.new_name) != nullptr) {
    return error(ErrorCode::kDuplicateTable, "relation \"", rename.new_name, "\" already exists");
  }
  const std::string& schema = ddl.find(object->schema)->name;
  rename_in_views(ddl_views_reading(object->oid, ddl), {schema, object->name, rename.new_name}, ddl);
  ddl_rename_in_policies({schema, object->name, rename.new_name}, object->oid, ddl);
  TROUPE_RETURN_IF_ERROR(ddl_rename_in_functions({schema, object->name, rename.new_name}, ddl));
  auto renamed = copy_object(*ddl.find(object->oid));
  renamed->name = rename.new_name;
  if (kind == ObjectKind::table) ddl.lock(object->oid);
  if (kind == ObjectKind::index && static_cast<const IndexDef&>(*object).constraint) {
    auto table = ddl.edit_table(static_cast<const IndexDef&>(*object).table);
    for (ConstraintDef& constraint : table->constraints) {
      if (constraint.index == object->oid) constraint.name = rename.new_name;
    }
    ddl.put(std::move(table));
  }
  ddl.put(std::move(renamed));
  return absl::OkStatus();
}

}  // namespace troupe
