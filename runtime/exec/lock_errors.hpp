#pragma once
/// The words for a row lock that was not had.
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// What a lock shard says of a row under NOWAIT. It knows trees, not tables: with_lock_context() names the table.
inline constexpr std::string_view kRowIsLocked = "could not obtain lock on row";

/// Adds the table to NOWAIT's message, and to a deadlock or a lock timeout the context: `while updating tuple in relation
/// "t"`. `doing`: "updating". Other errors stay as they are.
absl::Status with_lock_context(const absl::Status& status, std::string_view doing, const TableDef& table);

}  // namespace troupe
