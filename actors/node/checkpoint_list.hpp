#pragma once
/// sys.checkpoints: the newest checkpoints, a row for each partition's. Older rows are dropped past `rows_max`.
/// Owner: NodeServices; safe from any thread.
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/system/system_session.hpp"
#include "storage/base/clock.hpp"
#include "storage/base/error.hpp"

namespace troupe {

class CheckpointList {
 public:
  CheckpointList(const Clock& clock, size_t rows_max) : clock_{clock}, rows_max_{rows_max} {}

  /// A checkpoint of the partition begins; returns its row's id.
  uint64_t begin(PartitionId partition, Scn covered);
  /// Ignored when the row is gone, or ended already.
  void finish(uint64_t id, uint64_t pages, uint64_t bytes, const absl::Status& status);
  /// Whatever of the partition still runs has come to nothing.
  void abandon(PartitionId partition, std::string_view why);
  /// In the order they began. One that runs has the time it has taken so far.
  std::vector<CheckpointInfo> list() const;
  size_t size() const;

 private:
  struct Row {
    CheckpointInfo info;
    int64_t begun_us = 0;  ///< monotonic
    bool running = true;
  };
  void end(Row& row, const absl::Status& status);
  double ms_since(int64_t monotonic_us) const;

  const Clock& clock_;
  const size_t rows_max_;
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::deque<Row> rows_;  ///< ids ascend by one
};

}  // namespace troupe
