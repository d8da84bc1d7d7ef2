#include "actors/session/copy_in.hpp"

#include <algorithm>
#include <charconv>

#include "actors/session/copy_options_of.hpp"
#include "runtime/exec/key_changes.hpp"
#include "runtime/sql/ast_all.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/binary_io.hpp"
#include "runtime/types/latin1.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

constexpr std::string_view kSourceName = "copy_source";

/// The rows that are being copied, as the INSERT's plan sees them; nobody ever reads it through the executor.
SystemTable source_table(const TableDef& table, const std::vector<uint32_t>& columns) {
  SystemTable source;
  source.oid = 1;
  source.name = std::string(kSourceName);
  for (const uint32_t column : columns) {
    const ColumnDef& def = table.columns[column];
    source.columns.push_back({def.name, Type{def.type, def.typmod}});
  }
  source.produce = [](const SystemEnvironment&, std::vector<std::vector<Value>>*) {
    return error(ErrorCode::kInternalError, "the source of COPY cannot be scanned");
  };
  return source;
}

std::string insert_text(const sql::CopyStatement& statement, const TableDef& table, std::string_view schema,
                        const std::vector<uint32_t>& columns) {
  std::string names;
  for (const uint32_t column : columns) {
    if (!names.empty()) names += ", ";
    names += sql::quote_identifier(table.columns[column].name);
  }
  std::string text = cat("INSERT INTO ", sql::quote_identifier(schema), ".", sql::quote_identifier(table.name), " (",
                         names, ") OVERRIDING SYSTEM VALUE SELECT ", names, " FROM pg_catalog.", kSourceName, " AS ",
                         sql::quote_identifier(table.name));
  if (statement.where != nullptr) text += cat(" WHERE ", sql::to_sql(*statement.where));
  return text;
}

absl::StatusOr<uint32_t> find_column(const TableDef& table, std::string_view name) {
  const ColumnDef* column = table.find_column(name);
  if (column == nullptr) {
    return error(ErrorCode::kUndefinedColumn, "column \"", name, "\" of relation \"", table.name, "\" does not exist");
  }
  if (column->generated_stored) {
    return with_detail(error(ErrorCode::kInvalidColumnReference, "column \"", name, "\" is a generated column"),
                       "Generated columns cannot be used in COPY.");
  }
  return static_cast<uint32_t>(column->attnum - 1);
}

/// The common case of an integer; anything odd is left to its input function.
template <typename Int>
bool append_int(std::string_view text, Vector* column) {
  Int value;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return false;
  column->append(value);
  return true;
}

}  // namespace

absl::StatusOr<std::vector<uint32_t>> copied_columns(const sql::CopyStatement& statement, const TableDef& table) {
  std::vector<uint32_t> columns;
  for (const std::string_view name : statement.columns) {
    TROUPE_ASSIGN_OR_RETURN(const uint32_t column, find_column(table, name));
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return error(ErrorCode::kDuplicateColumn, "column \"", name, "\" specified more than once");
    }
    columns.push_back(column);
  }
  if (statement.columns.empty()) {
    for (uint32_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].dropped && !table.columns[i].generated_stored) columns.push_back(i);
    }
  }
  if (columns.empty()) return error(ErrorCode::kFeatureNotSupported, "a table without columns cannot be copied");
  return columns;
}

absl::StatusOr<std::unique_ptr<CopyIn>> CopyIn::make(const sql::CopyStatement& statement, const TableDef& table,
                                                     const PlanContext& planning) {
  if (table.is_materialized_view()) {
    return error(ErrorCode::kWrongObjectType, "cannot copy to materialized view \"", table.name, "\"");
  }
  if (is_continuous_state(table, *planning.catalog)) {
    return error(ErrorCode::kWrongObjectType, "cannot copy to \"", table.name,
                 "\", in which the rows of a continuous view are kept");
  }
  std::unique_ptr<CopyIn> copy(new CopyIn);
  TROUPE_ASSIGN_OR_RETURN(const std::vector<uint32_t> columns, copied_columns(statement, table));
  CopyTarget target;
  target.table = table.name;
  for (const uint32_t column : columns) {
    const Type type{table.columns[column].type, table.columns[column].typmod};
    Form form = Form::kAny;
    if (type.oid == oid::kInt2) form = Form::kInt16;
    if (type.oid == oid::kInt4) form = Form::kInt32;
    if (type.oid == oid::kInt8) form = Form::kInt64;
    if (type.oid == oid::kText || (type.oid == oid::kVarchar && type.typmod < 0)) form = Form::kString;
    copy->columns_.push_back({type, form});
    target.columns.push_back(table.columns[column].name);
  }
  TROUPE_ASSIGN_OR_RETURN(CopyOptions options, copy_options_of(statement, planning.text, target.columns));
  copy->binary_ = options.format == CopyFormat::kBinary;
  copy->freeze_ = options.freeze;
  copy->latin1_ = options.encoding == CopyEncoding::kLatin1 && !copy->binary_;
  copy->reader_ = CopyReader::make(std::move(options), std::move(target));

  const auto* schema = planning.catalog->find_as<SchemaDef>(table.schema);
  const std::string text = insert_text(statement, table, schema->name, columns);
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_statement(text));
  SystemTables sources;
  sources.add(source_table(table, columns));
  PlanContext context = planning;
  context.system_tables = &sources;
  context.text = text;
  TROUPE_ASSIGN_OR_RETURN(StatementPlanPtr plan, plan_statement(*parsed->statements()[0].node, context));
  const InsertPlan& insert = plan->root->to<InsertPlan>();
  TROUPE_RETURN_IF_ERROR(copy->compile_steps(*insert.inputs[0]));
  if (insert.partitions) {
    TROUPE_ASSIGN_OR_RETURN(copy->partitions_, PartitionedInsertSpec::compile(*insert.partitions));
  } else {
    TROUPE_ASSIGN_OR_RETURN(copy->spec_, InsertSpec::compile(insert.write, nullptr));
    TROUPE_ASSIGN_OR_RETURN(copy->index_values_, compile_index_values(insert.write));
  }
  TROUPE_ASSIGN_OR_RETURN(copy->executable_, ExecutablePlan::compile(std::move(plan)));
  return copy;
}

/// From the source up. Only projections and filters can be in between: the WHERE clause has no subqueries.
absl::Status CopyIn::compile_steps(const PlanNode& source) {
  const auto filter = [this](const ExprPtr& condition) -> absl::Status {
    if (condition == nullptr) return absl::OkStatus();
    Step step;
    step.filters = true;
    TROUPE_ASSIGN_OR_RETURN(step.condition, Program::compile(condition));
    steps_.push_back(std::move(step));
    return absl::OkStatus();
  };
  if (const auto* scan = source.as<SystemScanPlan>()) return filter(scan->filter);
  const auto* project = source.as<ProjectPlan>();
  const auto* condition = source.as<FilterPlan>();
  if (project == nullptr && condition == nullptr) {
    return error(ErrorCode::kFeatureNotSupported, "cannot use subquery in COPY FROM WHERE condition");
  }
  TROUPE_RETURN_IF_ERROR(compile_steps(*source.inputs[0]));
  if (condition != nullptr) return filter(condition->condition);
  Step step;
  TROUPE_ASSIGN_OR_RETURN(step.values, ProgramList::compile(project->values));
  steps_.push_back(std::move(step));
  return absl::OkStatus();
}

void CopyIn::start(ExecContext& context, BulkLog* bulk) {
  run_ = std::make_unique<Run>(*executable_, std::vector<Value>{}, context);
  const TableWrite& target = write();
  clear_chunk();
  if (partitions_ != nullptr) {
    routed_ = std::make_unique<PartitionedInserter>(*run_, *partitions_);
    return;
  }
  if (bulk == nullptr) {
    inserter_ = std::make_unique<RowInserter>(*run_, *spec_);
    return;
  }
  bulk_rows_ = std::make_unique<BulkWriter>(
      context, target.table->tree, bulk, row_conflict(target.table, DuplicateWords::kInserting, *context.eval));
  bulk_rows_->name_sources([this](absl::Status status, uint64_t line) { return reader_->with_line(status, line); });
  for (const IndexPtr& index : target.indexes) {
    bulk_entries_.push_back(
        std::make_unique<IndexBulkWriter>(context, target.table, index, DuplicateWords::kInserting));
    bulk_entries_.back()->writer().name_sources(
        [this](absl::Status status, uint64_t line) { return reader_->with_line(status, line); });
  }
}

// --- fields to vectors ---

void CopyIn::clear_chunk() {
  sources_.clear();
  chunk_.rows = 0;
  chunk_.columns.clear();
  for (const Column& column : columns_) chunk_.columns.emplace_back().reset_empty(physical_of(column.type));
}

absl::Status CopyIn::add_field(size_t column, std::string_view text) {
  const Column& target = columns_[column];
  Vector& values = chunk_.columns[column];
  const EvalContext& eval = *run_->context.eval;
  if (!binary_) {
    switch (target.form) {
      case Form::kInt16:
        if (append_int<int16_t>(text, &values)) return absl::OkStatus();
        break;
      case Form::kInt32:
        if (append_int<int32_t>(text, &values)) return absl::OkStatus();
        break;
      case Form::kInt64:
        if (append_int<int64_t>(text, &values)) return absl::OkStatus();
        break;
      case Form::kString: values.append_string(text); return absl::OkStatus();
      case Form::kAny: break;
    }
  }
  auto value = binary_ ? receive_binary(target.type, text, eval) : parse_text(target.type, text, eval);
  if (!value.ok()) return reader_->with_row_context(value.status(), column);
  values.append_value(*value);
  return absl::OkStatus();
}

absl::Status CopyIn::add_row() {
  const auto fields = reader_->row();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]) {
      TROUPE_RETURN_IF_ERROR(add_field(i, *fields[i]));
    } else {
      chunk_.columns[i].append_null();
    }
  }
  if (fields.size() < columns_.size()) return reader_->missing_data();
  sources_.add(reader_->line(), reader_->line_text());
  ++chunk_.rows;
  return absl::OkStatus();
}

Task<absl::Status> CopyIn::take_rows() {
  while (true) {
    absl::Status status;
    switch (reader_->next_row()) {
      case CopyRead::kError: status = reader_->error(); break;
      case CopyRead::kNeedMore:
      case CopyRead::kEnd: co_return absl::OkStatus();
      case CopyRead::kRow: status = add_row(); break;
    }
    if (!status.ok()) {
      auto checking = check_chunk();
      const absl::Status earlier = co_await checking;
      co_return earlier.ok() ? status : earlier;
    }
    if (chunk_.rows < kBatchRows) continue;
    auto writing = write_chunk();
    status = co_await writing;
    if (!status.ok()) co_return status;
  }
}

Task<absl::Status> CopyIn::take(std::string_view data) {
  if (latin1_) {
    decoded_ = utf8_of_latin1(data);
    data = decoded_;
  }
  reader_->feed(data);
  auto taking = take_rows();
  co_return co_await taking;
}

Task<absl::Status> CopyIn::finish() {
  reader_->finish();
  auto taking = take_rows();
  absl::Status status = co_await taking;
  if (!status.ok()) co_return status;
  auto writing = write_chunk();
  status = co_await writing;
  if (!status.ok() || bulk_rows_ == nullptr) co_return status;
  auto finishing = bulk_rows_->finish();
  status = co_await finishing;
  for (size_t i = 0; i < bulk_entries_.size() && status.ok(); ++i) {
    auto finishing_entries = bulk_entries_[i]->writer().finish();
    status = co_await finishing_entries;
  }
  co_return status;
}

// --- vectors to rows ---

/// Context: the line that a row of the chunk came from. `shown`: and what it says.
absl::Status CopyIn::with_source(absl::Status status, uint32_t row, bool shown) const {
  return reader_->with_line(std::move(status), sources_.line(row),
                            shown ? std::optional(sources_.text(row)) : std::nullopt);
}

/// The next row cannot be read: what is wrong with those before it comes first.
Task<absl::Status> CopyIn::check_chunk() {
  if (chunk_.rows == 0) co_return absl::OkStatus();
  chunk_ = chunk_.slice(0, chunk_.rows);  // without the fields of the row that failed
  auto completing = complete_chunk();
  absl::Status status = co_await completing;
  uint32_t failing = RowInserter::kNoRow;
  if (status.ok()) status = check_rows_of_chunk(&failing);
  co_return failing == RowInserter::kNoRow ? status : with_source(status, failing, true);
}

absl::Status CopyIn::check_rows_of_chunk(uint32_t* failing) {
  if (routed_ == nullptr) return check_rows(spec_->check, *write().table, chunk_, *run_, failing);
  const absl::Status status = routed_->check(chunk_);
  *failing = routed_->failed_row();
  return status;
}

std::vector<TablePtr> CopyIn::partitions() const {
  std::vector<TablePtr> tables;
  const auto& insert = plan().root->to<InsertPlan>();
  if (!insert.partitions) return tables;
  for (const PartitionedInsert::Leaf& leaf : insert.partitions->leaves) tables.push_back(leaf.write.table);
  return tables;
}

Task<absl::Status> CopyIn::write_chunk() {
  if (chunk_.rows == 0) co_return absl::OkStatus();
  auto completing = complete_chunk();
  absl::Status status = co_await completing;
  if (!status.ok()) co_return status;
  if (bulk_rows_ != nullptr) {
    auto writing = write_bulk();
    status = co_await writing;
  } else if (chunk_.rows > 0) {
    uint64_t affected = 0;
    std::vector<Batch> returned;
    auto inserting = routed_ ? routed_->insert(chunk_, &affected, &returned)
                             : inserter_->insert(chunk_, &affected, &returned);
    status = co_await inserting;
    if (const uint32_t row = routed_ ? routed_->failed_row() : inserter_->failed_row(); row != RowInserter::kNoRow) {
      status = with_source(status, row, error_code(status) != ErrorCode::kUniqueViolation);
    }
    rows_ += affected;
  }
  if (status.ok()) status = run_->context.data->check_cancelled();
  clear_chunk();
  co_return status;
}

/// The chunk's fields become the table's layout columns. What goes wrong with many rows at once is looked for row by
/// row, because only then it is known where.
Task<absl::Status> CopyIn::complete_chunk() {
  const Batch read = chunk_;
  auto running = run_steps(&chunk_, &sources_);
  const absl::Status failed = co_await running;
  if (failed.ok()) co_return failed;
  sources_.keep_all();
  for (uint32_t row = 0; row < read.rows; ++row) {
    Batch one = read.slice(row, 1);
    auto trying = run_steps(&one, nullptr);
    const absl::Status status = co_await trying;
    if (!status.ok()) co_return with_source(status, row, true);
  }
  co_return failed;
}

Task<absl::Status> CopyIn::run_steps(Batch* rows, CopySources* sources) {
  for (const Step& step : steps_) {
    absl::Status status;
    if (step.filters) {
      Vector passes;
      std::vector<uint32_t> selection;
      status = step.condition.run(run_->input(*rows), &passes);
      if (!status.ok()) co_return status;
      select_true(passes, rows->rows, &selection);
      if (selection.size() < rows->rows) *rows = rows->gather(selection);
      if (sources != nullptr) sources->keep(selection);
      if (rows->rows == 0) co_return absl::OkStatus();
      continue;
    }
    if (step.values.needs_sequences()) {
      auto reserving = step.values.reserve(*run_, rows->rows);
      status = co_await reserving;
      if (!status.ok()) co_return status;
    }
    Batch out;
    out.rows = rows->rows;
    status = step.values.run(run_->input(*rows), &out.columns);
    if (!status.ok()) co_return status;
    *rows = std::move(out);
    if (step.values.needs_sequences()) {
      auto settling = step.values.settle(*run_);
      status = co_await settling;
      if (!status.ok()) co_return status;
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> CopyIn::write_bulk() {
  const TableWrite& target = write();
  uint32_t failing = RowInserter::kNoRow;
  absl::Status status = check_rows(spec_->check, *target.table, chunk_, *run_, &failing);
  if (failing != RowInserter::kNoRow) status = with_source(status, failing, true);
  if (!status.ok() || chunk_.rows == 0) co_return status;
  std::vector<const Vector*> key;
  for (const uint32_t column : target.table->shape->key) key.push_back(&chunk_.columns[column]);
  std::vector<IndexValues::Rows> entries(index_values_.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    status = index_values_[i].run(run_->input(chunk_), chunk_, &entries[i]);
    if (!status.ok()) co_return status;
  }
  for (uint32_t row = 0; row < chunk_.rows; ++row) add_bulk(row, key, entries);
  if (!target.watched.empty() && run_->context.key_changes != nullptr) {
    const Batch watched = columns_of(chunk_, target.watched);
    run_->context.key_changes->add(target, RowChange::kInsert, nullptr, &watched);
  }
  rows_ += chunk_.rows;
  if (bulk_rows_->full()) {
    auto flushing = bulk_rows_->flush();
    status = co_await flushing;
  }
  for (size_t i = 0; i < bulk_entries_.size() && status.ok(); ++i) {
    if (!bulk_entries_[i]->writer().full()) continue;
    auto flushing = bulk_entries_[i]->writer().flush();
    status = co_await flushing;
  }
  co_return status;
}

void CopyIn::add_bulk(uint32_t row, std::span<const Vector* const> key,
                      const std::vector<IndexValues::Rows>& entries) {
  const TableShape& shape = *write().table->shape;
  uint64_t hash = 0;
  if (key.empty()) {
    LookupKey made = hidden_key_of(run_->context.row_ids->next_row_id());
    key_ = std::move(made.key);
    hash = made.hash;
  } else {
    key_.clear();
    encode_key(shape.key_columns, key, row, &key_);
    hash = hash_key_row(shape.key_kinds, key, row);
  }
  bytes_.clear();
  encode_row(shape.layout, chunk_, row, &bytes_);
  const PartitionId partition = run_->context.data->partition_of(hash);
  const uint64_t line = sources_.line(row);
  bulk_rows_->add(partition, key_, bytes_, line);
  for (size_t i = 0; i < bulk_entries_.size(); ++i) {
    if (entries[i].has(row)) bulk_entries_[i]->add(entries[i].columns, row, {partition, key_, hash, line});
  }
}

}  // namespace troupe
