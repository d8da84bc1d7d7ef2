#include "actors/session/table_rewriter.hpp"

#include <algorithm>

#include "actors/session/bulk_writer.hpp"
#include "runtime/exec/access.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/index_values.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// The definition with its shape, which one that is about to change may lack or have from before.
TablePtr with_shape(const TableDef& table) {
  auto copy = std::make_shared<TableDef>(table);
  copy->shape = make_shape(*copy);
  return copy;
}

Type type_of(const ColumnDef& column) { return Type{column.type, column.typmod}; }

std::vector<uint32_t> live_columns(const TableDef& table) {
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) columns.push_back(i);
  }
  return columns;
}

uint32_t position_of(const std::vector<uint32_t>& columns, uint32_t column) {
  const auto at = std::lower_bound(columns.begin(), columns.end(), column);
  TROUPE_CHECK(at != columns.end() && *at == column);
  return static_cast<uint32_t>(at - columns.begin());
}

void add_columns(const ExprPtr& expr, std::vector<uint32_t>* columns) {
  visit_expr(*expr, [columns](const Expr& part) {
    if (part.is_column()) columns->push_back(part.index);
  });
}

void sort_unique(std::vector<uint32_t>* columns) {
  std::sort(columns->begin(), columns->end());
  columns->erase(std::unique(columns->begin(), columns->end()), columns->end());
}

/// From layout columns to positions among `columns`.
ExprPtr renumber(const ExprPtr& expr, const std::vector<uint32_t>& columns) {
  return replace_expr(expr, [&columns](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, position_of(columns, part->index)) : nullptr;
  });
}

/// `columns` (ascending) of all rows, then each row's locator.
std::shared_ptr<TableScanPlan> scan_of(TablePtr table, std::vector<uint32_t> columns) {
  auto scan = std::make_shared<TableScanPlan>();
  for (const uint32_t column : columns) scan->output.push_back(type_of(table->columns[column]));
  scan->output.push_back(Type{oid::kBytea});
  scan->with_row_key = true;
  scan->table = std::move(table);
  scan->columns = std::move(columns);
  return scan;
}

absl::StatusOr<std::shared_ptr<const ExecutablePlan>> executable_of(std::shared_ptr<PlanNode> root) {
  auto plan = std::make_shared<StatementPlan>();
  plan->kind = StatementKind::kSelect;
  plan->root = std::move(root);
  plan->nodes = 2;
  plan->uses_snapshot = true;
  return ExecutablePlan::compile(std::move(plan));
}

absl::Status contains_nulls(const TableDef& table, const ColumnDef& column) {
  ErrorFields fields;
  fields.code = ErrorCode::kNotNullViolation;
  fields.message = cat("column \"", column.name, "\" of relation \"", table.name, "\" contains null values");
  fields.table = table.name;
  fields.column = column.name;
  return make_error(fields);
}

uint64_t row_id_of(std::string_view key) {
  uint64_t id = 0;
  for (const char byte : key) id = (id << 8) | static_cast<uint8_t>(byte);
  return id;
}

/// Rows of a table in its new shape, with the keys they get.
class RowRewriter {
 public:
  RowRewriter(const ExecContext& context, TablePtr old_table, TablePtr new_table, TreeId tree, RowIdSource& ids,
              BulkLog* log)
      : data_{*context.data},
        keeps_ids_{old_table->primary_key.empty()},
        table_{std::move(new_table)},
        columns_{live_columns(*table_)},
        ids_{ids},
        writer_(context, tree, log, row_conflict(table_, DuplicateWords::kCreating, *context.eval)) {}

  BulkWriter& writer() { return writer_; }

  /// `batch`: the new table's live columns, then locators.
  absl::Status add(const Batch& batch) {
    Batch rows;
    rows.rows = batch.rows;
    const RowLayout& layout = table_->shape->layout;
    for (uint32_t i = 0, live = 0; i < layout.columns(); ++i) {
      const bool is_live = live < columns_.size() && columns_[live] == i;
      rows.columns.push_back(is_live ? batch.columns[live++] : Vector::null_constant(layout.kind(i), batch.rows));
    }
    TROUPE_RETURN_IF_ERROR(check_nulls(rows));
    std::vector<const Vector*> key;
    for (const uint32_t column : table_->shape->key) key.push_back(&rows.columns[column]);
    for (uint32_t row = 0; row < rows.rows; ++row) add_row(rows, key, row, batch.columns.back().string(row));
    return absl::OkStatus();
  }

 private:
  absl::Status check_nulls(const Batch& rows) const {
    for (const uint32_t column : columns_) {
      const Vector& values = rows.columns[column];
      if (table_->columns[column].not_null && values.may_have_nulls() && values.null_count() > 0) {
        return contains_nulls(*table_, table_->columns[column]);
      }
    }
    return absl::OkStatus();
  }

  void add_row(const Batch& rows, std::span<const Vector* const> key, uint32_t row, std::string_view locator) {
    const TableShape& shape = *table_->shape;
    bytes_.clear();
    encode_row(shape.layout, rows, row, &bytes_);
    if (!key.empty()) {
      key_.clear();
      encode_key(shape.key_columns, key, row, &key_);
      writer_.add(data_.partition_of(hash_key_row(shape.key_kinds, key, row)), key_, bytes_);
    } else if (keeps_ids_) {
      writer_.add(locator_partition(locator), locator_key(locator), bytes_);
    } else {
      const LookupKey made = hidden_key_of(ids_.next_row_id());
      writer_.add(data_.partition_of(made.hash), made.key, bytes_);
    }
  }

  const DataAccess& data_;
  bool keeps_ids_;
  TablePtr table_;
  std::vector<uint32_t> columns_;
  RowIdSource& ids_;
  BulkWriter writer_;
  std::string key_;
  std::string bytes_;
};

/// Rows of a table as entries of an index.
class EntryBuilder {
 public:
  EntryBuilder(const ExecContext& context, TablePtr table, IndexPtr index, const IndexTerms& terms)
      : data_{*context.data},
        table_{std::move(table)},
        index_{index},
        entries_(context, table_, std::move(index), DuplicateWords::kCreating) {
    note_columns(terms);
  }

  /// What it wants to see of each row.
  const std::vector<uint32_t>& columns() const { return columns_; }

  absl::Status compile(const IndexTerms& terms) {
    IndexTerms placed;
    for (size_t i = 0; i < index_->columns.size(); ++i) placed.values.push_back(value_of(terms, i));
    if (terms.predicate) placed.predicate = renumber(terms.predicate, columns_);
    TROUPE_ASSIGN_OR_RETURN(values_, IndexValues::compile(index_, placed));
    return absl::OkStatus();
  }

  absl::Status add(const Batch& batch, EvalContext& eval) {
    EvalInput in;
    in.columns = batch.columns;
    in.rows = batch.rows;
    in.context = &eval;
    IndexValues::Rows rows;
    TROUPE_RETURN_IF_ERROR(values_.run(in, batch, &rows));
    std::vector<const Vector*> key;
    const bool hashes_key = index_->global() && !table_->shape->key.empty();
    if (hashes_key) {
      for (const uint32_t column : table_->shape->key) key.push_back(&batch.columns[position_of(columns_, column)]);
    }
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (!rows.has(row)) continue;
      const std::string_view locator = batch.columns.back().string(row);
      IndexBulkWriter::RowPlace place{locator_partition(locator), locator_key(locator), 0};
      if (hashes_key) {
        place.hash = hash_key_row(table_->shape->key_kinds, key, row);
      } else if (index_->global()) {
        place.hash = hidden_key_of(row_id_of(place.key)).hash;
      }
      entries_.add(rows.columns, row, place);
    }
    return absl::OkStatus();
  }
  BulkWriter& writer() { return entries_.writer(); }

 private:
  void note_columns(const IndexTerms& terms) {
    for (const uint32_t column : index_->shape->columns) {
      if (column != kIndexExpression) columns_.push_back(column);
    }
    for (const ExprPtr& value : terms.values) add_columns(value, &columns_);
    if (terms.predicate) add_columns(terms.predicate, &columns_);
    if (index_->global()) columns_.insert(columns_.end(), table_->shape->key.begin(), table_->shape->key.end());
    sort_unique(&columns_);
  }
  ExprPtr value_of(const IndexTerms& terms, size_t part) const {
    if (!terms.values.empty()) return renumber(terms.values[part], columns_);
    const uint32_t column = index_->shape->columns[part];
    return make_column(type_of(table_->columns[column]), position_of(columns_, column));
  }

  const DataAccess& data_;
  TablePtr table_;
  IndexPtr index_;
  std::vector<uint32_t> columns_;
  IndexValues values_;
  IndexBulkWriter entries_;
};

}  // namespace

Task<absl::Status> TableRewriter::build_index(const TableDef& table, const IndexDef& index, const IndexTerms& terms) {
  const TablePtr source = with_shape(table);
  auto target = std::make_shared<IndexDef>(index);
  target->shape = make_shape(*target, *source);
  EntryBuilder builder(context_, source, std::move(target), terms);
  absl::Status status = builder.compile(terms);
  if (!status.ok()) co_return status;
  auto plan = executable_of(scan_of(source, builder.columns()));
  if (!plan.ok()) co_return plan.status();
  Execution execution(*plan, {}, context_);
  while (true) {
    auto fetching = execution.next();
    const BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    status = builder.add(*batch, *context_.eval);
    if (!status.ok()) co_return status;
    wrote_ = true;
    if (!builder.writer().full()) continue;
    auto flushing = builder.writer().flush();
    status = co_await flushing;
    if (!status.ok()) co_return status;
  }
  auto finishing = builder.writer().finish();
  co_return co_await finishing;
}

Task<absl::Status> TableRewriter::rewrite(const TableDef& old_table, const TableDef& new_table, TreeId tree,
                                          const ExprList& values, RowIdSource& ids, BulkLog* log) {
  const TablePtr source = with_shape(old_table);
  const TablePtr target = with_shape(new_table);
  const std::vector<uint32_t> columns = live_columns(*source);
  auto scan = scan_of(source, columns);
  auto project = std::make_shared<ProjectPlan>();
  project->id = 1;
  for (const uint32_t column : live_columns(*target)) {
    const Type type = type_of(target->columns[column]);
    project->output.push_back(type);
    if (column < values.size()) {
      project->values.push_back(renumber(values[column], columns));
    } else if (column < source->columns.size()) {
      project->values.push_back(make_column(type, position_of(columns, column)));
    } else {
      project->values.push_back(make_constant(type, target->columns[column].missing));
    }
  }
  project->output.push_back(Type{oid::kBytea});
  project->values.push_back(make_column(Type{oid::kBytea}, static_cast<uint32_t>(columns.size())));
  project->inputs.push_back(std::move(scan));
  auto plan = executable_of(std::move(project));
  if (!plan.ok()) co_return plan.status();
  RowRewriter rewriter(context_, source, target, tree, ids, log);
  Execution execution(*plan, {}, context_);
  absl::Status status;
  while (true) {
    auto fetching = execution.next();
    const BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    status = rewriter.add(*batch);
    if (!status.ok()) co_return status;
    wrote_ = true;
    if (!rewriter.writer().full()) continue;
    auto flushing = rewriter.writer().flush();
    status = co_await flushing;
    if (!status.ok()) co_return status;
  }
  auto finishing = rewriter.writer().finish();
  co_return co_await finishing;
}

Task<absl::StatusOr<bool>> TableRewriter::any_row(const TableDef& table, ExprPtr filter) {
  std::vector<uint32_t> columns;
  add_columns(filter, &columns);
  sort_unique(&columns);
  auto scan = scan_of(with_shape(table), columns);
  scan->filter = renumber(filter, columns);
  scan->row_limit = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  auto plan = executable_of(std::move(scan));
  if (!plan.ok()) co_return plan.status();
  Execution execution(*plan, {}, context_);
  auto fetching = execution.next();
  const BatchResult batch = co_await fetching;
  if (!batch.ok()) co_return batch.status();
  co_return batch->rows > 0;
}

Task<absl::Status> TableRewriter::check_not_null(const TableDef& table, uint32_t column) {
  const ColumnDef& checked = table.columns[column];
  auto looking = any_row(table, make_null_test(make_column(type_of(checked), column), false));
  const absl::StatusOr<bool> found = co_await looking;
  if (!found.ok()) co_return found.status();
  co_return *found ? contains_nulls(table, checked) : absl::OkStatus();
}

Task<absl::Status> TableRewriter::check_rows(const TableDef& table, const CheckCondition& check) {
  auto looking = any_row(table, make_not(check.condition));
  const absl::StatusOr<bool> found = co_await looking;
  if (!found.ok()) co_return found.status();
  if (!*found) co_return absl::OkStatus();
  ErrorFields fields;
  fields.code = ErrorCode::kCheckViolation;
  fields.table = table.name;
  if (check.of_partition) {
    fields.message = check.name;
    co_return make_error(fields);
  }
  fields.message =
      cat("check constraint \"", check.name, "\" of relation \"", table.name, "\" is violated by some row");
  fields.constraint = check.name;
  co_return make_error(fields);
}

}  // namespace troupe
