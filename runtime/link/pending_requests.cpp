#include "runtime/link/pending_requests.hpp"

#include "storage/base/check.hpp"

namespace troupe {

uint64_t PendingRequests::add(Request request) {
  const uint64_t correlation = ++last_correlation_;
  by_due_.emplace(request.due_ms, correlation);
  requests_.emplace(correlation, std::move(request));
  return correlation;
}

std::optional<PendingRequests::Request> PendingRequests::take(uint64_t correlation) {
  const auto found = requests_.find(correlation);
  if (found == requests_.end()) return std::nullopt;
  Request request = std::move(found->second);
  by_due_.erase({request.due_ms, correlation});
  requests_.erase(found);
  return request;
}

std::vector<PendingRequests::Request> PendingRequests::take_overdue(int64_t now_ms) {
  std::vector<Request> overdue;
  while (!by_due_.empty() && by_due_.begin()->first <= now_ms) {
    overdue.push_back(*take(by_due_.begin()->second));
  }
  return overdue;
}

std::vector<PendingRequests::Request> PendingRequests::take_all() {
  std::vector<Request> all;
  for (auto& [correlation, request] : requests_) all.push_back(std::move(request));
  requests_.clear();
  by_due_.clear();
  return all;
}

std::optional<int64_t> PendingRequests::next_due_ms() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

void PendingRequests::check_invariants() const {
  TROUPE_CHECK(requests_.size() == by_due_.size());
  for (const auto& [due_ms, correlation] : by_due_) {
    const auto found = requests_.find(correlation);
    TROUPE_CHECK(found != requests_.end() && found->second.due_ms == due_ms);
  }
}

}  // namespace troupe
