#pragma once
/// Binder: syntax tree to bound query. Looks up names, settles types, inserts casts, says PostgreSQL's errors.
/// One Binder binds one statement. Sources: bind_expr, bind_call, bind_name, bind_subquery, bind_from, bind_select,
/// bind_with, bind_group, bind_match, bind_insert, bind_modify, bind_view_target, bind_merge, bind_compare,
/// bind_record, bind_composite, bind_aggregate, bind_arguments, bind_policy.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/bound_query.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/plan/refusal.hpp"
#include "runtime/plan/scope.hpp"
#include "runtime/plan/stored_names.hpp"
#include "runtime/plan/wanted_rights.hpp"
#include "runtime/sql/ast_all.hpp"

namespace troupe {

/// Where an expression stands, for what is allowed there and how the error calls it.
enum class Clause : uint8_t {
  kSelect,
  kWhere,
  kJoin,
  kHaving,
  kGroupBy,
  kOrderBy,
  kLimit,
  kOffset,
  kValues,
  kFromFunction,
  kInsertValue,
  kSet,
  kReturning,
  kCheck,
  kDefault,
  kGenerated,
  kIndex,
  kIndexPredicate,
  kFilter,
  kWindow,
  kArgument,
  kDefine,
  kMeasures,
  kMergeWhen,
  kPolicy,
  kFrame,
  kPartitionKey,
  kPartitionBound,
};

std::string_view clause_name(Clause clause);
/// What PostgreSQL calls a select list's expression that has no alias.
std::string output_name(const sql::Expr& expr);
/// a.b.c
std::string dotted(sql::Name name);

class MatchBinder;  // bind_match.hpp
struct BoundCallee;  // bind_function.hpp
struct FunctionDef;
struct FunctionFrame;
struct FunctionShape;
struct SupportFunction;
struct BoundMerge;  // runtime/plan/merge_plan.hpp

/// A column that a statement gives a value.
struct TargetColumn {
  const ColumnDef* column = nullptr;  ///< of the table that changes; null: `error` says why it cannot be given one
  std::string_view name;              ///< as the statement knows it
  uint32_t number = 0;                ///< from 0, of the relation that the statement names
  absl::Status error = absl::OkStatus();
};

class Binder {
 public:
  explicit Binder(const PlanContext& context);

  /// With `keep_unknown`, untyped literals among the targets stay so, for the caller to give them a type.
  absl::StatusOr<QueryPtr> bind_select(const sql::SelectStatement& select, const Scope* outer,
                                       bool keep_unknown = false);
  absl::StatusOr<std::shared_ptr<BoundModify>> bind_insert(const sql::InsertStatement& insert);
  absl::StatusOr<std::shared_ptr<BoundModify>> bind_update(const sql::UpdateStatement& update);
  absl::StatusOr<std::shared_ptr<BoundModify>> bind_delete(const sql::DeleteStatement& statement);
  absl::StatusOr<std::shared_ptr<BoundMerge>> bind_merge(const sql::MergeStatement& merge);
  /// An expression of a table's definition (check, default); columns are (relation, row position).
  absl::StatusOr<ExprPtr> bind_table_expression(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation,
                                                Clause clause);
  /// The column's default, cast to its type; null when it has none.
  absl::StatusOr<ExprPtr> bind_default(const TableDef& table, const ColumnDef& column);
  /// What a generated column of the table holds, cast to its type; over (relation, row position).
  absl::StatusOr<ExprPtr> bind_generated(const ColumnDef& column, const std::shared_ptr<BoundRelation>& relation);
  /// What an index of the table is of; over (relation, row position).
  absl::StatusOr<IndexTerms> bind_index(const IndexDef& index, const std::shared_ptr<BoundRelation>& relation);
  // --- bind_partition.cpp ---
  /// What the parent's partition key is, in terms of a relation that has columns of the parent's names.
  absl::StatusOr<ExprList> bind_partition_key(const PartitionKeyDef& key, const TableDef& parent,
                                              const std::shared_ptr<BoundRelation>& relation);
  /// What a row of `relation` satisfies that goes to the partition with this bound, `others` being its siblings'.
  absl::StatusOr<ExprPtr> bind_bound(const TableDef& parent, const PartitionBoundDef& bound,
                                     const std::vector<PartitionBoundDef>& others,
                                     const std::shared_ptr<BoundRelation>& relation);
  /// What all rows of a partition satisfy, because of what it and the tables above it are.
  absl::StatusOr<ExprPtr> bind_partition_condition(const std::shared_ptr<BoundRelation>& relation);
  /// The condition of a CHECK constraint that the table has.
  absl::StatusOr<ExprPtr> bind_check(const ConstraintDef& check, const std::shared_ptr<BoundRelation>& relation);
  /// A row security policy's condition, in a new definition or as the table has it.
  absl::StatusOr<ExprPtr> bind_policy(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation);
  absl::StatusOr<ExprPtr> bind_policy(std::string_view text, const std::shared_ptr<BoundRelation>& relation);
  /// Of a domain its base type.
  absl::StatusOr<Type> bind_type(const sql::TypeName& name);
  /// A user's own type along the search path; null when there is none.
  const TypeDef* find_own_type(sql::Name name) const;
  /// What bind_type() takes the name for, of an array its elements' type; null: not a user's.
  const TypeDef* own_type_named(const sql::TypeName& name) const;
  /// The domain that a type name means; null: none.
  const TypeDef* domain_of(const sql::TypeName& name) const;
  /// True, or the domain's own error for a value that it does not allow; null when it allows all.
  absl::StatusOr<ExprPtr> bind_domain_check(const TypeDef& domain, const ExprPtr& value);
  /// `value`, once `holds` has been looked at.
  absl::StatusOr<ExprPtr> checked_value(ExprPtr value, ExprPtr holds);
  /// One of its CHECK constraints, for `value`.
  absl::StatusOr<ExprPtr> bind_domain_constraint(const TypeDef& domain, const ConstraintDef& check, const ExprPtr& value);

  /// A view's query, which knows nothing of the statement around it and reads with the rights of the view's owner.
  absl::StatusOr<QueryPtr> bind_stored_query(std::string_view text, Oid owner,
                                             const sql::SelectStatement** written = nullptr);
  /// An INSERT into a materialized view, which only REFRESH may do; the same otherwise.
  absl::StatusOr<std::shared_ptr<BoundModify>> bind_refresh(std::string_view text, const TableDef& view);

  /// The user's function that a call means; its arguments are those of a statement without FROM. Null: none of a user.
  absl::StatusOr<std::shared_ptr<BoundCallee>> bind_callee(const sql::FunctionCall& call, bool procedure);
  /// The body's last query as the function's result. Errors: 42P13.
  absl::Status fit_result(const FunctionDef& function, const FunctionShape& shape, std::vector<BoundTarget>* targets);
  FunctionShape shape_of(const BoundCallee& callee) const;

  /// Errors: 42P18 for a parameter whose type nothing told.
  absl::Status finish_parameters();

  std::string_view database_name() const { return eval_->database; }
  const EvalContext& evaluation() const { return *eval_; }

  bool inlines = true;  ///< false: calls of users' functions are only looked at

  // What the statement turned out to need.
  std::vector<Type> parameters;
  std::vector<BoundCte> ctes;
  std::vector<PlanDependency> dependencies;
  uint32_t relations = 1;    ///< the next relation number; 0 means "none"
  uint32_t work_tables = 0;
  bool moves_sequences = false;
  WantedRights rights;
  NamesFound* names_found = nullptr;  ///< where to note what names mean, of a definition's query; null: nowhere
  FunctionsFound functions_found;     ///< users' functions that the statement's own text calls
  bool hides_rows = false;            ///< it changes rows of which it may not see all: no error shows any
  absl::Status unreadable;            ///< 55000, when the statement reads a materialized view that has not been filled

 private:
  friend class InsertSource;
  friend class GroupingBinder;
  friend class MatchBinder;
  friend class PartitionPlanner;
  /// What an expression is bound in.
  struct Site {
    const Scope* scope = nullptr;
    BoundQuery* query = nullptr;
    Clause clause = Clause::kSelect;
    bool in_aggregate = false;
    MatchBinder* match = nullptr;  ///< within DEFINE or MEASURES
  };
  struct CteName {
    std::string_view name;
    uint32_t cte = 0;
    std::optional<uint32_t> work_table;  ///< while its recursive part is bound
    /// It reads the work table of a recursive query around it, and has other rows in each of its turns: it is bound
    /// anew wherever it is mentioned, as a subquery, within `outer`. Null: it is not so.
    const sql::CommonTable* anew = nullptr;
    const Scope* outer = nullptr;
  };

  // --- bind_callee.cpp: which function of a user is meant ---
  std::vector<std::shared_ptr<const FunctionDef>> functions_named(sql::Name name) const;
  absl::StatusOr<std::shared_ptr<BoundCallee>> find_callee(const sql::FunctionCall& call, const Site& site,
                                                           bool procedure);
  absl::Status bind_callee_arguments(const sql::FunctionCall& call, const std::vector<uint32_t>& places,
                                     ExprList given, BoundCallee* callee);
  // --- bind_function.cpp: what its body is in the statement ---
  absl::StatusOr<ExprPtr> bind_function_call(const sql::FunctionCall& call, const Site& site, bool* found);
  ExprPtr known_function_value(const BoundCallee& callee, const Site& site);
  absl::StatusOr<ExprPtr> inline_value(BoundCallee& callee, const Site& site, const sql::Node& node);
  absl::StatusOr<QueryPtr> inline_rows(BoundCallee& callee, const FunctionShape& shape, BoundQuery* around,
                                       const sql::Node& node);
  absl::StatusOr<QueryPtr> bind_function_body(const BoundCallee& callee, uint32_t relation, const sql::Node& node,
                                              bool* expression);
  absl::StatusOr<QueryPtr> with_ordinality(QueryPtr rows);
  absl::StatusOr<ExprPtr> bind_argument_name(const sql::ColumnRef& column, const Site& site);
  ExprPtr argument_of(const FunctionFrame& frame, size_t place) const;
  struct FromItem;
  absl::StatusOr<FromItem> bind_user_function_ref(const sql::FunctionRef& ref, Scope* scope, BoundQuery* query);
  absl::StatusOr<ExprPtr> join_rows(BoundCallee& callee, const Site& site, const sql::Node& node);

  // --- bind_expr.cpp ---
  absl::StatusOr<ExprPtr> bind(const sql::Expr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_any(const sql::Expr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_literal(const sql::Literal& literal);
  absl::StatusOr<ExprPtr> bind_parameter(const sql::Parameter& parameter);
  absl::StatusOr<ExprPtr> bind_boolean(const sql::BooleanExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_row_and_subquery(const sql::RowExpr& row, const sql::OperatorExpr& expr,
                                                const Site& site);
  absl::StatusOr<ExprPtr> bind_operator(const sql::OperatorExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_cast(const sql::CastExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_in_list(const sql::InListExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_between(const sql::BetweenExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_like(const sql::LikeExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_case(const sql::CaseExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_array(const sql::ArrayExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_any_all(const sql::AnyAllExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_distinct(const sql::DistinctTest& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_null_if(const sql::NullIfExpr& expr, const Site& site);
  // --- bind_subscript.cpp ---
  struct Subscripts {
    bool slices = false;
    ExprList lower, upper;  ///< of an element only `upper`
  };
  absl::StatusOr<ExprPtr> bind_subscript(const sql::Expr* index, int32_t open, const Site& site);
  absl::StatusOr<Subscripts> bind_subscripts(sql::List<sql::Accessor> accessors, const sql::Node& node,
                                             const Site& site);
  /// One run of accessors: subscripts of an array or of jsonb.
  absl::StatusOr<ExprPtr> bind_elements(ExprPtr base, sql::List<sql::Accessor> run, const sql::Node& node,
                                        const Site& site);
  absl::StatusOr<ExprList> bind_jsonb_path(sql::List<sql::Accessor> run, const sql::Node& node, const Site& site);
  absl::StatusOr<ExprPtr> bind_jsonb_subscripts(ExprPtr base, sql::List<sql::Accessor> run, const sql::Node& node,
                                                const Site& site);
  absl::StatusOr<ExprPtr> with_jsonb_subscripts(ExprPtr json, sql::List<sql::Accessor> run,
                                                const sql::AssignmentTarget& target, ExprPtr value,
                                                const sql::Node& node, const Site& site);
  absl::StatusOr<ExprPtr> bind_accessors(ExprPtr base, sql::List<sql::Accessor> accessors, const sql::Node& node,
                                         const Site& site);
  absl::StatusOr<ExprPtr> bind_indirection(const sql::Indirection& expr, const Site& site);
  /// The array, with `value` where its subscripts say; `to` and `node` are for errors.
  absl::StatusOr<ExprPtr> with_subscripts(ExprPtr array, sql::List<sql::Accessor> run, const sql::AssignmentTarget& to,
                                          ExprPtr value, const sql::Node& node, const Site& site);
  absl::Status assign_subscripted(const sql::AssignmentTarget& target, ExprPtr value, const TargetColumn& column,
                                  const BoundRelation& named, const sql::Node& node, const Site& site,
                                  std::vector<ColumnAssignment>* out);
  static bool is_subscripted(const Expr& value);

  // --- bind_composite.cpp ---
  /// ROW(...) as a composite type: field by field.
  absl::StatusOr<ExprPtr> coerce_row(const Expr& row, Type type, CastContext cast);
  /// ARRAY[ROW(...), ...] as an array of a composite type.
  absl::StatusOr<ExprPtr> coerce_row_array(const Expr& array, Type type, CastContext cast);
  /// The fields of a value of composite type, with their names.
  absl::StatusOr<std::vector<NamedColumn>> attributes_of(const Expr& base);
  /// The array or composite value, with `value` where the accessors say: SET a.f[1].g = value.
  absl::StatusOr<ExprPtr> with_part(ExprPtr whole, sql::List<sql::Accessor> accessors, const sql::AssignmentTarget& to,
                                    ExprPtr value, const sql::Node& node, const Site& site);
  absl::StatusOr<ExprPtr> with_field(ExprPtr record, sql::List<sql::Accessor> accessors,
                                     const sql::AssignmentTarget& to, ExprPtr value, const sql::Node& node,
                                     const Site& site);
  /// A user's range type as a function: its constructor. Null when the name is none.
  absl::StatusOr<ExprPtr> bind_range_constructor(const sql::FunctionCall& call, ExprList* args);

  absl::StatusOr<ExprPtr> bind_collate(const sql::CollateExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_common(ExprKind kind, sql::ExprList args, std::string_view what, const Site& site);
  absl::StatusOr<ExprList> bind_list(sql::ExprList list, const Site& site);
  /// Bound and of type boolean; `what` names the place: "WHERE" gives "argument of WHERE must be type boolean, ...".
  absl::StatusOr<ExprPtr> bind_condition(const sql::Expr& expr, const Site& site, std::string_view what);
  absl::StatusOr<ExprPtr> to_boolean(ExprPtr expr, std::string_view what, const sql::Node& node);
  /// make_cast that also settles parameters of unknown type.
  absl::StatusOr<ExprPtr> coerce(ExprPtr expr, Type type, CastContext cast);
  absl::StatusOr<ExprPtr> operate(std::string_view symbol, ExprPtr left, ExprPtr right, const sql::Node& node);
  absl::StatusOr<ExprPtr> compare_rows(std::string_view symbol, const Expr& left, const Expr& right,
                                       const sql::Node& node);
  absl::StatusOr<ExprPtr> call_variadic(const sql::FunctionCall& call, const ExprList& args);
  absl::StatusOr<ExprPtr> call_by_name(std::string_view name, ExprList args, const sql::Node& node);
  absl::StatusOr<ExprPtr> apply_call(BoundFunction call, ExprList args);
  /// Unknown literals and parameters become text.
  absl::StatusOr<ExprPtr> settle(ExprPtr expr);

  // --- bind_record.cpp ---
  absl::StatusOr<ExprPtr> bind_row(const sql::RowExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_star(const sql::ColumnRef& star, const Site& site);
  /// A relation's row as one value; null where an outer join found none.
  ExprPtr whole_row(const FromNames& place, const Scope& scope) const;
  /// The one system column there is; null when the place is no table.
  ExprPtr table_oid(const FromNames& place, const Scope& scope) const;
  /// Of a record that is known to be a certain row, written out or of a relation; empty when it is not. Their names are
  /// the row's.
  absl::StatusOr<std::vector<NamedColumn>> fields_of(const Expr& base, const Site& site);
  absl::StatusOr<ExprPtr> bind_field(std::string_view name, const Expr& base, const sql::Node& node, const Site& site);
  absl::Status expand_fields(const sql::Indirection& star, const Site& site, std::vector<BoundTarget>* out);

  // --- bind_call.cpp ---
  absl::StatusOr<ExprPtr> bind_call(const sql::FunctionCall& call, const Site& site);
  /// With `own`, of a user's aggregate.
  absl::StatusOr<ExprPtr> bind_window(const sql::FunctionCall& call, std::string_view name, ExprList args,
                                      const Site& site, const AggregateCall* own = nullptr);
  absl::StatusOr<const sql::WindowDefinition*> find_window(std::string_view name, const sql::Node& node,
                                                           const Site& site) const;
  absl::StatusOr<WindowSpec> bind_window_spec(const sql::WindowDefinition& window, const Site& site);
  // bind_frame.cpp
  absl::Status bind_frame(const sql::WindowDefinition& window, const Site& site, WindowSpec* spec);
  absl::StatusOr<FrameBound> bind_frame_bound(const sql::WindowDefinition& window, const sql::FrameBound& from,
                                              const WindowSpec& spec, const Site& site);
  absl::StatusOr<ExprPtr> coerce_range_offset(ExprPtr offset, Type column, const sql::Expr& node);
  absl::StatusOr<ExprPtr> bind_sequence_call(std::string_view name, ExprList args, const sql::FunctionCall& call);
  absl::StatusOr<ExprPtr> bind_value_function(const sql::ValueFunctionExpr& expr);
  absl::StatusOr<FunctionScanPlan::Call> bind_table_function(const sql::FunctionCall& call, ExprList args);

  // --- bind_arguments.cpp ---
  /// In the order of the function's parameters, those left out added.
  absl::StatusOr<ExprList> bind_arguments(const sql::FunctionCall& call, const Site& site);
  absl::Status check_argument_names(sql::ExprList arguments) const;

  // --- bind_aggregate.cpp ---
  absl::StatusOr<ExprPtr> bind_aggregate(const sql::FunctionCall& call, std::string_view name, ExprList args,
                                         const Site& site);
  /// In the query that it belongs to.
  absl::StatusOr<ExprPtr> place_aggregate(AggregateCall bound, const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<AggregateCall> make_aggregate_call(const sql::FunctionCall& call, std::string_view name,
                                                    ExprList args, const Site& site);
  absl::Status add_sorted_argument(const sql::FunctionCall& call, const Site& inside, ExprList* args);
  /// `given` are the arguments as the call has them, before casts.
  absl::Status bind_aggregate_order(const sql::FunctionCall& call, const ExprList& given, const Site& inside,
                                    AggregateCall* bound);
  absl::StatusOr<const Site*> outer_site_of(const Expr& aggregate, const Site& site, const sql::Node& node) const;
  ExprPtr hoist(ExprPtr aggregate, BoundQuery* owner);
  absl::Status check_aggregate_place(const Site& site, const sql::Node& node, std::string_view what) const;

  // --- bind_user_aggregate.cpp ---
  absl::StatusOr<ExprPtr> bind_user_aggregate(const sql::FunctionCall& call, const BoundCallee& callee,
                                              const Site& site);
  absl::StatusOr<AggregateCall> make_user_aggregate_call(const sql::FunctionCall& call, const BoundCallee& callee,
                                                         const Site& site);
  /// A call of a function that an aggregate names. With `strict`, what it says of nulls is told there and else left
  /// out.
  absl::StatusOr<ExprPtr> call_support(const SupportFunction& function, ExprList args, const sql::Node& node,
                                       const Site& site, bool* strict);

  absl::StatusOr<Type> own_type(const TypeDef& type, const sql::TypeName& name);

  // --- bind_name.cpp ---
  absl::StatusOr<ExprPtr> bind_column(const sql::ColumnRef& column, const Site& site);
  void note_star(const sql::ColumnRef& star, const FromNames& item);
  absl::Status expand_targets(const sql::ColumnRef& star, const Site& site, std::vector<NamedColumn>* out);
  absl::Status check_qualified(sql::Name name, size_t parts, const sql::Node& node) const;
  absl::Status unknown_column(const sql::ColumnRef& column, const Scope* scope);
  absl::Status unknown_table(const sql::ColumnRef& column, std::string_view table, const Scope* scope) const;
  absl::Status unreachable_column(const sql::ColumnRef& column, const Scope* scope) const;
  /// A table, view or system relation. `relation_error` words the error when there is none.
  struct RelationName {
    TablePtr table;
    std::shared_ptr<const ViewDef> view;
    std::shared_ptr<const SystemTable> system;
  };
  absl::StatusOr<RelationName> find_relation(const sql::TableRef& ref);
  /// A relation whose rows are to be changed: a table or a view. Errors: 42501, 42809.
  absl::StatusOr<RelationName> find_target(const sql::TableRef& ref);
  void depend_on(const ObjectDef& object);

  // --- bind_subquery.cpp ---
  absl::StatusOr<ExprPtr> bind_subquery(const sql::SubqueryExpr& expr, const Site& site);
  absl::StatusOr<ExprPtr> bind_any_subquery(const sql::SubqueryExpr& expr, QueryPtr query, const Site& site);

  // --- bind_from.cpp ---
  struct FromItem {
    FromPtr tree;
    std::shared_ptr<FromNames> names;
  };
  absl::Status bind_from(sql::List<const sql::FromItem*> items, Scope* scope, BoundQuery* query);
  absl::StatusOr<FromItem> bind_from_item(const sql::FromItem& item, Scope* scope, BoundQuery* query);
  absl::StatusOr<FromItem> bind_table(const sql::TableRef& ref, Scope* scope, BoundQuery* query);
  absl::StatusOr<FromItem> bind_view(const std::shared_ptr<const ViewDef>& view, const sql::TableRef& ref,
                                     BoundQuery* query);
  absl::StatusOr<FromItem> bind_dual_ref(const sql::TableRef& ref, BoundQuery* query);
  // bind_sample.cpp
  absl::StatusOr<FromItem> bind_sample(const sql::TableRef& ref, RelationName found, BoundQuery* query);
  absl::StatusOr<ExprPtr> bind_sample_condition(const sql::TableSample& sample, const BoundRelation& table,
                                                const sql::Node& node);
  absl::StatusOr<FromItem> bind_cte_ref(CteName name, const sql::TableRef& ref, BoundQuery* query);
  absl::StatusOr<FromItem> bind_subquery_ref(const sql::SubqueryRef& ref, Scope* scope, BoundQuery* query);
  /// A function's view, under the function's name.
  absl::StatusOr<FromItem> bind_view_function(std::string_view view, const sql::FunctionCall& call,
                                              const sql::Alias* alias, BoundQuery* query);
  absl::StatusOr<FromItem> bind_function_ref(const sql::FunctionRef& ref, Scope* scope, BoundQuery* query);
  /// ROWS FROM (f(), g()) where some are users' functions: joined by their rows' numbers.
  absl::StatusOr<FromItem> bind_rows_from(const sql::FunctionRef& ref, Scope* scope, BoundQuery* query);
  absl::StatusOr<FromItem> bind_match(const sql::MatchRecognize& match, Scope* scope, BoundQuery* query);
  absl::Status bind_record_function(const sql::TableFunction& item, const sql::FunctionRef& ref, const Site& site,
                                    BoundRelation* out);
  absl::StatusOr<FromItem> bind_join(const sql::JoinExpr& join, Scope* scope, BoundQuery* query);
  absl::Status merge_columns(const sql::JoinExpr& join, JoinKind kind, FromItem* item, ExprList* conditions);
  std::string_view schema_of(const BoundRelation& relation) const;
  FromItem leaf(std::shared_ptr<BoundRelation> relation, std::string_view alias, BoundQuery* query);
  static absl::Status rename_columns(BoundRelation* relation, const sql::Alias* alias);

  // --- bind_select.cpp ---
  absl::StatusOr<QueryPtr> bind_plain(const sql::SelectStatement& select, const Scope* outer, bool keep_unknown);
  absl::StatusOr<QueryPtr> bind_values(const sql::SelectStatement& select, const Scope* outer);
  absl::StatusOr<QueryPtr> bind_set_operation(const sql::SelectStatement& select, const Scope* outer);
  absl::Status match_set_columns(const sql::SelectStatement& select, BoundQuery* query);
  absl::Status bind_set_order(const sql::SelectStatement& select, BoundQuery* query);
  absl::Status bind_targets(sql::List<const sql::Target*> targets, const Site& site,
                            std::vector<BoundTarget>* out);
  absl::Status bind_order(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query);
  absl::StatusOr<SortKey> bind_sort_item(const sql::SortItem& item, const Site& site);
  /// An ORDER BY or DISTINCT ON item: an output column's number or name, or an expression over the input.
  absl::StatusOr<ExprPtr> bind_output_item(const sql::Expr& value, const Site& site, std::string_view what);
  absl::Status bind_distinct(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query);
  absl::StatusOr<SortKey> finish_sort_key(ExprPtr value, const sql::SortItem& item);
  absl::Status bind_limits(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query);
  absl::Status bind_locks(const sql::SelectStatement& select, const Scope& scope, BoundQuery* query);
  absl::Status bind_with(const sql::WithClause& with, const Scope* outer);
  absl::Status bind_recursive(const sql::CommonTable& table, const Scope* outer);
  absl::Status bind_cte(const sql::CommonTable& table, bool recursive, const Scope* outer);
  absl::StatusOr<QueryPtr> bind_cte_anew(CteName name);
  /// The query bound only for its columns: no WITH query of it stays, none outside counts as read.
  absl::StatusOr<QueryPtr> bind_for_columns(const sql::SelectStatement& select, const Scope* outer);
  absl::StatusOr<QueryPtr> bind_connect_by(const sql::SelectStatement& select, const Scope* outer);
  absl::Status bind_search_cycle(const sql::CommonTable& table, const Scope* outer);
  absl::StatusOr<QueryPtr> bind_cte_query(const sql::CommonTable& table, const Scope* outer);
  absl::Status name_cte_columns(const sql::CommonTable& table, BoundCte* cte);
  absl::Status settle_targets(BoundQuery* query);

  // --- bind_oracle.cpp: null for what is not Oracle's ---
  absl::StatusOr<ExprPtr> bind_oracle_call(const sql::FunctionCall& call, const Site& site);
  absl::StatusOr<ExprPtr> bind_oracle_column(const sql::ColumnRef& column, const Site& site);
  absl::StatusOr<QueryPtr> bind_dual();
  // bind_rownum.cpp
  /// The statement itself, or one without ROWNUM in its WHERE.
  absl::StatusOr<const sql::SelectStatement*> without_rownum(const sql::SelectStatement& select, const Scope* outer,
                                                             const Scope& scope);
  absl::StatusOr<ExprPtr> bind_rownum(const sql::ColumnRef& column, const Site& site);
  /// An expression that is not in the client's text.
  absl::StatusOr<ExprPtr> bind_text(const std::string& text, const Site& site);

  // --- bind_hypothetical.cpp ---
  absl::StatusOr<ExprPtr> bind_hypothetical(const sql::FunctionCall& call, const Site& site);

  // --- bind_group.cpp ---
  absl::Status bind_group_by(const sql::SelectStatement& select, const Scope* scope, BoundQuery* query);
  absl::StatusOr<ExprPtr> bind_group_item(const sql::Expr& item, const Site& site);
  absl::StatusOr<ExprPtr> bind_grouping(const sql::GroupingExpr& expr, const Site& site);
  absl::Status check_grouping(const Scope& scope, BoundQuery* query);
  absl::Status check_grouped(const ExprPtr& expr, const Scope& scope, BoundQuery* query);
  absl::Status check_grouped_column(const Expr& column, bool inside, const Scope& scope, BoundQuery* query);
  absl::Status check_grouped_inside(const BoundQuery& subquery, const Scope& scope, BoundQuery* query);

  // --- bind_stored.cpp ---
  absl::StatusOr<ExprPtr> bind_stored(std::string_view sql, const std::shared_ptr<BoundRelation>& relation,
                                      Clause clause);
  /// The generated columns whose values change with these assignments.
  absl::StatusOr<std::vector<ColumnAssignment>> bind_regenerated(const std::vector<ColumnAssignment>& assignments,
                                                                 const std::shared_ptr<BoundRelation>& target);

  // --- bind_modify.cpp, bind_insert.cpp ---
  absl::StatusOr<std::shared_ptr<BoundModify>> start_modify(PlanKind kind, const sql::TableRef& ref, Scope* scope);
  /// `routed`: its rows are those of a partition that they were sent to, and so need not be asked about that.
  absl::Status bind_table_checks(BoundModify* modify, bool routed = false);
  absl::StatusOr<std::vector<TargetColumn>> insert_columns(const sql::InsertStatement& insert,
                                                           const BoundModify& modify);
  std::vector<TargetColumn> all_columns(const BoundModify& modify) const;
  /// A value cast to the column's type; `name` is what the statement calls the column.
  absl::StatusOr<ExprPtr> assign(ExprPtr value, const ColumnDef& column, const sql::Node& node,
                                 std::string_view name = {});
  absl::StatusOr<ExprPtr> insert_default(const TableDef& table, const ColumnDef& column);
  /// The default of the view that is named, or of the table's column.
  absl::StatusOr<ExprPtr> target_default(const BoundModify& modify, const ColumnDef& column);
  absl::Status bind_assignments(sql::List<const sql::Assignment*> list, const BoundModify& modify, const Site& site,
                                std::vector<ColumnAssignment>* out);
  absl::Status bind_subquery_assignment(const sql::Assignment& assignment, const sql::SubqueryExpr& subquery,
                                        const BoundModify& modify, const Site& site,
                                        std::vector<ColumnAssignment>* out);
  absl::Status bind_where_of_change(const sql::Expr& where, const Site& site, BoundModify* modify);
  absl::Status bind_one_assignment(const sql::AssignmentTarget& target, const sql::Expr* value, ExprPtr bound,
                                   const BoundModify& modify, const Site& site, std::vector<ColumnAssignment>* out);
  absl::Status bind_conflict(const sql::OnConflict& conflict, const sql::InsertStatement& insert, Scope* scope,
                             BoundModify* modify);
  /// ON CONFLICT (a, lower(b)) WHERE ...: what an index has to be of, and may leave out.
  struct InferredKey {
    std::vector<int16_t> columns;  ///< sorted
    ExprList expressions;
    ExprList conditions;
    bool has_columns(std::vector<int16_t> attnums) const;
  };
  absl::StatusOr<InferredKey> bind_inference(const sql::OnConflict& conflict, const BoundModify& modify);
  absl::StatusOr<bool> is_arbiter(const IndexDef& index, const InferredKey& wanted,
                                  const std::shared_ptr<BoundRelation>& target);
  absl::Status choose_arbiter(const sql::OnConflict& conflict, BoundModify* modify, ConflictAction* action);
  /// `excluded`, as the statement sees it; `rows` are those of the table.
  FromItem name_excluded(const BoundModify& modify, const std::shared_ptr<BoundRelation>& rows, BoundQuery* query);
  absl::Status bind_conflict_update(const sql::OnConflict& conflict, const Scope& scope, BoundModify* modify,
                                    ConflictAction* action);
  absl::Status bind_returning(sql::List<const sql::Target*> returning, const Scope* scope, BoundModify* modify);

  // --- bind_merge.cpp ---
  absl::Status bind_merge_target(const sql::MergeStatement& merge, BoundMerge* out);
  absl::Status bind_merge_clause(const sql::MergeWhen& when, const sql::TableRef& ref, const Scope& scope,
                                 BoundMerge* merge);
  /// What WHEN NOT MATCHED THEN INSERT puts in: all layout columns, generated ones null (bind_insert.cpp).
  absl::StatusOr<ExprList> bind_merge_row(const sql::MergeWhen& when, const sql::TableRef& ref,
                                          const BoundModify& modify, const Site& site);

  // --- bind_view_target.cpp ---
  absl::StatusOr<std::shared_ptr<ViewTarget>> bind_view_target(PlanKind kind,
                                                               const std::shared_ptr<const ViewDef>& view,
                                                               const sql::TableRef& ref);
  /// Errors: 0A000 for a column that is an expression; 42703.
  absl::StatusOr<TargetColumn> view_column(PlanKind kind, const ViewTarget& target, std::string_view name) const;
  absl::StatusOr<TargetColumn> view_column(PlanKind kind, const ViewTarget& target, uint32_t number) const;
  absl::StatusOr<TargetColumn> target_column(PlanKind kind, const BoundModify& modify, std::string_view name) const;
  absl::StatusOr<ExprPtr> view_default(const ViewTarget& target, uint32_t number);
  /// In terms of the table what the statement says of the view; itself when it names no view.
  static ExprPtr through_view(const BoundModify& modify, const ExprPtr& value);
  absl::Status finish_view_target(const sql::TableRef& ref, BoundModify* modify);
  absl::Status bind_check_options(const sql::TableRef& ref, BoundModify* modify);

  // --- bind_policy.cpp ---
  enum class PolicySide : uint8_t { kUsing, kCheck };
  struct PolicyCondition {
    std::string name;  ///< of a restrictive one
    ExprPtr condition;
  };
  absl::StatusOr<std::vector<PolicyCondition>> bind_policies(const std::shared_ptr<BoundRelation>& relation,
                                                             PolicyCommand command, PolicySide side);
  absl::StatusOr<ExprPtr> bind_policy_checks(const std::shared_ptr<BoundRelation>& relation, PolicyCommand command,
                                             PolicySide side, std::string_view row, std::string_view suffix);
  absl::StatusOr<ExprPtr> bind_new_row_checks(const BoundModify& modify, PolicyCommand command, bool reads);
  /// Errors: 42501 when row_security is off and policies apply.
  absl::StatusOr<bool> is_secured(BoundRelation* relation);
  /// Adds to relation->security.
  absl::Status secure_reading(const std::shared_ptr<BoundRelation>& relation, PolicyCommand command);
  /// Once all of the statement is bound, as what it reads of the target matters.
  absl::Status secure_modify(BoundModify* modify);
  absl::Status secure_conflict(bool reads, BoundModify* modify);
  absl::Status secure_merge_clause(BoundModify* change, ExprPtr* condition);

  // --- positions ---
  /// 0 (none) inside text that is not the client's: views, defaults, checks.
  /// The node whose text comes first: `a` of `a + b`, where an error about the whole expression points.
  static const sql::Node& start_of(const sql::Expr& expr);
  int position(const sql::Node& node) const { return position_of(node.position); }
  int position_of(uint32_t offset) const {
    return foreign_text_ ? 0 : sql::character_position(context_.text, offset);
  }
  absl::Status at(absl::Status status, const sql::Node& node) const {
    return with_position(std::move(status), position(node));
  }
  template <typename... Pieces>
  [[gnu::cold]] absl::Status fail(ErrorCode code, const sql::Node& node, const Pieces&... pieces) const {
    return at(error(code, pieces...), node);
  }
  absl::Status refuse(const sql::Node& node, std::string_view feature) const {
    return at(not_supported_yet(feature), node);
  }
  const Catalog& catalog() const { return *context_.catalog; }
  const EvalContext& eval() const { return *eval_; }
  std::span<const Oid> search_path() const { return search_path_; }

  const PlanContext& context_;
  const EvalContext* eval_;
  EvalContext default_eval_;
  std::vector<CteName> cte_names_;  ///< visible ones, innermost last
  std::vector<std::string_view> later_ctes_;  ///< of the WITHs being bound: those that cannot be mentioned yet
  std::vector<uint32_t> work_table_reads_;  ///< a work table for each mention, in the order of binding
  std::vector<const Site*> subquery_sites_;  ///< of the subqueries being bound, outermost first
  Oid refreshed_ = kNoOid;                   ///< the materialized view whose rows this may change
  int view_depth_ = 0;
  std::vector<Oid> policies_of_;  ///< tables whose policies are being bound, outermost first
  bool foreign_text_ = false;
  std::vector<std::shared_ptr<const void>> kept_;  ///< parsed texts that bound names point into
  /// Calls of users' functions that read tables: GROUP BY and ORDER BY mean those of the select list.
  struct FunctionValue {
    const BoundQuery* query = nullptr;
    Oid function = kNoOid;
    ExprList args;
    ExprPtr value;
    bool grouped = false;
  };
  std::vector<FunctionValue> function_values_;
  const FunctionFrame* frame_ = nullptr;  ///< of the function whose body is being bound
  uint32_t function_calls_ = 0;           ///< that have become part of the statement
  std::vector<Oid> search_path_;
};

}  // namespace troupe
