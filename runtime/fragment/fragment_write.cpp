#include "runtime/fragment/fragment_write.hpp"

#include <optional>

#include "absl/container/inlined_vector.h"
#include "runtime/exec/index_entry.hpp"
#include "runtime/fragment/fragment.hpp"
#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

using schema::WriteKind;
using schema::WriteOutcome;

/// Rows side by side with the target each belongs to.
struct RowSet {
  absl::InlinedVector<uint32_t, 4> targets;
  absl::InlinedVector<std::string_view, 4> rows;
  absl::InlinedVector<std::string_view, 4> extras;
  Fragment::Columns columns;
};

class WriteComputation {
 public:
  WriteComputation(const schema::Write& question, const Fragment& fragment, const std::vector<TargetRow>& targets,
                   std::string* outcomes)
      : question_{question},
        fragment_{fragment},
        targets_{targets},
        outcomes_{*outcomes},
        kind_{question.head()->kind()},
        new_rows_(targets.size()) {}

  absl::StatusOr<WrittenRows> run() {
    TROUPE_RETURN_IF_ERROR(decode_fragment_params(bytes_view(question_.params()), &params_));
    kept_.assign(targets_.size(), true);
    TROUPE_RETURN_IF_ERROR(filter_existing());
    TROUPE_RETURN_IF_ERROR(assign());
    note_outcomes();
    TROUPE_RETURN_IF_ERROR(collect_new_versions());
    if (!after_.rows.empty()) TROUPE_RETURN_IF_ERROR(fragment_.check(after_.columns, after_.rows, params_));
    if (kind_ != WriteKind::lock) {
      stage_rows();
      TROUPE_RETURN_IF_ERROR(collect_old_versions());
      for (size_t i = 0; i < fragment_.spec().indexes.size(); ++i) TROUPE_RETURN_IF_ERROR(stage_index(i));
    }
    if (has_flag(*question_.head(), schema::WriteFlag::returning)) TROUPE_RETURN_IF_ERROR(make_returning());
    return std::move(written_);
  }

 private:
  void add(uint32_t target, std::string_view row, RowSet* set) const {
    set->targets.push_back(target);
    set->rows.push_back(row);
    if (question_.rows() != nullptr) set->extras.push_back(targets_[target].input);
  }

  /// Rows that the WHERE clause (of UPDATE, DELETE, DO UPDATE) no longer lets pass are dropped.
  absl::Status filter_existing() {
    if (!fragment_.has_filter()) return absl::OkStatus();
    RowSet doubtful;
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      const TargetRow& target = targets_[i];
      if (target.exists && (target.recheck || is_direct(fragment_))) add(i, target.row, &doubtful);
    }
    if (doubtful.rows.empty()) return absl::OkStatus();
    TROUPE_RETURN_IF_ERROR(fragment_.decode(doubtful.rows, doubtful.extras, &doubtful.columns));
    std::vector<uint32_t> passing;
    TROUPE_RETURN_IF_ERROR(fragment_.evaluate_filter(doubtful.columns, params_, &passing));
    for (const uint32_t target : doubtful.targets) kept_[target] = false;
    for (const uint32_t row : passing) kept_[doubtful.targets[row]] = true;
    return absl::OkStatus();
  }

  absl::Status assign() {
    if (fragment_.spec().assignments.empty()) return absl::OkStatus();
    RowSet changing;
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      if (kept_[i] && targets_[i].exists) add(i, targets_[i].row, &changing);
    }
    if (changing.rows.empty()) return absl::OkStatus();
    TROUPE_RETURN_IF_ERROR(fragment_.decode(changing.rows, changing.extras, &changing.columns));
    std::vector<std::string> changed;
    TROUPE_RETURN_IF_ERROR(fragment_.assign(changing.rows, changing.columns, params_, &changed));
    for (size_t i = 0; i < changed.size(); ++i) new_rows_[changing.targets[i]] = std::move(changed[i]);
    return absl::OkStatus();
  }

  void note_outcomes() {
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      WriteOutcome outcome = WriteOutcome::done;
      if (!kept_[i]) {
        outcome = WriteOutcome::filtered;
      } else if (kind_ == WriteKind::insert && targets_[i].exists) {
        outcome = WriteOutcome::updated;
      }
      outcomes_[targets_[i].ordinal] = static_cast<char>(outcome);
      if (kept_[i]) ++written_.affected;
    }
  }

  /// The version of a target that this write leaves behind; nothing after a delete.
  std::optional<std::string_view> new_version(uint32_t target) const {
    if (kind_ == WriteKind::remove) return std::nullopt;
    if (kind_ == WriteKind::lock) return targets_[target].row;
    if (targets_[target].exists) return new_rows_[target];
    return targets_[target].input;
  }

  absl::Status collect_new_versions() {
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      if (!kept_[i]) continue;
      if (const auto row = new_version(i)) add(i, *row, &after_);
    }
    const FragmentSpec& spec = fragment_.spec();
    const bool looked_at = !spec.not_null.empty() || !spec.checks.empty() || !spec.indexes.empty() || !spec.output.empty() ||
                           !spec.watched.empty();
    if (after_.rows.empty() || !looked_at) return absl::OkStatus();
    return fragment_.decode(after_.rows, after_.extras, &after_.columns);
  }

  absl::Status collect_old_versions() {
    const bool wanted =
        !fragment_.spec().indexes.empty() || !fragment_.spec().watched.empty() || kind_ == WriteKind::remove;
    if (!wanted) return absl::OkStatus();
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      if (kept_[i] && targets_[i].exists) add(i, targets_[i].row, &before_);
    }
    return before_.rows.empty() ? absl::OkStatus() : fragment_.decode(before_.rows, before_.extras, &before_.columns);
  }

  void stage_rows() {
    const TreeId tree = question_.head()->tree();
    const bool moves = has_flag(*question_.head(), schema::WriteFlag::moves);
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      if (!kept_[i]) continue;
      const auto row = new_version(i);
      const std::string_view place = moves ? targets_[i].input : std::string_view{};
      written_.changes.push_back(
          {tree, !row.has_value(), std::string(targets_[i].key), std::string(row.value_or(place))});
    }
  }

  /// An index entry of one version of a row.
  struct Entry {
    bool present = false;
    std::string key;
    size_t prefix_size = 0;
    uint64_t hash = 0;
  };
  absl::Status entries_of(size_t index, const RowSet& set, std::vector<Entry>* entries) {
    if (set.rows.empty()) return absl::OkStatus();
    Fragment::IndexKeys keys;
    TROUPE_RETURN_IF_ERROR(fragment_.evaluate_index(index, set.columns, params_, &keys));
    for (uint32_t row = 0; row < set.rows.size(); ++row) {
      if (!keys.has(row)) continue;
      Entry& entry = (*entries)[set.targets[row]];
      entry.present = true;
      entry.key = fragment_.index_key(index, keys, row, targets_[set.targets[row]].key, &entry.prefix_size);
      if (fragment_.spec().indexes[index].global) entry.hash = fragment_.index_hash(index, keys, row);
    }
    return absl::OkStatus();
  }

  absl::Status stage_index(size_t index) {
    std::vector<Entry> before(targets_.size()), after(targets_.size());
    TROUPE_RETURN_IF_ERROR(entries_of(index, before_, &before));
    TROUPE_RETURN_IF_ERROR(entries_of(index, after_, &after));
    const FragmentIndex& spec = fragment_.spec().indexes[index];
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      if (before[i].present == after[i].present && before[i].key == after[i].key) continue;
      if (spec.global) {
        UniqueChange change;
        change.key_ordinal = targets_[i].ordinal;
        change.index = spec.tree;
        change.has_old = before[i].present;
        change.has_new = after[i].present;
        change.old_hash = before[i].hash;
        change.new_hash = after[i].hash;
        change.old_key = before[i].key;
        change.new_key = after[i].key;
        if (change.has_new) change.row_hash = fragment_.row_hash(*new_version(i), targets_[i].key);
        append_unique_change(change, &written_.unique_changes);
        continue;
      }
      if (before[i].present) written_.changes.push_back({spec.tree, true, before[i].key, {}});
      if (after[i].present) {
        written_.changes.push_back({spec.tree, false, after[i].key, local_entry_value(after[i].prefix_size)});
      }
    }
    return absl::OkStatus();
  }

  absl::Status make_returning() {
    const RowSet& seen = kind_ == WriteKind::remove ? before_ : after_;
    if (seen.rows.empty()) return absl::OkStatus();
    Batch batch;
    TROUPE_RETURN_IF_ERROR(fragment_.evaluate_output(seen.columns, params_, &batch));
    if (kind_ != WriteKind::lock) append_watched(seen, &batch);
    encode_batch(batch, &written_.returning);
    written_.returned = batch.rows;
    return absl::OkStatus();
  }

  /// What foreign keys want to know: the watched columns as they are now, and of updates as they were.
  void append_watched(const RowSet& seen, Batch* batch) const {
    const size_t count = fragment_.spec().watched.size();
    for (size_t i = 0; i < count; ++i) batch->columns.push_back(fragment_.watched(i, seen.columns));
    if (count == 0 || fragment_.spec().assignments.empty()) return;
    std::vector<uint32_t> row_before(targets_.size(), UINT32_MAX);
    for (uint32_t row = 0; row < before_.targets.size(); ++row) row_before[before_.targets[row]] = row;
    for (size_t i = 0; i < count; ++i) {
      Vector& old = batch->columns.emplace_back();
      old.reset_empty(fragment_.spec().kinds[fragment_.spec().watched[i]], batch->rows);
      for (const uint32_t target : seen.targets) {
        if (row_before[target] == UINT32_MAX) {
          old.append_null();
        } else {
          old.append_from(fragment_.watched(i, before_.columns), row_before[target]);
        }
      }
    }
  }

  const schema::Write& question_;
  const Fragment& fragment_;
  const std::vector<TargetRow>& targets_;
  std::string& outcomes_;
  WriteKind kind_;
  FragmentParams params_;
  std::vector<bool> kept_;
  std::vector<std::string> new_rows_;  ///< of targets that are updated
  RowSet before_, after_;
  WrittenRows written_;
};

}  // namespace

absl::StatusOr<WrittenRows> compute_write(const schema::Write& question, const Fragment& fragment,
                                          const std::vector<TargetRow>& targets, std::string* outcomes) {
  return WriteComputation(question, fragment, targets, outcomes).run();
}

bool updates_existing(const Fragment& fragment) { return !fragment.spec().assignments.empty(); }
bool is_direct(const Fragment& fragment) { return fragment.spec().check_always; }

}  // namespace troupe
