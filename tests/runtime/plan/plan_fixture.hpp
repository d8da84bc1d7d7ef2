#pragma once
/// A small catalog made by DDL, and statements planned against it as text.
#include <catch2/catch.hpp>

#include "runtime/plan/planner.hpp"
#include "runtime/system/catalog_names.hpp"

namespace troupe {

class PlanFixture {
 public:
  PlanFixture() { reset_context(); }

  absl::StatusOr<StatementPlanPtr> try_plan(std::string text, std::vector<Type> parameters = {}) {
    text_ = std::move(text);
    parameters_ = std::move(parameters);
    auto parsed = sql::parse_statement(text_);
    if (!parsed.ok()) return parsed.status();
    parsed_ = *parsed;
    reset_context();
    return plan_statement(*parsed_->statements()[0].node, context_);
  }
  StatementPlanPtr plan(std::string text, std::vector<Type> parameters = {}) {
    auto planned = try_plan(std::move(text), std::move(parameters));
    INFO(text_);
    INFO(error_fields(planned.status()).message);
    REQUIRE(planned.ok());
    return *planned;
  }
  /// EXPLAIN (COSTS OFF) as one text with a line break after each line.
  std::string explain(std::string text) {
    auto planned = std::make_shared<StatementPlan>(*plan(std::move(text)));
    planned->explain.costs = false;
    std::string lines = "\n";
    for (const std::string& line : explain_plan(*planned)) lines += line + "\n";
    return lines;
  }
  /// Runs DDL: its changes become the next catalog.
  void ddl(std::string text) {
    const StatementPlanPtr planned = plan(std::move(text));
    REQUIRE(planned->ddl != nullptr);
    auto next = catalog_->with_changes(planned->ddl->changes, ++scn_, planned->ddl->counters);
    INFO(error_fields(next.status()).message);
    REQUIRE(next.ok());
    catalog_ = *next;
    catalog_->check_invariants();
    reset_context();
  }
  ErrorFields failure(std::string text, std::vector<Type> parameters = {}) {
    auto planned = try_plan(std::move(text), std::move(parameters));
    INFO(text_);
    REQUIRE_FALSE(planned.ok());
    return error_fields(planned.status());
  }
  /// "SQLSTATE position message" and, on lines of their own, detail and hint.
  std::string error_of(std::string text, std::vector<Type> parameters = {}) {
    const ErrorFields fields = failure(std::move(text), std::move(parameters));
    std::string result = cat(unpack_sqlstate(static_cast<uint32_t>(fields.code)), " ", fields.position, " ",
                             fields.message);
    if (!fields.detail.empty()) result += cat("\nDETAIL: ", fields.detail);
    if (!fields.hint.empty()) result += cat("\nHINT: ", fields.hint);
    return result;
  }
  const Catalog& catalog() const { return *catalog_; }
  const TableDef& table(std::string_view name) const {
    const ObjectDef* object = catalog_->find_relation(kPublicSchema, name);
    REQUIRE(object != nullptr);
    return static_cast<const TableDef&>(*object);
  }
  void analyze(std::string_view name, double rows) {
    auto changed = std::make_shared<TableDef>(table(name));
    auto statistics = std::make_shared<TableStatistics>();
    statistics->row_count = rows;
    statistics->size_bytes = rows * 100;
    changed->statistics = std::move(statistics);
    catalog_ = *catalog_->with_changes({{changed->oid, changed}}, ++scn_);
    reset_context();
  }

 protected:
  void reset_context() {
    names_ = std::make_unique<CatalogNames>(catalog_, std::vector<Oid>{kPublicSchema});
    eval_.names = names_.get();
    context_.catalog = catalog_;
    context_.text = text_;
    context_.parameters = parameters_;
    context_.eval = &eval_;
  }

  CatalogPtr catalog_ = Catalog::bootstrap()->in_database(kDefaultDatabase);
  Scn scn_ = kFirstScn;
  std::string text_;
  std::vector<Type> parameters_;
  sql::ParsedSqlPtr parsed_;
  std::unique_ptr<CatalogNames> names_;
  EvalContext eval_;
  PlanContext context_;
};

/// pgbench's tables and a few more.
class BankFixture : public PlanFixture {
 public:
  BankFixture() {
    ddl("CREATE TABLE branches (bid int PRIMARY KEY, bbalance int, filler char(88))");
    ddl("CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))");
    ddl("CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))");
    ddl("CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL, price numeric(10,2) DEFAULT 0 "
        "CHECK (price >= 0), tag varchar(10), UNIQUE (name))");
    ddl("CREATE INDEX accounts_bid_idx ON accounts (bid)");
    ddl("CREATE TABLE pairs (a int, b int, c text, PRIMARY KEY (a, b))");
    analyze("accounts", 100000);
    analyze("history", 50000);
    analyze("branches", 10);
  }
};

}  // namespace troupe
