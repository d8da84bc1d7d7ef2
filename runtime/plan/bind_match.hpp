#pragma once
/// Binds one MATCH_RECOGNIZE. While its DEFINE and MEASURES are bound, `Binder::Site::match` points here, and what only
/// means something among a match's rows comes here first: columns, PREV, FIRST, CLASSIFIER, aggregates. Each becomes a
/// column of `values_relation` that stands for a MatchValue; what is around them is bound as anywhere else.
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/match_plan.hpp"

namespace troupe {

class MatchBinder {
 public:
  /// `outer`: what subqueries and columns of queries around this one are looked up in.
  MatchBinder(Binder& binder, const sql::MatchRecognize& match, const Scope& input);

  absl::StatusOr<std::shared_ptr<MatchSpec>> bind();
  /// The query's columns, in SQL's order: partition, order, measures, and with ALL ROWS the others.
  absl::Status bind_targets(std::vector<BoundTarget>* targets);
  /// Null for an expression that is like any other.
  absl::StatusOr<ExprPtr> bind_special(const sql::Expr& expr, const Binder::Site& site);

 private:
  using Site = Binder::Site;
  using Variables = std::vector<uint16_t>;
  /// What PREV, FIRST or an aggregate is given, while it is bound: all of its columns must be of the same variable.
  struct Argument {
    std::string_view of;  ///< for errors
    bool has_columns = false;
    bool is_classifier = false;
    Variables variables;
    ExprPtr value;
  };

  // --- bind_match.cpp: the clauses ---
  absl::Status bind_keys();
  absl::Status check_key(const sql::Expr& key, std::string_view clause) const;
  absl::StatusOr<Pattern> bind_pattern(const sql::PatternExpr& pattern);
  uint16_t number_variable(std::string_view name);
  absl::Status bind_subsets();
  absl::Status bind_definitions();
  absl::Status bind_within(const sql::Expr& within, const Site& site);
  absl::Status bind_measures();
  absl::Status bind_skip();
  absl::Status check_expression(const Expr& expr, const sql::Node& node) const;
  const Variables* find_variables(std::string_view name) const;
  absl::StatusOr<Variables> variables_of(std::string_view name, const sql::Node& node) const;
  uint32_t carry(ExprPtr value);

  // --- bind_match_value.cpp: what conditions and measures take from a match ---
  absl::StatusOr<ExprPtr> bind_column(const sql::ColumnRef& column);
  bool is_input(std::string_view name) const;
  absl::Status note_variables(const Variables& variables, const sql::Node& node);
  absl::StatusOr<ExprPtr> bind_call(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<ExprPtr> bind_semantics(const sql::RowSemanticsExpr& expr, const Site& site);
  absl::Status check_navigation(const sql::FunctionCall& call) const;
  absl::StatusOr<MatchValue> bind_logical(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<MatchValue> bind_physical(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<MatchValue> bind_navigated(const sql::Expr& expr, std::string_view of, const Site& site);
  absl::StatusOr<ExprPtr> bind_offset(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<Variables> bind_classifier(const sql::FunctionCall& call) const;
  absl::StatusOr<ExprPtr> bind_aggregate(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<MatchValue> make_aggregate(const sql::FunctionCall& call, const Site& site, Argument* argument);
  absl::StatusOr<uint32_t> aggregate_argument(const ExprPtr& arg, const sql::Node& node);
  uint32_t add_row_value(ExprPtr value);
  ExprPtr add_value(MatchValue value, const sql::Node& node);

  Binder& binder_;
  const sql::MatchRecognize& match_;
  const Scope& input_;
  std::shared_ptr<MatchSpec> spec_ = std::make_shared<MatchSpec>();
  std::vector<std::pair<std::string_view, Variables>> names_;  ///< variables, then subsets
  uint32_t classifier_relation_;  ///< under which an aggregate's arguments see CLASSIFIER()
  Argument* argument_ = nullptr;
  bool in_define_ = false;
  bool final_ = false;
};

}  // namespace troupe
