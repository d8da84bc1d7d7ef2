#pragma once
/// ORDER BY items and window definitions.
#include "runtime/sql/ast_expr.hpp"

namespace troupe::sql {

enum class SortOrder : uint8_t { kDefault, kAscending, kDescending, kUsing };
enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };
struct SortItem : Node {
  static constexpr auto kKind = NodeKind::kSortItem;
  const Expr* value = nullptr;
  SortOrder order = SortOrder::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
  Name using_schema;  ///< ORDER BY x USING schema.op
  std::string_view using_op;
};

enum class FrameUnit : uint8_t { kRange, kRows, kGroups };
enum class FrameBoundType : uint8_t { kUnboundedPreceding, kPreceding, kCurrentRow, kFollowing, kUnboundedFollowing };
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };
struct FrameBound {
  FrameBoundType type{};
  const Expr* offset = nullptr;
};
/// OVER (…), OVER name, or WINDOW name AS (…).
struct WindowDefinition : Node {
  static constexpr auto kKind = NodeKind::kWindow;
  std::string_view name;      ///< WINDOW name AS …; OVER name (then `reference` is true)
  bool reference = false;     ///< OVER name: nothing else is set
  std::string_view base;      ///< OVER (base …)
  ExprList partition_by;
  List<const SortItem*> order_by;
  bool has_frame = false;  ///< without one: RANGE UNBOUNDED PRECEDING to CURRENT ROW
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start{FrameBoundType::kUnboundedPreceding, nullptr};
  FrameBound end{FrameBoundType::kCurrentRow, nullptr};
  FrameExclusion exclusion = FrameExclusion::kNone;
};

}  // namespace troupe::sql
