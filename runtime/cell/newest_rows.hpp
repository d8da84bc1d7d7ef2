#pragma once
/// The newest rows of a list that grows for ever: what sys.events and sys.conflicts show. Older rows are dropped past
/// `rows_max`. A row has an `id` and says when it was: `at_us`.
/// Safe from any thread.
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "storage/base/clock.hpp"

namespace troupe {

template <typename Row>
class NewestRows {
 public:
  NewestRows(const Clock& clock, size_t rows_max) : clock_{clock}, rows_max_{rows_max} {}

  /// Numbers it and says when it was; `seen` is told of it then.
  template <typename Seen>
  void add(Row row, const Seen& seen) {
    const std::lock_guard lock(mutex_);
    row.id = next_id_++;
    row.at_us = clock_.wall_us();
    rows_.push_back(std::move(row));
    seen(rows_.back());
    if (rows_.size() > rows_max_) rows_.pop_front();
  }
  void add(Row row) {
    add(std::move(row), [](const Row&) {});
  }
  /// In the order they came.
  std::vector<Row> list() const {
    const std::lock_guard lock(mutex_);
    return {rows_.begin(), rows_.end()};
  }
  size_t size() const {
    const std::lock_guard lock(mutex_);
    return rows_.size();
  }

 private:
  const Clock& clock_;
  const size_t rows_max_;
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::deque<Row> rows_;
};

}  // namespace troupe
