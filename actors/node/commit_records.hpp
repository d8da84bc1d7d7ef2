#pragma once
/// Commit records for the log from the participants' packed changes.
#include <span>
#include <string_view>
#include <vector>

#include "actors/node/commit_request.hpp"

namespace troupe {

/// One record, or several when the changes are more than one record may hold; the last one makes it a commit. The SCN
/// and the time are set later, by the transaction manager (stamp_commit_records).
/// Errors: kProgramLimitExceeded, when a single change is too large for a record.
absl::StatusOr<std::vector<CommitFrame>> build_commit_records(TxnId txn, uint64_t participants,
                                                              std::span<const std::string_view> redo,
                                                              size_t record_bytes_max);
void stamp_commit_records(std::vector<CommitFrame>& records, Scn scn, int64_t now_us);

}  // namespace troupe
