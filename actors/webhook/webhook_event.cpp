#include "actors/webhook/webhook_event.hpp"

#include <charconv>
#include <optional>

#include "runtime/http/webhook_signature.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

// The columns of CONSUME.
enum : size_t {
  kToken,
  kScn,
  kXid,
  kCommittedAt,
  kPosition,
  kTable,
  kOp,
  kKey,
  kBefore,
  kAfter,
  kSchemaVersion,
  kBatch,
  kDelivery,
  kPartition,
  kColumns
};

template <typename Number>
Number number_of(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "2026-01-02 03:04:05.6+00" as RFC 3339 has it.
std::string rfc3339(std::string_view utc) {
  std::string text(utc.substr(0, utc.find('+')));
  if (const size_t space = text.find(' '); space != std::string::npos) text[space] = 'T';
  return text + "Z";
}

}  // namespace

ConsumedEvent consumed_event(const DataRow& row, Oid webhook) {
  std::optional<std::string_view> fields[kColumns];
  size_t at = 0;
  for (const auto value : row) {
    if (at < kColumns) fields[at++] = value;
  }
  const auto text = [&](size_t column) { return fields[column].value_or(""); };
  ConsumedEvent out;
  out.batch = text(kBatch);
  out.partition = number_of<uint32_t>(text(kPartition));
  out.event.token = text(kToken);
  out.event.delivery = number_of<int32_t>(text(kDelivery));
  out.event.id = cat("evt_", webhook, "_", text(kToken));
  std::string& body = out.event.body;
  body = "{\"type\": ";
  append_json_string(cat(text(kTable), ".", text(kOp)), &body);
  body += ", \"timestamp\": ";
  append_json_string(rfc3339(text(kCommittedAt)), &body);
  body += cat(", \"data\": {\"token\": \"", text(kToken), "\", \"scn\": ", text(kScn), ", \"xid\": ", text(kXid),
              ", \"table\": ");
  append_json_string(text(kTable), &body);
  body += ", \"op\": ";
  append_json_string(text(kOp), &body);
  for (const auto& [name, column] : {std::pair{"key", kKey}, {"before", kBefore}, {"after", kAfter}}) {
    body += cat(", \"", name, "\": ", fields[column].value_or("null"));
  }
  body += ", \"schema_version\": ";
  append_json_string(text(kSchemaVersion), &body);
  body += "}}";
  return out;
}

std::vector<std::pair<std::string, std::string>> webhook_headers(const WebhookDef& webhook, const WebhookEvent& event,
                                                                 int64_t timestamp_s) {
  std::vector<std::string> keys;
  for (const std::string& secret : webhook.secrets) {
    if (const auto key = webhook_key(secret); key.ok()) keys.push_back(*key);
  }
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Type", "application/json"},
      {"User-Agent", "Troupe"},
      {"webhook-id", event.id},
      {"webhook-timestamp", cat(timestamp_s)},
      {"webhook-signature", webhook_signature(keys, event.id, timestamp_s, event.body)}};
  headers.insert(headers.end(), webhook.headers.begin(), webhook.headers.end());
  return headers;
}

}  // namespace troupe
