#pragma once
/// What a client and sys.conflicts are told of a conflict: the table and the key in words, and who wrote it.
#include "actors/node/serializable_commit.hpp"
#include "actors/node/services.hpp"
#include "runtime/system/system_session.hpp"
#include "storage/base/error.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Relation and key of the conflict as the catalog names them, and its writer.
ConflictInfo describe_conflict(const ReadConflict& conflict, const Catalog& catalog);
/// A write met a row that another transaction had changed since its snapshot: into sys.conflicts with it. Any other error
/// is left alone.
void note_write_conflict(const absl::Status& status, const Catalog& catalog, int32_t process_id, std::string statement,
                         NodeServices& services);
/// The error with what was met as its detail.
absl::Status with_conflict(const absl::Status& status, const ConflictInfo& conflict);

}  // namespace troupe
