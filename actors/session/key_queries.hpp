#pragma once
/// The statements that look after foreign keys and their like: SQL text, so that the planner finds the index, and what
/// their parameters are. Keys come as one array a column.
#include <string>
#include <vector>

#include "actors/session/key_events.hpp"
#include "runtime/types/type.hpp"

namespace troupe {

/// What a statement does. Most answer the ordinals (from 1) of keys.
enum class KeyQuery : uint8_t {
  kReferred,        ///< which of the referring keys have the row they refer to; that is locked
  kReferring,       ///< which of the referred keys have referring rows; those are locked
  kReferredAgain,   ///< which of the referred keys are there
  kReferringStill,  ///< which of the referring keys are there
  kDeleteRows,      ///< ON DELETE CASCADE
  kUpdateRows,      ///< ON UPDATE CASCADE: old keys, then new ones
  kDeleteSets,      ///< ON DELETE SET NULL and SET DEFAULT
  kUpdateSets,      ///< the same ON UPDATE
  kAllReferring,    ///< one key of all that refer to nothing
  kReferringToDetached,  ///< one key that refers to a row of FoundKey::referred, a partition no longer
  // Of exclusions and deferrable keys (compared_rows.hpp).
  kLikeOthers,         ///< which of the keys are like other rows
  kLikeOthersRows,     ///< the rows that are like the keys, which are locked (AlikeRow)
  kLikeOthersStill,    ///< which of the keys are there
  kAllLikeOthers,      ///< one key of all rows that is like another
  kAllLikeOthersPair,  ///< the same, and another key that it is like
};

std::string key_query_text(KeyQuery query, const Catalog& catalog, const FoundKey& found);
/// Array types, in the order of the parameters.
std::vector<Type> key_query_parameters(KeyQuery query, const Catalog& catalog, const FoundKey& found);
/// The columns of a batch as arrays, appended to `values`.
void append_key_arrays(const Batch& keys, std::span<const Type> arrays, std::vector<Value>* values);

/// 23503: what a row refers to is not there.
absl::Status missing_reference(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                               const EvalContext& context);
/// 23503: of a full match some columns are null.
absl::Status mixed_nulls(const Catalog& catalog, const FoundKey& found);
/// 23503: a row of a partition that is detached is referred to.
absl::Status detached_is_referenced(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                                    const EvalContext& context);
/// 23503: a row that is to go is still referred to.
absl::Status still_referenced(const Catalog& catalog, const FoundKey& found, std::span<const Value> key,
                              const EvalContext& context);

}  // namespace troupe
