#pragma once
/// A stream: which changes of which tables its readers are told of, and the groups of consumers that share them. Where
/// a group is in the log is no definition: it is in rows (actors/session/backend_group.cpp).
#include <string>
#include <string_view>
#include <vector>

#include "storage/catalog/catalog.hpp"

namespace troupe {

struct StreamedTable {
  Oid table = kNoOid;
  std::vector<int16_t> columns;         ///< attnums, ascending; empty: all
  std::string filter_sql;               ///< empty: all rows
  std::vector<int16_t> filter_columns;  ///< attnums that it looks at, ascending
};

/// What an event says of its row. On disk as a number: append only.
enum class StreamEnvelope : uint8_t { full = 0, after = 1, key = 2 };

/// Where the node delivers a group's events to (docs/decisions/0024).
struct WebhookDef {
  std::string url;                   ///< empty: clients read the group
  std::vector<std::string> secrets;  ///< "whsec_...": each signs
  std::vector<std::pair<std::string, std::string>> headers;
  int64_t timeout_us = 10'000'000;  ///< of one delivery
  int64_t retry_first_us = 1'000'000;
  int64_t retry_longest_us = 300'000'000;
  bool enabled = true;
  bool operator==(const WebhookDef&) const = default;
};

struct ConsumerGroupDef {
  Oid oid = kNoOid;
  std::string name;
  int32_t partitions = 16;              ///< the keys are spread over so many; each is read by one member at a time
  int64_t ack_timeout_us = 30'000'000;  ///< what is not acknowledged by then is delivered again
  int32_t max_deliveries = 5;           ///< then it goes to the dead letters; 0: never
  int32_t version = 0;                  ///< of its place: SEEK makes what was delivered before void
  WebhookDef webhook;

  bool is_webhook() const { return !webhook.url.empty(); }
  std::string_view kind() const { return is_webhook() ? "webhook" : "consumer group"; }
};

struct StreamDef final : ObjectDef {
  StreamDef() : ObjectDef(ObjectKind::stream) {}

  std::vector<StreamedTable> tables;
  StreamEnvelope envelope = StreamEnvelope::full;
  int64_t retention_us = 0;  ///< older changes are told to nobody; 0: whatever the log still has
  bool snapshot = false;     ///< who does not say where to begin is told the rows that there are
  std::vector<ConsumerGroupDef> groups;

  /// Null when there is none.
  const ConsumerGroupDef* find_group(std::string_view group) const {
    for (const ConsumerGroupDef& known : groups) {
      if (known.name == group) return &known;
    }
    return nullptr;
  }
};

}  // namespace troupe
