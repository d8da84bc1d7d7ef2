/// SessionTransaction: snapshots that others may take over.
#include "absl/strings/str_format.h"
#include "actors/session/session_transaction.hpp"

namespace troupe {

absl::StatusOr<std::string> SessionTransaction::export_snapshot(Oid database) {
  if (state_.has_savepoints()) {
    return error(ErrorCode::kActiveSqlTransaction, "cannot export a snapshot from a subtransaction");
  }
  ExportedSnapshotPtr snapshot = imported_;
  if (snapshot == nullptr && !exported_.empty() && exported_.back().second->scn == state_.snapshot()) {
    snapshot = exported_.back().second;
  }
  if (snapshot == nullptr) {
    // The slot goes along, so that the snapshot is in a slot at every moment; a newer one does no harm here.
    SnapshotRegistry::Slot next = services_.snapshots.take_slot();
    if (!next) return error(ErrorCode::kTooManyConnections, "no room for one more snapshot (limits.connections_max)");
    next.acquire();
    snapshot = std::make_shared<const ExportedSnapshot>(
        ExportedSnapshot{state_.snapshot(), std::exchange(slot_, std::move(next)), state_.modes(), database});
  }
  const auto number = static_cast<int>(exported_.size() + 1);
  std::string name = absl::StrFormat("%08X-%08X-%d", info_.process_id, static_cast<uint32_t>(ensure_id()), number);
  services_.exported_snapshots.add(name, snapshot);
  exported_.emplace_back(name, std::move(snapshot));
  return name;
}

absl::Status SessionTransaction::import_snapshot(std::string_view name, Oid database) {
  if (state_.snapshot() != kNoScn || state_.has_savepoints()) {
    return error(ErrorCode::kActiveSqlTransaction, "SET TRANSACTION SNAPSHOT must be called before any query");
  }
  if (!state_.keeps_snapshot()) {
    return error(ErrorCode::kFeatureNotSupported,
                 "a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ");
  }
  ExportedSnapshotPtr snapshot = services_.exported_snapshots.find(name);
  if (snapshot == nullptr) {
    return error(ErrorCode::kInvalidParameterValue, "invalid snapshot identifier: \"", name, "\"");
  }
  if (state_.modes().isolation == IsolationLevel::kSerializable) {
    if (snapshot->modes.isolation != IsolationLevel::kSerializable) {
      return error(ErrorCode::kFeatureNotSupported,
                   "a serializable transaction cannot import a snapshot from a non-serializable transaction");
    }
    if (snapshot->modes.read_only && !state_.modes().read_only) {
      return error(ErrorCode::kFeatureNotSupported,
                   "a non-read-only serializable transaction cannot import a snapshot from a read-only transaction");
    }
    if (!state_.modes().read_only) {
      return with_hint(
          error(ErrorCode::kFeatureNotSupported, "a SERIALIZABLE transaction that writes cannot import a snapshot"),
          "Make it READ ONLY, or use REPEATABLE READ.");
    }
  }
  if (snapshot->database != database) {
    return error(ErrorCode::kFeatureNotSupported, "cannot import a snapshot from a different database");
  }
  state_.set_snapshot(snapshot->scn);
  imported_ = std::move(snapshot);
  return absl::OkStatus();
}

void SessionTransaction::forget_snapshots() {
  for (const auto& [name, snapshot] : exported_) services_.exported_snapshots.remove(name);
  exported_.clear();
  imported_ = nullptr;
}

}  // namespace troupe
