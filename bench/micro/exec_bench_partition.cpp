#include "exec_bench_partition.hpp"

#include "storage/file/sim_file_system.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

struct BenchPartition::Parts {
  SimFileSystem files{1};
  std::unique_ptr<PartitionStore> store;
  std::unique_ptr<PartitionEngine> engine;
};

BenchPartition::BenchPartition(PartitionId id) : parts_{std::make_unique<Parts>()} {
  TROUPE_CHECK(parts_->files.create_directory("data").ok());
  PartitionOptions options;
  options.id = id;
  options.cache_bytes = 1ull << 30;
  auto opened = PartitionStore::open(parts_->files, "data", options);
  TROUPE_CHECK(opened.ok());
  parts_->store = *std::move(opened);
  parts_->engine = std::make_unique<PartitionEngine>(id, *parts_->store);
}

BenchPartition::~BenchPartition() = default;

ReadResultFrame BenchPartition::read(ReadFrame question) {
  ReadTask task(std::move(question));
  while (true) {
    ReadOutcome outcome = parts_->engine->run(task);
    if (auto* answer = std::get_if<ReadResultFrame>(&outcome)) return std::move(*answer);
    TROUPE_CHECK(std::holds_alternative<Unfinished>(outcome));
  }
}

WriteResultFrame BenchPartition::write(WriteFrame question) {
  WriteTask task(std::move(question));
  WriteOutcomeFrame outcome = parts_->engine->run(task);
  return std::get<WriteResultFrame>(std::move(outcome));
}

void BenchPartition::commit(Scn scn, TxnId txn) {
  if (!parts_->store->has_pending(txn)) return;
  PrepareResult prepared = parts_->store->prepare(txn);
  auto applied = parts_->store->apply(scn, txn, std::get<std::string>(prepared));
  TROUPE_CHECK(applied.ok() && applied->done());
}

}  // namespace troupe
