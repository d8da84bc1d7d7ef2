#pragma once
/// INSERT, UPDATE, DELETE, MERGE, TRUNCATE, COPY.
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

struct Option;  // ast_ddl.hpp

/// A column to be written: `a`, `a[1]`, `a.field`.
struct AssignmentTarget {
  uint32_t position = 0;
  std::string_view column;
  List<Accessor> accessors;
};
/// `a = 1`, or `(a, b) = …` (multiple): value is then a RowExpr, a scalar SubqueryExpr, or any expression of row type.
struct Assignment : Node {
  static constexpr auto kKind = NodeKind::kAssignment;
  bool multiple = false;
  List<AssignmentTarget> targets;
  const Expr* value = nullptr;
};

enum class Overriding : uint8_t { kNone, kUserValue, kSystemValue };
struct IndexElement;  // ast_table.hpp
struct OnConflict : Node {
  static constexpr auto kKind = NodeKind::kOnConflict;
  List<const IndexElement*> elements;  ///< ON CONFLICT (a, lower(b)) …
  const Expr* elements_where = nullptr;
  std::string_view constraint;  ///< ON CONFLICT ON CONSTRAINT …
  bool update = false;          ///< DO UPDATE SET …; else DO NOTHING
  List<const Assignment*> assignments;
  const Expr* where = nullptr;
};

struct InsertStatement : Statement {
  static constexpr auto kKind = NodeKind::kInsert;
  const WithClause* with = nullptr;
  const TableRef* table = nullptr;
  List<AssignmentTarget> columns;
  Overriding overriding = Overriding::kNone;
  const SelectStatement* source = nullptr;  ///< null: DEFAULT VALUES
  const OnConflict* on_conflict = nullptr;
  List<const Target*> returning;
};
struct UpdateStatement : Statement {
  static constexpr auto kKind = NodeKind::kUpdate;
  const WithClause* with = nullptr;
  const TableRef* table = nullptr;
  List<const Assignment*> assignments;
  List<const FromItem*> from;
  const Expr* where = nullptr;  ///< may be a CurrentOfExpr
  List<const Target*> returning;
};
struct DeleteStatement : Statement {
  static constexpr auto kKind = NodeKind::kDelete;
  const WithClause* with = nullptr;
  const TableRef* table = nullptr;
  List<const FromItem*> using_items;
  const Expr* where = nullptr;  ///< may be a CurrentOfExpr
  List<const Target*> returning;
};

struct MergeWhen : Node {
  static constexpr auto kKind = NodeKind::kMergeWhen;
  enum class Action : uint8_t { kNothing, kInsert, kUpdate, kDelete };
  bool matched = false;
  const Expr* condition = nullptr;
  Action action = Action::kNothing;
  List<const Assignment*> assignments;  ///< kUpdate
  List<AssignmentTarget> columns;       ///< kInsert
  Overriding overriding = Overriding::kNone;
  bool default_values = false;
  ExprList values;  ///< kInsert
};
struct MergeStatement : Statement {
  static constexpr auto kKind = NodeKind::kMerge;
  const WithClause* with = nullptr;
  const TableRef* table = nullptr;
  const FromItem* source = nullptr;
  const Expr* on = nullptr;
  List<const MergeWhen*> clauses;
};

struct TruncateStatement : Statement {
  static constexpr auto kKind = NodeKind::kTruncate;
  List<const TableRef*> tables;
  bool restart_identity = false;
  DropBehavior behavior = DropBehavior::kRestrict;
};

struct CopyStatement : Statement {
  static constexpr auto kKind = NodeKind::kCopy;
  const TableRef* table = nullptr;
  List<std::string_view> columns;
  const Statement* query = nullptr;  ///< COPY (query) TO
  bool from = false;
  bool program = false;
  bool has_file = false;  ///< else STDIN or STDOUT
  std::string_view file;
  List<const Option*> options;  ///< the old syntax arrives under the new names (format, delimiter, null, header, …)
  const Expr* where = nullptr;
};

}  // namespace troupe::sql
