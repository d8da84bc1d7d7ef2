#include "actors/node/conflict_list.hpp"

#include <utility>

namespace troupe {

void ConflictList::add(ConflictInfo conflict) {
  const std::lock_guard lock(mutex_);
  conflict.id = next_id_++;
  conflict.at_us = clock_.wall_us();
  rows_.push_back(std::move(conflict));
  if (rows_.size() > rows_max_) rows_.pop_front();
}

std::vector<ConflictInfo> ConflictList::list() const {
  const std::lock_guard lock(mutex_);
  return {rows_.begin(), rows_.end()};
}

size_t ConflictList::size() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

}  // namespace troupe
