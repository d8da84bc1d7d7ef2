#include "storage/partition/pending_writes.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr size_t kBlockBytesMin = 512;
constexpr size_t kBlockBytesMax = 256 * 1024;
/// What an entry costs beside its bytes.
constexpr uint64_t kEntryBytes = 64;

}  // namespace

std::string_view PendingTransaction::keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() > block_left_) {
    block_left_ = std::max(bytes.size(), std::clamp<size_t>(bytes_, kBlockBytesMin, kBlockBytesMax));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_left_));
    block_at_ = blocks_.back().get();
  }
  std::copy(bytes.begin(), bytes.end(), block_at_);
  const std::string_view kept{block_at_, bytes.size()};
  block_at_ += bytes.size();
  block_left_ -= bytes.size();
  return kept;
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
  bytes_ += cost;
  return absl::OkStatus();
}

absl::Status PendingWrites::stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, ChangeOp op,
                                  std::string_view row) {
  PendingTransaction& pending = transaction(txn);
  TROUPE_RETURN_IF_ERROR(charge(pending, key.size() + row.size() + kEntryBytes));
  PendingTree& keys = pending.trees_[tree];
  auto at = keys.lower_bound(key);
  if (at == keys.end() || at->first != key) {
    at = keys.emplace_hint(at, pending.keep(key), PendingKey{});
  } else {
    at->second.written_once = false;
  }
  auto& entries = at->second.entries;
  // Nearly always the end; a function called by a statement stages under a higher command than what follows it.
  size_t place = entries.size();
  while (place > 0 && entries[place - 1].command >= command) --place;
  if (place == entries.size() || entries[place].command != command)
    entries.insert(entries.begin() + place, PendingEntry{});
  entries[place] = {command, op, pending.keep(row)};
  pending.progress_ = {};
  return absl::OkStatus();
}

absl::Status PendingWrites::stage_move(TxnId txn, const PendingMove& move) {
  PendingTransaction& pending = transaction(txn);
  TROUPE_RETURN_IF_ERROR(charge(pending, move.key.size() + move.place.size() + kEntryBytes));
  pending.moves_.push_back({move.command, move.tree, pending.keep(move.key), pending.keep(move.place)});
  return absl::OkStatus();
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
  for (auto tree = pending.trees_.begin(); tree != pending.trees_.end();) {
    PendingTree& keys = tree->second;
    for (auto key = keys.begin(); key != keys.end();) {
      auto& entries = key->second.entries;
      while (!entries.empty() && entries.back().command >= command) entries.pop_back();
      key = entries.empty() ? keys.erase(key) : std::next(key);
    }
    tree = keys.empty() ? pending.trees_.erase(tree) : std::next(tree);
  }
  if (pending.trees_.empty() && pending.dropped_trees_.empty()) discard(txn);
}

void PendingWrites::discard(TxnId txn) {
  const auto at = transactions_.find(txn);
  if (at == transactions_.end()) return;
  bytes_ -= at->second->bytes_;
  transactions_.erase(at);
}

void PendingWrites::check_invariants() const {
  uint64_t bytes = 0;
  for (const auto& [txn, pending] : transactions_) {
    bytes += pending->bytes_;
    TROUPE_CHECK(pending->bytes_ <= bytes_max_);
    for (const auto& [tree, keys] : pending->trees_) {
      TROUPE_CHECK(!keys.empty());
      for (const auto& [key, entry] : keys) {
        TROUPE_CHECK(!entry.entries.empty());
        for (size_t i = 1; i < entry.entries.size(); ++i) {
          TROUPE_CHECK(entry.entries[i - 1].command < entry.entries[i].command);
        }
      }
    }
  }
  TROUPE_CHECK(bytes == bytes_);
}

}  // namespace troupe
