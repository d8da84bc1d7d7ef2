#pragma once
/// Snapshots that pg_export_snapshot() gave a name, for SET TRANSACTION SNAPSHOT of others. One lives as long as the
/// transaction that exported it; whoever took it keeps it from being collected himself.
/// Safe from any thread.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/settings/settings_snapshot.hpp"
#include "runtime/transaction/snapshot_registry.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

struct ExportedSnapshot {
  Scn scn = kNoScn;
  SnapshotRegistry::Slot slot;  ///< holds it
  TransactionModes modes;       ///< of the transaction that exported it
  Oid database = 0;
};
using ExportedSnapshotPtr = std::shared_ptr<const ExportedSnapshot>;

class ExportedSnapshots {
 public:
  void add(std::string name, ExportedSnapshotPtr snapshot) {
    const std::lock_guard lock(mutex_);
    snapshots_.emplace(std::move(name), std::move(snapshot));
  }
  void remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto at = snapshots_.find(name);
    if (at != snapshots_.end()) snapshots_.erase(at);
  }
  /// Null when there is none of that name.
  ExportedSnapshotPtr find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto at = snapshots_.find(name);
    return at == snapshots_.end() ? nullptr : at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ExportedSnapshotPtr, std::less<>> snapshots_;
};

}  // namespace troupe
