#pragma once
/// What a node finds when it starts: partitions at their checkpoints, the log behind them, the catalog in partition 0.
/// Redo only: every commit in the log that a partition's checkpoint does not cover is applied to it again.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/log/log_actor.hpp"
#include "actors/node/config.hpp"
#include "actors/node/node_meta.hpp"
#include "actors/node/recovery_steps.hpp"
#include "actors/partition/partition.hpp"
#include "actors/transaction/sequences.hpp"
#include "runtime/transaction/prepared_transactions.hpp"
#include "runtime/transaction/replication_slots.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Makes its file only where the directory was never finished.
PartitionOptions partition_options(const NodeConfig& config, PartitionId id, const NodeMeta& meta);
LogOptions log_options(const NodeConfig& config);
std::string log_directory(const NodeConfig& config);

/// How far a replay is: bytes of the log, of how many, and commits.
using ReplayProgress = std::function<void(uint64_t bytes, uint64_t total_bytes, uint64_t commits)>;

/// Applies the log's commits to the stores, each from behind its own checkpoint. Returns the newest SCN.
/// Errors: kDataCorrupted, naming file and position; I/O.
absl::StatusOr<Scn> replay_log(FileSystem& files, const std::string& log_directory, LogPosition durable,
                               const std::vector<PartitionStore*>& stores, const ReplayProgress& progress = {});

/// The same for every store by itself, all at the same time when `parallel`; `steps` tells of each.
absl::StatusOr<Scn> replay_all(FileSystem& files, const std::string& log_directory, LogPosition durable,
                               const std::vector<PartitionStore*>& stores, bool parallel, RecoverySteps& steps);
/// The same for one.
absl::StatusOr<Scn> replay_one(FileSystem& files, const std::string& log_directory, LogPosition durable,
                               PartitionId partition, PartitionStore& store, RecoverySteps& steps);

/// A checkpoint covers only what was durable in the log. Errors: kDataCorrupted when one covers more than `log_end`.
absl::Status check_log_reaches(Scn log_end, const std::vector<PartitionStore*>& stores);

/// Every key and value of a system tree.
absl::StatusOr<std::map<std::string, std::string>> read_tree(PartitionStore& store, TreeId tree);

/// The catalog that partition 0 holds, on top of what every node has.
absl::StatusOr<CatalogPtr> load_catalog(PartitionStore& store, Scn version, GateFactory make_gate);
/// Drops the trees that no object of the catalog names: of bulk loads whose transaction did not commit before a crash,
/// in a checkpoint all the same. No transaction may be open. Returns how many.
size_t drop_unknown_trees(const Catalog& catalog, PartitionStore& store);
/// Transactions that were prepared and wait for a decision.
absl::StatusOr<std::vector<PreparedTransaction>> load_prepared(PartitionStore& store);
absl::StatusOr<std::map<Oid, SequencePosition>> load_sequences(PartitionStore& store);

/// The replication slots as they were last put on the disk; none without a file. Errors: XX001 when it is damaged.
absl::Status load_slots(FileSystem& files, const std::string& data_directory, ReplicationSlots* slots);

}  // namespace troupe
