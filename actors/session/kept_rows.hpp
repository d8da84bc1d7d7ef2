#pragma once
/// The rows of a cursor that goes back and forth, or outlives its transaction, and where it stands: before the first
/// row (0), on one (1 to count), or behind the last (count + 1). Moves as PostgreSQL's portals do. The rows may come
/// while it moves, and those that came first be forgotten.
#include <cstdint>
#include <deque>

#include "storage/column/vector.hpp"

namespace troupe {

class KeptRows {
 public:
  /// Rows visited by a move, in order: from `first` on, `step` further each time, numbered from 1.
  struct Span {
    uint64_t first = 0;
    int64_t step = 1;
    uint64_t count = 0;
  };

  void add(Batch batch);
  uint64_t count() const { return starts_.empty() ? 0 : starts_.back() + batches_.back().rows; }
  uint64_t at() const { return at_; }
  /// Forgets rows before `row`, oldest first, until the rest takes no more than so many bytes.
  void forget_before(uint64_t row, uint64_t bytes_max);
  uint64_t bytes() const { return bytes_; }
  /// The first that is not forgotten.
  uint64_t first() const { return starts_.empty() ? 1 : starts_.front() + 1; }

  /// `rows` negative: backward; 0: the current row again. INT64_MAX: all there are.
  Span move_by(int64_t rows);
  /// Onto row `row`; negative: from the end.
  Span move_to(int64_t row);
  /// Onto the row so far from here.
  Span move_relative(int64_t rows);

  struct Place {
    const Batch* batch = nullptr;
    uint32_t row = 0;
  };
  /// `row` is first() to count().
  Place find(uint64_t row) const;

 private:
  Span forward(uint64_t rows);
  Span backward(uint64_t rows);
  Span current() const;

  std::deque<Batch> batches_;
  std::deque<uint64_t> starts_;  ///< rows before each batch
  uint64_t bytes_ = 0;
  uint64_t at_ = 0;
};

}  // namespace troupe
