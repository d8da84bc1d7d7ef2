#include "runtime/stream/change_decoder.hpp"

namespace troupe {

std::string_view row_op_name(RowOp op) {
  switch (op) {
    case RowOp::kInsert: return "insert";
    case RowOp::kUpdate: return "update";
    case RowOp::kDelete: return "delete";
  }
  return {};
}

void ChangeDecoder::follow(std::shared_ptr<const TableDef> table, std::string shown_name) {
  Followed& followed = tables_[table->tree];
  followed.name = std::move(shown_name);
  last_ = nullptr;
  if (followed.definition == table) return;
  followed.json = std::make_unique<RowJson>(table);
  followed.definition = std::move(table);
}

void ChangeDecoder::begin(std::string_view changes, uint32_t changes_before, uint32_t seen) {
  changes_ = ChangeReader(changes);
  number_ = changes_before;
  seen_ = seen;
  status_ = absl::OkStatus();
}

ChangeDecoder::Followed* ChangeDecoder::find(TreeId tree) {
  if (tree != last_tree_ || last_ == nullptr) {
    const auto at = tables_.find(tree);
    last_tree_ = tree;
    last_ = at == tables_.end() ? nullptr : &at->second;
  }
  return last_;
}

bool ChangeDecoder::next(RowEvent* event) {
  if (!status_.ok()) return false;
  Change change;
  while (changes_.next(&change)) {
    ++number_;
    Followed* table = find(change.tree);
    if (table == nullptr || number_ <= seen_) continue;
    // A dropped tree, and a row that came and went within its transaction, are no events.
    if (!change.has_before && !change.has_after) continue;
    return fill(*table, change, event);
  }
  status_ = changes_.status();
  return false;
}

bool ChangeDecoder::fill(Followed& table, const Change& change, RowEvent* event) {
  before_.clear();
  after_.clear();
  if (change.has_before) status_ = table.json->append(change.before, context_, &before_);
  if (status_.ok() && change.has_after) status_ = table.json->append(change.after, context_, &after_);
  if (!status_.ok()) return false;
  event->number = number_;
  event->op = !change.has_before ? RowOp::kInsert : (change.has_after ? RowOp::kUpdate : RowOp::kDelete);
  event->table = table.name;
  event->has_before = change.has_before;
  event->has_after = change.has_after;
  event->before = before_;
  event->after = after_;
  return true;
}

}  // namespace troupe
