#pragma once
/// Which rows of its tables a subscription is told of: those that a WHERE names, and of those the ones that row security
/// lets the role see. An UPDATE that brings a row among them is told as an INSERT, one that takes it out as a DELETE, so
/// nobody learns what a row is that he may not see. Owner: one subscription.
#include <map>
#include <memory>
#include <string>

#include "runtime/plan/planner.hpp"
#include "runtime/sql/ast.hpp"
#include "runtime/stream/change_decoder.hpp"
#include "runtime/stream/published_tables.hpp"

namespace troupe {

class Binder;
struct BoundRelation;

class FollowedRows final : public RowTeller {
 public:
  /// `planning` says whose subscription it is and where names are looked up. Both outlive it.
  FollowedRows(PlanContext planning, EvalContext& context) : planning_{std::move(planning)}, context_{context} {}

  /// The WHERE of a table or partitioned table, before it is followed. It outlives this.
  void filter(Oid table, const sql::Expr* where) { wheres_[table] = where; }
  /// Policies and roles are from here on what they are in this catalog. Errors: those of follow().
  absl::Status use_catalog(CatalogPtr catalog);

  /// Errors: what is wrong with the WHERE; 0A000 for a policy that asks other tables; 42501 with row_security = off.
  absl::Status follow(const std::shared_ptr<const TableDef>& table, const std::shared_ptr<const TableDef>& root) override;
  absl::StatusOr<bool> tell(const TableDef& table, const Change& change, uint64_t number, RowEvent* event) override;
  absl::StatusOr<bool> tell_of_table(const TableDef* after, uint64_t number, RowEvent* event) override;
  std::optional<ColumnSieve> sieve(Oid table) const override;

 private:
  struct Rows {
    std::shared_ptr<const TableDef> table, root;
    std::unique_ptr<RowJson> json;
    RowFilter filter;
    std::optional<ColumnSieve> sieve;
  };
  absl::StatusOr<ExprPtr> condition_of(const TableDef& table, const TableDef& named);
  absl::StatusOr<ExprPtr> policies_of(const TableDef& table, Binder& binder,
                                      const std::shared_ptr<BoundRelation>& relation);

  PlanContext planning_;
  EvalContext& context_;
  std::map<Oid, const sql::Expr*> wheres_;
  std::map<Oid, Rows> rows_;
  std::string before_, after_;
};

/// The sieve that lets through every row for which the condition may hold: from one column's comparisons with values
/// that are known now. Columns of the condition are row positions.
std::optional<ColumnSieve> sieve_of(const ExprPtr& condition, const TableDef& table, EvalContext& context);

}  // namespace troupe
