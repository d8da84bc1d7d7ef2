#include "actors/session/subscription_rows.hpp"

#include "actors/session/backend.hpp"
#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

constexpr std::string_view kColumns =
    "SELECT oid, subdbid, subskiplsn, subname::text, subowner, subenabled, subbinary, substream, subdisableonerr, "
    "subconninfo, subslotname::text, subsynccommit, subpublications FROM pg_catalog.pg_subscription";
constexpr std::string_view kInsertSubscription =
    "INSERT INTO pg_catalog.pg_subscription (oid, subdbid, subskiplsn, subname, subowner, subenabled, subbinary, "
    "substream, subtwophasestate, subdisableonerr, subconninfo, subslotname, subsynccommit, subpublications) "
    "VALUES ($1, $2, $3, $4::name, $5, $6, $7, $8, 'd', $9, $10, $11::name, $12, $13::text[])";
constexpr std::string_view kUpdateSubscription =
    "UPDATE pg_catalog.pg_subscription SET subdbid = $2, subskiplsn = $3, subname = $4::name, subowner = $5, "
    "subenabled = $6, subbinary = $7, substream = $8, subdisableonerr = $9, subconninfo = $10, "
    "subslotname = $11::name, subsynccommit = $12, subpublications = $13::text[] WHERE oid = $1";

Value of_oid(Oid oid) { return Value::of(static_cast<int64_t>(oid)); }
Value of_lsn(Lsn lsn) { return Value::of(static_cast<int64_t>(lsn)); }

/// {"a","b"}
std::string array_text(const std::vector<std::string>& names) {
  std::string text = "{";
  for (const std::string& name : names) {
    if (text.size() > 1) text += ",";
    text += "\"";
    for (const char c : name) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += "\"";
  }
  return text + "}";
}

std::vector<Value> values_of(const SubscriptionDef& s) {
  const auto text = [](const std::string& bytes) { return Value::text(bytes); };
  return {of_oid(s.oid),
          of_oid(s.database),
          of_lsn(s.skip),
          text(s.name),
          of_oid(s.owner),
          Value::of(s.enabled),
          Value::of(s.binary),
          Value::of(s.stream),
          Value::of(s.disable_on_error),
          text(s.conninfo),
          s.slot ? text(*s.slot) : Value::null(Physical::kVarlen),
          text(s.synchronous_commit),
          text(array_text(s.publications))};
}

const std::vector<Oid> kTypes = {oid::kOid,  oid::kOid,  oid::kPgLsn, oid::kText, oid::kOid,  oid::kBool, oid::kBool,
                                 oid::kBool, oid::kBool, oid::kText,  oid::kText, oid::kText, oid::kText};

SubscriptionDef read_row(const Batch& rows, uint32_t row) {
  const auto value = [&](size_t column) { return rows.columns[column].value(row); };
  const auto oid_at = [&](size_t column) { return static_cast<Oid>(value(column).get<int64_t>()); };
  SubscriptionDef s;
  s.oid = oid_at(0);
  s.database = oid_at(1);
  s.skip = static_cast<Lsn>(value(2).get<int64_t>());
  s.name = value(3).string();
  s.owner = oid_at(4);
  s.enabled = value(5).get<bool>();
  s.binary = value(6).get<bool>();
  s.stream = value(7).get<bool>();
  s.disable_on_error = value(8).get<bool>();
  s.conninfo = value(9).string();
  if (const Value slot = value(10); !slot.is_null()) s.slot = slot.string();
  s.synchronous_commit = value(11).string();
  const Value publications = value(12);
  const ArrayView names(publications.bytes());
  for (uint32_t i = 0; i < names.size(); ++i) s.publications.emplace_back(names.string(i));
  return s;
}

std::vector<Type> declared_types(const std::vector<Oid>& oids) {
  std::vector<Type> types;
  for (const Oid type : oids) types.push_back(Type{type});
  return types;
}

}  // namespace

Task<absl::StatusOr<std::vector<SubscriptionDef>>> SubscriptionRows::select(std::string_view condition,
                                                                            std::vector<Value> values,
                                                                            std::vector<Oid> types) {
  const std::string text = cat(kColumns, condition);
  auto reading = backend_.run_internal(text, declared_types(types), std::move(values));
  const auto read = co_await reading;
  if (!read.ok()) co_return read.status();
  std::vector<SubscriptionDef> found;
  for (const Batch& batch : *read) {
    for (uint32_t row = 0; row < batch.rows; ++row) found.push_back(read_row(batch, row));
  }
  co_return found;
}

Task<absl::Status> SubscriptionRows::change(std::string_view text, std::vector<Oid> types, std::vector<Value> values) {
  auto running = backend_.run_internal(text, declared_types(types), std::move(values));
  const auto done = co_await running;
  co_return done.status();
}

Task<absl::StatusOr<std::vector<SubscriptionDef>>> SubscriptionRows::all() { return select("", {}, {}); }

Task<absl::StatusOr<std::optional<SubscriptionDef>>> SubscriptionRows::find(Oid subscription) {
  auto selecting = select(" WHERE oid = $1", {of_oid(subscription)}, {oid::kOid});
  auto found = co_await selecting;
  if (!found.ok()) co_return found.status();
  if (found->empty()) co_return std::optional<SubscriptionDef>();
  co_return std::optional(std::move(found->front()));
}

Task<absl::StatusOr<std::optional<SubscriptionDef>>> SubscriptionRows::find(Oid database, std::string name) {
  auto selecting = select(" WHERE subdbid = $1 AND subname = $2::name",
                          {of_oid(database), Value::text(std::move(name))}, {oid::kOid, oid::kText});
  auto found = co_await selecting;
  if (!found.ok()) co_return found.status();
  if (found->empty()) co_return std::optional<SubscriptionDef>();
  co_return std::optional(std::move(found->front()));
}

Task<absl::Status> SubscriptionRows::insert(SubscriptionDef subscription) {
  auto inserting = change(kInsertSubscription, kTypes, values_of(subscription));
  const absl::Status status = co_await inserting;
  if (!status.ok()) co_return status;
  auto placing =
      change("INSERT INTO sys.subscription_places VALUES ($1, '0/0')", {oid::kOid}, {of_oid(subscription.oid)});
  co_return co_await placing;
}

Task<absl::Status> SubscriptionRows::update(SubscriptionDef subscription) {
  return change(kUpdateSubscription, kTypes, values_of(subscription));
}

Task<absl::Status> SubscriptionRows::remove(Oid subscription) {
  for (const std::string_view text : {"DELETE FROM pg_catalog.pg_subscription WHERE oid = $1",
                                      "DELETE FROM pg_catalog.pg_subscription_rel WHERE srsubid = $1",
                                      "DELETE FROM sys.subscription_places WHERE subscription = $1"}) {
    auto removing = change(text, {oid::kOid}, {of_oid(subscription)});
    const absl::Status status = co_await removing;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

// --- its tables ---

Task<absl::StatusOr<std::vector<SubscribedTable>>> SubscriptionRows::tables(Oid subscription) {
  auto reading = backend_.run_internal(
      "SELECT srrelid, srsubstate::text, coalesce(srsublsn, '0/0') FROM pg_catalog.pg_subscription_rel "
      "WHERE srsubid = $1 ORDER BY srrelid",
      declared_types({oid::kOid}), {of_oid(subscription)});
  const auto read = co_await reading;
  if (!read.ok()) co_return read.status();
  std::vector<SubscribedTable> tables;
  for (const Batch& batch : *read) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      SubscribedTable& table = tables.emplace_back();
      table.table = static_cast<Oid>(batch.columns[0].value(row).get<int64_t>());
      const std::string state = batch.columns[1].value(row).string();
      table.state = state.empty() ? SubscribedTable::kInit : state[0];
      table.lsn = static_cast<Lsn>(batch.columns[2].value(row).get<int64_t>());
    }
  }
  co_return tables;
}

namespace {

std::vector<Value> values_of(Oid subscription, const SubscribedTable& table) {
  return {of_oid(subscription), of_oid(table.table), Value::text(std::string(1, table.state)),
          table.lsn == kNoLsn ? Value::null(Physical::kInt64) : of_lsn(table.lsn)};
}

}  // namespace

Task<absl::Status> SubscriptionRows::add_table(Oid subscription, SubscribedTable table) {
  return change("INSERT INTO pg_catalog.pg_subscription_rel VALUES ($1, $2, $3::\"char\", $4)",
                {oid::kOid, oid::kOid, oid::kText, oid::kPgLsn}, values_of(subscription, table));
}

Task<absl::Status> SubscriptionRows::set_table(Oid subscription, SubscribedTable table) {
  return change(
      "UPDATE pg_catalog.pg_subscription_rel SET srsubstate = $3::\"char\", srsublsn = $4 "
      "WHERE srsubid = $1 AND srrelid = $2",
      {oid::kOid, oid::kOid, oid::kText, oid::kPgLsn}, values_of(subscription, table));
}

Task<absl::Status> SubscriptionRows::remove_table(Oid subscription, Oid table) {
  return change("DELETE FROM pg_catalog.pg_subscription_rel WHERE srsubid = $1 AND srrelid = $2",
                {oid::kOid, oid::kOid}, {of_oid(subscription), of_oid(table)});
}

// --- its place ---

Task<absl::StatusOr<Lsn>> SubscriptionRows::place(Oid subscription) {
  auto reading = backend_.run_internal("SELECT remote_lsn FROM sys.subscription_places WHERE subscription = $1",
                                       declared_types({oid::kOid}), {of_oid(subscription)});
  const auto read = co_await reading;
  if (!read.ok()) co_return read.status();
  Lsn lsn = kNoLsn;
  for (const Batch& batch : *read) lsn = static_cast<Lsn>(batch.columns[0].value(0).get<int64_t>());
  co_return lsn;
}

Task<absl::Status> SubscriptionRows::set_place(Oid subscription, Lsn lsn) {
  return change("UPDATE sys.subscription_places SET remote_lsn = $2 WHERE subscription = $1", {oid::kOid, oid::kPgLsn},
                {of_oid(subscription), of_lsn(lsn)});
}

}  // namespace troupe
