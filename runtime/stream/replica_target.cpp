#include "runtime/stream/replica_target.hpp"

#include <algorithm>

#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {
namespace {

using replication::Tuple;
using replication::TupleValue;

absl::Status refuse(const replication::RelationMessage& remote, std::string_view why) {
  return error(ErrorCode::kObjectNotInPrerequisiteState, "logical replication target relation \"", remote.schema, ".",
               remote.name, "\" ", why);
}

/// What names a row here: the chosen index, or the primary key.
std::vector<int16_t> local_key(const TableDef& table, const Catalog& catalog) {
  if (table.replica_identity == ReplicaIdentity::index) {
    const std::vector<int16_t> columns = identity_columns(table, catalog);
    if (!columns.empty()) return columns;
  }
  return table.primary_key;
}

}  // namespace

absl::StatusOr<ReplicaTarget> ReplicaTarget::make(replication::RelationMessage remote,
                                                  std::shared_ptr<const TableDef> table, const Catalog& catalog) {
  if (table == nullptr) return refuse(remote, "does not exist");
  ReplicaTarget target;
  std::vector<std::string> missing, generated;
  for (const auto& told : remote.columns) {
    const ColumnDef* column = table->find_column(told.name);
    if (column == nullptr) {
      missing.push_back(cat("\"", told.name, "\""));
      continue;
    }
    if (column->generated_stored) generated.push_back(cat("\"", told.name, "\""));
    target.always_ = target.always_ || column->identity == IdentityKind::always;
    target.attnums_.push_back(column->attnum);
  }
  const auto listed = [](const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += cat(list.empty() ? "" : ", ", name);
    return list;
  };
  if (!missing.empty()) {
    return refuse(remote, cat("is missing replicated column", missing.size() > 1 ? "s" : "", ": ", listed(missing)));
  }
  if (!generated.empty()) {
    return refuse(remote,
                  cat("has incompatible generated column", generated.size() > 1 ? "s" : "", ": ", listed(generated)));
  }
  const auto* schema = catalog.find_as<SchemaDef>(table->schema);
  target.quoted_ = cat(sql::quote_identifier(schema == nullptr ? remote.schema : schema->name), ".",
                       sql::quote_identifier(table->name));
  const std::vector<int16_t> key = local_key(*table, catalog);
  const bool full = remote.identity == 'f';
  for (const int16_t attnum : key) {
    const auto at = std::find(target.attnums_.begin(), target.attnums_.end(), attnum);
    const auto told = static_cast<size_t>(at - target.attnums_.begin());
    if (at != target.attnums_.end() && (full || remote.columns[told].key)) {
      target.key_.push_back(told);
      continue;
    }
    target.key_.clear();
    if (full) break;
    target.identity_ =
        error(ErrorCode::kObjectNotInPrerequisiteState,
              "publisher did not send replica identity column expected by the logical replication target relation \"",
              remote.schema, ".", remote.name, "\"");
    break;
  }
  if (key.empty() && !full) {
    target.identity_ = refuse(remote,
                              "has neither REPLICA IDENTITY index nor PRIMARY KEY and published relation does not have "
                              "REPLICA IDENTITY FULL");
  }
  target.remote_ = std::move(remote);
  target.table_ = std::move(table);
  return target;
}

const ColumnDef& ReplicaTarget::column(size_t remote_column) const { return table_->column(attnums_[remote_column]); }

std::string ReplicaTarget::column_list() const {
  std::string list;
  for (const auto& told : remote_.columns) {
    if (!list.empty()) list += ", ";
    list += sql::quote_identifier(told.name);
  }
  return list;
}

absl::Status ReplicaTarget::check(const Tuple& tuple) const {
  if (tuple.size() == attnums_.size()) return absl::OkStatus();
  return error(ErrorCode::kProtocolViolation, "logical replication column data of relation \"", described(), "\" has ",
               tuple.size(), " columns, expected ", attnums_.size());
}

absl::Status ReplicaTarget::check_identity() const { return identity_; }

ReplicaStatement ReplicaTarget::insert() const {
  ReplicaStatement statement;
  statement.text = cat("INSERT INTO ", quoted_);
  if (attnums_.empty()) {
    statement.text += " DEFAULT VALUES";
    return statement;
  }
  statement.text += cat(" (", column_list(), ")", always_ ? " OVERRIDING SYSTEM VALUE" : "", " VALUES (");
  for (size_t i = 0; i < attnums_.size(); ++i) {
    statement.text += cat(i == 0 ? "$" : ", $", i + 1);
    statement.types.push_back(Type{column(i).type});
    statement.parameters.push_back({true, i});
  }
  statement.text += ")";
  return statement;
}

void ReplicaTarget::add_key(bool after, ReplicaStatement* statement) const {
  statement->text += " WHERE ";
  for (const size_t told : key_) {
    if (told != key_.front()) statement->text += " AND ";
    statement->types.push_back(Type{column(told).type});
    statement->parameters.push_back({after, told});
    statement->text += cat(sql::quote_identifier(column(told).name), " = $", statement->types.size());
  }
}

ReplicaStatement ReplicaTarget::update(const replication::UpdateMessage& update) const {
  ReplicaStatement statement;
  const bool same_key = update.before_kind == 0;
  std::string set;
  for (size_t i = 0; i < attnums_.size(); ++i) {
    const bool of_key = std::find(key_.begin(), key_.end(), i) != key_.end();
    if (update.after[i].unchanged() || (same_key && of_key)) continue;
    statement.types.push_back(Type{column(i).type});
    statement.parameters.push_back({true, i});
    set += cat(set.empty() ? "" : ", ", sql::quote_identifier(column(i).name), " = $", statement.types.size());
  }
  if (set.empty()) return {};
  statement.text = cat("UPDATE ", quoted_, " SET ", set);
  add_key(same_key, &statement);
  return statement;
}

ReplicaStatement ReplicaTarget::erase() const {
  ReplicaStatement statement;
  statement.text = cat("DELETE FROM ", quoted_);
  add_key(false, &statement);
  return statement;
}

std::string ReplicaTarget::condition(const Tuple& before) const {
  std::string text;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].unchanged()) continue;
    if (!text.empty()) text += " AND ";
    const bool null = before[i].kind == TupleValue::Kind::kNull;
    text += cat(sql::quote_identifier(column(i).name), null ? " IS NULL" : " = ",
                null ? "" : sql::quote_literal(before[i].bytes));
  }
  return text.empty() ? "true" : text;
}

std::string ReplicaTarget::assignments(const Tuple& after) const {
  std::string text;
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].unchanged()) continue;
    if (!text.empty()) text += ", ";
    const bool null = after[i].kind == TupleValue::Kind::kNull;
    text += cat(sql::quote_identifier(column(i).name), " = ", null ? "NULL" : sql::quote_literal(after[i].bytes));
  }
  return text;
}

}  // namespace troupe
