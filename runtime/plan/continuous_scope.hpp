#pragma once
/// What the names in the FROM of a continuous view's query mean. Its parts are taken from one another and put together
/// anew, so that each column is written with the alias of its relation, and joins with ON.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/sql/ast_all.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// A relation in FROM.
struct ContinuousSource {
  std::string name;   ///< by which the query knows it
  std::string alias;  ///< as it is written
  std::vector<std::string> columns;
  std::vector<Type> types;
  std::vector<std::string> key;  ///< columns of which no two rows have the same; none: not known
};

struct ContinuousScope {
  std::vector<ContinuousSource> sources;
  std::map<std::string, const sql::Expr*, std::less<>> merged;  ///< columns of USING
  const ContinuousScope* outer = nullptr;

  /// Nothing: it is no column of these relations, nor of the outer ones.
  struct Found {
    const ContinuousSource* source = nullptr;
    size_t column = 0;
    const sql::Expr* merged = nullptr;  ///< instead
    const ContinuousScope* scope = nullptr;
  };
  std::optional<Found> find(const sql::ColumnRef& ref) const;
  /// A row as a whole: t in count(t).
  bool is_row(const sql::ColumnRef& ref) const;
};

/// All of the tree, the node itself first; without what `enter` says no to.
void visit_syntax(const sql::Node& node, const std::function<bool(const sql::Node&)>& enter);
bool has_subquery(const sql::Node& node);
/// A call that is one row of many; not in subqueries.
bool has_aggregate(const sql::Node& node);
bool has_window_call(const sql::Node& node);

}  // namespace troupe
