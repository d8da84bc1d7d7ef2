#include "actors/session/subscription_definition.hpp"

#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/subscription/publisher_link.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/transaction/subscription_boards.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr std::string_view kCreateOptions[] = {"connect",   "enabled",         "create_slot",        "slot_name",
                                               "copy_data", "binary",          "synchronous_commit", "streaming",
                                               "two_phase", "disable_on_error"};
constexpr std::string_view kSetOptions[] = {"slot_name", "synchronous_commit", "binary", "streaming",
                                            "disable_on_error"};
constexpr std::string_view kPublicationOptions[] = {"copy_data", "refresh"};
constexpr std::string_view kRefreshOptions[] = {"copy_data"};
constexpr std::string_view kSkipOptions[] = {"lsn"};

std::vector<std::string> names_of(sql::List<std::string_view> names) {
  std::vector<std::string> strings;
  for (const std::string_view name : names) strings.emplace_back(name);
  return strings;
}

/// 'a', 'b'
std::string literals(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += cat(text.empty() ? "" : ", ", sql::quote_literal(name));
  return text;
}

absl::Status no_such(std::string_view name) {
  return error(ErrorCode::kUndefinedObject, "subscription \"", name, "\" does not exist");
}

absl::Status could_not_connect(const absl::Status& why) {
  if (error_code(why) == ErrorCode::kQueryCanceled || error_code(why) == ErrorCode::kAdminShutdown) return why;
  return error(ErrorCode::kConnectionFailure, "could not connect to the publisher: ", std_view(why.message()));
}

/// PostgreSQL tells of what the publisher said with its own code and these words before it.
absl::Status publisher_said(const absl::Status& why, std::string_view context) {
  if (error_code(why) == ErrorCode::kQueryCanceled || error_code(why) == ErrorCode::kAdminShutdown) return why;
  return error(ErrorCode::kConnectionFailure, context, ": ", std_view(why.message()));
}

}  // namespace

absl::Status SubscriptionDefinition::check_outside_block(std::string_view what) const {
  const Transaction& transaction = backend_.transaction_.state();
  if (!transaction.in_block() && !transaction.implicit_block() && backend_.function_depth_ == 0) {
    return absl::OkStatus();
  }
  return error(ErrorCode::kActiveSqlTransaction, what, " cannot run inside a transaction block");
}

absl::Status SubscriptionDefinition::check_owned(const SubscriptionDef& subscription) const {
  const Catalog& catalog = *backend_.transaction_.catalog();
  if (has_rights_of(catalog, backend_.role_, subscription.owner)) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "must be owner of subscription ", subscription.name);
}

Task<absl::StatusOr<SubscriptionDef>> SubscriptionDefinition::find_owned(std::string name) {
  auto finding = rows_.find(backend_.database_oid(), name);
  auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  if (!found->has_value()) co_return no_such(name);
  const absl::Status owned = check_owned(**found);
  if (!owned.ok()) co_return owned;
  co_return **std::move(found);
}

/// Subscriptions are no objects of the catalog, whose numbers nobody else gets after a restart: theirs differ from each
/// other's, and from those of tables as far as they are given now.
Task<absl::StatusOr<Oid>> SubscriptionDefinition::new_oid() {
  auto reading = rows_.all();
  const auto all = co_await reading;
  if (!all.ok()) co_return all.status();
  Oid oid = backend_.services_.next_oid.fetch_add(1);
  for (const SubscriptionDef& known : *all) oid = std::max(oid, known.oid + 1);
  co_return oid;
}

void SubscriptionDefinition::tell_of_change(Oid subscription) {
  backend_.transaction_.at_end([boards = &SubscriptionBoards::of_node(&backend_.services_), subscription](bool done) {
    if (!done) return;
    // A worker goes on with what it has read at its start, so another one is to begin.
    boards->hold(subscription, [] {});
    boards->release(subscription);
    boards->changed();
  });
}

// --- CREATE ---

Task<absl::Status> SubscriptionDefinition::create(const sql::CreateSubscriptionStatement& create) {
  auto options = parse_subscription_options(create.options, kCreateOptions);
  if (!options.ok()) co_return options.status();
  absl::Status status = settle_create_options(&*options);
  if (!status.ok()) co_return status;
  if (options->create_slot) {
    status = check_outside_block("CREATE SUBSCRIPTION ... WITH (create_slot = true)");
    if (!status.ok()) co_return status;
  }
  if (!is_superuser(*backend_.transaction_.catalog(), backend_.role_)) {
    co_return error(ErrorCode::kInsufficientPrivilege, "must be superuser to create subscriptions");
  }
  SubscriptionDef subscription;
  subscription.name = create.name;
  subscription.database = backend_.database_oid();
  subscription.owner = backend_.role_;
  subscription.conninfo = create.connection;
  subscription.publications = names_of(create.publications);
  subscription.enabled = options->enabled;
  subscription.binary = options->binary;
  subscription.stream = options->streaming;
  subscription.disable_on_error = options->disable_on_error;
  subscription.synchronous_commit = options->synchronous_commit;
  subscription.slot = options->has("slot_name") ? options->slot_name : std::optional(subscription.name);
  auto finding = rows_.find(subscription.database, subscription.name);
  const auto taken = co_await finding;
  if (!taken.ok()) co_return taken.status();
  if (taken->has_value()) {
    co_return error(ErrorCode::kDuplicateObject, "subscription \"", subscription.name, "\" already exists");
  }
  status = check_conninfo(subscription.conninfo);
  if (status.ok()) status = check_publication_names(subscription.publications);
  if (!status.ok()) co_return status;
  auto numbering = new_oid();
  const auto oid = co_await numbering;
  if (!oid.ok()) co_return oid.status();
  subscription.oid = *oid;
  auto inserting = rows_.insert(subscription);
  status = co_await inserting;
  if (!status.ok()) co_return status;
  if (options->connect) {
    auto connecting = connect_and_create(subscription, *options);
    status = co_await connecting;
    if (!status.ok()) co_return status;
  } else {
    backend_.send_notice(error(ErrorCode::kWarning,
                               "tables were not subscribed, you will have to run ALTER SUBSCRIPTION ... REFRESH "
                               "PUBLICATION to subscribe the tables"),
                         Severity::kWarning);
  }
  tell_of_change(subscription.oid);
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionDefinition::connect_and_create(SubscriptionDef subscription,
                                                              SubscriptionOptions options) {
  PublisherClient publisher(backend_);
  auto connecting = publisher.connect(subscription.conninfo, subscription.name);
  absl::Status status = co_await connecting;
  if (!status.ok()) co_return could_not_connect(status);
  auto checking = check_publications(publisher, subscription.publications);
  status = co_await checking;
  if (!status.ok()) co_return status;
  auto listing = published_tables(publisher, subscription.publications);
  const auto tables = co_await listing;
  if (!tables.ok()) co_return tables.status();
  for (const PublishedName& name : *tables) {
    const auto target = target_named(name);
    if (!target.ok()) co_return target.status();
    const char state = options.copy_data ? SubscribedTable::kInit : SubscribedTable::kReady;
    auto adding = rows_.add_table(subscription.oid, {*target, state, kNoLsn});
    status = co_await adding;
    if (!status.ok()) co_return status;
  }
  if (!options.create_slot) co_return absl::OkStatus();
  auto making = publisher.execute(cat("CREATE_REPLICATION_SLOT ", sql::quote_identifier(*subscription.slot),
                                      " LOGICAL pgoutput NOEXPORT_SNAPSHOT"));
  const auto made = co_await making;
  if (!made.ok()) {
    co_return publisher_said(made.status(), cat("could not create replication slot \"", *subscription.slot, "\""));
  }
  backend_.send_notice(error(ErrorCode::kOk, "created replication slot \"", *subscription.slot, "\" on publisher"));
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionDefinition::check_publications(PublisherClient& publisher,
                                                              std::vector<std::string> names) {
  auto asking = publisher.execute(
      cat("SELECT t.pubname FROM\n pg_catalog.pg_publication t WHERE\n t.pubname IN (", literals(names), ")"));
  const auto answer = co_await asking;
  if (!answer.ok()) {
    co_return publisher_said(answer.status(), "could not receive list of publications from the publisher");
  }
  for (const PublisherAnswer::Row& row : answer->rows) {
    if (!row.empty() && row[0]) std::erase(names, *row[0]);
  }
  if (names.empty()) co_return absl::OkStatus();
  std::string missing;
  for (const std::string& name : names) missing += cat(missing.empty() ? "\"" : ", \"", name, "\"");
  backend_.send_notice(error(ErrorCode::kUndefinedObject, names.size() == 1 ? "publication " : "publications ", missing,
                             names.size() == 1 ? " does not exist" : " do not exist", " on the publisher"),
                       Severity::kWarning);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::vector<SubscriptionDefinition::PublishedName>>> SubscriptionDefinition::published_tables(
    PublisherClient& publisher, std::vector<std::string> publications) {
  auto versioning = publisher.execute("SELECT current_setting('server_version_num')::int >= 150000");
  const auto version = co_await versioning;
  if (!version.ok()) co_return publisher_said(version.status(), "could not receive the publisher's version");
  const bool has_lists = !version->rows.empty() && version->rows[0][0].value_or("f") == "t";
  auto asking = publisher.execute(cat("SELECT DISTINCT t.schemaname, t.tablename \n", has_lists ? ", t.attnames\n" : "",
                                      "FROM pg_catalog.pg_publication_tables t\n WHERE t.pubname IN (",
                                      literals(publications), ")"));
  const auto answer = co_await asking;
  if (!answer.ok()) {
    co_return publisher_said(answer.status(), "could not receive list of replicated tables from the publisher");
  }
  std::vector<PublishedName> tables;
  for (const PublisherAnswer::Row& row : answer->rows) {
    PublishedName name(row[0].value_or(""), row[1].value_or(""));
    if (std::find(tables.begin(), tables.end(), name) != tables.end()) {
      co_return error(ErrorCode::kFeatureNotSupported, "cannot use different column lists for table \"", name.first,
                      ".", name.second, "\" in different publications");
    }
    tables.push_back(std::move(name));
  }
  co_return tables;
}

/// Errors: 42P01, 42809.
absl::StatusOr<Oid> SubscriptionDefinition::target_named(const PublishedName& name) const {
  const Catalog& catalog = *backend_.transaction_.catalog();
  const SchemaDef* schema = catalog.find_schema(name.first);
  const ObjectDef* found = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, name.second);
  if (found == nullptr) {
    return error(ErrorCode::kUndefinedTable, "relation \"", name.first, ".", name.second, "\" does not exist");
  }
  if (found->kind == ObjectKind::table && !is_materialized_view(*found)) return found->oid;
  const std::string_view kinds = found->kind == ObjectKind::view    ? "views"
                                 : found->kind == ObjectKind::index ? "indexes"
                                 : found->kind == ObjectKind::table ? "materialized views"
                                                                    : "sequences";
  return with_detail(error(ErrorCode::kWrongObjectType, "cannot use relation \"", name.first, ".", name.second,
                           "\" as logical replication target"),
                     cat("This operation is not supported for ", kinds, "."));
}

// --- ALTER ---

Task<absl::Status> SubscriptionDefinition::alter(const sql::AlterSubscriptionStatement& alter) {
  using Action = sql::AlterSubscriptionStatement::Action;
  auto finding = find_owned(std::string(alter.name));
  auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  SubscriptionDef subscription = *std::move(found);
  const std::vector<std::string> before = subscription.publications;
  SubscriptionOptions options;
  absl::Status status = change(alter, &subscription, &options);
  if (!status.ok()) co_return status;
  if (alter.action == Action::kSkip) {
    auto checking = check_skip(subscription);
    status = co_await checking;
    if (!status.ok()) co_return status;
  }
  const bool of_publications = alter.action == Action::kSetPublication || alter.action == Action::kAddPublication ||
                               alter.action == Action::kDropPublication;
  if (alter.action == Action::kRefresh || (of_publications && options.refresh)) {
    status =
        check_outside_block(of_publications ? "ALTER SUBSCRIPTION with refresh" : "ALTER SUBSCRIPTION ... REFRESH");
    if (!status.ok()) co_return status;
    const bool validates = alter.action == Action::kSetPublication || alter.action == Action::kAddPublication;
    auto refreshing =
        refresh(subscription, options.copy_data, validates ? names_of(alter.publications) : std::vector<std::string>());
    status = co_await refreshing;
    if (!status.ok()) co_return status;
  }
  if (alter.action != Action::kRefresh) {
    auto updating = rows_.update(subscription);
    status = co_await updating;
    if (!status.ok()) co_return status;
  }
  tell_of_change(subscription.oid);
  co_return absl::OkStatus();
}

absl::Status SubscriptionDefinition::change(const sql::AlterSubscriptionStatement& alter, SubscriptionDef* subscription,
                                            SubscriptionOptions* options) {
  using Action = sql::AlterSubscriptionStatement::Action;
  const auto not_ready = [](const auto&... words) { return error(ErrorCode::kObjectNotInPrerequisiteState, words...); };
  switch (alter.action) {
    case Action::kOptions: {
      TROUPE_ASSIGN_OR_RETURN(*options, parse_subscription_options(alter.options, kSetOptions));
      if (options->has("slot_name")) {
        if (subscription->enabled && !options->slot_name) {
          return not_ready("cannot set slot_name = NONE for enabled subscription");
        }
        subscription->slot = options->slot_name;
      }
      if (options->has("synchronous_commit")) subscription->synchronous_commit = options->synchronous_commit;
      if (options->has("binary")) subscription->binary = options->binary;
      if (options->has("streaming")) subscription->stream = options->streaming;
      if (options->has("disable_on_error")) subscription->disable_on_error = options->disable_on_error;
      return absl::OkStatus();
    }
    case Action::kEnable:
      if (!subscription->slot) return not_ready("cannot enable subscription that does not have a slot name");
      subscription->enabled = true;
      return absl::OkStatus();
    case Action::kDisable: subscription->enabled = false; return absl::OkStatus();
    case Action::kConnection:
      TROUPE_RETURN_IF_ERROR(check_conninfo(std::string(alter.connection)));
      subscription->conninfo = alter.connection;
      return absl::OkStatus();
    case Action::kSkip: {
      TROUPE_ASSIGN_OR_RETURN(*options, parse_subscription_options(alter.options, kSkipOptions));
      if (!is_superuser(*backend_.transaction_.catalog(), backend_.role_)) {
        return error(ErrorCode::kInsufficientPrivilege, "must be superuser to skip transaction");
      }
      subscription->skip = options->lsn;
      return absl::OkStatus();
    }
    case Action::kRefresh: {
      if (!subscription->enabled) {
        return not_ready("ALTER SUBSCRIPTION ... REFRESH is not allowed for disabled subscriptions");
      }
      TROUPE_ASSIGN_OR_RETURN(*options, parse_subscription_options(alter.options, kRefreshOptions));
      return absl::OkStatus();
    }
    default: break;
  }
  TROUPE_ASSIGN_OR_RETURN(*options, parse_subscription_options(alter.options, kPublicationOptions));
  const std::vector<std::string> named = names_of(alter.publications);
  const bool sets = alter.action == Action::kSetPublication, adds = alter.action == Action::kAddPublication;
  if (sets) {
    TROUPE_RETURN_IF_ERROR(check_publication_names(named));
    subscription->publications = named;
  } else {
    TROUPE_ASSIGN_OR_RETURN(subscription->publications,
                            merge_publications(subscription->publications, named, adds, subscription->name));
  }
  if (!options->refresh || subscription->enabled) return absl::OkStatus();
  const std::string instead = cat("ALTER SUBSCRIPTION ... ",
                                  sets   ? "SET"
                                  : adds ? "ADD"
                                         : "DROP",
                                  " PUBLICATION ... WITH (refresh = false)");
  return with_hint(not_ready("ALTER SUBSCRIPTION with refresh is not allowed for disabled subscriptions"),
                   sets ? cat("Use ", instead, ".") : cat("Use ", instead, " instead."));
}

Task<absl::Status> SubscriptionDefinition::check_skip(const SubscriptionDef& subscription) {
  auto reading = rows_.place(subscription.oid);
  const auto place = co_await reading;
  if (!place.ok()) co_return place.status();
  if (subscription.skip == kNoLsn || *place == kNoLsn || subscription.skip >= *place) co_return absl::OkStatus();
  co_return error(ErrorCode::kInvalidParameterValue, "skip WAL location (LSN ", lsn_text(subscription.skip),
                  ") must be greater than origin LSN ", lsn_text(*place));
}

Task<absl::Status> SubscriptionDefinition::refresh(SubscriptionDef subscription, bool copy_data,
                                                   std::vector<std::string> validated) {
  PublisherClient publisher(backend_);
  auto connecting = publisher.connect(subscription.conninfo, subscription.name);
  absl::Status status = co_await connecting;
  if (!status.ok()) co_return could_not_connect(status);
  if (!validated.empty()) {
    auto checking = check_publications(publisher, std::move(validated));
    status = co_await checking;
    if (!status.ok()) co_return status;
  }
  auto listing = published_tables(publisher, subscription.publications);
  const auto published = co_await listing;
  if (!published.ok()) co_return published.status();
  auto reading = rows_.tables(subscription.oid);
  const auto known = co_await reading;
  if (!known.ok()) co_return known.status();
  std::vector<Oid> wanted;
  for (const PublishedName& name : *published) {
    const auto target = target_named(name);
    if (!target.ok()) co_return target.status();
    wanted.push_back(*target);
    const bool there =
        std::any_of(known->begin(), known->end(), [&](const SubscribedTable& table) { return table.table == *target; });
    if (there) continue;
    const char state = copy_data ? SubscribedTable::kInit : SubscribedTable::kReady;
    auto adding = rows_.add_table(subscription.oid, {*target, state, kNoLsn});
    status = co_await adding;
    if (!status.ok()) co_return status;
  }
  for (const SubscribedTable& table : *known) {
    if (std::find(wanted.begin(), wanted.end(), table.table) != wanted.end()) continue;
    auto removing = rows_.remove_table(subscription.oid, table.table);
    status = co_await removing;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionDefinition::rename(std::string name, std::string new_name) {
  auto finding = find_owned(name);
  auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  auto looking = rows_.find(backend_.database_oid(), new_name);
  const auto taken = co_await looking;
  if (!taken.ok()) co_return taken.status();
  if (taken->has_value()) {
    co_return error(ErrorCode::kDuplicateObject, "subscription \"", new_name, "\" already exists");
  }
  found->name = std::move(new_name);
  auto updating = rows_.update(*found);
  const absl::Status status = co_await updating;
  tell_of_change(found->oid);
  co_return status;
}

Task<absl::Status> SubscriptionDefinition::set_owner(std::string name, const sql::RoleName& owner) {
  auto finding = find_owned(name);
  auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  const Catalog& catalog = *backend_.transaction_.catalog();
  using enum sql::RoleName::Type;
  const RoleDef* role =
      owner.type == kNamed
          ? catalog.find_role(owner.name)
          : catalog.find_as<RoleDef>(owner.type == kSessionUser ? backend_.session_role_ : backend_.role_);
  if (role == nullptr) co_return error(ErrorCode::kUndefinedObject, "role \"", owner.name, "\" does not exist");
  if (role->oid == found->owner) co_return absl::OkStatus();
  if (!role->superuser) {
    co_return with_hint(
        error(ErrorCode::kInsufficientPrivilege, "permission denied to change owner of subscription \"", name, "\""),
        "The owner of a subscription must be a superuser.");
  }
  found->owner = role->oid;
  auto updating = rows_.update(*found);
  const absl::Status status = co_await updating;
  tell_of_change(found->oid);
  co_return status;
}

// --- DROP ---

Task<absl::Status> SubscriptionDefinition::drop(std::string name, bool if_exists) {
  auto finding = rows_.find(backend_.database_oid(), name);
  const auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  if (!found->has_value()) {
    if (!if_exists) co_return no_such(name);
    backend_.send_notice(error(ErrorCode::kOk, "subscription \"", name, "\" does not exist, skipping"));
    co_return absl::OkStatus();
  }
  const SubscriptionDef subscription = **found;
  absl::Status status = check_owned(subscription);
  if (status.ok() && subscription.slot) status = check_outside_block("DROP SUBSCRIPTION");
  if (!status.ok()) co_return status;
  auto stopping = stop_worker(subscription.oid);
  status = co_await stopping;
  if (!status.ok()) co_return status;
  auto removing = rows_.remove(subscription.oid);
  status = co_await removing;
  if (!status.ok() || !subscription.slot) co_return status;
  auto dropping = drop_slot(subscription);
  co_return co_await dropping;
}

/// None begins before the transaction has ended.
Task<absl::Status> SubscriptionDefinition::stop_worker(Oid subscription) {
  auto& boards = SubscriptionBoards::of_node(&backend_.services_);
  bool gone = boards.hold(subscription, [record = backend_.record_] { record->tell.granted(kPublisherRequest, ""); });
  backend_.transaction_.at_end([&boards, subscription](bool) {
    boards.release(subscription);
    boards.changed();
  });
  while (!gone) {
    if (const absl::Status cancelled = backend_.data_.check_cancelled(); !cancelled.ok()) co_return cancelled;
    co_await backend_.publisher_signal_;
    gone = boards.progress(subscription).pid == 0;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionDefinition::drop_slot(const SubscriptionDef& subscription) {
  PublisherClient publisher(backend_);
  auto connecting = publisher.connect(subscription.conninfo, subscription.name);
  absl::Status status = co_await connecting;
  if (!status.ok()) {
    co_return with_hint(
        publisher_said(status, cat("could not connect to publisher when attempting to drop replication slot \"",
                                   *subscription.slot, "\"")),
        "Use ALTER SUBSCRIPTION ... DISABLE to disable the subscription, and then use ALTER SUBSCRIPTION ... SET "
        "(slot_name = NONE) to disassociate it from the slot.");
  }
  auto dropping = publisher.execute(cat("DROP_REPLICATION_SLOT ", sql::quote_identifier(*subscription.slot), " WAIT"));
  const auto dropped = co_await dropping;
  if (!dropped.ok()) {
    co_return publisher_said(dropped.status(),
                             cat("could not drop replication slot \"", *subscription.slot, "\" on publisher"));
  }
  backend_.send_notice(error(ErrorCode::kOk, "dropped replication slot \"", *subscription.slot, "\" on publisher"));
  co_return absl::OkStatus();
}

}  // namespace troupe
