/// PartitionStore::scan(): committed rows and the transaction's own pending ones, merged in key order.
#include <optional>

#include "storage/partition/partition_store.hpp"
#include "storage/partition/pending_cursor.hpp"
#include "storage/partition/tree_state.hpp"
#include "storage/tree/tree_cursor.hpp"

namespace troupe {
/// One call of scan(). Two sorted sources, the tree and the overlay; where both have a key, the overlay wins.
class PartitionScan {
 public:
  PartitionScan(PartitionStore& store, const ReadView& view, ScanCursor& cursor, const ScanBudget& budget,
                ScanBatch& batch)
      : store_{store},
        view_{view},
        cursor_{cursor},
        budget_{budget},
        batch_{batch},
        forward_{cursor.direction == ScanDirection::kForward},
        state_{store.find_tree(cursor.tree)} {
    PendingTransaction* pending = view.txn == kNoTxn ? nullptr : store.pending_.find(view.txn);
    if (pending != nullptr && pending->overlay(cursor.tree) != nullptr) overlay_.emplace(*pending, cursor.tree);
  }

  absl::Status run() {
    if (state_ != nullptr) {
      tree_.emplace(state_->tree);
      const PageFault fault = seek();
      if (fault.needed()) return stop_at_fault(fault);
    }
    absl::Status status = !overlay_.has_value() ? run_committed() : run_merged();
    if (!last_key_.empty() || visited_ > 0) {
      cursor_.position.assign(last_key_);
      cursor_.started = true;
    }
    return status;
  }

 private:
  PageFault seek() {
    if (forward_) {
      if (!cursor_.started) return tree_->seek(cursor_.range.lower);
      // The first key there can be after the position.
      return tree_->seek(cursor_.position + '\0');
    }
    if (cursor_.started) return tree_->seek_before(cursor_.position);
    return cursor_.range.has_upper ? tree_->seek_before(cursor_.range.upper) : tree_->seek_last();
  }

  bool in_range(std::string_view key) const {
    if (forward_) return !cursor_.range.has_upper || key < cursor_.range.upper;
    return key >= cursor_.range.lower;
  }
  bool spent() const {
    return batch_.rows.size() >= budget_.rows_max || bytes_ >= budget_.bytes_max || visited_ >= budget_.visits_max;
  }

  absl::Status stop_at_fault(PageFault fault) {
    batch_.state = ScanState::kFault;
    batch_.fault = fault;
    // Only the one that missed the page knows what comes next.
    if (tree_.has_value()) tree_->read_ahead(forward_, budget_.ahead_max, &batch_.ahead);
    if (overlay_.has_value()) overlay_->read_ahead(budget_.ahead_max, &batch_.ahead);
    return absl::OkStatus();
  }
  absl::Status end() {
    batch_.state = ScanState::kEnd;
    return absl::OkStatus();
  }

  void emit(std::string_view key, std::string_view row) {
    batch_.rows.push_back({key, row});
    bytes_ += key.size() + row.size();
  }
  void visited(std::string_view key) {
    last_key_ = key;
    ++visited_;
  }

  PageFault step() { return forward_ ? tree_->next() : tree_->previous(); }

  /// Without pending writes: nothing but the tree.
  absl::Status run_committed() {
    if (state_ == nullptr) return end();
    while (tree_->valid() && in_range(tree_->key())) {
      if (spent()) return absl::OkStatus();
      PageFault fault;
      TROUPE_RETURN_IF_ERROR(visit_committed(&fault));
      if (!fault.needed()) fault = step();
      if (fault.needed()) return stop_at_fault(fault);
    }
    return end();
  }

  /// Emits what the view sees of the tree's current entry.
  absl::Status visit_committed(PageFault* fault) {
    const std::string_view key = tree_->key();
    const ValueRef value = tree_->value();
    if (stored_scn(value) > view_.snapshot) [[unlikely]] {
      TROUPE_RETURN_IF_ERROR(visit_history(key));
    } else if (!stored_deleted(value)) [[likely]] {
      std::string_view stored;
      *fault = state_->tree.load(value, &stored);
      if (fault->needed()) return absl::OkStatus();
      emit(key, stored.substr(kRowHeaderBytes));
    }
    visited(key);
    return absl::OkStatus();
  }

  absl::Status visit_history(std::string_view key) {
    const ReadResult result = store_.read_history(state_->id, key, view_.snapshot);
    if (const auto* status = std::get_if<absl::Status>(&result)) return *status;
    if (const auto* row = std::get_if<StoredRow>(&result)) emit(key, row->row);
    return absl::OkStatus();
  }

  absl::Status run_merged() {
    PageFault fault = seek_overlay();
    while (!fault.needed()) {
      const bool tree_left = tree_.has_value() && tree_->valid() && in_range(tree_->key());
      const bool overlay_left = overlay_->valid() && in_range(overlay_->key());
      if (!tree_left && !overlay_left) return end();
      if (spent()) return absl::OkStatus();
      const int order = !tree_left ? 1 : !overlay_left ? -1 : compare_sources();
      bool covered = false;
      if (order >= 0) fault = visit_pending(order == 0, &covered);
      if (!fault.needed() && order <= 0 && !covered) TROUPE_RETURN_IF_ERROR(visit_committed(&fault));
      if (!fault.needed() && order >= 0) fault = forward_ ? overlay_->next() : overlay_->previous();
      if (!fault.needed() && order <= 0) fault = step();
    }
    return stop_at_fault(fault);
  }

  /// Negative: the tree's key comes first.
  int compare_sources() const {
    const int order = tree_->key().compare(overlay_->key());
    return forward_ ? order : -order;
  }

  PageFault seek_overlay() {
    if (forward_) return overlay_->seek(cursor_.started ? cursor_.position + '\0' : cursor_.range.lower);
    if (cursor_.started) return overlay_->seek_before(cursor_.position);
    return cursor_.range.has_upper ? overlay_->seek_before(cursor_.range.upper) : overlay_->seek_last();
  }

  /// *covered: the command sees what the transaction wrote, and not what is committed (if `committed`: there is such).
  PageFault visit_pending(bool committed, bool* covered) {
    const PendingKey* found = nullptr;
    if (const PageFault fault = overlay_->read(&found); fault.needed()) return fault;
    const PendingEntry* entry = found == nullptr ? nullptr : found->visible_to(view_.command);
    *covered = entry != nullptr;
    if (*covered && entry->op == ChangeOp::kPut) emit(overlay_->key(), entry->row);
    if (*covered || !committed) visited(overlay_->key());
    return {};
  }

  PartitionStore& store_;
  const ReadView& view_;
  ScanCursor& cursor_;
  const ScanBudget& budget_;
  ScanBatch& batch_;
  const bool forward_;
  PartitionStore::TreeState* state_;
  std::optional<TreeCursor> tree_;
  std::optional<PendingCursor> overlay_;
  std::string_view last_key_;
  uint32_t visited_ = 0;
  uint64_t bytes_ = 0;
};

absl::Status PartitionStore::scan(const ReadView& view, ScanCursor& cursor, const ScanBudget& budget,
                                  ScanBatch* batch) {
  batch->rows.clear();
  batch->ahead.clear();
  batch->fault = {};
  batch->state = ScanState::kMore;
  if (view.snapshot < oldest_snapshot_) {
    return with_hint(error(ErrorCode::kSnapshotTooOld, "snapshot too old"),
                     cat("The oldest snapshot kept is ", oldest_snapshot_, ", this one is ", view.snapshot, "."));
  }
  return PartitionScan(*this, view, cursor, budget, *batch).run();
}

}  // namespace troupe
