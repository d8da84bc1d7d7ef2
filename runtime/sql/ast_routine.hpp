#pragma once
/// Functions and procedures, DO, CALL.
#include "runtime/sql/ast_ddl.hpp"

namespace troupe::sql {

enum class ParameterMode : uint8_t { kDefault, kIn, kOut, kInOut, kVariadic, kTable };
struct FunctionParameter : Node {
  static constexpr auto kKind = NodeKind::kFunctionParameter;
  ParameterMode mode = ParameterMode::kDefault;
  std::string_view name;
  const TypeName* type = nullptr;
  const Expr* default_value = nullptr;
};

/// RETURN expression
struct ReturnStatement : Statement {
  static constexpr auto kKind = NodeKind::kReturn;
  const Expr* value = nullptr;
};
/// BEGIN ATOMIC …; END
struct SqlBody : Statement {
  static constexpr auto kKind = NodeKind::kSqlBody;
  List<const Statement*> statements;
};

struct CreateFunctionStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateFunction;
  bool replace = false;
  bool procedure = false;
  Name name;
  List<const FunctionParameter*> parameters;  ///< RETURNS TABLE columns are at the end, mode kTable
  const TypeName* returns = nullptr;          ///< null: from OUT parameters, or none
  bool returns_table = false;
  /// language, as (NameList: body, or file and symbol), volatility (immutable, stable, volatile), strict, leakproof,
  /// security (kBoolean: definer), window, cost, rows, support (NameList), parallel, transform (NameList), set (see
  /// `settings`).
  List<const Option*> options;
  List<const Statement*> settings;  ///< SET … and RESET …: SetStatement
  const Statement* body = nullptr;  ///< ReturnStatement or SqlBody
};
/// ALTER FUNCTION f(…) IMMUTABLE …
struct AlterFunctionStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterFunction;
  const ObjectRef* target = nullptr;
  List<const Option*> options;
  List<const Statement*> settings;
};

struct DoStatement : Statement {
  static constexpr auto kKind = NodeKind::kDo;
  std::string_view language;  ///< empty: plpgsql
  std::string_view body;
};
struct CallStatement : Statement {
  static constexpr auto kKind = NodeKind::kCall;
  const FunctionCall* call = nullptr;
};

}  // namespace troupe::sql
