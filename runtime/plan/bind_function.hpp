#pragma once
/// Calls of functions that users have written. A call becomes part of the statement: the body's expression or query
/// with the arguments in the places of its parameters, so that the planner sees through it.
#include <memory>
#include <string>
#include <vector>

#include "runtime/plan/expr.hpp"
#include "runtime/sql/parser.hpp"
#include "storage/catalog/function_def.hpp"

namespace troupe {

using FunctionPtr = std::shared_ptr<const FunctionDef>;

/// What a body's names and $n mean while it is bound.
struct FunctionFrame {
  const FunctionDef* function = nullptr;
  std::vector<Type> types;  ///< of the input arguments
  uint32_t relation = 0;    ///< arguments are its columns; 0: the statement's parameters
  const FunctionFrame* caller = nullptr;
};

/// A function and what it is called with.
struct BoundCallee {
  FunctionPtr function;
  std::vector<Type> types;  ///< of the input arguments, polymorphic ones as they are in this call
  ExprList args;            ///< parallel, of those types
  Type result;
  std::vector<Type> outputs;  ///< of the OUT arguments
};

/// What a function returns, field by field; one field that is no record: the value itself.
struct FunctionShape {
  bool record = false;   ///< fields of a record, even if it is one
  bool unknown = false;  ///< RETURNS record: what its last query returns
  std::vector<std::string> names;
  std::vector<Type> types;
};

/// How its body is to be run. Errors: those of the parser.
struct FunctionBody {
  sql::ParsedSqlPtr parsed;
  bool inlines = false;  ///< one query that changes nothing: it can be a part of another
};
absl::StatusOr<FunctionBody> parse_body(const FunctionDef& function);

/// What a script has beside its arguments, which the plan's root computes: one row.
struct FunctionScript {
  BoundCallee callee;
  FunctionBody body;
  bool spreads = false;  ///< SELECT * FROM f(): a column per field, rows of a set; else one value
  bool call = false;     ///< CALL
};

/// 0A000: the function `why` ("has several statements").
absl::Status refuse_function(const FunctionDef& function, std::string_view why);
/// "f(integer, text)" as PostgreSQL's messages have it.
std::string function_identity(const FunctionDef& function);

}  // namespace troupe
