#pragma once
/// Order-preserving keys: comparing two encoded keys as unsigned bytes is comparing their columns one by one, with the
/// direction and the place of nulls of each. A column's encoding is no prefix of another value's, so columns
/// concatenate and a key's first columns are a range of keys.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/column/compare_kind.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

struct KeyColumn {
  CompareKind kind = CompareKind::kInt64;
  bool descending = false;
  bool nulls_first = false;  ///< PostgreSQL's default is last when ascending, first when descending
};

/// Appends one column.
void encode_key_column(const KeyColumn& column, const Value& value, std::string* out);
void encode_key_column(const KeyColumn& column, const Vector& values, uint32_t row, std::string* out);
void encode_key_null(const KeyColumn& column, std::string* out);

/// Appends values[i] by columns[i]; fewer values than columns make a prefix.
void encode_key(std::span<const KeyColumn> columns, std::span<const Value> values, std::string* out);
void encode_key(std::span<const KeyColumn> columns, std::span<const Vector* const> vectors, uint32_t row,
                std::string* out);

/// Takes the first column off *key. Lossless but for numeric's scale (1.00 comes back as 1), bpchar's padding,
/// intervals (1 month comes back as 30 days) and -0. Arrays are not decoded: kDataCorrupted, as for damaged bytes.
absl::StatusOr<Value> decode_key_column(const KeyColumn& column, std::string_view* key);
/// Whether decode_key_column gives back what was encoded, to the bit: an index-only read may use it.
bool key_is_lossless(CompareKind kind);
/// The length of the first column's encoding in `key`.
absl::StatusOr<size_t> key_column_size(const KeyColumn& column, std::string_view key);

/// The smallest key greater than every key that starts with `prefix`; nothing when there is none (all bytes FF).
std::optional<std::string> prefix_successor(std::string_view prefix);

}  // namespace troupe
