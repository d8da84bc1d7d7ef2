/// Foreign keys: made, checked, and what happens to them when what they refer to goes.
#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

KeyAction action_of(sql::ReferentialAction action) { return static_cast<KeyAction>(action); }

/// What is being made, and where.
struct NewKey {
  const sql::Constraint& source;
  TableDef& table;
  const TableDef* referenced = nullptr;  ///< maybe the same table
  DdlBuilder& ddl;
};

absl::StatusOr<std::vector<int16_t>> columns_of_names(const std::vector<std::string_view>& names,
                                                      const TableDef& table) {
  std::vector<int16_t> columns;
  for (const std::string_view name : names) {
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) {
      return error(ErrorCode::kUndefinedColumn, "column \"", name,
                   "\" referenced in foreign key constraint does not exist");
    }
    columns.push_back(column->attnum);
  }
  return columns;
}

bool same_set(std::vector<int16_t> a, std::vector<int16_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

/// An index that makes a set of columns a key: unique, of all rows, over nothing else. A deferrable one only if there
/// is no other.
const IndexDef* key_index(const TableDef& table, const std::vector<int16_t>& columns, const DdlBuilder& ddl) {
  const IndexDef* deferrable = nullptr;
  for (const Oid oid : table.indexes) {
    const auto* index = static_cast<const IndexDef*>(ddl.find(oid));
    if (index == nullptr || !index->unique || index->building || !index->predicate_sql.empty()) continue;
    std::vector<int16_t> attnums;
    for (const IndexColumn& column : index->columns) attnums.push_back(column.attnum);
    if (!same_set(attnums, columns)) continue;
    if (!index->deferrable) return index;
    deferrable = index;
  }
  return deferrable;
}

absl::Status deferrable_key(std::string_view kind, const TableDef& referenced) {
  return error(ErrorCode::kObjectNotInPrerequisiteState, "cannot use a deferrable ", kind, " for referenced table \"",
               referenced.name, "\"");
}

absl::Status find_referenced_key(const NewKey& at, ForeignKeyDef* key) {
  const TableDef& referenced = *at.referenced;
  if (at.source.referenced_columns.empty()) {
    if (referenced.primary_key.empty()) {
      return referenced.primary_key_index() != kNoOid
                 ? deferrable_key("primary key", referenced)
                 : error(ErrorCode::kUndefinedObject, "there is no primary key for referenced table \"",
                         referenced.name, "\"");
    }
    key->columns = referenced.primary_key;
    key->index = referenced.primary_key_index();
    return absl::OkStatus();
  }
  const std::vector<std::string_view> names(at.source.referenced_columns.begin(), at.source.referenced_columns.end());
  TROUPE_ASSIGN_OR_RETURN(key->columns, columns_of_names(names, referenced));
  std::vector<int16_t> sorted = key->columns;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return error(ErrorCode::kInvalidForeignKey, "foreign key referenced-columns list must not contain duplicates");
  }
  const IndexDef* index = key_index(referenced, key->columns, at.ddl);
  if (index == nullptr) {
    return error(ErrorCode::kInvalidForeignKey, "there is no unique constraint matching given keys for referenced table \"",
                 referenced.name, "\"");
  }
  if (index->deferrable) return deferrable_key("unique constraint", referenced);
  key->index = index->oid;
  return absl::OkStatus();
}

/// On the whole table or on each of the key's columns.
absl::Status check_may_refer(const TableDef& referenced, const ForeignKeyDef& key, const DdlBuilder& ddl) {
  const Oid role = ddl.context().role;
  const absl::Status whole = ddl_check_right(referenced, kReferences, ddl);
  const bool each = std::all_of(key.columns.begin(), key.columns.end(), [&](int16_t attnum) {
    return may_use_column(ddl.catalog(), role, referenced, referenced.column(attnum), kReferences);
  });
  return each ? absl::OkStatus() : whole;
}

/// Types whose values are compared with each other as they are.
bool same_family(Oid a, Oid b) {
  static constexpr Oid kFamilies[][4] = {{oid::kInt2, oid::kInt4, oid::kInt8, oid::kInvalid},
                                         {oid::kFloat4, oid::kFloat8, oid::kInvalid, oid::kInvalid},
                                         {oid::kDate, oid::kTimestamp, oid::kTimestamptz, oid::kInvalid}};
  return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](const Oid(&family)[4]) {
    return std::find(family, family + 4, a) != family + 4 && std::find(family, family + 4, b) != family + 4;
  });
}

absl::Status check_types(const ConstraintDef& constraint, const TableDef& table, const TableDef& referenced) {
  for (size_t i = 0; i < constraint.columns.size(); ++i) {
    const ColumnDef& from = table.column(constraint.columns[i]);
    const ColumnDef& to = referenced.column(constraint.foreign.columns[i]);
    if (from.type == to.type || same_family(from.type, to.type) ||
        can_cast(from.type, to.type, CastContext::kImplicit)) {
      continue;
    }
    return with_detail(
        error(ErrorCode::kDatatypeMismatch, "foreign key constraint \"", constraint.name, "\" cannot be implemented"),
        cat("Key columns \"", from.name, "\" and \"", to.name, "\" are of incompatible types: ",
            format_type(Type{from.type, from.typmod}), " and ", format_type(Type{to.type, to.typmod}), "."));
  }
  return absl::OkStatus();
}

/// The columns of ON DELETE SET NULL (a, b).
absl::Status set_delete_columns(const NewKey& at, ConstraintDef* constraint) {
  const std::vector<std::string_view> names(at.source.on_delete_columns.begin(), at.source.on_delete_columns.end());
  TROUPE_ASSIGN_OR_RETURN(constraint->foreign.on_delete_columns, columns_of_names(names, at.table));
  for (const int16_t attnum : constraint->foreign.on_delete_columns) {
    const auto& columns = constraint->columns;
    if (std::find(columns.begin(), columns.end(), attnum) != columns.end()) continue;
    return error(ErrorCode::kInvalidColumnReference, "column \"", at.table.column(attnum).name,
                 "\" referenced in ON DELETE SET action must be part of foreign key");
  }
  return absl::OkStatus();
}

absl::Status check_generated(const ConstraintDef& constraint, const TableDef& table) {
  const auto sets = [](KeyAction action) { return action == KeyAction::set_null || action == KeyAction::set_default; };
  for (const int16_t attnum : constraint.columns) {
    if (!table.column(attnum).generated_stored) continue;
    const KeyAction update = constraint.foreign.on_update;
    if (sets(update) || update == KeyAction::cascade) {
      return error(ErrorCode::kSyntaxError,
                   "invalid ON UPDATE action for foreign key constraint containing generated column");
    }
    if (sets(constraint.foreign.on_delete)) {
      return error(ErrorCode::kSyntaxError,
                   "invalid ON DELETE action for foreign key constraint containing generated column");
    }
  }
  return absl::OkStatus();
}

absl::Status choose_name(const NewKey& at, ConstraintDef* constraint) {
  if (!at.source.name.empty()) {
    constraint->name = at.source.name;
    if (at.table.find_constraint(constraint->name) == nullptr) return absl::OkStatus();
    return error(ErrorCode::kDuplicateObject, "constraint \"", constraint->name, "\" for relation \"", at.table.name,
                 "\" already exists");
  }
  std::string columns;
  for (const int16_t attnum : constraint->columns) {
    columns += cat(columns.empty() ? "" : "_", at.table.column(attnum).name);
  }
  const std::string base = at.ddl.free_name(at.table.schema, at.table.name, columns, "fkey");
  constraint->name = base;
  for (int i = 1; at.table.find_constraint(constraint->name) != nullptr; ++i) constraint->name = cat(base, i);
  return absl::OkStatus();
}

absl::StatusOr<const TableDef*> find_referenced(const sql::Constraint& source, const TableDef& table, DdlBuilder& ddl) {
  const sql::TableRef& ref = *source.referenced;
  auto found = ddl.require_relation(ref, ObjectKind::table);
  if (!found.ok()) {
    if (error_code(found.status()) != ErrorCode::kWrongObjectType) return found.status();
    return error(ErrorCode::kWrongObjectType, "referenced relation \"", ref.name, "\" is not a table");
  }
  const auto* referenced = static_cast<const TableDef*>(*found);
  if (referenced->is_materialized_view()) {
    return error(ErrorCode::kWrongObjectType, "referenced relation \"", ref.name, "\" is not a table");
  }
  if (referenced->oid == table.oid) return &table;
  if (table.temporary != referenced->temporary) {
    return error(ErrorCode::kInvalidTableDefinition, "constraints on ", table.temporary ? "temporary" : "permanent",
                 " tables may reference only ", table.temporary ? "temporary" : "permanent", " tables");
  }
  if (!table.unlogged && !table.temporary && referenced->unlogged) {
    return error(ErrorCode::kInvalidTableDefinition,
                 "constraints on permanent tables may reference only permanent tables");
  }
  return referenced;
}

/// A table that no longer refers to itself.
void forget_self(TableDef* table) {
  const bool refers = std::any_of(table->constraints.begin(), table->constraints.end(), [&](const ConstraintDef& key) {
    return key.kind == ConstraintKind::foreign_key && key.foreign.table == table->oid;
  });
  if (!refers) std::erase(table->referenced_by, table->oid);
}

/// The referenced table knows who refers to it.
void note_reference(const TableDef& referenced, TableDef* table, DdlBuilder& ddl) {
  const auto insert = [&](TableDef* parent) {
    auto& children = parent->referenced_by;
    const auto at = std::lower_bound(children.begin(), children.end(), table->oid);
    if (at == children.end() || *at != table->oid) children.insert(at, table->oid);
  };
  const std::vector<Oid> partitions = referenced.partitions;  // it goes with the first change of it
  if (referenced.oid == table->oid) {
    insert(table);
  } else {
    ddl.lock(referenced.oid, false);
    auto parent = ddl.edit_table(referenced.oid);
    insert(parent.get());
    ddl.put(std::move(parent));
  }
  ddl_touch_tables(partitions, ddl);
}

}  // namespace

void ddl_touch_tables(const std::vector<Oid>& tables, DdlBuilder& ddl) {
  for (const Oid oid : tables) {
    ddl.lock(oid, false);
    auto table = ddl.edit_table(oid);
    ddl_touch_tables(table->partitions, ddl);
    ddl.put(std::move(table));
  }
}

absl::Status ddl_add_foreign_key(const ColumnConstraint& source, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const sql::Constraint& constraint = *source.constraint;
  if (constraint.match == sql::MatchType::kPartial) {
    return error(ErrorCode::kFeatureNotSupported, "MATCH PARTIAL not yet implemented");
  }
  NewKey at{constraint, *table, nullptr, ddl};
  TROUPE_ASSIGN_OR_RETURN(at.referenced, find_referenced(constraint, *table, ddl));
  ConstraintDef key;
  key.kind = ConstraintKind::foreign_key;
  std::vector<std::string_view> names(constraint.columns.begin(), constraint.columns.end());
  if (!source.column.empty()) names = {source.column};
  TROUPE_ASSIGN_OR_RETURN(key.columns, columns_of_names(names, *table));
  for (const int16_t attnum : key.columns) {
    const Oid type = table->column(attnum).type, element = element_type_of(type);
    const bool composite = type_info(type).kind == 'c';
    const bool of_such =
        element != 0 && (type_info(element).kind == 'c' || type_info(element).kind == 'r' || element == oid::kMoney);
    if (composite || of_such) return ddl.refuse(constraint, "a foreign key of composite values, or of such arrays");
  }
  key.foreign.table = at.referenced->oid;
  TROUPE_RETURN_IF_ERROR(set_delete_columns(at, &key));
  TROUPE_RETURN_IF_ERROR(find_referenced_key(at, &key.foreign));
  TROUPE_RETURN_IF_ERROR(check_may_refer(*at.referenced, key.foreign, ddl));
  key.foreign.match_full = constraint.match == sql::MatchType::kFull;
  key.foreign.on_update = action_of(constraint.on_update);
  key.foreign.on_delete = action_of(constraint.on_delete);
  TROUPE_RETURN_IF_ERROR(check_generated(key, *table));
  if (key.columns.size() != key.foreign.columns.size()) {
    return error(ErrorCode::kInvalidForeignKey, "number of referencing and referenced columns for foreign key disagree");
  }
  TROUPE_RETURN_IF_ERROR(choose_name(at, &key));
  TROUPE_RETURN_IF_ERROR(check_types(key, *table, *at.referenced));
  key.oid = ddl.new_oid();
  key.deferrable = constraint.deferrable;
  key.initially_deferred = constraint.initially_deferred;
  key.not_valid = constraint.not_valid && !is_new;
  note_reference(*at.referenced, table, ddl);
  if (!is_new && !key.not_valid && !table->is_partitioned()) ddl_check_constraint(key, *table, ddl);
  table->constraints.push_back(std::move(key));
  return absl::OkStatus();
}

void ddl_inherit_foreign_key(ConstraintDef key, TableDef* table, bool is_new, DdlBuilder& ddl) {
  note_reference(static_cast<const TableDef&>(*ddl.find(key.foreign.table)), table, ddl);
  if (!is_new && !key.not_valid && !table->is_partitioned()) ddl_check_constraint(key, *table, ddl);
  table->constraints.push_back(std::move(key));
}

void ddl_check_constraint(const ConstraintDef& key, const TableDef& table, DdlBuilder& ddl) {
  DdlAction& action = ddl.act(DdlAction::Kind::kCheckConstraint);
  action.table = std::make_shared<const TableDef>(table);
  action.constraint = key.oid;
}

absl::Status ddl_recheck_foreign_keys(const std::vector<int16_t>& retyped, const TableDef& table, DdlBuilder& ddl) {
  const auto concerned = [&](const std::vector<int16_t>& columns) {
    return std::find_first_of(columns.begin(), columns.end(), retyped.begin(), retyped.end()) != columns.end();
  };
  for (const ConstraintDef& key : table.constraints) {
    if (key.kind != ConstraintKind::foreign_key) continue;
    const bool self = key.foreign.table == table.oid;
    if (!concerned(key.columns) && !(self && concerned(key.foreign.columns))) continue;
    const auto* referenced = self ? &table : static_cast<const TableDef*>(ddl.find(key.foreign.table));
    TROUPE_RETURN_IF_ERROR(check_types(key, table, *referenced));
    ddl.lock(referenced->oid, false);
    if (!key.not_valid) ddl_check_constraint(key, table, ddl);
  }
  for (const ForeignKeyRef& ref : ddl_references_to(table, ddl)) {
    if (!concerned(ref.key.foreign.columns)) continue;
    TROUPE_RETURN_IF_ERROR(check_types(ref.key, *ref.table, table));
    ddl.lock(ref.table->oid, false);
    if (!ref.key.not_valid) ddl_check_constraint(ref.key, *ref.table, ddl);
  }
  return absl::OkStatus();
}

void ddl_forget_reference(const ConstraintDef& key, const TableDef& table, DdlBuilder& ddl) {
  const ObjectDef* found = ddl.find(key.foreign.table);
  if (found == nullptr) return;
  const bool one_more =
      std::any_of(table.constraints.begin(), table.constraints.end(), [&](const ConstraintDef& other) {
        return other.kind == ConstraintKind::foreign_key && other.oid != key.oid &&
               other.foreign.table == key.foreign.table;
      });
  if (one_more) return;
  ddl.lock(key.foreign.table, true);
  auto parent = ddl.edit_table(key.foreign.table);
  std::erase(parent->referenced_by, table.oid);
  ddl.put(std::move(parent));
}

void ddl_forget_reference(const ConstraintDef& key, TableDef* table, DdlBuilder& ddl) {
  if (key.foreign.table == table->oid) return forget_self(table);
  ddl_forget_reference(key, static_cast<const TableDef&>(*table), ddl);
}

std::vector<ForeignKeyRef> ddl_references_to(const TableDef& table, const DdlBuilder& ddl) {
  std::vector<ForeignKeyRef> refs;
  for (const Oid oid : table.referenced_by) {
    const ObjectDef* found = oid == table.oid ? nullptr : ddl.find(oid);
    if (found == nullptr) continue;
    const auto& child = static_cast<const TableDef&>(*found);
    for (const ConstraintDef& key : child.constraints) {
      if (key.kind == ConstraintKind::foreign_key && key.foreign.table == table.oid)
        refs.push_back({std::make_shared<const TableDef>(child), key});
    }
  }
  return refs;
}

std::vector<ForeignKeyRef> ddl_references_above(const TableDef& table, const DdlBuilder& ddl) {
  std::vector<ForeignKeyRef> refs;
  for (const TableDef* at = &table; at->is_partition();) {
    at = static_cast<const TableDef*>(ddl.find(at->partition_of));
    if (at == nullptr) break;
    for (const ConstraintDef& key : at->constraints) {
      const bool self = key.kind == ConstraintKind::foreign_key && key.foreign.table == at->oid;
      if (self) refs.push_back({std::make_shared<const TableDef>(*at), key});
    }
    for (ForeignKeyRef& ref : ddl_references_to(*at, ddl)) refs.push_back(std::move(ref));
  }
  return refs;
}

void ddl_drop_foreign_key(const ForeignKeyRef& ref, DdlBuilder& ddl) {
  ddl.lock(ref.table->oid);
  auto table = ddl.edit_table(ref.table->oid);
  std::erase_if(table->constraints, [&](const ConstraintDef& c) { return c.oid == ref.key.oid; });
  ddl_forget_reference(ref.key, table.get(), ddl);
  ddl.put(std::move(table));
}

namespace {

/// Those that need the index, of this table and of others.
std::vector<ForeignKeyRef> keys_on_index(Oid index, const TableDef& table, const DdlBuilder& ddl) {
  std::vector<ForeignKeyRef> refs = ddl_references_to(table, ddl);
  for (const ConstraintDef& key : table.constraints) {
    const bool self = key.kind == ConstraintKind::foreign_key && key.foreign.table == table.oid;
    if (self) refs.push_back({std::make_shared<const TableDef>(table), key});
  }
  std::erase_if(refs, [&](const ForeignKeyRef& ref) { return ref.key.foreign.index != index; });
  return refs;
}

}  // namespace

absl::Status ddl_free_index(const FreedIndex& freed, TableDef* table, DdlBuilder& ddl) {
  const std::vector<ForeignKeyRef> refs = keys_on_index(freed.index, *table, ddl);
  if (refs.empty()) return absl::OkStatus();
  const bool restricts = freed.behavior == sql::DropBehavior::kRestrict;
  std::string detail;
  for (const ForeignKeyRef& ref : refs) {
    const std::string described = cat("constraint ", ref.key.name, " on table ", ref.table->name);
    detail += detail.empty() ? "" : "\n";
    detail += restricts ? cat(described, " depends on ", freed.depends_on) : cat("drop cascades to ", described);
  }
  if (restricts) {
    return with_hint(with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", freed.dropped,
                                       " because other objects depend on it"),
                                 std::move(detail)),
                     "Use DROP ... CASCADE to drop the dependent objects too.");
  }
  if (refs.size() == 1) {
    ddl.notice(ErrorCode::kOk, std::move(detail));
  } else {
    ddl.notice(ErrorCode::kOk, cat("drop cascades to ", refs.size(), " other objects"), std::move(detail));
  }
  for (const ForeignKeyRef& ref : refs) {
    if (ref.table->oid == table->oid) continue;
    ddl_drop_foreign_key(ref, ddl);
    // That has been noted in the table as it was put() last, not in what it is being made of it here.
    const auto& noted = static_cast<const TableDef&>(*ddl.find(table->oid)).referenced_by;
    const Oid child = ref.table->oid;
    if (std::find(noted.begin(), noted.end(), child) == noted.end()) std::erase(table->referenced_by, child);
  }
  std::erase_if(table->constraints, [&](const ConstraintDef& c) {
    return c.kind == ConstraintKind::foreign_key && c.foreign.table == table->oid && c.foreign.index == freed.index;
  });
  forget_self(table);
  return absl::OkStatus();
}

}  // namespace troupe
