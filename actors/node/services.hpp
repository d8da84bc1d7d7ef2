#pragma once
/// What every session of a node shares, without actors: the catalog, SCNs, snapshots, limits, who is connected.
/// Owner: the node; it outlives every actor. Members are safe to use from any thread in the way their classes say.
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/lock/advisory_locks.hpp"
#include "actors/node/oid_set.hpp"
#include "actors/node/checkpoint_list.hpp"
#include "actors/node/config.hpp"
#include "actors/node/front_door.hpp"
#include "actors/node/recovery_steps.hpp"
#include "actors/node/scrub_list.hpp"
#include "actors/session/session_list.hpp"
#include "runtime/cell/actor_registry.hpp"
#include "runtime/cell/newest_rows.hpp"
#include "runtime/cell/published.hpp"
#include "runtime/plan/system_table.hpp"
#include "runtime/settings/session_parameters.hpp"
#include "runtime/transaction/commit_clock.hpp"
#include "runtime/transaction/exported_snapshots.hpp"
#include "runtime/transaction/notification_queue.hpp"
#include "runtime/transaction/prepared_transactions.hpp"
#include "runtime/transaction/snapshot_registry.hpp"
#include "runtime/transaction/replication_slots.hpp"
#include "runtime/system/system_session.hpp"
#include "storage/file/frame_files.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

struct NodeServices {
  NodeServices(NodeConfig node_config, FileSystem& file_system, const Clock& node_clock, Scn last_scn, uint64_t boot,
               CatalogPtr first_catalog, SecretSource secret_source)
      : config{std::move(node_config)},
        files{file_system},
        clock{node_clock},
        events{node_clock, config.events_max},
        checkpoints{node_clock, config.checkpoints_max},
        damages{node_clock, config.events_max},
        commits{last_scn},
        transactions{boot},
        snapshots{commits, config.connections_max + 64},
        serializable_snapshots{commits, config.connections_max + 64},
        prepared{config.prepared_transactions_max},
        notifications{config.notification_bytes_max, config.channels_max},
        replication_slots{config.replication_slots_max},
        conflicts{node_clock, config.conflicts_max},
        catalog{std::move(first_catalog)},
        parameter_defaults{std::make_shared<ParameterDefaults>()},
        secrets{std::move(secret_source)},
        sessions{secrets},
        advisory_locks{sessions, config.advisory_locks_max},
        started_us{node_clock.wall_us()},
        next_row_id{boot << 40} {}

  const NodeConfig config;
  FileSystem& files;
  const Clock& clock;
  ActorRegistry actors;
  EventLog events;
  CheckpointList checkpoints;
  ScrubList scrubs;
  NewestRows<DamageInfo> damages;
  std::shared_ptr<RecoverySteps> recovery;  ///< set by the node
  CommitClock commits;
  TxnIdAllocator transactions;
  SnapshotRegistry snapshots;
  /// Of them, those of SERIALIZABLE transactions that may write: how far back commits are validated.
  SnapshotRegistry serializable_snapshots;
  ExportedSnapshots exported_snapshots;
  /// Whose sessions have left them (PREPARE TRANSACTION). The transaction manager adds and removes them.
  PreparedTransactions prepared;
  /// From those who NOTIFY to those who LISTEN.
  NotificationQueue notifications;
  uint64_t system_identifier = 0;  ///< of the data directory, for IDENTIFY_SYSTEM
  /// The publisher puts them on the disk.
  ReplicationSlots replication_slots;
  /// The newest transactions that could not be serialized, and whom they met.
  NewestRows<ConflictInfo> conflicts;
  /// Written keys that the transaction manager keeps to validate by.
  std::atomic<uint64_t> conflict_bytes{0};
  Published<Catalog> catalog;
  SystemTables system_tables;
  ParameterDefaultsPtr parameter_defaults;
  const SecretSource secrets;
  SessionList sessions;
  FrontDoor front_door;
  AdvisoryLocks advisory_locks;
  const int64_t started_us;
  /// Rows of tables without a primary key: the boot number above, so that none comes twice.
  std::atomic<uint64_t> next_row_id;
  /// Counters above everything in the catalog and in the partitions; DDL takes blocks of them.
  std::atomic<Oid> next_oid{kFirstUserOid};
  std::atomic<TreeId> next_tree{kFirstUserTree};
  /// How much of a limit is used now, and sys.partitions; set by the node.
  std::function<uint64_t(const std::string& limit)> limit_used;
  std::function<std::vector<PartitionInfo>()> partition_rows;
  /// Bytes of a tree in all partitions.
  std::function<uint64_t(TreeId)> tree_bytes;
  /// Versions of catalogs that only their transaction sees, so that no two of them are taken for the same.
  std::atomic<Scn> next_private_version{kFirstPrivateVersion};
  /// Commits that have an SCN and are not durable yet.
  std::atomic<uint64_t> log_queued_bytes{0};
  /// For the redo of large transactions.
  FrameFiles frame_files;
  /// The log's next segment cannot be made. What is left of the current one is for commits under way and for those that
  /// make room; no other is taken.
  std::atomic<bool> disk_full{false};
  OidSet databases_tidied;  ///< where nothing temporary is left of the node's former life
  /// The log writer cannot write what it has: it waits for space on the disk.
  std::atomic<bool> log_stuck{false};
  /// Where a sequence stands; nothing before it was first used.
  std::function<std::optional<SequenceStanding>(Oid)> sequence_position;
  /// The log could not be written: nothing is acknowledged any more.
  std::atomic<bool> fenced{false};
};

}  // namespace troupe
