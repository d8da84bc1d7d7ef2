#include "actors/node/recovery.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "storage/base/bytes.hpp"
#include "storage/base/text.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/catalog/codec.hpp"
#include "storage/log/log_reader.hpp"

namespace troupe {
namespace {

/// Changed pages go to the disk, in the middle of a commit if need be; part of starting up, so it blocks.
absl::Status make_room(PartitionStore& store, Scn covered) {
  auto job = store.begin_checkpoint(covered, CheckpointMetadata{});
  return store.finish_checkpoint(job->run());
}

/// Loads the page that an operation missed; part of starting up, so it blocks.
absl::Status load_missing(PartitionStore& store, PageAddress address) {
  auto image = load_page(store.file(), address);
  if (!image.ok()) return image.status();
  store.install(address, *std::move(image));
  return absl::OkStatus();
}

/// One record of a commit. Of a large one the next may follow when this one is forgotten: the log ends behind a whole
/// transaction, always.
absl::Status apply_record(const CommitFrame& record, Scn scn, const std::vector<PartitionStore*>& stores,
                          const std::vector<Scn>& covered) {
  for (size_t i = 0; i < stores.size(); ++i) {
    if (scn <= covered[i]) continue;
    stores[i]->set_oldest_snapshot(scn);  // nobody can want the older versions any more
    while (true) {
      TROUPE_ASSIGN_OR_RETURN(const ApplyResult applied,
                              stores[i]->apply(scn, record->head()->txn(), bytes_view(record->changes())));
      if (applied.done()) break;
      TROUPE_RETURN_IF_ERROR(applied.needs_room ? make_room(*stores[i], scn - 1)
                                                : load_missing(*stores[i], applied.fault.address));
    }
  }
  return absl::OkStatus();
}

}  // namespace

PartitionOptions partition_options(const NodeConfig& config, PartitionId id, const NodeMeta& meta) {
  const uint32_t partitions = meta.partitions;
  PartitionOptions options;
  options.id = id;
  options.create = !meta.formed;
  options.page_bytes = config.page_bytes;
  options.file_growth_bytes = config.file_growth_bytes;
  options.cache_bytes = config.cache_bytes / partitions;
  options.pending_bytes_max = config.pending_bytes_max;
  options.pending_memory_bytes_max = config.pending_memory_bytes / partitions;
  options.history_bytes_max = config.history_bytes_max / partitions;
  options.dirty_bytes_max = config.dirty_bytes_max / partitions;
  return options;
}

LogOptions log_options(const NodeConfig& config) {
  LogOptions options;
  options.segment_bytes = config.log_segment_bytes;
  options.record_bytes_max = static_cast<uint32_t>(config.log_record_bytes_max);
  options.queued_bytes_max = config.log_queued_bytes_max;
  options.retention_bytes_max = config.log_retention_bytes;
  options.synced = config.planted != PlantedBug::kLogNotSynced;
  return options;
}

std::string log_directory(const NodeConfig& config) { return join_path(config.data_directory, "log"); }

absl::StatusOr<Scn> replay_log(FileSystem& files, const std::string& directory, LogPosition durable,
                               const std::vector<PartitionStore*>& stores, const ReplayProgress& progress) {
  std::vector<Scn> covered;
  for (const PartitionStore* store : stores) covered.push_back(store->checkpoint_scn());
  const Scn from = *std::min_element(covered.begin(), covered.end());
  Scn newest = std::max(kFirstScn, *std::max_element(covered.begin(), covered.end()));
  LogIndex index(files, directory);
  TROUPE_RETURN_IF_ERROR(index.refresh(durable));
  if (index.entries().empty()) return newest;
  const auto segment = index.find(std::max(from, index.earliest()));
  if (!segment.ok()) return segment.status();
  // An empty file where there was a partition is no exception: a log that was ever released had a checkpoint before it.
  if (index.earliest() > std::max(from, kFirstScn)) {
    const size_t behind = static_cast<size_t>(std::min_element(covered.begin(), covered.end()) - covered.begin());
    return with_hint(error(ErrorCode::kDataCorrupted, "the log in ", directory, " begins after SCN ", index.earliest(),
                           ", but the newest checkpoint that can be read in ", stores[behind]->file().path(),
                           " covers only SCN ", from),
                     "Restore the data directory from a backup.");
  }
  LogReader reader(files, directory);
  TROUPE_RETURN_IF_ERROR(reader.seek_behind(*segment, std::max(from, index.earliest())));
  std::optional<LogPosition> begin;
  uint64_t commits = 0;
  while (true) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, reader.next(durable));
    if (!record) break;
    if (!begin) begin = record->position;
    if (progress) progress(record->end - *begin, durable - *begin, commits);
    if (record->kind != LogRecordKind::commit && record->kind != LogRecordKind::commit_part) continue;
    TROUPE_ASSIGN_OR_RETURN(const auto frame, verify_frame<schema::Commit>(FrameBytes::copy_of(record->payload)));
    TROUPE_RETURN_IF_ERROR(apply_record(frame, record->scn, stores, covered));
    if (record->kind == LogRecordKind::commit_part) continue;
    newest = std::max(newest, record->scn);
    ++commits;
  }
  return newest;
}

namespace {

absl::StatusOr<Scn> replay_step(FileSystem& files, const std::string& directory, LogPosition durable,
                                PartitionStore& store, uint64_t step, RecoverySteps& steps) {
  const absl::StatusOr<Scn> newest =
      replay_log(files, directory, durable, {&store}, [&](uint64_t bytes, uint64_t total_bytes, uint64_t commits) {
        steps.advance(step, bytes, total_bytes, commits);
      });
  steps.finish(step, newest.status());
  return newest;
}

}  // namespace

absl::StatusOr<Scn> replay_one(FileSystem& files, const std::string& directory, LogPosition durable,
                               PartitionId partition, PartitionStore& store, RecoverySteps& steps) {
  return replay_step(files, directory, durable, store, steps.begin("replay", partition), steps);
}

absl::StatusOr<Scn> replay_all(FileSystem& files, const std::string& directory, LogPosition durable,
                               const std::vector<PartitionStore*>& stores, bool parallel, RecoverySteps& steps) {
  std::vector<absl::StatusOr<Scn>> reached(stores.size(), kNoScn);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < stores.size(); ++i) {
    const uint64_t step = steps.begin("replay", static_cast<PartitionId>(i));
    const auto replay = [&, i, step] {
      reached[i] = replay_step(files, directory, durable, *stores[i], step, steps);
    };
    if (parallel) {
      threads.emplace_back(replay);
    } else {
      replay();
    }
  }
  for (std::thread& thread : threads) thread.join();
  Scn newest = kFirstScn;
  for (const absl::StatusOr<Scn>& scn : reached) {
    if (!scn.ok()) return scn.status();
    newest = std::max(newest, *scn);
  }
  return newest;
}

absl::Status check_log_reaches(Scn log_end, const std::vector<PartitionStore*>& stores) {
  for (const PartitionStore* store : stores) {
    if (store->checkpoint_scn() <= std::max(log_end, kFirstScn)) continue;
    return with_hint(error(ErrorCode::kDataCorrupted, "the log ends at SCN ", log_end, ", but the checkpoint in ",
                           store->file().path(), " covers SCN ", store->checkpoint_scn(),
                           ", which was in the log: files of the log are missing"),
                     "Restore the log's files, or the data directory from a backup.");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> read_tree(PartitionStore& store, TreeId tree) {
  std::map<std::string, std::string> rows;
  ScanCursor cursor;
  cursor.tree = tree;
  ScanBatch batch;
  while (true) {
    TROUPE_RETURN_IF_ERROR(store.scan(ReadView{}, cursor, ScanBudget{}, &batch));
    for (const ScanRow& row : batch.rows) rows.emplace(row.key, row.row);
    if (batch.state == ScanState::kEnd) return rows;
    if (batch.state == ScanState::kFault) TROUPE_RETURN_IF_ERROR(load_missing(store, batch.fault.address));
  }
}

namespace {

/// What object_key() made.
Oid oid_of(const std::string& key) {
  Oid oid = 0;
  for (const char byte : key) oid = oid << 8 | static_cast<uint8_t>(byte);
  return oid;
}

}  // namespace

absl::StatusOr<CatalogPtr> load_catalog(PartitionStore& store, Scn version, GateFactory make_gate) {
  TROUPE_ASSIGN_OR_RETURN(const auto rows, read_tree(store, kCatalogObjectTree));
  CatalogCounters counters;
  std::vector<CatalogChange> changes;
  for (const auto& [key, bytes] : rows) {
    if (key == counters_key()) {
      // What was made and dropped again: its ids must not come twice, the log still speaks of them.
      TROUPE_ASSIGN_OR_RETURN(const CatalogCounters used, decode_counters(bytes));
      counters.next_oid = std::max(counters.next_oid, used.next_oid);
      counters.next_tree = std::max(counters.next_tree, used.next_tree);
      continue;
    }
    if (bytes == encode_dropped()) {
      changes.push_back({oid_of(key), nullptr});
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(ObjectPtr object, decode_object(bytes));
    counters.next_oid = std::max(counters.next_oid, object->oid + 1);
    if (object->kind == ObjectKind::table) {
      const auto& table = static_cast<const TableDef&>(*object);
      counters.next_tree = std::max(counters.next_tree, table.tree + 1);
      for (const ConstraintDef& constraint : table.constraints) {
        counters.next_oid = std::max(counters.next_oid, constraint.oid + 1);
      }
    } else if (object->kind == ObjectKind::index) {
      counters.next_tree = std::max(counters.next_tree, static_cast<const IndexDef&>(*object).tree + 1);
    }
    const Oid oid = object->oid;
    changes.push_back({oid, std::move(object)});
  }
  return Catalog::bootstrap(std::move(make_gate))->with_changes(changes, version, counters);
}

size_t drop_unknown_trees(const Catalog& catalog, PartitionStore& store) {
  std::set<TreeId> known;
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    known.insert(static_cast<const TableDef&>(*object).tree);
  }
  for (const ObjectPtr& object : catalog.objects(ObjectKind::index)) {
    known.insert(static_cast<const IndexDef&>(*object).tree);
  }
  size_t dropped = 0;
  for (const TreeId tree : store.trees()) {
    if (tree < kFirstUserTree || known.contains(tree)) continue;
    store.abandon_tree(tree);
    ++dropped;
  }
  return dropped;
}

absl::StatusOr<std::vector<PreparedTransaction>> load_prepared(PartitionStore& store) {
  TROUPE_ASSIGN_OR_RETURN(const auto rows, read_tree(store, kPreparedTree));
  std::map<TxnId, std::string> encoded;
  for (const auto& [key, piece] : rows) encoded[prepared_row_transaction(key)] += piece;
  std::vector<PreparedTransaction> all;
  for (const auto& [txn, bytes] : encoded) {
    TROUPE_ASSIGN_OR_RETURN(PreparedTransaction transaction, decode_prepared(bytes));
    all.push_back(std::move(transaction));
  }
  return all;
}

absl::StatusOr<std::map<Oid, SequencePosition>> load_sequences(PartitionStore& store) {
  TROUPE_ASSIGN_OR_RETURN(const auto rows, read_tree(store, kSequenceTree));
  std::map<Oid, SequencePosition> positions;
  for (const auto& [key, bytes] : rows) {
    TROUPE_ASSIGN_OR_RETURN(positions[oid_of(key)], decode_sequence(bytes));
  }
  return positions;
}

absl::Status load_slots(FileSystem& files, const std::string& data_directory, ReplicationSlots* slots) {
  const std::string path = slots_path(data_directory);
  TROUPE_ASSIGN_OR_RETURN(const bool there, files.exists(path));
  if (!there) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const std::string bytes, read_file(files, path));
  return slots->decode(bytes);
}

}  // namespace troupe
