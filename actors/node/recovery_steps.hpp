#pragma once
/// sys.recovery: what a start did to find its data, and what partitions did that were built anew since. What takes long
/// is told of while it goes on. Owner: the node; safe from any thread.
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/system/upkeep_info.hpp"
#include "storage/base/clock.hpp"
#include "storage/base/error.hpp"

namespace troupe {

class RecoverySteps {
 public:
  /// `say` is told about once a second of each step that goes on; it may be empty.
  RecoverySteps(const Clock& clock, std::function<void(const std::string&)> say)
      : clock_{clock}, say_{std::move(say)} {}

  /// Returns the step's id.
  uint64_t begin(std::string step, std::optional<PartitionId> partition);
  void advance(uint64_t id, uint64_t bytes, uint64_t total_bytes, uint64_t commits);
  void finish(uint64_t id, const absl::Status& status);
  /// In the order they began; one that runs has the time it has taken so far.
  std::vector<RecoveryInfo> list() const;

 private:
  struct Row {
    RecoveryInfo info;
    int64_t begun_us = 0;  ///< monotonic
    int64_t said_us = 0;
  };
  Row* find(uint64_t id);
  double ms_since(int64_t monotonic_us) const;

  const Clock& clock_;
  const std::function<void(const std::string&)> say_;
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::deque<Row> rows_;  ///< ids ascend by one
};

}  // namespace troupe
