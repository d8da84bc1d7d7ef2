#pragma once
/// MATCH_RECOGNIZE, bound: what its conditions and measures take from the rows of a match, the pattern, and what comes
/// out. Before planning `row_values` are over the input's relations, in a plan over the input row.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cep/pattern.hpp"
#include "runtime/plan/expr.hpp"

namespace troupe {

/// An aggregate over the rows of a match.
struct MatchAggregate {
  static constexpr uint32_t kClassifier = UINT32_MAX;
  static constexpr uint32_t kNone = UINT32_MAX - 1;
  BoundAggregate call;
  std::vector<uint32_t> args;  ///< row values, or kClassifier
  uint32_t filter = kNone;     ///< a row value
};

/// One value of a match, as seen from one of its rows: the row is the current one, the match so far ends with it.
struct MatchValue {
  enum class Kind : uint8_t {
    kRowValue,     ///< row_value of the row navigated to
    kClassifier,   ///< which variable that row is
    kMatchNumber,
    kAggregate,    ///< over the rows that are one of the variables
  };
  Kind kind = Kind::kRowValue;
  bool final = false;   ///< of the whole match, not of the match so far
  bool first = false;   ///< counted from the first row, not back from the last
  std::vector<uint16_t> variables;  ///< whose rows count, sorted; empty: all of the match
  ExprPtr logical;      ///< so many of these rows further; bigint without columns; null: 0
  ExprPtr physical;     ///< from there so many rows of the partition further, in the match or not; null: 0
  bool backward = false;  ///< physical: PREV
  uint32_t row_value = 0;
  std::shared_ptr<const MatchAggregate> aggregate;
  Type type;
};

enum class RowsPerMatch : uint8_t { kOne, kShowEmpty, kOmitEmpty, kWithUnmatched };
enum class SkipTo : uint8_t { kPastLastRow, kNextRow, kFirst, kLast };

struct MatchSpec {
  ExprList partition_by;
  std::vector<SortKey> order;
  ExprList row_values;              ///< of each input row
  std::vector<MatchValue> values;   ///< what conditions and measures see as columns, by position
  std::vector<std::string> variables;
  ExprList conditions;              ///< by variable; null: every row is it
  ExprList measures;
  std::shared_ptr<const PatternProgram> program;
  RowsPerMatch rows = RowsPerMatch::kOne;
  SkipTo skip = SkipTo::kPastLastRow;
  std::vector<uint16_t> skip_variables;  ///< kFirst, kLast
  std::string skip_name;
  std::vector<uint32_t> carried;    ///< row values that come out before the measures
  uint32_t partition_columns = 0;   ///< the first so many of them are partition_by
  // For EXPLAIN.
  std::string pattern_text;
  std::vector<std::string> definition_texts;

  // While planning:
  uint32_t values_relation = 0;  ///< under which conditions and measures see `values`
  uint32_t output_relation = 0;  ///< of what comes out

  /// Calls visit(ExprPtr&) for each of its expressions.
  template <typename Visit>
  void visit_all(Visit&& visit) {
    for (ExprPtr& expr : partition_by) visit(expr);
    for (SortKey& key : order) visit(key.value);
    for (ExprPtr& expr : row_values) visit(expr);
    for (MatchValue& value : values) {
      if (value.logical) visit(value.logical);
      if (value.physical) visit(value.physical);
    }
    for (ExprPtr& expr : conditions) {
      if (expr) visit(expr);
    }
    for (ExprPtr& expr : measures) visit(expr);
  }
};

}  // namespace troupe
