#include "actors/session/session_notifications.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "runtime/sql/scanner.hpp"

namespace troupe {
namespace {

/// PostgreSQL's: a notification fits a page of its queue.
constexpr size_t kPayloadBytesMax = 7'999;

absl::Status invalid(std::string_view what) { return error(ErrorCode::kInvalidParameterValue, what); }

}  // namespace

// --- what the transaction wants ---

absl::Status SessionNotifications::notify(std::string_view channel, std::string_view payload) {
  if (channel.empty()) return invalid("channel name cannot be empty");
  if (channel.size() > sql::kNameBytesMax) return invalid("channel name too long");
  if (payload.size() > kPayloadBytesMax) return invalid("payload string too long");
  if (said_ == nullptr) {
    said_ = std::make_shared<NotificationBatch>(services_.notifications,
                                                session_.database.load(std::memory_order_relaxed), session_.process_id);
  }
  return said_->add(channel, payload);
}

absl::Status SessionNotifications::listen(std::string_view channel) {
  const uint32_t channels_max = services_.config.channels_max;
  if (wishes_.size() >= channels_max) {
    return with_hint(error(ErrorCode::kProgramLimitExceeded, "too many LISTENs in one transaction"),
                     cat("limits.channels_max is ", channels_max, "."));
  }
  wishes_.push_back({What::kListen, std::string(channel)});
  return absl::OkStatus();
}

/// Nothing to be done for those who listen to nothing: a pool that resets its connections says it all the time.
void SessionNotifications::unlisten(std::string_view channel) {
  if (channels_.empty() && wishes_.empty()) return;
  wishes_.push_back({What::kUnlisten, std::string(channel)});
}

void SessionNotifications::unlisten_all() {
  if (channels_.empty() && wishes_.empty()) return;
  wishes_.push_back({What::kUnlistenAll, {}});
}

void SessionNotifications::rollback_to(const Mark& mark) {
  wishes_.resize(mark.wishes);
  if (said_ == nullptr) return;
  said_->cut(mark.said);
  if (mark.said == 0) said_ = nullptr;
}

// --- its end ---

absl::Status SessionNotifications::prepare() {
  for (const Wish& wish : wishes_) {
    if (wish.what != What::kListen || channels_.contains(wish.channel)) continue;
    if (inbox_ == nullptr) {
      inbox_ = std::make_unique<NotificationInbox>(services_.notifications,
                                                   session_.database.load(std::memory_order_relaxed),
                                                   session_.process_id, session_.tell.notified);
    }
    TROUPE_RETURN_IF_ERROR(inbox_->listen(wish.channel));
    in_doubt_.insert(wish.channel);
  }
  return absl::OkStatus();
}

NotificationBatchPtr SessionNotifications::take_said() { return std::exchange(said_, nullptr); }

void SessionNotifications::committed() {
  for (const Wish& wish : wishes_) make_true(wish);
}

void SessionNotifications::make_true(const Wish& wish) {
  switch (wish.what) {
    case What::kListen: channels_.try_emplace(wish.channel, next_channel_++); break;
    case What::kUnlisten:
      channels_.erase(wish.channel);
      in_doubt_.insert(wish.channel);
      break;
    case What::kUnlistenAll:
      for (const auto& [channel, number] : channels_) in_doubt_.insert(channel);
      channels_.clear();
  }
}

void SessionNotifications::end_transaction() {
  wishes_.clear();
  said_ = nullptr;
  if (inbox_ == nullptr) return;
  for (const std::string& channel : in_doubt_) {
    if (!channels_.contains(channel)) inbox_->unlisten(channel);
  }
  in_doubt_.clear();
  if (!channels_.empty()) return;
  inbox_ = nullptr;
  reading_ = nullptr;
}

std::vector<std::string> SessionNotifications::channels() const {
  std::vector<std::pair<uint64_t, std::string>> numbered;
  for (const auto& [channel, number] : channels_) numbered.emplace_back(number, channel);
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> names;
  for (auto& [number, channel] : numbered) names.push_back(std::move(channel));
  return names;
}

// --- what others said ---

bool SessionNotifications::has_waiting_of(uint64_t until) const {
  return reading_ != nullptr || (inbox_ != nullptr && inbox_->taken() < until && inbox_->has_any());
}

void SessionNotifications::write(BackendWriter& writer, size_t bytes_max, uint64_t until) {
  const size_t full = writer.pending().size() + bytes_max;
  while (has_waiting_of(until) && writer.pending().size() < full) {
    if (reading_ == nullptr) {
      reading_ = inbox_->take();
      next_ = 0;
    }
    while (next_ < reading_->size() && writer.pending().size() < full) {
      const Notification& said = (*reading_)[next_++];
      if (channels_.contains(said.channel)) {
        writer.notification_response(reading_->process_id(), said.channel, said.payload);
      }
    }
    if (next_ == reading_->size()) reading_ = nullptr;
  }
}

}  // namespace troupe
