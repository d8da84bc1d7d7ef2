#pragma once
/// One planned statement: the plan, what runs before it, what it returns and what it depends on.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/plan/ddl_plan.hpp"
#include "runtime/plan/modify_plan.hpp"
#include "runtime/plan/plan.hpp"

namespace troupe {

struct OutputColumn {
  std::string name;
  Type type;
  Oid table = kNoOid;      ///< of a plain column: for RowDescription
  int16_t attnum = 0;
};

enum class StatementKind : uint8_t {
  kSelect,
  kInsert,
  kUpdate,
  kDelete,
  kDdl,            ///< ddl
  kCreateTableAs,  ///< ddl, then root's rows go into ddl->fill
  kExplain,        ///< root is explained (and run, with explain.analyze)
  kUtility,        ///< nothing planned: transaction control, SET, SHOW, ... The session reads the syntax tree
  kMerge,
};

/// A subquery that does not depend on the outer row: runs at most once an execution, before the slot's first use.
struct InitPlan {
  enum class Kind : uint8_t {
    kScalar,  ///< its one value, null without a row; two rows are 21000
    kExists,  ///< whether it has a row
    kArray,   ///< ARRAY(...)
  };
  Kind kind = Kind::kScalar;
  uint32_t slot = 0;
  Type type;
  PlanPtr plan;
  /// Slots of earlier InitPlans it uses are set already: they are in order.
};

struct ExplainOptions {
  bool analyze = false;
  bool verbose = false;
  bool costs = true;
  bool buffers = false;
  bool timing = true;
  bool summary = false;
  bool settings = false;
  bool wal = false;
  enum class Format : uint8_t { kText, kJson, kXml, kYaml } format = Format::kText;
};

/// An object whose change makes the plan stale.
struct PlanDependency {
  Oid oid = kNoOid;
  Scn version = kNoScn;
};

/// Behind the columns of a cursor's rows: which rows of a table they come from (bytea, as TableScanPlan::with_row_key).
struct RowKeyColumn {
  Oid table = kNoOid;
  uint32_t column = 0;
};

struct StatementPlan {
  StatementKind kind = StatementKind::kUtility;
  PlanPtr root;
  std::vector<OutputColumn> columns;  ///< of the rows it returns; empty: it returns none
  std::vector<RowKeyColumn> row_keys;  ///< of a cursor that may be updated
  bool locks_rows = false;             ///< SELECT ... FOR: the row_keys are those of the tables that it names
  std::vector<Type> parameters;
  std::vector<PlanPtr> ctes;          ///< by number; a CTE uses smaller numbers only
  /// WITH ... AS (INSERT/UPDATE/DELETE): run to the end even if nobody reads them.
  std::vector<uint32_t> modifying_ctes;
  std::vector<InitPlan> init_plans;
  uint32_t slots = 0;
  uint32_t nodes = 0;                 ///< PlanNode::id are below this
  uint32_t work_tables = 0;
  bool read_only = true;              ///< no rows are changed or locked, no sequence moves
  bool one_partition = false;         ///< one lookup of one key: a point read or write
  bool uses_snapshot = false;         ///< reads or writes tables
  std::shared_ptr<const DdlPlan> ddl;
  ExplainOptions explain;
  StatementKind explained = StatementKind::kSelect;

  Scn catalog_version = kNoScn;       ///< planned against
  Scn rights_version = kNoScn;        ///< Catalog::rights_version() then
  Oid role = kBootstrapRole;          ///< planned for
  bool row_security = true;           ///< the setting it was planned with
  bool hides_rows = false;            ///< its errors must not show rows: policies hide some
  absl::Status denied;                ///< 42501, when that role may not do this: said when the plan is to run
  std::vector<PlanDependency> dependencies;
  /// The statement is a call of a function that the session runs statement by statement: root computes its arguments.
  std::shared_ptr<const struct FunctionScript> script;
};
using StatementPlanPtr = std::shared_ptr<const StatementPlan>;

/// Whether the plan may still run under `catalog`. One comparison when nothing changed at all.
bool is_current(const StatementPlan& plan, const Catalog& catalog);

}  // namespace troupe
