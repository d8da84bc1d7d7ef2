#pragma once
/// Definitions of partitioned tables and their partitions. Sources: ddl_partition (keys, bounds, ATTACH, DETACH),
/// ddl_partition_parts (what partitions have of their table: columns, constraints, indexes).
#include "runtime/plan/ddl_binder.hpp"

namespace troupe {

/// The key of CREATE TABLE ... PARTITION BY. Errors: 42703, 42P17, 42704.
absl::Status ddl_set_partition_key(const sql::PartitionBy& by, TableDef* table, DdlBuilder& ddl);
/// What CREATE TABLE ... PARTITION OF names. Errors: 42P01, 42809, 42501.
absl::StatusOr<std::shared_ptr<const TableDef>> ddl_partitioned_table(const sql::TableRef& ref, DdlBuilder& ddl);
/// Makes `table`, which is put() afterwards, a partition. `is_new`: it has no rows that would have to be looked at.
absl::Status ddl_join_partitions(const sql::PartitionBound& bound, const TableDef& parent, TableDef* table, bool is_new,
                                 DdlBuilder& ddl);
absl::Status ddl_attach_partition(const sql::AlterTableAction& action, TableDef* parent, DdlBuilder& ddl);
absl::Status ddl_detach_partition(const sql::AlterTableAction& action, TableDef* parent, DdlBuilder& ddl);
/// ALTER INDEX ... ATTACH PARTITION.
absl::Status ddl_attach_index(const sql::AlterTableStatement& alter, DdlBuilder& ddl);

/// Whether the column is in the table's partition key, or an expression of it mentions it.
absl::StatusOr<bool> ddl_partitions_by(const TableDef& table, int16_t attnum, DdlBuilder& ddl);

// --- what partitions have of their table ---

/// The parent's columns, for a new partition.
void ddl_take_columns(const TableDef& parent, TableDef* table, DdlBuilder& ddl);
/// A column of the parent as a partition has it: with another number, and no identity.
ColumnDef ddl_inherited_column(const ColumnDef& column, const TableDef& table);
/// (column WITH OPTIONS ...) of a new partition: default, NOT NULL; other constraints go to `rest`.
absl::Status ddl_refine_column(const sql::ColumnDefinition& definition, TableDef* table, DdlBuilder& ddl,
                               std::vector<ColumnConstraint>* rest);
/// The parent's CHECKs, keys, indexes and foreign keys, onto a partition that may have equal ones.
absl::Status ddl_take_parts(const TableDef& parent, TableDef* table, bool is_new, DdlBuilder& ddl);
/// A new constraint or index of a partitioned table, onto its partitions.
absl::Status ddl_spread_constraint(const ConstraintDef& constraint, const TableDef& table, DdlBuilder& ddl);
absl::Status ddl_spread_index(const IndexDef& index, const TableDef& table, DdlBuilder& ddl);
/// An index of one table for another that has columns of the same names, and that it is named by; not put() yet.
std::shared_ptr<IndexDef> ddl_copy_index(const IndexDef& index, const TableDef& from, const TableDef& table,
                                         DdlBuilder& ddl);
/// Onto that table, with the constraint that `index` is of; part of it where copy->parent says so. Errors: 42P16.
absl::Status ddl_add_copied_index(const std::shared_ptr<IndexDef>& copy, const IndexDef& index, const TableDef& from,
                                  TableDef* table, bool is_new, DdlBuilder& ddl);
/// Calls change(partition) for each partition, a copy that is put back.
absl::Status ddl_each_partition(const TableDef& table, DdlBuilder& ddl,
                                const std::function<absl::Status(TableDef*)>& change);
/// A unique index of a partitioned table can only be of the partition key's columns and others. Errors: 0A000.
absl::Status ddl_check_key_of_partitions(const IndexDef& index, const TableDef& table);
/// Whether the partition's index is of the same as its table's.
bool ddl_same_index(const IndexDef& index, const TableDef& table, const IndexDef& part, const TableDef& partition);
/// The partition's constraint of index `part` becomes one of its table's, of `index`. Errors: 55000 when it has none.
absl::Status ddl_link_constraint(const IndexDef& index, const TableDef& table, const IndexDef& part, DdlBuilder& ddl);
/// An index ON ONLY a partitioned table is complete once each partition has its part of it.
absl::Status ddl_complete_index(const IndexDef& index, DdlBuilder& ddl);
/// Indexes of partitions that are parts of this one go with it.
void ddl_drop_index_parts(const IndexDef& index, const TableDef& table, DdlBuilder& ddl);

/// What ALTER TABLE would do that only the table and its partitions together may. Errors: 42P16, 42809, 42P17.
absl::Status ddl_check_partitioning(const sql::AlterTableAction& action, bool only, const TableDef& table,
                                    DdlBuilder& ddl);

}  // namespace troupe
