#pragma once
/// sys.webhook_senders: what webhooks are, and how their senders are getting on. With the rows of their groups it makes
/// the view sys.webhooks (storage/catalog/stream_tables.cpp).
#include "actors/node/services.hpp"
#include "runtime/plan/system_table.hpp"

namespace troupe {

/// `services` outlives it.
SystemTable webhook_senders_table(const NodeServices& services);

}  // namespace troupe
