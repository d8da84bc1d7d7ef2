#pragma once
/// The writes of open transactions in one partition: each an overlay that only its transaction sees, ordered by tree
/// and key. A key keeps one entry per command, so that a statement sees what came before it and a savepoint can be
/// gone back to. Bytes live in the transaction's own memory, freed at once when it ends.
/// Owner: the partition.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

struct PendingEntry {
  CommandId command;
  ChangeOp op;
  std::string_view row;
};

/// The row of an erased key goes on under another key (MovedRows).
struct PendingMove {
  CommandId command;
  TreeId tree;
  std::string_view key;
  std::string_view place;
};

/// A key's entries, ascending by command.
struct PendingKey {
  absl::InlinedVector<PendingEntry, 1> entries;
  bool written_once = true;  ///< staged a single time, even by one command

  /// The newest of a command below `command`; nullptr: none.
  const PendingEntry* visible_to(CommandId command) const {
    for (size_t i = entries.size(); i-- > 0;) {
      if (entries[i].command < command) return &entries[i];
    }
    return nullptr;
  }
};

/// How far prepare() got before a page was missing: what it packed, and the last key that is in it.
struct PrepareProgress {
  std::string changes;
  TreeId tree = 0;
  std::string_view key;
  bool started = false;
};

using PendingTree = absl::btree_map<std::string_view, PendingKey>;

/// One transaction's overlay.
class PendingTransaction {
 public:
  const PendingTree* tree(TreeId id) const {
    const auto at = trees_.find(id);
    return at == trees_.end() ? nullptr : &at->second;
  }
  const absl::btree_map<TreeId, PendingTree>& trees() const { return trees_; }
  bool drops_tree(TreeId id) const {
    return std::any_of(dropped_trees_.begin(), dropped_trees_.end(),
                       [id](const auto& drop) { return drop.second == id; });
  }
  const std::vector<std::pair<CommandId, TreeId>>& dropped_trees() const { return dropped_trees_; }
  const std::vector<PendingMove>& moves() const { return moves_; }
  uint64_t bytes() const { return bytes_; }
  /// Forgotten when anything is staged or rolled back.
  PrepareProgress& progress() { return progress_; }

 private:
  friend class PendingWrites;
  std::string_view keep(std::string_view bytes);

  absl::btree_map<TreeId, PendingTree> trees_;
  std::vector<std::pair<CommandId, TreeId>> dropped_trees_;
  std::vector<PendingMove> moves_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_at_ = nullptr;
  size_t block_left_ = 0;
  uint64_t bytes_ = 0;
  PrepareProgress progress_;
};

class PendingWrites {
 public:
  /// `bytes_max`: per transaction.
  explicit PendingWrites(uint64_t bytes_max) : bytes_max_{bytes_max} {}

  /// Errors: kConfigurationLimitExceeded.
  absl::Status stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                     std::string_view row);
  absl::Status stage_move(TxnId txn, const PendingMove& move);
  void stage_drop_tree(TxnId txn, CommandId command, TreeId tree);
  /// Forgets the entries of commands >= `command`. Their memory is the transaction's until it ends.
  void rollback_to(TxnId txn, CommandId command);
  void discard(TxnId txn);

  PendingTransaction* find(TxnId txn) const {
    if (transactions_.empty()) return nullptr;
    const auto at = transactions_.find(txn);
    return at == transactions_.end() ? nullptr : at->second.get();
  }
  uint64_t bytes() const { return bytes_; }
  void check_invariants() const;

 private:
  PendingTransaction& transaction(TxnId txn);
  absl::Status charge(PendingTransaction& pending, uint64_t cost);

  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  absl::flat_hash_map<TxnId, std::unique_ptr<PendingTransaction>> transactions_;
};

}  // namespace troupe
