#include "actors/session/key_events.hpp"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "storage/catalog/partition_tree.hpp"
#include "storage/column/row_codec.hpp"

namespace troupe {
namespace {

/// The columns of a foreign key (or of what it refers to) in a change's batch; empty: they were not watched.
Batch key_columns(const KeyChange& change, const std::vector<int16_t>& attnums, const Batch& rows) {
  Batch keys;
  keys.rows = rows.rows;
  for (const int16_t attnum : attnums) {
    const auto column = static_cast<uint32_t>(attnum - 1);
    const auto at = std::lower_bound(change.columns.begin(), change.columns.end(), column);
    if (at == change.columns.end() || *at != column) return {};
    keys.columns.push_back(rows.columns[static_cast<size_t>(at - change.columns.begin())]);
  }
  return keys;
}

bool has_null(const Batch& keys, uint32_t row) {
  return std::any_of(keys.columns.begin(), keys.columns.end(), [&](const Vector& v) { return v.is_null(row); });
}
bool all_null(const Batch& keys, uint32_t row) {
  return std::all_of(keys.columns.begin(), keys.columns.end(), [&](const Vector& v) { return v.is_null(row); });
}
bool same_key(const Batch& a, const Batch& b, uint32_t row) {
  for (size_t c = 0; c < a.columns.size(); ++c) {
    if (!(a.columns[c].value(row) == b.columns[c].value(row))) return false;
  }
  return true;
}

/// Which nulls make a row of no concern.
enum class LeavesOut : uint8_t { kAnyNull, kAllNull, kNothing };

LeavesOut left_out(const ConstraintDef& key, KeyEvent::Kind kind, const Catalog& catalog) {
  // Of a full match some nulls are an error, which is told when it is looked at.
  if (kind == KeyEvent::Kind::kReferring && key.foreign.match_full) return LeavesOut::kAllNull;
  if (kind != KeyEvent::Kind::kCompared) return LeavesOut::kAnyNull;
  const IndexDef* index = catalog.find_index(key.index);
  const bool nulls_count = key.kind == ConstraintKind::exclusion || (index != nullptr && index->nulls_not_distinct);
  return nulls_count ? LeavesOut::kNothing : LeavesOut::kAnyNull;
}

bool is_new_row(KeyEvent::Kind kind) {
  return kind == KeyEvent::Kind::kReferring || kind == KeyEvent::Kind::kCompared;
}

/// Rows that a constraint has to look at, of all that were changed.
std::vector<uint32_t> concerned_rows(const KeyEvent& event, LeavesOut leaves_out) {
  const Batch& keys = is_new_row(event.kind) ? event.after : event.before;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < keys.rows; ++row) {
    if (leaves_out == LeavesOut::kAnyNull && has_null(keys, row)) continue;
    if (leaves_out == LeavesOut::kAllNull && all_null(keys, row)) continue;
    if (event.before.rows > 0 && event.after.rows > 0 && same_key(event.before, event.after, row)) continue;
    rows.push_back(row);
  }
  return rows;
}

void keep_rows(const std::vector<uint32_t>& rows, Batch* batch) {
  if (batch->rows > 0 && rows.size() < batch->rows) *batch = batch->gather(rows);
}

}  // namespace

FoundKey find_key(const Catalog& catalog, Oid table, Oid constraint) {
  const auto found = std::dynamic_pointer_cast<const TableDef>(catalog.find_shared(table));
  if (found == nullptr) return {};
  for (const ConstraintDef& key : found->constraints) {
    if (key.oid == constraint) return {found, &key};
  }
  return {};
}

FoundKey find_key(const Catalog& catalog, Oid constraint) {
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    const FoundKey found = find_key(catalog, object->oid, constraint);
    if (found.key != nullptr) return found;
  }
  return {};
}

void KeyEvents::add(KeyEvent event, bool deferred, std::deque<KeyEvent>* queue) {
  if (deferred) event.first_hand = false;
  (deferred ? deferred_ : *queue).push_back(std::move(event));
}

void KeyEvents::take(const Catalog& catalog, CommandId command, bool statement, std::deque<KeyEvent>* queue) {
  const std::vector<KeyChange> changes = std::exchange(changes_.list, {});
  const auto inserts_only = [](const KeyChange& change) { return change.change == RowChange::kInsert; };
  const bool plain = statement && (changes.size() == 1 || std::all_of(changes.begin(), changes.end(), inserts_only));
  for (const KeyChange& change : changes) {
    const TableDef* table = catalog.find_table(change.table->oid);
    if (table == nullptr) continue;
    const auto make = [&](const TableDef& child, const ConstraintDef& key, KeyEvent::Kind kind,
                          const std::vector<int16_t>& columns) {
      KeyEvent event;
      event.kind = kind;
      event.changed = table->oid;
      event.table = child.oid;
      event.constraint = key.oid;
      event.command = command;
      if (change.before.rows > 0) event.before = key_columns(change, columns, change.before);
      if (change.after.rows > 0) event.after = key_columns(change, columns, change.after);
      const std::vector<uint32_t> rows = concerned_rows(event, left_out(key, kind, catalog));
      if (rows.empty()) return;
      keep_rows(rows, &event.before);
      keep_rows(rows, &event.after);
      if (is_new_row(kind)) event.before = {};
      event.first_hand = plain;
      const KeyAction action = kind == KeyEvent::Kind::kDeleted ? key.foreign.on_delete : key.foreign.on_update;
      const bool may_wait = is_new_row(kind) || action == KeyAction::no_action;
      add(std::move(event), may_wait && is_deferred(key), queue);
    };
    if (change.change != RowChange::kInsert) {
      const auto kind = change.change == RowChange::kDelete ? KeyEvent::Kind::kDeleted : KeyEvent::Kind::kMoved;
      for (const TableDef* referred : table_and_above(*table, catalog)) {
        for (const Oid oid : referred->referenced_by) {
          const TableDef* child = catalog.find_table(oid);
          if (child == nullptr) continue;
          for (const ConstraintDef& key : child->constraints) {
            // A partition's is its table's, too, which sees to the rows of all of them.
            const bool own = key.kind == ConstraintKind::foreign_key && key.parent == kNoOid;
            if (!own || key.foreign.table != referred->oid) continue;
            make(*child, key, kind, same_columns(key.foreign.columns, *referred, *table));
          }
        }
      }
    }
    // A row that moves between partitions is told as the root's; the new partition has been told of it as its own.
    if (change.change == RowChange::kDelete || table->is_partitioned()) continue;
    for (const ConstraintDef& key : table->constraints) {
      if (key.kind == ConstraintKind::foreign_key) make(*table, key, KeyEvent::Kind::kReferring, key.columns);
      if (key.compares_rows_afterwards()) make(*table, key, KeyEvent::Kind::kCompared, key.columns);
    }
  }
}

bool KeyEvents::has_deferred_of(Oid table) const {
  return std::any_of(deferred_.begin(), deferred_.end(),
                     [&](const KeyEvent& event) { return event.changed == table && event.done == 0; });
}

std::deque<KeyEvent> KeyEvents::take_deferred(const Catalog& catalog, CommandId command, bool all) {
  std::deque<KeyEvent> events;
  for (KeyEvent& event : deferred_) {
    const FoundKey found = find_key(catalog, event.table, event.constraint);
    if (event.done != 0 || found.key == nullptr || (!all && is_deferred(*found.key))) continue;
    event.done = command;
    events.push_back(event);
  }
  return events;
}

void KeyEvents::set_deferred(Oid constraint, bool deferred, CommandId command) {
  settings_.push_back({constraint, deferred, command});
}

bool KeyEvents::is_deferred(const ConstraintDef& key) const {
  if (!key.deferrable) return false;
  for (size_t i = settings_.size(); i-- > 0;) {
    if (settings_[i].constraint == kNoOid || settings_[i].constraint == key.oid) return settings_[i].deferred;
  }
  return key.initially_deferred;
}

void KeyEvents::rollback_to(CommandId command) {
  forget_changes();
  std::erase_if(deferred_, [&](const KeyEvent& event) { return event.command >= command; });
  for (KeyEvent& event : deferred_) {
    if (event.done >= command) event.done = 0;
  }
  std::erase_if(settings_, [&](const Setting& setting) { return setting.command >= command; });
}

void KeyEvents::clear() {
  forget_changes();
  deferred_.clear();
  settings_.clear();
}

DistinctKeys distinct_keys(const Batch& keys) {
  DistinctKeys distinct;
  std::vector<Physical> kinds;
  for (const Vector& column : keys.columns) kinds.push_back(column.kind());
  const RowLayout layout(std::move(kinds));
  absl::flat_hash_set<std::string> seen;
  std::string bytes;
  for (uint32_t row = 0; row < keys.rows; ++row) {
    if (has_null(keys, row)) continue;
    bytes.clear();
    encode_row(layout, keys, row, &bytes);
    if (seen.insert(bytes).second) distinct.rows.push_back(row);
  }
  distinct.keys = distinct.rows.size() == keys.rows ? keys : keys.gather(distinct.rows);
  return distinct;
}

}  // namespace troupe
