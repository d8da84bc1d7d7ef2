#pragma once
/// What the actors of one node share: the services, each other's addresses, and the state that outlives them.
/// Owner: Node.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "actors/node/directory.hpp"
#include "actors/node/services.hpp"
#include "runtime/cell/cell.hpp"
#include "runtime/cell/heir.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

class SequencePositions;
struct PartitionState;
struct LockShardState;
struct TransactionManagerState;
struct SequenceState;
struct LogState;

/// Shown in sys.partitions; written by the partition now and then.
class PublishedStatistics {
 public:
  void set(const PartitionStatistics& statistics) {
    const std::lock_guard lock(mutex_);
    statistics_ = statistics;
  }
  PartitionStatistics get() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  mutable std::mutex mutex_;
  PartitionStatistics statistics_;
};

/// What pg_relation_size() and its kin add up; written by the partition now and then.
class PublishedTreeBytes {
 public:
  void set(TreeId tree, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_[tree] = bytes;
  }
  /// Trees that are gone are forgotten.
  void keep(const std::vector<TreeId>& trees) {
    const std::lock_guard lock(mutex_);
    absl::flat_hash_map<TreeId, uint64_t> kept;
    for (const TreeId tree : trees) {
      if (const auto at = bytes_.find(tree); at != bytes_.end()) kept.insert(*at);
    }
    bytes_ = std::move(kept);
  }
  uint64_t get(TreeId tree) const {
    const std::lock_guard lock(mutex_);
    const auto at = bytes_.find(tree);
    return at == bytes_.end() ? 0 : at->second;
  }

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<TreeId, uint64_t> bytes_;
};

/// A checkpoint's end that may belong to any round.
inline constexpr uint64_t kNewestRound = 0;

struct NodeContext {
  NodeContext(NodeServices& node_services, uint32_t partition_count)
      : services{node_services},
        directory{std::make_shared<Addresses>()},
        partition_started(partition_count),
        partition_rebuilt(partition_count),
        lock_shard_rebuilt(partition_count),
        lock_waiters(partition_count),
        row_locks(partition_count),
        applied(partition_count),
        statistics(partition_count),
        tree_bytes(partition_count) {}

  NodeServices& services;
  AddressBook directory;
  std::vector<Cell*> cells;  ///< what accepts clients; none in the simulator
  /// False in the simulator, where nothing may wait for anything else.
  bool may_block = true;
  std::atomic<bool> stopping{false};

  std::vector<std::shared_ptr<Heir<PartitionState>>> partitions;
  std::vector<std::shared_ptr<Heir<LockShardState>>> lock_shards;
  std::shared_ptr<Heir<TransactionManagerState>> manager;
  std::shared_ptr<Heir<SequenceState>> sequences;
  std::shared_ptr<Heir<LogState>> log;

  std::shared_ptr<SequencePositions> logged_sequences;
  std::shared_ptr<SequencePositions> given_sequences;

  std::vector<std::atomic<bool>> partition_started;
  /// Whether the newest start of each found no usable state and built it anew.
  std::vector<std::atomic<bool>> partition_rebuilt;
  std::vector<std::atomic<bool>> lock_shard_rebuilt;

  /// Lock requests that wait in each lock shard.
  std::vector<std::atomic<uint32_t>> lock_waiters;
  std::vector<std::atomic<uint64_t>> row_locks;

  /// Per partition, the newest commit it has applied.
  std::vector<std::atomic<Scn>> applied;
  std::vector<PublishedStatistics> statistics;
  std::vector<PublishedTreeBytes> tree_bytes;
  std::atomic<Scn> checkpoint_scn{kNoScn};
  /// Written to the log since the node started, and what recovery read of it before.
  std::atomic<uint64_t> log_bytes{0};
  std::atomic<uint64_t> log_kept_bytes{0};
  /// log_bytes, and the monotonic time, when the newest checkpoint began.
  std::atomic<uint64_t> checkpoint_log_bytes{0};
  std::atomic<int64_t> checkpoint_begun_us{0};
  std::atomic<uint64_t> durable_log_position{0};
  /// Somebody follows the log, so the publisher is told of commits. Set by the publisher before it reads how far the
  /// log is durable; read by the log writer after it has published that. One of the two sees the other.
  std::atomic<bool> changes_followed{false};
  std::string log_directory;

  /// The disk cannot be trusted any more: acknowledge nothing, end the process. Recovery starts from the log.
  void fence(const std::string& what, const absl::Status& why);
  std::function<void(const std::string& reason)> on_fenced;
};

}  // namespace troupe
