#include "actors/webhook/webhook_board.hpp"

#include <memory>

namespace troupe {

WebhookBoards& WebhookBoards::of_node(const void* services) {
  static std::mutex mutex;
  static auto* boards = new std::map<const void*, std::unique_ptr<WebhookBoards>>();
  const std::lock_guard lock(mutex);
  auto& found = (*boards)[services];
  if (found == nullptr) found = std::make_unique<WebhookBoards>();
  return *found;
}

WebhookProgress WebhookBoards::get(Oid webhook) const {
  const std::lock_guard lock(mutex_);
  const auto at = boards_.find(webhook);
  return at == boards_.end() ? WebhookProgress() : at->second;
}

void WebhookBoards::forget(Oid webhook) {
  const std::lock_guard lock(mutex_);
  boards_.erase(webhook);
}

}  // namespace troupe
