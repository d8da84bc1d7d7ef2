#include "storage/partition/pending_writes.hpp"

#include <algorithm>
#include <utility>

#include "storage/base/check.hpp"
#include "storage/partition/moved_rows.hpp"

namespace troupe {
namespace {

constexpr size_t kBlockBytesMin = 512;
constexpr size_t kBlockBytesMax = 256 * 1024;
/// What an entry costs beside its bytes.
constexpr uint64_t kEntryBytes = 96;
/// A transaction with less than this part of what all may have in memory does not spill.
constexpr uint64_t kSmallPart = 16;

}  // namespace

std::string_view PendingTransaction::keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > block_left_) {
    block_left_ = std::max(bytes.size(), std::clamp<size_t>(memory_bytes_, kBlockBytesMin, kBlockBytesMax));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_left_));
    block_at_ = blocks_.back().get();
  }
  std::copy(bytes.begin(), bytes.end(), block_at_);
  const std::string_view kept{block_at_, bytes.size()};
  block_at_ += bytes.size();
  block_left_ -= bytes.size();
  return kept;
}

PageFault PendingTransaction::find(TreeId tree, std::string_view key, PendingKey* scratch, const PendingKey** found) {
  *found = nullptr;
  const PendingOverlay* at = overlay(tree);
  if (at == nullptr) return {};
  const auto in_memory = at->memory.find(key);
  if (in_memory != at->memory.end()) *found = &in_memory->second;
  if (at->spilled == nullptr) return {};
  if (const PageFault fault = at->spilled->find(key, taken_back_, scratch); fault.needed()) return fault;
  if (scratch->entries.empty() && scratch->written_once) return {};
  scratch->merge(*found);
  *found = scratch->entries.empty() ? nullptr : scratch;
  return {};
}

PendingTransaction& PendingWrites::transaction(TxnId txn) {
  auto& transaction = transactions_[txn];
  if (transaction == nullptr) transaction = std::make_unique<PendingTransaction>();
  return *transaction;
}

absl::Status PendingWrites::charge(PendingTransaction& pending, uint64_t cost) {
  if (pending.bytes_ + cost > bytes_max_) {
    return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "transaction has ", pending.bytes_,
                           " bytes of uncommitted changes in one partition; limits.pending_bytes_max is ", bytes_max_),
                     "Commit in smaller parts, use COPY into a new or truncated table, or raise the limit.");
  }
  pending.bytes_ += cost;
  pending.memory_bytes_ += cost;
  bytes_ += cost;
  memory_bytes_ += cost;
  return absl::OkStatus();
}

absl::Status PendingWrites::stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                                  std::string_view row) {
  PendingTransaction& pending = transaction(txn);
  TROUPE_RETURN_IF_ERROR(charge(pending, key.size() + row.size() + kEntryBytes));
  PendingTree& keys = pending.overlays_[tree].memory;
  auto at = keys.lower_bound(key);
  if (at == keys.end() || at->first != key) {
    at = keys.emplace_hint(at, pending.keep(key), PendingKey{});
  } else {
    at->second.written_once = false;
  }
  at->second.put({command, op, pending.keep(row)});
  pending.progress_ = {};
  return absl::OkStatus();
}

void PendingWrites::stage_move(TxnId txn, PendingMove move) {
  PendingTransaction& pending = transaction(txn);
  if (pending.moves_lost_) return;
  pending.moves_bytes_ += move.key.size() + move.place.size() + sizeof(PendingMove);
  pending.moves_.push_back(std::move(move));
  if (pending.moves_bytes_ <= kMovedBytesMax) return;
  pending.moves_lost_ = true;
  pending.moves_ = {};
}

void PendingWrites::stage_drop_tree(TxnId txn, CommandId command, TreeId tree) {
  PendingTransaction& pending = transaction(txn);
  pending.dropped_trees_.emplace_back(command, tree);
  pending.progress_ = {};
}

void PendingWrites::rollback_to(TxnId txn, CommandId command) {
  const auto found = transactions_.find(txn);
  if (found == transactions_.end()) return;
  PendingTransaction& pending = *found->second;
  pending.progress_ = {};
  std::erase_if(pending.dropped_trees_, [&](const auto& drop) { return drop.first >= command; });
  std::erase_if(pending.moves_, [&](const PendingMove& move) { return move.command >= command; });
  pending.taken_back_.add(command, pending.newest_spilled_ + 1);
  for (auto tree = pending.overlays_.begin(); tree != pending.overlays_.end();) {
    PendingTree& keys = tree->second.memory;
    for (auto key = keys.begin(); key != keys.end();) {
      auto& entries = key->second.entries;
      while (!entries.empty() && entries.back().command >= command) entries.pop_back();
      key = entries.empty() ? keys.erase(key) : std::next(key);
    }
    const bool empty = keys.empty() && tree->second.spilled == nullptr;
    tree = empty ? pending.overlays_.erase(tree) : std::next(tree);
  }
  if (pending.overlays_.empty() && pending.dropped_trees_.empty()) discard(txn);
}

void PendingWrites::discard(TxnId txn) {
  const auto at = transactions_.find(txn);
  if (at == transactions_.end()) return;
  bytes_ -= at->second->bytes_;
  free_memory(*at->second);
  for (auto& [tree, overlay] : at->second->overlays_) {
    if (overlay.spilled != nullptr) reclaimer_.add(overlay.spilled->tree());
  }
  transactions_.erase(at);
}

bool PendingWrites::must_spill(TxnId txn) const {
  if (memory_bytes_ <= memory_bytes_max_ && spilling_ == 0) return false;
  const PendingTransaction* pending = find(txn);
  if (pending == nullptr) return false;
  return pending->spilling_ ||
         (memory_bytes_ > memory_bytes_max_ && pending->memory_bytes_ > memory_bytes_max_ / kSmallPart);
}

bool PendingWrites::has_spilled(TxnId txn) const {
  const PendingTransaction* pending = find(txn);
  return pending != nullptr && pending->newest_spilled_ > 0;
}

PageFault PendingWrites::spill_one(TxnId txn) {
  PendingTransaction& pending = *find(txn);
  if (!std::exchange(pending.spilling_, true)) ++spilling_;
  for (auto& [tree, overlay] : pending.overlays_) {
    if (overlay.memory.empty()) continue;
    if (overlay.spilled == nullptr) overlay.spilled = std::make_unique<SpilledKeys>(pager_);
    const auto first = overlay.memory.begin();
    const PageFault fault = overlay.spilled->add(first->first, first->second, pending.taken_back_);
    if (fault.needed()) return fault;
    pending.newest_spilled_ = std::max(pending.newest_spilled_, first->second.entries.back().command);
    overlay.memory.erase(first);
    return {};
  }
  free_memory(pending);
  return {};
}

/// All keys are in pages, or of no use any more.
void PendingWrites::free_memory(PendingTransaction& pending) {
  pending.blocks_.clear();
  pending.block_left_ = 0;
  memory_bytes_ -= std::exchange(pending.memory_bytes_, 0);
  if (std::exchange(pending.spilling_, false)) --spilling_;
}

/// In the order of the transactions: the simulator's runs must not depend on where they lie in the map.
std::vector<Tree*> PendingWrites::spilled_trees() const {
  std::vector<std::pair<TxnId, const PendingTransaction*>> ordered;
  for (const auto& [txn, pending] : transactions_) ordered.emplace_back(txn, pending.get());
  std::sort(ordered.begin(), ordered.end());
  std::vector<Tree*> trees;
  for (const auto& [txn, pending] : ordered) {
    for (const auto& [tree, overlay] : pending->overlays_) {
      if (overlay.spilled != nullptr) trees.push_back(&overlay.spilled->tree());
    }
  }
  return trees;
}

void PendingWrites::check_invariants() const {
  uint64_t bytes = 0;
  uint64_t memory_bytes = 0;
  for (const auto& [txn, pending] : transactions_) {
    bytes += pending->bytes_;
    memory_bytes += pending->memory_bytes_;
    TROUPE_CHECK(pending->bytes_ <= bytes_max_);
    for (const auto& [tree, overlay] : pending->overlays_) {
      TROUPE_CHECK(!overlay.memory.empty() || overlay.spilled != nullptr);
      if (overlay.spilled != nullptr) overlay.spilled->tree().check_invariants();
      for (const auto& [key, entry] : overlay.memory) {
        TROUPE_CHECK(!entry.entries.empty());
        for (size_t i = 1; i < entry.entries.size(); ++i) {
          TROUPE_CHECK(entry.entries[i - 1].command < entry.entries[i].command);
        }
      }
    }
  }
  TROUPE_CHECK(bytes == bytes_ && memory_bytes == memory_bytes_);
}

}  // namespace troupe
