#pragma once
/// Where the parts of a node are. Supervisors publish a restarted actor's address here. An incarnation number tells
/// requests to the old actor from those to the new one.
#include <cstdint>
#include <vector>

#include "actors/messages.hpp"
#include "runtime/cell/published.hpp"
#include "runtime/cell/supervisor.hpp"

namespace troupe {

struct Addresses {
  std::vector<PartitionActor> partitions;
  std::vector<uint64_t> partition_incarnations;
  std::vector<LockShardActor> lock_shards;
  std::vector<uint64_t> lock_shard_incarnations;
  TransactionManagerActor manager;
  uint64_t manager_incarnation = 0;
  LogWriterActor log_writer;
  SequenceActor sequences;
  PublisherActor publisher;
  DeadlockDetectorActor deadlock_detector;
  std::vector<PageReaderActor> page_readers;
  PageWriterActor page_writer;
  CheckpointerActor checkpointer;
  SupervisorActor sessions;
};

using AddressBook = Published<Addresses>;
using AddressView = PublishedView<Addresses>;

}  // namespace troupe
