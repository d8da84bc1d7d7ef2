#pragma once
/// Which of a table's row security policies a statement is under.
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Policies that apply to a role, by name: a row must satisfy one of the permissive ones and every restrictive one.
struct PolicyChoice {
  std::vector<const PolicyDef*> permissive, restrictive;
};
PolicyChoice choose_policies(const Catalog& catalog, const TableDef& table, PolicyCommand command, Oid role);

/// Errors: 42501 when policies apply to the role, and row_security = off says that it would rather fail.
absl::Status check_row_security_on(const Catalog& catalog, const TableDef& table, Oid role, bool row_security);

}  // namespace troupe
