#pragma once
/// pg_stat_subscription, pg_stat_subscription_stats and sys.subscriptions: how the subscriptions are getting on.
#include "actors/node/services.hpp"
#include "runtime/plan/system_table.hpp"

namespace troupe {

/// `services` outlives them.
void add_subscription_views(const NodeServices& services, SystemTables* tables);

}  // namespace troupe
