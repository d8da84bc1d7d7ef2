#pragma once
/// Rights as PostgreSQL writes them: bob=arw*/postgres.
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/column/value.hpp"

namespace troupe {

std::string acl_item_text(const Catalog& catalog, const AclItem& item);
/// aclitem[]; null when nothing was granted or revoked yet.
Value acl_array(const Catalog& catalog, const Acl& acl);

/// The opposite, with the names still as they are. Errors: 22P02.
struct AclItemText {
  std::string grantee, grantor;  ///< grantee empty: PUBLIC
  Privileges privileges = 0, grantable = 0;
};
absl::StatusOr<AclItemText> parse_acl_item(std::string_view text);

}  // namespace troupe
