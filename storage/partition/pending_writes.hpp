#pragma once
/// The writes of open transactions in one partition: each an overlay that only its transaction sees, ordered by tree
/// and key. Bytes live in the transaction's own memory, freed at once when it ends. When the overlays together are more
/// than memory has room for, whoever writes first spills its own (docs/decisions/0021): key by key into trees of pages.
/// A key may then be in both; the entries in memory are the later ones, and count where both are of one command.
/// Owner: the partition.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/partition/spilled_keys.hpp"
#include "storage/tree/tree_reclaimer.hpp"

namespace troupe {

/// The row of an erased key goes on under another key (MovedRows).
struct PendingMove {
  CommandId command;
  TreeId tree;
  std::string key;
  std::string place;
};

/// How far prepare() got before a page was missing: what it packed, and the last key that is in it.
struct PrepareProgress {
  std::string changes;
  TreeId tree = 0;
  std::string key;
  bool started = false;
};

using PendingTree = absl::btree_map<std::string_view, PendingKey>;

/// Of one tree.
struct PendingOverlay {
  PendingTree memory;
  std::unique_ptr<SpilledKeys> spilled;  ///< nullptr: all is in memory
};

/// One transaction's overlay.
class PendingTransaction {
 public:
  PendingOverlay* overlay(TreeId id) {
    const auto at = overlays_.find(id);
    return at == overlays_.end() ? nullptr : &at->second;
  }
  absl::btree_map<TreeId, PendingOverlay>& overlays() { return overlays_; }
  /// What is pending under a key: *found is nullptr, in memory, or in *scratch, with views into pages.
  PageFault find(TreeId tree, std::string_view key, PendingKey* scratch, const PendingKey** found);
  /// Commands whose spilled entries count no more.
  const CommandRanges& taken_back() const { return taken_back_; }
  bool drops_tree(TreeId id) const {
    return std::any_of(dropped_trees_.begin(), dropped_trees_.end(),
                       [id](const auto& drop) { return drop.second == id; });
  }
  const std::vector<std::pair<CommandId, TreeId>>& dropped_trees() const { return dropped_trees_; }
  const std::vector<PendingMove>& moves() const { return moves_; }
  /// There were more moves than are kept.
  bool moves_lost() const { return moves_lost_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  /// Forgotten when anything is staged or rolled back.
  PrepareProgress& progress() { return progress_; }

 private:
  friend class PendingWrites;
  std::string_view keep(std::string_view bytes);

  absl::btree_map<TreeId, PendingOverlay> overlays_;
  std::vector<std::pair<CommandId, TreeId>> dropped_trees_;
  std::vector<PendingMove> moves_;
  uint64_t moves_bytes_ = 0;
  bool moves_lost_ = false;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_at_ = nullptr;
  size_t block_left_ = 0;
  uint64_t bytes_ = 0;         ///< staged since it began
  uint64_t memory_bytes_ = 0;  ///< of them, those in memory
  bool spilling_ = false;
  CommandId newest_spilled_ = 0;
  CommandRanges taken_back_;
  PrepareProgress progress_;
};

class PendingWrites {
 public:
  /// `bytes_max`: per transaction. `memory_bytes_max`: of all, before they spill.
  PendingWrites(Pager& pager, TreeReclaimer& reclaimer, uint64_t bytes_max, uint64_t memory_bytes_max)
      : pager_{pager}, reclaimer_{reclaimer}, bytes_max_{bytes_max}, memory_bytes_max_{memory_bytes_max} {}

  /// Errors: kConfigurationLimitExceeded.
  absl::Status stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                     std::string_view row);
  void stage_move(TxnId txn, PendingMove move);
  void stage_drop_tree(TxnId txn, CommandId command, TreeId tree);
  /// Forgets the entries of commands >= `command`; no later command has a number of theirs. Their memory is the
  /// transaction's until it spills or ends.
  void rollback_to(TxnId txn, CommandId command);
  void discard(TxnId txn);

  /// The transaction is to spill before it writes more. Small ones need not: what they have is not worth a page.
  bool must_spill(TxnId txn) const;
  bool has_spilled(TxnId txn) const;
  /// Moves one key from memory to pages, unless it answers that a page is missing.
  PageFault spill_one(TxnId txn);
  /// Of all transactions, for a checkpoint.
  std::vector<Tree*> spilled_trees() const;

  PendingTransaction* find(TxnId txn) const {
    if (transactions_.empty()) return nullptr;
    const auto at = transactions_.find(txn);
    return at == transactions_.end() ? nullptr : at->second.get();
  }
  uint64_t bytes() const { return bytes_; }
  uint64_t memory_bytes() const { return memory_bytes_; }
  void check_invariants() const;

 private:
  PendingTransaction& transaction(TxnId txn);
  absl::Status charge(PendingTransaction& pending, uint64_t cost);
  void free_memory(PendingTransaction& pending);
  void release(PendingOverlay& overlay);

  Pager& pager_;
  TreeReclaimer& reclaimer_;
  uint64_t bytes_max_;
  uint64_t memory_bytes_max_;
  uint64_t bytes_ = 0;
  uint64_t memory_bytes_ = 0;
  uint32_t spilling_ = 0;  ///< transactions
  absl::flat_hash_map<TxnId, std::unique_ptr<PendingTransaction>> transactions_;
};

}  // namespace troupe
