#include "actors/webhook/webhook_table.hpp"

#include "actors/webhook/webhook_board.hpp"
#include "runtime/system/system_session.hpp"
#include "runtime/types/datetime.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {
namespace {

constexpr Oid kWebhookSenders = 13640;

std::vector<SystemColumn> columns_of_webhooks() {
  return {{"group_id", Type{oid::kInt8}},
          {"schema_name", Type{oid::kText}},
          {"stream_name", Type{oid::kText}},
          {"webhook_name", Type{oid::kText}},
          {"url", Type{oid::kText}},
          {"headers", Type{oid::kText}},
          {"enabled", Type{oid::kBool}},
          {"max_deliveries", Type{oid::kInt4}},
          {"sending", Type{oid::kBool}},
          {"delivered", Type{oid::kInt8}},
          {"failed", Type{oid::kInt8}},
          {"last_status", Type{oid::kInt4}},
          {"last_delivered", Type{oid::kTimestamptz}},
          {"last_error", Type{oid::kText}},
          {"last_error_at", Type{oid::kTimestamptz}},
          {"newest_scn", Type{oid::kInt8}}};
}

Value time_or_null(int64_t us) { return us == 0 ? Value::null(Physical::kInt64) : Value::of(timestamp_of_unix_us(us)); }

Value text_if(bool shown, std::string text) {
  return shown && !text.empty() ? Value::text(std::move(text)) : Value::null(Physical::kVarlen);
}

std::vector<Value> row_of(const StreamDef& stream, const ConsumerGroupDef& group, const WebhookProgress& progress,
                          Scn newest, const Catalog& catalog, bool is_owner) {
  const ObjectDef* schema = catalog.find(stream.schema);
  std::string headers;  // their values may be secrets
  for (const auto& [name, value] : group.webhook.headers) headers += cat(headers.empty() ? "" : ", ", name);
  return {Value::of(static_cast<int64_t>(group.oid)),
          Value::text(schema == nullptr ? std::string() : schema->name),
          Value::text(stream.name),
          Value::text(group.name),
          text_if(is_owner, group.webhook.url),
          text_if(is_owner, headers),
          Value::of(group.webhook.enabled),
          Value::of(group.max_deliveries),
          Value::of(progress.sending),
          Value::of(static_cast<int64_t>(progress.delivered)),
          Value::of(static_cast<int64_t>(progress.failed)),
          progress.last_status == 0 ? Value::null(Physical::kInt32) : Value::of(int32_t{progress.last_status}),
          time_or_null(progress.last_delivered_us),
          text_if(is_owner, progress.last_error),
          time_or_null(progress.last_error_us),
          Value::of(static_cast<int64_t>(newest))};
}

}  // namespace

SystemTable webhook_senders_table(const NodeServices& services) {
  SystemTable table;
  table.oid = kWebhookSenders;
  table.schema = kSysSchema;
  table.name = "webhook_senders";
  table.columns = columns_of_webhooks();
  table.produce = [&services](const SystemEnvironment& environment, std::vector<std::vector<Value>>* rows) {
    const auto* session = static_cast<const SystemSession*>(environment.session);
    const Catalog& catalog = *environment.catalog;
    for (const ObjectPtr& object : catalog.objects(ObjectKind::stream)) {
      const auto& stream = static_cast<const StreamDef&>(*object);
      // As with consumer groups: who may read the stream may know of them; where they lead is its owner's business.
      if (rights_on(catalog, session->user(), stream, kSelect) == 0) continue;
      const bool is_owner = owns(catalog, session->user(), stream);
      for (const ConsumerGroupDef& group : stream.groups) {
        if (!group.is_webhook()) continue;
        rows->push_back(row_of(stream, group, WebhookBoards::of_node(&services).get(group.oid),
                               services.commits.durable(), catalog, is_owner));
      }
    }
    return absl::OkStatus();
  };
  return table;
}

}  // namespace troupe
