#include "runtime/exec/access.hpp"

#include "absl/container/flat_hash_set.h"
#include "storage/column/array_format.hpp"
#include "storage/column/hash.hpp"

namespace troupe {

absl::StatusOr<CompiledAccess> CompiledAccess::compile(const Access& access, const TableDef& table) {
  CompiledAccess compiled;
  compiled.kind_ = access.kind;
  if (access.index != nullptr && !access.index->keys_rows()) {
    compiled.index_ = access.index;
    compiled.columns_ = access.index->shape->key_columns;
    compiled.kinds_ = access.index->shape->key_kinds;
  } else {
    compiled.columns_ = table.shape->key_columns;
    compiled.kinds_ = table.shape->key_kinds;
  }
  for (const ExprList& key : access.keys) {
    TROUPE_ASSIGN_OR_RETURN(std::vector<Program> programs, compile_programs(key));
    compiled.keys_.push_back(std::move(programs));
  }
  if (access.key_array) {
    TROUPE_ASSIGN_OR_RETURN(compiled.key_array_, Program::compile(access.key_array));
  }
  TROUPE_ASSIGN_OR_RETURN(compiled.prefix_, compile_programs(access.prefix));
  if (access.lower) {
    TROUPE_ASSIGN_OR_RETURN(compiled.lower_, Program::compile(access.lower->value));
    compiled.lower_inclusive_ = access.lower->inclusive;
  }
  if (access.upper) {
    TROUPE_ASSIGN_OR_RETURN(compiled.upper_, Program::compile(access.upper->value));
    compiled.upper_inclusive_ = access.upper->inclusive;
  }
  return compiled;
}

LookupKey CompiledAccess::make_key(std::span<const Value> values) const {
  LookupKey key;
  encode_key(columns_, values, &key.key);
  key.hash = hash_key(kinds_, values);
  return key;
}

absl::Status CompiledAccess::lookup_keys(const EvalInput& in, std::vector<LookupKey>* keys) const {
  if (key_array_) return array_keys(in, keys);
  absl::flat_hash_set<std::string> seen;
  absl::InlinedVector<Value, 2> values;
  for (const std::vector<Program>& programs : keys_) {
    values.clear();
    bool has_null = false;
    for (const Program& program : programs) {
      TROUPE_ASSIGN_OR_RETURN(Value value, program.run_once(in));
      has_null = has_null || value.is_null();
      values.push_back(std::move(value));
    }
    if (has_null) continue;
    LookupKey key = make_key(values);
    if (keys_.size() > 1 && !seen.insert(key.key).second) continue;
    keys->push_back(std::move(key));
  }
  return absl::OkStatus();
}

absl::Status CompiledAccess::array_keys(const EvalInput& in, std::vector<LookupKey>* keys) const {
  TROUPE_ASSIGN_OR_RETURN(const Value array, key_array_.run_once(in));
  if (array.is_null()) return absl::OkStatus();
  const ArrayView view(array.bytes());
  absl::flat_hash_set<std::string> seen;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) continue;
    const Value value = view.value(i);
    LookupKey key = make_key({&value, 1});
    if (seen.insert(key.key).second) keys->push_back(std::move(key));
  }
  return absl::OkStatus();
}

absl::Status CompiledAccess::lookup_columns(const EvalInput& in, std::vector<Vector>* columns) const {
  columns->resize(keys_[0].size());
  for (size_t i = 0; i < columns->size(); ++i) TROUPE_RETURN_IF_ERROR(keys_[0][i].run(in, &(*columns)[i]));
  return absl::OkStatus();
}

bool CompiledAccess::row_key(std::span<const Vector> columns, uint32_t row, LookupKey* key) const {
  absl::InlinedVector<Value, 2> values;
  for (const Vector& column : columns) {
    if (column.is_null(row)) return false;
    values.push_back(column.value(row));
  }
  *key = make_key(values);
  return true;
}

absl::StatusOr<std::optional<KeyRangeBytes>> CompiledAccess::range(const EvalInput& in) const {
  KeyRangeBytes range;
  for (size_t i = 0; i < prefix_.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(const Value value, prefix_[i].run_once(in));
    if (value.is_null()) return std::nullopt;
    encode_key_column(columns_[i], value, &range.lower);
  }
  range.upper = range.lower.empty() ? std::string{} : prefix_successor(range.lower).value_or(std::string{});
  if (!lower_ && !upper_) return range;
  bool empty = false;
  TROUPE_RETURN_IF_ERROR(apply_bounds(in, &range, &empty));
  if (empty || (!range.upper.empty() && range.lower >= range.upper)) return std::nullopt;
  return range;
}

absl::StatusOr<std::vector<KeyRangeBytes>> CompiledAccess::ranges(const EvalInput& in) const {
  std::vector<KeyRangeBytes> ranges;
  if (kind_ != AccessKind::kRange || (keys_.empty() && !key_array_)) {
    TROUPE_ASSIGN_OR_RETURN(std::optional<KeyRangeBytes> one, range(in));
    if (one) ranges.push_back(*std::move(one));
    return ranges;
  }
  std::vector<LookupKey> prefixes;
  TROUPE_RETURN_IF_ERROR(lookup_keys(in, &prefixes));
  for (LookupKey& prefix : prefixes) {
    std::string end = prefix_successor(prefix.key).value_or(std::string{});
    ranges.push_back({std::move(prefix.key), std::move(end)});
  }
  return ranges;
}

/// Bounds are in value order; in a descending key column the lower one ends the range.
absl::Status CompiledAccess::apply_bounds(const EvalInput& in, KeyRangeBytes* range, bool* empty) const {
  const KeyColumn& column = columns_[prefix_.size()];
  const std::string prefix = range->lower;
  const auto bound = [&](const Program& program, std::string* key) -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(const Value value, program.run_once(in));
    *empty = *empty || value.is_null();
    *key = prefix;
    if (!value.is_null()) encode_key_column(column, value, key);
    return absl::OkStatus();
  };
  const Program& first = column.descending ? upper_ : lower_;
  const Program& last = column.descending ? lower_ : upper_;
  const bool first_inclusive = column.descending ? upper_inclusive_ : lower_inclusive_;
  const bool last_inclusive = column.descending ? lower_inclusive_ : upper_inclusive_;
  std::string null_key = prefix;
  encode_key_null(column, &null_key);
  if (first) {
    std::string key;
    TROUPE_RETURN_IF_ERROR(bound(first, &key));
    range->lower = first_inclusive ? key : prefix_successor(key).value_or(key);
  } else if (column.nulls_first) {
    range->lower = prefix_successor(null_key).value_or(null_key);
  }
  if (last) {
    std::string key;
    TROUPE_RETURN_IF_ERROR(bound(last, &key));
    range->upper = last_inclusive ? prefix_successor(key).value_or(std::string{}) : key;
  } else if (!column.nulls_first) {
    range->upper = null_key;
  }
  return absl::OkStatus();
}

LookupKey primary_key_of(const TableShape& shape, std::span<const Value> key_values) {
  LookupKey key;
  encode_key(shape.key_columns, key_values, &key.key);
  key.hash = hash_key(shape.key_kinds, key_values);
  return key;
}

LookupKey hidden_key_of(uint64_t row_id) {
  LookupKey key;
  for (int shift = 56; shift >= 0; shift -= 8) key.key.push_back(static_cast<char>(row_id >> shift));
  key.hash = hash_int(static_cast<int64_t>(row_id));
  return key;
}

}  // namespace troupe
