#include "actors/node/checkpoint_list.hpp"

namespace troupe {

uint64_t CheckpointList::begin(PartitionId partition, Scn covered) {
  const std::lock_guard lock(mutex_);
  Row row;
  row.info.id = next_id_++;
  row.info.partition = partition;
  row.info.scn = covered;
  row.info.started_us = clock_.wall_us();
  row.info.state = "running";
  row.begun_us = clock_.monotonic_us();
  rows_.push_back(std::move(row));
  if (rows_.size() > rows_max_) rows_.pop_front();
  return rows_.back().info.id;
}

void CheckpointList::finish(uint64_t id, uint64_t pages, uint64_t bytes, const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (rows_.empty() || id < rows_.front().info.id || id > rows_.back().info.id) return;
  Row& row = rows_[id - rows_.front().info.id];
  if (!row.running) return;
  row.info.pages = pages;
  row.info.bytes = bytes;
  end(row, status);
}

void CheckpointList::abandon(PartitionId partition, std::string_view why) {
  const std::lock_guard lock(mutex_);
  for (Row& row : rows_) {
    if (row.running && row.info.partition == partition) end(row, error(ErrorCode::kObjectInUse, why));
  }
}

void CheckpointList::end(Row& row, const absl::Status& status) {
  row.running = false;
  row.info.duration_ms = ms_since(row.begun_us);
  row.info.state = status.ok() ? "done" : "failed";
  if (!status.ok()) row.info.error = error_fields(status).message;
}

std::vector<CheckpointInfo> CheckpointList::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<CheckpointInfo> all;
  all.reserve(rows_.size());
  for (const Row& row : rows_) {
    all.push_back(row.info);
    if (row.running) all.back().duration_ms = ms_since(row.begun_us);
  }
  return all;
}

size_t CheckpointList::size() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

double CheckpointList::ms_since(int64_t monotonic_us) const {
  return static_cast<double>(clock_.monotonic_us() - monotonic_us) / 1e3;
}

}  // namespace troupe
