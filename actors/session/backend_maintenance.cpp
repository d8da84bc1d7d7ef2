/// Maintenance: LOCK TABLE, VACUUM, ANALYZE, CHECKPOINT.
#include <algorithm>
#include <cstdlib>

#include "actors/session/backend.hpp"
#include "actors/session/table_sampler.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

/// Tells answers to checkpoint requests from those to lock requests.
constexpr uint64_t kCheckpointRequest = uint64_t{1} << 63;

bool is_on(const sql::Option& option) {
  const auto* literal = option.value == nullptr ? nullptr : static_cast<const sql::Expr*>(option.value)->as<sql::Literal>();
  if (literal == nullptr) return true;
  if (literal->type == sql::LiteralType::kString) return literal->text != "off" && literal->text != "false";
  return literal->integer != 0;
}

/// Whether VACUUM or ANALYZE shall gather statistics. Errors: 42601 for an option that there is not.
absl::StatusOr<bool> wants_analysis(const sql::VacuumStatement& statement) {
  static constexpr std::string_view kVacuumOptions[] = {
      "analyze", "freeze", "full", "verbose", "skip_locked", "disable_page_skipping", "index_cleanup",
      "process_toast", "truncate", "parallel"};
  bool analyzes = statement.analyze_only;
  for (const sql::Option* option : statement.options) {
    const std::string_view name = option->name;
    const bool common = name == "verbose" || name == "skip_locked";
    const bool known = statement.analyze_only
                           ? common
                           : std::find(std::begin(kVacuumOptions), std::end(kVacuumOptions), name) != std::end(kVacuumOptions);
    if (!known) {
      return error(ErrorCode::kSyntaxError, "unrecognized ", statement.analyze_only ? "ANALYZE" : "VACUUM", " option \"",
                   name, "\"");
    }
    if (name == "analyze") analyzes = is_on(*option);
  }
  return analyzes;
}

/// Of columns that were not asked for, what was known stays.
void keep_others(const TableStatistics* before, const std::vector<int16_t>& columns, TableStatistics* statistics) {
  std::erase_if(statistics->columns, [&](const ColumnStatistics& column) {
    return std::find(columns.begin(), columns.end(), column.attnum) == columns.end();
  });
  if (before != nullptr) {
    for (const ColumnStatistics& column : before->columns) {
      if (statistics->find(column.attnum) == nullptr) statistics->columns.push_back(column);
    }
  }
  std::sort(statistics->columns.begin(), statistics->columns.end(),
            [](const ColumnStatistics& a, const ColumnStatistics& b) { return a.attnum < b.attnum; });
}

}  // namespace

/// Readers may lock out definitions, writers other writers. Errors: 42501.
absl::Status Backend::check_lock_right(const TableDef& table, TableLockMode mode) {
  Privileges enough = kUpdate | kDelete | kTruncate;
  if (mode == TableLockMode::kAccessShare) enough |= kSelect;
  if (mode == TableLockMode::kRowExclusive) enough |= kInsert;
  return rights_on(*transaction_.catalog(), role_, table, enough) != 0 ? absl::OkStatus() : permission_denied(table);
}

/// The owner of a table or of the database may. Others are told that nothing is done.
bool Backend::may_maintain(const TableDef& table, std::string_view what) {
  const Catalog& catalog = *transaction_.catalog();
  const ObjectDef* database = catalog.find(catalog.database());
  if (owns(catalog, role_, table) || (database != nullptr && owns(catalog, role_, *database))) return true;
  send_notice(error(ErrorCode::kWarning, "skipping \"", table.name, "\" --- only table or database owner can ", what,
                    " it"),
              Severity::kWarning);
  return false;
}

/// The table, then its partitions, and theirs; `only`: itself.
std::vector<Oid> Backend::with_partitions(const TableDef& table, bool only) {
  const Catalog& catalog = *transaction_.catalog();
  std::vector<Oid> tables{table.oid};
  for (size_t i = 0; i < tables.size() && !only; ++i) {
    const TableDef* one = catalog.find_table(tables[i]);
    if (one != nullptr) tables.insert(tables.end(), one->partitions.begin(), one->partitions.end());
  }
  return tables;
}

Task<absl::Status> Backend::run_lock_table(const sql::LockTableStatement& statement, std::string* tag) {
  *tag = "LOCK TABLE";
  if (!transaction_.state().in_block()) {
    co_return error(ErrorCode::kNoActiveSqlTransaction, "LOCK TABLE can only be used in transaction blocks");
  }
  for (const sql::TableRef* ref : statement.tables) {
    const auto table = find_table(*ref);
    if (!table.ok()) co_return table.status();
    const auto mode = static_cast<TableLockMode>(statement.mode);
    if (const absl::Status allowed = check_lock_right(**table, mode); !allowed.ok()) co_return allowed;
    for (const Oid oid : with_partitions(**table, ref->only)) {
      auto locking = transaction_.lock_table(*transaction_.catalog()->find_table(oid), mode, statement.no_wait);
      const absl::Status status = co_await locking;
      if (!status.ok()) co_return status;
    }
  }
  co_return absl::OkStatus();
}

/// VACUUM has nothing to do here: versions are collected as snapshots let them go.
Task<absl::Status> Backend::run_vacuum(const sql::VacuumStatement& statement, std::string* tag) {
  *tag = statement.analyze_only ? "ANALYZE" : "VACUUM";
  auto analyzes = wants_analysis(statement);
  if (!analyzes.ok()) co_return analyzes.status();
  const Transaction& transaction = transaction_.state();
  if (!statement.analyze_only && (transaction.in_block() || transaction.implicit_block())) {
    co_return error(ErrorCode::kActiveSqlTransaction, "VACUUM cannot run inside a transaction block");
  }
  auto targets = vacuum_targets(statement);
  if (!targets.ok()) co_return targets.status();
  if (!*analyzes) co_return absl::OkStatus();
  for (const auto& [table, columns] : *targets) {
    auto analyzing = analyze_table(table, columns);
    const absl::Status status = co_await analyzing;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

/// The tables it names, or all. What is none is skipped with a warning. Errors: 42P01, 42703.
absl::StatusOr<std::vector<Backend::VacuumTarget>> Backend::vacuum_targets(const sql::VacuumStatement& statement) {
  std::vector<VacuumTarget> tables;
  const std::string_view what = statement.analyze_only ? "analyze" : "vacuum";
  if (statement.targets.empty()) {
    for (const ObjectPtr& object : transaction_.catalog()->objects(ObjectKind::table)) {
      if (may_maintain(static_cast<const TableDef&>(*object), what)) tables.push_back({object->oid, {}});
    }
    return tables;
  }
  for (const sql::VacuumTarget* target : statement.targets) {
    const sql::TableRef& ref = *target->table;
    const bool system = (ref.schema.empty() || ref.schema == "pg_catalog") &&
                        services_.system_tables.find(kPgCatalogSchema, ref.name) != nullptr;
    if (system) continue;  // its rows are made when they are read
    const auto table = find_table(ref);
    if (error_code(table.status()) == ErrorCode::kWrongObjectType) {
      send_notice(error(ErrorCode::kOk, "skipping \"", ref.name, "\" --- cannot ",
                        statement.analyze_only ? "analyze" : "vacuum", " non-tables or special system tables"),
                  Severity::kWarning);
      continue;
    }
    if (!table.ok()) return table.status();
    if (!may_maintain(**table, what)) continue;
    for (const std::string_view name : target->columns) {
      if ((*table)->find_column(name) != nullptr) continue;
      return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", (*table)->name,
                   "\" does not exist");
    }
    // A partitioned table after its partitions, of which it is made.
    std::vector<Oid> all = with_partitions(**table, ref.only);
    std::reverse(all.begin(), all.end());
    for (const Oid oid : all) {
      tables.push_back({oid, {}});
      const TableDef* one = transaction_.catalog()->find_table(oid);
      for (const std::string_view name : target->columns) {
        if (const ColumnDef* column = one->find_column(name)) tables.back().columns.push_back(column->attnum);
      }
    }
  }
  return tables;
}

/// How many rows the partitions have together; their columns are judged by themselves.
TableStatistics Backend::statistics_of_partitions(const TableDef& table, const Catalog& catalog) const {
  TableStatistics all;
  all.analyzed_at_us = services_.clock.wall_us();
  for (const Oid oid : table.partitions) {
    const TableDef* partition = catalog.find_table(oid);
    if (partition == nullptr || !partition->statistics) continue;
    all.row_count += partition->statistics->row_count;
    all.size_bytes += partition->statistics->size_bytes;
  }
  return all;
}

/// Takes a sample and keeps what follows from it in the table's definition. `columns` empty: of all.
Task<absl::Status> Backend::analyze_table(Oid oid, std::vector<int16_t> columns) {
  if (const TableDef* table = transaction_.catalog()->find_table(oid)) {
    // Readers and writers go on; definitions wait.
    auto locking = transaction_.lock_table(*table, TableLockMode::kShareUpdateExclusive, false);
    const absl::Status locked = co_await locking;
    if (!locked.ok()) co_return locked;
  }
  const CatalogPtr catalog = transaction_.catalog_for_ddl();
  const TableDef* table = catalog->find_table(oid);
  if (table == nullptr) co_return absl::OkStatus();  // dropped meanwhile
  if (table->is_partitioned()) {
    auto keeping = keep_statistics(*catalog, *table, statistics_of_partitions(*table, *catalog));
    co_return co_await keeping;
  }
  const uint32_t target = statistics_target();
  auto snapshot = transaction_.take_snapshot(suspended_portals_ > 0);
  if (!snapshot.ok()) co_return snapshot.status();
  TableSampler sampler(data_, {transaction_.state().id(), transaction_.state().command(), *snapshot});
  auto sampling = sampler.sample(*table, target * kSampleRowsPerTarget);
  const auto sample = co_await sampling;
  if (!sample.ok()) co_return sample.status();
  TableStatistics statistics = gather_statistics(*table, *sample, target, services_.clock.wall_us());
  if (!columns.empty()) keep_others(table->statistics.get(), columns, &statistics);
  auto keeping = keep_statistics(*catalog, *table, std::move(statistics));
  co_return co_await keeping;
}

/// In the table's definition.
Task<absl::Status> Backend::keep_statistics(const Catalog& catalog, const TableDef& table,
                                            TableStatistics statistics) {
  auto analyzed = std::make_shared<TableDef>(table);
  analyzed->statistics = std::make_shared<const TableStatistics>(std::move(statistics));
  const CatalogCounters counters = catalog.counters();
  const std::vector<CatalogChange> changes{{table.oid, std::move(analyzed)}};
  transaction_.ensure_id();
  auto writing = write_catalog_rows(changes);
  const absl::Status written = co_await writing;
  if (!written.ok()) co_return written;
  co_return transaction_.change_catalog(changes, counters);
}

uint32_t Backend::statistics_target() const {
  const auto shown = parameters_.show("default_statistics_target");
  const int target = shown.ok() ? std::atoi(shown->c_str()) : 0;
  return target > 0 ? static_cast<uint32_t>(target) : kStatisticsTarget;
}

Task<absl::Status> Backend::run_checkpoint() {
  checkpoint_request_ = ++next_checkpoint_request_ | kCheckpointRequest;
  host_.send_checkpoint(checkpoint_request_);
  while (checkpoint_request_ != 0) co_await checkpointed_;
  co_return checkpoint_status_;
}

void Backend::on_granted(uint64_t request, const std::string& error) {
  if (request == kPublisherRequest) {
    publisher_signal_.raise();
  } else if ((request & kViewRequest) != 0 && (request & kAdvisoryRequest) == 0) {
    if (request == view_request_) view_signal_.raise();
  } else if ((request & kWorkRequest) != 0 && (request & kAdvisoryRequest) == 0) {
    if (request != work_request_) return;
    work_status_ = decode_error(error);
    work_request_ = 0;
    work_done_.raise();
  } else if ((request & kAdvisoryRequest) != 0) {
    transaction_.advisory_locks().on_granted(request, error);
  } else if (request == 0 || (request & kSlotsRequest) != 0) {
    if (request == 0 || request != save_request_) return;
    save_status_ = decode_error(error);
    save_request_ = 0;
    saved_.raise();
  } else if ((request & kCheckpointRequest) == 0) {
    transaction_.on_granted(request, error);
  } else if (request == checkpoint_request_) {
    checkpoint_status_ = decode_error(error);
    checkpoint_request_ = 0;
    checkpointed_.raise();
  }
}

/// A table by name along the search path. Errors: 42P01, 42809.
absl::StatusOr<const TableDef*> Backend::find_table(const sql::TableRef& ref) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* table, find_relation(ref, ObjectKind::table));
  return static_cast<const TableDef*>(table);
}

/// `kind` is table or index. Errors: 42P01, 42809.
absl::StatusOr<const ObjectDef*> Backend::find_relation(const sql::TableRef& ref, ObjectKind kind) {
  const Catalog& catalog = *transaction_.catalog();
  const std::string_view name = ref.name;
  if (!ref.catalog.empty() && ref.catalog != database_) {
    return error(ErrorCode::kFeatureNotSupported, "cross-database references are not implemented: \"", ref.catalog, ".",
                 ref.schema, ".", ref.name, "\"");
  }
  std::vector<Oid> path = resolve_search_path();
  if (!ref.schema.empty()) {
    const SchemaDef* schema = catalog.find_schema(ref.schema);
    if (schema == nullptr) {
      return error(ErrorCode::kInvalidSchemaName, "schema \"", ref.schema, "\" does not exist");
    }
    TROUPE_RETURN_IF_ERROR(check_right(catalog, role_, *schema, kUsage));
    path = {schema->oid};
  }
  for (const Oid schema : path) {
    const ObjectDef* object = catalog.find_relation(schema, name);
    if (object == nullptr) continue;
    if (object->kind != kind) {
      return error(ErrorCode::kWrongObjectType, "\"", name, "\" is not ",
                   kind == ObjectKind::index ? "an index" : "a table");
    }
    return object;
  }
  return error(ErrorCode::kUndefinedTable, "relation \"", name, "\" does not exist");
}

}  // namespace troupe
