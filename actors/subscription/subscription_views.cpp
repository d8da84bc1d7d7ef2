#include "actors/subscription/subscription_views.hpp"

#include "runtime/system/system_session.hpp"
#include "runtime/transaction/subscription_boards.hpp"
#include "runtime/types/datetime.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

using Row = std::vector<Value>;

Value oid_value(Oid oid) { return Value::of(static_cast<int64_t>(oid)); }
Value instant(int64_t unix_us) {
  return unix_us == 0 ? Value::null(Physical::kInt64) : Value::of(timestamp_of_unix_us(unix_us));
}
Value position(Lsn lsn) { return lsn == kNoLsn ? Value::null(Physical::kInt64) : Value::of(static_cast<int64_t>(lsn)); }
Value pid_of(const SubscriptionProgress& progress) {
  return progress.pid == 0 ? Value::null(Physical::kInt32) : Value::of(progress.pid);
}

Row stat_row(const ListedSubscription& s, const SubscriptionProgress& p) {
  return {oid_value(s.oid),
          Value::text(s.name),
          pid_of(p),
          Value::null(Physical::kInt64),
          position(p.received),
          instant(p.sent_us),
          instant(p.received_us),
          position(p.applied),
          instant(p.applied_us)};
}

Row errors_row(const ListedSubscription& s, const SubscriptionProgress& p) {
  return {oid_value(s.oid), Value::text(s.name), Value::of(static_cast<int64_t>(p.apply_errors)),
          Value::of(static_cast<int64_t>(p.copy_errors)), Value::null(Physical::kInt64)};
}

/// `may_know`: errors may show what is in rows.
Row state_row(const ListedSubscription& s, const SubscriptionProgress& p, bool may_know) {
  const char* state = !s.enabled ? "disabled" : p.pid == 0 ? "waiting" : "running";
  return {oid_value(s.oid),    Value::text(s.name),
          Value::text(state),  position(p.received),
          position(p.applied), p.error.empty() || !may_know ? Value::null(Physical::kVarlen) : Value::text(p.error)};
}

template <typename MakeRow>
SystemTable table_of(const NodeServices& services, Oid oid, Oid schema, std::string name,
                     std::vector<SystemColumn> columns, bool all_databases, MakeRow make_row) {
  SystemTable table;
  table.oid = oid;
  table.schema = schema;
  table.name = std::move(name);
  table.columns = std::move(columns);
  table.produce = [&services, all_databases, make_row](const SystemEnvironment& environment, std::vector<Row>* rows) {
    const auto* session = static_cast<const SystemSession*>(environment.session);
    const SubscriptionBoards& boards = SubscriptionBoards::of_node(&services);
    for (const ListedSubscription& subscription : boards.listed()) {
      if (!all_databases && subscription.database != environment.catalog->database()) continue;
      const bool may_know = has_rights_of(*environment.catalog, session->user(), subscription.owner);
      rows->push_back(make_row(subscription, boards.progress(subscription.oid), may_know));
    }
    return absl::OkStatus();
  };
  return table;
}

}  // namespace

void add_subscription_views(const NodeServices& services, SystemTables* tables) {
  using namespace oid;
  tables->add(table_of(services, 12244, kPgCatalogSchema, "pg_stat_subscription",
                       {{"subid", Type{kOid}},
                        {"subname", Type{kName}},
                        {"pid", Type{kInt4}},
                        {"relid", Type{kOid}},
                        {"received_lsn", Type{kPgLsn}},
                        {"last_msg_send_time", Type{kTimestamptz}},
                        {"last_msg_receipt_time", Type{kTimestamptz}},
                        {"latest_end_lsn", Type{kPgLsn}},
                        {"latest_end_time", Type{kTimestamptz}}},
                       true, [](const auto& s, const auto& p, bool) { return stat_row(s, p); }));
  tables->add(table_of(services, 12336, kPgCatalogSchema, "pg_stat_subscription_stats",
                       {{"subid", Type{kOid}},
                        {"subname", Type{kName}},
                        {"apply_error_count", Type{kInt8}},
                        {"sync_error_count", Type{kInt8}},
                        {"stats_reset", Type{kTimestamptz}}},
                       true, [](const auto& s, const auto& p, bool) { return errors_row(s, p); }));
  tables->add(table_of(services, 13640, kSysSchema, "subscriptions",
                       {{"subid", Type{kOid}},
                        {"name", Type{kText}},
                        {"state", Type{kText}},
                        {"received_lsn", Type{kPgLsn}},
                        {"applied_lsn", Type{kPgLsn}},
                        {"error", Type{kText}}},
                       false, [](const auto& s, const auto& p, bool may_know) { return state_row(s, p, may_know); }));
}

}  // namespace troupe
