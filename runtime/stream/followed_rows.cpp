#include "runtime/stream/followed_rows.hpp"

#include "runtime/plan/binder.hpp"
#include "runtime/plan/ddl_binder.hpp"
#include "runtime/plan/row_security.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

bool asks_a_query(const Expr& expr) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) { found = found || part.kind == ExprKind::kSubquery; });
  return found;
}

absl::Status refuse_subquery(std::string_view what, const TableDef& table, std::string_view hint) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, what, " of table \"", table.name,
                         "\" reads other tables, which SUBSCRIBE does not support"),
                   std::string(hint));
}

absl::StatusOr<ExprPtr> bind_where(const sql::Expr& where, const std::shared_ptr<BoundRelation>& relation,
                                   const PlanContext& planning, Binder& binder) {
  TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, binder.bind_table_expression(where, relation, Clause::kWhere));
  if (asks_a_query(*bound)) {
    return refuse_subquery("the WHERE", *relation->table, "Subscribe to a continuous view of that query.");
  }
  if (bound->type.oid == oid::kUnknown) {
    const EvalContext defaults;
    const EvalContext& context = planning.eval != nullptr ? *planning.eval : defaults;
    TROUPE_ASSIGN_OR_RETURN(bound, make_cast(std::move(bound), Type{oid::kBool}, CastContext::kImplicit, context));
  }
  if (bound->type.oid == oid::kBool) return bound;
  return error(ErrorCode::kDatatypeMismatch, "argument of WHERE must be type boolean, not type ",
               format_type(bound->type));
}

}  // namespace

absl::StatusOr<ExprPtr> FollowedRows::policies_of(const TableDef& table, Binder& binder,
                                                  const std::shared_ptr<BoundRelation>& relation) {
  const PolicyChoice choice = choose_policies(*planning_.catalog, table, PolicyCommand::select, planning_.role);
  const auto bind = [&](const PolicyDef& policy) -> absl::StatusOr<ExprPtr> {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, binder.bind_policy(policy.using_sql, relation));
    if (!asks_a_query(*bound)) return bound;
    return refuse_subquery(cat("policy \"", policy.name, "\""), table,
                           "Subscribe as the table's owner or as a role with BYPASSRLS.");
  };
  ExprList any, all;
  for (const PolicyDef* policy : choice.permissive) {
    if (policy->using_sql.empty()) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, bind(*policy));
    any.push_back(std::move(bound));
  }
  all.push_back(make_or(std::move(any)));  // none of them: nothing may be seen
  for (const PolicyDef* policy : choice.restrictive) {
    if (policy->using_sql.empty()) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr bound, bind(*policy));
    all.push_back(std::move(bound));
  }
  return make_and(std::move(all));
}

/// Null: every row. `named`: the table itself or the partitioned one, whose WHERE and policies count.
absl::StatusOr<ExprPtr> FollowedRows::condition_of(const TableDef& table, const TableDef& named) {
  const auto where = wheres_.find(named.oid);
  // What the log says the table was, it is for its rows; who may see them is said now.
  const TableDef* newest = planning_.catalog->find_table(named.oid);
  const TableDef& now = newest != nullptr ? *newest : named;
  const bool secured = is_under_row_security(*planning_.catalog, planning_.role, now);
  if (where == wheres_.end() && !secured) return ExprPtr();
  Binder binder(planning_);
  const auto relation = ddl_relation_of(table);
  ExprList all;
  // The policies first: a WHERE that fails or tells must not look at rows that they hide.
  if (secured) {
    TROUPE_RETURN_IF_ERROR(check_row_security_on(*planning_.catalog, now, planning_.role, planning_.row_security));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr visible, policies_of(now, binder, relation));
    all.push_back(std::move(visible));
  }
  if (where != wheres_.end()) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr wanted, bind_where(*where->second, relation, planning_, binder));
    TROUPE_RETURN_IF_ERROR(binder.rights.check());
    all.push_back(std::move(wanted));
  }
  ExprPtr condition = make_and(std::move(all));
  return replace_expr(condition, [](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, part->index) : nullptr;
  });
}

absl::Status FollowedRows::follow(const std::shared_ptr<const TableDef>& table,
                                  const std::shared_ptr<const TableDef>& root) {
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr condition, condition_of(*table, root != nullptr ? *root : *table));
  Rows rows;
  rows.table = table;
  rows.root = root;
  rows.json = std::make_unique<RowJson>(table);
  if (condition != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(rows.filter, RowFilter::compile(condition, *table));
    rows.sieve = sieve_of(condition, *table, context_);
  }
  rows_.insert_or_assign(table->oid, std::move(rows));
  return absl::OkStatus();
}

absl::Status FollowedRows::use_catalog(CatalogPtr catalog) {
  planning_.catalog = std::move(catalog);
  std::vector<std::pair<std::shared_ptr<const TableDef>, std::shared_ptr<const TableDef>>> tables;
  for (const auto& [oid, rows] : rows_) tables.emplace_back(rows.table, rows.root);
  for (const auto& [table, root] : tables) TROUPE_RETURN_IF_ERROR(follow(table, root));
  return absl::OkStatus();
}

absl::StatusOr<bool> FollowedRows::tell(const TableDef& table, const Change& change, uint64_t, RowEvent* event) {
  Rows& rows = rows_.find(table.oid)->second;
  const auto passes = [&](bool present, std::string_view row) -> absl::StatusOr<bool> {
    if (!present) return false;
    return rows.filter.holds(row, table, context_);
  };
  TROUPE_ASSIGN_OR_RETURN(const bool was, passes(change.has_before, change.before));
  TROUPE_ASSIGN_OR_RETURN(const bool is, passes(change.has_after, change.after));
  if (!was && !is) return false;
  event->op = !was ? RowOp::kInsert : is ? RowOp::kUpdate : RowOp::kDelete;
  event->has_before = was;
  event->has_after = is;
  before_.clear();
  after_.clear();
  if (was) TROUPE_RETURN_IF_ERROR(rows.json->append(change.before, context_, &before_));
  if (is) TROUPE_RETURN_IF_ERROR(rows.json->append(change.after, context_, &after_));
  event->before = before_;
  event->after = after_;
  return true;
}

absl::StatusOr<bool> FollowedRows::tell_of_table(const TableDef*, uint64_t, RowEvent* event) {
  return event->op != RowOp::kSchema;
}

std::optional<ColumnSieve> FollowedRows::sieve(Oid table) const {
  const auto at = rows_.find(table);
  return at == rows_.end() ? std::nullopt : at->second.sieve;
}

}  // namespace troupe
