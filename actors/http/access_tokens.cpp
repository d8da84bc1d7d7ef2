#include "actors/http/access_tokens.hpp"

#include <utility>

namespace troupe {

void AccessTokens::forget_expired(int64_t now_us) {
  while (!order_.empty()) {
    const auto oldest = tokens_.find(order_.front());
    if (oldest != tokens_.end()) {
      if (oldest->second.until_us > now_us) return;
      tokens_.erase(oldest);
    }
    order_.pop_front();
  }
}

void AccessTokens::add(const std::string& token, TokenHolder holder, int64_t now_us) {
  forget_expired(now_us);
  while (!order_.empty() && order_.size() >= tokens_max_) {
    tokens_.erase(order_.front());
    order_.pop_front();
  }
  tokens_[token] = Entry{std::move(holder), now_us + lifetime_us_};
  order_.push_back(token);
}

std::optional<TokenHolder> AccessTokens::find(std::string_view token, int64_t now_us) {
  forget_expired(now_us);
  const auto found = tokens_.find(token);
  if (found == tokens_.end()) return std::nullopt;
  return found->second.holder;
}

void AccessTokens::remove(std::string_view token) {
  const auto found = tokens_.find(token);
  if (found != tokens_.end()) tokens_.erase(found);
}

}  // namespace troupe
