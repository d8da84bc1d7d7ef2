#include "actors/session/kept_rows.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {

void KeptRows::add(Batch batch) {
  if (batch.rows == 0) return;
  starts_.push_back(count());
  batches_.push_back(std::move(batch));
}

KeptRows::Span KeptRows::current() const { return at_ >= 1 && at_ <= count() ? Span{at_, 1, 1} : Span{}; }

KeptRows::Span KeptRows::forward(uint64_t rows) {
  const uint64_t first = std::min(at_ + 1, count() + 1), left = count() + 1 - first;
  at_ = rows > left ? count() + 1 : at_ + rows;
  return {first, 1, std::min(rows, left)};
}

KeptRows::Span KeptRows::backward(uint64_t rows) {
  const uint64_t left = at_ == 0 ? 0 : at_ - 1;
  const uint64_t first = left;
  at_ = rows > left ? 0 : at_ - rows;
  return {first, -1, std::min(rows, left)};
}

KeptRows::Span KeptRows::move_by(int64_t rows) {
  if (rows == 0) return current();
  return rows > 0 ? forward(static_cast<uint64_t>(rows)) : backward(0 - static_cast<uint64_t>(rows));
}

KeptRows::Span KeptRows::move_to(int64_t row) {
  const uint64_t end = count() + 1;
  if (row >= 0) {
    at_ = std::min(static_cast<uint64_t>(row), end);
  } else {
    const uint64_t back = 0 - static_cast<uint64_t>(row);
    at_ = back > end ? 0 : end - back;
  }
  return current();
}

KeptRows::Span KeptRows::move_relative(int64_t rows) {
  if (rows > 0) {
    const auto ahead = static_cast<uint64_t>(rows);
    at_ = ahead > count() + 1 - at_ ? count() + 1 : at_ + ahead;
  } else {
    const uint64_t back = 0 - static_cast<uint64_t>(rows);
    at_ = back > at_ ? 0 : at_ - back;
  }
  return current();
}

KeptRows::Place KeptRows::find(uint64_t row) const {
  TROUPE_CHECK(row >= 1 && row <= count());
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), row - 1);
  const auto batch = static_cast<size_t>(after - starts_.begin() - 1);
  return {&batches_[batch], static_cast<uint32_t>(row - 1 - starts_[batch])};
}

}  // namespace troupe
