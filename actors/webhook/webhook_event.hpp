#pragma once
/// An event of CONSUME as what a webhook's receiver gets (docs/streams.md, "Webhooks").
#include <string>
#include <utility>
#include <vector>

#include "runtime/protocol/backend_message.hpp"
#include "runtime/stream/webhook_lanes.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {

struct ConsumedEvent {
  std::string batch;
  uint32_t partition = 0;
  WebhookEvent event;
};
/// `row`: of CONSUME, in a session whose times are UTC.
ConsumedEvent consumed_event(const DataRow& row, Oid webhook);

/// The headers of one delivery. `timestamp_s`: when it is made.
std::vector<std::pair<std::string, std::string>> webhook_headers(const WebhookDef& webhook, const WebhookEvent& event,
                                                                 int64_t timestamp_s);

}  // namespace troupe
