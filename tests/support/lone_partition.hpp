#pragma once
/// The parts of a node that a read meets, and no others: one partition actor with rows, a cell, a clock. For tests and
/// benchmarks that talk to a partition without SQL.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <caf/all.hpp>

#include "actors/node/node_context.hpp"
#include "actors/partition/partition.hpp"
#include "runtime/exec/messages.hpp"
#include "storage/file/sim_file_system.hpp"

namespace troupe {

class LonePartition {
 public:
  static constexpr TreeId kTree = 20'000;

  LonePartition(uint32_t rows, uint32_t row_bytes) {
    NodeConfig config;
    config.data_directory = "data";
    config.cells = config.partitions = 1;
    TROUPE_CHECK(files_.create_directory("data").ok());
    PartitionOptions options;
    options.cache_bytes = 1ull << 30;
    auto opened = PartitionStore::open(files_, "data", options);
    TROUPE_CHECK(opened.ok());
    store_ = *std::move(opened);
    load(rows, std::string(row_bytes, 'r'));
    services_.emplace(config, files_, clock_, snapshot_, 1, Catalog::bootstrap(), random_secret);
    context_.emplace(*services_, 1);
    context_->partitions.push_back(std::make_shared<Heir<PartitionState>>(
        [this] { return std::make_unique<PartitionState>(PartitionId{0}, store_, snapshot_); }));
    caf_config_.set("scheduler.policy", caf::atom("sharing"));
    caf_config_.set("scheduler.max-threads", size_t{1});
    system_.emplace(caf_config_);
    cell_.emplace(*system_, CellOptions{});
    ActorSeat seat;
    seat.record = record_ = services_->actors.add(0, "partition", "partition[0]");
    const auto partition = system_->spawn<Partition>(seat, std::ref(*context_), PartitionId{0});
    context_->directory.update([&](Addresses& to) {
      to.partitions = {partition};
      to.partition_incarnations = {1};
    });
    cell_->start();
  }
  ~LonePartition() {
    caf::anon_send_exit(actor(), caf::exit_reason::user_shutdown);
    context_->directory.set(std::make_shared<Addresses>());
    cell_->stop();
    cell_->join();
  }

  PartitionActor actor() { return context_->directory.get()->partitions[0]; }
  const ActorRecord& record() const { return *record_; }
  PartitionStore& store() { return *store_; }
  Scn snapshot() const { return snapshot_; }
  NodeContext& context() { return *context_; }
  NodeServices& services() { return *services_; }
  caf::actor_system& system() { return *system_; }
  Cell& cell() { return *cell_; }

  static std::string key_of(uint64_t number) {
    std::string key(sizeof number, '\0');
    for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(number >> (8 * (key.size() - 1 - i)));
    return key;
  }
  /// Reads one row by its number.
  static ReadFrame question(uint64_t request, uint64_t row, Scn snapshot) {
    std::string keys;
    append_packed(key_of(row), &keys);
    ReadParts parts;
    parts.head.mutate_request(request);
    parts.head.mutate_snapshot(snapshot);
    parts.head.mutate_tree(kTree);
    parts.head.mutate_kind(schema::ReadKind::get);
    parts.keys = keys;
    return build_read(parts);
  }

 private:
  void load(uint32_t rows, const std::string& row) {
    constexpr uint32_t kBatch = 10'000;
    for (uint32_t first = 0; first < rows; first += kBatch) {
      const TxnId txn = ++snapshot_;
      for (uint32_t i = first; i < std::min(rows, first + kBatch); ++i) {
        TROUPE_CHECK(store_->stage(txn, 1, kTree, key_of(i), ChangeOp::kPut, row).ok());
      }
      const PrepareResult prepared = store_->prepare(txn);
      const auto applied = store_->apply(snapshot_, txn, std::get<std::string>(prepared));
      TROUPE_CHECK(applied.ok() && applied->done());
    }
  }

  SimFileSystem files_{1};
  SystemClock clock_;
  std::shared_ptr<PartitionStore> store_;
  Scn snapshot_ = kFirstScn;
  std::optional<NodeServices> services_;
  std::optional<NodeContext> context_;
  caf::actor_system_config caf_config_;
  std::optional<caf::actor_system> system_;
  std::optional<Cell> cell_;
  ActorRecordPtr record_;
};

}  // namespace troupe
