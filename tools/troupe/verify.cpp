#include "tools/troupe/verify.hpp"

#include <cstdio>

#include "actors/node/recovery.hpp"
#include "runtime/system/system_functions.hpp"
#include "runtime/system/system_tables.hpp"
#include "storage/base/text.hpp"
#include "storage/log/log_reader.hpp"

namespace troupe {
namespace {

constexpr std::chrono::seconds kSayEvery{1};
/// Of a table's rows in memory, all partitions together.
constexpr uint64_t kCacheBytes = 256ull << 20;

std::shared_ptr<void> make_gate(const TableDef&) { return std::make_shared<TableGate>(); }

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

Verification::Verification(FileSystem& files, const std::string& directory)
    : files_{files}, overlay_{files}, steps_{clock_, [](const std::string& line) { say(line); }} {
  config_.data_directory = directory;
  config_.cells = 1;
  config_.cache_bytes = kCacheBytes;
  listener_.damaged = [this](const std::string& what) { damaged(what); };
  listener_.progress = [this](const std::string& what) { progress(what); };
}

void Verification::damaged(const std::string& what) {
  ++found_;
  say(cat("damaged: ", what));
}

/// To whoever waits for long work; to standard error, so that what is printed is what was found.
void Verification::progress(const std::string& what) {
  const auto now = std::chrono::steady_clock::now();
  if (now - said_ < kSayEvery) return;
  said_ = now;
  std::fprintf(stderr, "%s\n", what.c_str());
}

bool Verification::noted(const absl::Status& status) {
  if (status.ok()) return false;
  damaged(error_fields(status).message);
  return true;
}

uint64_t Verification::run() {
  check_meta();
  for (uint32_t i = 0; i < meta_.partitions; ++i) check_data_file(static_cast<PartitionId>(i));
  check_log();
  if (!noted(recover())) {
    check_system_trees();
    check_tables();
  }
  say(found_ == 0 ? "whole"
                  : cat(found_,
                        " findings: not whole. Restore from the newest backup, or what can be read "
                        "with pg_dump."));
  return found_;
}

/// Without it the number of partitions is that of the files.
void Verification::check_meta() {
  const auto meta = open_node_meta(overlay_, config_, 1, false, [](size_t bytes) { return std::string(bytes, 's'); });
  if (!noted(meta.status())) {
    meta_ = *meta;
  } else {
    const auto names = files_.list(config_.data_directory);
    for (const std::string& name : names.ok() ? *names : std::vector<std::string>{}) {
      meta_.partitions += name.starts_with("partition-") && name.ends_with(".data") ? 1 : 0;
    }
  }
  ReplicationSlots slots(UINT32_MAX);
  noted(load_slots(files_, config_.data_directory, &slots));
  const auto point = read_recovery_point(files_, config_.data_directory);
  if (noted(point.status())) return;
  point_ = *point;
  if (!point_.problem.empty()) damaged(point_.problem);
}

void Verification::check_data_file(PartitionId partition) {
  const auto file = files_.open(join_path(config_.data_directory, PartitionStore::file_name(partition)), {});
  if (noted(file.status())) return;
  check_slots(**file);
  const auto superblock = read_superblock(**file);
  if (!superblock.ok()) return;  // both slots are told of
  if (superblock->partition != partition) {
    damaged(cat((*file)->path(), " belongs to partition ", superblock->partition));
  }
  const PageReport report = PageCheck(**file, *superblock, [this, partition](const PageReport& so_far) {
                              progress(cat("partition ", partition, ": ", so_far.page_count(), " pages"));
                            }).run();
  for (const std::string& what : report.damage) damaged(cat((*file)->path(), ": ", what));
  if (report.lost_bytes > 0 && report.damage.empty()) {
    damaged(cat((*file)->path(), ": ", report.lost_bytes, " bytes are neither used nor free"));
  }
  say(cat(PartitionStore::file_name(partition), ": checkpoint ", superblock->sequence, ", SCN ",
          superblock->covered_scn, ", ", report.page_count(), " pages, ", report.entries, " entries, ",
          report.stored_bytes, " bytes, ", report.free_bytes, " free"));
}

/// One that is not valid loses nothing: the other counts.
void Verification::check_slots(const File& file) {
  for (const uint64_t offset : {uint64_t{0}, kSuperblockBytes}) {
    std::string bytes(kSuperblockBytes, '\0');
    const auto size = file.read_up_to(offset, bytes);
    if (noted(size.status())) continue;
    bytes.resize(*size);
    const auto slot = decode_superblock(bytes, file.path());
    if (!slot.ok()) damaged(cat("slot at byte ", offset, ": ", error_fields(slot.status()).message));
  }
}

/// All of it that is kept, and from where a start would read it.
void Verification::check_log() {
  LogScanOptions options;
  options.known_durable = std::max(point_.position, point_.reached);
  options.must_exist = meta_.formed;
  options.trusts_payloads = false;
  const auto scan = scan_log(files_, log_directory(config_), options);
  if (noted(scan.status())) return;
  if (noted(check_records(*scan))) return;
  say(cat("log: ", scan->segments.size(), " segments, ", scan->record_count, " records, positions ", scan->start,
          " to ", scan->end, ", SCN ", scan->last_scn, scan->closed ? ", closed cleanly" : ", not closed"));
}

/// Checksums are right; so must be what they cover.
absl::Status Verification::check_records(const LogScan& scan) {
  if (scan.segments.empty()) return absl::OkStatus();
  LogReader reader(files_, log_directory(config_));
  LogReader bulk_reader(files_, log_directory(config_));
  TROUPE_RETURN_IF_ERROR(reader.seek(scan.segments.front(), scan.segments.front().begin()));
  TROUPE_RETURN_IF_ERROR(bulk_reader.seek(scan.segments.front(), scan.segments.front().begin()));
  for (;;) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, reader.next(scan.end));
    if (!record) break;
    TROUPE_RETURN_IF_ERROR(record->kind == LogRecordKind::checkpoint ? read_checkpoint_mark(*record).status()
                                                                     : read_commit(*record).status());
    progress(cat("log: position ", record->position, " of ", scan.end));
  }
  for (;;) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, bulk_reader.next_bulk(scan.end));
    if (!record) return absl::OkStatus();
    TROUPE_RETURN_IF_ERROR(read_bulk(*record).status());
  }
}

/// What a start does, on top of the files.
absl::Status Verification::recover() {
  std::vector<PartitionStore*> stores;
  for (uint32_t i = 0; i < meta_.partitions; ++i) {
    PartitionOptions options = partition_options(config_, static_cast<PartitionId>(i), meta_);
    options.cache_bytes = kCacheBytes / meta_.partitions;
    TROUPE_ASSIGN_OR_RETURN(auto store, PartitionStore::open(overlay_, config_.data_directory, options));
    stores.push_back(store.get());
    stores_.push_back(std::move(store));
  }
  LogScanOptions scan;
  scan.scan_from = point_.position;
  scan.known_durable = std::max(point_.position, point_.reached);
  scan.must_exist = meta_.formed;
  scan.new_log_id = 1;
  TROUPE_ASSIGN_OR_RETURN(const OpenedLog log, open_log(overlay_, log_directory(config_), log_options(config_), scan));
  TROUPE_ASSIGN_OR_RETURN(Scn newest,
                          replay_all(overlay_, log_directory(config_), log.tail.end, stores, false, steps_));
  TROUPE_RETURN_IF_ERROR(check_log_reaches(std::max(log.tail.last_scn, point_.scn), stores));
  newest = std::max(newest, log.tail.last_scn);
  TROUPE_ASSIGN_OR_RETURN(catalog_, load_catalog(*stores[0], newest, make_gate));
  say(cat("recovered in memory to SCN ", newest));
  return absl::OkStatus();
}

void Verification::check_system_trees() {
  const auto sequences = load_sequences(*stores_[0]);
  const auto prepared = load_prepared(*stores_[0]);
  if (!noted(sequences.status()) && !noted(prepared.status())) {
    say(cat("catalog: ", catalog_->objects().size(), " objects, ", sequences->size(), " sequences used, ",
            prepared->size(), " prepared transactions"));
  }
}

void Verification::check_tables() {
  register_system_functions(function_registry());
  register_system_table_functions();
  std::vector<PartitionStore*> stores;
  for (const auto& store : stores_) stores.push_back(store.get());
  for (const ObjectPtr& object : catalog_->objects(ObjectKind::table)) {
    const auto table = std::static_pointer_cast<const TableDef>(object);
    if (table->tree < kFirstUserTree) continue;
    const CatalogPtr seen = catalog_->in_database(table->database);
    TableCheck check(seen == nullptr ? catalog_ : seen, table, stores, listener_);
    if (const absl::Status status = check.run(); !status.ok()) {
      damaged(cat("table ", table->name, ": ", error_fields(status).message));
    }
    say(cat("table ", table->name, ": ", check.rows(), " rows, ", check.indexes(), " indexes"));
  }
}

}  // namespace troupe
