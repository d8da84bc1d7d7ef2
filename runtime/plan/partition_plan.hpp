#pragma once
/// Partitioned tables in plans: where rows go, which partitions a scan leaves out once values are known, and changes of
/// rows that lie in several partitions. "Root" is the partitioned table that the statement names, "leaf" a partition
/// that has rows.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/partition/partition_router.hpp"
#include "runtime/plan/modify_plan.hpp"

namespace troupe {

/// In maps between layouts: a dropped column.
inline constexpr uint32_t kNoColumn = UINT32_MAX;

/// One partitioned table and what is below it.
struct RoutingLevel {
  struct Child {
    uint32_t leaf = 0;  ///< PartitionedInsert::leaves, where `below` is null
    std::shared_ptr<const RoutingLevel> below;
  };
  TablePtr table;
  std::shared_ptr<const PartitionRouter> router;
  ExprList keys;                ///< over the root's layout columns
  std::vector<Child> children;  ///< by the router's bounds
};

struct PartitionedInsert {
  struct Leaf {
    TableWrite write;
    std::optional<ConflictAction> conflict;
    std::vector<uint32_t> columns;  ///< by its layout column, the root's; kNoColumn: dropped
  };
  std::shared_ptr<const RoutingLevel> routing;
  std::vector<Leaf> leaves;
};

/// What a scan's conditions say of the key of one partitioned table; values that are not known before the run.
struct PruningLevel {
  struct Fact {
    uint32_t part = 0;
    Comparison comparison = Comparison::kEqual;
    ExprList values;  ///< without columns
    ExprPtr array;    ///< = ANY (array), in place of values
  };
  struct Child {
    std::optional<uint32_t> input;  ///< of the AppendPlan; nothing: it was left out when this was planned
    std::shared_ptr<const PruningLevel> below;
  };
  std::shared_ptr<const PartitionRouter> router;
  std::vector<Fact> facts;
  std::vector<Child> children;
};
struct PartitionPruning {
  std::shared_ptr<const PruningLevel> top;
};

/// UPDATE or DELETE of rows of several partitions. Input: the row's key (bytea), further columns, the oid of its table.
/// Each of `changes` does its own table's rows, which it reads without that oid from its work table.
struct PartitionedChangePlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kPartitionedChange;
  PartitionedChangePlan() : PlanNode(kKind) {}
  struct Leaf {
    TablePtr table;
    PlanPtr change;  ///< UpdatePlan or DeletePlan
    uint32_t work_table = 0;
  };
  TablePtr table;
  std::vector<Leaf> leaves;
  bool removes = false;
  bool once = false;  ///< a row that comes again must not be changed again: its key may be the same

  bool has(const PlanNode& change) const {
    for (const Leaf& leaf : leaves) {
      if (leaf.change.get() == &change) return true;
    }
    return false;
  }
};

}  // namespace troupe
