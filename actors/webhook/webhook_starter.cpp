#include "actors/webhook/webhook_starter.hpp"

#include <algorithm>

#include "actors/webhook/webhook_board.hpp"
#include "actors/webhook/webhook_sender.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kFirstPauseUs = 50'000;
constexpr int64_t kLongestPauseUs = 5'000'000;
/// Each has two sessions.
constexpr size_t kWebhooksMax = 200;

}  // namespace

WebhookStarter::behavior_type WebhookStarter::make_behavior() {
  running();
  tell_self_after(kPeriod, tick_atom::value);
  return {[this](tick_atom) {
    look();
    tell_self_after(kPeriod, tick_atom::value);
  }};
}

void WebhookStarter::look_at_catalog() {
  const CatalogPtr catalog = node_.services.catalog.get();
  if (catalog->version() == catalog_seen_) return;
  catalog_seen_ = catalog->version();
  std::map<Oid, WebhookPlace> known;
  webhooks_.clear();
  for (const WebhookPlace& place : webhooks_of(*catalog)) {
    known[place.webhook] = place;
    const auto now = webhook_now(catalog, place);
    if (now && now->group.webhook.enabled && webhooks_.size() < kWebhooksMax) webhooks_[place.webhook] = place;
  }
  for (auto at = started_.begin(); at != started_.end();) {
    if (!known.contains(at->first)) WebhookBoards::of_node(&node_.services).forget(at->first);
    at = webhooks_.contains(at->first) ? std::next(at) : started_.erase(at);
  }
}

void WebhookStarter::look() {
  if (node_.stopping.load()) return;
  look_at_catalog();
  const int64_t now_us = node_.services.clock.monotonic_us();
  for (const auto& [webhook, place] : webhooks_) {
    if (WebhookBoards::of_node(&node_.services).get(webhook).sending) continue;
    Started& started = started_[webhook];
    if (started.at_us != 0 && now_us - started.at_us < started.pause_us) continue;
    const bool stayed = started.at_us != 0 && now_us - started.at_us > kLongestPauseUs;
    started.pause_us = stayed ? kFirstPauseUs : std::clamp(started.pause_us * 2, kFirstPauseUs, kLongestPauseUs);
    started.at_us = now_us;
    if (caller_ == nullptr) caller_ = std::make_shared<HttpCaller>();
    caf::execution_unit* unit = units_[next_unit_++ % units_.size()];
    tell(caf::actor_cast<SupervisorActor>(supervisor_), add_child_atom::value,
         webhook_child(node_, unit, caller_, place));
  }
}

}  // namespace troupe
