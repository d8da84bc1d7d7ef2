#include "actors/webhook/webhook_place.hpp"

#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {

std::vector<WebhookPlace> webhooks_of(const Catalog& catalog) {
  std::vector<WebhookPlace> places;
  for (const ObjectPtr& object : catalog.streams()) {
    for (const ConsumerGroupDef& group : static_cast<const StreamDef&>(*object).groups) {
      if (group.is_webhook()) places.push_back({object->database, object->oid, group.oid, group.name});
    }
  }
  return places;
}

std::optional<WebhookNow> webhook_now(const CatalogPtr& catalog, const WebhookPlace& place) {
  const auto name_of = [&](Oid oid) {
    const ObjectDef* object = catalog->find(oid);
    return object == nullptr ? std::string() : object->name;
  };
  WebhookNow now;
  now.stream = std::dynamic_pointer_cast<const StreamDef>(catalog->find_shared(place.stream));
  if (now.stream == nullptr) return std::nullopt;
  for (const ConsumerGroupDef& group : now.stream->groups) {
    if (group.oid == place.webhook) now.group = group;
  }
  now.database = name_of(place.database);
  now.owner = name_of(now.stream->owner);
  const std::string schema = name_of(now.stream->schema);
  if (!now.group.is_webhook() || now.database.empty() || now.owner.empty() || schema.empty()) return std::nullopt;
  now.sql_stream = cat(sql::quote_identifier(schema), ".", sql::quote_identifier(now.stream->name));
  now.sql_group = sql::quote_identifier(now.group.name);
  return now;
}

}  // namespace troupe
