#include "runtime/exec/row_inserter.hpp"

#include <algorithm>

#include "runtime/exec/constraint_errors.hpp"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/key_changes.hpp"
#include "runtime/exec/lock_errors.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

using schema::WriteFlag;
using schema::WriteKind;
using schema::WriteOutcome;

absl::Status second_time() {
  return with_hint(
      error(ErrorCode::kCardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time"),
      "Ensure that no rows proposed for insertion within the same command have duplicate constrained "
      "values.");
}

/// The entry's key; with a null in it the row's key makes it unique, where nulls are never equal.
LookupKey entry_of(const IndexDef& index, const std::vector<Value>& values, std::string_view row_key) {
  LookupKey entry;
  encode_key(index.shape->key_columns, values, &entry.key);
  entry.hash = hash_key(index.shape->key_kinds, values);
  if (index.nulls_not_distinct) return entry;
  if (std::any_of(values.begin(), values.end(), [](const Value& v) { return v.is_null(); })) entry.key.append(row_key);
  return entry;
}

}  // namespace

std::vector<Value> values_at(const Batch& rows, std::span<const uint32_t> columns, uint32_t row) {
  std::vector<Value> values;
  for (const uint32_t column : columns) values.push_back(rows.columns[column].value(row));
  return values;
}

absl::Status RowInserter::encode(const Batch& rows) {
  const TableDef& table = *spec_.write->table;
  const TableShape& shape = *table.shape;
  TROUPE_RETURN_IF_ERROR(check_rows(spec_.check, table, rows, run_, &failed_row_));
  index_rows_.resize(spec_.global_indexes.size());
  for (size_t i = 0; i < index_rows_.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(spec_.global_indexes[i].run(run_.input(rows), rows, &index_rows_[i]));
  }
  rows_.assign(rows.rows, {});
  for (uint32_t i = 0; i < rows.rows; ++i) {
    Row& row = rows_[i];
    if (!shape.key.empty()) {
      row.key = primary_key_of(shape, values_at(rows, shape.key, i));
    } else if (run_.context.row_ids != nullptr) {
      row.key = hidden_key_of(run_.context.row_ids->next_row_id());
    } else {
      return error(ErrorCode::kFeatureNotSupported, "rows without a primary key cannot be inserted here");
    }
    encode_row(shape.layout, rows, i, &row.bytes);
    row.entered.resize(spec_.global_indexes.size());
    row.entries.resize(spec_.global_indexes.size());
    for (size_t index = 0; index < row.entries.size(); ++index) {
      if (!index_rows_[index].has(i)) continue;
      row.entries[index] =
          entry_of(*spec_.global_indexes[index].index(), index_rows_[index].values(i), row.key.key);
    }
  }
  return absl::OkStatus();
}

absl::Status RowInserter::row_violation(uint32_t ordinal) {
  failed_row_ = std::min(failed_row_, ordinal);
  const TableDef& table = *spec_.write->table;
  return primary_key_violation(table, values_at(*input_, table.shape->key, ordinal), *run_.context.eval);
}

absl::Status RowInserter::index_violation(size_t index, uint32_t ordinal) {
  failed_row_ = std::min(failed_row_, ordinal);
  return unique_violation_of(*spec_.write->table, *spec_.global_indexes[index].index(),
                             index_rows_[index].values(ordinal), *run_.context.eval);
}

Task<absl::Status> RowInserter::insert(const Batch& rows, uint64_t* affected, std::vector<Batch>* returned) {
  input_ = &rows;
  in_the_way_.clear();
  returned_for_.clear();
  absl::Status status = encode(rows);
  if (!status.ok()) co_return status;
  for (size_t i = 0; i < spec_.global_indexes.size(); ++i) {
    if (!spec_.is_arbiter[i]) continue;
    auto putting = put_entries(i, true);
    status = co_await putting;
    if (!status.ok()) co_return status;
  }
  auto putting_rows = put_rows(affected, returned);
  status = co_await putting_rows;
  if (!status.ok()) co_return status;
  auto erasing = erase_entries_of_dead();
  status = co_await erasing;
  if (!status.ok()) co_return status;
  for (size_t i = 0; i < spec_.global_indexes.size(); ++i) {
    if (spec_.is_arbiter[i]) continue;
    auto putting = put_entries(i, false);
    status = co_await putting;
    if (!status.ok()) co_return status;
  }
  if (in_the_way_.empty()) co_return absl::OkStatus();
  auto updating = update_existing(affected, returned);
  co_return co_await updating;
}

Task<absl::Status> RowInserter::put_entries(size_t index, bool arbiter) {
  DataAccess& data = *run_.context.data;
  WriteBatch::Spec spec;
  spec.tree = spec_.global_indexes[index].index()->tree;
  spec.kind = WriteKind::put;
  spec.with_rows = true;
  spec.flags = arbiter ? bit(WriteFlag::keep_existing) : 0;
  spec.conflict = [this, index](uint32_t ordinal) { return index_violation(index, ordinal); };
  WriteBatch batch(run_, std::move(spec));
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (!(arbiter ? row.alive : row.inserted) || row.entries[index].key.empty()) continue;
    batch.add(data.partition_of(row.entries[index].hash), row.entries[index].key,
              global_entry_value(row.key.hash, row.key.key), i);
  }
  batch.start();
  auto finishing = batch.finish();
  absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
  if (!answers.ok()) co_return with_lock_context(answers.status(), "inserting", *spec_.write->table);
  for (const WriteBatch::Answer& answer : *answers) {
    PackedStrings existing(bytes_view(answer.frame->existing()));
    for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
      Row& row = rows_[answer.ordinals[key]];
      if (answer.outcome(key) != WriteOutcome::conflict) {
        row.entered[index] = true;
        continue;
      }
      row.alive = false;
      std::string_view value;
      if (!existing.next(&value) || !spec_.conflict->update) continue;
      if (value.empty()) co_return second_time();  // this very statement has just put it
      absl::StatusOr<GlobalEntry> entry = read_global_entry(value);
      if (!entry.ok()) co_return entry.status();
      in_the_way_.push_back({answer.ordinals[key], entry->row_hash, std::string(entry->row_key)});
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> RowInserter::put_rows(uint64_t* affected, std::vector<Batch>* returned) {
  DataAccess& data = *run_.context.data;
  WriteBatch::Spec spec;
  spec.tree = spec_.write->table->tree;
  spec.kind = WriteKind::insert;
  spec.call = spec_.insert_call.get();
  spec.with_rows = true;
  if (spec_.key_is_arbiter) spec.flags |= bit(WriteFlag::keep_existing);
  if (spec_.returns_rows) spec.flags |= bit(WriteFlag::returning);
  spec.conflict = [this](uint32_t ordinal) { return row_violation(ordinal); };
  WriteBatch batch(run_, std::move(spec));
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].alive) batch.add(data.partition_of(rows_[i].key.hash), rows_[i].key.key, rows_[i].bytes, i);
  }
  if (batch.empty()) co_return absl::OkStatus();
  batch.start();
  auto finishing = batch.finish();
  absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
  if (!answers.ok()) co_return with_lock_context(answers.status(), "inserting", *spec_.write->table);
  for (const WriteBatch::Answer& answer : *answers) {
    *affected += answer.frame->head()->affected();
    for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
      Row& row = rows_[answer.ordinals[key]];
      row.inserted = answer.outcome(key) == WriteOutcome::done;
      if (answer.outcome(key) == WriteOutcome::conflict) row.alive = false;
    }
  }
  note_inserted();
  if (spec_.returns_rows) keep_returned(*answers, false, returned);
  // With a global index as the arbiter, rows in the way were found before, and none was updated here.
  if (spec_.conflict == nullptr || !spec_.conflict->update || !spec_.key_is_arbiter) co_return absl::OkStatus();
  std::vector<std::string_view> row_keys;
  for (const Row& row : rows_) row_keys.push_back(row.key.key);
  // Inserted rows' entries come with put_entries(): here count those of rows that were updated.
  std::vector<WriteBatch::Answer> updated = *std::move(answers);
  auto applying = apply_unique_changes(run_, *spec_.write->table, spec_.write->indexes, updated, row_keys);
  absl::Status status = co_await applying;
  if (!status.ok()) co_return status;
  // ... and the fragment has reported inserted rows' entries among them.
  for (Row& row : rows_) {
    for (size_t i = 0; i < row.entered.size(); ++i) row.entered[i] = true;
    row.inserted = false;
  }
  co_return absl::OkStatus();
}

/// Foreign keys have to know of the new rows.
void RowInserter::note_inserted() {
  const TableWrite& write = *spec_.write;
  if (write.watched.empty() || run_.context.key_changes == nullptr) return;
  std::vector<uint32_t> inserted;
  for (uint32_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].inserted) inserted.push_back(i);
  }
  Batch after = columns_of(*input_, write.watched);
  if (inserted.size() < rows_.size()) after = after.gather(inserted);
  if (after.rows > 0) run_.context.key_changes->add(write, RowChange::kInsert, nullptr, &after);
}

/// `all_updated`: the answers are of updates of rows in the way; else of inserts, some of which found such a row.
void RowInserter::keep_returned(std::span<const WriteBatch::Answer> answers, bool all_updated,
                                std::vector<Batch>* returned) {
  ReturnedRows rows = returned_rows(answers);
  if (rows.batch.rows == 0) return;
  const TableWrite& write = *spec_.write;
  const size_t told = spec_.tells_updates ? write.watched.size() * 2 : 0;
  if (told > 0 && rows.batch.columns.size() == write.returning.size() + told) {
    const Batch before = split_columns(&rows.batch, write.watched.size());
    const Batch after = split_columns(&rows.batch, write.watched.size());
    std::vector<uint32_t> updated;
    for (const WriteBatch::Answer& answer : answers) {
      for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
        const WriteOutcome outcome = answer.outcome(key);
        const bool is_new = outcome != WriteOutcome::updated && !(all_updated && outcome == WriteOutcome::done);
        const auto at = std::lower_bound(rows.ordinals.begin(), rows.ordinals.end(), answer.ordinals[key]);
        if (is_new || at == rows.ordinals.end() || *at != answer.ordinals[key]) continue;
        updated.push_back(static_cast<uint32_t>(at - rows.ordinals.begin()));
      }
    }
    const Batch old_rows = before.gather(updated), new_rows = after.gather(updated);
    if (run_.context.key_changes != nullptr && !updated.empty()) {
      run_.context.key_changes->add(write, RowChange::kUpdate, &old_rows, &new_rows);
    }
  }
  if (write.returning.empty()) return;
  if (all_updated) {
    for (uint32_t& row : rows.ordinals) row = in_the_way_[row].ordinal;
  }
  returned_for_.push_back(std::move(rows.ordinals));
  returned->push_back(std::move(rows.batch));
}

Task<absl::Status> RowInserter::erase_entries_of_dead() {
  DataAccess& data = *run_.context.data;
  for (size_t i = 0; i < spec_.global_indexes.size(); ++i) {
    if (!spec_.is_arbiter[i]) continue;
    WriteBatch::Spec spec;
    spec.tree = spec_.global_indexes[i].index()->tree;
    spec.kind = WriteKind::erase;
    WriteBatch batch(run_, std::move(spec));
    for (const Row& row : rows_) {
      if (!row.alive && row.entered[i]) batch.add(data.partition_of(row.entries[i].hash), row.entries[i].key, {}, 0);
    }
    if (batch.empty()) continue;
    batch.start();
    auto finishing = batch.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    if (!answers.ok()) co_return answers.status();
  }
  co_return absl::OkStatus();
}

Task<absl::Status> RowInserter::update_existing(uint64_t* affected, std::vector<Batch>* returned) {
  DataAccess& data = *run_.context.data;
  WriteBatch::Spec spec;
  spec.tree = spec_.write->table->tree;
  spec.kind = WriteKind::update;
  spec.call = spec_.update_call.get();
  spec.with_rows = true;
  spec.strength = schema::LockStrength::no_key_update;
  if (spec_.returns_rows) spec.flags |= bit(WriteFlag::returning);
  if (spec_.write->changes_referenced) spec.strength = schema::LockStrength::exclusive;
  WriteBatch batch(run_, std::move(spec));
  std::vector<std::string_view> row_keys;
  for (uint32_t i = 0; i < in_the_way_.size(); ++i) {
    const InTheWay& existing = in_the_way_[i];
    batch.add(data.partition_of(existing.row_hash), existing.row_key, rows_[existing.ordinal].bytes, i);
    row_keys.push_back(existing.row_key);
  }
  batch.start();
  auto finishing = batch.finish();
  absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
  if (!answers.ok()) co_return answers.status();
  for (const WriteBatch::Answer& answer : *answers) {
    *affected += answer.frame->head()->affected();
    for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
      if (answer.outcome(key) == WriteOutcome::self_modified) co_return second_time();
    }
  }
  if (spec_.returns_rows) keep_returned(*answers, true, returned);
  auto applying = apply_unique_changes(run_, *spec_.write->table, spec_.write->indexes, *answers, row_keys);
  co_return co_await applying;
}

}  // namespace troupe
