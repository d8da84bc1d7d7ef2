#include "actors/node/node.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include <caf/all.hpp>

#include "actors/admin/checkpointer.hpp"
#include "actors/admin/scrubber.hpp"
#include "actors/lock/lock_shard.hpp"
#include "actors/lock/prepared_locks.hpp"
#include "actors/log/log_actor.hpp"
#include "actors/node/front_door.hpp"
#include "actors/node/node_statistics.hpp"
#include "actors/node/recovery.hpp"
#include "actors/node/threaded_platform.hpp"
#include "actors/node/ticker.hpp"
#include "actors/partition/page_io.hpp"
#include "actors/partition/partition.hpp"
#include "actors/partition/rebuilder.hpp"
#include "actors/stream/continuous_views.hpp"
#include "actors/stream/publisher.hpp"
#include "actors/stream/view_starter.hpp"
#include "actors/subscription/subscription_starter.hpp"
#include "actors/subscription/subscription_views.hpp"
#include "actors/transaction/deadlock_detector.hpp"
#include "actors/transaction/sequences.hpp"
#include "actors/transaction/transaction_manager.hpp"
#include "actors/webhook/webhook_starter.hpp"
#include "actors/webhook/webhook_table.hpp"
#include "runtime/cell/supervisor.hpp"
#include "runtime/system/system_functions.hpp"
#include "runtime/system/system_tables.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// How long a stop waits for sessions to tell their clients.
constexpr int64_t kLeaveUs = 500'000;

absl::Status with_restore_hint(absl::Status status) {
  const ErrorCode code = error_code(status);
  const bool lost = code == ErrorCode::kDataCorrupted || code == ErrorCode::kUndefinedFile;
  return lost ? with_hint(std::move(status), "Restore the data directory from a backup.") : status;
}

std::shared_ptr<void> make_gate(const TableDef&) { return std::make_shared<TableGate>(); }

/// What SHOW tells of this node.
ParameterDefaultsPtr parameter_defaults(const NodeConfig& config) {
  auto defaults = std::make_shared<ParameterDefaults>();
  const auto tell = [&](std::string_view name, const std::string& value) {
    TROUPE_CHECK(defaults->set(name, value, ParameterSource::kConfigurationFile).ok());
  };
  tell("max_prepared_transactions", cat(config.prepared_transactions_max));
  tell("max_replication_slots", cat(config.replication_slots_max));
  tell("max_slot_wal_keep_size", cat(config.log_retention_bytes >> 20));
  if (config.port != 0) tell("port", cat(config.port));
  tell("listen_addresses", config.listen_address);
  if (!config.tls_certificate_file.empty()) tell("ssl", "on");
  tell("data_directory", std::filesystem::absolute(config.data_directory).lexically_normal().string());
  return defaults;
}

}  // namespace

struct Node::Parts {
  NodeConfig config;
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
  Facts facts;
  NodeMeta meta;
  std::shared_ptr<const ClientFacingTls> tls;
  std::unique_ptr<DirectoryLock> directory_lock;
  OpenedLog opened_log;
  std::shared_ptr<RecoverySteps> steps;
  std::unique_ptr<LogState> first_log;  ///< until the first log writer takes it over

  std::shared_ptr<Platform> platform;  ///< before the system: CAF's threads may still wake a cell until that has ended
  caf::actor_system_config system_config;
  std::optional<caf::actor_system> system;
  std::optional<NodeServices> services;
  std::optional<NodeContext> context;
  std::vector<caf::execution_unit*> units;
  SupervisorActor root;

  absl::Status recover();
  absl::Status in_step(const char* step, const std::function<absl::Status()>& work);
  void make_heirs(std::vector<std::shared_ptr<PartitionStore>> stores);
  std::unique_ptr<PartitionState> rebuild_partition(PartitionId id);
  void start_actors();
  SupervisorOptions subtree(const std::string& name, RestartStrategy strategy);
  std::vector<ChildSpec> log_children();
  ChildSpec page_reader_child(uint32_t i);
  std::vector<ChildSpec> storage_children();
  std::vector<ChildSpec> transaction_children();
  ChildSpec supervisor_child(const std::string& name, RestartStrategy strategy, std::vector<ChildSpec> children,
                             std::function<void(const caf::actor&)> on_started = {});
  ChildSpec subscriptions_child();
  void take_leave();
  void announce(LostPart part, uint32_t index, uint64_t incarnation, bool state_lost);

  template <class Actor, caf::spawn_options Options = caf::no_spawn_options, class... Args>
  ChildSpec child(std::string kind, std::string name, caf::execution_unit* pinned,
                  std::function<void(const caf::actor&)> on_started, Args... args) {
    ChildSpec spec;
    spec.kind = std::move(kind);
    spec.name = std::move(name);
    spec.pinned = pinned;
    spec.on_started = std::move(on_started);
    spec.start = [node = &*context, args...](caf::local_actor& supervisor, const ActorSeat& seat) {
      if (!node->may_block) return caf::actor_cast<caf::actor>(supervisor.spawn<Actor>(seat, std::ref(*node), args...));
      return caf::actor_cast<caf::actor>(supervisor.spawn<Actor, Options>(seat, std::ref(*node), args...));
    };
    return spec;
  }
};

// --- recovery ---

absl::Status Node::Parts::in_step(const char* step, const std::function<absl::Status()>& work) {
  const uint64_t id = steps->begin(step, std::nullopt);
  absl::Status status = work();
  steps->finish(id, status);
  return status;
}

absl::Status Node::Parts::recover() {
  static std::once_flag functions_registered;
  std::call_once(functions_registered, [] {
    register_system_functions(function_registry());
    register_system_table_functions();
  });
  const int64_t from_us = clock->monotonic_us();
  const bool partitions_given = config.partitions != 0;
  const uint32_t wanted = partitions_given ? config.partitions : std::min(config.cells, kPartitionsMax);
  TROUPE_ASSIGN_OR_RETURN(meta, open_node_meta(*files, config, wanted, partitions_given, platform->secrets()));
  config.partitions = meta.partitions;
  std::vector<std::shared_ptr<PartitionStore>> stores;
  std::vector<PartitionStore*> pointers;
  const auto open_partitions = [&]() -> absl::Status {
    for (uint32_t i = 0; i < meta.partitions; ++i) {
      const auto options = partition_options(config, static_cast<PartitionId>(i), meta);
      auto store = PartitionStore::open(*files, config.data_directory, options);
      if (!store.ok()) return with_restore_hint(store.status());
      pointers.push_back(store->get());
      stores.push_back(*std::move(store));
    }
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(in_step("open partitions", open_partitions));
  TROUPE_RETURN_IF_ERROR(files->create_directory(log_directory(config)));
  TROUPE_ASSIGN_OR_RETURN(const RecoveryPoint point, read_recovery_point(*files, config.data_directory));
  LogScanOptions scan;
  scan.scan_from = point.position;
  scan.known_durable = std::max(point.position, point.reached);
  scan.must_exist = meta.formed;
  scan.trusts_payloads = config.planted == PlantedBug::kTornRecordAccepted;
  scan.new_log_id = static_cast<uint64_t>(clock->wall_us()) | 1;
  const auto open = [&]() -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(opened_log, open_log(*files, log_directory(config), log_options(config), scan));
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(in_step("find the log's end", open));
  TROUPE_ASSIGN_OR_RETURN(Scn newest, replay_all(*files, log_directory(config), opened_log.tail.end, pointers,
                                                 platform->may_block(), *steps));
  TROUPE_RETURN_IF_ERROR(check_log_reaches(std::max(opened_log.tail.last_scn, point.scn), pointers));
  newest = std::max(newest, opened_log.tail.last_scn);
  CatalogPtr catalog;
  const auto load = [&]() -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(catalog, load_catalog(*pointers[0], newest, make_gate));
    return absl::OkStatus();
  };
  TROUPE_RETURN_IF_ERROR(in_step("load the catalog", load));
  TROUPE_ASSIGN_OR_RETURN(const auto sequences, load_sequences(*pointers[0]));
  TROUPE_ASSIGN_OR_RETURN(std::vector<PreparedTransaction> prepared, load_prepared(*pointers[0]));

  TROUPE_RETURN_IF_ERROR(check_front_door(config, *catalog));

  services.emplace(config, *files, *clock, newest, meta.boot, catalog, platform->secrets());
  services->front_door.tls = tls;
  services->front_door.unknown_role_secret = meta.secret;
  services->recovery = steps;
  services->parameter_defaults = parameter_defaults(config);
  services->system_identifier = opened_log.tail.segment.log_id;
  TROUPE_RETURN_IF_ERROR(load_slots(*files, config.data_directory, &services->replication_slots));
  context.emplace(*services, meta.partitions);
  for (PreparedTransaction& transaction : prepared) services->prepared.add(revived(std::move(transaction), *catalog));
  services->next_oid.store(catalog->counters().next_oid);
  TreeId next_tree = catalog->counters().next_tree;
  for (const PartitionStore* store : pointers) {
    if (!store->trees().empty()) next_tree = std::max(next_tree, store->trees().back() + 1);
  }
  services->next_tree.store(next_tree);
  if (!point.problem.empty()) services->events.add("recovery", "node", point.problem);
  for (const PartitionStore* store : pointers) {
    if (!store->repaired().empty()) services->events.add("recovery", "node", cat(store->repaired(), "; written again"));
  }
  size_t unknown_trees = 0;
  for (PartitionStore* store : pointers) unknown_trees += drop_unknown_trees(*catalog, *store);
  if (unknown_trees > 0) {
    services->events.add("recovery", "node", cat("dropped ", unknown_trees, " trees of bulk loads that did not commit"));
  }
  // Before the node's own, which have no rows of these.
  add_subscription_views(*services, &services->system_tables);
  add_system_tables(&services->system_tables);
  services->system_tables.add(continuous_views_table(*services));
  services->system_tables.add(webhook_senders_table(*services));
  context->log_directory = log_directory(config);
  context->durable_log_position.store(opened_log.tail.end);
  context->logged_sequences = std::make_shared<SequencePositions>();
  for (const auto& [oid, position] : sequences) context->logged_sequences->set(oid, position);
  first_log = std::make_unique<LogState>(*files, log_directory(config), opened_log, log_options(config));
  first_log->recovered = newest;
  first_log->point = point;
  // A checkpoint that covers all that was recovered lets the next recovery begin here.
  first_log->batches.emplace_back(newest + 1, opened_log.tail.end);
  context->log_bytes.store(opened_log.tail.end - std::max(point.position, opened_log.start));
  TROUPE_RETURN_IF_ERROR(first_log->writer.start());
  if (!meta.formed) {
    meta.formed = true;
    TROUPE_RETURN_IF_ERROR(write_node_meta(*files, config, meta));
  }
  context->given_sequences = std::make_shared<SequencePositions>(*context->logged_sequences);
  services->sequence_position = [given = context->given_sequences](Oid sequence) -> std::optional<SequenceStanding> {
    const auto position = given->find(sequence);
    return position ? std::optional(SequenceStanding{position->value, position->is_called}) : std::nullopt;
  };
  make_heirs(std::move(stores));
  services->limit_used = [this](const std::string& limit) { return limit_used(*context, limit); };
  services->partition_rows = [this] { return partition_rows(*context); };
  services->tree_bytes = [this](TreeId tree) { return tree_bytes(*context, tree); };
  facts.cells = config.cells;
  facts.partitions = meta.partitions;
  facts.recovered_scn = newest;
  facts.recovery_ms = (clock->monotonic_us() - from_us) / 1000;
  facts.log_ended = opened_log.cut_because;
  return absl::OkStatus();
}

/// From the newest checkpoint and the log, as at start: the state that the last actor left is not to be trusted.
std::unique_ptr<PartitionState> Node::Parts::rebuild_partition(PartitionId id) {
  // Before the log is looked at: from here on the transaction manager keeps every commit for it. One that it forgot before,
  // because the old state had applied it, was durable by then.
  context->applied[id].store(kNoScn, std::memory_order_release);
  auto opened = PartitionStore::open(*files, config.data_directory, partition_options(config, id, meta));
  TROUPE_CHECK_MSG(opened.ok(), std::string(opened.status().message()));
  std::shared_ptr<PartitionStore> store = *std::move(opened);
  const auto newest =
      replay_one(*files, log_directory(config), context->durable_log_position.load(), id, *store, *steps);
  TROUPE_CHECK_MSG(newest.ok(), std::string(newest.status().message()));
  auto state = std::make_unique<PartitionState>(id, std::move(store), *newest);
  state->last_commit = *newest;
  context->applied[id].store(*newest, std::memory_order_release);
  return state;
}

void Node::Parts::make_heirs(std::vector<std::shared_ptr<PartitionStore>> stores) {
  const Scn recovered = services->commits.durable();
  for (uint32_t i = 0; i < stores.size(); ++i) {
    const auto id = static_cast<PartitionId>(i);
    auto first = std::make_shared<std::shared_ptr<PartitionStore>>(std::move(stores[i]));
    context->applied[i].store(recovered);
    context->partitions.push_back(std::make_shared<Heir<PartitionState>>([this, id, first, recovered] {
      if (*first == nullptr) return rebuild_partition(id);
      auto state = std::make_unique<PartitionState>(id, std::exchange(*first, nullptr), recovered);
      state->last_commit = recovered;
      return state;
    }));
    context->lock_shards.push_back(std::make_shared<Heir<LockShardState>>(
        [this, id] {
          auto state = std::make_unique<LockShardState>(
              LockLimits{config.lock_waiters_max, std::max<uint64_t>(1, config.row_locks_max / config.partitions)});
          if (config.planted != PlantedBug::kPreparedUnlocked) lock_prepared(*services, id, *state);
          return state;
        }));
  }
  context->manager = std::make_shared<Heir<TransactionManagerState>>([this, first = true]() mutable {
    if (!std::exchange(first, false)) {
      // Commits that it had handed to some and not yet to others are gone: only the log knows which count.
      context->fence("commits are in an unknown state",
                     error(ErrorCode::kInternalError, "the transaction manager ended inside an operation"));
    }
    return std::make_unique<TransactionManagerState>(config.partitions, services->commits.assigned(),
                                                     config.conflict_bytes_max);
  });
  context->sequences = std::make_shared<Heir<SequenceState>>([this] {
    auto state = std::make_unique<SequenceState>();
    for (const auto& [oid, position] : context->logged_sequences->get()) {
      state->sequences[oid].now = state->sequences[oid].logged = position;
    }
    return state;
  });
  context->log = std::make_shared<Heir<LogState>>([this]() -> std::unique_ptr<LogState> {
    if (first_log != nullptr) return std::move(first_log);
    // What the failed writer has put on the disk is known to recovery only.
    const absl::Status why = error(ErrorCode::kInternalError, "the log writer ended inside an operation");
    context->fence("the log is in an unknown state", why);
    auto state = std::make_unique<LogState>(*files, log_directory(config), opened_log, log_options(config));
    state->recovered = services->commits.durable();
    state->appender.refuse(why);
    return state;
  });
}

// --- actors ---

SupervisorOptions Node::Parts::subtree(const std::string& name, RestartStrategy strategy) {
  SupervisorOptions options;
  options.name = name;
  options.strategy = strategy;
  options.intensity.restarts_max = 100;
  options.intensity.within_ms = 10'000;
  options.registry = &services->actors;
  options.events = &services->events;
  options.clock = clock;
  return options;
}

ChildSpec Node::Parts::supervisor_child(const std::string& name, RestartStrategy strategy,
                                        std::vector<ChildSpec> children,
                                        std::function<void(const caf::actor&)> on_started) {
  ChildSpec spec;
  spec.kind = "supervisor";
  spec.name = name;
  spec.pinned = units[0];
  spec.on_started = std::move(on_started);
  spec.start = [options = subtree(name, strategy), children = std::move(children)](caf::local_actor& supervisor,
                                                                                   const ActorSeat& seat) {
    return caf::actor_cast<caf::actor>(supervisor.spawn<Supervisor>(seat, options, children));
  };
  return spec;
}

void Node::Parts::announce(LostPart part, uint32_t index, uint64_t incarnation, bool state_lost) {
  for (const SessionRecordPtr& session : services->sessions.list()) {
    session->tell.lost(static_cast<uint8_t>(part), index, incarnation, state_lost);
  }
}

std::vector<ChildSpec> Node::Parts::log_children() {
  return {
      child<Publisher, caf::detached>("change_publisher", "change_publisher", nullptr,
                                      [this](const caf::actor& actor) {
                                        context->directory.update([&](Addresses& to) {
                                          to.publisher = caf::actor_cast<PublisherActor>(actor);
                                        });
                                        announce(LostPart::kPublisher, 0, 0, false);
                                      }),
      child<LogActor, caf::detached>("log_writer", "log_writer", nullptr,
                                     [this](const caf::actor& actor) {
                                       const auto log_writer = caf::actor_cast<LogWriterActor>(actor);
                                       context->directory.update([&](Addresses& to) { to.log_writer = log_writer; });
                                       announce(LostPart::kLogWriter, 0, 0, false);
                                       caf::anon_send(log_writer, lost_atom::value);
                                     }),
  };
}

ChildSpec Node::Parts::page_reader_child(uint32_t i) {
  ChildSpec reader;
  reader.kind = "page_reader";
  reader.name = cat("page_reader[", i, "]");
  reader.on_started = [this, i](const caf::actor& actor) {
    context->directory.update(
        [&](Addresses& to) { to.page_readers[i] = caf::actor_cast<PageReaderActor>(actor); });
    for (const PartitionActor& partition : context->directory.get()->partitions) {
      caf::anon_send(partition, lost_atom::value);
    }
  };
  reader.start = [this](caf::local_actor& supervisor, const ActorSeat& seat) {
    if (!context->may_block) return caf::actor_cast<caf::actor>(supervisor.spawn<PageReader>(seat));
    return caf::actor_cast<caf::actor>(supervisor.spawn<PageReader, caf::detached>(seat));
  };
  return reader;
}

std::vector<ChildSpec> Node::Parts::storage_children() {
  std::vector<ChildSpec> specs;
  const auto set = [this](auto field) {
    return [this, field](const caf::actor& actor) {
      context->directory.update([&](Addresses& to) {
        to.*field = caf::actor_cast<std::decay_t<decltype(to.*field)>>(actor);
      });
    };
  };
  for (uint32_t i = 0; i < config.page_readers; ++i) specs.push_back(page_reader_child(i));
  specs.push_back(
      child<PageWriter, caf::detached>("page_writer", "page_writer", nullptr, set(&Addresses::page_writer)));
  for (uint32_t i = 0; i < config.partitions; ++i) {
    const auto publish = [this, i](const caf::actor& actor) {
      uint64_t incarnation = 0;
      const auto partition = caf::actor_cast<PartitionActor>(actor);
      context->directory.update([&](Addresses& to) {
        to.partitions[i] = partition;
        incarnation = ++to.partition_incarnations[i];
      });
      if (incarnation == 1) return;
      announce(LostPart::kPartition, i, incarnation, context->partition_rebuilt[i].load());
      caf::anon_send(partition, rejoin_atom::value);
    };
    auto spec = child<Partition>("partition", cat("partition[", i, "]"), nullptr, publish, static_cast<PartitionId>(i));
    spec.start = [this, id = static_cast<PartitionId>(i), start = spec.start](caf::local_actor& supervisor,
                                                                            const ActorSeat& seat) {
      if (!context->partition_started[id].load() || context->partitions[id]->usable()) return start(supervisor, seat);
      if (!context->may_block) return supervisor.spawn<PartitionRebuilder>(seat, std::ref(*context), id);
      return supervisor.spawn<PartitionRebuilder, caf::detached>(seat, std::ref(*context), id);
    };
    specs.push_back(std::move(spec));
  }
  specs.push_back(child<CheckpointActor>("checkpointer", "checkpointer", units[0], [this](const caf::actor& actor) {
    context->directory.update([&](Addresses& to) { to.checkpointer = caf::actor_cast<CheckpointerActor>(actor); });
    announce(LostPart::kCheckpointer, 0, 0, false);
  }));
  return specs;
}

std::vector<ChildSpec> Node::Parts::transaction_children() {
  const auto manager_started = [this](const caf::actor& actor) {
    uint64_t incarnation = 0;
    const auto manager = caf::actor_cast<TransactionManagerActor>(actor);
    context->directory.update([&](Addresses& to) {
      to.manager = manager;
      incarnation = ++to.manager_incarnation;
    });
    if (incarnation <= 1) return;
    announce(LostPart::kTransactionManager, 0, incarnation, false);
    caf::anon_send(manager, lost_atom::value);
    if (const SequenceActor sequences = context->directory.get()->sequences) {
      caf::anon_send(sequences, lost_atom::value);
    }
  };
  const auto sequences_started = [this](const caf::actor& actor) {
    context->directory.update([&](Addresses& to) { to.sequences = caf::actor_cast<SequenceActor>(actor); });
    announce(LostPart::kSequences, 0, 0, false);
  };
  std::vector<ChildSpec> specs;
  specs.push_back(
      child<TransactionManager>("transaction_manager", "transaction_manager", nullptr, manager_started));
  for (uint32_t i = 0; i < config.partitions; ++i) {
    const auto publish = [this, i](const caf::actor& actor) {
      uint64_t incarnation = 0;
      context->directory.update([&](Addresses& to) {
        to.lock_shards[i] = caf::actor_cast<LockShardActor>(actor);
        incarnation = ++to.lock_shard_incarnations[i];
      });
      if (incarnation > 1) announce(LostPart::kLockShard, i, incarnation, context->lock_shard_rebuilt[i].load());
    };
    specs.push_back(child<LockShard>("lock_shard", cat("lock_shard[", i, "]"), nullptr, publish,
                                     static_cast<PartitionId>(i)));
  }
  specs.push_back(child<DeadlockDetector>(
      "deadlock_detector", "deadlock_detector", units[0], [this](const caf::actor& actor) {
        context->directory.update(
            [&](Addresses& to) { to.deadlock_detector = caf::actor_cast<DeadlockDetectorActor>(actor); });
      }));
  specs.push_back(child<Sequences>("sequences", "sequences", units[0], sequences_started));
  return specs;
}

/// A subscription's worker that fails is no concern of anybody else's, so they have a supervisor of their own; whoever
/// starts them waits longer and longer.
ChildSpec Node::Parts::subscriptions_child() {
  ChildSpec starter;
  starter.kind = starter.name = "subscription_starter";
  starter.pinned = units[0];
  starter.start = [this](caf::local_actor& supervisor, const ActorSeat& seat) {
    return caf::actor_cast<caf::actor>(
        supervisor.spawn<SubscriptionStarter>(seat, std::ref(*context), units, supervisor.address()));
  };
  return supervisor_child("subscriptions", RestartStrategy::kOneForOne, {std::move(starter)});
}

void Node::Parts::start_actors() {
  platform->configure(system_config);
  system.emplace(system_config);
  units = platform->make_units(*system, config.cells);
  context->may_block = platform->may_block();
  if (context->may_block) context->services.frame_files.use_directory(config.data_directory);
  context->directory.update([&](Addresses& to) {
    to.partitions.resize(config.partitions);
    to.partition_incarnations.resize(config.partitions);
    to.lock_shards.resize(config.partitions);
    to.page_readers.resize(config.page_readers);
    to.lock_shard_incarnations.resize(config.partitions);
  });
  std::vector<ChildSpec> subtrees;
  // The order of starting; stopping goes the other way: first no new work, at last the log.
  subtrees.push_back(supervisor_child("log", RestartStrategy::kOneForOne, log_children()));
  subtrees.push_back(supervisor_child("storage", RestartStrategy::kOneForOne, storage_children()));
  subtrees.push_back(supervisor_child("transaction", RestartStrategy::kOneForOne, transaction_children()));
  subtrees.push_back(supervisor_child("admin", RestartStrategy::kOneForOne,
                                      {child<Ticker>("ticker", "ticker", units[0], {}),
                                       child<Scrubber, caf::detached>("scrubber", "scrubber", nullptr, {})}));
  subtrees.push_back(
      supervisor_child("sessions", RestartStrategy::kOneForOne, platform->listeners(*context), [this](const caf::actor& actor) {
        context->directory.update(
            [&](Addresses& to) { to.sessions = caf::actor_cast<SupervisorActor>(actor); });
      }));
  // On no cell: a new session must not wait for a cell that is not its own.
  if (context->may_block) subtrees.back().pinned = nullptr;
  ChildSpec starter;
  starter.kind = starter.name = "view_starter";
  starter.pinned = units[0];
  starter.start = [this](caf::local_actor& supervisor, const ActorSeat& seat) {
    return caf::actor_cast<caf::actor>(
        supervisor.spawn<ViewStarter>(seat, std::ref(*context), units, supervisor.address()));
  };
  std::vector<ChildSpec> streams{std::move(starter)};
  if (context->may_block) {  // the simulator has no network of ours
    ChildSpec webhooks;
    webhooks.kind = webhooks.name = "webhook_starter";
    webhooks.pinned = units[0];
    webhooks.start = [this](caf::local_actor& supervisor, const ActorSeat& seat) {
      return caf::actor_cast<caf::actor>(
          supervisor.spawn<WebhookStarter>(seat, std::ref(*context), units, supervisor.address()));
    };
    streams.push_back(std::move(webhooks));
  }
  subtrees.push_back(supervisor_child("streams", RestartStrategy::kOneForOne, std::move(streams)));
  if (context->may_block) subtrees.push_back(subscriptions_child());
  platform->start();
  ActorSeat seat;
  seat.record = services->actors.add(0, "supervisor", "node");
  seat.pinned = units[0];
  root = system->spawn<Supervisor>(seat, subtree("node", RestartStrategy::kOneForOne), std::move(subtrees));
  // Nobody supervises it: its end, when it is not the node's, means that subtrees gave up or a bug of ours.
  caf::actor_cast<caf::strong_actor_ptr>(root)->get()->attach_functor([this] {
    if (!context->stopping.load()) {
      context->fence("the root supervisor ended", error(ErrorCode::kInternalError, "see sys.events and the log"));
    }
  });
}

// --- the node ---

Node::Node(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

absl::StatusOr<std::unique_ptr<Node>> Node::start(NodeConfig config, FileSystem& files, const Clock& clock,
                                                  std::function<void(const std::string&)> on_fenced,
                                                  std::shared_ptr<Platform> platform,
                                                  std::function<void(const std::string&)> say) {
  TROUPE_RETURN_IF_ERROR(complete_config(config));
  auto parts = std::make_unique<Parts>();
  parts->config = std::move(config);
  parts->files = &files;
  parts->clock = &clock;
  parts->steps = std::make_shared<RecoverySteps>(clock, std::move(say));
  parts->platform = platform ? std::move(platform) : std::make_shared<ThreadedPlatform>();
  TROUPE_RETURN_IF_ERROR(files.create_directory(parts->config.data_directory));
  TROUPE_ASSIGN_OR_RETURN(parts->directory_lock, files.lock_directory(parts->config.data_directory));
  TROUPE_ASSIGN_OR_RETURN(parts->tls, load_client_facing_tls(files, parts->config));
  TROUPE_RETURN_IF_ERROR(parts->platform->open(parts->config));
  TROUPE_RETURN_IF_ERROR(parts->recover());
  parts->context->on_fenced = std::move(on_fenced);
  parts->start_actors();
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

/// Tells every client why its connection ends, and gives the sessions a moment to say it.
void Node::Parts::take_leave() {
  const std::string why = encode_error(
      error(ErrorCode::kAdminShutdown, "terminating connection due to administrator command"));
  for (const SessionRecordPtr& session : services->sessions.list()) {
    session->tell.end(why);
  }
  const int64_t until_us = clock->monotonic_us() + kLeaveUs;
  while (services->sessions.size() > 0 && clock->monotonic_us() < until_us) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

Node::~Node() { stop(); }

const Node::Facts& Node::facts() const { return parts_->facts; }

void Node::watch_events(std::function<void(const NodeEvent&)> watcher) {
  parts_->services->events.watch(std::move(watcher));
}

void Node::stop() {
  if (!parts_->root) return;
  parts_->context->stopping.store(true);
  if (parts_->context->may_block) parts_->take_leave();
  parts_->platform->stop(*parts_->system, parts_->root);
  parts_->root = nullptr;
  // A detached actor's thread ends with the last reference to it.
  parts_->context->directory.set(std::make_shared<Addresses>());
  parts_->platform->join();
}

}  // namespace troupe
