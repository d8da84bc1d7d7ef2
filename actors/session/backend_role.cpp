/// In whose name a session acts: who logged in, SET SESSION AUTHORIZATION, SET ROLE.
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "actors/session/backend.hpp"
#include "runtime/security/scram.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {

/// The last places are for superusers, who can make room. Who has not logged in yet takes none. Errors: 53300.
absl::Status Backend::check_room(bool superuser) const {
  const size_t places = services_.config.connections_max;
  const size_t taken = services_.sessions.logged_in();
  const auto hinted = [&](std::string_view message) {
    return with_hint(error(ErrorCode::kTooManyConnections, message), cat("limits.connections_max is ", places, "."));
  };
  if (taken >= places) return hinted("sorry, too many clients already");
  size_t reserved = 0;
  if (!absl::SimpleAtoi(parameters_.show("superuser_reserved_connections").value_or(""), &reserved)) reserved = 0;
  if (superuser || reserved >= places || taken + reserved < places) return absl::OkStatus();
  return hinted("remaining connection slots are reserved for non-replication superuser connections");
}

/// Errors: 28000, 53300.
absl::Status Backend::check_log_in(const RoleDef& role) const {
  if (is_node()) return absl::OkStatus();
  if (!role.can_login) {
    return error(ErrorCode::kInvalidAuthorization, "role \"", role.name, "\" is not permitted to log in");
  }
  if (role.connection_limit < 0 || role.superuser) return absl::OkStatus();
  int32_t others = 0;
  for (const SessionRecordPtr& session : services_.sessions.list()) {
    others += session->process_id != record_->process_id && session->text().user == role.name ? 1 : 0;
  }
  if (others < role.connection_limit) return absl::OkStatus();
  return error(ErrorCode::kTooManyConnections, "too many connections for role \"", role.name, "\"");
}

void Backend::log_in(const RoleDef& role) {
  login_role_ = session_role_ = role_ = role.oid;
  roles_by_name_[role.name] = role.oid;
  user_ = session_user_ = role.name;
  eval_.user = user_;
  eval_.session_user = session_user_;
  parameters_.set_internal("session_authorization", role.name);
  parameters_.set_internal("is_superuser", role.superuser ? "on" : "off");
  roles_seen_ = parameters_.version();
}

/// Whom a parameter names: who had the name when it was set, and the right to be that was asked about.
Oid Backend::role_named_by(std::string_view parameter, Oid otherwise) {
  const auto name = parameters_.show(parameter);
  if (!name.ok() || *name == "none") return otherwise;
  const auto known = roles_by_name_.find(*name);
  if (known != roles_by_name_.end()) return known->second;
  const RoleDef* role = transaction_.catalog()->find_role(*name);
  if (role == nullptr) return otherwise;
  roles_by_name_[*name] = role->oid;
  return role->oid;
}

/// After SET or RESET of role and session_authorization, and after whatever undid them.
void Backend::follow_roles() {
  const Catalog& catalog = *transaction_.catalog();
  session_role_ = role_named_by("session_authorization", login_role_);
  role_ = role_named_by("role", session_role_);
  const auto name_of = [&](Oid oid, const std::string& before) {
    const ObjectDef* role = catalog.find(oid);
    return role == nullptr ? before : role->name;
  };
  user_ = name_of(role_, user_);
  session_user_ = name_of(session_role_, session_user_);
  eval_.user = user_;
  eval_.session_user = session_user_;
  const std::string superuser = is_superuser(catalog, role_) ? "on" : "off";
  if (parameters_.show("is_superuser").value_or("") != superuser) parameters_.set_internal("is_superuser", superuser);
  roles_seen_ = parameters_.version();
}

/// Errors: 22023 for a role that is not there, 42501.
absl::Status Backend::check_set_role(std::string_view parameter, std::string_view name) {
  const Catalog& catalog = *transaction_.catalog();
  const bool authorization = parameter == "session_authorization";
  if (!authorization && name == "none") return absl::OkStatus();
  const RoleDef* role = catalog.find_role(name);
  if (role == nullptr) return error(ErrorCode::kInvalidParameterValue, "role \"", name, "\" does not exist");
  if (authorization) {
    if (role->oid == login_role_ || is_superuser(catalog, login_role_)) {
      roles_by_name_.insert_or_assign(std::string(name), role->oid);
      return absl::OkStatus();
    }
    return error(ErrorCode::kInsufficientPrivilege, "permission denied to set session authorization \"", name, "\"");
  }
  if (is_member_of(catalog, session_role_, role->oid)) {
    roles_by_name_.insert_or_assign(std::string(name), role->oid);
    return absl::OkStatus();
  }
  return error(ErrorCode::kInsufficientPrivilege, "permission denied to set role \"", name, "\"");
}

/// Every way to set a parameter comes by here: two of them say who the session is.
absl::Status Backend::set_parameter(std::string_view name, std::string_view value, SetScope scope) {
  SetOptions options;
  options.scope = scope;
  options.superuser = is_superuser(*transaction_.catalog(), role_);
  options.query_ran = transaction_.state().snapshot() != kNoScn;
  const bool authorization = absl::EqualsIgnoreCase(absl_view(name), "session_authorization");
  if (authorization) TROUPE_RETURN_IF_ERROR(check_set_role("session_authorization", value));
  if (absl::EqualsIgnoreCase(absl_view(name), "role")) TROUPE_RETURN_IF_ERROR(check_set_role("role", value));
  TROUPE_RETURN_IF_ERROR(parameters_.set(name, value, options));
  if (authorization) TROUPE_RETURN_IF_ERROR(parameters_.set("role", "none", options));
  return absl::OkStatus();
}

namespace {

bool is_verifier(const std::string& password) {
  const bool md5 = password.size() == 35 && password.starts_with("md5") &&
                   password.find_first_not_of("0123456789abcdef", 3) == std::string::npos;
  return md5 || parse_scram_verifier(password).ok();
}

}  // namespace

/// What is kept of a password is a verifier.
std::vector<CatalogChange> Backend::with_verifiers(const std::vector<CatalogChange>& changes) {
  std::vector<CatalogChange> guarded = changes;
  for (CatalogChange& change : guarded) {
    if (change.object == nullptr || change.object->kind != ObjectKind::role) continue;
    const auto& role = static_cast<const RoleDef&>(*change.object);
    if (role.password.empty() || is_verifier(role.password)) continue;
    auto changed = std::make_shared<RoleDef>(role);
    changed->password = make_scram_verifier(role.password, services_.secrets(kScramSaltBytes)).to_string();
    change.object = std::move(changed);
  }
  return guarded;
}

}  // namespace troupe
