#include "runtime/transaction/subscription_boards.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace troupe {

SubscriptionBoards& SubscriptionBoards::of_node(const void* services) {
  static std::mutex mutex;
  static auto& all = *new std::map<const void*, std::unique_ptr<SubscriptionBoards>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<SubscriptionBoards>& boards = all[services];
  if (boards == nullptr) boards = std::make_unique<SubscriptionBoards>();
  return *boards;
}

void SubscriptionBoards::changed() {
  const std::lock_guard lock(mutex_);
  ++changes_;
}

uint64_t SubscriptionBoards::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void SubscriptionBoards::list(std::vector<ListedSubscription> subscriptions, uint64_t changes) {
  const std::lock_guard lock(mutex_);
  listed_ = std::move(subscriptions);
  listed_as_of_ = changes;
  std::erase_if(boards_, [this](const auto& entry) {
    const auto listed = std::find_if(listed_.begin(), listed_.end(),
                                     [&](const ListedSubscription& known) { return known.oid == entry.first; });
    return listed == listed_.end() && !entry.second.end && entry.second.holds == 0;
  });
}

std::vector<ListedSubscription> SubscriptionBoards::listed() const {
  const std::lock_guard lock(mutex_);
  return listed_;
}

uint64_t SubscriptionBoards::listed_as_of() const {
  const std::lock_guard lock(mutex_);
  return listed_as_of_;
}

bool SubscriptionBoards::enter(Oid subscription, int32_t pid, std::function<void()> end) {
  const std::lock_guard lock(mutex_);
  Board& board = boards_[subscription];
  if (board.end || board.holds > 0) return false;
  board.end = std::move(end);
  board.progress.pid = pid;
  board.progress.received = board.progress.applied = kNoLsn;
  board.progress.sent_us = board.progress.received_us = board.progress.applied_us = 0;
  return true;
}

void SubscriptionBoards::leave(Oid subscription) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Board& board = boards_[subscription];
    board.end = nullptr;
    board.progress.pid = 0;
    waiting = std::exchange(board.waiting, {});
  }
  for (const auto& tell : waiting) tell();
}

void SubscriptionBoards::advance(Oid subscription, const std::function<void(SubscriptionProgress&)>& change) {
  const std::lock_guard lock(mutex_);
  change(boards_[subscription].progress);
}

void SubscriptionBoards::fail(Oid subscription, std::string error, bool copying) {
  const std::lock_guard lock(mutex_);
  SubscriptionProgress& progress = boards_[subscription].progress;
  ++(copying ? progress.copy_errors : progress.apply_errors);
  progress.error = std::move(error);
}

bool SubscriptionBoards::applied(Oid subscription) const {
  const std::lock_guard lock(mutex_);
  const auto found = boards_.find(subscription);
  return found != boards_.end() && (found->second.end || found->second.holds > 0);
}

bool SubscriptionBoards::hold(Oid subscription, std::function<void()> tell) {
  std::function<void()> end;
  {
    const std::lock_guard lock(mutex_);
    Board& board = boards_[subscription];
    ++board.holds;
    if (!board.end) return true;
    board.waiting.push_back(std::move(tell));
    end = board.end;
  }
  end();
  return false;
}

void SubscriptionBoards::release(Oid subscription) {
  const std::lock_guard lock(mutex_);
  Board& board = boards_[subscription];
  if (board.holds > 0) --board.holds;
}

SubscriptionProgress SubscriptionBoards::progress(Oid subscription) const {
  const std::lock_guard lock(mutex_);
  const auto found = boards_.find(subscription);
  return found == boards_.end() ? SubscriptionProgress() : found->second.progress;
}

}  // namespace troupe
