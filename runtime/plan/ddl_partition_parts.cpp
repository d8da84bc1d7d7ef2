/// What the partitions of a table have because it has it: columns, CHECKs, keys, indexes, foreign keys.
#include <algorithm>

#include "runtime/plan/ddl_partition.hpp"
#include "storage/catalog/partition_tree.hpp"

namespace troupe {
namespace {

const TableDef& table_of(Oid oid, const DdlBuilder& ddl) { return static_cast<const TableDef&>(*ddl.find(oid)); }

ConstraintDef* find_constraint(TableDef* table, std::string_view name) {
  for (ConstraintDef& constraint : table->constraints) {
    if (constraint.name == name) return &constraint;
  }
  return nullptr;
}

const ConstraintDef* constraint_of(Oid index, const TableDef& table) {
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.index == index) return &constraint;
  }
  return nullptr;
}

absl::Status take_check(const ConstraintDef& check, const TableDef& parent, TableDef* table, bool is_new,
                        DdlBuilder& ddl) {
  if (ConstraintDef* own = find_constraint(table, check.name)) {
    if (own->kind != ConstraintKind::check || own->check_sql != check.check_sql) {
      return error(ErrorCode::kDatatypeMismatch, "child table \"", table->name,
                   "\" has different definition for check constraint \"", check.name, "\"");
    }
    own->parent = check.oid;
    own->from_parent = true;
    return absl::OkStatus();
  }
  ConstraintDef own = check;
  own.oid = ddl.new_oid();
  own.columns = same_columns(check.columns, parent, *table);
  own.parent = check.oid;
  own.from_parent = true;
  if (!is_new && !own.not_valid && !table->is_partitioned()) {
    TROUPE_ASSIGN_OR_RETURN(const ExprPtr condition, ddl.binder().bind_check(own, ddl_relation_of(*table)));
    ddl_check_rows(own.name, condition, *table, ddl);
  }
  table->constraints.push_back(std::move(own));
  return absl::OkStatus();
}

void take_foreign_key(const ConstraintDef& key, const TableDef& parent, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const std::vector<int16_t> columns = same_columns(key.columns, parent, *table);
  for (ConstraintDef& own : table->constraints) {
    const bool same = own.kind == ConstraintKind::foreign_key && own.parent == kNoOid && own.columns == columns &&
                      own.foreign.table == key.foreign.table && own.foreign.columns == key.foreign.columns &&
                      own.foreign.on_update == key.foreign.on_update &&
                      own.foreign.on_delete == key.foreign.on_delete && own.deferrable == key.deferrable &&
                      own.initially_deferred == key.initially_deferred;
    if (!same) continue;
    own.parent = key.oid;
    own.from_parent = true;
    return;
  }
  ConstraintDef own = key;
  own.oid = ddl.new_oid();
  own.columns = columns;
  own.foreign.on_delete_columns = same_columns(key.foreign.on_delete_columns, parent, *table);
  own.parent = key.oid;
  own.from_parent = true;
  for (int i = 1; find_constraint(table, own.name) != nullptr; ++i) own.name = cat(key.name, i);
  ddl_inherit_foreign_key(std::move(own), table, is_new, ddl);
}

/// A table with rows gets its entries, and its rows are keyed anew.
absl::Status make_part(const IndexDef& index, const TableDef& parent, TableDef* table, bool is_new, DdlBuilder& ddl) {
  const std::shared_ptr<IndexDef> part = ddl_copy_index(index, parent, *table, ddl);
  part->parent = index.oid;
  return ddl_add_copied_index(part, index, parent, table, is_new, ddl);
}

/// An index that the table has already, or a new one.
absl::Status take_index(const IndexDef& index, const TableDef& parent, TableDef* table, bool is_new, DdlBuilder& ddl) {
  for (const Oid oid : table->indexes) {
    const auto& own = static_cast<const IndexDef&>(*ddl.find(oid));
    if (own.parent != kNoOid || !ddl_same_index(index, parent, own, *table)) continue;
    auto part = std::make_shared<IndexDef>(own);
    part->parent = index.oid;
    ddl.put(part);
    if (const ConstraintDef* key = constraint_of(index.oid, parent)) {
      for (ConstraintDef& constraint : table->constraints) {
        if (constraint.index != own.oid) continue;
        constraint.parent = key->oid;
        constraint.from_parent = true;
      }
    }
    return absl::OkStatus();
  }
  return make_part(index, parent, table, is_new, ddl);
}

absl::Status take_constraint(const ConstraintDef& constraint, const TableDef& parent, TableDef* table, bool is_new,
                             DdlBuilder& ddl) {
  if (constraint.kind == ConstraintKind::check) return take_check(constraint, parent, table, is_new, ddl);
  if (constraint.kind == ConstraintKind::foreign_key) take_foreign_key(constraint, parent, table, is_new, ddl);
  return absl::OkStatus();
}

}  // namespace

ColumnDef ddl_inherited_column(const ColumnDef& column, const TableDef& table) {
  ColumnDef own = column;
  own.attnum = static_cast<int16_t>(table.columns.size() + 1);
  own.acl = {};
  own.missing = Value();
  // A serial column takes its values from the same sequence; of an identity only the partitioned table knows.
  if (own.identity != IdentityKind::none) own.owned_sequence = kNoOid;
  own.identity = IdentityKind::none;
  own.inherited = own.from_parent = true;
  return own;
}

void ddl_take_columns(const TableDef& parent, TableDef* table, DdlBuilder&) {
  for (const ColumnDef& column : parent.columns) {
    if (!column.dropped) table->columns.push_back(ddl_inherited_column(column, *table));
  }
}

absl::Status ddl_refine_column(const sql::ColumnDefinition& definition, TableDef* table, DdlBuilder& ddl,
                               std::vector<ColumnConstraint>* rest) {
  const ColumnDef* found = table->find_column(definition.name);
  if (found == nullptr) {
    return error(ErrorCode::kUndefinedColumn, "column \"", definition.name, "\" does not exist");
  }
  ColumnDef& column = table->columns[static_cast<size_t>(found->attnum - 1)];
  for (const sql::Constraint* constraint : definition.constraints) {
    switch (constraint->type) {
      case sql::ConstraintType::kNull: break;
      case sql::ConstraintType::kNotNull: column.not_null = true; break;
      case sql::ConstraintType::kDefault: {
        if (column.generated_stored) {
          return error(ErrorCode::kInvalidTableDefinition, "column \"", column.name,
                       "\" inherits from generated column but specifies default");
        }
        column.owned_sequence = kNoOid;
        column.default_sql = ddl_default_text(*constraint->expression, column, ddl);
        auto bound = ddl.binder().bind_default(*table, column);
        if (!bound.ok()) return ddl.at(bound.status(), *constraint->expression);
        break;
      }
      case sql::ConstraintType::kIdentity:
      case sql::ConstraintType::kGenerated: return ddl.refuse(*constraint, "this column constraint of a partition");
      default: rest->push_back({constraint, definition.name}); break;
    }
  }
  return absl::OkStatus();
}

absl::Status ddl_take_parts(const TableDef& parent, TableDef* table, bool is_new, DdlBuilder& ddl) {
  for (const ConstraintDef& constraint : parent.constraints) {
    TROUPE_RETURN_IF_ERROR(take_constraint(constraint, parent, table, is_new, ddl));
  }
  if (table->is_partitioned() && !is_new) {
    for (const ConstraintDef& constraint : std::vector<ConstraintDef>(table->constraints)) {
      if (constraint.from_parent) TROUPE_RETURN_IF_ERROR(ddl_spread_constraint(constraint, *table, ddl));
    }
  }
  for (const Oid oid : parent.indexes) {
    const auto& index = static_cast<const IndexDef&>(*ddl.find(oid));
    TROUPE_RETURN_IF_ERROR(take_index(index, parent, table, is_new, ddl));
  }
  return absl::OkStatus();
}

absl::Status ddl_each_partition(const TableDef& table, DdlBuilder& ddl,
                                const std::function<absl::Status(TableDef*)>& change) {
  for (const Oid oid : std::vector<Oid>(table.partitions)) {
    ddl.lock(oid);
    auto partition = ddl.edit_table(oid);
    TROUPE_RETURN_IF_ERROR(change(partition.get()));
    partition->shape = make_shape(*partition);
    ddl.put(std::move(partition));
  }
  return absl::OkStatus();
}

absl::Status ddl_spread_constraint(const ConstraintDef& constraint, const TableDef& table, DdlBuilder& ddl) {
  if (constraint.kind != ConstraintKind::check && constraint.kind != ConstraintKind::foreign_key) {
    return absl::OkStatus();
  }
  return ddl_each_partition(table, ddl, [&](TableDef* partition) -> absl::Status {
    TROUPE_RETURN_IF_ERROR(take_constraint(constraint, table, partition, false, ddl));
    const auto own = std::find_if(partition->constraints.begin(), partition->constraints.end(),
                                  [&](const ConstraintDef& one) { return one.parent == constraint.oid; });
    if (!partition->is_partitioned() || own == partition->constraints.end()) return absl::OkStatus();
    return ddl_spread_constraint(ConstraintDef(*own), *partition, ddl);
  });
}

absl::Status ddl_spread_index(const IndexDef& index, const TableDef& table, DdlBuilder& ddl) {
  return ddl_each_partition(table, ddl,
                            [&](TableDef* partition) { return take_index(index, table, partition, false, ddl); });
}

std::shared_ptr<IndexDef> ddl_copy_index(const IndexDef& index, const TableDef& from, const TableDef& table,
                                         DdlBuilder& ddl) {
  auto copy = std::make_shared<IndexDef>(index);
  copy->oid = ddl.new_oid();
  copy->parent = kNoOid;
  copy->table = table.oid;
  copy->schema = table.schema;
  copy->owner = table.owner;
  copy->comment.clear();
  copy->incomplete = false;
  std::string joined;
  for (IndexColumn& column : copy->columns) {
    column.attnum = same_column(column.attnum, from, table);
    joined += cat(joined.empty() ? "" : "_", column.attnum > 0 ? table.column(column.attnum).name : column.name);
  }
  copy->included = same_columns(index.included, from, table);
  for (const int16_t attnum : copy->included) joined += cat("_", table.column(attnum).name);
  const std::string_view suffix = index.exclusion ? "excl" : index.constraint ? "key" : "idx";
  copy->name = index.primary ? ddl.free_name(table.schema, table.name, {}, "pkey")
                             : ddl.free_name(table.schema, table.name, joined, suffix);
  copy->tree = index.keys_rows() || table.is_partitioned() ? TreeId{0} : ddl.new_tree();
  return copy;
}

absl::Status ddl_add_copied_index(const std::shared_ptr<IndexDef>& copy, const IndexDef& index, const TableDef& from,
                                  TableDef* table, bool is_new, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(ddl_check_key_of_partitions(*copy, *table));
  const auto before = std::make_shared<const TableDef>(*table);
  if (const ConstraintDef* key = constraint_of(index.oid, from)) {
    ConstraintDef own = *key;
    own.oid = ddl.new_oid();
      own.name = copy->name;
    own.columns = same_columns(key->columns, from, *table);
    own.index = copy->oid;
    own.from_parent = copy->parent != kNoOid;
    own.parent = own.from_parent ? key->oid : kNoOid;
    if (copy->primary) {
      if (table->primary_key_index() != kNoOid) {
        return error(ErrorCode::kInvalidTableDefinition, "multiple primary keys for table \"", table->name,
                     "\" are not allowed");
      }
      if (copy->keys_rows()) table->primary_key = own.columns;
      ddl_key_is_not_null(own.columns, before, is_new, table, ddl);
    }
    table->constraints.push_back(std::move(own));
  }
  table->indexes.insert(copy->primary ? table->indexes.begin() : table->indexes.end(), copy->oid);
  if (copy->tree != 0) ddl.act(DdlAction::Kind::kCreateTree).tree = copy->tree;
  ddl.put(copy);
  if (table->is_partitioned()) return ddl_spread_index(*copy, *table, ddl);
  if (is_new) return absl::OkStatus();
  if (copy->keys_rows()) return ddl_rewrite_table(*before, table, {}, ddl);
  TROUPE_RETURN_IF_ERROR(ddl_build_index(copy, before, ddl));
  for (const ConstraintDef& own : table->constraints) {
    if (own.index == copy->oid && own.compares_rows_afterwards()) ddl_check_constraint(own, *table, ddl);
  }
  return absl::OkStatus();
}

absl::Status ddl_check_key_of_partitions(const IndexDef& index, const TableDef& table) {
  if (!index.unique || !table.is_partitioned()) return absl::OkStatus();
  const std::string_view kind = index.primary ? "PRIMARY KEY" : "UNIQUE";
  for (const PartitionKeyPart& part : table.partition_key.parts) {
    if (part.attnum == 0) {
      return with_detail(
          error(ErrorCode::kFeatureNotSupported, "unsupported ", kind, " constraint with partition key definition"),
          cat(kind, " constraints cannot be used when partition keys include expressions."));
    }
    const bool has = std::any_of(index.columns.begin(), index.columns.end(),
                                 [&](const IndexColumn& column) { return column.attnum == part.attnum; });
    if (has) continue;
    return with_detail(error(ErrorCode::kFeatureNotSupported,
                             "unique constraint on partitioned table must include all partitioning columns"),
                       cat(kind, " constraint on table \"", table.name, "\" lacks column \"",
                           table.column(part.attnum).name, "\" which is part of the partition key."));
  }
  return absl::OkStatus();
}

bool ddl_same_index(const IndexDef& index, const TableDef& table, const IndexDef& part, const TableDef& partition) {
  if (index.unique != part.unique || index.primary != part.primary || (index.constraint && !part.constraint) ||
      index.nulls_not_distinct != part.nulls_not_distinct || index.deferrable != part.deferrable ||
      index.predicate_sql != part.predicate_sql ||
      index.columns.size() != part.columns.size() || index.method != part.method) {
    return false;
  }
  for (size_t i = 0; i < index.columns.size(); ++i) {
    const IndexColumn &a = index.columns[i], &b = part.columns[i];
    if (same_column(a.attnum, table, partition) != b.attnum || a.expression_sql != b.expression_sql ||
        a.descending != b.descending || a.nulls_first != b.nulls_first) {
      return false;
    }
  }
  return same_columns(index.included, table, partition) == part.included;
}

absl::Status ddl_link_constraint(const IndexDef& index, const TableDef& table, const IndexDef& part, DdlBuilder& ddl) {
  auto partition = ddl.edit_table(part.table);
  const ConstraintDef* key = constraint_of(index.oid, table);
  for (ConstraintDef& constraint : partition->constraints) {
    if (constraint.index != part.oid || key == nullptr) continue;
    constraint.parent = key->oid;
    constraint.from_parent = true;
  }
  ddl.put(std::move(partition));
  return absl::OkStatus();
}

absl::Status ddl_complete_index(const IndexDef& index, DdlBuilder& ddl) {
  if (!index.incomplete) return absl::OkStatus();
  for (const Oid oid : table_of(index.table, ddl).partitions) {
    const std::vector<Oid>& parts = table_of(oid, ddl).indexes;
    const bool has = std::any_of(parts.begin(), parts.end(), [&](Oid part) {
      const auto& one = static_cast<const IndexDef&>(*ddl.find(part));
      return one.parent == index.oid && !one.incomplete;
    });
    if (!has) return absl::OkStatus();
  }
  auto complete = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*ddl.find(index.oid)));
  complete->incomplete = false;
  ddl.put(complete);
  const ObjectDef* above = complete->parent == kNoOid ? nullptr : ddl.find(complete->parent);
  return above == nullptr ? absl::OkStatus() : ddl_complete_index(static_cast<const IndexDef&>(*above), ddl);
}

void ddl_drop_index_parts(const IndexDef& index, const TableDef& table, DdlBuilder& ddl) {
  for (const Oid oid : table.partitions) {
    auto partition = ddl.edit_table(oid);
    for (const Oid part_oid : std::vector<Oid>(partition->indexes)) {
      const auto& part = static_cast<const IndexDef&>(*ddl.find(part_oid));
      if (part.parent != index.oid) continue;
      ddl.lock(oid);
      ddl_drop_index_parts(part, *partition, ddl);
      std::erase(partition->indexes, part_oid);
      ddl_drop_index(part, ddl);
    }
    ddl.put(std::move(partition));
  }
}

}  // namespace troupe
