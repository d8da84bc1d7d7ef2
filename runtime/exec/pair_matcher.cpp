#include "runtime/exec/pair_matcher.hpp"

namespace troupe {

Batch join_rows(const Batch& left, std::span<const uint32_t> left_rows, const Batch& right,
                std::span<const uint32_t> right_rows) {
  Batch joined = left.gather(left_rows);
  for (const Vector& column : right.columns) joined.columns.push_back(column.gather(right_rows));
  return joined;
}

void PairMatcher::begin_left(const Batch* left) {
  left_ = left;
  matched_.assign(left->rows, false);
  unknown_.assign(left->rows, false);
}

bool PairMatcher::emits_pairs() const {
  switch (spec_.join) {
    case JoinKind::kInner: case JoinKind::kLeft: case JoinKind::kRight: case JoinKind::kFull: case JoinKind::kSingle:
      return true;
    default: return false;
  }
}

bool PairMatcher::first_match_decides() const { return !emits_pairs(); }

absl::Status PairMatcher::add_pairs(std::span<const uint32_t> left_rows, const Batch& right,
                                    std::span<const uint32_t> right_rows, Batch* out,
                                    std::vector<uint32_t>* matched_right) {
  *out = {};
  if (left_rows.empty()) return absl::OkStatus();
  std::vector<uint32_t> true_pairs;
  Batch joined;
  if (spec_.condition) {
    joined = join_rows(*left_, left_rows, right, right_rows);
    Vector holds;
    TROUPE_RETURN_IF_ERROR(spec_.condition.run(run_.input(joined), &holds));
    select_true(holds, joined.rows, &true_pairs);
    if (spec_.null_aware && holds.may_have_nulls()) {
      for (uint32_t i = 0; i < joined.rows; ++i) {
        if (holds.is_null(i)) unknown_[left_rows[i]] = true;
      }
    }
  } else {
    true_pairs.resize(left_rows.size());
    for (uint32_t i = 0; i < true_pairs.size(); ++i) true_pairs[i] = i;
  }
  for (const uint32_t pair : true_pairs) {
    if (spec_.join == JoinKind::kSingle && matched_[left_rows[pair]]) {
      return error(ErrorCode::kCardinalityViolation,
                   "more than one row returned by a subquery used as an expression");
    }
    matched_[left_rows[pair]] = true;
    if (matched_right != nullptr) matched_right->push_back(right_rows[pair]);
  }
  if (!emits_pairs() || true_pairs.empty()) return absl::OkStatus();
  if (!spec_.condition) {
    *out = join_rows(*left_, left_rows, right, right_rows);
  } else {
    *out = true_pairs.size() == joined.rows ? std::move(joined) : joined.gather(true_pairs);
  }
  return absl::OkStatus();
}

void PairMatcher::pad_left(uint32_t left_row, Batch* out) const {
  const uint32_t rows[] = {left_row};
  *out = left_->gather(rows);
  append_null_columns(spec_.right_types, 1, &out->columns);
}

void PairMatcher::finish_left(Batch* out) const {
  *out = {};
  if (spec_.join == JoinKind::kMark) {
    *out = *left_;
    Vector mark(Physical::kBool, left_->rows);
    for (uint32_t row = 0; row < left_->rows; ++row) {
      if (!matched_[row] && unknown_[row]) {
        mark.set_null(row);
      } else {
        mark.set(row, static_cast<bool>(matched_[row]));
      }
    }
    out->columns.push_back(std::move(mark));
    return;
  }
  const bool wants_matched = spec_.join == JoinKind::kSemi;
  const bool pads = spec_.join == JoinKind::kLeft || spec_.join == JoinKind::kFull || spec_.join == JoinKind::kSingle;
  const bool is_anti = spec_.join == JoinKind::kAnti || spec_.join == JoinKind::kNullAwareAnti;
  if (!wants_matched && !pads && !is_anti) return;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < left_->rows; ++row) {
    if (spec_.join == JoinKind::kNullAwareAnti && unknown_[row]) continue;
    if (matched_[row] == wants_matched) rows.push_back(row);
  }
  if (rows.empty()) return;
  *out = rows.size() == left_->rows ? *left_ : left_->gather(rows);
  if (pads) append_null_columns(spec_.right_types, out->rows, &out->columns);
}

}  // namespace troupe
