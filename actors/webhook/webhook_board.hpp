#pragma once
/// How each webhook is getting on since the node started: told by its sender, shown by sys.webhooks. What has to last
/// is in the rows of its group. Safe from any thread.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "storage/base/ids.hpp"

namespace troupe {

struct WebhookProgress {
  bool sending = false;  ///< somebody is at it
  uint64_t delivered = 0;
  uint64_t failed = 0;  ///< deliveries in vain
  int last_status = 0;  ///< of the receiver's last answer; 0: none
  int64_t last_delivered_us = 0;
  int64_t last_error_us = 0;
  std::string last_error;
};

class WebhookBoards {
 public:
  /// Those of the node whose services these are.
  static WebhookBoards& of_node(const void* services);

  WebhookProgress get(Oid webhook) const;
  /// `change` gets it by reference.
  template <typename Change>
  void update(Oid webhook, const Change& change) {
    const std::lock_guard lock(mutex_);
    change(boards_[webhook]);
  }
  void forget(Oid webhook);

 private:
  mutable std::mutex mutex_;
  std::map<Oid, WebhookProgress> boards_;
};

}  // namespace troupe
