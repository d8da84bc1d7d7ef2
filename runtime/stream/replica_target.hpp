#pragma once
/// A table of this node as the target of a published one: which of its columns are told, by which its rows are found,
/// and the statements by which changes are applied. Columns go by their names; columns that are not told have their
/// defaults. Source: PostgreSQL 15, relation.c and execReplication.c of its logical replication.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/protocol/replication_decoder.hpp"
#include "runtime/types/type.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// A statement whose parameters are values of messages.
struct ReplicaStatement {
  /// Of which image of the row, and which column of the published table.
  struct Parameter {
    bool after = false;
    size_t column = 0;
  };
  std::string text;
  std::vector<Type> types;  ///< of the parameters
  std::vector<Parameter> parameters;
};

class ReplicaTarget {
 public:
  /// `table` is the one of that name; null: there is none. Errors: 55000.
  static absl::StatusOr<ReplicaTarget> make(replication::RelationMessage remote, std::shared_ptr<const TableDef> table,
                                            const Catalog& catalog);

  const replication::RelationMessage& remote() const { return remote_; }
  const TableDef& table() const { return *table_; }
  /// "public.orders" for errors, and as SQL has it.
  std::string described() const { return remote_.schema + "." + remote_.name; }
  const std::string& quoted() const { return quoted_; }
  /// The local column of a told one.
  const ColumnDef& column(size_t remote_column) const;
  /// `"a", "b"`: all that are told.
  std::string column_list() const;

  /// The messages' tuples have as many values as columns were told. Errors: 08P01.
  absl::Status check(const replication::Tuple& tuple) const;
  /// Whether rows can be found by what the publisher tells of them. Errors: 55000.
  absl::Status check_identity() const;
  /// Rows are found by all their values, and may be there twice: one of them is meant.
  bool finds_by_all() const { return key_.empty(); }

  ReplicaStatement insert() const;
  /// `before`: which image tells the row's key; values that did not change and are not told stay. Its text is empty
  /// when nothing is left to be set.
  ReplicaStatement update(const replication::UpdateMessage& update) const;
  ReplicaStatement erase() const;
  /// A condition that a row with these values satisfies, all of them as literals (text, not binary).
  std::string condition(const replication::Tuple& before) const;
  /// The SET list of an update, all values as literals; empty: nothing is to be set.
  std::string assignments(const replication::Tuple& after) const;

 private:
  ReplicaTarget() = default;
  void add_key(bool after, ReplicaStatement* statement) const;

  replication::RelationMessage remote_;
  std::shared_ptr<const TableDef> table_;
  std::string quoted_;
  std::vector<int16_t> attnums_;  ///< of the local columns, by the told ones
  std::vector<size_t> key_;       ///< told columns that name a row; none: all do
  bool always_ = false;           ///< an identity column GENERATED ALWAYS is told
  absl::Status identity_;
};

}  // namespace troupe
