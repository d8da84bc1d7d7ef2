#include "runtime/plan/wanted_rights.hpp"

#include <algorithm>

#include "runtime/plan/bound_query.hpp"
#include "storage/base/text.hpp"

namespace troupe {

Oid WantedRights::act_as(Oid role) {
  const Oid before = std::exchange(role_, role);
  if (role != before) asks_ = notes_all_ || !is_superuser(catalog_, role);
  return before;
}

void WantedRights::want(uint32_t relation, Oid object, Privileges privileges) {
  if (!asks_) return;
  asks_any_ = true;
  Wanted& wanted = wanted_[relation];
  wanted.object = object;
  wanted.role = role_;
  wanted.privileges |= privileges;
}

void WantedRights::insist(uint32_t relation, Oid object, Privileges privileges) {
  asks_any_ = true;
  wanted_[relation] = {object, role_, privileges, {}};
}

void WantedRights::hand_down(uint32_t from, uint32_t to, const std::function<uint32_t(uint32_t)>& column_of) {
  const Wanted above = wanted_[from];
  Wanted& below = wanted_[to];  // of no object when the view's owner may do everything
  below.privileges = above.privileges;
  for (const Privileges privilege : {kInsert, kUpdate}) {
    const auto used = above.columns.find(privilege);
    if (used == above.columns.end()) continue;
    for (const uint32_t column : used->second) below.columns[privilege].insert(column_of(column));
  }
}

void WantedRights::use(uint32_t relation, Privileges privilege, uint32_t column) {
  const auto wanted = wanted_.find(relation);
  if (wanted == wanted_.end()) return;
  wanted->second.privileges |= privilege;
  wanted->second.columns[privilege].insert(column);
}

void WantedRights::want_sequence(const SequenceDef& sequence, Privileges one_of) {
  if (!denied_.ok() || rights_on(catalog_, session_role_, sequence, one_of) != 0) return;
  denied_ = permission_denied(sequence);
}

Oid WantedRights::run_as(Oid user) {
  act_as(user);
  return std::exchange(session_role_, user);
}

void WantedRights::want_function(const ObjectDef& function) {
  if (!denied_.ok() || rights_on(catalog_, session_role_, function, kExecute) != 0) return;
  denied_ = permission_denied(function);
}

void WantedRights::want_system(std::string_view name) {
  constexpr std::string_view kTables[] = {"pg_authid", "pg_statistic", "pg_largeobject", "pg_user_mapping",
                                          "pg_statistic_ext_data"};
  constexpr std::string_view kViews[] = {"pg_shadow", "pg_hba_file_rules", "pg_file_settings", "pg_config"};
  if (!asks_ || !denied_.ok()) return;
  const bool table = std::find(std::begin(kTables), std::end(kTables), name) != std::end(kTables);
  const bool view = std::find(std::begin(kViews), std::end(kViews), name) != std::end(kViews);
  if (!table && !view) return;
  denied_ = error(ErrorCode::kInsufficientPrivilege, "permission denied for ", table ? "table " : "view ", name);
}

void WantedRights::note_columns(const Expr& value) {
  visit_expr(value, [&](const Expr& part) {
    if (!part.is_column() || is_pseudo_column(part.index) || (part.relation == spared_ && !notes_all_)) return;
    const auto wanted = wanted_.find(part.relation);
    if (wanted == wanted_.end()) return;
    wanted->second.privileges |= kSelect;
    wanted->second.columns[kSelect].insert(part.index);
  });
}

bool WantedRights::reads(Oid object, uint32_t column) const {
  return std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& entry) {
    if (entry.second.object != object) return false;
    const auto columns = entry.second.columns.find(kSelect);
    return columns != entry.second.columns.end() && columns->second.contains(column);
  });
}

absl::Status WantedRights::check() const {
  for (const auto& [number, wanted] : wanted_) TROUPE_RETURN_IF_ERROR(check(wanted));
  return denied_;
}

absl::Status WantedRights::check(const Wanted& wanted) const {
  const ObjectDef* relation = catalog_.find(wanted.object);
  if (relation == nullptr) return absl::OkStatus();  // the system's: everybody may read it
  return may(wanted, *relation) ? absl::OkStatus() : permission_denied(*relation);
}

bool WantedRights::may(const Wanted& wanted, const ObjectDef& relation) const {
  const Privileges missing = wanted.privileges & ~rights_on(catalog_, wanted.role, relation, wanted.privileges);
  if ((missing & ~(kSelect | kInsert | kUpdate)) != 0) return false;
  for (const Privileges privilege : {kSelect, kInsert, kUpdate}) {
    if ((missing & privilege) != 0 && !may_by_columns(wanted, relation, privilege)) return false;
  }
  return true;
}

/// Without a right on the whole relation, one on each column that is used; on any, when none is.
bool WantedRights::may_by_columns(const Wanted& wanted, const ObjectDef& relation, Privileges privilege) const {
  const auto used = wanted.columns.find(privilege);
  const std::vector<ColumnDef>& columns = columns_of(relation);
  const auto may_use = [&](const ColumnDef& column) {
    return !column.dropped && may_use_column(catalog_, wanted.role, relation, column, privilege);
  };
  if (used == wanted.columns.end() || used->second.empty()) {
    return std::any_of(columns.begin(), columns.end(), may_use);
  }
  return std::all_of(used->second.begin(), used->second.end(),
                     [&](uint32_t i) { return i < columns.size() && may_use(columns[i]); });
}

}  // namespace troupe
