#pragma once
/// Row counts and selectivities, from ANALYZE's statistics where there are any, PostgreSQL's defaults otherwise.
#include <optional>

#include "runtime/plan/bound_query.hpp"
#include "runtime/plan/planner.hpp"

namespace troupe {

class Estimate {
 public:
  explicit Estimate(const Statistics* live) : live_{live} {}

  double row_count(const TableDef& table) const;
  /// Different values of a column (row position).
  double distinct_values(const TableDef& table, uint32_t column) const;
  double average_width(const TableDef& table, uint32_t column) const;
  /// The fraction of `relation`'s rows for which the condition is true, others' columns being known constants.
  double selectivity(const BoundRelation& relation, const Expr& condition) const;
  /// Without any knowledge.
  static double default_selectivity(const Expr& condition);

 private:
  double equality(const TableDef& table, uint32_t column, const Expr* value) const;
  double range(const TableDef& table, uint32_t column, Comparison comparison, const Expr& value) const;

  const Statistics* live_;
};

/// `column <op> value` or the mirror image, where `value` mentions no column of the relation.
struct ColumnComparison {
  uint32_t column = 0;   ///< row position
  Type column_type;
  Comparison comparison = Comparison::kNone;
  ExprPtr value;
};
std::optional<ColumnComparison> match_comparison(const Expr& condition, uint32_t relation);
/// The column under casts that change nothing (varchar as text); null when it is no column of the relation.
const Expr* match_column(const Expr& expr, uint32_t relation);
Comparison mirrored(Comparison comparison);

}  // namespace troupe
