#pragma once
/// The words for violated keys, with PostgreSQL's details.
#include <span>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// 23505 for a primary key. `values`: the key columns'.
absl::Status primary_key_violation(const TableDef& table, std::span<const Value> values, const EvalContext& context);
/// 23505 for a unique index. `values`: its columns'.
absl::Status unique_violation_of(const TableDef& table, const IndexDef& index, std::span<const Value> values,
                                 const EvalContext& context);
/// The same from the entry's key.
absl::Status unique_violation_of_key(const TableDef& table, const IndexDef& index, std::string_view key,
                                     const EvalContext& context);

}  // namespace troupe
