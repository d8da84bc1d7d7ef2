#include "runtime/exec/index_values.hpp"

namespace troupe {

absl::StatusOr<IndexValues> IndexValues::compile(IndexPtr index, const IndexTerms& terms) {
  IndexValues values;
  values.index_ = std::move(index);
  for (const ExprPtr& value : terms.values) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(value));
    values.values_.push_back(std::move(program));
  }
  if (terms.predicate) {
    TROUPE_ASSIGN_OR_RETURN(values.predicate_, Program::compile(terms.predicate));
  }
  return values;
}

absl::Status IndexValues::run(const EvalInput& in, const Batch& rows, Rows* out) const {
  out->columns.clear();
  out->computed.resize(values_.size());
  for (size_t i = 0; i < values_.size(); ++i) {
    TROUPE_RETURN_IF_ERROR(values_[i].run(in, &out->computed[i]));
    out->columns.push_back(&out->computed[i]);
  }
  if (values_.empty()) {
    for (const uint32_t column : index_->shape->columns) out->columns.push_back(&rows.columns[column]);
  }
  out->partial = static_cast<bool>(predicate_);
  return out->partial ? predicate_.run(in, &out->present) : absl::OkStatus();
}

std::vector<Value> IndexValues::Rows::values(uint32_t row) const {
  std::vector<Value> values;
  for (const Vector* column : columns) values.push_back(column->value(row));
  return values;
}

absl::StatusOr<std::vector<IndexValues>> compile_index_values(const TableWrite& write) {
  static const IndexTerms kPlain;
  std::vector<IndexValues> all;
  for (size_t i = 0; i < write.indexes.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(IndexValues values,
                            IndexValues::compile(write.indexes[i], write.terms.empty() ? kPlain : write.terms[i]));
    all.push_back(std::move(values));
  }
  return all;
}

}  // namespace troupe
