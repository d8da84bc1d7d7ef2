#pragma once
/// What a DDL statement does: changes of catalog objects, and work on data that must succeed before they commit.
/// Made by pure functions from a Catalog; the runtime performs it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/expr.hpp"
#include "runtime/plan/modify_plan.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Performed in order, under the DDL's table locks, before the catalog changes commit.
struct DdlAction {
  enum class Kind : uint8_t {
    kCreateTree,   ///< `tree`, empty, in every partition
    kDropTree,     ///< `tree`, once the change has committed
    kBuildIndex,   ///< `index` over the rows of `table`; 23505 for a duplicate key
    kRewriteTable, ///< every row of `table` (old definition) through `values` into `tree`, keyed as in `new_table`
    kCheckNotNull, ///< no row has a null in layout column `column`; 23502
    kCheckRows,    ///< `check` is not false for any row; 23514
    kSetSequence,  ///< (re)start `sequence` at its start value, or at `restart`
    kDropSequence, ///< forget the state of `sequence`
    kCheckConstraint, ///< rows of `table` satisfy its foreign key `constraint`, or differ as it says; 23503, 23505, 23P01
  };
  Kind kind = Kind::kCreateTree;
  TreeId tree = 0;
  TablePtr table;
  TablePtr new_table;
  IndexPtr index;
  IndexTerms terms;       ///< kBuildIndex
  uint32_t column = 0;
  CheckCondition check;   ///< over layout columns of `table`; of_partition: its name is what the error says
  ExprList values;        ///< the new row's layout columns over the old row's; empty: unchanged
  Oid sequence = kNoOid;
  Oid constraint = kNoOid;
  std::optional<int64_t> restart;
};

struct Notice {
  std::string severity;  ///< NOTICE, WARNING
  ErrorCode code = ErrorCode::kOk;
  std::string message;
  std::string detail;
};

/// Locks on tables the DDL needs, all exclusive unless said.
struct DdlLock {
  Oid table = kNoOid;
  bool exclusive = true;  ///< else: shared with readers, against writers and its like (CREATE INDEX, foreign keys)
};

/// A database in which nobody else may be when the statement runs.
struct DdlVacancy {
  Oid database = kNoOid;  ///< kNoOid: none
  std::string message;    ///< 55006's, when somebody is
  bool evicts = false;    ///< WITH (FORCE): who is there has to leave
  bool closes = false;    ///< nobody may come until the transaction ends
};

struct DdlPlan {
  std::string tag;  ///< command tag: "CREATE TABLE"
  std::vector<CatalogChange> changes;
  CatalogCounters counters;  ///< after what it allocated
  std::vector<DdlAction> actions;
  std::vector<DdlLock> locks;
  std::vector<Notice> notices;
  /// CREATE TABLE AS, SELECT INTO, REFRESH: where the root's rows go. Without a table the root changes rows itself.
  TableWrite fill;
  bool tells_rows = true;  ///< the tag is "SELECT n"
  bool truncate = false;
  bool outside_block = false;  ///< refused in a transaction block
  DdlVacancy vacancy;
};

}  // namespace troupe
