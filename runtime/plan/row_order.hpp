#pragma once
/// The order of rows that a statement does not ask for but its reader notices.
#include "runtime/plan/plan_node.hpp"

namespace troupe {

/// The plan with every scan whose order reaches the client, or what the statement writes, in the order of the rows' keys:
/// a table without a primary key shows its rows as they were inserted, another one as its key has them, on however many
/// partitions they are. The standard promises nothing of the kind; a small table in PostgreSQL shows it, and people and
/// tests have come to expect it. What sorts, groups or counts rows is left alone where it costs.
PlanPtr in_row_order(const PlanPtr& plan);

}  // namespace troupe
