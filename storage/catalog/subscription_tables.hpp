#pragma once
/// pg_subscription and its kin, tables that every node has: what is subscribed to, how far each table of it is, and how
/// far each subscription is. They are rows like any others, so that what is applied commits with where it is from.
/// Shared by all databases; what is in subconninfo is for superusers only.
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

inline constexpr Oid kSubscriptionTable = 6100;

/// pg_subscription, pg_subscription_rel, sys.subscription_places (up to which commit of its publisher a subscription
/// has applied), and the views pg_replication_origin and pg_replication_origin_status, which tell of that.
std::vector<CatalogChange> built_in_subscription_tables();

}  // namespace troupe
