#include "actors/node/recovery_steps.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr size_t kRowsMax = 1'000;
constexpr int64_t kSayEveryUs = 1'000'000;
constexpr uint64_t kMegabyte = 1 << 20;

std::string progress_of(const RecoveryInfo& info) {
  const std::string where = info.partition ? cat(" of partition ", *info.partition) : std::string();
  return cat("recovery: ", info.step, where, ": ", info.bytes / kMegabyte, " of ", info.total_bytes / kMegabyte,
             " MB of the log, ", info.commits, " commits");
}

}  // namespace

RecoverySteps::Row* RecoverySteps::find(uint64_t id) {
  if (rows_.empty() || id < rows_.front().info.id || id > rows_.back().info.id) return nullptr;
  return &rows_[id - rows_.front().info.id];
}

uint64_t RecoverySteps::begin(std::string step, std::optional<PartitionId> partition) {
  const std::lock_guard lock(mutex_);
  Row row;
  row.info.id = next_id_++;
  row.info.step = std::move(step);
  row.info.partition = partition;
  row.info.state = "running";
  row.info.started_us = clock_.wall_us();
  row.begun_us = row.said_us = clock_.monotonic_us();
  rows_.push_back(std::move(row));
  if (rows_.size() > kRowsMax) rows_.pop_front();
  return rows_.back().info.id;
}

void RecoverySteps::advance(uint64_t id, uint64_t bytes, uint64_t total_bytes, uint64_t commits) {
  const std::lock_guard lock(mutex_);
  Row* row = find(id);
  if (row == nullptr) return;
  row->info.bytes = bytes;
  row->info.total_bytes = total_bytes;
  row->info.commits = commits;
  const int64_t now_us = clock_.monotonic_us();
  if (!say_ || now_us - row->said_us < kSayEveryUs) return;
  row->said_us = now_us;
  say_(progress_of(row->info));
}

void RecoverySteps::finish(uint64_t id, const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  Row* row = find(id);
  if (row == nullptr) return;
  row->info.duration_ms = ms_since(row->begun_us);
  row->info.state = status.ok() ? "done" : "failed";
  if (!status.ok()) row->info.error = error_fields(status).message;
}

std::vector<RecoveryInfo> RecoverySteps::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<RecoveryInfo> all;
  for (const Row& row : rows_) {
    all.push_back(row.info);
    if (row.info.state == "running") all.back().duration_ms = ms_since(row.begun_us);
  }
  return all;
}

double RecoverySteps::ms_since(int64_t monotonic_us) const {
  return static_cast<double>(clock_.monotonic_us() - monotonic_us) / 1e3;
}

}  // namespace troupe
