#include "actors/node/node_statistics.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

template <typename Value>
uint64_t sum_of(const NodeContext& node, Value value) {
  uint64_t sum = 0;
  for (const PublishedStatistics& partition : node.statistics) sum += value(partition.get());
  return sum;
}

template <typename Value>
uint64_t most_of_sessions(const NodeContext& node, Value value) {
  uint64_t most = 0;
  for (const SessionRecordPtr& session : node.services.sessions.list())
    most = std::max<uint64_t>(most, value(*session));
  return most;
}

uint64_t row_locks(const NodeContext& node) {
  uint64_t all = 0;
  for (const auto& locked : node.row_locks) all += locked.load(std::memory_order_relaxed);
  return all;
}

uint64_t lock_waiters(const NodeContext& node) {
  uint64_t most = 0;
  for (const auto& waiters : node.lock_waiters) {
    most = std::max<uint64_t>(most, waiters.load(std::memory_order_relaxed));
  }
  return most;
}

uint64_t seconds_since_checkpoint(const NodeContext& node) {
  const int64_t begun = node.checkpoint_begun_us.load(std::memory_order_relaxed);
  return static_cast<uint64_t>((node.services.clock.monotonic_us() - begun) / kUsPerSecond);
}

struct Gauge {
  const char* limit;
  uint64_t (*used)(const NodeContext& node);
};

constexpr Gauge kGauges[] = {
    {"limits.connections_max", [](const NodeContext& node) { return uint64_t{node.services.sessions.logged_in()}; }},
    {"limits.events_max", [](const NodeContext& node) { return uint64_t{node.services.events.size()}; }},
    {"limits.checkpoints_max", [](const NodeContext& node) { return uint64_t{node.services.checkpoints.size()}; }},
    {"limits.prepared_transactions_max",
     [](const NodeContext& node) { return uint64_t{node.services.prepared.size()}; }},
    {"limits.replication_slots_max",
     [](const NodeContext& node) { return uint64_t{node.services.replication_slots.list().size()}; }},
    {"limits.conflicts_max", [](const NodeContext& node) { return uint64_t{node.services.conflicts.size()}; }},
    {"limits.conflict_bytes_max", [](const NodeContext& node) { return node.services.conflict_bytes.load(); }},
    {"limits.read_ranges",
     [](const NodeContext& node) {
       return most_of_sessions(node, [](const SessionRecord& s) { return s.read_ranges.load(); });
     }},
    {"limits.statements_in_flight_max",
     [](const NodeContext& node) {
       return most_of_sessions(node, [](const SessionRecord& s) { return s.statements_in_flight.load(); });
     }},
    {"limits.sort_bytes_max",
     [](const NodeContext& node) {
       return most_of_sessions(node, [](const SessionRecord& s) { return s.memory_bytes.load(); });
     }},
    {"streams.window_bytes",
     [](const NodeContext& node) {
       return most_of_sessions(node, [](const SessionRecord& s) { return s.stream_bytes.load(); });
     }},
    {"limits.pending_bytes_max",
     [](const NodeContext& node) {
       return sum_of(node, [](const PartitionStatistics& p) { return p.pending_bytes; });
     }},
    {"limits.pending_memory_bytes",
     [](const NodeContext& node) {
       return sum_of(node, [](const PartitionStatistics& p) { return p.pending_memory_bytes; });
     }},
    {"limits.lock_waiters_max", lock_waiters},
    {"limits.row_locks_max", row_locks},
    {"limits.advisory_locks_max",
     [](const NodeContext& node) { return uint64_t{node.services.advisory_locks.size()}; }},
    {"limits.notification_bytes_max", [](const NodeContext& node) { return node.services.notifications.bytes(); }},
    {"limits.channels_max", [](const NodeContext& node) { return uint64_t{node.services.notifications.channels()}; }},
    {"limits.log_queued_bytes_max", [](const NodeContext& node) { return node.services.log_queued_bytes.load(); }},
    {"limits.cache_bytes",
     [](const NodeContext& node) { return sum_of(node, [](const PartitionStatistics& p) { return p.cached_bytes; }); }},
    {"limits.dirty_bytes_max",
     [](const NodeContext& node) {
       return sum_of(node, [](const PartitionStatistics& p) { return p.dirty_bytes; });
     }},
    {"limits.history_bytes_max",
     [](const NodeContext& node) {
       return sum_of(node, [](const PartitionStatistics& p) { return p.history_bytes; });
     }},
    {"log.retention_bytes_max", [](const NodeContext& node) { return node.log_kept_bytes.load(); }},
    {"checkpoint.log_bytes",
     [](const NodeContext& node) { return node.log_bytes.load() - node.checkpoint_log_bytes.load(); }},
    {"checkpoint.interval_s", seconds_since_checkpoint},
};

}  // namespace

uint64_t limit_used(const NodeContext& node, const std::string& limit) {
  for (const Gauge& gauge : kGauges) {
    if (limit == gauge.limit) return gauge.used(node);
  }
  // One that bounds the size of a single thing, such as log.record_bytes_max: nothing of it is in use in between.
  return 0;
}

uint64_t tree_bytes(const NodeContext& node, TreeId tree) {
  uint64_t total = 0;
  for (const PublishedTreeBytes& partition : node.tree_bytes) total += partition.get(tree);
  return total;
}

std::vector<PartitionInfo> partition_rows(const NodeContext& node) {
  std::vector<PartitionInfo> rows(node.statistics.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const PartitionStatistics statistics = node.statistics[i].get();
    PartitionInfo& row = rows[i];
    row.id = static_cast<PartitionId>(i);
    row.state = to_string(ActorState::kRestarting);
    row.applied_scn = node.applied[i].load(std::memory_order_acquire);
    row.trees = static_cast<uint32_t>(statistics.trees);
    row.file_bytes = statistics.file_bytes;
    row.free_bytes = statistics.free_bytes;
    row.cached_bytes = statistics.cached_bytes;
    row.dirty_bytes = statistics.dirty_bytes + statistics.frozen_bytes;
    row.history_bytes = statistics.history_bytes;
    row.pending_bytes = statistics.pending_bytes;
    row.page_faults = statistics.faults;
    row.evictions = statistics.evictions;
    row.tombstones = statistics.tombstones;
  }
  for (const ActorRecordPtr& actor : node.services.actors.list()) {
    if (actor->kind != "partition") continue;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (actor->name == cat("partition[", i, "]")) rows[i].state = to_string(actor->state.load());
    }
  }
  return rows;
}

}  // namespace troupe
