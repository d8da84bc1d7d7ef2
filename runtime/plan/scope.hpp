#pragma once
/// Which names an expression may use: the FROM items of its query, then those of the queries around it.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/bound_query.hpp"

namespace troupe {

namespace sql {
struct WindowDefinition;
}

/// A name of a joined column: of USING's merged ones, and of all when the join has an alias.
struct NamedColumn {
  std::string_view name;
  ExprPtr value;
};

/// One FROM item as names see it.
struct FromNames {
  std::string_view alias;                     ///< empty: a join without one
  std::string_view schema;                    ///< of a table without alias: `schema.table.column` works
  std::shared_ptr<BoundRelation> relation;    ///< a leaf; otherwise a join of:
  std::shared_ptr<FromNames> left, right;
  std::vector<NamedColumn> merged;            ///< USING's columns
  std::vector<NamedColumn> columns;           ///< an aliased join's, all of them
  std::shared_ptr<FromNames> using_names;     ///< USING (...) AS alias: the merged columns under that name
  bool is_aliased_join() const { return !relation && !alias.empty(); }
};

struct Scope {
  const Scope* outer = nullptr;
  std::vector<std::shared_ptr<FromNames>> items;
  /// Is there, but may not be used here: the target of MERGE where it has no row.
  std::shared_ptr<FromNames> unreachable;
  /// Names that are there but may not be used yet (FROM items left of a non-LATERAL subquery).
  bool hidden = false;
  QueryPtr query;  ///< whose clauses use this scope
  std::vector<const sql::WindowDefinition*> windows;  ///< its WINDOW clause
  /// Select-list names for ORDER BY and GROUP BY are looked up by their binder, not here.
};

enum class LookupResult : uint8_t { kNotFound, kFound, kAmbiguous };

/// An unqualified column in one item.
LookupResult find_column(const FromNames& item, std::string_view name, ExprPtr* out);
/// The item called `alias` in `item` (itself or under an unnamed join); null when there is none.
const FromNames* find_item(const FromNames& item, std::string_view schema, std::string_view alias);
/// The scope's own FROM item that is the relation of that number; null when there is none.
const FromNames* leaf_of(const Scope& scope, uint32_t relation);
/// A column of a relation by position, as an expression.
ExprPtr column_of(const BoundRelation& relation, uint32_t index);
/// What `*` means for the item, in order.
void expand_star(const FromNames& item, std::vector<NamedColumn>* out);
/// PostgreSQL's "Perhaps you meant to reference the column ...", or empty. `alias` empty: any item's column.
std::string suggest_column(const Scope& scope, std::string_view alias, std::string_view name);

}  // namespace troupe
