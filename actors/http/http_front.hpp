#pragma once
/// What the connections of the HTTP port share.
/// Owner: the platform; safe from any thread.
#include <atomic>
#include <mutex>
#include <string>

#include "actors/http/access_tokens.hpp"
#include "actors/node/config.hpp"
#include "runtime/http/origin_policy.hpp"

namespace troupe {

class HttpFront {
 public:
  explicit HttpFront(const NodeConfig& config);

  const OriginPolicy& origins() const { return origins_; }
  /// Whether one more connection may come in: half of what the node serves, so that SQL is not kept out.
  bool has_room() const { return connections_.load(std::memory_order_relaxed) < connections_max_; }
  void came() { connections_.fetch_add(1, std::memory_order_relaxed); }
  void went() { connections_.fetch_sub(1, std::memory_order_relaxed); }
  template <typename Use>
  auto with_tokens(Use use) {
    const std::lock_guard lock(mutex_);
    return use(tokens_);
  }

 private:
  const OriginPolicy origins_;
  const size_t connections_max_;
  std::atomic<size_t> connections_{0};
  std::mutex mutex_;
  AccessTokens tokens_;
};

}  // namespace troupe
