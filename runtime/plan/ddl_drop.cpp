/// DROP, TRUNCATE.
#include <algorithm>

#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_policy.hpp"
#include "runtime/plan/ddl_publication.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/ddl_row_type.hpp"
#include "runtime/plan/ddl_stream.hpp"
#include "runtime/plan/default_sequence.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {

namespace {

/// Its name alone leads to it.
bool is_visible(const ObjectDef& object, const DdlBuilder& ddl) {
  for (const Oid schema : ddl.context().search_path) {
    if (schema == object.schema) return true;
    if (ddl.catalog().find(object.name_class(), schema, object.unique_name()) != nullptr) return false;
  }
  return false;
}

}  // namespace

std::string ddl_describe(const ObjectDef& object, const DdlBuilder& ddl) {
  if (object.kind == ObjectKind::function) {
    const auto& function = static_cast<const FunctionDef&>(object);
    const ObjectDef* schema = is_visible(object, ddl) ? nullptr : ddl.catalog().find_anywhere(object.schema);
    return cat("function ", schema == nullptr ? "" : cat(schema->name, "."), ddl_function_name(function));
  }
  const std::string_view kind = is_materialized_view(object)          ? "materialized view"
                                : object.kind == ObjectKind::view     ? "view"
                                : object.kind == ObjectKind::sequence ? "sequence"
                                : object.kind == ObjectKind::index    ? "index"
                                : object.kind == ObjectKind::schema   ? "schema"
                                : object.kind == ObjectKind::type     ? "type"
                                : object.kind == ObjectKind::database ? "database"
                                : object.kind == ObjectKind::publication ? "publication"
                                : object.kind == ObjectKind::stream      ? "stream"
                                                                      : "table";
  const bool visible = object.schema == kNoOid || is_visible(object, ddl);
  const ObjectDef* schema = visible ? nullptr : ddl.catalog().find_anywhere(object.schema);
  return schema == nullptr ? cat(kind, " ", object.name) : cat(kind, " ", schema->name, ".", object.name);
}

namespace {}  // namespace

std::vector<ObjectPtr> ddl_views_reading(Oid relation, const DdlBuilder& ddl) {
  std::vector<ObjectPtr> views;
  for (const ObjectPtr& object : ddl.catalog().views()) {
    const std::vector<Oid>& reads = *view_text(*object)->depends_on;
    const bool concerned = std::find(reads.begin(), reads.end(), relation) != reads.end();
    if (concerned && ddl.find(object->oid) != nullptr) views.push_back(object);
  }
  return views;
}

namespace {

/// "t" is not a view: says which DROP it takes.
absl::Status with_drop_hint(const absl::Status& status, const ObjectDef& object) {
  switch (object.kind) {
    case ObjectKind::view: return with_hint(status, "Use DROP VIEW to remove a view.");
    case ObjectKind::sequence: return with_hint(status, "Use DROP SEQUENCE to remove a sequence.");
    case ObjectKind::index: return with_hint(status, "Use DROP INDEX to remove an index.");
    default: break;
  }
  return is_materialized_view(object) ? with_hint(status, "Use DROP MATERIALIZED VIEW to remove a materialized view.")
                                      : with_hint(status, "Use DROP TABLE to remove a table.");
}

/// What a DROP takes along, or what stands in its way.
struct Dependents {
  std::vector<std::string> objects;
  std::vector<std::string> reasons;  ///< parallel: "view v depends on table t"

  void add(const ObjectDef& object, const ObjectDef& on, const DdlBuilder& ddl) {
    add(ddl_describe(object, ddl), on, ddl);
  }
  void add(std::string object, const ObjectDef& on, const DdlBuilder& ddl) {
    objects.push_back(std::move(object));
    reasons.push_back(cat(objects.back(), " depends on ", ddl_describe(on, ddl)));
  }
};

/// CASCADE tells in one notice what went along; RESTRICT refuses. `one`: the statement drops one thing.
absl::Status settle_dependents(const Dependents& dependents, sql::DropBehavior behavior, std::string_view dropped,
                               bool one, DdlBuilder& ddl) {
  const std::vector<std::string>& objects = dependents.objects;
  if (objects.empty()) return absl::OkStatus();
  std::string detail;
  const bool restricts = behavior == sql::DropBehavior::kRestrict;
  for (size_t i = 0; i < objects.size(); ++i) {
    if (i > 0) detail += "\n";
    detail += restricts ? dependents.reasons[i] : cat("drop cascades to ", objects[i]);
  }
  if (!restricts) {
    if (objects.size() == 1) {
      ddl.notice(ErrorCode::kOk, std::move(detail));
    } else {
      ddl.notice(ErrorCode::kOk, cat("drop cascades to ", objects.size(), " other objects"), std::move(detail));
    }
    return absl::OkStatus();
  }
  absl::Status refused = one ? error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", dropped,
                                     " because other objects depend on it")
                             : error(ErrorCode::kDependentObjectsStillExist,
                                     "cannot drop desired object(s) because other objects depend on them");
  return with_hint(with_detail(std::move(refused), std::move(detail)),
                   "Use DROP ... CASCADE to drop the dependent objects too.");
}

void drop_view(const ObjectDef& view, DdlBuilder& ddl) {
  if (view.kind == ObjectKind::view)
    ddl.drop(view.oid);
  else
    ddl_drop_table(static_cast<const TableDef&>(*ddl.find(view.oid)), ddl);
}

/// Those of `going` go by themselves.
void drop_views_of(const ObjectDef& object, Dependents* dependents, DdlBuilder& ddl,
                   const std::vector<Oid>& going = {});

void drop_policies_reading(const ObjectDef& object, const std::vector<Oid>& going, Dependents* dependents,
                           DdlBuilder& ddl);

/// Functions that need the object, and what they take along.
void drop_functions_of(const ObjectDef& object, Dependents* dependents, DdlBuilder& ddl) {
  for (const FunctionPtr& function : ddl_functions_of(object, ddl)) {
    if (ddl.find(function->oid) == nullptr) continue;
    dependents->add(*function, object, ddl);
    if (has_row_type(object) &&
        (function->result_relation == object.oid || ddl_function_has_type(*function, row_type_def(object)))) {
      dependents->reasons.back() = cat(dependents->objects.back(), " depends on type ", object.name);
    }
    drop_views_of(*function, dependents, ddl);
    ddl.drop(function->oid);
  }
}

/// Streams tell of tables.
void drop_streams_of(const ObjectDef& object, Dependents* dependents, DdlBuilder& ddl, const std::vector<Oid>& going) {
  if (object.kind != ObjectKind::table) return;
  for (const auto& stream : ddl_streams_of(object.oid, ddl)) {
    if (std::binary_search(going.begin(), going.end(), stream->oid)) continue;
    dependents->add(*stream, object, ddl);
    ddl.drop(stream->oid);
  }
}

/// Expressions of tables and domains that call it.
void drop_uses_of_function(const FunctionDef& function, Dependents* dependents, DdlBuilder& ddl) {
  for (const FunctionUse& use : ddl_uses_of_function(function, ddl)) {
    if (ddl.find(use.object->oid) == nullptr) continue;
    dependents->objects.push_back(ddl_describe_use(use, ddl));
    dependents->reasons.push_back(cat(dependents->objects.back(), " depends on ", ddl_describe(function, ddl)));
    if (!ddl_drop_use(use, ddl).ok()) continue;
  }
}

void drop_views_of(const ObjectDef& object, Dependents* dependents, DdlBuilder& ddl, const std::vector<Oid>& going) {
  if (object.kind == ObjectKind::function) {
    drop_uses_of_function(static_cast<const FunctionDef&>(object), dependents, ddl);
    drop_policies_reading(object, {}, dependents, ddl);
  }
  drop_functions_of(object, dependents, ddl);
  drop_streams_of(object, dependents, ddl, going);
  for (const ObjectPtr& view : ddl_views_reading(object.oid, ddl)) {
    if (ddl.find(view->oid) == nullptr) continue;  // went with a view between them
    if (std::binary_search(going.begin(), going.end(), view->oid)) continue;
    dependents->add(*view, object, ddl);
    drop_views_of(*view, dependents, ddl, going);
    drop_view(*view, ddl);
  }
}

}  // namespace

absl::StatusOr<std::vector<ObjectPtr>> ddl_views_of_column(const TableDef& table, int16_t attnum,
                                                           const DdlBuilder& ddl) {
  std::vector<ObjectPtr> views;
  for (ObjectPtr& object : ddl_views_reading(table.oid, ddl)) {
    Binder binder(ddl.context());
    binder.rights.note_all();
    const auto query = binder.bind_stored_query(view_text(*object)->query_sql, object->owner);
    if (!query.ok()) continue;  // it cannot be read any more anyway
    if (binder.rights.reads(table.oid, static_cast<uint32_t>(attnum - 1))) views.push_back(std::move(object));
  }
  return views;
}

absl::Status ddl_drop_views_of_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const auto views, ddl_views_of_column(table, column.attnum, ddl));
  const std::vector<PolicyUse> policies = ddl_policies_of_column(table, column.attnum, ddl);
  const std::string dropped = cat("column ", column.name, " of ", ddl_describe(table, ddl));
  Dependents dependents;
  // In the order in which they were made.
  size_t policy = 0;
  const auto add_policies = [&](Oid before) {
    for (; policy < policies.size() && policies[policy].oid < before; ++policy) {
      dependents.objects.push_back(ddl_describe(policies[policy], ddl));
      dependents.reasons.push_back(cat(dependents.objects.back(), " depends on ", dropped));
      if (policies[policy].table != table.oid) ddl_drop_policy(policies[policy], ddl);
    }
  };
  for (const ObjectPtr& view : views) {
    if (ddl.find(view->oid) == nullptr) continue;
    add_policies(view->oid);
    dependents.objects.push_back(ddl_describe(*view, ddl));
    dependents.reasons.push_back(cat(dependents.objects.back(), " depends on ", dropped));
    drop_views_of(*view, &dependents, ddl);
    drop_view(*view, ddl);
  }
  add_policies(UINT32_MAX);
  return settle_dependents(dependents, behavior, dropped, true, ddl);
}

namespace {

absl::Status drop_one_index(const ObjectDef& object, sql::DropBehavior behavior, DdlBuilder& ddl) {
  const auto& index = static_cast<const IndexDef&>(object);
  auto table = ddl.edit_table(index.table);
  if (index.constraint) {
    return with_hint(error(ErrorCode::kDependentObjectsStillExist, "cannot drop index ", index.name,
                              " because constraint ", index.name, " on table ", table->name, " requires it"),
                     cat("You can drop constraint ", index.name, " on table ", table->name, " instead."));
  }
  if (const ObjectDef* parent = index.parent == kNoOid ? nullptr : ddl.find(index.parent)) {
    return with_hint(error(ErrorCode::kDependentObjectsStillExist, "cannot drop index ", index.name, " because index ",
                           parent->name, " requires it"),
                     cat("You can drop index ", parent->name, " instead."));
  }
  ddl.lock(table->oid);
  ddl_drop_index_parts(index, *table, ddl);
  const std::string name = cat("index ", index.name);
  TROUPE_RETURN_IF_ERROR(ddl_free_index({index.oid, name, name, behavior}, table.get(), ddl));
  std::erase(table->indexes, index.oid);
  ddl_drop_index(index, ddl);
  ddl.put(std::move(table));
  return absl::OkStatus();
}

/// Defaults that take their values from it, but of tables that are `going`.
void drop_defaults_of(const SequenceDef& sequence, const std::vector<Oid>& going, Dependents* dependents,
                      DdlBuilder& ddl) {
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::table)) {
    const auto* table = static_cast<const TableDef*>(ddl.find(object->oid));
    if (table == nullptr || std::ranges::find(going, table->oid) != going.end()) continue;
    const auto takes = [&](const ColumnDef& column) {
      return sequence_of_default(ddl.catalog(), *table, column) == sequence.oid;
    };
    if (std::ranges::none_of(table->columns, takes)) continue;
    auto changed = ddl.edit_table(table->oid);
    for (ColumnDef& column : changed->columns) {
      if (!takes(column)) continue;
      column.default_sql.clear();
      column.owned_sequence = kNoOid;
      dependents->add(cat("default value for column ", column.name, " of ", ddl_describe(*changed, ddl)), sequence,
                      ddl);
    }
    ddl.put(std::move(changed));
  }
}

absl::Status drop_one_sequence(const ObjectDef& object, Dependents* dependents, DdlBuilder& ddl) {
  const auto& sequence = static_cast<const SequenceDef&>(object);
  if (const auto* owner = static_cast<const TableDef*>(ddl.find(sequence.owner_table))) {
    for (const ColumnDef& column : owner->columns) {
      if (column.owned_sequence != sequence.oid || column.identity == IdentityKind::none) continue;
      const std::string what = cat("column ", column.name, " of ", ddl_describe(*owner, ddl));
      return with_hint(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", ddl_describe(object, ddl),
                             " because ", what, " requires it"),
                       cat("You can drop ", what, " instead."));
    }
  }
  drop_defaults_of(sequence, {}, dependents, ddl);
  ddl.act(DdlAction::Kind::kDropSequence).sequence = sequence.oid;
  ddl.drop(sequence.oid);
  return absl::OkStatus();
}

void drop_reference(const ForeignKeyRef& ref, const TableDef& table, Dependents* dependents, DdlBuilder& ddl) {
  // A partition's goes with its table's, and is not told of.
  if (ref.key.parent == kNoOid) {
    dependents->objects.push_back(cat("constraint ", ref.key.name, " on ", ddl_describe(*ref.table, ddl)));
    dependents->reasons.push_back(cat(dependents->objects.back(), " depends on ", ddl_describe(table, ddl)));
  }
  ddl_drop_foreign_key(ref, ddl);
}

/// Foreign keys of tables that stay: they refer to one that goes.
void drop_references_to(const TableDef& table, const std::vector<Oid>& going, Dependents* dependents, DdlBuilder& ddl) {
  const auto goes = [&](Oid oid) { return std::find(going.begin(), going.end(), oid) != going.end(); };
  for (const ForeignKeyRef& ref : ddl_references_to(table, ddl)) {
    if (!goes(ref.table->oid)) drop_reference(ref, table, dependents, ddl);
  }
  if (!table.is_partition() || goes(table.partition_of)) return;
  // Of a partition that goes alone.
  for (const ForeignKeyRef& ref : ddl_references_above(table, ddl)) {
    if (!goes(ref.table->oid)) drop_reference(ref, table, dependents, ddl);
  }
}

/// Policies of tables that stay: their subqueries read a relation that goes.
void drop_policies_reading(const ObjectDef& object, const std::vector<Oid>& going, Dependents* dependents,
                           DdlBuilder& ddl) {
  for (const PolicyUse& use : ddl_policies_reading(object.oid, ddl)) {
    if (std::find(going.begin(), going.end(), use.table) != going.end()) continue;
    dependents->objects.push_back(ddl_describe(use, ddl));
    dependents->reasons.push_back(cat(dependents->objects.back(), " depends on ", ddl_describe(object, ddl)));
    ddl_drop_policy(use, ddl);
  }
}

/// The table and its partitions, from what reads them or refers to them.
void free_table(const TableDef& table, const std::vector<Oid>& going, Dependents* dependents, DdlBuilder& ddl) {
  drop_references_to(table, going, dependents, ddl);
  for (const Oid oid : table.partitions) {
    const ObjectDef* partition = ddl.find(oid);
    if (partition == nullptr) continue;
    drop_views_of(*partition, dependents, ddl);
    drop_policies_reading(*partition, going, dependents, ddl);
    free_table(static_cast<const TableDef&>(*partition), going, dependents, ddl);
  }
}

/// Indexes and the sequences that columns own go with their table.
bool is_part_of_table(const ObjectDef& object) {
  if (object.kind == ObjectKind::index) return true;
  return object.kind == ObjectKind::sequence && static_cast<const SequenceDef&>(object).owner_table != kNoOid;
}

/// A partition whose partitioned table is dropped, too.
bool goes_with_its_table(const ObjectDef& object, const DdlBuilder& ddl) {
  const auto* table = object.kind == ObjectKind::table ? static_cast<const TableDef*>(&object) : nullptr;
  const ObjectDef* parent = table != nullptr && table->is_partition() ? ddl.find(table->partition_of) : nullptr;
  return parent != nullptr && parent->schema == object.schema;
}

/// What is in a schema and goes with nothing else; ascending.
std::vector<Oid> contents_of(Oid schema, const DdlBuilder& ddl) {
  std::vector<Oid> contents;
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    const bool goes = object->schema == schema && ddl.find(object->oid) != nullptr && !is_part_of_table(*object) &&
                      !goes_with_its_table(*object, ddl);
    if (goes) contents.push_back(object->oid);
  }
  return contents;
}

absl::Status drop_uses_of_rows(const ObjectDef& relation, const std::vector<Oid>& going, Dependents* dependents,
                               DdlBuilder& ddl);

absl::Status drop_schema_contents(const SchemaDef& schema, const sql::DropStatement& drop, Dependents* dependents,
                                  DdlBuilder& ddl) {
  const std::vector<Oid> contents = contents_of(schema.oid, ddl);
  for (const Oid oid : contents) dependents->add(*ddl.find(oid), schema, ddl);
  for (const Oid oid : contents) {
    const ObjectPtr object = ddl.catalog().find_shared(oid);
    drop_views_of(*object, dependents, ddl, contents);
    drop_policies_reading(*object, contents, dependents, ddl);
    TROUPE_RETURN_IF_ERROR(drop_uses_of_rows(*object, contents, dependents, ddl));
    if (object->kind == ObjectKind::table) {
      drop_references_to(static_cast<const TableDef&>(*object), contents, dependents, ddl);
      ddl_drop_table(static_cast<const TableDef&>(*ddl.find(oid)), ddl);
    } else if (object->kind == ObjectKind::sequence) {
      TROUPE_RETURN_IF_ERROR(drop_one_sequence(*object, dependents, ddl));
    } else {
      ddl.drop(oid);
    }
  }
  ddl_forget_published(schema.oid, ddl);
  ddl.drop(schema.oid);
  return absl::OkStatus();
}

absl::Status drop_schema(const sql::ObjectRef& ref, const sql::DropStatement& drop, Dependents* dependents,
                         DdlBuilder& ddl) {
  const std::string_view name = ref.name.back();
  const SchemaDef* schema = ddl.catalog().find_schema(name);
  if (schema == nullptr) {
    if (drop.if_exists) {
      ddl.notice(ErrorCode::kOk, cat("schema \"", name, "\" does not exist, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kInvalidSchemaName, "schema \"", name, "\" does not exist");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*schema, ddl));
  if (schema->database == kNoOid) {
    return error(ErrorCode::kDependentObjectsStillExist, "cannot drop schema ", name,
                 " because it is required by the database system");
  }
  return drop_schema_contents(*schema, drop, dependents, ddl);
}

/// An attribute of a composite type goes with its own type.
void drop_attribute_of(const TypeDef& composite, int16_t attnum, const TypeDef& type, Dependents* dependents,
                       DdlBuilder& ddl) {
  auto changed = std::make_shared<TypeDef>(static_cast<const TypeDef&>(*ddl.find(composite.oid)));
  ColumnDef& attribute = changed->attributes[static_cast<size_t>(attnum - 1)];
  dependents->objects.push_back(cat("column ", attribute.name, " of composite ", ddl_describe(composite, ddl)));
  dependents->reasons.push_back(cat(dependents->objects.back(), " depends on ", ddl_describe(type, ddl)));
  attribute.dropped = true;
  ddl.put(std::move(changed));
}

/// The type, or its multirange where the column is of that.
TypeDef used_by(const ColumnDef& column, const TypeDef& type) {
  TypeDef used = type;
  const bool multirange = column.type == type.multirange_type || column.type == type.multirange_array;
  if (multirange && type.multirange_type != kNoOid) used.name = type.multirange_name;
  return used;
}

absl::Status drop_uses_of(const TypeDef& type, Dependents* dependents, DdlBuilder& ddl);

absl::Status drop_use(const TypeUse& use, const TypeDef& type, Dependents* dependents, DdlBuilder& ddl) {
  if (ddl.find(use.object->oid) == nullptr) return absl::OkStatus();
  if (use.attnum == 0) {
    dependents->add(*use.object, type, ddl);
    TROUPE_RETURN_IF_ERROR(drop_uses_of(static_cast<const TypeDef&>(*use.object), dependents, ddl));
    ddl.drop(use.object->oid);
    return absl::OkStatus();
  }
  if (use.object->kind == ObjectKind::type) {
    drop_attribute_of(static_cast<const TypeDef&>(*use.object), use.attnum, type, dependents, ddl);
    return absl::OkStatus();
  }
  auto table = ddl.edit_table(use.object->oid);
  const std::string name = table->column(use.attnum).name;
  dependents->objects.push_back(cat("column ", name, " of ", ddl_describe(*table, ddl)));
  dependents->reasons.push_back(
      cat(dependents->objects.back(), " depends on ", ddl_describe(used_by(table->column(use.attnum), type), ddl)));
  ddl.lock(table->oid);
  TROUPE_RETURN_IF_ERROR(ddl_drop_column(name, sql::DropBehavior::kCascade, table.get(), ddl));
  ddl.put(std::move(table));
  return absl::OkStatus();
}

/// Columns, attributes, domains and ranges of a type that goes, and functions.
absl::Status drop_uses_of(const TypeDef& type, Dependents* dependents, DdlBuilder& ddl) {
  drop_functions_of(type, dependents, ddl);
  for (const TypeUse& use : ddl_uses_of(type, ddl)) TROUPE_RETURN_IF_ERROR(drop_use(use, type, dependents, ddl));
  return absl::OkStatus();
}

/// Columns of the row type of a relation that goes, but of those that go by themselves.
absl::Status drop_uses_of_rows(const ObjectDef& relation, const std::vector<Oid>& going, Dependents* dependents,
                               DdlBuilder& ddl) {
  const std::vector<TypeUse> uses = ddl_uses_of_rows(relation, going, ddl);
  if (uses.empty()) return absl::OkStatus();
  const TypeDef type = row_type_def(relation);
  for (const TypeUse& use : uses) TROUPE_RETURN_IF_ERROR(drop_use(use, type, dependents, ddl));
  return absl::OkStatus();
}

absl::Status drop_type(const sql::ObjectRef& ref, const sql::DropStatement& drop, Dependents* dependents,
                       std::string* dropped, DdlBuilder& ddl) {
  const TypeDef* type = ddl.binder().find_own_type(ref.name);
  if (type == nullptr) {
    TROUPE_RETURN_IF_ERROR(ddl_check_no_row_type(ref.name, true, ddl));
    if (!drop.if_exists) return error(ErrorCode::kUndefinedObject, "type \"", ref.name.back(), "\" does not exist");
    ddl.notice(ErrorCode::kOk, cat("type \"", ref.name.back(), "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  if (drop.object == sql::ObjectKind::kDomain && type->type_kind != TypeKind::domain) {
    return error(ErrorCode::kWrongObjectType, "\"", type->name, "\" is not a domain");
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_may_drop(*type, ddl));
  *dropped = ddl_describe(*type, ddl);
  TROUPE_RETURN_IF_ERROR(drop_uses_of(*type, dependents, ddl));
  ddl.drop(type->oid);
  return absl::OkStatus();
}

absl::StatusOr<ObjectKind> droppable_kind(const sql::DropStatement& drop, const DdlBuilder& ddl) {
  switch (drop.object) {
    case sql::ObjectKind::kTable:
    case sql::ObjectKind::kMaterializedView: return ObjectKind::table;
    case sql::ObjectKind::kView: return ObjectKind::view;
    case sql::ObjectKind::kIndex: return ObjectKind::index;
    case sql::ObjectKind::kSequence: return ObjectKind::sequence;
    case sql::ObjectKind::kSchema: return ObjectKind::schema;
    case sql::ObjectKind::kType:
    case sql::ObjectKind::kDomain: return ObjectKind::type;
    case sql::ObjectKind::kPublication: return ObjectKind::publication;
    case sql::ObjectKind::kStream: return ObjectKind::stream;
    default: return ddl.refuse(drop, "DROP of this kind of object");
  }
}

/// Null when it is not there and need not be.
absl::StatusOr<const ObjectDef*> find_dropped(const sql::ObjectRef& ref, const sql::DropStatement& drop,
                                              ObjectKind kind, DdlBuilder& ddl) {
  const bool materialized = drop.object == sql::ObjectKind::kMaterializedView;
  const std::string_view schema = ref.name.size() > 1 ? ref.name[ref.name.size() - 2] : std::string_view();
  if (ref.name.size() > 2) {
    TROUPE_RETURN_IF_ERROR(ddl.check_database(ref, ref.name[ref.name.size() - 3], schema, ref.name.back()));
  }
  auto found = materialized ? ddl.require_materialized_view(schema, ref.name.back(), drop.if_exists)
                            : ddl.require_relation(schema, ref.name.back(), kind, drop.if_exists);
  if (found.ok() && !materialized && *found != nullptr && is_materialized_view(**found)) {
    found = error(ErrorCode::kWrongObjectType, "\"", (*found)->name, "\" is not a table");
  }
  if (found.ok()) return found;
  // DROP says "table", not "relation".
  if (!materialized && kind == ObjectKind::table && error_code(found.status()) == ErrorCode::kUndefinedTable) {
    return error(ErrorCode::kUndefinedTable, "table \"", ref.name.back(), "\" does not exist");
  }
  const ObjectDef* other = ddl.find_named(schema, ref.name.back());
  return other != nullptr ? with_drop_hint(found.status(), *other) : found.status();
}

/// A table that this statement has dropped with its partitioned table.
bool has_gone(const sql::ObjectRef& ref, const DdlBuilder& ddl) {
  const std::string_view name = ref.name.back();
  std::vector<Oid> schemas = ddl.context().search_path;
  if (ref.name.size() > 1) {
    const SchemaDef* schema = ddl.catalog().find_schema(ref.name[ref.name.size() - 2]);
    schemas = schema == nullptr ? std::vector<Oid>{} : std::vector<Oid>{schema->oid};
  }
  for (const Oid schema : schemas) {
    const ObjectDef* before = ddl.catalog().find_relation(schema, name);
    if (before != nullptr) return ddl.find(before->oid) == nullptr;
  }
  return false;
}

/// What DROP TABLE a, b names, as far as it is there.
std::vector<Oid> named_tables(const sql::DropStatement& drop, const DdlBuilder& ddl) {
  std::vector<Oid> tables;
  for (const sql::ObjectRef* ref : drop.objects) {
    const std::string_view schema = ref->name.size() > 1 ? ref->name[ref->name.size() - 2] : std::string_view();
    if (const ObjectDef* object = ddl.find_named(schema, ref->name.back())) tables.push_back(object->oid);
  }
  return tables;
}

}  // namespace

namespace {

absl::Status drop_functions(const sql::DropStatement& drop, DdlBuilder& ddl) {
  Dependents dependents;
  std::string dropped;
  for (const sql::ObjectRef* ref : drop.objects) {
    TROUPE_ASSIGN_OR_RETURN(const FunctionDef* function, ddl_find_function(*ref, drop.if_exists, ddl));
    if (function == nullptr || ddl.find(function->oid) == nullptr) continue;
    if (function->is_aggregate() && drop.object == sql::ObjectKind::kFunction) {
      return with_hint(error(ErrorCode::kWrongObjectType, "\"", ref->name.back(), "\" is an aggregate function"),
                       "Use DROP AGGREGATE to drop aggregate functions.");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_may_drop(*function, ddl));
    dropped = ddl_describe(*function, ddl);
    ddl.drop(function->oid);
    drop_views_of(*function, &dependents, ddl);
  }
  return settle_dependents(dependents, drop.behavior, dropped, drop.objects.size() == 1, ddl);
}

}  // namespace

absl::Status ddl_drop(const sql::DropStatement& drop, DdlBuilder& ddl) {
  if (drop.object == sql::ObjectKind::kPolicy) return ddl_drop_policy(*drop.objects[0], drop.if_exists, ddl);
  if (is_routine(drop.object)) return drop_functions(drop, ddl);
  TROUPE_ASSIGN_OR_RETURN(const ObjectKind kind, droppable_kind(drop, ddl));
  Dependents dependents;
  std::string dropped;
  for (const sql::ObjectRef* ref : drop.objects) {
    if (kind == ObjectKind::schema) {
      dropped = cat("schema ", ref->name.back());
      TROUPE_RETURN_IF_ERROR(drop_schema(*ref, drop, &dependents, ddl));
      continue;
    }
    if (kind == ObjectKind::publication) {
      TROUPE_RETURN_IF_ERROR(ddl_drop_publication(ref->name.back(), drop.if_exists, ddl));
      continue;
    }
    if (kind == ObjectKind::stream) {
      TROUPE_RETURN_IF_ERROR(ddl_drop_stream(*ref, drop.if_exists, ddl));
      continue;
    }
    if (kind == ObjectKind::type) {
      TROUPE_RETURN_IF_ERROR(drop_type(*ref, drop, &dependents, &dropped, ddl));
      continue;
    }
    if (kind == ObjectKind::table && has_gone(*ref, ddl)) continue;
    TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, find_dropped(*ref, drop, kind, ddl));
    if (object == nullptr) continue;
    TROUPE_RETURN_IF_ERROR(ddl_check_may_drop(*object, ddl));
    dropped = ddl_describe(*object, ddl);
    if (kind == ObjectKind::index) {
      TROUPE_RETURN_IF_ERROR(drop_one_index(*object, drop.behavior, ddl));
    } else if (kind == ObjectKind::sequence) {
      TROUPE_RETURN_IF_ERROR(drop_one_sequence(*object, &dependents, ddl));
    } else {
      drop_views_of(*object, &dependents, ddl);
      drop_policies_reading(*object, named_tables(drop, ddl), &dependents, ddl);
      TROUPE_RETURN_IF_ERROR(drop_uses_of_rows(*object, named_tables(drop, ddl), &dependents, ddl));
      if (kind == ObjectKind::table) {
        const std::vector<Oid> going = named_tables(drop, ddl);
        free_table(static_cast<const TableDef&>(*object), going, &dependents, ddl);
        for (const Oid owned : ddl_sequences_of(static_cast<const TableDef&>(*object), 0, ddl)) {
          drop_defaults_of(static_cast<const SequenceDef&>(*ddl.find(owned)), going, &dependents, ddl);
        }
        ddl_drop_table(static_cast<const TableDef&>(*ddl.find(object->oid)), ddl);
      } else {
        ddl.drop(object->oid);
      }
    }
  }
  return settle_dependents(dependents, drop.behavior, dropped, drop.objects.size() == 1, ddl);
}

absl::Status ddl_drop_all(const std::vector<const ObjectDef*>& objects, sql::DropBehavior behavior, DdlBuilder& ddl) {
  sql::DropStatement drop;
  drop.behavior = behavior;
  Dependents dependents;
  // What depends on others of them goes before those.
  for (const ObjectKind kind : {ObjectKind::publication, ObjectKind::stream, ObjectKind::view, ObjectKind::table, ObjectKind::function,
                                ObjectKind::sequence, ObjectKind::schema}) {
    for (const ObjectDef* object : objects) {
      if (object->kind != kind || ddl.find(object->oid) == nullptr) continue;
      drop_views_of(*object, &dependents, ddl);
      drop_policies_reading(*object, {}, &dependents, ddl);
      TROUPE_RETURN_IF_ERROR(drop_uses_of_rows(*object, {}, &dependents, ddl));
      switch (kind) {
        case ObjectKind::table: ddl_drop_table(static_cast<const TableDef&>(*object), ddl); break;
        case ObjectKind::sequence: TROUPE_RETURN_IF_ERROR(drop_one_sequence(*object, &dependents, ddl)); break;
        case ObjectKind::schema: {
          const auto& schema = static_cast<const SchemaDef&>(*object);
          TROUPE_RETURN_IF_ERROR(drop_schema_contents(schema, drop, &dependents, ddl));
          break;
        }
        default: ddl.drop(object->oid);
      }
    }
  }
  return settle_dependents(dependents, drop.behavior, "objects", false, ddl);
}

namespace {

void add_with_partitions(const TableDef& table, std::vector<Oid>* tables, const DdlBuilder& ddl) {
  if (std::find(tables->begin(), tables->end(), table.oid) == tables->end()) tables->push_back(table.oid);
  for (const Oid partition : table.partitions) {
    add_with_partitions(static_cast<const TableDef&>(*ddl.find(partition)), tables, ddl);
  }
}

/// The named tables, and with CASCADE those that refer to them. Errors: 0A000 for a reference from a table that stays.
absl::StatusOr<std::vector<Oid>> truncated_tables(const sql::TruncateStatement& truncate, DdlBuilder& ddl) {
  std::vector<Oid> tables;
  const auto known = [&](Oid oid) { return std::find(tables.begin(), tables.end(), oid) != tables.end(); };
  for (const sql::TableRef* ref : truncate.tables) {
    TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*ref, ObjectKind::table));
    if (is_materialized_view(*object)) {
      return error(ErrorCode::kWrongObjectType, "\"", object->name, "\" is not a table");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_right(*object, kTruncate, ddl));
    TROUPE_RETURN_IF_ERROR(ddl_check_no_state(*object, ddl));
    const auto& table = static_cast<const TableDef&>(*object);
    if (ref->only && table.is_partitioned()) {
      return with_hint(error(ErrorCode::kWrongObjectType, "cannot truncate only a partitioned table"),
                       "Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.");
    }
    add_with_partitions(table, &tables, ddl);
  }
  const bool cascades = truncate.behavior == sql::DropBehavior::kCascade;
  for (size_t i = 0; i < tables.size(); ++i) {
    const auto& table = static_cast<const TableDef&>(*ddl.find(tables[i]));
    std::vector<ForeignKeyRef> refs = ddl_references_to(table, ddl);
    for (ForeignKeyRef& ref : ddl_references_above(table, ddl)) refs.push_back(std::move(ref));
    for (const ForeignKeyRef& ref : refs) {
      if (known(ref.table->oid)) continue;
      if (!cascades) {
        return with_hint(
            with_detail(error(ErrorCode::kFeatureNotSupported,
                              "cannot truncate a table referenced in a foreign key constraint"),
                        cat("Table \"", ref.table->name, "\" references \"", table.name, "\".")),
            cat("Truncate table \"", ref.table->name, "\" at the same time, or use TRUNCATE ... CASCADE."));
      }
      ddl.notice(ErrorCode::kOk, cat("truncate cascades to table \"", ref.table->name, "\""));
      add_with_partitions(*ref.table, &tables, ddl);
    }
  }
  return tables;
}

}  // namespace

void ddl_truncate_table(Oid oid, bool restart_identity, DdlBuilder& ddl) {
  auto table = ddl.edit_table(oid);
  ddl.lock(table->oid);
  // New, empty trees: the old ones are dropped whole when this commits.
  const auto renew = [&](TreeId old) {
    const TreeId tree = ddl.new_tree();
    ddl.act(DdlAction::Kind::kCreateTree).tree = tree;
    ddl.act(DdlAction::Kind::kDropTree).tree = old;
    return tree;
  };
  if (!table->is_partitioned()) table->tree = renew(table->tree);
  for (const Oid index_oid : table->indexes) {
    const ObjectDef* found = ddl.find(index_oid);
    if (found == nullptr || static_cast<const IndexDef&>(*found).tree == 0) continue;
    auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*found));
    index->tree = renew(index->tree);
    ddl.put(std::move(index));
  }
  if (restart_identity) {
    for (const Oid owned : ddl_sequences_of(*table, 0, ddl)) ddl.act(DdlAction::Kind::kSetSequence).sequence = owned;
  }
  ddl.put(std::move(table));
}

absl::Status ddl_truncate(const sql::TruncateStatement& truncate, DdlBuilder& ddl) {
  ddl.plan().truncate = true;
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Oid> tables, truncated_tables(truncate, ddl));
  for (const Oid table : tables) ddl_truncate_table(table, truncate.restart_identity, ddl);
  return absl::OkStatus();
}

}  // namespace troupe
