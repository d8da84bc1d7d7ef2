#include "runtime/exec/match_output.hpp"

#include <algorithm>

namespace troupe {

MatchOutput::MatchOutput(const CompiledMatch& match, const std::vector<MatchOffset>& offsets, const MatchRows& rows,
                         Run& run)
    : match_{match}, rows_{rows}, run_{run}, values_(match, offsets, rows) {
  reset();
}

void MatchOutput::reset() {
  const MatchSpec& spec = *match_.spec;
  carried_.resize(spec.carried.size());
  for (size_t i = 0; i < carried_.size(); ++i) {
    carried_[i].reset_empty(physical_kind(spec.row_values[spec.carried[i]]->type));
  }
  inputs_.resize(match_.measures.values.size());
  for (size_t i = 0; i < inputs_.size(); ++i) {
    inputs_[i].reset_empty(physical_kind(spec.values[match_.measures.values[i]].type));
  }
  input_rows_ = 0;
  measures_of_.clear();
}

absl::Status MatchOutput::add_match(MatchPath& path, int64_t match_number) {
  values_.restart();
  values_.set_match_number(match_number);
  values_.follow(path);
  const auto first = static_cast<uint32_t>(path.first_row());
  if (match_.spec->rows == RowsPerMatch::kOne) return add_row(first, path.size());
  if (path.empty()) {
    if (match_.spec->rows == RowsPerMatch::kOmitEmpty) return absl::OkStatus();
    return add_row(first, 0);
  }
  for (uint32_t at = 0; at < path.size(); ++at) {
    if (!path.is_excluded(at)) TROUPE_RETURN_IF_ERROR(add_row(first + at, at + 1));
  }
  return absl::OkStatus();
}

absl::Status MatchOutput::add_row(uint32_t row, size_t seen) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(
        values_.append(match_.measures.values[i], seen, /*tentative=*/false, *run_.context.eval, &inputs_[i]));
  }
  measures_of_.push_back(input_rows_++);
  return carry(row);
}

absl::Status MatchOutput::add_unmatched(uint32_t row) {
  measures_of_.push_back(kNoMeasures);
  return carry(row);
}

absl::Status MatchOutput::carry(uint32_t row) {
  for (size_t i = 0; i < carried_.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(rows_.append(match_.spec->carried[i], row, &carried_[i]));
  }
  return measures_of_.size() < kBatchRows ? absl::OkStatus() : flush();
}

absl::Status MatchOutput::flush() {
  if (measures_of_.empty()) return absl::OkStatus();
  Batch batch;
  batch.rows = static_cast<uint32_t>(measures_of_.size());
  batch.columns = std::move(carried_);
  TROUPE_RETURN_IF_ERROR(compute_measures(&batch.columns));
  ready_bytes_ += batch.memory_bytes();
  ready_.push_back(std::move(batch));
  reset();
  return absl::OkStatus();
}

absl::Status MatchOutput::compute_measures(std::vector<Vector>* columns) {
  for (const Program& program : match_.measures.programs) {
    Vector values;
    TROUPE_RETURN_IF_ERROR(program.run(run_.input(inputs_, input_rows_), &values));
    columns->push_back(input_rows_ == measures_of_.size() ? std::move(values) : spread(values, program.type()));
  }
  return absl::OkStatus();
}

/// With nulls for rows of no match.
Vector MatchOutput::spread(const Vector& measure, Type type) const {
  Vector all;
  all.reset_empty(physical_kind(type), static_cast<uint32_t>(measures_of_.size()));
  for (const uint32_t from : measures_of_) {
    if (from == kNoMeasures) {
      all.append_null();
    } else {
      all.append_from(measure, from);
    }
  }
  return all;
}

Batch MatchOutput::take() {
  Batch batch = ready_.pop_front();
  ready_bytes_ -= std::min(ready_bytes_, batch.memory_bytes());
  return batch;
}

}  // namespace troupe
