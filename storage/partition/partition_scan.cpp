/// PartitionStore::scan(): committed rows and the transaction's own pending ones, merged in key order.
#include <optional>

#include "storage/partition/partition_store.hpp"
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
    if (const PendingTransaction* pending = view.txn == kNoTxn ? nullptr : store.pending_.find(view.txn)) {
      overlay_ = pending->tree(cursor.tree);
    }
  }

  absl::Status run() {
    if (state_ != nullptr) {
      tree_.emplace(state_->tree);
      const PageFault fault = seek();
      if (fault.needed()) return stop_at_fault(fault);
    }
    absl::Status status = overlay_ == nullptr ? run_committed() : run_merged();
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
    tree_->read_ahead(forward_, budget_.ahead_max, &batch_.ahead);
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
    start_overlay();
    for (;;) {
      const bool tree_left = tree_.has_value() && tree_->valid() && in_range(tree_->key());
      const PendingEntry* pending = next_pending();
      if (!tree_left && pending == nullptr) return end();
      if (spent()) return absl::OkStatus();
      const int order = !tree_left ? 1 : pending == nullptr ? -1 : compare_sources();
      PageFault fault;
      if (order < 0) {
        TROUPE_RETURN_IF_ERROR(visit_committed(&fault));
      } else {
        visit_pending(*pending);
      }
      if (!fault.needed() && order <= 0) fault = step();
      if (fault.needed()) return stop_at_fault(fault);
    }
  }

  /// Negative: the tree's key comes first.
  int compare_sources() const {
    const int order = tree_->key().compare(overlay_at_->first);
    return forward_ ? order : -order;
  }

  void start_overlay() {
    if (forward_) {
      overlay_at_ =
          cursor_.started ? overlay_->upper_bound(cursor_.position) : overlay_->lower_bound(cursor_.range.lower);
      return;
    }
    overlay_at_ = overlay_->end();
    if (cursor_.started) {
      overlay_at_ = overlay_->lower_bound(cursor_.position);
    } else if (cursor_.range.has_upper) {
      overlay_at_ = overlay_->lower_bound(cursor_.range.upper);
    }
    previous_overlay();
  }
  void previous_overlay() {
    overlay_done_ = overlay_at_ == overlay_->begin();
    if (!overlay_done_) --overlay_at_;
  }
  void advance_overlay() {
    if (forward_) {
      ++overlay_at_;
    } else {
      previous_overlay();
    }
  }

  /// The overlay's next entry that the command sees, if it is in the range.
  const PendingEntry* next_pending() {
    while (!overlay_done_ && overlay_at_ != overlay_->end() && in_range(overlay_at_->first)) {
      if (const PendingEntry* entry = overlay_at_->second.visible_to(view_.command)) return entry;
      advance_overlay();
    }
    return nullptr;
  }

  void visit_pending(const PendingEntry& entry) {
    const std::string_view key = overlay_at_->first;
    if (entry.op == ChangeOp::kPut) emit(key, entry.row);
    visited(key);
    advance_overlay();
  }

  PartitionStore& store_;
  const ReadView& view_;
  ScanCursor& cursor_;
  const ScanBudget& budget_;
  ScanBatch& batch_;
  const bool forward_;
  PartitionStore::TreeState* state_;
  std::optional<TreeCursor> tree_;
  const PendingTree* overlay_ = nullptr;
  PendingTree::const_iterator overlay_at_;
  bool overlay_done_ = false;
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
