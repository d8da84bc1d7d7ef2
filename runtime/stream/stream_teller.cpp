#include "runtime/stream/stream_teller.hpp"

#include <algorithm>

#include "storage/base/crc32c.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/publication.hpp"
#include "storage/column/hash.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

/// [{"name":"a","type":"integer","not_null":true},...]
std::string columns_json(const TableDef& table, const StreamedTable& rule, bool by_name = false) {
  std::string json = "[";
  std::vector<ColumnDef> columns = table.columns;
  if (by_name) {
    std::sort(columns.begin(), columns.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  for (const ColumnDef& column : columns) {
    const bool told = rule.columns.empty() ||
                      std::find(rule.columns.begin(), rule.columns.end(), column.attnum) != rule.columns.end();
    if (column.dropped || !told) continue;
    json += json.size() > 1 ? ",{\"name\":" : "{\"name\":";
    append_json_string(column.name, &json);
    json += ",\"type\":";
    append_json_string(format_type(Type{column.type, column.typmod}), &json);
    json += cat(",\"not_null\":", column.not_null ? "true" : "false", "}");
  }
  return json + "]";
}

/// The primary key, or the index that the table has as its replica identity.
std::vector<int16_t> key_columns(const TableDef& table, const Catalog& catalog) {
  if (!table.primary_key.empty()) return table.primary_key;
  return table.replica_identity == ReplicaIdentity::index ? identity_columns(table, catalog) : std::vector<int16_t>{};
}

/// The root's columns in a partition, which may have them in another order.
std::vector<int16_t> columns_in(const TableDef& partition, const TableDef& root, const std::vector<int16_t>& attnums) {
  std::vector<int16_t> found;
  for (const int16_t attnum : attnums) {
    const ColumnDef* column = partition.find_column(root.column(attnum).name);
    found.push_back(column == nullptr ? attnum : column->attnum);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string schema_of(const std::string& columns) {
  constexpr char kDigits[] = "0123456789abcdef";
  const uint32_t sum = crc32c(columns);
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text.push_back(kDigits[(sum >> shift) & 15]);
  return text;
}

}  // namespace

StreamTeller::StreamTeller(std::shared_ptr<const StreamDef> stream, CatalogPtr catalog, EvalContext& context,
                           uint32_t partitions, Wanted wanted)
    : stream_{std::move(stream)},
      catalog_{std::move(catalog)},
      context_{context},
      partitions_{partitions},
      wanted_{std::move(wanted)} {}

absl::Status StreamTeller::follow(const std::shared_ptr<const TableDef>& table,
                                  const std::shared_ptr<const TableDef>& root) {
  Rows rows;
  rows.spread_as = root == nullptr ? table->oid : root->oid;
  for (const StreamedTable& entry : stream_->tables) {
    if (entry.table == rows.spread_as) rows.rule = entry;
  }
  if (root != nullptr) rows.rule.columns = columns_in(*table, *root, rows.rule.columns);
  rows.json = std::make_unique<RowJson>(table, rows.rule.columns);
  const std::vector<int16_t> key = key_columns(*table, *catalog_);
  if (!key.empty()) rows.key = std::make_unique<RowJson>(table, key);
  // Partitions may have their columns in different orders, and are one table all the same: told once of all of them.
  rows.by_name = root != nullptr || table->is_partitioned();
  rows.schema = schema_of(columns_json(*table, rows.rule, rows.by_name));
  if (rows.by_name) {
    std::string& told = root_schemas_[rows.spread_as];
    rows.changed = !told.empty() && told != rows.schema;
    told = rows.schema;
  } else {
    const auto before = rows_.find(table->oid);
    rows.changed = before != rows_.end() && before->second.schema != rows.schema;
  }
  if (!rows.rule.filter_sql.empty()) {
    TROUPE_ASSIGN_OR_RETURN(rows.filter, RowFilter::compile({rows.rule.filter_sql}, *table, catalog_, context_));
  }
  rows_.insert_or_assign(table->oid, std::move(rows));
  return absl::OkStatus();
}

absl::StatusOr<bool> StreamTeller::passes(const Rows& rows, bool present, std::string_view row, const TableDef& table) {
  if (!present) return false;
  return rows.filter.holds(row, table, context_);
}

absl::StatusOr<bool> StreamTeller::tell(const TableDef& table, const Change& change, uint64_t number, RowEvent* event) {
  Rows& rows = rows_.find(table.oid)->second;
  if (partitions_ > 1) {
    event->partition = static_cast<uint32_t>(hash_bytes(change.key, rows.spread_as) % partitions_);
  }
  if (wanted_ && !wanted_(event->partition, number)) return false;
  const auto before = passes(rows, change.has_before, change.before, table);
  if (!before.ok()) return tell_failure(rows, change, before.status(), event);
  const auto after = passes(rows, change.has_after, change.after, table);
  if (!after.ok()) return tell_failure(rows, change, after.status(), event);
  const bool was = *before;
  const bool is = *after;
  if (!was && !is) return false;
  event->op = !was ? RowOp::kInsert : is ? RowOp::kUpdate : RowOp::kDelete;
  event->schema = rows.schema;
  if (rows.key != nullptr) {
    key_.clear();
    TROUPE_RETURN_IF_ERROR(rows.key->append(is ? change.after : change.before, context_, &key_));
    event->has_key = true;
    event->key = key_;
  }
  if (was && stream_->envelope == StreamEnvelope::full) {
    before_.clear();
    TROUPE_RETURN_IF_ERROR(rows.json->append(change.before, context_, &before_));
    event->has_before = true;
    event->before = before_;
  }
  if (is && stream_->envelope != StreamEnvelope::key) {
    after_.clear();
    TROUPE_RETURN_IF_ERROR(rows.json->append(change.after, context_, &after_));
    event->has_after = true;
    event->after = after_;
  }
  return true;
}

absl::StatusOr<bool> StreamTeller::tell_failure(const Rows& rows, const Change& change, const absl::Status& why,
                                                RowEvent* event) {
  const ErrorFields fields = error_fields(why);
  const std::string state = unpack_sqlstate(static_cast<uint32_t>(fields.code));
  event->op = RowOp::kError;
  event->schema = rows.schema;
  if (rows.key != nullptr) {
    key_.clear();
    TROUPE_RETURN_IF_ERROR(rows.key->append(change.has_after ? change.after : change.before, context_, &key_));
    event->has_key = true;
    event->key = key_;
  }
  error_ = cat("WHERE of the stream: ", fields.message, " (", state, ")");
  event->error = error_;
  after_ = "{\"sqlstate\":";
  append_json_string(state, &after_);
  after_ += ",\"message\":";
  append_json_string(fields.message, &after_);
  after_ += "}";
  event->has_after = true;
  event->after = after_;
  return true;
}

/// To the first partition of a group, for it has no key.
absl::StatusOr<bool> StreamTeller::tell_of_table(const TableDef* after, uint64_t number, RowEvent* event) {
  if (wanted_ && !wanted_(0, number)) return false;
  if (after == nullptr) return true;
  const Rows& rows = rows_.find(after->oid)->second;
  event->schema = rows.schema;
  if (event->op != RowOp::kSchema) return true;
  if (!rows.changed) return false;
  after_ = columns_json(*after, rows.rule, rows.by_name);
  event->has_after = true;
  event->after = after_;
  return true;
}

void StreamTeller::tell_row(const TableDef& table, std::span<const Value> row, RowEvent* event) {
  Rows& rows = rows_.find(table.oid)->second;
  event->schema = rows.schema;
  if (rows.key != nullptr) {
    key_.clear();
    rows.key->append(row, context_, &key_);
    event->has_key = true;
    event->key = key_;
  }
  if (stream_->envelope == StreamEnvelope::key) return;
  after_.clear();
  rows.json->append(row, context_, &after_);
  event->has_after = true;
  event->after = after_;
}

}  // namespace troupe
