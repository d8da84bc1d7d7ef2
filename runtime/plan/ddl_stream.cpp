/// CREATE, ALTER and DROP STREAM, and what other definitions must know of streams.
#include "runtime/plan/ddl_stream.hpp"

#include <algorithm>
#include <set>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/stream_options.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {
namespace {

constexpr size_t kStreamedTablesMax = 64;

using StreamPtr = std::shared_ptr<const StreamDef>;

absl::Status check_kind(const TableDef& table) {
  const auto refuse = [&](std::string_view kind) {
    return with_detail(error(ErrorCode::kWrongObjectType, "cannot make a stream of relation \"", table.name, "\""),
                       cat("This operation is not supported for ", kind, "."));
  };
  if (table.is_materialized_view()) return refuse("materialized views");
  if (table.temporary) return refuse("temporary tables");
  if (table.unlogged) return refuse("unlogged tables");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int16_t>> column_list(sql::List<std::string_view> names, const TableDef& table) {
  std::set<int16_t> columns;
  for (const std::string_view name : names) {
    const ColumnDef* column = table.find_column(name);
    if (column == nullptr) {
      return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", table.name,
                   "\" does not exist");
    }
    if (!columns.insert(column->attnum).second) {
      return error(ErrorCode::kDuplicateColumn, "column \"", name, "\" specified more than once");
    }
  }
  return std::vector<int16_t>(columns.begin(), columns.end());
}

/// Everybody who reads the stream must be told the same, whoever asks and when.
absl::Status check_filter(const Expr& filter, const sql::Expr& where, const DdlBuilder& ddl) {
  if (filter.type.oid != oid::kBool) {
    return ddl.fail_at(ErrorCode::kDatatypeMismatch, where, "argument of STREAM WHERE must be type boolean, not type ",
                       format_type(filter.type));
  }
  bool simple = true;
  visit_expr(filter, [&](const Expr& part) {
    const bool other =
        part.kind >= ExprKind::kAggregate || part.kind == ExprKind::kParameter || part.kind == ExprKind::kSequence;
    simple = simple && !other && part.type.oid < kFirstUserOid;
  });
  simple = simple && ddl.binder().functions_found.empty();
  if (simple && volatility_of(filter) == Volatility::kImmutable) return absl::OkStatus();
  return ddl.at(
      with_detail(error(ErrorCode::kFeatureNotSupported, "invalid stream WHERE expression"),
                  "Only columns, constants, and built-in immutable functions, operators and types are allowed."),
      where);
}

absl::Status set_filter(const sql::Expr& where, const TableDef& table, StreamedTable* entry, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr filter,
                          ddl.binder().bind_table_expression(where, ddl_relation_of(table), Clause::kWhere));
  TROUPE_RETURN_IF_ERROR(check_filter(*filter, where, ddl));
  entry->filter_sql = sql::to_sql(where);
  std::set<int16_t> columns;
  visit_expr(*filter, [&](const Expr& part) {
    if (part.is_column()) columns.insert(static_cast<int16_t>(part.index + 1));
  });
  entry->filter_columns.assign(columns.begin(), columns.end());
  return absl::OkStatus();
}

absl::StatusOr<StreamedTable> streamed_table(const sql::StreamedTableNode& node, const sql::Expr* where,
                                             DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* found, ddl.require_relation(*node.table, ObjectKind::table));
  const auto& table = static_cast<const TableDef&>(*found);
  TROUPE_RETURN_IF_ERROR(check_kind(table));
  TROUPE_RETURN_IF_ERROR(check_may_stream(ddl.catalog(), ddl.context().role, table));
  StreamedTable entry;
  entry.table = table.oid;
  TROUPE_ASSIGN_OR_RETURN(entry.columns, column_list(node.columns, table));
  if (where != nullptr) TROUPE_RETURN_IF_ERROR(set_filter(*where, table, &entry, ddl));
  return entry;
}

absl::Status add_tables(const sql::CreateStreamStatement& create, StreamDef* stream, DdlBuilder& ddl) {
  if (create.tables.size() > kStreamedTablesMax) {
    return error(ErrorCode::kProgramLimitExceeded, "a stream can be of at most ", kStreamedTablesMax, " tables");
  }
  for (const sql::StreamedTableNode* node : create.tables) {
    TROUPE_ASSIGN_OR_RETURN(StreamedTable entry, streamed_table(*node, create.where, ddl));
    for (const StreamedTable& before : stream->tables) {
      if (before.table != entry.table) continue;
      return error(ErrorCode::kDuplicateObject, "table \"", node->table->name, "\" specified more than once");
    }
    stream->tables.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

bool name_is_free(Oid schema, std::string_view name, const DdlBuilder& ddl) {
  return ddl.catalog().find(NameClass::stream, schema, name) == nullptr;
}

absl::Status name_taken(std::string_view name) {
  return error(ErrorCode::kDuplicateObject, "stream \"", name, "\" already exists");
}

}  // namespace

absl::Status check_may_stream(const Catalog& catalog, Oid owner, const TableDef& table) {
  TROUPE_RETURN_IF_ERROR(check_right(catalog, owner, table, kSelect));
  if (!is_under_row_security(catalog, owner, table)) return absl::OkStatus();
  return with_hint(error(ErrorCode::kFeatureNotSupported, "a stream of table \"", table.name,
                         "\" with row-level security is not supported yet"),
                   "Let the table's owner or a role with BYPASSRLS own the stream, and give it a WHERE.");
}

const StreamDef* find_stream(std::string_view schema, std::string_view name, std::span<const Oid> search_path,
                             const Catalog& catalog) {
  const auto in = [&](Oid oid) { return static_cast<const StreamDef*>(catalog.find(NameClass::stream, oid, name)); };
  if (!schema.empty()) {
    const SchemaDef* found = catalog.find_schema(schema);
    return found == nullptr ? nullptr : in(found->oid);
  }
  for (const Oid oid : search_path) {
    if (const StreamDef* stream = in(oid)) return stream;
  }
  return nullptr;
}

absl::StatusOr<const StreamDef*> ddl_stream(std::string_view schema, std::string_view name, const DdlBuilder& ddl) {
  if (!schema.empty() && ddl.catalog().find_schema(schema) == nullptr) {
    return error(ErrorCode::kInvalidSchemaName, "schema \"", schema, "\" does not exist");
  }
  const StreamDef* stream = find_stream(schema, name, ddl.context().search_path, ddl.catalog());
  if (stream == nullptr || ddl.find(stream->oid) == nullptr) {
    return error(ErrorCode::kUndefinedObject, "stream \"", name, "\" does not exist");
  }
  return static_cast<const StreamDef*>(ddl.find(stream->oid));
}

absl::StatusOr<const StreamDef*> ddl_stream(const sql::Name& name, const DdlBuilder& ddl) {
  return ddl_stream(name.size() > 1 ? name[name.size() - 2] : std::string_view(), name.back(), ddl);
}

absl::Status ddl_create_stream(const sql::CreateStreamStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(*create.stream));
  if (!name_is_free(schema, create.stream->name, ddl)) {
    if (!create.if_not_exists) return name_taken(create.stream->name);
    ddl.notice(ErrorCode::kDuplicateObject, cat("stream \"", create.stream->name, "\" already exists, skipping"));
    return absl::OkStatus();
  }
  auto stream = std::make_shared<StreamDef>();
  stream->oid = ddl.new_oid();
  stream->schema = schema;
  stream->owner = ddl.context().role;
  stream->name = create.stream->name;
  TROUPE_RETURN_IF_ERROR(set_stream_options(create.options, false, stream.get(), ddl));
  TROUPE_RETURN_IF_ERROR(add_tables(create, stream.get(), ddl));
  ddl.put(std::move(stream));
  return absl::OkStatus();
}

absl::Status ddl_alter_stream(const sql::AlterStreamStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const StreamDef* found, ddl_stream(alter.stream->schema, alter.stream->name, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  auto changed = std::make_shared<StreamDef>(*found);
  TROUPE_RETURN_IF_ERROR(set_stream_options(alter.options, alter.reset, changed.get(), ddl));
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

absl::Status ddl_drop_stream(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl) {
  const auto found = ddl_stream(ref.name, ddl);
  if (!found.ok() && if_exists) {
    const bool no_schema = error_code(found.status()) == ErrorCode::kInvalidSchemaName;
    ddl.notice(ErrorCode::kOk,
               cat(no_schema ? "schema \"" : "stream \"", no_schema ? ref.name[ref.name.size() - 2] : ref.name.back(),
                   "\" does not exist, skipping"));
    return absl::OkStatus();
  }
  if (!found.ok()) return found.status();
  TROUPE_RETURN_IF_ERROR(ddl_check_may_drop(**found, ddl));
  ddl.drop((*found)->oid);
  return absl::OkStatus();
}

absl::Status ddl_rename_stream(const sql::RenameStatement& rename, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const StreamDef* found, ddl_stream(rename.target->name, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_owner(*found, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(found->schema), kCreate, ddl));
  if (!name_is_free(found->schema, rename.new_name, ddl)) return name_taken(rename.new_name);
  auto renamed = std::make_shared<StreamDef>(*found);
  renamed->name = rename.new_name;
  ddl.put(std::move(renamed));
  return absl::OkStatus();
}

absl::Status ddl_own_stream(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const StreamDef* found, ddl_stream(alter.target->name, ddl));
  auto changed = std::make_shared<StreamDef>(*found);
  TROUPE_RETURN_IF_ERROR(ddl_set_owner(*alter.owner, changed.get(), ddl));
  // It reads as its owner does.
  for (const StreamedTable& entry : changed->tables) {
    const auto& table = static_cast<const TableDef&>(*ddl.find(entry.table));
    TROUPE_RETURN_IF_ERROR(check_may_stream(ddl.catalog(), changed->owner, table));
  }
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

// --- what other definitions must know ---

std::vector<StreamPtr> ddl_streams_of(Oid table, const DdlBuilder& ddl) {
  std::vector<StreamPtr> found;
  for (const ObjectPtr& object : ddl.catalog().streams()) {
    const auto* stream = static_cast<const StreamDef*>(ddl.find(object->oid));
    if (stream == nullptr) continue;
    const bool reads = std::any_of(stream->tables.begin(), stream->tables.end(),
                                   [&](const StreamedTable& entry) { return entry.table == table; });
    if (reads) found.push_back(std::make_shared<StreamDef>(*stream));
  }
  return found;
}

std::vector<StreamPtr> ddl_streams_of_column(const TableDef& table, int16_t attnum, bool by_filter,
                                             const DdlBuilder& ddl) {
  const auto lists = [attnum](const std::vector<int16_t>& columns) {
    return std::binary_search(columns.begin(), columns.end(), attnum);
  };
  std::vector<StreamPtr> found = ddl_streams_of(table.oid, ddl);
  std::erase_if(found, [&](const StreamPtr& stream) {
    return std::none_of(stream->tables.begin(), stream->tables.end(), [&](const StreamedTable& entry) {
      return entry.table == table.oid && (lists(entry.filter_columns) || (!by_filter && lists(entry.columns)));
    });
  });
  return found;
}

absl::Status ddl_drop_streamed_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl) {
  for (const StreamPtr& stream : ddl_streams_of_column(table, column.attnum, false, ddl)) {
    const std::string dropped = cat("column ", column.name, " of ", ddl_describe(table, ddl));
    const std::string dependent = ddl_describe(*stream, ddl);
    if (behavior == sql::DropBehavior::kRestrict) {
      return with_hint(with_detail(error(ErrorCode::kDependentObjectsStillExist, "cannot drop ", dropped,
                                         " because other objects depend on it"),
                                   cat(dependent, " depends on ", dropped)),
                       "Use DROP ... CASCADE to drop the dependent objects too.");
    }
    ddl.notice(ErrorCode::kOk, cat("drop cascades to ", dependent));
    ddl.drop(stream->oid);
  }
  return absl::OkStatus();
}

}  // namespace troupe
