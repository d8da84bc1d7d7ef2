#pragma once
/// Queries after binding and before planning. Columns are (relation, index): relations are numbered through the whole
/// statement; a table's index is the row position (attnum - 1).
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/match_plan.hpp"
#include "runtime/plan/modify_plan.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/system_table.hpp"

namespace troupe {

/// The table's or view's column that a column of a result comes from; none: of no table.
struct ColumnOrigin {
  Oid table = kNoOid;
  int16_t attnum = 0;
};

struct BoundQuery;
using QueryPtr = std::shared_ptr<BoundQuery>;

/// The pseudo column of a table that holds the row's key (bytea).
inline constexpr uint32_t kRowKeyColumn = UINT32_MAX;
/// (cursor, table): the key of the row that the cursor stands on; no name that anybody types.
inline constexpr const char* kCurrentRowFunction = "current row of";
/// Of a partitioned table: the oid of the partition that has the row.
inline constexpr uint32_t kTableOidColumn = UINT32_MAX - 2;
/// What is known of a row, but is not in it.
inline constexpr bool is_pseudo_column(uint32_t column) { return column >= kTableOidColumn; }

namespace sql {
struct SelectStatement;
}
struct ViewTarget;  // runtime/plan/view_target.hpp

struct BoundRelation {
  enum class Kind : uint8_t { kTable, kSubquery, kFunction, kValues, kCte, kWorkTable, kSystem };
  Kind kind = Kind::kTable;
  bool lateral = false;
  bool ordinality = false;
  bool only = false;                  ///< ONLY of a partitioned table, which has no rows
  uint32_t number = 0;
  std::string_view alias;             ///< as the statement calls it
  TablePtr table;
  QueryPtr query;                     ///< kSubquery
  std::shared_ptr<const ViewDef> view;              ///< whose query it is
  const sql::SelectStatement* view_text = nullptr;  ///< and as it is written
  std::vector<FunctionScanPlan::Call> calls;
  std::vector<ExprList> values;
  uint32_t cte = 0;                   ///< kCte; kWorkTable: its work table
  std::shared_ptr<const SystemTable> system;
  std::vector<ColumnOrigin> origins;  ///< of what is not a table, as far as they are known
  std::vector<std::string> names;     ///< of the columns; empty: the table's own
  std::vector<Type> types;            ///< of what is not a table
  Oid reader = kNoOid;                ///< of a table: in whose name it is read or changed
  /// What its policies ask of a row before anything else that could tell of the row does. All of it must hold.
  ExprList security;

  size_t size() const { return kind == Kind::kTable ? table->columns.size() : types.size(); }
  std::string_view name_of(uint32_t column) const {
    return column < names.size() ? std::string_view(names[column]) : std::string_view(table->columns[column].name);
  }
  Type type_of(uint32_t column) const {
    if (column == kTableOidColumn) return Type{oid::kOid};
    if (kind != Kind::kTable) return types[column];
    return {table->columns[column].type, table->columns[column].typmod};
  }
  ColumnOrigin origin_of(uint32_t column) const {
    if (kind == Kind::kTable) return {table->oid, static_cast<int16_t>(column + 1)};
    return column < origins.size() ? origins[column] : ColumnOrigin{};
  }
  bool visible(uint32_t column) const { return kind != Kind::kTable || !table->columns[column].dropped; }
};

/// A tree of joins; leaves are relations.
struct FromTree {
  std::shared_ptr<BoundRelation> relation;  ///< a leaf
  JoinKind join = JoinKind::kInner;
  std::shared_ptr<FromTree> left;
  std::shared_ptr<FromTree> right;
  ExprPtr condition;
};
using FromPtr = std::shared_ptr<FromTree>;

struct BoundTarget {
  ExprPtr value;
  std::string name;
  ColumnOrigin origin{};
};

struct BoundLock {
  uint32_t relation = 0;
  LockStrength strength = LockStrength::kExclusive;
  LockWait wait = LockWait::kWait;
};

struct BoundQuery {
  // A plain SELECT.
  std::vector<FromPtr> from;
  std::vector<uint32_t> relations;  ///< numbers of all of FROM's, joins' included
  ExprPtr where;
  bool aggregated = false;
  bool joins_functions = false;  ///< users' set-returning functions among the targets are in FROM
  ExprList groups;
  std::vector<std::vector<uint16_t>> grouping_sets;
  ExprPtr having;
  /// Aggregates of this query that stand in its subqueries, which know them as columns of `hoisted_relation` (0: none).
  ExprList hoisted;
  uint32_t hoisted_relation = 0;
  std::vector<WindowSpec> windows;
  bool has_table_functions = false;  ///< set-returning functions among the targets
  // A set operation: targets are columns (set_relation, i).
  std::optional<SetOperationKind> operation;
  bool all = false;
  QueryPtr left, right;
  uint32_t set_relation = 0;
  // WITH RECURSIVE: left is the start, right reads the work table.
  bool recursive = false;
  uint32_t work_table = 0;

  /// FROM's rows are looked through for a pattern; the targets are columns of match->output_relation.
  std::shared_ptr<MatchSpec> match;

  std::vector<BoundTarget> targets;
  bool distinct = false;
  ExprList distinct_on;
  std::vector<SortKey> order;
  ExprPtr limit, offset;
  bool with_ties = false;
  std::vector<BoundLock> locks;

  /// INSERT ... RETURNING and its kin in WITH: the targets are what it returns.
  std::shared_ptr<const struct BoundModify> modify;
};

/// A subquery in an expression. That of kAny (IN, = ANY, NOT ... for ALL) has one argument: the condition that is true
/// for a row that matches.
struct BoundSubquery {
  enum class Kind : uint8_t { kScalar, kExists, kArray, kAny };
  Kind kind = Kind::kScalar;
  QueryPtr query;
  uint32_t relation = 0;  ///< under which the condition sees the query's targets
  bool each_row = false;  ///< it is volatile: run for every row, even if nothing of the row is in it
};

struct BoundCte {
  std::string name;
  QueryPtr query;
  std::vector<std::string> names;
  std::vector<Type> types;
  int references = 0;
  uint32_t first_relation = 0, end_relation = 0;  ///< the numbers of the relations in it
  bool materialized = false;
  bool not_materialized = false;
};

/// INSERT, UPDATE, DELETE.
struct BoundModify {
  PlanKind kind = PlanKind::kInsert;
  std::shared_ptr<BoundRelation> target;
  std::shared_ptr<const ViewTarget> view;     ///< which the statement names in place of the target; null: none
  QueryPtr source;              ///< INSERT: rows of all layout columns. Others: FROM with the target, WHERE, no targets
  std::vector<ColumnAssignment> assignments;  ///< over relations
  std::vector<ColumnAssignment> generated;    ///< TableWrite::generated, over (target, column)
  std::vector<uint32_t> not_null;
  std::vector<CheckCondition> checks;         ///< over (target, column)
  ExprPtr policy_check;  ///< over the new row as (target, column): an error where policies forbid it; may be null
  std::optional<ConflictAction> conflict;     ///< expressions over layout columns already
  std::vector<BoundTarget> returning;
  ExprPtr current_row;  ///< WHERE CURRENT OF: the row's key, or null; else null

  /// What the statement's expressions know the changed rows as.
  const BoundRelation& named() const;
};

/// The relations of which an outer join may make up rows; `nullable`: the whole tree is such.
void collect_nullable(const FromTree& tree, bool nullable, std::vector<uint32_t>* out);
bool has_subquery(const Expr& expr);
/// Of FROM's relations the one with this number; null: there is none.
const BoundRelation* relation_in(const BoundQuery& query, uint32_t number);
/// The relations an expression mentions, subqueries' outer references included; sorted.
void collect_relations(const Expr& expr, std::vector<uint32_t>* out);
/// All relations defined anywhere inside the query, and all it mentions.
void collect_relations(const BoundQuery& query, std::vector<uint32_t>* defined, std::vector<uint32_t>* mentioned);
using ReplaceExpr = std::function<ExprPtr(const ExprPtr&)>;
/// replace_expr, also within subqueries, which change in place.
ExprPtr substitute_expr(const ExprPtr& expr, const ReplaceExpr& replace);
void substitute_query(BoundQuery* query, const ReplaceExpr& replace);
/// Every expression of a query and of everything under it, each once.
void visit_query(const BoundQuery& query, const std::function<void(const ExprPtr&)>& visit);

}  // namespace troupe
