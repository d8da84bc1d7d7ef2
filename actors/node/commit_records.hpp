#pragma once
/// Commit records for the log from the participants' packed changes.
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/node/commit_request.hpp"
#include "storage/file/frame_files.hpp"

namespace troupe {

/// One record, or several when the changes are more than one record may hold; the last one makes it a commit. The SCN
/// and the time are set later, by the transaction manager (stamp_commit_records). Of a large transaction `copied` hears
/// the number of each redo that is needed no more; its records are in `files`, when there are such.
/// Errors: kProgramLimitExceeded, when a single change is too large for a record; those of `files`.
absl::StatusOr<std::vector<CommitFrame>> build_commit_records(TxnId txn, uint64_t participants,
                                                              std::span<const std::string_view> redo,
                                                              size_t record_bytes_max,
                                                              const std::function<void(size_t)>& copied = {},
                                                              const FrameFiles* files = nullptr);
/// The changes of a transaction that changed definitions, in the order in which a subscriber has to see them: the
/// catalog's, then `news` (emptied tables, rows in bulk), then rows by tree, which is the order in which a table's
/// trees followed on each other. Changes of `stale` trees are left out: their tables were emptied afterwards.
std::string order_definition_changes(std::span<const std::string_view> redo, std::string_view news,
                                     const std::set<TreeId>& stale);
void stamp_commit_records(std::vector<CommitFrame>& records, Scn scn, int64_t now_us);

}  // namespace troupe
