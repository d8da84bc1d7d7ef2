#pragma once
/// From a syntax tree to a plan: the one entry point for sessions.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/statement_plan.hpp"
#include "runtime/plan/system_table.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

/// What the cost model knows about data now. Tables without an answer are judged by their ANALYZE statistics.
class Statistics {
 public:
  virtual ~Statistics() = default;
  /// Negative: unknown.
  virtual double row_count(const TableDef& table) const = 0;
};

struct FunctionFrame;  // bind_function.hpp

struct PlanContext {
  CatalogPtr catalog;
  const SystemTables* system_tables = nullptr;  ///< null: none
  const Statistics* statistics = nullptr;       ///< null: none
  const EvalContext* eval = nullptr;            ///< for literals and constant folding; null: defaults
  std::string_view text;                        ///< the text the tree came from, for error positions
  /// Schemas in which unqualified names are looked up, after pg_catalog; the first is where new objects go.
  std::vector<Oid> search_path{kPublicSchema};
  Oid role = kBootstrapRole;          ///< in whose name it runs
  Oid session_role = kBootstrapRole;  ///< who logged in
  bool row_security = true;           ///< the setting: off says that a statement would rather fail than see less
  /// Parameter types the client declared; unknown ones and those beyond are inferred.
  std::span<const Type> parameters;
  bool for_cursor = false;  ///< the rows' keys come along where WHERE CURRENT OF may want them
  /// Of the function whose body the statement is part of; null: none.
  const FunctionFrame* function = nullptr;
  /// What its columns are to be: of the statement whose rows the function returns. Empty: what they are.
  std::span<const Type> result;
  bool check_function_bodies = true;  ///< the setting
};

/// Errors: everything that PostgreSQL's parse analysis and planning say, with position and hint; 0A000 for what is
/// known but not there yet.
absl::StatusOr<StatementPlanPtr> plan_statement(const sql::Statement& statement, const PlanContext& context);

/// The text of EXPLAIN, a line per element. `actual` adds measured numbers (EXPLAIN ANALYZE), by PlanNode::id.
struct ActualRun {
  double startup_ms = 0;
  double total_ms = 0;
  double rows = 0;
  uint64_t loops = 0;  ///< 0: never executed
};
/// The rows that EXPLAIN answers.
std::vector<std::string> explain_plan(const StatementPlan& plan, std::span<const ActualRun> actual = {},
                                      std::optional<double> execution_ms = std::nullopt);

}  // namespace troupe
