#pragma once
/// Oids of things that have none in Troupe's catalog but need one in pg_catalog, and oids of pg_catalog's tables that
/// others refer to.
#include "storage/base/ids.hpp"

namespace troupe {

inline constexpr Oid kTypeClass = 1247, kProcClass = 1255, kRelationClass = 1259, kRoleClass = 1260,
                     kDatabaseClass = 1262, kAttrdefClass = 2604, kConstraintClass = 2606, kNamespaceClass = 2615,
                     kRewriteClass = 2618, kExtensionClass = 3079, kPolicyClass = 3256, kPublicationClass = 6104,
                     kTablespaceDefault = 1663, kTablespaceGlobal = 1664;

/// The extension that schema sys belongs to.
inline constexpr Oid kTroupeExtension = 13185;

/// Column defaults and view rules lie above what the catalog hands out for a long time: unique as long as it has given
/// out fewer than a million oids.
inline Oid default_oid(Oid table, int attnum) {
  return 0x80000000u | (table & 0xFFFFFu) << 11 | static_cast<Oid>(attnum & 0x7FF);
}
inline Oid rule_oid(Oid view) { return 0x80000000u | (view & 0xFFFFFu) << 11; }

}  // namespace troupe
