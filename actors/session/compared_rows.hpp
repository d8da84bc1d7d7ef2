#pragma once
/// The statements by which rows are compared with each other for exclusions and deferrable keys, and what is said when
/// some are alike.
#include <span>
#include <string>
#include <vector>

#include "actors/session/key_queries.hpp"

namespace troupe {

/// The text of one of KeyQuery's kLikeOthers... and kAllLikeOthers...
std::string compared_rows_text(KeyQuery query, const Catalog& catalog, const FoundKey& found);

/// A row of kLikeOthersRows: a key, and a row that is like it (maybe its own).
struct AlikeRow {
  int64_t ordinal = 0;
  int32_t itself = 0;  ///< how many rows the key is like only because it is one of them: 0 or 1
  std::vector<Value> key, other;
};
AlikeRow alike_row(const Batch& rows, uint32_t row);

/// Of the hash of values that alike rows have in common, one for each key; empty: they have none such.
std::vector<uint64_t> hashes_in_common(const Catalog& catalog, const FoundKey& found, const Batch& keys);

/// 23505, 23P01: `key` is like the row `other`.
absl::Status rows_are_alike(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                            std::span<const Value> other, const EvalContext& context);
/// The same of a table that is to get the constraint.
absl::Status rows_are_alike_already(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                                    std::span<const Value> other, const EvalContext& context);

}  // namespace troupe
