/// DROP, RENAME, TRUNCATE, COMMENT.
#include <algorithm>

#include "runtime/plan/ddl_binder.hpp"

namespace troupe {
namespace {

/// Views that read a relation; CASCADE takes them along, RESTRICT stops at them.
std::vector<const ViewDef*> dependent_views(Oid relation, const DdlBuilder& ddl) {
  std::vector<const ViewDef*> views;
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::view)) {
    const auto& view = static_cast<const ViewDef&>(*object);
    const bool reads = std::find(view.depends_on.begin(), view.depends_on.end(), relation) != view.depends_on.end();
    if (reads && ddl.find(view.oid) != nullptr) views.push_back(&view);
  }
  return views;
}

std::string describe(const ObjectDef& object) {
  const std::string_view kind = object.kind == ObjectKind::view       ? "view"
                                : object.kind == ObjectKind::sequence ? "sequence"
                                : object.kind == ObjectKind::index    ? "index"
                                                                      : "table";
  return cat(kind, " ", object.name);
}

absl::Status drop_views_of(const ObjectDef& object, sql::DropBehavior behavior, const sql::Node& node,
                           DdlBuilder& ddl) {
  for (const ViewDef* view : dependent_views(object.oid, ddl)) {
    if (behavior == sql::DropBehavior::kRestrict) {
      return with_hint(with_detail(ddl.fail(ErrorCode::kDependentObjectsStillExist, node, "cannot drop ",
                                            describe(object), " because other objects depend on it"),
                                   cat(describe(*view), " depends on ", describe(object))),
                       "Use DROP ... CASCADE to drop the dependent objects too.");
    }
    TROUPE_RETURN_IF_ERROR(drop_views_of(*view, behavior, node, ddl));
    ddl.notice(ErrorCode::kOk, cat("drop cascades to ", describe(*view)));
    ddl.drop(view->oid);
  }
  return absl::OkStatus();
}

absl::Status drop_one_index(const ObjectDef& object, const sql::Node& node, DdlBuilder& ddl) {
  const auto& index = static_cast<const IndexDef&>(object);
  auto table = ddl.edit_table(index.table);
  if (index.constraint) {
    return with_hint(ddl.fail(ErrorCode::kDependentObjectsStillExist, node, "cannot drop index ", index.name,
                              " because constraint ", index.name, " on table ", table->name, " requires it"),
                     cat("You can drop constraint ", index.name, " on table ", table->name, " instead."));
  }
  ddl.lock(table->oid);
  std::erase(table->indexes, index.oid);
  ddl_drop_index(index, ddl);
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status drop_one_sequence(const ObjectDef& object, const sql::DropStatement& drop, DdlBuilder& ddl) {
  const auto& sequence = static_cast<const SequenceDef&>(object);
  const ObjectDef* owner = ddl.find(sequence.owner_table);
  if (owner != nullptr) {
    auto table = ddl.edit_table(owner->oid);
    for (ColumnDef& column : table->columns) {
      if (column.owned_sequence != sequence.oid) continue;
      if (drop.behavior == sql::DropBehavior::kRestrict) {
        return with_hint(
            with_detail(ddl.fail(ErrorCode::kDependentObjectsStillExist, drop, "cannot drop sequence ", sequence.name,
                                 " because other objects depend on it"),
                        cat("default value for column ", column.name, " of table ", table->name,
                            " depends on sequence ", sequence.name)),
            "Use DROP ... CASCADE to drop the dependent objects too.");
      }
      column.owned_sequence = kNoOid;
      column.identity = IdentityKind::none;
    }
    ddl.put(std::move(table));
  }
  ddl.act(DdlAction::Kind::kDropSequence).sequence = sequence.oid;
  ddl.drop(sequence.oid);
  return absl::OkStatus();
}

absl::Status drop_schema(const sql::ObjectRef& ref, const sql::DropStatement& drop, DdlBuilder& ddl) {
  const std::string_view name = ref.name.back();
  const SchemaDef* schema = ddl.catalog().find_schema(name);
  if (schema == nullptr) {
    if (drop.if_exists) {
      ddl.notice(ErrorCode::kOk, cat("schema \"", name, "\" does not exist, skipping"));
      return absl::OkStatus();
    }
    return ddl.fail(ErrorCode::kInvalidSchemaName, ref, "schema \"", name, "\" does not exist");
  }
  if (schema->oid < kFirstUserOid && schema->oid != kPublicSchema) {
    return ddl.fail(ErrorCode::kDependentObjectsStillExist, ref, "cannot drop schema ", name,
                    " because it is required by the database system");
  }
  for (const ObjectPtr& object : ddl.catalog().objects()) {
    if (object->schema != schema->oid || ddl.find(object->oid) == nullptr) continue;
    if (drop.behavior == sql::DropBehavior::kRestrict) {
      return with_hint(with_detail(ddl.fail(ErrorCode::kDependentObjectsStillExist, ref, "cannot drop schema ", name,
                                            " because other objects depend on it"),
                                   cat(describe(*object), " depends on schema ", name)),
                       "Use DROP ... CASCADE to drop the dependent objects too.");
    }
    if (object->kind == ObjectKind::table) {
      TROUPE_RETURN_IF_ERROR(drop_views_of(*object, drop.behavior, ref, ddl));
      ddl_drop_table(static_cast<const TableDef&>(*object), ddl);
    } else if (object->kind == ObjectKind::sequence) {
      TROUPE_RETURN_IF_ERROR(drop_one_sequence(*object, drop, ddl));
    } else if (object->kind != ObjectKind::index) {
      ddl.drop(object->oid);
    }
  }
  ddl.drop(schema->oid);
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_drop(const sql::DropStatement& drop, DdlBuilder& ddl) {
  for (const sql::ObjectRef* ref : drop.objects) {
    if (drop.object == sql::ObjectKind::kSchema) {
      TROUPE_RETURN_IF_ERROR(drop_schema(*ref, drop, ddl));
      continue;
    }
    ObjectKind kind = ObjectKind::table;
    switch (drop.object) {
      case sql::ObjectKind::kTable: break;
      case sql::ObjectKind::kView: kind = ObjectKind::view; break;
      case sql::ObjectKind::kIndex: kind = ObjectKind::index; break;
      case sql::ObjectKind::kSequence: kind = ObjectKind::sequence; break;
      default: return ddl.refuse(drop, "DROP of this kind of object");
    }
    const std::string_view schema = ref->name.size() > 1 ? ref->name[ref->name.size() - 2] : std::string_view();
    auto found = ddl.require_relation(schema, ref->name.back(), kind, drop.if_exists, *ref);
    if (!found.ok()) {
      // DROP says "table", not "relation".
      if (kind == ObjectKind::table && error_code(found.status()) == ErrorCode::kUndefinedTable) {
        return error(ErrorCode::kUndefinedTable, "table \"", ref->name.back(), "\" does not exist");
      }
      return found.status();
    }
    const ObjectDef* object = *found;
    if (object == nullptr) continue;
    switch (kind) {
      case ObjectKind::index: TROUPE_RETURN_IF_ERROR(drop_one_index(*object, *ref, ddl)); break;
      case ObjectKind::sequence: TROUPE_RETURN_IF_ERROR(drop_one_sequence(*object, drop, ddl)); break;
      case ObjectKind::view:
        TROUPE_RETURN_IF_ERROR(drop_views_of(*object, drop.behavior, *ref, ddl));
        ddl.drop(object->oid);
        break;
      default:
        TROUPE_RETURN_IF_ERROR(drop_views_of(*object, drop.behavior, *ref, ddl));
        ddl_drop_table(static_cast<const TableDef&>(*object), ddl);
    }
  }
  return absl::OkStatus();
}

namespace {

absl::Status rename_column(const sql::RenameStatement& rename, TableDef* table, DdlBuilder& ddl) {
  const ColumnDef* column = table->find_column(rename.part);
  if (column == nullptr) {
    return ddl.fail(ErrorCode::kUndefinedColumn, rename, "column \"", rename.part, "\" does not exist");
  }
  if (table->find_column(rename.new_name) != nullptr) {
    return ddl.fail(ErrorCode::kDuplicateColumn, rename, "column \"", rename.new_name, "\" of relation \"",
                    table->name, "\" already exists");
  }
  for (const ConstraintDef& constraint : table->constraints) {
    const auto& columns = constraint.columns;
    if (constraint.kind == ConstraintKind::check &&
        std::find(columns.begin(), columns.end(), column->attnum) != columns.end()) {
      return ddl.refuse(rename, "renaming a column that a CHECK constraint uses");
    }
  }
  table->columns[static_cast<size_t>(column->attnum - 1)].name = rename.new_name;
  return absl::OkStatus();
}

absl::Status rename_constraint(const sql::RenameStatement& rename, TableDef* table, DdlBuilder& ddl) {
  for (ConstraintDef& constraint : table->constraints) {
    if (constraint.name != rename.part) continue;
    constraint.name = rename.new_name;
    if (const ObjectDef* index = constraint.index != kNoOid ? ddl.find(constraint.index) : nullptr) {
      auto renamed = copy_object(*index);
      renamed->name = rename.new_name;
      ddl.put(std::move(renamed));
    }
    return absl::OkStatus();
  }
  return ddl.fail(ErrorCode::kUndefinedObject, rename, "constraint \"", rename.part, "\" for table \"", table->name,
                  "\" does not exist");
}

}  // namespace

absl::Status ddl_rename(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  const bool part = rename.object == sql::ObjectKind::kColumn || rename.object == sql::ObjectKind::kTableConstraint;
  ObjectKind kind = ObjectKind::table;
  switch (part ? rename.of : rename.object) {
    case sql::ObjectKind::kTable: break;
    case sql::ObjectKind::kView: kind = ObjectKind::view; break;
    case sql::ObjectKind::kIndex: kind = ObjectKind::index; break;
    case sql::ObjectKind::kSequence: kind = ObjectKind::sequence; break;
    case sql::ObjectKind::kSchema: {
      const SchemaDef* schema = ddl.catalog().find_schema(rename.target->name.back());
      if (schema == nullptr) {
        return ddl.fail(ErrorCode::kInvalidSchemaName, rename, "schema \"", rename.target->name.back(),
                        "\" does not exist");
      }
      auto renamed = std::make_shared<SchemaDef>(*schema);
      renamed->name = rename.new_name;
      ddl.put(std::move(renamed));
      return absl::OkStatus();
    }
    default: return ddl.refuse(rename, "RENAME of this kind of object");
  }
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*rename.relation, kind, rename.if_exists));
  if (object == nullptr) return absl::OkStatus();
  if (!dependent_views(object->oid, ddl).empty()) {
    return ddl.refuse(rename, "renaming what a view reads");
  }
  if (part) {
    if (kind != ObjectKind::table) return ddl.refuse(rename, "renaming a column of a view");
    ddl.lock(object->oid);
    auto table = ddl.edit_table(object->oid);
    TROUPE_RETURN_IF_ERROR(rename.object == sql::ObjectKind::kColumn ? rename_column(rename, table.get(), ddl)
                                                                     : rename_constraint(rename, table.get(), ddl));
    ddl.put(std::move(table));
    return absl::OkStatus();
  }
  if (ddl.find_relation(object->schema, rename.new_name) != nullptr) {
    return ddl.fail(ErrorCode::kDuplicateTable, rename, "relation \"", rename.new_name, "\" already exists");
  }
  auto renamed = copy_object(*object);
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

absl::Status ddl_truncate(const sql::TruncateStatement& truncate, DdlBuilder& ddl) {
  ddl.plan().truncate = true;
  for (const sql::TableRef* ref : truncate.tables) {
    TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object, ddl.require_relation(*ref, ObjectKind::table));
    auto table = ddl.edit_table(object->oid);
    ddl.lock(table->oid);
    // New, empty trees: the old ones are dropped whole when this commits.
    const auto renew = [&](TreeId old) {
      const TreeId tree = ddl.new_tree();
      ddl.act(DdlAction::Kind::kCreateTree).tree = tree;
      ddl.act(DdlAction::Kind::kDropTree).tree = old;
      return tree;
    };
    table->tree = renew(table->tree);
    for (const Oid oid : table->indexes) {
      const ObjectDef* found = ddl.find(oid);
      if (found == nullptr || static_cast<const IndexDef&>(*found).tree == 0) continue;
      auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*found));
      index->tree = renew(index->tree);
      ddl.put(std::move(index));
    }
    if (truncate.restart_identity) {
      for (const ColumnDef& column : table->columns) {
        if (column.owned_sequence != kNoOid) ddl.act(DdlAction::Kind::kSetSequence).sequence = column.owned_sequence;
      }
    }
    ddl.put(std::move(table));
  }
  return absl::OkStatus();
}

absl::Status ddl_comment(const sql::CommentStatement& comment, DdlBuilder& ddl) {
  const sql::ObjectRef& target = *comment.target;
  const std::string text = comment.is_null ? std::string() : std::string(comment.text);
  const auto& name = target.name;
  const auto part = [&](size_t from_end) { return name.size() >= from_end ? name[name.size() - from_end] : std::string_view(); };
  if (target.object == sql::ObjectKind::kColumn) {
    TROUPE_ASSIGN_OR_RETURN(const ObjectDef* object,
                            ddl.require_relation(part(3), part(2), ObjectKind::table, false, target));
    auto table = ddl.edit_table(object->oid);
    const ColumnDef* column = table->find_column(name.back());
    if (column == nullptr) {
      return ddl.fail(ErrorCode::kUndefinedColumn, target, "column \"", name.back(), "\" of relation \"", table->name,
                      "\" does not exist");
    }
    table->columns[static_cast<size_t>(column->attnum - 1)].comment = text;
    ddl.put(std::move(table));
    return absl::OkStatus();
  }
  const ObjectDef* object = nullptr;
  switch (target.object) {
    case sql::ObjectKind::kTable:
    case sql::ObjectKind::kView:
    case sql::ObjectKind::kIndex:
    case sql::ObjectKind::kSequence: {
      const ObjectKind kind = target.object == sql::ObjectKind::kTable   ? ObjectKind::table
                              : target.object == sql::ObjectKind::kView  ? ObjectKind::view
                              : target.object == sql::ObjectKind::kIndex ? ObjectKind::index
                                                                         : ObjectKind::sequence;
      TROUPE_ASSIGN_OR_RETURN(object, ddl.require_relation(part(2), part(1), kind, false, target));
      break;
    }
    case sql::ObjectKind::kSchema: object = ddl.catalog().find_schema(name.back()); break;
    case sql::ObjectKind::kRole: object = ddl.catalog().find(NameClass::role, kNoOid, name.back()); break;
    case sql::ObjectKind::kDatabase: object = ddl.catalog().find(NameClass::database, kNoOid, name.back()); break;
    default: return ddl.refuse(comment, "COMMENT ON this kind of object");
  }
  if (object == nullptr) {
    return ddl.fail(ErrorCode::kUndefinedObject, target, "\"", name.back(), "\" does not exist");
  }
  auto changed = copy_object(*object);
  changed->comment = text;
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

}  // namespace troupe
