#pragma once
/// A partition on a simulated disk whose page faults are served at once.
#include <algorithm>
#include <memory>
#include <string>
#include <variant>

#include "storage/buffer/load_page.hpp"
#include "storage/file/sim_file_system.hpp"
#include "storage/partition/partition_store.hpp"

#include <catch2/catch.hpp>

namespace troupe {

struct TestPartition {
  explicit TestPartition(FileSystem& file_system, PartitionOptions partition_options = tiny())
      : files{file_system}, options{partition_options} {
    REQUIRE(files.create_directory("data").ok());
    reopen();
  }

  /// Pages and cache so small that everything splits, spills and faults.
  static PartitionOptions tiny() {
    PartitionOptions options;
    options.page_bytes = 512;
    options.cache_bytes = 32 * 1024;
    options.file_growth_bytes = 64 * 1024;
    return options;
  }

  void reopen() {
    store.reset();
    auto opened = PartitionStore::open(files, "data", options);
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    store = *std::move(opened);
  }

  /// At most one load per address is under way: one that is late is waited for.
  void serve(PageFault fault) {
    ++faults;
    const auto under_way =
        std::find_if(late.begin(), late.end(), [&](const auto& load) { return load.first == fault.address; });
    if (under_way != late.end()) {
      store->install(fault.address, under_way->second);
      late.erase(under_way);
      return;
    }
    auto image = load_page(store->file(), fault.address);
    INFO(image.status().ToString());
    REQUIRE(image.ok());
    store->install(fault.address, *std::move(image));
  }

  /// What the partition actor does before a transaction writes. Its error: that no checkpoint can be made.
  absl::Status spill(TxnId txn) {
    for (bool waited = false;;) {
      const auto spilled = store->spill(txn, waited);
      if (!spilled.ok()) return spilled.status();
      if (spilled->done()) return absl::OkStatus();
      if (spilled->fault.needed()) serve(spilled->fault);
      waited = spilled->needs_room;
      if (waited) store->set_unlimited(!checkpoint(store->checkpoint_scn()).ok());
    }
  }
  void stage(TxnId txn, CommandId command, TreeId tree, std::string_view key, std::string_view row) {
    REQUIRE(store->stage(txn, command, tree, key, ChangeOp::kPut, row).ok());
  }
  void stage_erase(TxnId txn, CommandId command, TreeId tree, std::string_view key) {
    REQUIRE(store->stage(txn, command, tree, key, ChangeOp::kErase, {}).ok());
  }

  std::string prepare(TxnId txn) {
    for (;;) {
      PrepareResult result = store->prepare(txn);
      if (auto* changes = std::get_if<std::string>(&result)) return std::move(*changes);
      serve(std::get<PageFault>(result));
    }
  }
  void apply(Scn scn, TxnId txn, std::string_view changes) {
    for (;;) {
      const auto missing = store->apply(scn, txn, changes);
      REQUIRE(missing.ok());
      if (missing->done()) return;
      if (missing->needs_room) {
        REQUIRE(checkpoint(scn - 1).ok());
      } else {
        serve(missing->fault);
      }
    }
  }
  /// Returns the packed changes, as the log would keep them.
  std::string commit(Scn scn, TxnId txn) {
    std::string changes = prepare(txn);
    apply(scn, txn, changes);
    return changes;
  }
  void put(Scn scn, TreeId tree, std::string_view key, std::string_view row) {
    stage(1, 1, tree, key, row);
    commit(scn, 1);
  }

  /// The row, "(none)" or "(too old)".
  std::string get(const ReadView& view, TreeId tree, std::string_view key) {
    for (;;) {
      const ReadResult result = store->get(view, tree, key);
      if (const auto* row = std::get_if<StoredRow>(&result)) return std::string(row->row);
      if (std::holds_alternative<Absent>(result)) return "(none)";
      if (const auto* status = std::get_if<absl::Status>(&result)) {
        REQUIRE(error_code(*status) == ErrorCode::kSnapshotTooOld);
        return "(too old)";
      }
      serve(std::get<PageFault>(result));
    }
  }
  std::string get(TreeId tree, std::string_view key) { return get(ReadView{}, tree, key); }

  LatestRow latest(TxnId txn, TreeId tree, std::string_view key) {
    for (;;) {
      const LatestResult result = store->latest(txn, tree, key);
      if (const auto* row = std::get_if<LatestRow>(&result)) return *row;
      serve(std::get<PageFault>(result));
    }
  }

  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows scan(const ReadView& view, ScanCursor cursor, const ScanBudget& budget) {
    Rows rows;
    ScanBatch batch;
    do {
      const absl::Status status = store->scan(view, cursor, budget, &batch);
      INFO(status.ToString());
      REQUIRE(status.ok());
      for (const ScanRow& row : batch.rows) rows.emplace_back(row.key, row.row);
      if (batch.state != ScanState::kFault) continue;
      serve(batch.fault);
      for (const PageAddress address : batch.ahead) serve({address});
    } while (batch.state != ScanState::kEnd);
    return rows;
  }

  void collect_garbage() {
    for (;;) {
      const auto progress = store->collect_garbage(50);
      if (progress.fault.needed()) serve(progress.fault);
      if (progress.done) return;
    }
  }

  absl::Status checkpoint(Scn covered) {
    return store->finish_checkpoint(store->begin_checkpoint(covered, CheckpointMetadata{})->run());
  }

  FileSystem& files;
  PartitionOptions options;
  std::unique_ptr<PartitionStore> store;
  uint64_t faults = 0;
  std::vector<std::pair<PageAddress, PageImage>> late;  ///< loads that were made and not yet handed over
};

}  // namespace troupe
