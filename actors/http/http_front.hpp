#pragma once
/// What the connections of the HTTP port share.
/// Owner: the platform; safe from any thread.
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
  template <typename Use>
  auto with_tokens(Use use) {
    const std::lock_guard lock(mutex_);
    return use(tokens_);
  }

 private:
  const OriginPolicy origins_;
  std::mutex mutex_;
  AccessTokens tokens_;
};

}  // namespace troupe
