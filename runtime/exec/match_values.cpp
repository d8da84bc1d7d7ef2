#include "runtime/exec/match_values.hpp"

#include <algorithm>

namespace troupe {

MatchValues::MatchValues(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, const MatchRows& rows)
    : match_{match},
      offsets_{offsets},
      rows_{rows},
      positions_(match.sets.size()),
      aggregates_(match.spec->values.size()) {
  for (uint32_t value = 0; value < aggregates_.size(); ++value) {
    if (match.spec->values[value].kind != MatchValue::Kind::kAggregate) continue;
    const uint32_t set = match.set_of[value];
    const MatchPositions* positions = set == CompiledMatch::kAllRows ? nullptr : &positions_[set];
    aggregates_[value] = std::make_unique<RunningAggregate>(match, value, rows, positions);
  }
}

void MatchValues::restart() {
  followed_ = 0;
  for (MatchPositions& positions : positions_) positions.clear();
  for (auto& aggregate : aggregates_) {
    if (aggregate) aggregate->keep(0);
  }
}

void MatchValues::follow(MatchPath& path) {
  path_ = &path;
  const size_t same = std::min(path.unchanged(), followed_);
  if (same < followed_) {
    for (MatchPositions& positions : positions_) {
      while (!positions.empty() && positions.back() >= same) positions.pop_back();
    }
    for (auto& aggregate : aggregates_) {
      if (aggregate) aggregate->keep(same);
    }
  }
  for (size_t at = same; at < path.size(); ++at) {
    for (const uint32_t set : match_.sets_with[path.variable(at)]) positions_[set].push_back(static_cast<uint32_t>(at));
  }
  followed_ = path.size();
  path.note();
}

int64_t MatchValues::row_of(uint32_t value, size_t seen) const {
  const MatchOffset& offset = offsets_[value];
  const bool first = match_.spec->values[value].first;
  const uint32_t set = match_.set_of[value];
  size_t at = 0;
  if (set == CompiledMatch::kAllRows) {
    if (offset.logical >= seen) return kNoRow;
    at = first ? offset.logical : seen - 1 - offset.logical;
  } else {
    const MatchPositions& positions = positions_[set];
    const bool all = positions.empty() || positions.back() < seen;
    const auto end = all ? positions.end() : std::lower_bound(positions.begin(), positions.end(), seen);
    const auto count = static_cast<size_t>(end - positions.begin());
    if (offset.logical >= count) return kNoRow;
    at = positions[first ? offset.logical : count - 1 - offset.logical];
  }
  const int64_t row = static_cast<int64_t>(path_->first_row() + at) + offset.physical;
  return row >= 0 && row < rows_.size() ? row : kNoRow;
}

absl::Status MatchValues::append(uint32_t value, size_t seen, bool tentative, EvalContext& context, Vector* out) {
  const MatchValue& wanted = match_.spec->values[value];
  if (wanted.final) seen = path_->size();
  work_ += seen;
  if (work_ > kWorkPerLook) {
    work_ = 0;
    TROUPE_RETURN_IF_ERROR(context.check_interrupt());
  }
  switch (wanted.kind) {
    case MatchValue::Kind::kMatchNumber: out->append(match_number_); return absl::OkStatus();
    case MatchValue::Kind::kClassifier: return append_classifier(value, seen, out);
    case MatchValue::Kind::kAggregate: return aggregates_[value]->append(*path_, seen, tentative, context, out);
    case MatchValue::Kind::kRowValue: break;
  }
  const int64_t row = row_of(value, seen);
  if (row != kNoRow) return rows_.append(wanted.row_value, static_cast<uint32_t>(row), out);
  out->append_null();
  return absl::OkStatus();
}

absl::Status MatchValues::append_classifier(uint32_t value, size_t seen, Vector* out) const {
  const int64_t row = row_of(value, seen);
  const int64_t at = row == kNoRow ? -1 : row - static_cast<int64_t>(path_->first_row());
  if (at < 0 || at >= static_cast<int64_t>(seen)) {
    out->append_null();
  } else {
    out->append_string(match_.spec->variables[path_->variable(static_cast<size_t>(at))]);
  }
  return absl::OkStatus();
}

std::vector<uint32_t> MatchValues::positions_of(const MatchPath& path, const std::vector<uint16_t>& variables) {
  std::vector<uint32_t> positions;
  for (uint32_t at = 0; at < path.size(); ++at) {
    if (std::binary_search(variables.begin(), variables.end(), path.variable(at))) positions.push_back(at);
  }
  return positions;
}

}  // namespace troupe
