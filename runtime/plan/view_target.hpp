#pragma once
/// Views through which rows can be changed: which can, why others cannot, and what is changed under them.
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/plan/bound_query.hpp"
#include "runtime/sql/ast_all.hpp"

namespace troupe {

/// A view that INSERT, UPDATE or DELETE names, down to the table that changes.
struct ViewTarget {
  struct Level {
    std::shared_ptr<const ViewDef> view;
    uint32_t relation = 0;              ///< as which the statement, or the view above, sees it
    QueryPtr query;
    std::vector<int32_t> base_columns;  ///< the table's row positions; -1: an expression
    ExprPtr where;                      ///< over the table
  };
  std::vector<Level> levels;             ///< the named view first
  std::shared_ptr<BoundRelation> named;  ///< what the statement sees
  std::shared_ptr<BoundRelation> table;
  ExprList columns;                      ///< the named view's, over the table

  /// The column, of the outermost view, whose own default goes into the table's column; null: none has one.
  const ColumnDef* default_of(uint32_t base_column) const;
};

/// PostgreSQL's reason why the view cannot be changed; empty: it can.
std::string_view why_not_updatable(const sql::SelectStatement& select, const BoundQuery& query);
/// The same of one of its columns.
std::string_view why_not_updatable(const Expr& column);
bool has_updatable_column(const BoundQuery& query);
/// Sets what the view's definition says about changing it.
void describe_changes(const sql::SelectStatement& select, const BoundQuery& query, ViewDef* view);

/// An option's boolean value as PostgreSQL reads it; none: it is no boolean.
std::optional<bool> parse_switch(std::string_view text);

/// What can be done to a view's rows, as bits: 4 UPDATE, 8 INSERT, 16 DELETE.
int32_t updatable_events(const Catalog& catalog, const ObjectDef* relation);
bool is_updatable_column(const Catalog& catalog, const ObjectDef* relation, int16_t attnum);

}  // namespace troupe
