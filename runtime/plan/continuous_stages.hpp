#pragma once
/// A continuous view's query in stages. Each stage is a query that can be kept by itself (continuous_shape.hpp), over
/// tables and over the rows that are kept of stages before it, which are called __stage_1, __stage_2 and so on; the
/// last one gives the view's rows. So a grouped query in FROM, a view, what WITH names and the sides of EXCEPT are
/// stages, and so are the rows that are grouped where they come of an outer join, the groups that a window function or
/// ORDER BY ... LIMIT looks at, and so on. In what is written every column has its relation's alias, joins have ON, and
/// aliases inside of subqueries are like no other.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/plan/continuous_scope.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {

inline constexpr std::string_view kStagePrefix = "__stage_";

/// What is known of a stage once it is made.
struct ContinuousStageInfo {
  size_t number = 0;
  size_t hidden = 0;  ///< columns of its table before those of the query
  std::vector<Type> types;
};

class ContinuousStages {
 public:
  /// Makes a stage of a query; errors: 0A000 among others.
  using Make = std::function<absl::StatusOr<ContinuousStageInfo>(const std::string& text)>;
  /// The types of a query's columns.
  using TypesOf = std::function<absl::StatusOr<std::vector<Type>>(const std::string& text)>;

  ContinuousStages(const PlanContext& context, Oid owner, Make make, TypesOf types_of)
      : context_{context}, owner_{owner}, make_{std::move(make)}, types_of_{std::move(types_of)} {}

  /// `query`: with relations' schemas, and without stars. Errors: 0A000 with what stands in the way.
  absl::Status split(const sql::SelectStatement& query);

 private:
  using Names = std::vector<std::string>;
  /// Something that is selected, in the scope it was written for.
  struct Written {
    std::vector<std::string> values;  ///< of a linear one
    Names names;
    std::string rest;  ///< FROM and WHERE; of one that is not linear the whole
    bool linear = false;
  };
  struct Stage {
    ContinuousStageInfo info;
    Names names;
  };
  /// WITH names that can be seen.
  struct Env {
    const Env* outer = nullptr;
    const sql::WithClause* with = nullptr;
    size_t count = 0;
  };
  /// A plain SELECT whose FROM is opened.
  struct Block {
    sql::SelectStatement query;  ///< with FROM as it is written
    ContinuousScope scope;
    const Env* env = nullptr;
    bool outer_join = false, full_join = false, subquery = false, aggregate = false, window = false;
    bool hard() const { return outer_join || subquery; }
  };
  /// What an expression is written as, instead of itself.
  using Replace = std::function<std::optional<std::string>(const sql::Expr&)>;
  class Leaves;

  static std::string text_of(const Written& written);
  absl::StatusOr<Written> write(const sql::SelectStatement& query, const Env* env);
  absl::StatusOr<Written> write_block(const sql::SelectStatement& query, const Env* env);
  absl::StatusOr<Written> write_rows(Block& block);
  absl::StatusOr<Written> write_full(Block& block);
  absl::StatusOr<Written> write_grouped(Block& block);
  absl::StatusOr<Written> write_windows(Block& block);
  absl::StatusOr<std::string> peel(Block& block, sql::SelectStatement upper, sql::SelectStatement inner,
                                   const std::function<bool(const sql::Expr&)>& is_leaf);
  absl::StatusOr<Written> write_opened(const Block& block, const sql::SelectStatement& query);
  absl::StatusOr<Written> write_tail(const sql::SelectStatement& query, const Env* env);
  absl::StatusOr<Written> write_whole(Block& block);
  absl::StatusOr<Written> write_union(const sql::SelectStatement& query, const Env* env);
  absl::StatusOr<Written> write_difference(const sql::SelectStatement& query, const Env* env);
  absl::Status add_operands(const sql::SelectStatement& query, bool distinct, const Env* env,
                            std::vector<Written>* out);
  absl::StatusOr<Written> operand(const sql::SelectStatement& query, const Env* env);

  absl::StatusOr<Stage> stage_of(Written written);
  absl::StatusOr<Stage> make_stage(const std::string& text, Names names);
  std::string from_stage(const Stage& stage, const std::string& alias, const Names& names);
  /// All of its columns, as a linear one.
  Written all_of(const Stage& stage, const Names& names);

  absl::StatusOr<Block> open(const sql::SelectStatement& query, const Env* env, const ContinuousScope* outer);
  absl::StatusOr<const sql::FromItem*> open_item(const sql::FromItem& item, Block* block);
  absl::StatusOr<const sql::FromItem*> open_table(const sql::TableRef& ref, Block* block);
  absl::StatusOr<const sql::FromItem*> open_join(const sql::JoinExpr& join, Block* block);
  absl::StatusOr<const Stage*> find_common(std::string_view name, const Env* env);
  absl::StatusOr<const Stage*> stage_in_from(const sql::Node* node, const sql::SelectStatement& query, const Env* env,
                                             sql::List<std::string_view> columns);
  absl::StatusOr<const Stage*> stage_of_view(Oid view, std::string_view text, const Names& columns);
  const sql::FromItem* add_stage_source(const Stage& stage, std::string_view name, const sql::Alias* alias,
                                        Block* block);
  absl::Status add_table_source(const TableDef& table, const sql::TableRef& ref, Block* block);
  const sql::TableRef* table_ref(std::string_view schema, std::string_view name, const ContinuousSource& source,
                                 const Names& columns);
  const sql::Expr* column_of(const std::string& relation, const std::string& column);
  const sql::FromItem* named_item(const std::string& text);

  sql::NameTexts texts(const ContinuousScope& scope, const Env* env, Replace replace = {});
  std::string column_text(const sql::ColumnRef& ref, const ContinuousScope& scope, const sql::NameTexts& names);
  std::string subquery_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope, const Env* env,
                            const sql::NameTexts& names);
  absl::StatusOr<std::string> inner_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope, const Env* env);
  absl::StatusOr<std::string> inline_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope, const Env* env);
  absl::Status take_status();
  void fail(absl::Status status);

  const sql::Expr* meant_by(const sql::Expr& expr, const Block& block) const;
  /// Whether these say of every two different rows which one is first.
  bool is_total(const std::vector<std::string>& order, const std::vector<std::string>& values, const Block& block,
                const sql::NameTexts& names) const;
  bool has_keys(const std::vector<std::string>& order, const ContinuousScope& scope) const;
  static absl::Status order_is_not_total(bool cut);
  absl::Status check_order_of_aggregates(const Block& block, const sql::NameTexts& names);
  absl::Status check_order_of_windows(const Block& block, const sql::NameTexts& names,
                                      const std::vector<std::string>& rows);

  std::string_view keep(std::string text) { return strings_.emplace_back(std::move(text)); }
  template <typename T>
  sql::List<T> list(const std::vector<T>& items) {
    return arena_.copy(items.data(), items.size());
  }

  const PlanContext& context_;
  const Oid owner_;
  const Make make_;
  const TypesOf types_of_;
  sql::Arena arena_{nullptr, 0};
  std::deque<std::string> strings_;
  std::vector<sql::ParsedSqlPtr> views_read_;
  std::map<const sql::Node*, Stage> from_stages_;  ///< subqueries, and what WITH names
  std::map<Oid, Stage> view_stages_;
  std::vector<Oid> views_inside_;
  size_t aliases_ = 0;
  absl::Status status_;
};

}  // namespace troupe
