#pragma once
/// One partition in the process: store, engine and a simulated disk, with page faults served at once. With `tiny`
/// pages and cache everything splits, spills and faults.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fragment/partition_engine.hpp"

namespace troupe {

class LocalPartition {
 public:
  LocalPartition(PartitionId id, bool tiny, EngineLimits limits = {});
  ~LocalPartition();

  ReadResultFrame read(const ReadFrame& question);
  WriteResultFrame write(const WriteFrame& question);
  bool has_pending(TxnId txn) const;
  PartitionStore& store();
  std::string prepare(TxnId txn);
  void apply(Scn scn, TxnId txn, std::string_view changes);
  void discard(TxnId txn);
  void rollback_to(TxnId txn, CommandId command);
  /// Writes everything out, so that pages can be evicted and will be missed.
  void checkpoint(Scn covered);
  void forget_fragments();
  void set_oldest_snapshot(Scn scn);
  /// How often a task was interrupted, by a missing page or the end of its slice.
  uint64_t faults() const { return faults_; }
  uint64_t slices() const { return slices_; }

 private:
  struct Parts;
  void serve(const MissingPages& missing);
  std::unique_ptr<Parts> parts_;
  uint64_t faults_ = 0;
  uint64_t slices_ = 0;
};

}  // namespace troupe
