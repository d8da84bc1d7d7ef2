#pragma once
/// Scans of system relations, and their registration with the planner.
#include <vector>

#include "runtime/plan/system_table.hpp"
#include "runtime/system/relation.hpp"
#include "runtime/system/system_session.hpp"

namespace troupe {

/// All rows of a relation. Batches of at most kBatchRows; what does not depend on the session is shared, not copied.
/// Relations without a provider are empty.
std::vector<Batch> scan_system_relation(const SystemRelation& relation, const SystemSession& session);

/// Adds every system relation. SystemEnvironment::session must then point to a SystemSession.
void add_system_tables(SystemTables* tables);

}  // namespace troupe
