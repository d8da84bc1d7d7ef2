/// Subscriptions: their statements, and sessions without a client that apply them or look which there are.
#include "actors/session/backend.hpp"
#include "actors/session/subscription_definition.hpp"
#include "actors/session/subscription_worker.hpp"

namespace troupe {
namespace {

/// Where a session is that has no client: it is no stranger at the door, and in nobody's way who drops the database.
constexpr Oid kNowhere = UINT32_MAX;

}  // namespace

void Backend::start_subscription(TransportEvents* events, Oid database, Oid subscription) {
  events_ = events;
  transport_->start(events);
  serve_ = serve_subscription(database, subscription);
  serve_.start();
}

void Backend::start_subscription_list(TransportEvents* events) {
  events_ = events;
  transport_->start(events);
  serve_ = serve_subscription_list();
  serve_.start();
}

/// As the subscription's owner, and with PostgreSQL's own settings of workers that apply: nothing that somebody has set
/// changes what values mean.
void Backend::begin_subscription_work(const ListedSubscription& subscription) {
  const RoleDef* owner = transaction_.catalog()->find_as<RoleDef>(subscription.owner);
  if (owner != nullptr) log_in(*owner);
  const ObjectDef* entered = transaction_.catalog()->find(subscription.database);
  database_ = entered == nullptr ? std::string() : entered->name;
  eval_.database = database_;
  record_->edit([&](SessionRecord::Text& text) {
    text.user = session_user_;
    text.database = database_;
    text.application_name = "subscription " + subscription.name;
  });
  for (const auto& [name, value] :
       {std::pair{"DateStyle", "ISO, YMD"}, std::pair{"IntervalStyle", "postgres"}, std::pair{"bytea_output", "hex"},
        std::pair{"extra_float_digits", "1"}, std::pair{"search_path", "pg_catalog"},
        std::pair{"session_replication_role", "replica"}, std::pair{"statement_timeout", "0"},
        std::pair{"lock_timeout", "0"}, std::pair{"idle_in_transaction_session_timeout", "0"}}) {
    static_cast<void>(set_parameter(name, value, SetScope::kStartup));
  }
}

Task<void> Backend::serve_subscription(Oid database, Oid subscription) {
  executing_ = true;
  data_.begin_statement();
  ListedSubscription listed;
  for (const ListedSubscription& known : SubscriptionBoards::of_node(&services_).listed()) {
    if (known.oid == subscription) listed = known;
  }
  if (listed.oid == subscription && transaction_.enter_database(database)) {
    begin_subscription_work(listed);
    record_->database.store(kNowhere, std::memory_order_relaxed);
    services_.sessions.want_ticks(record_, true);
    SubscriptionWorker worker(*this, subscription);
    auto running = worker.run();
    co_await running;
    clean_up();
  }
  host_.finished();
}

/// In whatever database: all see the same rows.
Task<void> Backend::serve_subscription_list() {
  executing_ = true;
  data_.begin_statement();
  SubscriptionBoards& boards = SubscriptionBoards::of_node(&services_);
  const uint64_t changes = boards.changes();
  if (transaction_.enter_database(kTemplateDatabase) || transaction_.enter_database(kDefaultDatabase)) {
    record_->database.store(kNowhere, std::memory_order_relaxed);
    begin_clock("looking which subscriptions there are");
    begin_transaction_statement();
    SubscriptionRows rows(*this);
    auto reading = rows.all();
    const auto all = co_await reading;
    if (all.ok()) {
      std::vector<ListedSubscription> listed;
      for (const SubscriptionDef& s : *all) listed.push_back({s.oid, s.database, s.owner, s.name, s.enabled});
      boards.list(std::move(listed), changes);
    }
  }
  clean_up();
  host_.finished();
}

Task<absl::Status> Backend::run_subscription_statement(const sql::Statement& statement, std::string* tag) {
  const absl::Status writable =
      transaction_.state().check_writable(statement.is<sql::CreateSubscriptionStatement>() ? "CREATE SUBSCRIPTION"
                                          : statement.is<sql::DropStatement>()             ? "DROP SUBSCRIPTION"
                                                                                           : "ALTER SUBSCRIPTION");
  if (!writable.ok()) co_return writable;
  SubscriptionDefinition definition(*this);
  if (const auto* create = statement.as<sql::CreateSubscriptionStatement>()) {
    *tag = "CREATE SUBSCRIPTION";
    auto creating = definition.create(*create);
    co_return co_await creating;
  }
  if (const auto* drop = statement.as<sql::DropStatement>()) {
    *tag = "DROP SUBSCRIPTION";
    for (const sql::ObjectRef* object : drop->objects) {
      auto dropping = definition.drop(std::string(object->name.back()), drop->if_exists);
      const absl::Status status = co_await dropping;
      if (!status.ok()) co_return status;
    }
    co_return absl::OkStatus();
  }
  *tag = "ALTER SUBSCRIPTION";
  if (const auto* rename = statement.as<sql::RenameStatement>()) {
    auto renaming = definition.rename(std::string(rename->target->name.back()), std::string(rename->new_name));
    co_return co_await renaming;
  }
  if (const auto* own = statement.as<sql::AlterOwnerStatement>()) {
    auto giving = definition.set_owner(std::string(own->target->name.back()), *own->owner);
    co_return co_await giving;
  }
  auto altering = definition.alter(statement.to<sql::AlterSubscriptionStatement>());
  co_return co_await altering;
}

}  // namespace troupe
