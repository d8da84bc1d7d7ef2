#include "runtime/exec/row_store.hpp"

#include <algorithm>

#include "runtime/exec/program.hpp"

namespace troupe {

RowStore::RowStore(std::span<const Type> types) {
  kinds_.reserve(types.size());
  for (const Type& type : types) kinds_.push_back(physical_kind(type));
  clear();
}

void RowStore::clear() {
  rows_ = {};
  rows_.columns.resize(kinds_.size());
  for (size_t c = 0; c < kinds_.size(); ++c) rows_.columns[c].reset_empty(kinds_[c], 16);
}

void RowStore::append(const Batch& batch) {
  for (size_t c = 0; c < kinds_.size(); ++c) rows_.columns[c].append_all(batch.columns[c]);
  rows_.rows += batch.rows;
}

void RowStore::append(const Batch& batch, std::span<const uint32_t> selection) {
  for (size_t c = 0; c < kinds_.size(); ++c) {
    for (const uint32_t row : selection) rows_.columns[c].append_from(batch.columns[c], row);
  }
  rows_.rows += static_cast<uint32_t>(selection.size());
}

Batch RowStore::take(uint32_t from, uint32_t count) const {
  return rows_.slice(from, std::min(count, rows_.rows - from));
}

void append_null_columns(std::span<const Type> types, uint32_t rows, std::vector<Vector>* columns) {
  for (const Type& type : types) columns->push_back(Vector::null_constant(physical_kind(type), rows));
}

}  // namespace troupe
