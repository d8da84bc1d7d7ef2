#include "runtime/fragment/write_task.hpp"

#include <algorithm>

#include "absl/container/flat_hash_set.h"

namespace troupe {
namespace {

using schema::WriteFlag;
using schema::WriteKind;
using schema::WriteOutcome;

/// The answer says which key it was.
absl::Status concurrent_change(uint32_t ordinal, TreeId tree, bool deleted, schema::WriteResultHead* head) {
  head->mutate_conflict_key(ordinal);
  head->mutate_conflict_tree(tree);
  return error(ErrorCode::kSerializationFailure, "could not serialize access due to concurrent ",
               deleted ? "delete" : "update");
}

}  // namespace

WriteStager::WriteStager(PartitionStore& store, const WriteFrame& question, HeldVersions* held,
                         schema::WriteResultHead* head)
    : store_{store}, question_{question}, asked_{*question->head()}, held_{*held}, head_{head} {}

LatestResult WriteStager::look(uint32_t i) {
  if (i < held_.size()) return held_[i];
  LatestResult found = store_.latest(asked_.txn(), asked_.tree(), keys_[i].key);
  if (const auto* latest = std::get_if<LatestRow>(&found)) {
    looked_.resize(i + 1);
    looked_[i] = *latest;
  } else {
    looked_.resize(i);
    for (size_t k = held_.size(); k < i; ++k) held_.add(looked_[k]);
  }
  return found;
}

absl::Status WriteStager::read_keys() {
  PackedStrings keys(bytes_view(question_->keys())), rows(bytes_view(question_->rows()));
  const std::string_view skip = bytes_view(question_->skip());
  keys_.reserve(asked_.key_count());
  Key key;
  while (keys.next(&key.key)) {
    if (question_->rows() != nullptr && !rows.next(&key.row)) break;
    key.skipped = keys_.size() < skip.size() && skip[keys_.size()] != 0;
    keys_.push_back(key);
  }
  if (!keys.ok() || !rows.ok() || keys_.size() != asked_.key_count()) {
    return error(ErrorCode::kDataCorrupted, "a write's keys and rows are malformed");
  }
  outcomes_.assign(keys_.size(), static_cast<char>(WriteOutcome::done));
  if (keys_.size() == 1) return absl::OkStatus();
  absl::flat_hash_set<absl::string_view> seen;
  for (Key& each : keys_) each.repeated = !seen.insert(absl_view(each.key)).second;
  return absl::OkStatus();
}

void WriteStager::note(uint32_t ordinal, WriteOutcome outcome) { outcomes_[ordinal] = static_cast<char>(outcome); }

absl::Status WriteStager::conflict(uint32_t ordinal) {
  head_->mutate_conflict_key(ordinal);
  head_->mutate_conflict_tree(asked_.tree());
  return error(ErrorCode::kUniqueViolation, "duplicate key in tree ", asked_.tree());
}

absl::Status WriteStager::judge_insert(const Fragment& fragment, uint32_t ordinal, const LatestRow& latest,
                                       bool* is_target) {
  const bool repeated = keys_[ordinal].repeated;
  if (!latest.exists && !repeated) {
    *is_target = true;
    return absl::OkStatus();
  }
  if (!has_flag(asked_, WriteFlag::keep_existing)) return conflict(ordinal);
  if (has_flag(asked_, WriteFlag::one_snapshot) && latest.exists && latest.scn > asked_.snapshot()) {
    return concurrent_change(ordinal, asked_.tree(), false, head_);
  }
  if (!updates_existing(fragment)) {
    note(ordinal, WriteOutcome::conflict);
    return absl::OkStatus();
  }
  if (repeated || latest.pending_command == asked_.command()) {
    return with_hint(
        error(ErrorCode::kCardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time"),
        "Ensure that no rows proposed for insertion within the same command have duplicate constrained "
        "values.");
  }
  *is_target = true;
  return absl::OkStatus();
}

absl::Status WriteStager::judge_existing(const Fragment& fragment, uint32_t ordinal, const LatestRow& latest,
                                         bool* is_target, PageFault* fault) {
  const bool is_newer = latest.scn > asked_.snapshot();
  if (is_newer && has_flag(asked_, WriteFlag::one_snapshot)) {
    // Only a row that the transaction can see is changed under its hands.
    if (is_direct(fragment)) {
      const ReadView view{asked_.txn(), asked_.command(), asked_.snapshot()};
      auto seen = store_.get(view, asked_.tree(), keys_[ordinal].key);
      if (auto* missing = std::get_if<PageFault>(&seen)) {
        *fault = *missing;
        return absl::OkStatus();
      }
      if (auto* status = std::get_if<absl::Status>(&seen)) return *status;
      if (std::holds_alternative<Absent>(seen)) {
        note(ordinal, WriteOutcome::not_found);
        return absl::OkStatus();
      }
      // Whoever only wants to be sure that the key stays does not mind that the rest of the row has changed.
      if (latest.exists && asked_.kind() == WriteKind::lock && asked_.strength() == schema::LockStrength::key_share) {
        *is_target = true;
        return absl::OkStatus();
      }
    }
    return concurrent_change(ordinal, asked_.tree(), !latest.exists && !moved(fragment, ordinal, latest), head_);
  }
  if (keys_[ordinal].repeated) {
    note(ordinal, WriteOutcome::self_modified);
  } else if (const auto move = moved(fragment, ordinal, latest)) {
    note(ordinal, WriteOutcome::moved);
    append_moved_key({ordinal, move->at.scn, move->at.command, move->place}, &moved_);
  } else if (latest.pending_command == asked_.command() && asked_.kind() != WriteKind::lock && asked_.command() != 0) {
    note(ordinal, WriteOutcome::self_modified);
  } else if (!latest.exists) {
    return judge_absent(fragment, ordinal);
  } else {
    *is_target = true;
  }
  return absl::OkStatus();
}

std::optional<MovedRows::Move> WriteStager::moved(const Fragment& fragment, uint32_t ordinal,
                                                  const LatestRow& latest) const {
  // A direct write means the key itself, one that moves rows is sure of them, and what an earlier command has written
  // is what was seen. (What this command has written may be another row, which was followed here.)
  const bool seen_own = latest.pending_command != 0 && latest.pending_command != asked_.command();
  if (is_direct(fragment) || seen_own || has_flag(asked_, WriteFlag::moves)) return std::nullopt;
  const MoveTime seen = question_->moved_scn() != 0 ? MoveTime{question_->moved_scn(), question_->moved_command()}
                                                    : MoveTime{asked_.snapshot(), UINT32_MAX};
  return store_.moved(asked_.tree(), keys_[ordinal].key, seen);
}

absl::Status WriteStager::judge_absent(const Fragment& fragment, uint32_t ordinal) {
  if (asked_.snapshot() < store_.moves_known_since() && !is_direct(fragment)) {
    return with_hint(error(ErrorCode::kSerializationFailure, "could not serialize access due to concurrent update"),
                     "The row is gone or has another key: which of both is not known any more. Retry the transaction.");
  }
  note(ordinal, WriteOutcome::not_found);
  return absl::OkStatus();
}

WriteStager::Result WriteStager::stage_rows(const Fragment& fragment) {
  if (absl::Status status = read_keys(); !status.ok()) return status;
  std::vector<TargetRow> targets;
  targets.reserve(keys_.size());
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].skipped) {
      note(i, WriteOutcome::skipped);
      continue;
    }
    auto found = look(i);
    if (auto* fault = std::get_if<PageFault>(&found)) return *fault;
    const LatestRow& latest = std::get<LatestRow>(found);
    bool is_target = false;
    PageFault fault;
    absl::Status status = asked_.kind() == WriteKind::insert ? judge_insert(fragment, i, latest, &is_target)
                                                             : judge_existing(fragment, i, latest, &is_target, &fault);
    if (!status.ok()) return status;
    if (fault.needed()) return fault;
    if (is_target) {
      targets.push_back({i, keys_[i].key, latest.exists, latest.row, keys_[i].row, latest.scn > asked_.snapshot()});
    }
  }
  absl::StatusOr<WrittenRows> written = compute_write(*question_, fragment, targets, &outcomes_);
  if (!written.ok()) return written.status();
  written_ = *std::move(written);
  if (absl::Status status = stage(written_.changes); !status.ok()) return status;
  return answer();
}

WriteStager::Result WriteStager::stage_raw() {
  if (absl::Status status = read_keys(); !status.ok()) return status;
  std::vector<TreeChange>& changes = written_.changes;
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    auto found = look(i);
    if (auto* fault = std::get_if<PageFault>(&found)) return *fault;
    const LatestRow& latest = std::get<LatestRow>(found);
    const bool exists = latest.exists || keys_[i].repeated;
    if (asked_.kind() == WriteKind::erase) {
      if (!exists) {
        note(i, WriteOutcome::not_found);
        continue;
      }
      changes.push_back({asked_.tree(), true, std::string(keys_[i].key), {}});
    } else if (exists && !has_flag(asked_, WriteFlag::overwrite)) {
      if (!has_flag(asked_, WriteFlag::keep_existing)) return conflict(i);
      note(i, WriteOutcome::conflict);
      append_packed(latest.exists ? latest.row : std::string_view{}, &existing_);
      continue;
    } else {
      changes.push_back({asked_.tree(), false, std::string(keys_[i].key), std::string(keys_[i].row)});
    }
    ++written_.affected;
  }
  if (absl::Status status = stage(changes); !status.ok()) return status;
  return answer();
}

WriteStager::Result WriteStager::stage_bulk(uint32_t* done) {
  if (absl::Status status = read_keys(); !status.ok()) return status;
  for (; *done < keys_.size(); ++*done) {
    auto put = store_.bulk_put(asked_.tree(), keys_[*done].key, keys_[*done].row);
    if (!put.ok()) return put.status();
    if (auto* fault = std::get_if<PageFault>(&*put)) return *fault;
    if (std::get<BulkOutcome>(*put) == BulkOutcome::kDuplicate) return conflict(*done);
  }
  written_.affected = *done;
  return answer();
}

absl::Status WriteStager::stage(const std::vector<TreeChange>& changes) {
  for (const TreeChange& change : changes) {
    TROUPE_RETURN_IF_ERROR(store_.stage(asked_.txn(), asked_.command(), change.tree, change.key,
                                        change.erase ? ChangeOp::kErase : ChangeOp::kPut, change.row));
    if (!change.erase || change.row.empty()) continue;
    TROUPE_RETURN_IF_ERROR(store_.stage_move(asked_.txn(), asked_.command(), change.tree, change.key, change.row));
  }
  return absl::OkStatus();
}

std::unique_ptr<StagedWrite> WriteStager::answer() {
  auto staged = std::make_unique<StagedWrite>();
  head_->mutate_status(schema::WriteStatus::done);
  head_->mutate_affected(written_.affected);
  head_->mutate_returned(written_.returned);
  staged->head = *head_;
  const auto done = static_cast<char>(WriteOutcome::done);
  if (std::any_of(outcomes_.begin(), outcomes_.end(), [done](char outcome) { return outcome != done; })) {
    staged->outcomes = std::move(outcomes_);
  }
  staged->returning = std::move(written_.returning);
  staged->unique_changes = std::move(written_.unique_changes);
  staged->existing = std::move(existing_);
  staged->changes = std::move(written_.changes);
  staged->moved = std::move(moved_);
  return staged;
}

}  // namespace troupe
