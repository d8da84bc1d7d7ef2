#include "runtime/stream/interest.hpp"

#include <algorithm>

#include "storage/catalog/names.hpp"

namespace troupe {
namespace {

/// Tables whose rows lie alike: what is read of a row of the one can be read of one of the other.
bool lie_alike(const TableDef& a, const TableDef& b) {
  const auto kinds = a.shape->layout.kinds(), others = b.shape->layout.kinds();
  return std::equal(kinds.begin(), kinds.end(), others.begin(), others.end());
}

std::string_view field_bytes(const RowView& row, const RowLayout& layout, uint32_t column) {
  const Physical kind = layout.kind(column);
  return kind == Physical::kVarlen ? row.string(column) : std::string_view(row.slot(column), width(kind));
}

int64_t field_integer(const RowView& row, const RowLayout& layout, uint32_t column) {
  switch (layout.kind(column)) {
    case Physical::kInt16: return row.get<int16_t>(column);
    case Physical::kInt32: return row.get<int32_t>(column);
    default: return row.get<int64_t>(column);
  }
}

enum class Reading : uint8_t { kValue, kNull, kUnknown };

/// What a row has in the column. kUnknown: it was written before the column was added, or lies otherwise.
Reading read(std::string_view row, const RowLayout& layout, uint32_t column) {
  if (row.size() < 2 || !RowView::verify(layout, row).ok()) return Reading::kUnknown;
  const RowView view(layout, row);
  if (view.is_missing(column)) return Reading::kUnknown;
  return view.is_null(column) ? Reading::kNull : Reading::kValue;
}

bool passes(const ColumnSieve& sieve, const TableDef& table, std::string_view row) {
  const RowLayout& layout = table.shape->layout;
  const Reading reading = read(row, layout, sieve.column);
  if (reading != Reading::kValue) return reading == Reading::kUnknown;
  const RowView view(layout, row);
  if (sieve.values.empty()) {
    const int64_t value = field_integer(view, layout, sieve.column);
    return sieve.low <= value && value <= sieve.high;
  }
  const std::string_view value = field_bytes(view, layout, sieve.column);
  return std::find(sieve.values.begin(), sieve.values.end(), value) != sieve.values.end();
}

bool concerns(const TableInterest& interest, const Change& change) {
  if (change.tree == kCatalogObjectTree) return change.key == object_key(interest.table->oid);
  if (change.tree != interest.table->tree) return false;
  if (!interest.rows || !changes_row(change.op)) return true;
  return (change.has_before && passes(*interest.rows, *interest.table, change.before)) ||
         (change.has_after && passes(*interest.rows, *interest.table, change.after));
}

}  // namespace

bool concerns(const Interest& interest, std::string_view changes) {
  ChangeReader reader(changes);
  Change change;
  while (reader.next(&change)) {
    if (interest.definitions && change.tree == kCatalogObjectTree) return true;
    for (const TableInterest& table : interest.tables) {
      if (concerns(table, change)) return true;
    }
  }
  return !reader.ok();  // whoever reads them says what is wrong
}

// --- InterestIndex ---

InterestIndex::ColumnIndex& InterestIndex::column_of(TreeIndex& tree, const TableInterest& interest) {
  for (ColumnIndex& known : tree.columns) {
    if (known.column == interest.rows->column && lie_alike(*known.table, *interest.table)) return known;
  }
  ColumnIndex& column = tree.columns.emplace_back();
  column.table = interest.table;
  column.column = interest.rows->column;
  return column;
}

void InterestIndex::set(uint64_t follower, InterestPtr interest) {
  const auto known = interests_.find(follower);
  if (known != interests_.end() && known->second == interest) return;
  remove(follower);
  if (interest->definitions) all_definitions_.insert(follower);
  for (const TableInterest& table : interest->tables) {
    definitions_[object_key(table.table->oid)].insert(follower);
    TreeIndex& tree = trees_[table.table->tree];
    if (!table.rows) {
      tree.all.insert(follower);
      continue;
    }
    ColumnIndex& column = column_of(tree, table);
    for (const std::string& value : table.rows->values) column.by_value[value].insert(follower);
    if (table.rows->values.empty()) column.ranges.set(follower, table.rows->low, table.rows->high);
  }
  interests_.insert_or_assign(follower, std::move(interest));
}

void InterestIndex::remove(uint64_t follower) {
  const auto known = interests_.find(follower);
  if (known == interests_.end()) return;
  all_definitions_.erase(follower);
  for (const TableInterest& table : known->second->tables) {
    const auto erase_from = [follower](auto& map, const auto& key) {
      const auto at = map.find(key);
      if (at == map.end()) return;
      at->second.erase(follower);
      if (at->second.empty()) map.erase(at);
    };
    erase_from(definitions_, object_key(table.table->oid));
    const auto tree = trees_.find(table.table->tree);
    if (tree == trees_.end()) continue;
    tree->second.all.erase(follower);
    if (table.rows) {
      ColumnIndex& column = column_of(tree->second, table);
      for (const std::string& value : table.rows->values) erase_from(column.by_value, value);
      column.ranges.remove(follower);
    }
    std::erase_if(tree->second.columns,
                  [](const ColumnIndex& column) { return column.by_value.empty() && column.ranges.empty(); });
    if (tree->second.all.empty() && tree->second.columns.empty()) trees_.erase(tree);
  }
  interests_.erase(known);
}

void InterestIndex::match_rows(TreeIndex& tree, const Change& change, Followers* followers) {
  for (ColumnIndex& column : tree.columns) {
    const auto add = [followers](uint64_t follower) { followers->insert(follower); };
    const auto add_all = [&] {
      for (const auto& [value, those] : column.by_value) followers->insert(those.begin(), those.end());
      column.ranges.each(add);
    };
    if (!changes_row(change.op)) {
      add_all();
      continue;
    }
    const RowLayout& layout = column.table->shape->layout;
    const auto add_by = [&](bool present, std::string_view bytes) {
      const Reading reading = present ? read(bytes, layout, column.column) : Reading::kNull;
      if (reading == Reading::kUnknown) add_all();
      if (reading != Reading::kValue) return;
      const RowView row(layout, bytes);
      const auto at = column.by_value.find(std::string(field_bytes(row, layout, column.column)));
      if (at != column.by_value.end()) followers->insert(at->second.begin(), at->second.end());
      if (!column.ranges.empty()) column.ranges.find(field_integer(row, layout, column.column), add);
    };
    add_by(change.has_before, change.before);
    add_by(change.has_after, change.after);
  }
}

void InterestIndex::match(std::string_view changes, std::unordered_set<uint64_t>* followers) {
  ChangeReader reader(changes);
  Change change;
  TreeId last = 0;  // changes of one tree come together
  TreeIndex* tree = nullptr;
  while (reader.next(&change)) {
    if (change.tree == kCatalogObjectTree) {
      followers->insert(all_definitions_.begin(), all_definitions_.end());
      const auto at = definitions_.find(std::string(change.key));
      if (at != definitions_.end()) followers->insert(at->second.begin(), at->second.end());
      continue;
    }
    if (change.tree != last || last == 0) {
      const auto at = trees_.find(change.tree);
      tree = at == trees_.end() ? nullptr : &at->second;
      last = change.tree;
      if (tree != nullptr) followers->insert(tree->all.begin(), tree->all.end());
    }
    if (tree != nullptr && !tree->columns.empty()) match_rows(*tree, change, followers);
  }
  if (reader.ok()) return;
  for (const auto& [follower, interest] : interests_) followers->insert(follower);  // whoever reads them says what is wrong
}

}  // namespace troupe
