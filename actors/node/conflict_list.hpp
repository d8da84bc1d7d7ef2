#pragma once
/// sys.conflicts: the newest transactions that could not be serialized, and whom they met. Older rows are dropped past
/// `rows_max`.
/// Owner: NodeServices; safe from any thread.
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/system/system_session.hpp"
#include "storage/base/clock.hpp"

namespace troupe {

class ConflictList {
 public:
  ConflictList(const Clock& clock, size_t rows_max) : clock_{clock}, rows_max_{rows_max} {}

  /// Numbers it and says when it was.
  void add(ConflictInfo conflict);
  /// In the order they came.
  std::vector<ConflictInfo> list() const;
  size_t size() const;

 private:
  const Clock& clock_;
  const size_t rows_max_;
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::deque<ConflictInfo> rows_;
};

}  // namespace troupe
