#pragma once
/// Batches that wait to be handed out, first in, first out. Unlike a deque it allocates nothing while it is empty, which
/// it is in nearly every execution.
#include <cstddef>
#include <utility>
#include <vector>

#include "storage/column/vector.hpp"

namespace troupe {

class BatchQueue {
 public:
  bool empty() const { return head_ == batches_.size(); }
  void push_back(Batch batch) { batches_.push_back(std::move(batch)); }
  Batch& back() { return batches_.back(); }
  Batch pop_front() {
    Batch batch = std::move(batches_[head_++]);
    if (empty()) clear();
    return batch;
  }
  void clear() {
    batches_.clear();
    head_ = 0;
  }

 private:
  std::vector<Batch> batches_;
  size_t head_ = 0;
};

}  // namespace troupe
