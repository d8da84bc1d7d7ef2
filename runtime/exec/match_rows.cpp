#include "runtime/exec/match_rows.hpp"

#include <algorithm>

#include "runtime/cep/pattern_matcher.hpp"

namespace troupe {

void MatchRows::set(const Batch& rows) {
  rows_ = &rows;
  size_ = rows.rows;
  columns_.clear();
  columns_.resize(match_.row_values.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!match_.row_values[i].run(run_.input(rows), &columns_[i]).ok()) columns_[i] = Vector();
  }
}

void MatchRows::set_growing(const Batch& rows) {
  rows_ = &rows;
  size_ = 0;
  columns_.clear();
  for (const Program& value : match_.row_values) columns_.emplace_back().reset_empty(physical_kind(value.type()), 16);
  extend();
}

uint32_t MatchRows::extend() {
  const uint32_t before = size_;
  const uint32_t count = rows_->rows - before;
  const Batch more = rows_->slice(before, count);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Vector values;
    if (!is_ready(static_cast<uint32_t>(i)) || !match_.row_values[i].run(run_.input(more), &values).ok()) {
      columns_[i] = Vector();
    } else {
      columns_[i].append_all(values);
    }
  }
  size_ = rows_->rows;
  return before;
}

void MatchRows::clear() {
  rows_ = nullptr;
  size_ = 0;
  columns_.clear();
}

absl::Status MatchRows::append(uint32_t value, uint32_t row, Vector* out) const {
  if (is_ready(value)) {
    out->append_from(columns_[value], row);
    return absl::OkStatus();
  }
  Vector one;
  const Batch only = rows_->slice(row, 1);
  TROUPE_RETURN_IF_ERROR(match_.row_values[value].run(run_.input(only), &one));
  out->append_from(one, 0);
  return absl::OkStatus();
}

absl::Status MatchRows::gather(uint32_t value, std::span<const uint32_t> rows, Vector* out) const {
  if (is_ready(value)) {
    *out = columns_[value].gather(rows);
    return absl::OkStatus();
  }
  const Batch chosen = rows_->gather(rows);
  return match_.row_values[value].run(run_.input(chosen), out);
}

absl::Status MatchRows::window(uint32_t value, int64_t from, uint32_t count, Vector* out) const {
  const int64_t size = size_;
  if (is_ready(value) && from >= 0 && from + count <= size) {
    *out = columns_[value].slice(static_cast<uint32_t>(from), count);
    return absl::OkStatus();
  }
  out->reset_empty(physical_kind(match_.row_values[value].type()), count);
  for (int64_t row = from; row < from + count; ++row) {
    if (row < 0 || row >= size) {
      out->append_null();
    } else {
      TROUPE_RETURN_IF_ERROR(append(value, static_cast<uint32_t>(row), out));
    }
  }
  return absl::OkStatus();
}

void MatchRows::evaluate(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets, uint32_t from,
                         std::vector<uint8_t>* truths) const {
  truths->resize(size());
  for (; from < size(); from += kBatchRows) {
    const uint32_t count = std::min(kBatchRows, size() - from);
    // Where a row fails, each is asked for when the search comes to it: it may never.
    const absl::Status status = evaluate_part(condition, offsets, from, count, truths->data() + from);
    if (!status.ok()) std::fill_n(truths->data() + from, count, static_cast<uint8_t>(RowTruth::kAsk));
  }
}

absl::Status MatchRows::evaluate_part(const MatchExpressions& condition, const std::vector<MatchOffset>& offsets,
                                      uint32_t from, uint32_t count, uint8_t* truths) const {
  std::vector<Vector> columns(condition.values.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint32_t value = condition.values[i];
    TROUPE_RETURN_IF_ERROR(
        window(match_.spec->values[value].row_value, from + offsets[value].physical, count, &columns[i]));
  }
  Vector passes;
  TROUPE_RETURN_IF_ERROR(condition.programs[0].run(run_.input(columns, count), &passes));
  if (!passes.is_constant() && !passes.may_have_nulls()) {
    std::copy_n(passes.values<uint8_t>(), count, truths);  // a bool is 0 or 1, as kFalse and kTrue are
    return absl::OkStatus();
  }
  for (uint32_t row = 0; row < count; ++row) {
    truths[row] =
        static_cast<uint8_t>(!passes.is_null(row) && passes.get<bool>(row) ? RowTruth::kTrue : RowTruth::kFalse);
  }
  return absl::OkStatus();
}

}  // namespace troupe
