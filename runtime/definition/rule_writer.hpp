#pragma once
/// Writes bound queries and expressions as PostgreSQL 15's ruleutils.c does, to the blank: the names in force now, the
/// casts that nobody wrote, its parentheses, its lines. rule_expr*.cpp make RuleNodes of the text's expressions,
/// write_*.cpp write.
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/definition/rule_node.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/definition_notes.hpp"

namespace troupe {

/// The only column of what a domain's conditions are about: a table without a name.
inline constexpr std::string_view kDomainValueName = "value";

/// Names as they are seen from the search path.
struct SeenNames {
  /// With its schema where that is needed, or anyhow.
  std::function<std::string(const BoundRelation&, bool with_schema)> relation;
  std::function<std::string(Type)> type;  ///< also of a domain
  std::function<std::string(const ObjectDef&)> function;
};

struct RuleStyle {
  bool fewer_parentheses = false;  ///< the pretty form
  bool lines = true;
};

class RuleWriter {
 public:
  /// The binder has bound what is written, with these notes.
  RuleWriter(Binder& binder, const Catalog& catalog, const DefinitionNotes& notes, const SeenNames& names,
             RuleStyle style)
      : binder_{binder}, catalog_{catalog}, notes_{notes}, names_{names}, style_{style} {}

  /// A view's query; `columns` are what the view calls its columns.
  void view(const sql::SelectStatement& query, const std::vector<std::string>& columns);
  /// One of a function's body.
  void body_query(const sql::SelectStatement& query, const FunctionDef& function, int indent);
  /// An expression of a table's own columns, which need no table's name; `implicit` shows an outermost cast.
  void table_expression(const sql::Expr& expr, const std::shared_ptr<const BoundRelation>& table, bool implicit,
                        std::optional<Type> wanted = std::nullopt);

  /// False: something in it has no form here, and the text is of no use.
  bool understood() const { return understood_; }
  /// Of the outermost expression: whether it is written as a call.
  bool is_call() const { return is_call_; }
  std::string take() { return std::move(out_); }

 private:
  /// An item of FROM, as names in the text know it.
  struct Entry {
    std::shared_ptr<const BoundRelation> relation;  ///< null: of a join
    const sql::FromItem* item = nullptr;
    std::string name;    ///< empty: a join without one
    bool given = false;  ///< the text gives an alias
    bool open = false;   ///< of a join: what is inside it is being written
    bool prints_columns = false;
    std::vector<std::string> columns;  ///< by position; of one that is gone empty
    std::vector<std::string> merged;   ///< a join's USING columns
    std::vector<std::string> around;   ///< USING columns of the joins around it, whose names are theirs
  };
  struct Level {
    std::vector<Entry*> entries;
    std::vector<std::string> names;
    std::vector<std::string> ctes;
    bool unique_using = false;  ///< what USING merges must be known by its name alone
    std::vector<std::string> using_names;
  };
  /// What a select list is once its stars are columns.
  struct OutputColumn {
    RuleNodePtr value;
    std::string name;
  };
  using Outputs = std::vector<OutputColumn>;

  // --- range_names.cpp ---
  void name_range(const sql::SelectStatement& query, Level* level);
  void add_item(const sql::FromItem& item, Level* level);
  void add_leaf(const sql::FromItem* item, std::shared_ptr<const BoundRelation> relation, std::string name, bool given,
                Level* level);
  void name_merged(const sql::FromItem& item, std::vector<std::string> around, Level* level);
  void name_columns(Entry* entry, const Level& level);
  void name_join_columns(Entry* entry, const Level& level);
  std::string free_name(const std::string& name, const Level& level) const;
  Entry* entry_of(const sql::FromItem& item) const;
  Entry* entry_of(uint32_t relation) const;
  bool is_common_table(std::string_view name) const;

  // --- rule_expr.cpp ---
  RuleNodePtr analyze(const sql::Expr& expr);
  RuleNodes analyze(sql::ExprList list);
  RuleNodePtr analyze_literal(const sql::Literal& literal);
  RuleNodePtr analyze_column(const sql::ColumnRef& column);
  RuleNodePtr column_node(const Expr& value, std::string_view name);
  RuleNodePtr argument_node(uint32_t place, Type type) const;
  RuleNodePtr table_oid_node(const sql::ColumnRef& column);
  RuleNodePtr merged_node(const Expr& value, std::string_view name);
  RuleNodePtr out_of_domain(RuleNodePtr node) const;
  RuleNodePtr analyze_operator(std::string_view op, RuleNodePtr left, RuleNodePtr right);
  RuleNodePtr compare_rows(std::string_view op, const RuleNode& left, const RuleNode& right);
  RuleNodePtr analyze_cast(const sql::CastExpr& cast);
  RuleNodePtr analyze_in_list(const sql::InListExpr& in);
  RuleNodePtr analyze_between(const sql::BetweenExpr& between);
  RuleNodePtr analyze_like(const sql::LikeExpr& like);
  RuleNodePtr analyze_any_all(const sql::AnyAllExpr& any);
  RuleNodePtr array_operator(std::string_view op, RuleNodePtr left, RuleNodePtr array, bool all);
  RuleNodePtr analyze_case(const sql::CaseExpr& expr);
  RuleNodePtr analyze_array(const sql::ArrayExpr& array, Oid element);
  RuleNodePtr analyze_distinct(const sql::DistinctTest& test);
  RuleNodePtr analyze_subquery(const sql::SubqueryExpr& subquery);
  RuleNodePtr analyze_indirection(const sql::Indirection& indirection);
  RuleNodePtr analyze_common(RuleTag tag, sql::ExprList list, Type type);
  // --- rule_call.cpp ---
  RuleNodePtr analyze_call(const sql::FunctionCall& call);
  RuleNodePtr call_node(const sql::FunctionCall& call, RuleNodes args);
  RuleNodePtr analyze_value_function(const sql::ValueFunctionExpr& function);
  std::vector<Type> argument_types(const sql::FunctionCall& call, const RuleNodes& args, bool* packs);
  std::string function_name(const sql::FunctionCall& call) const;
  // --- rule_cast.cpp ---
  RuleNodePtr coerced(RuleNodePtr node, Type wanted, bool implicit = true);
  RuleNodePtr named_function(std::string name, Type type, RuleNodes args) const;
  RuleNodePtr boolean_node(sql::BooleanOp op, RuleNodes args) const;
  RuleNodePtr typed_constant(const RuleNode& literal, Type type);
  static std::vector<Type> types_of(const RuleNodes& nodes);

  // --- write_expr.cpp ---
  void write(const RuleNode& node, bool implicit);
  void write_list(const RuleNodes& nodes, bool implicit, size_t from = 0);
  void write_inside(const RuleNode& node, bool implicit, const RuleNode& parent);
  void write_toplevel(const RuleNode& node, bool implicit);
  bool is_simple(const RuleNode& node, const RuleNode& parent) const;
  void write_constant(const RuleNode& node, int show_type);
  void write_cast(const RuleNode& arg, Type type, const RuleNode& parent);
  /// What it called the column; empty: it is none.
  std::string write_variable(const RuleNode& node, bool toplevel);
  void write_case(const RuleNode& node);
  void write_sublink(const RuleNode& node);
  void write_subscript(const RuleNode& node);
  // --- write_call.cpp ---
  void write_function(const RuleNode& node, bool implicit);
  bool write_special_syntax(const RuleNode& node);
  void write_aggregate(const RuleNode& node);
  void write_window(const RuleNode& node);
  void write_window_definition(const sql::WindowDefinition& window);
  void write_frame(const sql::WindowDefinition& window);

  // --- write_query.cpp ---
  /// Where an item stands, for what a number or a name is there.
  enum class SortPlace : uint8_t { kOutput, kGroup, kPlain };
  void query(const sql::SelectStatement& query, const std::vector<std::string>* columns, bool names_matter);
  void body(const sql::SelectStatement& query, const std::vector<std::string>* columns, bool names_matter);
  void with_clause(const sql::WithClause& with);
  void plain_select(const sql::SelectStatement& query, const std::vector<std::string>* columns, bool names_matter);
  void values(const sql::SelectStatement& query);
  void targets(const Outputs& outputs, const std::vector<std::string>* columns, bool names_matter);
  void set_operation(const sql::SelectStatement& query, const std::vector<std::string>* columns, bool names_matter);
  void set_operand(const sql::SelectStatement& query, const std::vector<std::string>* columns, bool names_matter);
  void tail(const sql::SelectStatement& query);
  void group_by(const sql::SelectStatement& query);
  void grouping_set(const sql::GroupingSet& set, bool omit_parentheses);
  void locks(const sql::SelectStatement& query);
  Outputs outputs_of(const sql::SelectStatement& query);
  /// An item of GROUP BY, ORDER BY or DISTINCT ON: a number, a name of the select list, or an expression.
  RuleNodePtr sort_item(const sql::Expr& expr, SortPlace place);
  void write_sort_item(const RuleNode& node);
  void order_by(sql::List<const sql::SortItem*> items, SortPlace place);
  void order_by_numbers(const sql::SelectStatement& query);
  static bool is_nested_operation(const sql::SelectStatement& query);
  void write_sort_order(const sql::SortItem& item);
  // --- write_from.cpp ---
  void from_clause(const sql::SelectStatement& query);
  void from_item(const sql::FromItem& item);
  void leaf(const sql::FromItem& item);
  void join(const sql::JoinExpr& join);
  void function_item(const sql::FunctionRef& ref, Entry* entry);
  void function_call_in_from(const sql::TableFunction& function);
  void column_definitions(const sql::TableFunction& function, const std::vector<std::string>* names, size_t from);
  void column_aliases(const Entry& entry);
  bool refers_to_level(const RuleNode& node) const;
  RuleNodePtr analyze_from_call(const sql::TableFunction& function);
  static bool looks_like_call(const RuleNode& node);

  void keyword(std::string_view text, int before, int after, int plus);
  void trim_blanks();
  void put(std::string_view text) { out_.append(text); }
  bool parentheses() const { return !style_.fewer_parentheses; }
  const EvalContext& eval() const { return binder_.evaluation(); }
  /// Notes that something has no form here.
  void give_up() { understood_ = false; }

  Binder& binder_;
  const Catalog& catalog_;
  const DefinitionNotes& notes_;
  const SeenNames& names_;
  RuleStyle style_;
  std::string out_;
  std::deque<Entry> entries_;  ///< addresses stay
  absl::flat_hash_map<uint32_t, Entry*> by_relation_;
  absl::flat_hash_map<const sql::FromItem*, Entry*> by_item_;
  std::vector<Level*> levels_;             ///< innermost last
  const Outputs* outputs_ = nullptr;       ///< of the query being written
  const FunctionDef* function_ = nullptr;  ///< whose body it is
  int indent_ = 0;
  bool prefix_ = true;     ///< columns have their table's name before them
  bool grouping_ = false;  ///< within GROUP BY
  bool understood_ = true;
  bool is_call_ = false;
};

}  // namespace troupe
