#pragma once
/// What a client and sys.conflicts are told of a conflict: the table and the key in words, and who wrote it.
#include "actors/node/serializable_commit.hpp"
#include "runtime/system/system_session.hpp"
#include "storage/base/error.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Relation and key of the conflict as the catalog names them, and its writer.
ConflictInfo describe_conflict(const ReadConflict& conflict, const Catalog& catalog);
/// The error with what was met as its detail.
absl::Status with_conflict(const absl::Status& status, const ConflictInfo& conflict);

}  // namespace troupe
