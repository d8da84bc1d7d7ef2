#pragma once
/// CREATE, ALTER and DROP STREAM, consumer groups, and what other definitions must know of streams.
#include "runtime/plan/ddl_binder.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {

absl::Status ddl_create_stream(const sql::CreateStreamStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_stream(const sql::AlterStreamStatement& alter, DdlBuilder& ddl);
absl::Status ddl_drop_stream(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl);
absl::Status ddl_rename_stream(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_own_stream(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl);
absl::Status ddl_consumer_group(const sql::ConsumerGroupStatement& statement, DdlBuilder& ddl);

/// Along the search path when no schema is given; null when there is none.
const StreamDef* find_stream(std::string_view schema, std::string_view name, std::span<const Oid> search_path,
                             const Catalog& catalog);
/// Errors: 42704, 3F000.
absl::StatusOr<const StreamDef*> ddl_stream(std::string_view schema, std::string_view name, const DdlBuilder& ddl);
absl::StatusOr<const StreamDef*> ddl_stream(const sql::Name& name, const DdlBuilder& ddl);

/// Whose rows may be told to whoever may read the stream: the stream reads the table as its owner does. Errors: 42501;
/// 0A000 where policies would decide which rows the owner sees.
absl::Status check_may_stream(const Catalog& catalog, Oid owner, const TableDef& table);

/// Streams of a table, as the statement has left things so far.
std::vector<std::shared_ptr<const StreamDef>> ddl_streams_of(Oid table, const DdlBuilder& ddl);
/// Of those, the ones that need the column, by their column list or WHERE.
std::vector<std::shared_ptr<const StreamDef>> ddl_streams_of_column(const TableDef& table, int16_t attnum,
                                                                    bool by_filter, const DdlBuilder& ddl);
/// Before a column is dropped: those go along with CASCADE. Errors: 2BP01.
absl::Status ddl_drop_streamed_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl);

}  // namespace troupe
