#pragma once
/// sys.continuous_views: how the continuous views of the database are getting on.
#include "actors/node/services.hpp"
#include "runtime/plan/system_table.hpp"

namespace troupe {

/// `services` outlives it.
SystemTable continuous_views_table(const NodeServices& services);

}  // namespace troupe
