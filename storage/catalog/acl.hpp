#pragma once
/// Who may do what with an object. A role's rights are the sum of what it, PUBLIC and the roles it is a member of were
/// granted.
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/base/ids.hpp"
#include "storage/catalog/names.hpp"

namespace troupe {

/// A set of privileges, one bit each: PostgreSQL's AclMode, which is also the order in which they are shown.
using Privileges = uint32_t;
inline constexpr Privileges kInsert = 1 << 0, kSelect = 1 << 1, kUpdate = 1 << 2, kDelete = 1 << 3, kTruncate = 1 << 4,
                            kReferences = 1 << 5, kTrigger = 1 << 6, kExecute = 1 << 7, kUsage = 1 << 8,
                            kCreate = 1 << 9, kTemporary = 1 << 10, kConnect = 1 << 11, kSetParameter = 1 << 12,
                            kAlterSystem = 1 << 13;
/// One letter per privilege, by bit.
inline constexpr std::string_view kPrivilegeLetters = "arwdDxtXUCTcsA";

struct AclItem {
  Oid grantee = kNoOid;  ///< kNoOid: PUBLIC
  Oid grantor = kNoOid;
  Privileges privileges = 0;
  Privileges grantable = 0;  ///< which of them WITH GRANT OPTION
  bool operator==(const AclItem&) const = default;
};

/// Not `given`: nobody granted or revoked anything yet, so the kind's default holds.
struct Acl {
  bool given = false;
  std::vector<AclItem> items;
  bool operator==(const Acl&) const = default;
};

}  // namespace troupe
