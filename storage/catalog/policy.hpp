#pragma once
/// Row security policies: which rows of a table a role sees, and which it may make (CREATE POLICY).
#include <string>
#include <vector>

#include "storage/base/ids.hpp"

namespace troupe {

/// What a policy is about, as pg_policy.polcmd has it.
enum class PolicyCommand : char { all = '*', select = 'r', insert = 'a', update = 'w', remove = 'd' };

/// Rows must satisfy one of the permissive policies and every restrictive one.
struct PolicyDef {
  Oid oid = kNoOid;
  std::string name;
  PolicyCommand command = PolicyCommand::all;
  bool permissive = true;
  std::vector<Oid> roles;       ///< to whom it applies, members included; kNoOid: everybody
  std::string using_sql;        ///< of rows that are there; empty: none
  std::string check_sql;        ///< of rows that are made; empty: using_sql
  std::vector<Oid> depends_on;  ///< relations that its subqueries read, ascending
  std::string comment;

  bool is_for_everybody() const { return roles.size() == 1 && roles[0] == kNoOid; }
};

}  // namespace troupe
