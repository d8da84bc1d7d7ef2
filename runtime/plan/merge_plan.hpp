#pragma once
/// MERGE, bound and planned.
#include <memory>
#include <vector>

#include "runtime/plan/bound_query.hpp"

namespace troupe {

enum class MergeAction : uint8_t { kNothing, kInsert, kUpdate, kDelete };

struct BoundMerge {
  struct Clause {
    bool matched = false;
    MergeAction action = MergeAction::kNothing;
    ExprPtr condition;                    ///< null: always
    std::shared_ptr<BoundModify> change;  ///< null: nothing is done
    ExprList row;                         ///< kInsert: all layout columns, generated ones null
  };
  std::shared_ptr<BoundRelation> target;
  QueryPtr source;  ///< FROM source [LEFT] JOIN target ON ..., no targets
  ExprPtr on;
  std::vector<Clause> clauses;
};

struct MergeClause {
  bool matched = false;
  MergeAction action = MergeAction::kNothing;
  ExprPtr condition;   ///< over the input; null: always
  ExprPtr recheck;     ///< of a matched one, over the row's layout columns, then the extras
  PlanPtr change;      ///< reads key and extras of the rows to change from `work_table`; null: nothing is done
  uint32_t work_table = 0;
  bool keeps_keys = false;  ///< an update that no foreign key notices
};

/// Input: the key of the target's row (bytea, null where the source found none), `extras` further columns, then what
/// conditions want of the row as the snapshot has it. Of a partitioned table the first extra says which table's it is.
struct MergePlan final : PlanNode {
  static constexpr auto kKind = PlanKind::kMerge;
  MergePlan() : PlanNode(kKind) {}
  TablePtr table;
  uint32_t extras = 0;
  ExprPtr on;  ///< over the row's layout columns, then the extras: whether its newest version still matches
  std::vector<MergeClause> clauses;
  struct Leaf {
    TablePtr table;
    std::vector<uint32_t> to_root;  ///< by the root's layout column, the leaf's
  };
  std::vector<Leaf> leaves;  ///< of a partitioned table; conditions are over the root's layout columns
};

}  // namespace troupe
