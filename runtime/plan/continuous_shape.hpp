#pragma once
/// How a stage of a continuous view (continuous_stages.hpp) is kept. Pure syntax; what needs types is asked by
/// continuous_stage.
///   kRows: filters, projections, inner joins and UNION ALL of them. A change of a table is a change of the rows that
///     it joins with, each with a weight (Z-sets: Budiu et al., "DBSP", 2023).
///   kSums: groups whose aggregates are sums (count, sum, avg), DISTINCT and UNION: weights are added.
///   kKeys: all else. Rows are computed anew for the keys that a change belongs to, and a key decides alone which rows
///     there are: of groups and of DISTINCT ON what they are by; of window functions what all of them are partitioned
///     by; of outer joins and subqueries in expressions the key of the tables that no join leaves out ("anchors");
///     of LIMIT nothing, so that all is computed anew.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sql/ast_all.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// A subquery in an expression of a stage.
struct ContinuousSubquery {
  const sql::SubqueryExpr* expr = nullptr;
  bool filters = false;  ///< it is itself a condition of WHERE: what is not true is false
  size_t first = 0;      ///< of its tables in ContinuousPart::tables
  size_t count = 0;
};

/// One SELECT of those that UNION puts together.
struct ContinuousPart {
  const sql::SelectStatement* query = nullptr;
  /// In FROM's order; one that is joined with itself comes twice. Then those of subqueries.
  std::vector<const sql::TableRef*> tables;
  size_t in_from = 0;
  std::vector<ContinuousSubquery> subqueries;
};

struct ContinuousAggregate {
  enum class Kind : uint8_t { kCount, kSum, kAverage };
  Kind kind = Kind::kCount;
  const sql::FunctionCall* call = nullptr;
};

struct ContinuousShape {
  enum class Kind : uint8_t { kRows, kSums, kKeys };
  Kind kind = Kind::kRows;
  std::vector<ContinuousPart> parts;
  bool distinct = false;  ///< DISTINCT or UNION: the groups are the rows
  bool aggregated = false;
  bool anchored = false;                  ///< kKeys of outer joins and subqueries
  bool single = false;                    ///< kKeys: no key has more than one row
  std::vector<const sql::Expr*> keys;     ///< the groups, or what else there is a key by
  std::vector<ContinuousAggregate> sums;  ///< of kSums
};

/// Errors: 0A000 with what stands in the way.
absl::StatusOr<ContinuousShape> continuous_shape(const sql::SelectStatement& query);
absl::Status cannot_be_continuous(std::string_view reason);

/// An aggregate whose result does not depend on the order of the rows.
bool is_order_free(std::string_view aggregate);
/// Equal values of the type can look different: 1.0 and 1.00.
bool spells_equals_differently(const Type& type);
/// As casts have it.
std::string continuous_cast_name(const Type& type);
bool same_expression(const sql::Expr& a, const sql::Expr& b);
/// The conditions that AND puts together.
std::vector<const sql::Expr*> conditions_of(const sql::Expr* where);

}  // namespace troupe
