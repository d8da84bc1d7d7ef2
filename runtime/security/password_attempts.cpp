#include "runtime/security/password_attempts.hpp"

#include <algorithm>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr int64_t kFirstDelayUs = 500'000;
constexpr uint32_t kDoublings = 4;  ///< then it stays at eight seconds
constexpr int64_t kWaitMaxUs = 10'000'000;
constexpr int64_t kForgottenAfterUs = 300'000'000;
constexpr int kIpv6Network = 64;

}  // namespace

PasswordAttempts::Key::Key(const std::optional<IpAddress>& address, std::string role_name)
    : role{std::move(role_name)} {
  if (!address) return;
  const IpAddress counted = address->v6 ? masked(*address, kIpv6Network) : *address;
  network.assign(counted.bytes.begin(), counted.bytes.end());
  network.push_back(address->v6 ? '6' : '4');
}

int64_t PasswordAttempts::delay_us(const Entry& entry) {
  return kFirstDelayUs << std::min(entry.failures - 1, kDoublings);
}

PasswordAttempts::Entry* PasswordAttempts::find(const Key& key, int64_t now_us) {
  const auto at = entries_.find(key);
  if (at == entries_.end()) return nullptr;
  if (now_us - at->second.failed_us < kForgottenAfterUs) return &at->second;
  entries_.erase(at);
  return nullptr;
}

std::optional<int64_t> PasswordAttempts::enter(const Key& key, int64_t now_us) {
  Entry* const entry = find(key, now_us);
  if (entry == nullptr) return now_us;
  const int64_t turn_us = std::max(now_us, entry->next_us);
  if (turn_us - now_us > kWaitMaxUs) return std::nullopt;
  entry->next_us = turn_us + delay_us(*entry);
  return turn_us;
}

int64_t PasswordAttempts::failed(const Key& key, int64_t now_us) {
  Entry* entry = find(key, now_us);
  if (entry == nullptr) {
    make_room();
    entry = &entries_[key];
  }
  ++entry->failures;
  entry->failed_us = now_us;
  const int64_t told_us = now_us + delay_us(*entry);
  entry->next_us = std::max(entry->next_us, told_us);
  return told_us;
}

void PasswordAttempts::make_room() {
  if (entries_.size() < entries_max_) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.failed_us < b.second.failed_us;
  }));
}

void PasswordAttempts::check_invariants() const {
  TROUPE_CHECK(entries_.size() <= entries_max_);
  for (const auto& [key, entry] : entries_) TROUPE_CHECK(entry.failures > 0 && entry.next_us > entry.failed_us);
}

}  // namespace troupe
