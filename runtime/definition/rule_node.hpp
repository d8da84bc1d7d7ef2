#pragma once
/// An expression of a definition as PostgreSQL's parser would have left it: every cast is a node, sugar is gone.
#include <memory>
#include <string>
#include <vector>

#include "runtime/sql/ast_select.hpp"
#include "runtime/types/type.hpp"

namespace troupe {

enum class RuleTag : uint8_t {
  kVar,
  kWholeRow,
  kMerged,  ///< a column of USING that is of no table: its name alone
  kConst,
  kParameter,
  kFunction,
  kCast,
  kOperator,
  kDistinct,
  kArrayOperator,
  kBool,
  kSubLink,
  kField,
  kSubscript,
  kCase,
  kArray,
  kRow,
  kRowCompare,
  kCoalesce,
  kMinMax,
  kValueFunction,
  kNullTest,
  kBooleanTest,
  kNullIf,
  kAggregate,
  kWindow,
  kGrouping,
  kCollate,
  kDomainValue,
  kDefault,
  kNamedArgument,
};

struct RuleNode;
using RuleNodePtr = std::shared_ptr<RuleNode>;
using RuleNodes = std::vector<RuleNodePtr>;

struct RuleNode {
  RuleTag tag = RuleTag::kConst;
  Type type;
  /// An operator, a function's name as it is written, a field, a constant's text, the words of a test.
  std::string text;
  RuleNodes args;
  bool null = false;         ///< kConst
  bool implicit = false;     ///< kCast: nobody wrote it
  bool by_function = false;  ///< kCast: one of pg_cast's functions does it
  bool all = false;          ///< kArrayOperator: ALL
  bool star = false;         ///< kAggregate, kWindow: count(*)
  bool distinct = false;     ///< kAggregate
  bool variadic = false;     ///< the last argument is an array of them
  sql::BooleanOp boolean = sql::BooleanOp::kAnd;
  sql::CallSyntax syntax = sql::CallSyntax::kPlain;
  uint32_t relation = 0, column = 0;            ///< kVar, kWholeRow
  const sql::SelectStatement* query = nullptr;  ///< kSubLink
  const sql::FunctionCall* call = nullptr;      ///< kAggregate, kWindow
  sql::SubqueryType subquery{};                 ///< kSubLink
  const sql::Indirection* subscripted = nullptr;
  struct Bounds {
    RuleNodePtr lower, upper;
    bool slice = false;
  };
  std::vector<Bounds> bounds;  ///< kSubscript
};

}  // namespace troupe
