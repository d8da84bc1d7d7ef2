#include "runtime/stream/base_changes.hpp"

#include <utility>

#include "storage/column/row_codec.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

void BaseChanges::follow(std::shared_ptr<const TableDef> table, std::vector<uint32_t> columns,
                         std::shared_ptr<Rows> rows) {
  by_tree_[table->tree] = followed_.size();
  followed_.push_back({std::move(table), std::move(columns), std::move(rows)});
}

absl::Status BaseChanges::add(std::string_view changes) {
  ChangeReader reader(changes);
  Change change;
  while (reader.next(&change)) {
    const auto at = by_tree_.find(change.tree);
    if (at == by_tree_.end()) continue;
    if (!changes_row(change.op)) {
      unknown_ = true;
      continue;
    }
    if (change.has_before == change.has_after && change.before == change.after) continue;
    const Followed& followed = followed_[at->second];
    if (change.has_before) TROUPE_RETURN_IF_ERROR(add_row(followed, change.before, -1));
    if (change.has_after) TROUPE_RETURN_IF_ERROR(add_row(followed, change.after, 1));
  }
  return reader.status();
}

absl::Status BaseChanges::add_row(const Followed& followed, std::string_view row, int64_t weight) {
  const TableShape& shape = *followed.table->shape;
  TROUPE_RETURN_IF_ERROR(RowView::verify(shape.layout, row));
  const RowView view(shape.layout, row);
  std::vector<Value> values;
  values.reserve(followed.columns.size() + 1);
  for (const uint32_t column : followed.columns) {
    values.push_back(view.is_missing(column) ? shape.missing[column] : view.value(column, shape.missing[column]));
  }
  values.push_back(Value::of(weight));
  followed.rows->push_back(std::move(values));
  ++count_;
  bytes_ += row.size() + followed.columns.size() * sizeof(Value);
  return absl::OkStatus();
}

uint64_t BaseChanges::touched() const {
  uint64_t touched = 0;
  for (size_t i = 0; i < followed_.size(); ++i) {
    if (!followed_[i].rows->empty()) touched |= uint64_t{1} << i;
  }
  return touched;
}

void BaseChanges::clear() {
  for (Followed& followed : followed_) followed.rows->clear();
  count_ = bytes_ = 0;
  unknown_ = false;
}

}  // namespace troupe
