#pragma once
/// MATCH_RECOGNIZE (SQL:2016): patterns among the rows of a FROM item.
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

/// `RUNNING f(…)`, `FINAL f(…)`: whether a measure sees the rows so far or those of the whole match.
struct RowSemanticsExpr : Expr {
  static constexpr auto kKind = NodeKind::kRowSemantics;
  bool final = false;
  const Expr* argument = nullptr;  ///< FunctionCall
};

struct PatternExpr : Node {
  static constexpr auto kKind = NodeKind::kPattern;
  enum class Type : uint8_t {
    kVariable,       ///< name
    kEmpty,          ///< ()
    kStart,          ///< ^
    kEnd,            ///< $
    kConcatenation,  ///< items
    kAlternation,    ///< items, the preferred one first
    kPermute,        ///< PERMUTE(items)
    kExclusion,      ///< {- items[0] -}
    kQuantified,     ///< items[0]{minimum, maximum}
  };
  static constexpr uint32_t kUnbounded = UINT32_MAX;
  Type type = Type::kEmpty;
  bool reluctant = false;  ///< the quantifier was followed by ?
  std::string_view name;
  List<const PatternExpr*> items;
  uint32_t minimum = 0;
  uint32_t maximum = 0;
};

struct MatchMeasure : Node {
  static constexpr auto kKind = NodeKind::kMatchMeasure;
  const Expr* value = nullptr;
  std::string_view name;
};
/// SUBSET name = (variables)
struct MatchSubset : Node {
  static constexpr auto kKind = NodeKind::kMatchSubset;
  std::string_view name;
  List<std::string_view> variables;
};
struct MatchDefinition : Node {
  static constexpr auto kKind = NodeKind::kMatchDefinition;
  std::string_view variable;
  const Expr* condition = nullptr;
};

enum class RowsPerMatch : uint8_t { kOne, kShowEmpty, kOmitEmpty, kWithUnmatched };
struct MatchSkip {
  enum class To : uint8_t { kPastLastRow, kNextRow, kFirst, kLast };
  To to = To::kPastLastRow;
  std::string_view variable;  ///< of kFirst, kLast
  uint32_t position = 0;      ///< of the variable
};

struct MatchRecognize : FromItem {
  static constexpr auto kKind = NodeKind::kMatchRecognize;
  const FromItem* input = nullptr;
  ExprList partition_by;
  List<const SortItem*> order_by;
  List<const MatchMeasure*> measures;
  RowsPerMatch rows = RowsPerMatch::kOne;
  MatchSkip skip;
  const PatternExpr* pattern = nullptr;
  List<const MatchSubset*> subsets;
  List<const MatchDefinition*> definitions;
  const Alias* alias = nullptr;
};

}  // namespace troupe::sql
