#pragma once
/// The versioned store of one partition: for each tree the newest committed rows, the history that open snapshots
/// need, and the pending writes of open transactions.
/// Owner: one partition actor; calls never overlap, none blocks. What needs a page that is not in memory answers a
/// PageFault, having changed nothing; the caller loads it (load_page on another thread), install()s it and repeats.
/// Invariants: uncommitted data is never in a tree; a reader sees exactly its snapshot or gets kSnapshotTooOld.
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/checkpoint/checkpointer.hpp"
#include "storage/history/history.hpp"
#include "storage/partition/change_codec.hpp"
#include "storage/partition/moved_rows.hpp"
#include "storage/partition/pending_writes.hpp"
#include "storage/partition/read_view.hpp"
#include "storage/tree/tree.hpp"
#include "storage/tree/tree_reclaimer.hpp"

namespace troupe {

struct PartitionOptions {
  PartitionId id = 0;
  uint32_t page_bytes = 16 * 1024;          ///< target size of a page before compression
  uint64_t cache_bytes = 256ull << 20;      ///< clean and dirty pages together; dirty ones cannot be evicted
  uint64_t pending_bytes_max = 1ull << 30;  ///< per transaction
  uint64_t pending_memory_bytes_max = 256ull << 20;  ///< of all transactions; then they spill
  uint64_t history_bytes_max = 256ull << 20;
  uint64_t dirty_bytes_max = UINT64_MAX;  ///< changed pages; those of a checkpoint under way come on top
  PageCodec codec = PageCodec::kLz4;
  uint64_t file_growth_bytes = 8ull << 20;
  bool create = true;  ///< makes the file when there is none
};

struct PartitionStatistics {
  uint64_t cached_bytes = 0;  ///< clean pages
  uint64_t dirty_bytes = 0;   ///< changed since the last freeze
  uint64_t frozen_bytes = 0;  ///< being written by a checkpoint
  uint64_t history_bytes = 0;
  uint64_t pending_bytes = 0;
  uint64_t pending_memory_bytes = 0;  ///< of them, those that are not spilled
  uint64_t file_bytes = 0;
  uint64_t free_bytes = 0;   ///< reusable, inside the file
  uint64_t freed_pages = 0;  ///< reusable from the next checkpoint on
  uint64_t evictions = 0;
  uint64_t faults = 0;
  uint64_t trees = 0;
  uint64_t tombstones = 0;
};

enum class BulkOutcome : uint8_t { kInserted, kDuplicate };
using BulkResult = std::variant<BulkOutcome, PageFault>;
/// Not done() when a page is missing, or when too many changed pages wait for a checkpoint.
struct ApplyResult {
  PageFault fault;
  bool needs_room = false;
  bool done() const { return !fault.needed() && !needs_room; }
};
/// Not done() when a page is missing, when changed pages wait for a checkpoint, or when others may have a turn.
struct SpillResult {
  PageFault fault;
  bool needs_room = false;
  bool more = false;
  bool done() const { return !fault.needed() && !needs_room && !more; }
};
/// The packed changes, or need(page).
using PrepareResult = std::variant<std::string, PageFault>;

class PartitionStore {
 public:
  /// Opens (or makes) `directory`/partition-<id>.data. Blocking: part of starting up.
  /// Errors: kDataCorrupted, kUndefinedFile (absent, without options.create), the file system's.
  static absl::StatusOr<std::unique_ptr<PartitionStore>> open(FileSystem& files, const std::string& directory,
                                                              PartitionOptions options);
  static std::string file_name(PartitionId id);
  /// What was found damaged and made good when it was opened; empty: nothing.
  const std::string& repaired() const { return repaired_; }
  ~PartitionStore();

  // Reading.
  ReadResult get(const ReadView& view, TreeId tree, std::string_view key);
  LatestResult latest(TxnId txn, TreeId tree, std::string_view key);
  /// Where the row went that had `key` at `after`; nothing when it kept it, or is gone. The view is valid until the
  /// next non-const call.
  std::optional<MovedRows::Move> moved(TreeId tree, std::string_view key, MoveTime after) const {
    return moved_.empty() ? std::nullopt : moved_.find(tree, key, after);
  }
  /// moved() knows all that a snapshot needs unless it is below this one.
  Scn moves_known_since() const { return std::max(moved_.floor(), oldest_snapshot_); }
  /// Clears and fills `batch`. Errors: kSnapshotTooOld.
  absl::Status scan(const ReadView& view, ScanCursor& cursor, const ScanBudget& budget, ScanBatch* batch);

  // Writing.
  /// Replaces what the same command staged for the key. Errors: kConfigurationLimitExceeded (pending_bytes_max),
  /// kProgramLimitExceeded (key above 8 KiB, row above 1 GiB).
  absl::Status stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                     std::string_view row);
  /// The row of `key`, which the same command erases, goes on elsewhere: once that is committed, moved() tells others.
  absl::Status stage_move(TxnId txn, CommandId command, TreeId tree, std::string_view key, std::string_view place);
  absl::Status stage_drop_tree(TxnId txn, CommandId command, TreeId tree);
  /// Before a transaction stages more: moves what it staged from memory to pages when pending_memory_bytes_max asks for
  /// it. Not done: fetch the page, make a checkpoint, or let others go first, and call it again.
  /// `waited`: a checkpoint was tried since it needed room.
  /// Errors: kDiskFull, when none can be made (set_unlimited).
  absl::StatusOr<SpillResult> spill(TxnId txn, bool waited);
  /// ROLLBACK TO SAVEPOINT: forgets what commands >= `command` staged. No later command has a number of theirs.
  void rollback_to(TxnId txn, CommandId command);
  void discard(TxnId txn);
  bool has_pending(TxnId txn) const { return pending_.find(txn) != nullptr; }
  bool has_spilled(TxnId txn) const { return pending_.has_spilled(txn); }
  /// The net effect of the transaction in this partition, packed, ordered by tree and key; empty when there is none.
  PrepareResult prepare(TxnId txn);
  /// The same in pieces of whole changes, each about `bytes_max` large: ask again while *more. `again`: from the start.
  PrepareResult prepare_piece(TxnId txn, size_t bytes_max, bool again, bool* more);
  /// What of it concerns one key, appended to *changes. *alone: the key was staged once, so it stays like that unless
  /// the transaction writes it again.
  PageFault prepare_one(TxnId txn, TreeId tree, std::string_view key, std::string* changes, bool* alone);
  /// Applies the changes that belong to this partition, which is also what recovery does with a log record, and
  /// drops txn's pending writes. SCNs come in ascending order; the same one may come again. Not done: fetch the page,
  /// or make a checkpoint, and call it again with the same bytes. Meanwhile part of the commit is in the trees: only
  /// snapshots below `scn` may be read, and a checkpoint covers less than `scn` and needs `scn` durable.
  /// Errors: kDataCorrupted (malformed; nothing applied).
  absl::StatusOr<ApplyResult> apply(Scn scn, TxnId txn, std::string_view changes);
  /// Changed pages, which cannot be evicted, are below dirty_bytes_max. apply() stops where there is no room;
  /// bulk_put() leaves it to its caller to ask.
  bool has_room() const { return unlimited_ || pager_->dirty_bytes() < options_.dirty_bytes_max; }
  /// When no checkpoint can be made: better too much memory than no progress.
  void set_unlimited(bool unlimited) { unlimited_ = unlimited; }
  /// Straight into a tree that only the caller's uncommitted transaction knows, with kBulkScn. Ascending keys are
  /// fastest and fill pages best. Errors: as stage().
  absl::StatusOr<BulkResult> bulk_put(TreeId tree, std::string_view key, std::string_view row);
  /// Drops at once a tree that nobody but the caller knows: a bulk load that was rolled back.
  void abandon_tree(TreeId tree);

  // Pages.
  /// The page of a fault has been loaded. Ignored when nobody waits for it any more. At most one load per address may
  /// be under way: several operations that fault on one page wait for the same load. Every load ends in install() or
  /// forget_fault(), because its extent is not written again before.
  void install(PageAddress address, PageImage image);
  /// The page of a fault will not come (I/O error, or its statement is gone).
  void forget_fault(PageAddress address);
  /// The owner that asked for pages is dead, and so are the answers: a new owner asks anew.
  void forget_faults();
  const File& file() const { return *file_; }

  // Snapshots and garbage.
  /// No snapshot below `scn` is open or will be; reads below it get kSnapshotTooOld. Never goes back. Recovery calls it
  /// with each record's SCN before apply(), so that nothing is kept for nobody.
  void set_oldest_snapshot(Scn scn);
  Scn oldest_snapshot() const { return oldest_snapshot_; }
  /// Collects tombstones and dropped trees, `budget` entries or pages at most.
  struct GarbageProgress {
    bool done = true;  ///< nothing left that the oldest snapshot lets go
    PageFault fault;
  };
  GarbageProgress collect_garbage(uint32_t budget);

  // Checkpoints. One at a time: begin, run the job on any thread, finish.
  /// Every commit applied so far must be durable in the log. `covered`: the newest SCN applied.
  std::unique_ptr<CheckpointJob> begin_checkpoint(Scn covered, const CheckpointMetadata& metadata,
                                                  bool disk_full = false);
  /// A failed result is rolled back: its pages are dirty again. When result.must_fence the node must fence itself.
  absl::Status finish_checkpoint(CheckpointResult result);
  bool checkpoint_running() const { return checkpointer_->running(); }
  Scn checkpoint_scn() const { return checkpointer_->superblock().covered_scn; }
  const CheckpointMetadata& checkpoint_metadata() const { return checkpointer_->superblock().metadata; }

  // Statistics.
  PartitionStatistics statistics() const;
  std::vector<TreeId> trees() const;  ///< ascending; without dropped ones
  uint64_t row_count(TreeId tree) const;
  /// Bytes of the tree's keys and rows, uncompressed: entries times an average from pages in memory, or (right after a
  /// start) a guess; never faults.
  uint64_t estimate_bytes(TreeId tree) const;
  /// Approximate rows in `range`, from pages in memory; never faults.
  uint64_t estimate_rows(TreeId tree, const KeyRange& range) const;
  /// About `count` keys that split the tree evenly, from pages in memory.
  std::vector<std::string> split_keys(TreeId tree, uint32_t count) const;

  void check_invariants() const;

 private:
  struct TreeState;
  struct Garbage {
    TreeId tree;
    Scn scn;
    std::string key;
  };
  /// How far apply() got with a record.
  struct ApplyProgress {
    Scn scn = kNoScn;
    const char* changes = nullptr;
    size_t offset = 0;
  };

  PartitionStore(const PartitionOptions& options, OpenedCheckpoint opened);

  TreeState* find_tree(TreeId id) const;
  TreeState& tree_for_write(TreeId id);
  ReadResult read_committed(TreeState& state, Scn snapshot, std::string_view key);
  ReadResult read_history(TreeId tree, std::string_view key, Scn snapshot) const;
  void note_moves(Scn scn, TxnId txn);
  PageFault prepare_tree(PendingTransaction& pending, TreeId tree, size_t bytes_max, bool* full);
  PageFault prepare_key(TreeId tree, std::string_view key, const PendingEntry& entry, ChangeWriter* writer);
  PageFault apply_change(Scn scn, const Change& change);
  void apply_erase(Scn scn, const Change& change, TreeState& state, TreePath& path, bool was_tombstone);
  void drop_tree(Scn scn, TreeId id);
  void release_tree(TreeId id);
  PageFault collect_tombstones(uint32_t* budget);
  PageFault sweep_tree(TreeState& state, uint32_t* budget);
  PageFault sweep_trees(uint32_t* budget);
  void restore(const Directory& directory, Scn covered);
  std::vector<TreeState*> ordered_trees() const;

  friend class PartitionScan;

  PartitionOptions options_;
  std::string repaired_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Pager> pager_;
  std::unique_ptr<TreeReclaimer> reclaimer_;
  std::unique_ptr<Checkpointer> checkpointer_;
  absl::flat_hash_map<TreeId, std::unique_ptr<TreeState>> trees_;
  History history_;
  PendingWrites pending_;
  MovedRows moved_;
  Scn oldest_snapshot_ = kNoScn;
  Scn last_applied_ = kNoScn;
  ApplyProgress applying_;
  bool unlimited_ = false;
  std::deque<Garbage> tombstones_;  ///< ascending SCN
  uint64_t tombstone_bytes_ = 0;
  std::deque<std::pair<Scn, TreeId>> dropped_;  ///< ascending SCN
};

}  // namespace troupe
