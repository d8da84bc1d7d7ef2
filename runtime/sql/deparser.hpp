#pragma once
/// The deparser's internals: one string that grows, and a function per kind of node. See deparse.hpp.
#include <string>

#include "runtime/sql/ast_dml.hpp"
#include "runtime/sql/ast_expr.hpp"
#include "runtime/sql/ast_match.hpp"
#include "runtime/sql/ast_select.hpp"
#include "runtime/sql/ast_table.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe::sql {

class Deparser {
 public:
  Deparser() = default;
  explicit Deparser(const NameTexts& texts) : texts_{&texts} {}

  std::string take() { return std::move(out_); }

  // deparse_expr.cpp, deparse_call.cpp
  void expr(const Expr& node);
  void exprs(ExprList list, std::string_view separator = ", ");
  void order_by(List<const SortItem*> items);
  void window(const WindowDefinition& window);
  // deparse_type.cpp
  void type(const TypeName& type);
  // deparse_match.cpp
  void pattern(const PatternExpr& node);
  // deparse_select.cpp
  void select(const SelectStatement& query);

  void write(std::string_view text) { out_.append(text); }
  void identifier(std::string_view name);
  void name(Name parts);
  void string(std::string_view text);
  template <typename Items, typename Write>
  void list(const Items& items, Write write_item, std::string_view separator = ", ") {
    bool first = true;
    for (const auto& item : items) {
      if (!first) write(separator);
      first = false;
      write_item(item);
    }
  }

 private:
  void literal(const Literal& node);
  void accessors(List<Accessor> list);
  void operator_symbol(Name schema, std::string_view op);
  void operator_expr(const OperatorExpr& node);
  void boolean(const BooleanExpr& node);
  void subquery(const SubqueryExpr& node);
  void like(const LikeExpr& node);
  void between(const BetweenExpr& node);
  void case_expr(const CaseExpr& node);
  void cast(const CastExpr& node);
  void test_expr(const Expr& node);
  void variable_list(const Expr& node);
  void value_function(const ValueFunctionExpr& node);
  void simple_expr(const Expr& node);
  void call(const FunctionCall& node);
  void plain_call(const FunctionCall& node);
  bool special_call(const FunctionCall& node);
  bool trim_or_normalize(const FunctionCall& node);
  void frame(const WindowDefinition& window);
  void frame_bound(const FrameBound& bound);
  void operand(const Expr& node);
  void indirection_operand(const Expr& node, Accessor::Kind first);

  void with(const WithClause& with);
  void common_table(const CommonTable& table);
  void plain_select(const SelectStatement& query);
  void set_operand(const SelectStatement& query);
  void tail(const SelectStatement& query);
  void target(const Target& target);
  void from_item(const FromItem& item);
  void table_ref(const TableRef& table);
  void function_ref(const FunctionRef& ref);
  void join(const JoinExpr& join);
  void alias(const Alias* alias);
  // deparse_match.cpp
  void match_recognize(const MatchRecognize& match);
  void match_rows(const MatchRecognize& match);
  void match_definitions(const MatchRecognize& match);
  void quantifier(const PatternExpr& pattern);
  void column_definitions(List<const ColumnDefinition*> columns);
  void grouping_set(const GroupingSet& set);
  void locking(const LockingClause& clause);
  void connect_by(const ConnectBy& clause);
  void data_modifying(const Statement& statement);
  void returning(List<const Target*> targets);
  void assignments(List<const Assignment*> list);
  void assignment_target(const AssignmentTarget& target);
  void insert(const InsertStatement& insert);
  void on_conflict(const OnConflict& clause);

  const NameTexts* texts_ = nullptr;
  std::string out_;
};

}  // namespace troupe::sql
