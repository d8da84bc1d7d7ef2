#pragma once
/// CREATE, ALTER and DROP PUBLICATION, ALTER TABLE ... REPLICA IDENTITY, and what other definitions must know of them.
#include "runtime/plan/ddl_binder.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {

absl::Status ddl_create_publication(const sql::CreatePublicationStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_publication(const sql::AlterPublicationStatement& alter, DdlBuilder& ddl);
absl::Status ddl_drop_publication(std::string_view name, bool if_exists, DdlBuilder& ddl);
absl::Status ddl_rename_publication(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_own_publication(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl);
/// Errors: 42704.
absl::StatusOr<const PublicationDef*> ddl_publication(std::string_view name, const DdlBuilder& ddl);

/// A filter of a publication, over the table's columns; it is bound as a CHECK is.
absl::StatusOr<ExprPtr> bind_published(const std::string& filter_sql, const TableDef& table, Binder& binder);

/// A table or schema is dropped: publications forget it.
void ddl_forget_published(Oid dropped, DdlBuilder& ddl);
/// Publications that list the table and need the column, by their column list or WHERE.
std::vector<std::shared_ptr<const PublicationDef>> ddl_publications_of_column(const TableDef& table, int16_t attnum,
                                                                              bool by_filter, const DdlBuilder& ddl);
/// Before a column is dropped: those go along with CASCADE. Errors: 2BP01.
absl::Status ddl_drop_published_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                       DdlBuilder& ddl);
/// Errors: 55000 for a table that is listed in a publication.
absl::Status ddl_check_unlogged(const TableDef& table, const DdlBuilder& ddl);

/// ALTER TABLE ... REPLICA IDENTITY.
absl::Status ddl_set_replica_identity(const sql::AlterTableAction& action, TableDef* table, DdlBuilder& ddl);
/// Errors: 42P16 for a column of the index that the table has as its replica identity.
absl::Status ddl_check_identity_nullable(const ColumnDef& column, const TableDef& table, const DdlBuilder& ddl);

}  // namespace troupe
