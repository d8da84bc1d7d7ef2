#include "actors/session/bulk_writer.hpp"

#include <algorithm>

#include "runtime/exec/constraint_errors.hpp"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/messages.hpp"
#include "runtime/plan/index_terms.hpp"
#include "runtime/types/text_io.hpp"
#include "storage/base/text.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

/// "Key (a, b)=(1, x) is duplicated."; without values that the key does not give back.
std::string duplicated_detail(std::span<const KeyPart> parts, std::span<const KeyColumn> key_columns,
                              std::string_view key, const EvalContext& context) {
  std::string names, values;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto value = decode_key_column(key_columns[i], &key);
    if (!value.ok()) return {};
    if (i > 0) {
      names += ", ";
      values += ", ";
    }
    names += parts[i].name;
    values += value->is_null() ? "null" : to_text(parts[i].type, *value, context);
  }
  return cat("Key (", names, ")=(", values, ") is duplicated.");
}

absl::Status cannot_create(const TableDef& table, std::string_view index, std::string detail) {
  ErrorFields fields;
  fields.code = ErrorCode::kUniqueViolation;
  fields.message = cat("could not create unique index \"", index, "\"");
  fields.detail = std::move(detail);
  fields.table = table.name;
  fields.constraint = std::string(index);
  return make_error(fields);
}

std::string_view primary_key_name(const TableDef& table) {
  for (const ConstraintDef& constraint : table.constraints) {
    if (constraint.kind == ConstraintKind::primary_key) return constraint.name;
  }
  return table.name;
}

}  // namespace

BulkWriter::BulkWriter(const ExecContext& context, TreeId tree, BulkLog* log, Conflict conflict)
    : context_{context}, tree_{tree}, log_{log}, conflict_{std::move(conflict)}, piles_(context.data->partition_count()) {}

void BulkWriter::add(PartitionId partition, std::string_view key, std::string_view row, uint64_t source) {
  Pile& pile = piles_[partition];
  pile.entries.push_back(
      {pile.bytes.size(), static_cast<uint32_t>(key.size()), static_cast<uint32_t>(row.size()), source});
  pile.bytes.append(key).append(row);
  buffered_bytes_ += key.size() + row.size() + sizeof(Pile::Entry);
  ++rows_;
}

Task<absl::Status> BulkWriter::flush() {
  auto waiting = answers();
  const absl::Status status = co_await waiting;
  if (!status.ok()) co_return status;
  for (size_t partition = 0; partition < piles_.size(); ++partition) {
    send(static_cast<PartitionId>(partition), piles_[partition]);
  }
  buffered_bytes_ = 0;
  co_return absl::OkStatus();
}

Task<absl::Status> BulkWriter::finish() {
  auto flushing = flush();
  const absl::Status status = co_await flushing;
  if (!status.ok()) co_return status;
  auto waiting = answers();
  co_return co_await waiting;
}

/// A partition fills its pages best from ascending keys, which is often how they come.
void BulkWriter::send(PartitionId partition, Pile& pile) {
  const auto before = [&pile](const Pile::Entry& a, const Pile::Entry& b) { return pile.key(a) < pile.key(b); };
  if (!std::is_sorted(pile.entries.begin(), pile.entries.end(), before)) {
    std::stable_sort(pile.entries.begin(), pile.entries.end(), before);
  }
  size_t from = 0, bytes = 0;
  for (size_t i = 0; i < pile.entries.size(); ++i) {
    bytes += pile.entries[i].key_size + pile.entries[i].row_size;
    if (i + 1 - from < kKeysPerRequest && bytes < kRequestBytes) continue;
    send_piece(partition, pile, from, i + 1);
    from = i + 1;
    bytes = 0;
  }
  if (from < pile.entries.size()) send_piece(partition, pile, from, pile.entries.size());
  pile.entries.clear();
  pile.bytes.clear();
}

void BulkWriter::send_piece(PartitionId partition, const Pile& pile, size_t from, size_t to) {
  Request& request = under_way_.emplace_back();
  std::string rows;
  for (size_t i = from; i < to; ++i) {
    append_packed(pile.key(pile.entries[i]), &request.keys);
    append_packed(pile.row(pile.entries[i]), &rows);
    if (naming_) request.sources.push_back(pile.entries[i].source);
  }
  WriteParts parts;
  parts.head.mutate_txn(context_.txn);
  parts.head.mutate_snapshot(context_.snapshot);
  parts.head.mutate_command(context_.command);
  parts.head.mutate_partition(partition);
  parts.head.mutate_tree(tree_);
  parts.head.mutate_key_count(static_cast<uint32_t>(to - from));
  parts.head.mutate_kind(schema::WriteKind::bulk);
  parts.keys = request.keys;
  parts.rows = rows;
  request.slot = std::make_unique<WriteSlot>(*context_.data);
  request.slot->start(partition, build_write(parts));
  if (log_ != nullptr) log_piece(partition, pile, from, to);
}

void BulkWriter::log_piece(PartitionId partition, const Pile& pile, size_t from, size_t to) {
  std::string changes;
  ChangeWriter writer(&changes);
  Change change;
  change.tree = tree_;
  change.partition = partition;
  change.has_after = true;
  for (size_t i = from; i < to; ++i) {
    change.key = pile.key(pile.entries[i]);
    change.after = pile.row(pile.entries[i]);
    writer.append(change);
  }
  log_->append(context_.txn, tree_, writer.count(), changes);
}

Task<absl::Status> BulkWriter::answers() {
  for (Request& request : under_way_) {
    co_await request.slot->answer_arrives();
    const auto answer = request.slot->take();
    if (!answer.ok()) co_return answer.status();
    const absl::Status status = check(request, **answer);
    if (!status.ok()) co_return status;
  }
  under_way_.clear();
  if (log_ != nullptr) {
    auto logging = log_->written();
    const absl::Status logged = co_await logging;
    if (!logged.ok()) co_return logged;
  }
  co_return context_.data->check_cancelled();
}

absl::Status BulkWriter::check(const Request& request, const schema::WriteResult& answer) const {
  const schema::WriteResultHead& head = *answer.head();
  if (head.status() == schema::WriteStatus::done) return absl::OkStatus();
  if (head.conflict_tree() == 0) return decode_error(bytes_view(answer.error()));
  std::string_view key;
  PackedStrings keys(request.keys);
  for (uint32_t i = 0; i <= head.conflict_key(); ++i) keys.next(&key);
  return naming_ ? naming_(conflict_(key), request.sources[head.conflict_key()]) : conflict_(key);
}

BulkWriter::Conflict row_conflict(std::shared_ptr<const TableDef> table, DuplicateWords words,
                                  const EvalContext& context) {
  return [table = std::move(table), words, &context](std::string_view key) {
    const std::string_view name = primary_key_name(*table);
    std::string detail = duplicated_detail(primary_key_parts(*table), table->shape->key_columns, key, context);
    if (words == DuplicateWords::kCreating) return cannot_create(*table, name, std::move(detail));
    std::vector<Value> values;
    for (const KeyColumn& column : table->shape->key_columns) {
      auto value = decode_key_column(column, &key);
      if (!value.ok()) return cannot_create(*table, name, {});
      values.push_back(*std::move(value));
    }
    return primary_key_violation(*table, values, context);
  };
}

namespace {

BulkWriter::Conflict entry_conflict(std::shared_ptr<const TableDef> table, std::shared_ptr<const IndexDef> index,
                                    DuplicateWords words, const EvalContext& context) {
  return [table = std::move(table), index = std::move(index), words, &context](std::string_view key) {
    if (words == DuplicateWords::kInserting) return unique_violation_of_key(*table, *index, key, context);
    return cannot_create(*table, index->name,
                         duplicated_detail(index_parts(*table, *index), index->shape->key_columns, key, context));
  };
}

}  // namespace

IndexBulkWriter::IndexBulkWriter(const ExecContext& context, std::shared_ptr<const TableDef> table,
                                 std::shared_ptr<const IndexDef> index, DuplicateWords words)
    : data_{*context.data},
      index_{std::move(index)},
      writer_(context, index_->tree, nullptr, entry_conflict(std::move(table), index_, words, *context.eval)) {}

uint64_t hash_key_row(std::span<const CompareKind> kinds, std::span<const Vector* const> columns, uint32_t row) {
  uint64_t hash = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint64_t column = hash_value(kinds[i], *columns[i], row);
    hash = i == 0 ? column : hash_combine(hash, column);
  }
  return hash;
}

void IndexBulkWriter::add(std::span<const Vector* const> columns, uint32_t row, const RowPlace& place) {
  key_.clear();
  encode_key(index_->shape->key_columns, columns, row, &key_);
  const size_t prefix = key_.size();
  if (!index_->global()) {
    key_.append(place.key);
    writer_.add(place.partition, key_, local_entry_value(prefix), place.source);
    return;
  }
  // Nulls are never equal: the row's key makes such an entry unique.
  const bool any_null =
      !index_->nulls_not_distinct &&
      std::any_of(columns.begin(), columns.end(), [row](const Vector* column) { return column->is_null(row); });
  if (any_null) key_.append(place.key);
  const uint64_t hash = hash_key_row(index_->shape->key_kinds, columns, row);
  writer_.add(data_.partition_of(hash), key_, global_entry_value(place.hash, place.key), place.source);
}

}  // namespace troupe
