#pragma once
/// Where webhooks are in the catalog, and what their definition is at the moment.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/catalog/stream_def.hpp"

namespace troupe {

struct WebhookPlace {
  Oid database = kNoOid;
  Oid stream = kNoOid;
  Oid webhook = kNoOid;  ///< its group
  std::string name;
};

/// What a sender has to know.
struct WebhookNow {
  std::shared_ptr<const StreamDef> stream;
  ConsumerGroupDef group;
  std::string database, owner;
  std::string sql_stream;  ///< quoted, with its schema
  std::string sql_group;
};

/// Those of all databases. `catalog`: the whole one.
std::vector<WebhookPlace> webhooks_of(const Catalog& catalog);
/// nullopt: it is gone.
std::optional<WebhookNow> webhook_now(const CatalogPtr& catalog, const WebhookPlace& place);

}  // namespace troupe
