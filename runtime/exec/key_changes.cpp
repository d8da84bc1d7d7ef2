#include "runtime/exec/key_changes.hpp"

namespace troupe {
namespace {

void append(const Batch& rows, Batch* all) {
  if (all->columns.empty()) {
    for (const Vector& column : rows.columns) all->columns.emplace_back().reset_empty(column.kind());
  }
  for (size_t c = 0; c < all->columns.size(); ++c) all->columns[c].append_all(rows.columns[c]);
  all->rows += rows.rows;
}

}  // namespace

void KeyChanges::add(const TableWrite& write, RowChange change, const Batch* before, const Batch* after) {
  const bool goes_on = !list.empty() && list.back().table == write.table && list.back().change == change &&
                       list.back().columns == write.watched;
  if (!goes_on) {
    list.emplace_back();
    list.back().table = write.table;
    list.back().change = change;
    list.back().columns = write.watched;
  }
  if (before != nullptr) append(*before, &list.back().before);
  if (after != nullptr) append(*after, &list.back().after);
}

Batch split_columns(Batch* batch, size_t columns) {
  Batch cut;
  cut.rows = batch->rows;
  const auto from = batch->columns.end() - static_cast<ptrdiff_t>(columns);
  cut.columns.assign(std::make_move_iterator(from), std::make_move_iterator(batch->columns.end()));
  batch->columns.erase(from, batch->columns.end());
  return cut;
}

Batch columns_of(const Batch& rows, const std::vector<uint32_t>& columns) {
  Batch some;
  some.rows = rows.rows;
  for (const uint32_t column : columns) some.columns.push_back(rows.columns[column]);
  return some;
}

}  // namespace troupe
