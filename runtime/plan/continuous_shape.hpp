#pragma once
/// Whether a query can be kept up to date by what changes in its tables, and how. Pure syntax; what needs types and
/// volatility is asked by continuous_program.
///   kRows: filters, projections, inner joins and UNION ALL of them. A change of a table is a change of the rows that
///   it
///     joins with, each with a weight (Z-sets: Budiu et al., "DBSP", 2023).
///   kSums: groups whose aggregates are sums (count, sum, avg), DISTINCT and UNION: weights are added.
///   kGroups: any other grouping: the groups that a change belongs to are computed anew.
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/sql/ast_all.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// One SELECT of those that UNION puts together.
struct ContinuousPart {
  const sql::SelectStatement* query = nullptr;
  std::vector<const sql::TableRef*> tables;  ///< in FROM's order; one that is joined with itself comes twice
};

struct ContinuousAggregate {
  enum class Kind : uint8_t { kCount, kSum, kAverage };
  Kind kind = Kind::kCount;
  const sql::FunctionCall* call = nullptr;
};

struct ContinuousShape {
  enum class Kind : uint8_t { kRows, kSums, kGroups };
  Kind kind = Kind::kRows;
  std::vector<ContinuousPart> parts;
  bool distinct = false;  ///< kSums of DISTINCT or UNION: the groups are the rows
  bool aggregated = false;
  std::vector<const sql::Expr*> groups;   ///< of what is aggregated
  std::vector<ContinuousAggregate> sums;  ///< of kSums
};

/// Whether a table in FROM has a column of the name.
using HasColumn = std::function<bool(const sql::TableRef& table, std::string_view column)>;

/// Errors: 0A000 with what stands in the way.
absl::StatusOr<ContinuousShape> continuous_shape(const sql::SelectStatement& query, const HasColumn& has_column);
absl::Status cannot_be_continuous(std::string_view reason);

/// Two ways to write the same: `t.a` and `a`.
bool same_expression(const sql::Expr& a, const sql::Expr& b);

}  // namespace troupe
