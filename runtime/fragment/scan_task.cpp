#include "runtime/fragment/scan_task.hpp"

#include <algorithm>

#include "runtime/exec/index_entry.hpp"

namespace troupe {
namespace {

/// Rows fetched before anything is computed with them.
constexpr uint32_t kFetchRows = 1024;
/// An index scan finds each row by a descent of its own.
constexpr uint32_t kFetchEntries = 256;
/// What an answer says of the rows behind index entries, at most.
constexpr uint32_t kRowRangesMax = 4'096;

}  // namespace

absl::StatusOr<std::unique_ptr<ScanTask>> ScanTask::begin(const ReadFrame& question, PartitionId partition,
                                                          std::shared_ptr<const Fragment> fragment,
                                                          const EngineLimits& limits) {
  std::unique_ptr<ScanTask> task(new ScanTask);
  const schema::ReadHead& head = *question->head();
  PackedStrings bounds(bytes_view(question->keys()));
  std::string_view lower, upper;
  if (!bounds.next(&lower) || !bounds.next(&upper)) {
    return error(ErrorCode::kDataCorrupted, "a scan without bounds");
  }
  TROUPE_ASSIGN_OR_RETURN(task->scan_, FragmentScan::begin(question, partition, std::move(fragment), limits));
  task->question_ = question;
  task->slice_visits_ = limits.slice_visits;
  task->over_index_ =
      head.kind() == schema::ReadKind::index_scan || head.kind() == schema::ReadKind::index_aggregate;
  if (task->over_index_ && has_flag(head, schema::ReadFlag::track_reads)) {
    task->rows_looked_at_ = std::make_unique<ReadSet>(kRowRangesMax);
  }
  task->view_ = {head.txn(), head.command(), head.snapshot()};
  ScanCursor& cursor = task->cursor_;
  cursor.tree = task->over_index_ ? head.index() : head.tree();
  cursor.range = {std::string(lower), std::string(upper), !upper.empty()};
  cursor.direction = has_flag(head, schema::ReadFlag::backward) ? ScanDirection::kBackward : ScanDirection::kForward;
  cursor.position = std::string(bytes_view(question->resume()));
  cursor.started = question->resume() != nullptr;
  return task;
}

ReadOutcome ScanTask::run(PartitionStore& store) {
  uint32_t visited = 0;
  while (true) {
    FoundRows found;
    MissingPages missing;
    absl::Status status = fetch(store, &found, &missing);
    if (status.ok() && found.size() > 0) status = scan_->consume(found);
    if (!status.ok()) return failed_read(*question_->head(), status);
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(rows_read_));
    rows_read_ = 0;
    const bool exhausted = at_end_ && entries_.empty() && scan_->consumed_all();
    if (exhausted || scan_->is_full()) return finish(!exhausted);
    if (missing.fault.needed()) return missing;
    visited += std::max(found.size(), 1u) * (over_index_ ? kFetchRows / kFetchEntries : 1);
    if (visited >= slice_visits_) return Unfinished{};
  }
}

ReadResultFrame ScanTask::finish(bool more) {
  if (rows_looked_at_ == nullptr) return scan_->finish(more);
  std::string rows;
  for (const PartReads& reads : rows_looked_at_->take()) {
    for (const ReadRange& range : reads.ranges) {
      append_packed(range.lower, &rows);
      append_packed(range.upper, &rows);
    }
  }
  return scan_->finish(more, rows);
}

absl::Status ScanTask::fetch(PartitionStore& store, FoundRows* found, MissingPages* missing) {
  if (over_index_) {
    if (entries_.empty() && !at_end_) TROUPE_RETURN_IF_ERROR(fetch_entries(store, missing));
    return fetch_rows_of_entries(store, found, missing);
  }
  ScanBudget budget;
  budget.rows_max = scan_->rows_to_fetch(kFetchRows);
  budget.visits_max = slice_visits_;
  TROUPE_RETURN_IF_ERROR(store.scan(view_, cursor_, budget, &batch_));
  at_end_ = batch_.state == ScanState::kEnd;
  if (batch_.state == ScanState::kFault) *missing = {batch_.fault, batch_.ahead};
  found->keys.reserve(batch_.rows.size());
  found->rows.reserve(batch_.rows.size());
  for (const ScanRow& row : batch_.rows) {
    found->keys.push_back(row.key);
    found->rows.push_back(row.row);
  }
  found->positions = found->keys;
  return absl::OkStatus();
}

absl::Status ScanTask::fetch_entries(PartitionStore& store, MissingPages* missing) {
  ScanBudget budget;
  budget.rows_max = scan_->rows_to_fetch(kFetchEntries);
  budget.visits_max = slice_visits_;
  TROUPE_RETURN_IF_ERROR(store.scan(view_, cursor_, budget, &batch_));
  at_end_ = batch_.state == ScanState::kEnd;
  if (batch_.state == ScanState::kFault) *missing = {batch_.fault, batch_.ahead};
  for (const ScanRow& entry : batch_.rows) {
    TROUPE_ASSIGN_OR_RETURN(const std::string_view row_key, row_key_of_entry(entry.key, entry.row));
    entries_.push_back({std::string(entry.key), std::string(row_key)});
  }
  return absl::OkStatus();
}

absl::Status ScanTask::fetch_rows_of_entries(PartitionStore& store, FoundRows* found, MissingPages* missing) {
  for (const IndexEntry& entry : entries_) {
    auto result = store.get(view_, question_->head()->tree(), entry.row_key);
    if (auto* status = std::get_if<absl::Status>(&result)) return *status;
    if (auto* fault = std::get_if<PageFault>(&result)) {
      *missing = {*fault, {}};
      break;
    }
    if (std::holds_alternative<Absent>(result)) {
      return error(ErrorCode::kIndexCorrupted, "index tree ", question_->head()->index(), " of table tree ",
                   question_->head()->tree(), " leads to a row that is not there");
    }
    found->keys.push_back(entry.row_key);
    found->rows.push_back(std::get<0>(result).row);
    found->positions.push_back(entry.position);
    if (rows_looked_at_ != nullptr) rows_looked_at_->add_key({}, entry.row_key, 0);
    ++rows_read_;
  }
  return absl::OkStatus();
}

}  // namespace troupe
