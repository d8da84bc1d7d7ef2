#pragma once
/// Rows of published tables are changed only where a subscriber can tell which row it was.
#include "runtime/plan/statement_plan.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Errors: 55000 for an UPDATE or DELETE of a published table without a replica identity; 42P10 when a column list or
/// WHERE of a publication does not go with it.
absl::Status check_replica_identity(const StatementPlan& plan, const Catalog& catalog);

}  // namespace troupe
