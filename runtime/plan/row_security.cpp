#include "runtime/plan/row_security.hpp"

#include <algorithm>

#include "storage/catalog/rights.hpp"

namespace troupe {

PolicyChoice choose_policies(const Catalog& catalog, const TableDef& table, PolicyCommand command, Oid role) {
  PolicyChoice choice;
  for (const PolicyDef& policy : table.policies) {
    if (policy.command != PolicyCommand::all && policy.command != command) continue;
    const bool applies = std::any_of(policy.roles.begin(), policy.roles.end(),
                                     [&](Oid to) { return to == kNoOid || has_rights_of(catalog, role, to); });
    if (applies) (policy.permissive ? choice.permissive : choice.restrictive).push_back(&policy);
  }
  const auto by_name = [](const PolicyDef* a, const PolicyDef* b) { return a->name < b->name; };
  std::sort(choice.permissive.begin(), choice.permissive.end(), by_name);
  std::sort(choice.restrictive.begin(), choice.restrictive.end(), by_name);
  return choice;
}

absl::Status check_row_security_on(const Catalog& catalog, const TableDef& table, Oid role, bool row_security) {
  if (row_security || !is_under_row_security(catalog, role, table)) return absl::OkStatus();
  absl::Status status = error(ErrorCode::kInsufficientPrivilege,
                              "query would be affected by row-level security policy for table \"", table.name, "\"");
  if (!owns(catalog, role, table)) return status;
  return with_hint(std::move(status),
                   "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY.");
}

}  // namespace troupe
