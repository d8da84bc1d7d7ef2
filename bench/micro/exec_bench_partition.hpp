#pragma once
/// A partition in memory for exec_bench: answers at once.
#include <memory>
#include <string>

#include "runtime/fragment/partition_engine.hpp"

namespace troupe {

class BenchPartition {
 public:
  explicit BenchPartition(PartitionId id);
  ~BenchPartition();
  ReadResultFrame read(ReadFrame question);
  WriteResultFrame write(WriteFrame question);
  /// Applies what the transaction has pending.
  void commit(Scn scn, TxnId txn);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace troupe
