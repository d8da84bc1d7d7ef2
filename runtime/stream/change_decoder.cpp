#include "runtime/stream/change_decoder.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/catalog/codec.hpp"
#include "storage/catalog/names.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {

std::string_view row_op_name(RowOp op) {
  switch (op) {
    case RowOp::kInsert: return "insert";
    case RowOp::kUpdate: return "update";
    case RowOp::kDelete: return "delete";
    case RowOp::kTruncate: return "truncate";
    case RowOp::kDrop: return "drop";
    case RowOp::kSchema: return "schema";
    case RowOp::kError: return "error";
  }
  return {};
}

// --- definitions ---

namespace {

/// The columns c1, c2 ... of what is kept, as the view has them; the others are for nobody.
std::shared_ptr<const TableDef> as_view(const TableDef& rows, const TableDef& view) {
  auto shown = std::make_shared<TableDef>(rows);
  shown->name = view.name;
  const size_t first = rows.columns.size() - std::min(rows.columns.size(), view.columns.size());
  for (size_t i = 0; i < shown->columns.size(); ++i) {
    if (i < first) shown->columns[i].dropped = true;
    if (i >= first) shown->columns[i].name = view.columns[i - first].name;
  }
  return shown;
}

/// Among the objects lie the counters, and marks of objects that every node begins with and this one has no more.
bool is_object(std::string_view key, std::string_view bytes) {
  return key != counters_key() && bytes != encode_dropped();
}

}  // namespace

void ChangeDecoder::follow(std::shared_ptr<const TableDef> table, std::string schema_prefix) {
  const Oid oid = table->oid;
  follow_shown(std::move(table), FollowedName{oid, std::move(schema_prefix), {}, nullptr, nullptr});
}

void ChangeDecoder::follow_view(std::shared_ptr<const TableDef> view, std::shared_ptr<const TableDef> rows,
                                std::string schema_prefix) {
  const Oid oid = rows->oid;
  follow_shown(std::move(rows), FollowedName{oid, std::move(schema_prefix), {}, std::move(view), nullptr});
}

void ChangeDecoder::follow_shown(std::shared_ptr<const TableDef> table, FollowedName name) {
  if (name.view != nullptr) table = as_view(*table, *name.view);
  Followed& followed = tables_[table->tree];
  trees_[table->oid] = table->tree;
  followed.name = name.name = cat(name.schema_prefix, name.root != nullptr ? name.root->name : table->name);
  followed.of_view = name.view != nullptr;
  followed.of_partition = name.root != nullptr;
  const std::shared_ptr<const TableDef> root = name.root;
  names_.insert_or_assign(object_key(table->oid), std::move(name));
  last_ = nullptr;
  interest_known_ = false;
  if (followed.definition == table) return;
  if (teller_ == nullptr) {
    followed.json = std::make_unique<RowJson>(table);
  } else if (absl::Status status = teller_->follow(table, root); !status.ok()) {
    status_ = std::move(status);
  }
  followed.definition = std::move(table);
}

// --- partitions ---

void ChangeDecoder::follow_partitioned(const std::shared_ptr<const TableDef>& root, const std::string& schema_prefix,
                                       const std::vector<std::shared_ptr<const TableDef>>& partitions) {
  roots_[root->oid] = {root, schema_prefix};
  if (teller_ != nullptr) {
    if (absl::Status status = teller_->follow(root, nullptr); !status.ok()) status_ = std::move(status);
  }
  for (const auto& partition : partitions) follow_partition(partition);
}

/// False: it is a partition of nothing that is followed.
bool ChangeDecoder::follow_partition(const std::shared_ptr<const TableDef>& table) {
  const auto root = table->is_partition() ? roots_.find(table->partition_of) : roots_.end();
  if (root == roots_.end()) return false;
  if (table->is_partitioned()) {
    roots_[table->oid] = Root(root->second);
    return true;
  }
  const Root& as = root->second;
  follow_shown(table, FollowedName{table->oid, as.schema_prefix, {}, nullptr, as.definition});
  return true;
}

/// An object that is not followed by itself: a partition, perhaps, or the partitioned table.
absl::Status ChangeDecoder::learn_partition(std::string_view bytes) {
  TROUPE_ASSIGN_OR_RETURN(const std::shared_ptr<ObjectDef> object, decode_object(bytes));
  const auto table = std::dynamic_pointer_cast<TableDef>(object);
  if (table == nullptr) return absl::OkStatus();
  table->shape = make_shape(*table);
  for (auto& [oid, root] : roots_) {
    if (root.definition->oid == table->oid) root.definition = table;
  }
  follow_partition(table);
  return absl::OkStatus();
}

void ChangeDecoder::unfollow(const std::string& key) {
  const auto followed = names_.find(key);
  const auto tree = trees_.find(followed->second.oid);
  if (tree != trees_.end()) tables_.erase(tree->second);
  last_ = nullptr;
  names_.erase(followed);
}

absl::Status ChangeDecoder::learn_definition(const FollowedName& followed, std::string_view bytes) {
  TROUPE_ASSIGN_OR_RETURN(const std::shared_ptr<ObjectDef> object, decode_object(bytes));
  const auto table = std::dynamic_pointer_cast<TableDef>(object);
  if (table == nullptr) return error(ErrorCode::kDataCorrupted, "object ", followed.oid, " is no table in the log");
  table->shape = make_shape(*table);
  follow_shown(table, FollowedName(followed));
  return absl::OkStatus();
}

absl::Status ChangeDecoder::look_back(std::string_view changes) {
  ChangeReader reader(changes);
  Change change;
  while (reader.next(&change)) {
    if (change.tree != kCatalogObjectTree || !change.has_before || !is_object(change.key, change.before)) continue;
    const auto followed = names_.find(change.key);
    if (followed == names_.end() && roots_.empty()) continue;
    if (!looked_back_.emplace(change.key).second) continue;
    if (followed == names_.end()) {
      TROUPE_RETURN_IF_ERROR(learn_partition(change.before));  // that is there no more
      continue;
    }
    const FollowedName name = followed->second;
    if (name.root == nullptr) {
      TROUPE_RETURN_IF_ERROR(learn_definition(name, change.before));
      continue;
    }
    unfollow(std::string(change.key));  // unless it was a partition at that time
    TROUPE_RETURN_IF_ERROR(learn_partition(change.before));
  }
  return reader.status();
}

/// A change of the catalog. True when it is an event: a table is gone.
bool ChangeDecoder::learn(const Change& change, RowEvent* event) {
  const auto followed = names_.find(change.key);
  if (followed == names_.end()) {
    const bool may_be_partition = !roots_.empty() && change.has_after && is_object(change.key, change.after);
    if (may_be_partition) status_ = learn_partition(change.after);
    return false;
  }
  const FollowedName name = followed->second;
  if (!change.has_after) return change.has_before && lose(name, std::string(change.key), event);
  status_ = learn_definition(name, change.after);
  if (!status_.ok()) return false;
  const Followed& now = tables_.find(tree_of(name))->second;
  // A partition that is none any more goes on as a table of its own.
  if (name.root != nullptr && !roots_.contains(now.definition->partition_of)) {
    return lose(name, std::string(change.key), event);
  }
  if (teller_ == nullptr || number_ <= seen_) return false;
  return tell_of_table(now.definition.get(), RowOp::kSchema, now.name, event);
}

bool ChangeDecoder::lose(const FollowedName& name, const std::string& key, RowEvent* event) {
  dropped_ = name.name;
  std::string partition;
  if (name.root != nullptr) {
    partition = tables_.find(tree_of(name))->second.definition->name;
    unfollow(key);
  } else {
    names_.erase(names_.find(key));
  }
  if (number_ <= seen_) return false;
  return tell_of_table(nullptr, RowOp::kDrop, dropped_, event, partition);
}

InterestPtr ChangeDecoder::new_interest() {
  if (std::exchange(interest_known_, true)) return nullptr;
  auto interest = std::make_shared<Interest>();
  interest->definitions = !roots_.empty();
  for (const auto& [key, followed] : names_) {
    const std::shared_ptr<const TableDef>& table = tables_.find(tree_of(followed))->second.definition;
    interest->tables.push_back({table, teller_ == nullptr ? std::nullopt : teller_->sieve(table->oid)});
  }
  return interest;
}

TreeId ChangeDecoder::tree_of(const FollowedName& followed) const { return trees_.find(followed.oid)->second; }

/// What happens to the table as a whole.
bool ChangeDecoder::tell_of_table(const TableDef* table, RowOp op, std::string_view name, RowEvent* event,
                                  std::string_view partition) {
  fill_bare(op, name, event);
  if (teller_ != nullptr) {
    const auto told = teller_->tell_of_table(table, number_, event);
    if (!told.ok()) status_ = told.status();
    if (!told.ok() || !*told) return false;
  }
  if (partition.empty()) return true;
  // It happened to a part of the table only.
  after_ = "{\"partition\":";
  append_json_string(partition, &after_);
  after_ += "}";
  event->has_after = true;
  event->after = after_;
  return true;
}

// --- changes ---

void ChangeDecoder::begin(std::string_view changes, uint64_t changes_before, uint64_t seen) {
  changes_ = ChangeReader(changes);
  number_ = changes_before;
  seen_ = seen;
  bulk_left_ = 0;
  bulk_in_record_ = 0;
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

DecodeStep ChangeDecoder::next(RowEvent* event) {
  Change change;
  while (status_.ok()) {
    if (bulk_in_record_ > 0) {
      if (!bulk_.next(&change)) {
        status_ = error(ErrorCode::kDataCorrupted, "a bulk record has fewer changes than it says");
        break;
      }
      --bulk_in_record_;
      --bulk_left_;
      if (row_event(change, event)) return DecodeStep::kEvent;
      continue;
    }
    if (bulk_left_ > 0) return DecodeStep::kNeedsBulk;
    if (!changes_.next(&change)) {
      status_ = changes_.status();
      break;
    }
    if (row_event(change, event)) return DecodeStep::kEvent;
  }
  return DecodeStep::kEnd;
}

/// Counts the change. True when it is an event that was not seen yet, or an error (status_).
bool ChangeDecoder::row_event(const Change& change, RowEvent* event) {
  ++number_;
  if (change.tree == kCatalogObjectTree) [[unlikely]] return learn(change, event) && status_.ok();
  if (change.op == ChangeOp::kBulk) [[unlikely]] return begin_bulk(change);
  Followed* table = find(change.tree);
  if (table == nullptr || number_ <= seen_) return false;
  if (change.op == ChangeOp::kTruncate) [[unlikely]] {
    const std::string_view partition = table->of_partition ? std::string_view(table->definition->name) : "";
    return tell_of_table(table->definition.get(), RowOp::kTruncate, table->name, event, partition);
  }
  // A dropped tree, and a row that came and went within its transaction, are no events.
  if (!change.has_before && !change.has_after) return false;
  return fill(*table, change, event);
}

bool ChangeDecoder::fill(Followed& table, const Change& change, RowEvent* event) {
  if (teller_ != nullptr) {
    *event = RowEvent{};
    event->number = number_;
    event->table = table.name;
    const auto told = teller_->tell(*table.definition, change, number_, event);
    if (!told.ok()) status_ = told.status();
    if (!told.ok() || !*told) return false;
    return !table.of_view || !event->has_before || !event->has_after || event->before != event->after;
  }
  before_.clear();
  after_.clear();
  if (change.has_before) status_ = table.json->append(change.before, context_, &before_);
  if (status_.ok() && change.has_after) status_ = table.json->append(change.after, context_, &after_);
  if (!status_.ok()) return false;
  if (table.of_view && change.has_before && change.has_after && before_ == after_) return false;
  event->number = number_;
  event->op = !change.has_before ? RowOp::kInsert : (change.has_after ? RowOp::kUpdate : RowOp::kDelete);
  event->table = table.name;
  event->has_before = change.has_before;
  event->has_after = change.has_after;
  event->before = before_;
  event->after = after_;
  return true;
}

void ChangeDecoder::fill_bare(RowOp op, std::string_view table, RowEvent* event) const {
  *event = RowEvent{};
  event->number = number_;
  event->op = op;
  event->table = table;
}

// --- rows that came in bulk ---

/// Never an event itself: its rows are.
bool ChangeDecoder::begin_bulk(const Change& change) {
  const auto run = decode_bulk_run(change.after);
  if (!run.ok()) {
    status_ = run.status();
  } else if (find(change.tree) == nullptr || number_ + run->rows <= seen_) {
    number_ += run->rows;
  } else {
    wanted_ = {run->position, run->record};
    bulk_left_ = run->rows;
  }
  return false;
}

absl::Status ChangeDecoder::take_bulk(const schema::Bulk& bulk) {
  const schema::BulkHead& head = *bulk.head();
  if (bulk_left_ == 0 || bulk_in_record_ > 0 || head.record() != wanted_.record) return absl::OkStatus();
  const uint32_t rows = head.change_count();
  if (rows > bulk_left_) return error(ErrorCode::kDataCorrupted, "a bulk record has more changes than its run");
  ++wanted_.record;
  if (number_ + rows <= seen_) {
    number_ += rows;
    bulk_left_ -= rows;
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(unpack_bulk(bulk, &bulk_bytes_));
  bulk_ = ChangeReader(bulk_bytes_);
  bulk_in_record_ = rows;
  return absl::OkStatus();
}

}  // namespace troupe
