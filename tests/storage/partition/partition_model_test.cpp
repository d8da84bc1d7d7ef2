/// The partition against a model that keeps every version: random statements, commits, snapshots, checkpoints (also
/// while writing goes on), power cuts and restarts from checkpoint plus log.
#include <algorithm>
#include <map>
#include <set>

#include "partition_test_support.hpp"
#include "storage/base/random.hpp"

namespace troupe {
namespace {

using Rows = TestPartition::Rows;
constexpr TreeId kTrees = 3;
constexpr TxnId kTxns = 4;

struct LogRecord {
  Scn scn;
  std::string changes;
};

class PartitionModel {
 public:
  using Key = std::pair<TreeId, std::string>;

  /// "(none)" when there is no row.
  std::string get(const ReadView& view, const Key& key) const {
    if (const auto pending = pending_.find(view.txn); pending != pending_.end()) {
      if (const auto at = pending->second.find(key); at != pending->second.end()) {
        for (auto entry = at->second.rbegin(); entry != at->second.rend(); ++entry) {
          if (entry->first < view.command) return entry->second;
        }
      }
    }
    const auto at = versions_.find(key);
    if (at == versions_.end()) return "(none)";
    const auto after = at->second.upper_bound(view.snapshot);
    return after == at->second.begin() ? "(none)" : std::prev(after)->second;
  }
  Rows scan(const ReadView& view, TreeId tree, const KeyRange& range, bool forward) const {
    std::set<std::string> keys;
    for (const auto& [key, versions] : versions_)
      if (key.first == tree) keys.insert(key.second);
    for (const auto& [txn, entries] : pending_) {
      for (const auto& [key, commands] : entries)
        if (key.first == tree) keys.insert(key.second);
    }
    Rows rows;
    for (const std::string& key : keys) {
      if (key < range.lower || (range.has_upper && key >= range.upper)) continue;
      const std::string row = get(view, {tree, key});
      if (row != "(none)") rows.emplace_back(key, row);
    }
    if (!forward) std::reverse(rows.begin(), rows.end());
    return rows;
  }
  void stage(TxnId txn, CommandId command, const Key& key, const std::string& row) {
    pending_[txn][key][command] = row;
  }
  void rollback_to(TxnId txn, CommandId command) {
    for (auto& [key, commands] : pending_[txn]) commands.erase(commands.lower_bound(command), commands.end());
  }
  void discard(TxnId txn) { pending_.erase(txn); }
  void discard_all() { pending_.clear(); }
  bool locked_by_other(TxnId txn, const Key& key) const {
    for (const auto& [other, entries] : pending_) {
      if (other != txn && entries.contains(key)) return true;
    }
    return false;
  }
  void commit(Scn scn, TxnId txn) {
    for (const auto& [key, commands] : pending_[txn]) {
      if (!commands.empty()) versions_[key][scn] = commands.rbegin()->second;
    }
    discard(txn);
  }

 private:
  std::map<Key, std::map<Scn, std::string>> versions_;
  std::map<TxnId, std::map<Key, std::map<CommandId, std::string>>> pending_;
};

class Run {
 public:
  /// `pending_memory_bytes`: what is more is spilled.
  Run(uint64_t seed, uint64_t pending_memory_bytes)
      : random_{seed}, files_{seed}, partition_{files_, options(pending_memory_bytes)} {}

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      const uint64_t dice = random_.below(1000);
      if (dice < 450)
        write();
      else if (dice < 650)
        read();
      else if (dice < 660)
        read_late();
      else if (dice < 720)
        scan();
      else if (dice < 850)
        commit();
      else if (dice < 880)
        roll_back();
      else if (dice < 910)
        open_or_close_snapshot();
      else if (dice < 950)
        collect();
      else if (dice < 980)
        checkpoint_step();
      else if (dice < 990)
        partition_.store->check_invariants();
      else if (dice < 994)
        crash();
    }
  }
  uint64_t faults() const { return partition_.faults; }
  uint64_t crashes() const { return crashes_; }
  uint64_t checkpoints() const { return checkpoints_; }
  uint64_t spilled() const { return spilled_; }

 private:
  static PartitionOptions options(uint64_t pending_memory_bytes) {
    PartitionOptions options = TestPartition::tiny();
    options.pending_memory_bytes_max = pending_memory_bytes;
    return options;
  }
  PartitionModel::Key random_key() {
    const uint64_t n = random_.below(3000);
    std::string key = cat("k", n / 100, ".", n);
    if (n % 97 == 0) key.append(400, 'x');
    return {static_cast<TreeId>(1 + random_.below(kTrees)), key};
  }
  std::string random_row() {
    const uint64_t size = random_.chance(0.1) ? random_.below(2000) : random_.below(40);
    return std::string(size, static_cast<char>('a' + random_.below(26)));
  }
  TxnId random_txn() { return 1 + random_.below(kTxns); }
  ReadView random_view() {
    ReadView view;
    view.snapshot = snapshots_.empty() || random_.chance(0.5)
                        ? kMaxScn
                        : *std::next(snapshots_.begin(), random_.below(snapshots_.size()));
    if (random_.chance(0.5)) {
      view.txn = random_txn();
      view.command = commands_[view.txn] + static_cast<CommandId>(random_.below(2));
    }
    return view;
  }

  void write() {
    const TxnId txn = random_txn();
    const auto key = random_key();
    if (model_.locked_by_other(txn, key)) return;
    if (random_.chance(0.5)) ++commands_[txn];
    const CommandId command = std::max<CommandId>(commands_[txn], 1);
    commands_[txn] = command;
    const uint64_t before = partition_.store->statistics().pending_memory_bytes;
    REQUIRE(partition_.spill(txn).ok());
    spilled_ += before > partition_.store->statistics().pending_memory_bytes ? 1 : 0;
    if (random_.chance(0.3)) {
      partition_.stage_erase(txn, command, key.first, key.second);
      model_.stage(txn, command, key, "(none)");
    } else {
      const std::string row = random_row();
      partition_.stage(txn, command, key.first, key.second, row);
      model_.stage(txn, command, key, row);
    }
  }
  void read() {
    const ReadView view = random_view();
    const auto key = random_key();
    CHECK(partition_.get(view, key.first, key.second) == model_.get(view, key));
  }
  /// A page that arrives when much has changed, or never.
  void read_late() {
    const auto key = random_key();
    const ReadResult result = partition_.store->get({}, key.first, key.second);
    auto& late = partition_.late;
    const auto* fault = std::get_if<PageFault>(&result);
    const auto is_same = [&](const auto& load) { return load.first == fault->address; };
    if (fault != nullptr && std::none_of(late.begin(), late.end(), is_same)) {
      auto image = load_page(partition_.store->file(), fault->address);
      REQUIRE(image.ok());
      late.emplace_back(fault->address, *std::move(image));
    }
    if (late.empty() || random_.chance(0.5)) return;
    const auto at = late.begin() + static_cast<long>(random_.below(late.size()));
    if (random_.chance(0.7)) {
      partition_.store->install(at->first, at->second);
    } else {
      partition_.store->forget_fault(at->first);
    }
    late.erase(at);
  }
  void scan() {
    const ReadView view = random_view();
    ScanCursor cursor;
    cursor.tree = static_cast<TreeId>(1 + random_.below(kTrees));
    cursor.direction = random_.chance(0.5) ? ScanDirection::kForward : ScanDirection::kBackward;
    cursor.range.lower = random_key().second;
    cursor.range.has_upper = random_.chance(0.7);
    cursor.range.upper = cursor.range.has_upper ? random_key().second : "";
    ScanBudget budget;
    budget.rows_max = 1 + static_cast<uint32_t>(random_.below(50));
    budget.ahead_max = static_cast<uint32_t>(random_.below(8));
    const Rows expected = model_.scan(view, cursor.tree, cursor.range, cursor.direction == ScanDirection::kForward);
    CHECK(partition_.scan(view, cursor, budget) == expected);
  }
  void commit() {
    const TxnId txn = random_txn();
    const Scn scn = ++scn_;
    log_.push_back({scn, partition_.commit(scn, txn)});
    model_.commit(scn, txn);
    commands_[txn] = 0;
    publish_oldest();
  }
  void roll_back() {
    const TxnId txn = random_txn();
    const auto command = static_cast<CommandId>(random_.below(commands_[txn] + 1));
    partition_.store->rollback_to(txn, command);
    model_.rollback_to(txn, command);
    ++commands_[txn];  // no number comes again
  }
  void open_or_close_snapshot() {
    if (snapshots_.size() < 5 && random_.chance(0.6)) {
      snapshots_.insert(scn_);
    } else if (!snapshots_.empty()) {
      snapshots_.erase(std::next(snapshots_.begin(), random_.below(snapshots_.size())));
    }
    publish_oldest();
  }
  void publish_oldest() { partition_.store->set_oldest_snapshot(snapshots_.empty() ? scn_ : *snapshots_.begin()); }
  void collect() {
    const auto progress = partition_.store->collect_garbage(20);
    if (progress.fault.needed()) partition_.serve(progress.fault);
  }
  void checkpoint_step() {
    if (job_ == nullptr) {
      job_ = partition_.store->begin_checkpoint(scn_, CheckpointMetadata{});
      return;
    }
    if (random_.chance(0.1)) files_.fail_nth(SimOperation::write, 1, ErrorCode::kDiskFull);
    CheckpointResult result = job_->run();
    job_.reset();
    const bool failed = !result.status.ok();
    if (result.must_fence) {
      crash();
      return;
    }
    CHECK(partition_.store->finish_checkpoint(std::move(result)).ok() == !failed);
    ++checkpoints_;
  }

  void crash() {
    if (job_ != nullptr && random_.chance(0.5)) {
      files_.cut_power_after(1 + random_.below(4));
      (void)job_->run();
    }
    job_.reset();
    partition_.store.reset();
    files_.crash();
    partition_.reopen();
    partition_.store->check_invariants();
    model_.discard_all();
    snapshots_.clear();
    partition_.late.clear();
    commands_.clear();
    for (const LogRecord& record : log_) {
      if (record.scn <= partition_.store->checkpoint_scn()) continue;
      partition_.store->set_oldest_snapshot(record.scn);
      partition_.apply(record.scn, kNoTxn, record.changes);
    }
    publish_oldest();
    ++crashes_;
    for (TreeId tree = 1; tree <= kTrees; ++tree) {
      CHECK(partition_.scan({}, {.tree = tree}, {}) == model_.scan({}, tree, {}, true));
    }
    partition_.store->check_invariants();
  }

  Random random_;
  SimFileSystem files_;
  TestPartition partition_;
  PartitionModel model_;
  std::vector<LogRecord> log_;
  std::set<Scn> snapshots_;
  std::map<TxnId, CommandId> commands_;
  std::unique_ptr<CheckpointJob> job_;
  Scn scn_ = 100;
  uint64_t crashes_ = 0;
  uint64_t checkpoints_ = 0;
  uint64_t spilled_ = 0;
};

}  // namespace

TEST_CASE("a partition answers as a model that keeps every version", "[partition]") {
  uint64_t faults = 0;
  uint64_t crashes = 0;
  uint64_t checkpoints = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    Run run(seed, 1 << 30);
    run.steps(4000);
    faults += run.faults();
    crashes += run.crashes();
    checkpoints += run.checkpoints();
    CHECK(run.spilled() == 0);
  }
  CHECK(faults > 100);
  CHECK(crashes > 20);
  CHECK(checkpoints > 100);
}

TEST_CASE("transactions that are spilled make no difference to what is read and committed", "[partition]") {
  uint64_t spilled = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Run run(seed, 500 * seed);
    run.steps(4000);
    spilled += run.spilled();
  }
  CHECK(spilled > 500);
}

}  // namespace troupe
