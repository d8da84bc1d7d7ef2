#pragma once
/// What some publications together tell of each table: by which tree its rows come, which columns, rows and actions.
/// Owner: one stream.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exec/program.hpp"
#include "storage/catalog/publication.hpp"

namespace troupe {

/// Rows of one table for which a condition holds. Empty: all of them.
class RowFilter {
 public:
  RowFilter() = default;
  /// `conditions`: any of them, as a publication keeps them.
  static absl::StatusOr<RowFilter> compile(const std::vector<std::string>& conditions, const TableDef& table,
                                           const CatalogPtr& catalog, const EvalContext& context);
  /// Of a condition over the table's columns, by row position.
  static absl::StatusOr<RowFilter> compile(const ExprPtr& condition, const TableDef& table);
  absl::StatusOr<bool> holds(std::string_view row, const TableDef& table, EvalContext& context) const;

 private:
  Program program_;
  std::vector<uint32_t> columns_;  ///< all of the table's
};

struct PublishedColumn {
  uint32_t position = 0;  ///< in the row
  std::string name;
  Type type;
  Oid declared = kNoOid;  ///< a domain, where the column was declared as one
  bool key = false;       ///< of the replica identity
};

struct PublishedRows {
  std::shared_ptr<const TableDef> table;
  std::string schema;
  char identity = 'd';  ///< pg_class.relreplident
  std::vector<PublishedColumn> columns;
  bool has_identity = false;
  bool inserts = false, updates = false, deletes = false, truncates = false;
  RowFilter insert_filter, update_filter, delete_filter;
  /// Positions of columns of unique indexes: a row that takes such a value must come after the one that gives it up.
  std::vector<uint32_t> unique;
  bool told = false;  ///< the subscriber knows its columns
};

class PublishedTables {
 public:
  PublishedTables(std::vector<std::string> publications, Oid database, const EvalContext& context)
      : names_{std::move(publications)}, database_{database}, context_{context} {}

  /// The tables as this catalog (of all databases) has them. Tables keep their trees until forget_former(): a
  /// transaction may have changed rows before it gave them another one.
  absl::Status follow(const CatalogPtr& catalog);
  void forget_former() { former_.clear(); }

  /// Null: it is not published. `former`: under a tree that the table has no more.
  PublishedRows* find(TreeId tree, bool* former);
  /// Errors: 42704 when a publication is not there; for the first row that would have to be told.
  const absl::Status& status() const { return status_; }

 private:
  struct Rule;
  absl::StatusOr<std::unique_ptr<PublishedRows>> make(std::shared_ptr<const TableDef> table,
                                                      const std::vector<Publishing>& by, const Catalog& catalog);
  absl::Status add_columns(const std::vector<Publishing>& by, const Catalog& catalog, PublishedRows* rows);
  absl::Status add_filters(const std::vector<Publishing>& by, PublishedRows* rows);

  std::vector<std::string> names_;
  Oid database_;
  const EvalContext& context_;
  CatalogPtr catalog_;  ///< the database's
  std::vector<ObjectPtr> publications_;
  std::map<TreeId, std::unique_ptr<PublishedRows>> tables_;
  std::map<TreeId, std::unique_ptr<PublishedRows>> former_;
  absl::Status status_;
};

/// The name of a type, and its schema, as a subscriber may look it up. Nothing: it is built in.
struct TypeNaming {
  std::string schema, name;
};
std::optional<TypeNaming> user_type_naming(Oid type, const Catalog& catalog);

}  // namespace troupe
