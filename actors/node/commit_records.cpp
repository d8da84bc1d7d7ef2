#include "actors/node/commit_records.hpp"

#include <algorithm>

#include "storage/catalog/names.hpp"
#include "storage/log/commit_record.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

constexpr size_t kRecordBytes = 512u << 10;

CommitFrame build_record(TxnId txn, uint64_t participants, uint32_t part, uint32_t parts,
                         std::span<const std::string_view> changes) {
  CommitInfo info;
  info.txn = txn;
  info.participants = participants;
  info.part = part;
  info.parts = part + 1 == parts ? parts : 0;
  return build_commit(info, changes);
}

absl::Status too_large(size_t bytes, size_t bytes_max) {
  return with_hint(
      error(ErrorCode::kProgramLimitExceeded, "a changed row takes ", bytes,
            " bytes in the log, more than log.record_bytes_max (", bytes_max, ")"),
      "An update logs the row as it was and as it becomes. Raise log.record_bytes_max, or delete the row "
      "and insert it again in another transaction.");
}

/// Where to cut `changes` so that each piece holds whole changes, and no more than `wanted_bytes` unless it is a single
/// one.
std::vector<std::string_view> cut(std::string_view changes, size_t wanted_bytes) {
  std::vector<std::string_view> pieces;
  if (changes.size() <= wanted_bytes) return {changes};
  ChangeReader reader(changes);
  Change change;
  size_t begin = 0;
  size_t last_end = 0;
  while (reader.next(&change)) {
    const size_t end = changes.size() - reader.remaining();
    if (end - begin > wanted_bytes && last_end > begin) {
      pieces.push_back(changes.substr(begin, last_end - begin));
      begin = last_end;
    }
    last_end = end;
  }
  if (begin < changes.size()) pieces.push_back(changes.substr(begin));
  return pieces;
}

}  // namespace

absl::StatusOr<std::vector<CommitFrame>> build_commit_records(TxnId txn, uint64_t participants,
                                                              std::span<const std::string_view> redo,
                                                              size_t record_bytes_max,
                                                              const std::function<void(size_t)>& copied,
                                                              const FrameFiles* files) {
  // Well below the limit, with room for one large change; and a subscriber, who is sent whole records, has a window.
  const size_t wanted_bytes = std::min(record_bytes_max / 2, kRecordBytes);
  size_t total = 0;
  for (const std::string_view changes : redo) total += changes.size();
  if (total <= wanted_bytes) return std::vector{build_record(txn, participants, 0, 1, redo)};
  std::vector<CommitFrame> records;
  std::string_view held;  // a piece that is the last one unless another follows
  const auto build = [&](bool last) -> absl::Status {
    const auto part = static_cast<uint32_t>(records.size());
    CommitFrame record = build_record(txn, participants, part, last ? part + 1 : part + 2, {&held, 1});
    if (record.size() > record_bytes_max) return too_large(record.size(), record_bytes_max);
    if (files != nullptr) {
      TROUPE_ASSIGN_OR_RETURN(FrameBytes frame, files->copy_of(record.view()));
      record = CommitFrame(std::move(frame));
    }
    records.push_back(std::move(record));
    return absl::OkStatus();
  };
  // One after the other: of a large transaction they are not in memory together.
  for (size_t i = 0; i < redo.size(); ++i) {
    for (const std::string_view piece : cut(redo[i], wanted_bytes)) {
      if (!held.empty()) TROUPE_RETURN_IF_ERROR(build(false));
      held = piece;
      if (piece.data() == redo[i].data() && i > 0 && copied) copied(i - 1);
    }
  }
  TROUPE_RETURN_IF_ERROR(build(true));
  return records;
}

std::string order_definition_changes(std::span<const std::string_view> redo, std::string_view news,
                                     const std::set<TreeId>& stale) {
  struct Run {
    TreeId tree;
    std::string_view changes;
  };
  std::vector<Run> runs;
  for (const std::string_view changes : redo) {
    ChangeReader reader(changes);
    Change change;
    size_t begin = 0;
    bool first = true;
    while (reader.next(&change)) {
      const size_t end = changes.size() - reader.remaining();
      if (first || runs.back().tree != change.tree) runs.push_back({change.tree, changes.substr(begin, 0)});
      runs.back().changes = {runs.back().changes.data(), runs.back().changes.size() + (end - begin)};
      begin = end;
      first = false;
    }
  }
  std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.tree < b.tree; });
  std::string ordered;
  size_t i = 0;
  for (; i < runs.size() && runs[i].tree < kFirstUserTree; ++i) ordered += runs[i].changes;
  ordered += news;
  for (; i < runs.size(); ++i) {
    if (!stale.contains(runs[i].tree)) ordered += runs[i].changes;
  }
  return ordered;
}

void stamp_commit_records(std::vector<CommitFrame>& records, Scn scn, int64_t now_us) {
  for (CommitFrame& record : records) stamp_commit(record, scn, now_us);
}

}  // namespace troupe
