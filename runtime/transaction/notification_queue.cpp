#include "runtime/transaction/notification_queue.hpp"

#include <vector>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// What one notification takes beside its texts, and its place in one inbox.
constexpr uint64_t kNotificationBytes = 160;
constexpr uint64_t kPlaceBytes = 32;

uint64_t bytes_of(const Notification& said) {
  return kNotificationBytes + said.channel.size() + said.payload.size();
}

}  // namespace

// --- what a transaction says ---

NotificationBatch::~NotificationBatch() { cut(0); }

absl::Status NotificationBatch::add(std::string_view channel, std::string_view payload) {
  if (known_.contains({channel, payload})) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(queue_.charge(kNotificationBytes + channel.size() + payload.size()));
  const Notification& said = said_.emplace_back(std::string(channel), std::string(payload));
  known_.emplace(said.channel, said.payload);
  return absl::OkStatus();
}

void NotificationBatch::cut(size_t size) {
  while (said_.size() > size) {
    const Notification& newest = said_.back();
    known_.erase({newest.channel, newest.payload});
    queue_.discharge(bytes_of(newest));
    said_.pop_back();
  }
}

// --- who listens ---

NotificationInbox::~NotificationInbox() {
  const std::lock_guard lock(queue_.mutex_);
  for (const std::string& channel : channels_) queue_.remove(*this, channel);
  queue_.discharge(waiting_.size() * kPlaceBytes);
}

absl::Status NotificationInbox::listen(const std::string& channel) {
  const std::lock_guard lock(queue_.mutex_);
  if (channels_.contains(channel)) return absl::OkStatus();
  if (queue_.listened_ >= queue_.channels_max_) {
    return with_hint(error(ErrorCode::kProgramLimitExceeded, "too many channels are listened to"),
                     cat("limits.channels_max is ", queue_.channels_max_, " for all sessions together."));
  }
  channels_.insert(channel);
  queue_.listeners_[{database_, channel}].emplace(process_id_, this);
  ++queue_.listened_;
  return absl::OkStatus();
}

void NotificationInbox::unlisten(const std::string& channel) {
  const std::lock_guard lock(queue_.mutex_);
  if (channels_.erase(channel) != 0) queue_.remove(*this, channel);
}

NotificationBatchPtr NotificationInbox::take() {
  if (!has_any()) return nullptr;
  const std::lock_guard lock(queue_.mutex_);
  NotificationBatchPtr oldest = std::move(waiting_.front());
  waiting_.pop_front();
  queue_.discharge(kPlaceBytes);
  ++taken_;
  if (waiting_.empty()) has_any_.store(false, std::memory_order_release);
  return oldest;
}

// --- from those to these ---

absl::Status NotificationQueue::charge(uint64_t bytes) {
  if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return absl::OkStatus();
  discharge(bytes);
  return full();
}

/// Says who keeps it full, as far as it is one who listens.
absl::Status NotificationQueue::full() const {
  const absl::Status status = with_hint(
      error(ErrorCode::kProgramLimitExceeded, "too many notifications in the NOTIFY queue"),
      cat("limits.notification_bytes_max is ", bytes_max_, "; sessions that LISTEN have to end their transactions and to "
          "read what they are sent."));
  const NotificationInbox* fullest = nullptr;
  const std::lock_guard lock(mutex_);
  for (const auto& [channel, listeners] : listeners_) {
    for (const auto& [process_id, inbox] : listeners) {
      if (fullest == nullptr || inbox->waiting_.size() > fullest->waiting_.size()) fullest = inbox;
    }
  }
  if (fullest == nullptr || fullest->waiting_.empty()) return status;
  return with_detail(status, cat("The session with PID ", fullest->process_id_, " is the one with most of them before it."));
}

void NotificationQueue::order(Scn scn, NotificationBatchPtr batch) {
  const std::lock_guard lock(mutex_);
  ordered_.emplace_back(scn, std::move(batch));
  has_ordered_.store(true, std::memory_order_release);
}

void NotificationQueue::deliver(Scn durable, NotificationBatchPtr last) {
  std::vector<std::function<void()>> wakes;
  std::vector<NotificationBatchPtr> delivered;  // let go of without the mutex
  {
    const std::lock_guard lock(mutex_);
    while (!ordered_.empty() && ordered_.front().first <= durable) {
      delivered.push_back(std::move(ordered_.front().second));
      ordered_.pop_front();
    }
    has_ordered_.store(!ordered_.empty(), std::memory_order_release);
    if (last != nullptr) delivered.push_back(std::move(last));
    for (const NotificationBatchPtr& batch : delivered) put(batch, wakes);
  }
  for (const auto& wake : wakes) wake();
}

void NotificationQueue::put(const NotificationBatchPtr& batch, std::vector<std::function<void()>>& wakes) {
  for (size_t i = 0; i < batch->size(); ++i) {
    const auto found = listeners_.find({batch->database(), (*batch)[i].channel});
    if (found == listeners_.end()) continue;
    for (const auto& [process_id, inbox] : found->second) {
      if (!inbox->waiting_.empty() && inbox->waiting_.back() == batch) continue;
      inbox->waiting_.push_back(batch);
      inbox->arrived_.fetch_add(1, std::memory_order_release);
      bytes_.fetch_add(kPlaceBytes, std::memory_order_relaxed);
      if (!inbox->has_any_.exchange(true, std::memory_order_acq_rel)) wakes.push_back(inbox->wake_);
    }
  }
}

/// Of a channel that the inbox listened to.
void NotificationQueue::remove(NotificationInbox& inbox, const std::string& channel) {
  const auto found = listeners_.find({inbox.database_, channel});
  found->second.erase(inbox.process_id_);
  if (found->second.empty()) listeners_.erase(found);
  --listened_;
}

size_t NotificationQueue::channels() const {
  const std::lock_guard lock(mutex_);
  return listened_;
}

}  // namespace troupe
