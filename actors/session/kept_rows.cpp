#include "actors/session/kept_rows.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

uint64_t bytes_of(const Batch& batch) {
  uint64_t bytes = 0;
  for (const Vector& column : batch.columns) {
    bytes += uint64_t{batch.rows} * width(column.kind());
    if (column.kind() != Physical::kVarlen) continue;
    for (uint32_t row = 0; row < batch.rows; ++row) bytes += column.is_null(row) ? 0 : column.string(row).size();
  }
  return bytes;
}

}  // namespace

void KeptRows::add(Batch batch) {
  if (batch.rows == 0) return;
  starts_.push_back(count());
  bytes_ += bytes_of(batch);
  batches_.push_back(std::move(batch));
}

void KeptRows::forget_before(uint64_t row, uint64_t bytes_max) {
  // The last one stays, so that it is known how many there were.
  while (bytes_ > bytes_max && batches_.size() > 1 && starts_[1] < row) {
    bytes_ -= bytes_of(batches_.front());
    batches_.pop_front();
    starts_.pop_front();
  }
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
  TROUPE_CHECK(row >= first() && row <= count());
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), row - 1);
  const auto batch = static_cast<size_t>(after - starts_.begin() - 1);
  return {&batches_[batch], static_cast<uint32_t>(row - 1 - starts_[batch])};
}

}  // namespace troupe
