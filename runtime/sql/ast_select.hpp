#pragma once
/// SELECT, VALUES, TABLE, set operations, WITH, and everything in FROM.
#include "runtime/sql/ast_expr.hpp"
#include "runtime/sql/ast_window.hpp"

namespace troupe::sql {

struct ColumnDefinition;  // ast_table.hpp
struct IntoClause;        // ast_table.hpp

/// `AS name (columns…)`
struct Alias {
  std::string_view name;
  List<std::string_view> columns;
};

enum class Persistence : uint8_t { kPermanent, kTemporary, kUnlogged };

struct TableSample {
  Name method;
  ExprList arguments;
  const Expr* repeatable = nullptr;
};

/// A relation by name, in FROM and wherever else a statement names one.
struct TableRef : FromItem {
  static constexpr auto kKind = NodeKind::kTableRef;
  std::string_view catalog;
  std::string_view schema;
  std::string_view name;
  bool only = false;  ///< ONLY t: without its children
  const Alias* alias = nullptr;
  const TableSample* sample = nullptr;
};

struct SubqueryRef : FromItem {
  static constexpr auto kKind = NodeKind::kSubqueryRef;
  bool lateral = false;
  const SelectStatement* query = nullptr;
  const Alias* alias = nullptr;  ///< the parser insists on one, as PostgreSQL 15 does
};

/// One function of ROWS FROM (…), or the only one.
struct TableFunction {
  const Expr* call = nullptr;  ///< FunctionCall, or another call-like expression such as COALESCE or current_date
  List<const ColumnDefinition*> columns;  ///< f(x) AS (a int, b text)
};
struct FunctionRef : FromItem {
  static constexpr auto kKind = NodeKind::kFunctionRef;
  bool lateral = false;
  bool ordinality = false;
  bool rows_from = false;
  List<TableFunction> functions;
  const Alias* alias = nullptr;
};

enum class JoinType : uint8_t { kCross, kInner, kLeft, kRight, kFull };
struct JoinExpr : FromItem {
  static constexpr auto kKind = NodeKind::kJoin;
  JoinType type = JoinType::kInner;
  bool natural = false;
  const FromItem* left = nullptr;
  const FromItem* right = nullptr;
  const Expr* on = nullptr;
  List<std::string_view> using_columns;
  std::string_view using_alias;  ///< USING (a) AS x
  const Alias* alias = nullptr;  ///< (a JOIN b …) AS x
};

/// An item of a select list or of RETURNING.
struct Target : Node {
  static constexpr auto kKind = NodeKind::kTarget;
  const Expr* value = nullptr;  ///< a ColumnRef or Indirection may end in a star
  std::string_view alias;       ///< empty when there was none
};

enum class Materialization : uint8_t { kDefault, kAlways, kNever };
struct SearchClause {
  bool breadth_first = false;
  List<std::string_view> columns;
  std::string_view sequence_column;
};
struct CycleClause {
  List<std::string_view> columns;
  std::string_view mark_column;
  const Expr* mark_value = nullptr;    ///< null: true
  const Expr* mark_default = nullptr;  ///< null: false
  std::string_view path_column;
};
struct CommonTable : Node {
  static constexpr auto kKind = NodeKind::kCommonTable;
  std::string_view name;
  List<std::string_view> columns;
  Materialization materialized = Materialization::kDefault;
  const Statement* query = nullptr;  ///< SELECT, INSERT, UPDATE, DELETE, or MERGE
  const SearchClause* search = nullptr;
  const CycleClause* cycle = nullptr;
};
struct WithClause : Node {
  static constexpr auto kKind = NodeKind::kWith;
  bool recursive = false;
  List<const CommonTable*> tables;
};

/// An element of GROUP BY. kSimple has one expression; kEmpty is `()`.
struct GroupingSet : Node {
  static constexpr auto kKind = NodeKind::kGroupingSet;
  enum class Type : uint8_t { kEmpty, kSimple, kRollup, kCube, kSets };
  Type type = Type::kSimple;
  ExprList expressions;             ///< kSimple, kRollup, kCube; `(a, b)` inside arrives as a RowExpr
  List<const GroupingSet*> sets;    ///< kSets
};

enum class LockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
enum class LockWait : uint8_t { kBlock, kSkipLocked, kNoWait };
struct LockingClause : Node {
  static constexpr auto kKind = NodeKind::kLocking;
  LockStrength strength{};
  LockWait wait = LockWait::kBlock;
  List<const TableRef*> tables;  ///< OF …; empty: all
};

/// Oracle's START WITH … CONNECT BY [NOCYCLE] ….
struct ConnectBy {
  uint32_t position = 0;
  bool no_cycle = false;
  const Expr* start_with = nullptr;
  const Expr* condition = nullptr;  ///< PriorExpr inside
};

enum class SetOperation : uint8_t { kNone, kUnion, kIntersect, kExcept };
/// One of: a plain SELECT (operation kNone, no `values`), VALUES, or a set operation over `left` and `right`.
/// `TABLE t` is SELECT * FROM t. WITH, ORDER BY, LIMIT and FOR apply to the whole.
struct SelectStatement : Statement {
  static constexpr auto kKind = NodeKind::kSelect;
  SetOperation operation = SetOperation::kNone;
  bool all = false;  ///< UNION ALL
  bool distinct = false;
  bool group_distinct = false;
  bool with_ties = false;
  bool is_values = false;
  ExprList distinct_on;
  List<const Target*> targets;
  List<const FromItem*> from;
  const Expr* where = nullptr;
  const ConnectBy* connect_by = nullptr;
  List<const GroupingSet*> group_by;
  const Expr* having = nullptr;
  List<const WindowDefinition*> windows;
  List<ExprList> values;
  const SelectStatement* left = nullptr;
  const SelectStatement* right = nullptr;
  const WithClause* with = nullptr;
  List<const SortItem*> order_by;
  const Expr* limit = nullptr;   ///< LIMIT ALL is a NULL literal, as in PostgreSQL
  const Expr* offset = nullptr;
  List<const LockingClause*> locking;
  const IntoClause* into = nullptr;  ///< SELECT … INTO t
};

}  // namespace troupe::sql
