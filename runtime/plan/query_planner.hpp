#pragma once
/// QueryPlanner: bound query to physical plan. One plans one statement.
/// Sources: plan_query (the pipeline of a SELECT), plan_from (join trees), join (one join), join_order (which join
/// first), access_path (how a table is read), plan_subquery, plan_modify, plan_set (set operations, CTEs).
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/bound_query.hpp"
#include "runtime/plan/estimate.hpp"
#include "runtime/plan/merge_plan.hpp"
#include "runtime/plan/partition_plan.hpp"
#include "runtime/plan/planner.hpp"

namespace troupe {

/// The pseudo column of a scan from which nobody wants a column.
inline constexpr uint32_t kFillerColumn = kRowKeyColumn - 1;

/// A column while planning.
struct ColumnId {
  uint32_t relation = 0;
  uint32_t index = 0;
  bool operator==(const ColumnId&) const = default;
};

/// A plan under construction and what its output columns are.
struct Rel {
  std::shared_ptr<PlanNode> plan;
  std::vector<ColumnId> columns;
  bool in_order = false;  ///< the rows come as WantedOrder wants them

  double rows() const { return plan->cost.rows; }
  double cost() const { return plan->cost.total; }
  /// Of so much of its rows: the rest is never asked for.
  double cost_of_part(double part) const { return plan->cost.startup + (cost() - plan->cost.startup) * part; }
  /// With a sort of which the first few rows are wanted.
  double sorted_cost() const { return cost() + rows() * 0.01; }
  bool has(ColumnId id) const {
    for (const ColumnId& column : columns) {
      if (column == id) return true;
    }
    return false;
  }
};

/// Whether it is the same for equal values and never an error, so that rows may be asked that nobody would have asked.
bool cannot_fail(const Expr& condition);

/// A partition that has rows, as a relation of its own while a scan or change of its root is planned.
struct LeafRelation {
  std::shared_ptr<BoundRelation> relation;
  std::vector<uint32_t> columns;  ///< by the root's layout column, the leaf's; kNoColumn: dropped
};

class QueryPlanner {
 public:
  QueryPlanner(const PlanContext& context, Binder& binder)
      : context_{context}, binder_{binder}, estimate_{context.statistics} {}

  /// The whole of a SELECT; output columns are its targets as (result relation, i), i from 0.
  absl::StatusOr<Rel> plan_top(const QueryPtr& query);
  absl::StatusOr<std::shared_ptr<PlanNode>> plan_modify(const BoundModify& modify);
  absl::StatusOr<std::shared_ptr<PlanNode>> plan_merge(BoundMerge merge);
  /// WITH queries that change rows and that nobody has asked for yet.
  absl::Status plan_modifying_ctes();

  /// What the statement needs besides the root.
  std::vector<InitPlan> init_plans;
  std::vector<PlanPtr> ctes;
  std::vector<uint32_t> modifying_ctes;
  uint32_t slots = 0;
  bool changes_rows = false;
  bool uses_tables = false;

 private:
  using Conditions = ExprList;

  /// ORDER BY ... LIMIT of the query being planned: a join that keeps the order of an index need not be finished.
  struct WantedOrder {
    std::vector<SortKey> keys;  ///< columns
    double rows = 0;            ///< LIMIT and OFFSET together
  };
  struct JoinItem {
    FromPtr tree;      ///< a leaf that is a table: candidates for look-ups
    Conditions local;  ///< its own conditions, already in rel
    Rel rel;
  };

  // --- plan_query.cpp ---
  absl::StatusOr<Rel> plan_query(const QueryPtr& query, uint32_t result);
  absl::StatusOr<Rel> plan_plain(BoundQuery& query, uint32_t result);
  absl::Status plan_aggregation(BoundQuery& query, Rel* rel);
  static ExprList collect_aggregates(const BoundQuery& query);
  absl::Status plan_grouping(BoundQuery& query, const std::vector<ExprPtr>& aggregates, uint32_t relation, Rel* rel);
  double count_groups(const ExprList& keys, const Rel& rel) const;
  bool push_partial_aggregation(const Aggregation& aggregation, Rel* rel);
  static void aggregate_in_scan(const Aggregation& aggregation, TableScanPlan* scan);
  // --- plan_match.cpp ---
  absl::Status plan_match(const BoundQuery& query, Rel* rel);
  absl::Status take_match_subqueries(MatchSpec* spec, Rel* rel);
  absl::Status place_match(const std::vector<ColumnId>& columns, MatchSpec* spec);
  // --- plan_window.cpp ---
  absl::Status plan_windows(BoundQuery& query, Rel* rel);
  absl::Status take_window_subqueries(BoundQuery& query, Rel* rel);
  absl::Status plan_table_functions(BoundQuery& query, Rel* rel);
  absl::Status plan_limits(BoundQuery& query);
  absl::Status plan_output(BoundQuery& query, uint32_t result, Rel* rel);
  /// Errors: 0A000 when rows are to be locked that an outer join may have made up.
  absl::Status check_locks(const BoundQuery& query, const Conditions& conditions);
  absl::Status plan_locked_output(BoundQuery& query, uint32_t result, Rel* rel);
  absl::Status plan_distinct(BoundQuery& query, size_t width, const std::vector<SortKey>& order, Rel* rel);
  absl::Status plan_order_and_limit(BoundQuery& query, std::vector<SortKey> order, bool sorted, Rel* rel);
  std::optional<WantedOrder> wanted_order(const BoundQuery& query);
  /// LIMIT and OFFSET as one number, or a guess; nothing when there is no LIMIT or it fails.
  std::optional<double> rows_wanted(const BoundQuery& query);
  bool limit_before_window(const BoundQuery& query, const WindowSpec& spec, Rel* rel);
  absl::Status project(const ExprList& values, std::vector<ColumnId> ids, Rel* rel);
  void sort(std::vector<SortKey> keys, Rel* rel);
  absl::Status filter(const Conditions& conditions, Rel* rel);
  bool push_limit(const ExprPtr& limit, const ExprPtr& offset, std::vector<SortKey> order, Rel* rel);

  // --- plan_set.cpp ---
  absl::StatusOr<Rel> plan_set_operation(BoundQuery& query, uint32_t result);
  absl::StatusOr<Rel> plan_recursive(BoundQuery& query, uint32_t result);
  absl::StatusOr<Rel> plan_cte(const BoundRelation& relation);
  /// ctes[number] of the plan that computes the binder's CTE, planned at its first use.
  absl::StatusOr<uint32_t> cte_number(uint32_t cte);

  // --- plan_from.cpp ---
  absl::StatusOr<Rel> plan_from(const std::vector<FromPtr>& trees, Conditions conditions);
  absl::StatusOr<Rel> plan_outer_join(const FromTree& tree, Conditions* above, std::optional<WantedOrder> order);
  /// A left join by look-ups in the right table, where that is cheaper or keeps a wanted order.
  absl::StatusOr<std::optional<Rel>> left_index_join(const JoinItem& left, const JoinItem& right, const Conditions& on,
                                                     const std::optional<WantedOrder>& order);
  absl::StatusOr<Rel> plan_relation(const std::shared_ptr<BoundRelation>& relation, Conditions conditions);
  absl::StatusOr<Rel> plan_table(const BoundRelation& relation, Conditions conditions);
  absl::StatusOr<Rel> plan_scan(const BoundRelation& relation, const Conditions& conditions);
  /// Sets the scan's columns, filter, projection and output to put out `wanted`; returns what its output columns are.
  absl::StatusOr<std::vector<ColumnId>> fill_scan(const BoundRelation& relation, const std::vector<uint32_t>& wanted,
                                                  Conditions filter, TableScanPlan* scan);
  absl::Status place_access(const std::vector<ColumnId>& columns, Access* access);
  // --- plan_partitions.cpp ---
  absl::StatusOr<Rel> plan_partitioned_scan(const BoundRelation& relation, const Conditions& conditions);
  absl::StatusOr<Rel> plan_leaf_scan(const BoundRelation& root, const LeafRelation& leaf, const Conditions& conditions);
  /// The leaves that may have rows for which the conditions hold.
  absl::StatusOr<std::vector<LeafRelation>> leaves_of(const BoundRelation& root, const Conditions& conditions,
                                                      std::shared_ptr<const PartitionPruning>* pruning);
  const LeafRelation& leaf_relation(const BoundRelation& root, const TablePtr& leaf);
  static ExprPtr in_leaf(const ExprPtr& expr, const BoundRelation& root, const LeafRelation& leaf);
  /// As try_ordered_scan(), of a scan of partitions: true when all can be read in order, and are merged.
  std::optional<bool> try_ordered_leaves(const std::vector<SortKey>& order, bool limited, Rel* rel);
  friend class PartitionPlanner;
  friend class PartitionPruner;
  // --- plan_partitioned_change.cpp ---
  absl::StatusOr<std::shared_ptr<PlanNode>> insert_into_partitions(const BoundModify& modify, Rel rel);
  absl::StatusOr<std::shared_ptr<const PartitionedInsert>> plan_routing(const BoundModify& modify);
  absl::StatusOr<std::shared_ptr<PlanNode>> change_partitions(const BoundModify& modify, Rel rel,
                                                              const Conditions& conditions, ExprList values,
                                                              ExprList returning);
  absl::StatusOr<std::shared_ptr<PlanNode>> change_leaf(const BoundModify& modify, const LeafRelation& leaf, Rel rel,
                                                        const Conditions& conditions, const ExprList& values,
                                                        const ExprList& returning);
  /// The INSERT of rows that an UPDATE moves from one partition to another; null when it moves none.
  absl::StatusOr<std::shared_ptr<const PartitionedInsert>> plan_moves(const BoundModify& modify);

  absl::StatusOr<Rel> plan_function(const BoundRelation& relation);
  absl::StatusOr<Rel> plan_values(const BoundRelation& relation);
  absl::StatusOr<Rel> plan_system(const BoundRelation& relation, Conditions* conditions);
  void flatten(const FromPtr& tree, std::vector<FromPtr>* items, Conditions* conditions);
  void simplify_outer_joins(FromTree* tree, const Conditions& above);
  /// `right` is planned to run anew for each row of `left`, whose columns it and the conditions may mention.
  absl::StatusOr<Rel> lateral_join(Rel left, const FromPtr& right, JoinKind kind, Conditions conditions);

  // --- plan_security.cpp ---
  /// A table whose policies are asked before the conditions. Its tree is null when they are not all in its scan.
  absl::StatusOr<JoinItem> plan_secured(const std::shared_ptr<BoundRelation>& relation, Conditions conditions);
  absl::Status check_inserted_rows(const BoundModify& modify, Rel* rel);
  absl::Status check_updated_rows(const BoundModify& modify, const ExprList& values, Rel* rel);
  absl::Status hold_policy_columns(const BoundModify& modify, Rel* rel, Conditions* conditions);

  // --- push_down.cpp ---
  /// Takes out the conditions that the relation's subquery will see to.
  void push_into_subquery(const BoundRelation& relation, Conditions* conditions);

  // --- join_order.cpp ---
  absl::StatusOr<Rel> order_joins(std::vector<JoinItem> items, Conditions conditions,
                                  const std::optional<WantedOrder>& order);
  /// `keeps_left`: the left side stays the one that is probed with, in its order.
  absl::StatusOr<Rel> join(Rel left, Rel right, JoinKind kind, Conditions conditions, bool null_aware_mark = false,
                           bool keeps_left = false);
  /// Null plan when no index helps.
  absl::StatusOr<std::optional<Rel>> index_join(const Rel& outer, const JoinItem& inner, JoinKind kind,
                                                const Conditions& conditions);
  /// Rows of `item` for which `right` has some row (kSemi) or none (kAnti, kNullAwareAnti), or all, marked: hashed, or
  /// by look-ups in `item`, or in `inner`, which is `right` as a bare table (may be null).
  absl::StatusOr<Rel> semi_join(const JoinItem& item, Rel right, const JoinItem* inner, JoinKind kind,
                                Conditions conditions);
  absl::StatusOr<std::optional<Rel>> look_up_distinct(const JoinItem& item, Rel right, const Conditions& conditions);
  static bool is_bare_table(const JoinItem& item);
  /// For each row of `outer` its matches in the partitions that can have some. Null plan when no key or index helps.
  absl::StatusOr<std::optional<Rel>> look_up_partitions(const Rel& outer, const JoinItem& inner,
                                                        const Conditions& conditions);
  /// The table that has a key, casts aside, as a column, where ANALYZE has seen it; otherwise null.
  const TableDef* analyzed_table(const Expr& key, uint32_t* column) const;
  double distinct_values(const Expr& key, const Rel& rel) const;
  double key_values(const Expr& key, const Rel& rel) const;
  double semi_join_fraction(const ExprList& left_keys, const Rel& left, const ExprList& right_keys,
                            const Rel& right) const;
  friend class JoinOrder;

  // --- access_path.cpp ---
  struct TableAccess {
    Access access;
    double cost = 0;
    double rows = 0;
    std::vector<bool> used;   ///< conditions that the access makes sure of
    bool one_partition = false;
    bool whole_key = false;   ///< kLookup of the primary key
  };
  /// The cheapest way to the rows of `relation` that satisfy the conditions. `outer` (may be null) says which columns
  /// of other relations count as known. `order`, when given, prefers a path that yields it.
  TableAccess choose_access(const BoundRelation& relation, const Conditions& conditions, const Rel* outer,
                            const std::vector<ColumnId>* order = nullptr);
  std::optional<Rel> ordered_scan(const JoinItem& item, const WantedOrder& order);
  bool try_ordered_scan(const std::vector<SortKey>& order, bool limited, Rel* rel);
  friend class AccessChooser;

  // --- plan_subquery.cpp ---
  /// Takes subqueries out of an expression: joins, applies or init plans are added to `rel`.
  absl::StatusOr<ExprPtr> take_subqueries(ExprPtr expr, Rel* rel);
  absl::StatusOr<ExprPtr> take_subquery(const Expr& expr, Rel* rel);
  /// Subqueries that depend on no row around them become values that are known before any row is read: fit for keys.
  absl::StatusOr<ExprPtr> run_uncorrelated_first(const ExprPtr& expr);
  absl::Status run_uncorrelated_first(Conditions* conditions);
  /// A condition that is [NOT] EXISTS or [NOT] IN as a semi or anti join; false when it is something else. A bare
  /// table's rows may be looked up by what the subquery yields.
  void free_outer_parts(Conditions* conditions);
  absl::StatusOr<bool> plan_semi_join(const ExprPtr& condition, JoinItem* item);
  bool split_exists(const BoundQuery& query, const ExprPtr& where, Conditions* inside, Conditions* on);
  /// What only the session can compute and is the same for all rows is computed once, and can lead to an index.
  /// `all`: also what might not be computed at all where rows are.
  absl::StatusOr<ExprPtr> run_session_parts_first(const ExprPtr& condition, bool all = false);
  absl::StatusOr<ExprPtr> exists_as_any(const Expr& expr);
  absl::StatusOr<ExprPtr> without_correlation(const ExprPtr& expr);
  /// The rows of EXISTS (query), and the table they come from where it is nothing else.
  absl::StatusOr<JoinItem> plan_exists(const BoundQuery& query, Conditions inside);
  absl::StatusOr<ExprPtr> plan_scalar(const Expr& expr, Rel* rel);
  absl::StatusOr<ExprPtr> plan_array_of_arrays(const Expr& expr);
  absl::StatusOr<std::optional<ExprPtr>> decorrelate_exists(BoundQuery& query, Rel* rel);
  absl::StatusOr<ExprPtr> plan_any(const Expr& expr, Rel* rel);
  absl::StatusOr<ExprPtr> plan_any_once(const Expr& expr);
  absl::StatusOr<ExprPtr> add_init_plan(InitPlan::Kind kind, const QueryPtr& query, Type type);
  absl::StatusOr<Rel> apply(Rel left, const std::function<absl::StatusOr<Rel>()>& plan_right, JoinKind kind,
                            Conditions conditions, bool null_aware_mark = false);
  bool is_correlated(const BoundQuery& query) const;

  // --- plan_decorrelate.cpp ---
  absl::StatusOr<std::optional<ExprPtr>> decorrelate_scalar(const Expr& expr, Rel* rel);
  bool prefers_look_ups(const BoundQuery& query, Conditions where, const Rel& rel);

  // --- needs.cpp: which columns are read ---
  void need(const ExprPtr& expr);
  void need_query(const BoundQuery& query);
  void need_targets(const BoundQuery& query, const std::vector<uint32_t>* used);
  void need_from(const FromTree& tree);
  std::vector<uint32_t>& needed(uint32_t relation) {
    if (needed_.size() <= relation) needed_.resize(binder_.relations + 1);
    return needed_[relation];
  }

  // --- extremes.cpp ---
  void replace_extremes(BoundQuery* query);
  ExprPtr first_in_order(const BoundRelation& table, const Expr& column, const AggregateCall& call);

  // --- pull_up.cpp: simpler queries of the same meaning ---
  void prepare(BoundQuery* query);
  void prepare_tree(const FromPtr& tree, bool may_pull_up, BoundQuery* query);
  void prepare_expr(const ExprPtr& expr);
  void drop_rows_joined(FromTree* join, BoundQuery* query);
  bool dissolve_row(const FromTree& leaf, BoundQuery* query);
  bool pull_up(const FromPtr& leaf, BoundQuery* query);

  // --- plan_modify.cpp ---
  absl::StatusOr<std::shared_ptr<PlanNode>> plan_insert(const BoundModify& modify);
  absl::StatusOr<std::shared_ptr<PlanNode>> plan_change(BoundModify modify);
  absl::StatusOr<std::shared_ptr<PlanNode>> plan_change_of_current_row(const BoundModify& modify);
  /// Inserts the rows that `rel` puts out: all layout columns.
  absl::StatusOr<std::shared_ptr<PlanNode>> insert_rows(const BoundModify& modify, Rel rel);
  /// Updates or deletes the rows whose keys `rel` has; `values` are those of the assignments.
  absl::StatusOr<std::shared_ptr<PlanNode>> change_rows(const BoundModify& modify, Rel rel,
                                                        const Conditions& conditions, ExprList values,
                                                        ExprList returning);
  absl::StatusOr<ExprPtr> run_subqueries_first(const ExprPtr& expr);
  void prepare_change(BoundModify* modify);
  void need_change(const BoundModify& modify);
  absl::StatusOr<IndexTerms> place_terms(IndexTerms terms, const std::vector<ColumnId>& columns);
  absl::Status fill_write(const BoundModify& modify, const std::vector<ColumnId>& columns, TableWrite* write);

  // --- plan_merge.cpp ---
  void prepare_merge(BoundMerge* merge);
  absl::Status plan_merge_change(const BoundMerge::Clause& clause, const std::vector<ColumnId>& columns,
                                 const Rel& input, MergeClause* out);

  // --- index_terms.cpp ---
  /// What an index of expressions, or of some rows, is of: over (relation, row position), folded as conditions are.
  /// Null when it cannot be bound.
  const IndexTerms* terms_of(uint32_t relation, const TablePtr& table, const IndexDef& index);

  // --- columns ---
  /// Columns to positions in `rel`; those of outer queries to slots. Errors: internal, when a column is nowhere.
  absl::StatusOr<ExprPtr> place(const ExprPtr& expr, const std::vector<ColumnId>& columns);
  absl::StatusOr<ExprList> place_all(const ExprList& exprs, const std::vector<ColumnId>& columns);
  ExprPtr outer_slot(const Expr& column);
  ExprPtr fold(const ExprPtr& expr);
  const EvalContext& binder_eval() const {
    static const EvalContext kDefault;
    return context_.eval != nullptr ? *context_.eval : kDefault;
  }

  /// Queries around the one being planned, whose columns reach it through slots.
  struct OuterRow {
    const std::vector<ColumnId>* columns;
    std::vector<SlotBinding> bindings;
    std::vector<ColumnId> ids;  ///< parallel to bindings
  };
  std::vector<OuterRow*> outer_rows_;
  std::optional<WantedOrder> wanted_order_;  ///< for the next FROM that is planned

  const PlanContext& context_;
  Binder& binder_;
  Estimate estimate_;
  std::vector<const TableDef*> tables_;        ///< by relation; null where it is none
  std::vector<std::vector<uint32_t>> needed_;  ///< by relation, sorted when a scan is made
  std::vector<std::optional<uint32_t>> cte_numbers_;
  /// Subqueries planned so far and what stands for them.
  std::vector<std::pair<std::shared_ptr<const BoundSubquery>, ExprPtr>> taken_subqueries_;
  std::map<std::pair<uint32_t, Oid>, std::optional<IndexTerms>> index_terms_;  ///< by relation and index
  std::map<std::pair<uint32_t, Oid>, LeafRelation> leaf_relations_;            ///< by root and leaf
  /// A scan of partitions: one leaf alone, or an Append of them.
  struct LeafScans {
    std::shared_ptr<const PlanNode> plan;
    uint32_t root = 0;
    std::vector<LeafRelation> leaves;  ///< parallel to the Append's inputs
  };
  std::vector<LeafScans> leaf_scans_;
  std::map<uint32_t, std::shared_ptr<const PartitionedInsert>> moves_;  ///< by root, while it is planned
};

/// a = b and b = 5 make a = 5: every relation gets to use the constant. a may be of another type than b, so that the
/// equality is looked up anew.
void derive_constants(ExprList* conditions, const EvalContext& context);
/// What an OR over several relations asks of each of `relations` (sorted) alone.
void derive_restrictions(const std::vector<uint32_t>& relations, ExprList* conditions);

/// Constants computed, conditions simplified; what would fail is left for the run.
ExprPtr fold_constants(const ExprPtr& expr, const EvalContext& context);

// The cost model's units: reading one row in a sequential scan is 0.01, as in PostgreSQL.
inline constexpr double kRowCost = 0.01;
inline constexpr double kOperatorCost = 0.0025;
inline constexpr double kGroupCost = 0.01;

/// A scan that nothing has been pushed into yet but conditions and a projection.
bool is_plain_scan(const Rel& rel);
bool is_plain_scan(const PlanNode& plan);
/// Such a scan, or those of a table's partitions, to be changed alike; none: it is something else.
std::vector<TableScanPlan*> plain_scans(const Rel& rel);
/// Whether the left rows come out of such a join in their order; those without a match come after others of their
/// batch.
inline bool keeps_order(JoinKind kind) {
  return kind == JoinKind::kInner || kind == JoinKind::kSemi || kind == JoinKind::kAnti || kind == JoinKind::kMark ||
         kind == JoinKind::kNullAwareAnti;
}

/// Whether computing it where the rows are changes nothing: immutable, and of no names that only the session knows.
bool is_pushable(const Expr& expr);

/// Whether a partition can evaluate it: no sequences, names of objects, randomness or anything else that only the
/// session has. The clock and the settings travel with the fragment.
bool runs_in_partition(const Expr& expr);

/// How many rows a set-returning call is thought to yield.
double estimate_rows(const FunctionScanPlan::Call& call);

}  // namespace troupe
