#include "local_partition.hpp"

#include <catch2/catch.hpp>

#include "storage/base/text.hpp"
#include "storage/buffer/load_page.hpp"
#include "storage/file/sim_file_system.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

struct LocalPartition::Parts {
  Parts(PartitionId id, bool tiny, EngineLimits limits) : files(id + 1) {
    PartitionOptions options;
    options.id = id;
    if (tiny) {
      options.page_bytes = 512;
      options.cache_bytes = 16 * 1024;
      options.file_growth_bytes = 64 * 1024;
    }
    REQUIRE(files.create_directory("data").ok());
    auto opened = PartitionStore::open(files, "data", options);
    REQUIRE(opened.ok());
    store = *std::move(opened);
    engine = std::make_unique<PartitionEngine>(id, *store, limits);
  }
  SimFileSystem files;
  std::unique_ptr<PartitionStore> store;
  std::unique_ptr<PartitionEngine> engine;
};

LocalPartition::LocalPartition(PartitionId id, bool tiny, EngineLimits limits)
    : parts_{std::make_unique<Parts>(id, tiny, limits)} {}
LocalPartition::~LocalPartition() = default;

void LocalPartition::serve(const MissingPages& missing) {
  ++faults_;
  std::vector<PageAddress> pages{missing.fault.address};
  pages.insert(pages.end(), missing.ahead.begin(), missing.ahead.end());
  for (const PageAddress page : pages) {
    auto image = load_page(parts_->store->file(), page);
    REQUIRE(image.ok());
    parts_->store->install(page, *std::move(image));
  }
}

ReadResultFrame LocalPartition::read(const ReadFrame& question) {
  ReadTask task(question);
  while (true) {
    ReadOutcome outcome = parts_->engine->run(task);
    if (auto* answer = std::get_if<ReadResultFrame>(&outcome)) return *answer;
    if (auto* missing = std::get_if<MissingPages>(&outcome)) {
      serve(*missing);
    } else {
      ++slices_;
    }
  }
}

WriteResultFrame LocalPartition::write(const WriteFrame& question) {
  WriteTask task(question);
  while (true) {
    WriteOutcomeFrame outcome = parts_->engine->run(task);
    if (auto* answer = std::get_if<WriteResultFrame>(&outcome)) return *answer;
    if (auto* missing = std::get_if<MissingPages>(&outcome)) serve(*missing);
  }
}

PartitionStore& LocalPartition::store() { return *parts_->store; }
void LocalPartition::set_oldest_snapshot(Scn scn) { parts_->store->set_oldest_snapshot(scn); }

bool LocalPartition::has_pending(TxnId txn) const { return parts_->store->has_pending(txn); }

std::string LocalPartition::prepare(TxnId txn) {
  while (true) {
    PrepareResult result = parts_->store->prepare(txn);
    if (auto* changes = std::get_if<std::string>(&result)) return *std::move(changes);
    serve({std::get<PageFault>(result), {}});
  }
}

void LocalPartition::apply(Scn scn, TxnId txn, std::string_view changes) {
  while (true) {
    const auto missing = parts_->store->apply(scn, txn, changes);
    REQUIRE(missing.ok());
    if (missing->done()) break;
    serve({missing->fault, {}});
  }
  parts_->store->check_invariants();
}

void LocalPartition::discard(TxnId txn) { parts_->store->discard(txn); }
void LocalPartition::rollback_to(TxnId txn, CommandId command) { parts_->store->rollback_to(txn, command); }
void LocalPartition::forget_fragments() { parts_->engine->clear_fragments(); }

void LocalPartition::checkpoint(Scn covered) {
  auto job = parts_->store->begin_checkpoint(covered, CheckpointMetadata{});
  REQUIRE(parts_->store->finish_checkpoint(job->run()).ok());
}

namespace {

WriteFrame raw_write(schema::WriteKind kind, std::string_view key, std::string_view value, uint8_t flags = 0) {
  std::string keys, rows;
  append_packed(key, &keys);
  append_packed(value, &rows);
  WriteParts parts;
  parts.head.mutate_kind(kind);
  parts.head.mutate_txn(9);
  parts.head.mutate_command(1);
  parts.head.mutate_snapshot(kMaxScn);
  parts.head.mutate_tree(7);
  parts.head.mutate_key_count(1);
  parts.head.mutate_flags(flags);
  parts.keys = keys;
  if (kind != schema::WriteKind::erase) parts.rows = rows;
  return build_write(parts);
}

ReadFrame raw_get(std::string_view key, CommandId command) {
  std::string keys;
  append_packed("missing", &keys);
  append_packed(key, &keys);
  ReadParts parts;
  parts.head.mutate_kind(schema::ReadKind::get);
  parts.head.mutate_txn(9);
  parts.head.mutate_command(command);
  parts.head.mutate_snapshot(kMaxScn);
  parts.head.mutate_tree(7);
  parts.keys = keys;
  return build_read(parts);
}

}  // namespace

TEST_CASE("a raw value is put once, read by its ordinal, and a second put is a conflict", "[engine]") {
  LocalPartition partition(3, false);
  const WriteResultFrame put = partition.write(raw_write(schema::WriteKind::put, "k", "v"));
  REQUIRE(put->head()->status() == schema::WriteStatus::done);
  CHECK(put->head()->affected() == 1);

  CHECK(partition.read(raw_get("k", 1))->head()->rows() == 0);  // a command does not see its own writes
  const ReadResultFrame found = partition.read(raw_get("k", 2));
  REQUIRE(found->head()->rows() == 1);
  CHECK(found->ordinals()->Get(0) == 1);
  std::string_view value;
  PackedStrings values(bytes_view(found->batch()));
  REQUIRE(values.next(&value));
  CHECK(value == "v");

  const WriteResultFrame again = partition.write(raw_write(schema::WriteKind::put, "k", "w"));
  CHECK(again->head()->status() == schema::WriteStatus::failed);
  CHECK(again->head()->conflict_tree() == 7);
  CHECK(error_code(decode_error(bytes_view(again->error()))) == ErrorCode::kUniqueViolation);

  const WriteResultFrame kept =
      partition.write(raw_write(schema::WriteKind::put, "k", "w", bit(schema::WriteFlag::keep_existing)));
  PackedStrings existing(bytes_view(kept->existing()));
  REQUIRE(existing.next(&value));
  CHECK(value == "v");
}

TEST_CASE("a write with the prepare flag brings its redo along", "[engine]") {
  LocalPartition partition(0, false);
  const WriteResultFrame put =
      partition.write(raw_write(schema::WriteKind::put, "k", "v", bit(schema::WriteFlag::prepare)));
  CHECK(put->head()->prepared());
  CHECK(bytes_view(put->redo()) == partition.prepare(9));
  const WriteResultFrame again = partition.write(
      raw_write(schema::WriteKind::put, "k", "w", bit(schema::WriteFlag::prepare) | bit(schema::WriteFlag::overwrite)));
  CHECK_FALSE(again->head()->prepared());
}

TEST_CASE("an unknown fragment is asked for, not guessed", "[engine]") {
  LocalPartition partition(0, false);
  ReadParts parts;
  parts.head.mutate_kind(schema::ReadKind::get);
  parts.head.mutate_fragment(12345);
  CHECK(partition.read(build_read(parts))->head()->status() == schema::ReadStatus::unknown_fragment);
  parts.definition = "nonsense";
  CHECK(partition.read(build_read(parts))->head()->status() == schema::ReadStatus::failed);
}

TEST_CASE("a question about more keys than the cache has room for comes to an end", "[engine]") {
  LocalPartition partition(0, true);
  constexpr int kKeys = 1000;
  const auto many = [](schema::WriteKind kind, char fill, uint8_t flags) {
    std::string keys, rows;
    for (int i = 0; i < kKeys; ++i) {
      append_packed(cat("key", 10'000 + i), &keys);
      append_packed(std::string(200, fill), &rows);
    }
    WriteParts parts;
    parts.head.mutate_kind(kind);
    parts.head.mutate_txn(9);
    parts.head.mutate_command(1);
    parts.head.mutate_snapshot(kMaxScn);
    parts.head.mutate_tree(7);
    parts.head.mutate_key_count(kKeys);
    parts.head.mutate_flags(flags);
    parts.keys = keys;
    parts.rows = rows;
    return build_write(parts);
  };
  REQUIRE(partition.write(many(schema::WriteKind::put, 'a', 0))->head()->affected() == kKeys);
  partition.apply(10, 9, partition.prepare(9));
  partition.checkpoint(10);

  const uint64_t before = partition.faults();
  const auto overwrite = many(schema::WriteKind::put, 'b', bit(schema::WriteFlag::overwrite));
  CHECK(partition.write(overwrite)->head()->affected() == kKeys);
  CHECK(partition.faults() - before > 100);  // the pages were not there
  partition.apply(11, 9, partition.prepare(9));
  partition.checkpoint(11);

  ReadParts parts;
  parts.head.mutate_kind(schema::ReadKind::get);
  parts.head.mutate_snapshot(kMaxScn);
  parts.head.mutate_tree(7);
  std::string keys;
  for (int i = 0; i < 2 * kKeys; ++i) append_packed(cat("key", 10'000 + i / 2 + (i % 2) * 50'000), &keys);
  parts.keys = keys;
  const ReadResultFrame found = partition.read(build_read(parts));
  REQUIRE(found->head()->rows() == kKeys);
  PackedStrings values(bytes_view(found->batch()));
  std::string_view value;
  for (int i = 0; i < kKeys; ++i) {
    CHECK(found->ordinals()->Get(static_cast<uint32_t>(i)) == static_cast<uint32_t>(2 * i));
    REQUIRE(values.next(&value));
    CHECK(value == std::string(200, 'b'));
  }
}

}  // namespace troupe
