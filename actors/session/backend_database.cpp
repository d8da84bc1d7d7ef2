/// A session and the databases: the one that it enters, those that it wants for itself, and the parameters that are
/// kept with databases and roles.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "runtime/transaction/subscription_boards.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

/// How long others have to leave a database, and how often it is looked whether they have.
constexpr int64_t kLeaveUs = 5'000'000;
constexpr int64_t kLookUs = 20'000;

absl::Status in_use(const DdlVacancy& vacancy, size_t others) {
  return with_detail(error(ErrorCode::kObjectInUse, vacancy.message),
                     others == 1 ? std::string("There is 1 other session using the database.")
                                 : cat("There are ", others, " other sessions using the database."));
}

std::string counted(size_t number, std::string_view what) {
  return cat(number, " ", what, number == 1 ? "" : "s");
}

/// Nobody can be told to let go of it: those who prepared them have gone.
absl::Status prepared_in_use(const DdlVacancy& vacancy, std::string_view name, size_t others, size_t prepared) {
  const std::string detail =
      others == 0 || vacancy.evicts
          ? cat(prepared == 1 ? "There is " : "There are ", counted(prepared, "prepared transaction"),
                " using the database.")
          : cat("There are ", others, " other session(s) and ", prepared, " prepared transaction(s) using the database.");
  return with_detail(vacancy.evicts ? error(ErrorCode::kObjectInUse, "database \"", name,
                                            "\" is being used by prepared transactions")
                                    : error(ErrorCode::kObjectInUse, vacancy.message),
                     detail);
}

/// Subscriptions are no objects of the catalog, which knows nothing of whose and where they are.
absl::Status check_no_subscriptions(const DdlPlan& ddl, const Catalog& catalog, const NodeServices& services) {
  const auto listed = SubscriptionBoards::of_node(&services).listed();
  size_t in_database = 0;
  for (const ListedSubscription& subscription : listed) {
    if (ddl.tag == "DROP DATABASE" && subscription.database == ddl.vacancy.database) ++in_database;
    const bool orphan = std::any_of(ddl.changes.begin(), ddl.changes.end(), [&](const CatalogChange& change) {
      return change.object == nullptr && change.oid == subscription.owner;
    });
    if (!orphan) continue;
    return with_detail(
        error(ErrorCode::kDependentObjectsStillExist, "role \"", catalog.find_anywhere(subscription.owner)->name,
              "\" cannot be dropped because some objects depend on it"),
        cat("owner of subscription ", subscription.name));
  }
  if (in_database == 0) return absl::OkStatus();
  return with_detail(
      error(ErrorCode::kObjectInUse, "database \"", catalog.find_anywhere(ddl.vacancy.database)->name,
            "\" is being used by logical replication subscription"),
      in_database == 1 ? std::string("There is 1 subscription.") : cat("There are ", in_database, " subscriptions."));
}

}  // namespace

/// Errors: 3D000, 55000, 53300.
absl::Status Backend::enter_database(std::string_view name, const RoleDef& role) {
  const CatalogPtr catalog = transaction_.catalog();
  const auto missing = [&] { return error(ErrorCode::kInvalidCatalogName, "database \"", name, "\" does not exist"); };
  const DatabaseDef* database = catalog->find_database(name);
  if (database == nullptr) return missing();
  if (!database->allow_connections) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "database \"", name,
                 "\" is not currently accepting connections");
  }
  if (!is_node() && rights_on(*catalog, role.oid, *database, kConnect) == 0) {
    return with_detail(error(ErrorCode::kInsufficientPrivilege, "permission denied for database \"", name, "\""),
                       "User does not have CONNECT privilege.");
  }
  const size_t others = services_.sessions.in_database(database->oid, record_->process_id).size();
  if (database->connection_limit >= 0 && !role.superuser && others >= static_cast<size_t>(database->connection_limit)) {
    return error(ErrorCode::kTooManyConnections, "too many connections for database \"", name, "\"");
  }
  if (!services_.sessions.enter(*record_, database->oid)) return missing();  // on its way out
  return transaction_.enter_database(database->oid) ? absl::OkStatus() : missing();
}

/// Before what the client asks for. A value that is no longer allowed is no reason to keep anybody out. Whoever stored
/// one had the right to; only whom the session may be is asked again.
void Backend::apply_stored_settings() {
  SetOptions trusted;
  trusted.scope = SetScope::kStartup;
  const auto apply = [&](const Options& settings) {
    for (const auto& [name, value] : settings) {
      const absl::Status status = name == "role" || name == "session_authorization"
                                      ? set_parameter(name, value, SetScope::kStartup)
                                      : parameters_.set(name, value, trusted);
      if (!status.ok()) send_notice(status, Severity::kWarning);
    }
  };
  const Catalog& catalog = *transaction_.catalog();
  const auto* database = catalog.find_as<DatabaseDef>(catalog.database());
  const auto* role = catalog.find_as<RoleDef>(role_);
  if (database == nullptr || role == nullptr) return;
  apply(database->options);
  apply(role->settings);
  for (const RoleSettings& both : database->role_settings) {
    if (both.role == role_) apply(both.settings);
  }
}

/// Waits a while for those who are leaving. Errors: 25001, 55006.
Task<absl::Status> Backend::make_vacant(const DdlPlan& ddl) {
  const Transaction& transaction = transaction_.state();
  if (ddl.outside_block && (transaction.in_block() || transaction.implicit_block())) {
    co_return error(ErrorCode::kActiveSqlTransaction, ddl.tag, " cannot run inside a transaction block");
  }
  const absl::Status unsubscribed = check_no_subscriptions(ddl, *transaction_.catalog(), services_);
  if (!unsubscribed.ok()) co_return unsubscribed;
  const DdlVacancy& vacancy = ddl.vacancy;
  if (vacancy.database == kNoOid) co_return absl::OkStatus();
  const int32_t self = record_->process_id;
  const int64_t until_us = services_.clock.monotonic_us() + kLeaveUs;
  while (true) {
    const bool closed = vacancy.closes && services_.sessions.close(vacancy.database, self, vacancy.evicts);
    const auto others = services_.sessions.in_database(vacancy.database, self);
    // Also of one that has prepared and left just now.
    const auto waiting = services_.prepared.list();
    const auto prepared = static_cast<size_t>(std::count_if(waiting.begin(), waiting.end(), [&](const auto& one) {
      return one->database == vacancy.database;
    }));
    if (prepared > 0) {
      if (closed || vacancy.evicts) services_.sessions.open(vacancy.database);
      const auto* database = transaction_.catalog()->find_as<DatabaseDef>(vacancy.database);
      co_return prepared_in_use(vacancy, database == nullptr ? "" : database->name, others.size(), prepared);
    }
    if (vacancy.closes ? closed : others.empty()) break;
    if (services_.clock.monotonic_us() >= until_us) {
      if (vacancy.evicts) services_.sessions.open(vacancy.database);
      co_return in_use(vacancy, others.size());
    }
    for (const SessionRecordPtr& other : others) {
      if (!vacancy.evicts) break;
      other->tell.end(
          encode_error(error(ErrorCode::kAdminShutdown, "terminating connection due to administrator command")));
    }
    sleep_us_ = kLookUs;
    auto sleeping = sleep_if_asked();
    const absl::Status slept = co_await sleeping;
    if (!slept.ok()) {
      if (vacancy.evicts) services_.sessions.open(vacancy.database);
      co_return slept;
    }
  }
  if (vacancy.closes) {
    // A database that is gone stays closed: somebody may still hold a catalog that has it.
    transaction_.at_end([this, database = vacancy.database](bool committed) {
      const CatalogPtr newest = services_.catalog.get();
      if (!committed || newest->in_database(database) != nullptr) services_.sessions.open(database);
    });
  }
  co_return absl::OkStatus();
}

// --- parameters kept with databases and roles ---

namespace {

void erase_setting(std::string_view name, Options* settings) {
  std::erase_if(*settings, [&](const auto& setting) { return setting.first == name; });
}

}  // namespace

/// SET, RESET and RESET ALL on stored settings. Errors: those of SET.
absl::Status Backend::change_settings(const sql::SetStatement& statement, Options* settings) {
  using Action = sql::SetStatement::Action;
  switch (statement.action) {
    case Action::kSet: {
      TROUPE_ASSIGN_OR_RETURN(const std::string value,
                              SessionParameters::flatten(statement.name, set_values(statement.values)));
      SessionParameters trial = parameters_;
      const bool superuser = is_superuser(*transaction_.catalog(), role_);
      TROUPE_RETURN_IF_ERROR(trial.set(statement.name, value, {.scope = SetScope::kSession, .superuser = superuser}));
      erase_setting(statement.name, settings);
      settings->emplace_back(statement.name, value);
      return absl::OkStatus();
    }
    case Action::kFromCurrent: {
      TROUPE_ASSIGN_OR_RETURN(std::string value, parameters_.show(statement.name));
      erase_setting(statement.name, settings);
      settings->emplace_back(statement.name, std::move(value));
      return absl::OkStatus();
    }
    case Action::kDefault:
    case Action::kReset: erase_setting(statement.name, settings); return absl::OkStatus();
    case Action::kResetAll: settings->clear(); return absl::OkStatus();
    default: return error(ErrorCode::kFeatureNotSupported, "this form of SET cannot be kept with a database or a role");
  }
}

/// One changed object, for what is no plan of its own.
Task<absl::Status> Backend::write_definition(std::shared_ptr<const ObjectDef> object) {
  const Oid oid = object->oid;
  const std::vector<CatalogChange> changes{{oid, std::move(object)}};
  const CatalogPtr catalog = transaction_.catalog_for_ddl();
  transaction_.ensure_id();
  auto writing = write_catalog_rows(changes);
  const absl::Status written = co_await writing;
  if (!written.ok()) co_return written;
  co_return transaction_.change_catalog(changes, catalog->counters());
}

Task<absl::Status> Backend::run_database_setting(const sql::AlterDatabaseStatement& statement, std::string* tag) {
  *tag = "ALTER DATABASE";
  const CatalogPtr catalog = transaction_.catalog();
  const DatabaseDef* found = catalog->find_database(statement.name);
  if (found == nullptr) {
    co_return error(ErrorCode::kInvalidCatalogName, "database \"", statement.name, "\" does not exist");
  }
  if (const absl::Status owned = check_owner(*catalog, role_, *found); !owned.ok()) co_return owned;
  auto database = std::make_shared<DatabaseDef>(*found);
  const absl::Status changed = change_settings(*statement.setting, &database->options);
  if (!changed.ok()) co_return changed;
  auto writing = write_definition(std::move(database));
  co_return co_await writing;
}

/// One's own settings are one's own business. Errors: 42501.
absl::Status Backend::check_may_configure(const RoleDef* role, const DatabaseDef* database) {
  const Catalog& catalog = *transaction_.catalog();
  const RoleDef& self = role_or_nobody(catalog, role_);
  if (self.superuser) return absl::OkStatus();
  if (role != nullptr && role->name.starts_with("pg_")) {
    return with_detail(error(ErrorCode::kReservedName, "role name \"", role->name, "\" is reserved"),
                       "Role names starting with \"pg_\" are reserved.");
  }
  if (role == nullptr) return check_owner(catalog, role_, *database);
  if (role->superuser) return error(ErrorCode::kInsufficientPrivilege, "must be superuser to alter superusers");
  if (self.create_role || role->oid == role_) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "permission denied");
}

/// ALTER ROLE r SET, everywhere or IN DATABASE; of ALL in one database it is the database's.
Task<absl::Status> Backend::run_role_setting(const sql::AlterRoleSetStatement& statement, std::string* tag) {
  *tag = "ALTER ROLE";
  const CatalogPtr catalog = transaction_.catalog();
  const DatabaseDef* database = statement.database.empty() ? nullptr : catalog->find_database(statement.database);
  if (database == nullptr && !statement.database.empty()) {
    co_return error(ErrorCode::kInvalidCatalogName, "database \"", statement.database, "\" does not exist");
  }
  if (statement.role == nullptr && database == nullptr) {
    co_return with_hint(
        error(ErrorCode::kFeatureNotSupported, "ALTER ROLE ALL SET is not supported without IN DATABASE"),
        "Name the database, or use ALTER DATABASE ... SET.");
  }
  const RoleDef* role = nullptr;
  if (statement.role != nullptr) {
    using enum sql::RoleName::Type;
    const auto type = statement.role->type;
    role = type == kNamed ? catalog->find_role(statement.role->name)
                          : catalog->find_as<RoleDef>(type == kSessionUser ? session_role_ : role_);
    if (role == nullptr) {
      co_return error(ErrorCode::kUndefinedObject, "role \"", statement.role->name, "\" does not exist");
    }
  }
  if (const absl::Status allowed = check_may_configure(role, database); !allowed.ok()) co_return allowed;
  if (database == nullptr) {
    auto changed = std::make_shared<RoleDef>(*role);
    const absl::Status status = change_settings(*statement.setting, &changed->settings);
    if (!status.ok()) co_return status;
    auto writing = write_definition(std::move(changed));
    co_return co_await writing;
  }
  auto changed = std::make_shared<DatabaseDef>(*database);
  Options* settings = &changed->options;
  if (role != nullptr) {
    auto& all = changed->role_settings;
    auto place = std::find_if(all.begin(), all.end(), [&](const RoleSettings& s) { return s.role == role->oid; });
    if (place == all.end()) place = all.insert(all.end(), {role->oid, {}});
    settings = &place->settings;
  }
  const absl::Status status = change_settings(*statement.setting, settings);
  if (!status.ok()) co_return status;
  std::erase_if(changed->role_settings, [](const RoleSettings& s) { return s.settings.empty(); });
  auto writing = write_definition(std::move(changed));
  co_return co_await writing;
}

}  // namespace troupe
