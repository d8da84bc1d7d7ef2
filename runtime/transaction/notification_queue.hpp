#pragma once
/// What NOTIFY says, on its way to the sessions that LISTEN: shared by all of them, any thread may call it.
/// A commit that notifies takes its place in the order of SCNs, and reaches the inboxes when it is durable; a commit that
/// does not notify meets nothing of this, and nobody waits in here.
/// Invariant: every inbox gets what it gets in the order of commits.
/// Bounds: texts count until the last inbox has let go of them. When there are more bytes of them than may be, who says
/// more is refused: neither those who listen nor those who said something before lose anything.
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

class NotificationQueue;

struct Notification {
  std::string channel;
  std::string payload;
};

/// What one transaction says, in the order it was said. Owner: its session, until it is handed over; then nobody changes it.
class NotificationBatch {
 public:
  NotificationBatch(NotificationQueue& queue, Oid database, int32_t process_id)
      : queue_{queue}, database_{database}, process_id_{process_id} {}
  ~NotificationBatch();
  NotificationBatch(const NotificationBatch&) = delete;
  NotificationBatch& operator=(const NotificationBatch&) = delete;

  /// What was said before is not said again. Errors: 54000 when the queue is full.
  absl::Status add(std::string_view channel, std::string_view payload);
  /// Only the first `size` of them were said.
  void cut(size_t size);

  size_t size() const { return said_.size(); }
  const Notification& operator[](size_t i) const { return said_[i]; }
  Oid database() const { return database_; }
  int32_t process_id() const { return process_id_; }

 private:
  NotificationQueue& queue_;
  const Oid database_;
  const int32_t process_id_;
  std::deque<Notification> said_;  // whose texts stay where they are
  std::set<std::pair<std::string_view, std::string_view>> known_;
};
using NotificationBatchPtr = std::shared_ptr<const NotificationBatch>;

/// What waits for one session that listens. Owner: that session, but for what the queue puts in.
class NotificationInbox {
 public:
  /// `wake` is called, from any thread, when something waits that did not before.
  NotificationInbox(NotificationQueue& queue, Oid database, int32_t process_id, std::function<void()> wake)
      : queue_{queue}, database_{database}, process_id_{process_id}, wake_{std::move(wake)} {}
  ~NotificationInbox();
  NotificationInbox(const NotificationInbox&) = delete;
  NotificationInbox& operator=(const NotificationInbox&) = delete;

  /// Errors: 54000 when all sessions together listen to limits.channels_max.
  absl::Status listen(const std::string& channel);
  void unlisten(const std::string& channel);

  bool has_any() const { return has_any_.load(std::memory_order_acquire); }
  /// The oldest one; null when there is none. It may hold what is for others only.
  NotificationBatchPtr take();
  /// How many have come so far, and how many of them were taken.
  uint64_t arrived() const { return arrived_.load(std::memory_order_acquire); }
  uint64_t taken() const { return taken_; }

 private:
  friend class NotificationQueue;

  NotificationQueue& queue_;
  const Oid database_;
  const int32_t process_id_;
  const std::function<void()> wake_;
  std::set<std::string> channels_;
  std::deque<NotificationBatchPtr> waiting_;  ///< the queue's mutex guards it
  std::atomic<bool> has_any_{false};
  std::atomic<uint64_t> arrived_{0};
  uint64_t taken_ = 0;
};

class NotificationQueue {
 public:
  NotificationQueue(uint64_t bytes_max, uint32_t channels_max) : bytes_max_{bytes_max}, channels_max_{channels_max} {}

  /// The commit has its SCN; called in the order of SCNs.
  void order(Scn scn, NotificationBatchPtr batch);
  /// Into the inboxes, whatever commits up to `durable` have said; then `last` (or null), of a transaction that has just
  /// ended and changed nothing but had seen them.
  void deliver(Scn durable, NotificationBatchPtr last = nullptr);
  /// Commits are on their way that have something to say.
  bool has_ordered() const { return has_ordered_.load(std::memory_order_acquire); }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }
  size_t channels() const;

 private:
  friend class NotificationBatch;
  friend class NotificationInbox;
  using Listeners = std::map<int32_t, NotificationInbox*>;

  absl::Status charge(uint64_t bytes);
  void discharge(uint64_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  absl::Status full() const;
  void put(const NotificationBatchPtr& batch, std::vector<std::function<void()>>& wakes);
  void remove(NotificationInbox& inbox, const std::string& channel);

  const uint64_t bytes_max_;
  const uint32_t channels_max_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<bool> has_ordered_{false};
  mutable std::mutex mutex_;
  std::deque<std::pair<Scn, NotificationBatchPtr>> ordered_;
  std::map<std::pair<Oid, std::string>, Listeners> listeners_;  ///< by database and channel
  size_t listened_ = 0;  ///< channels, once for each who listens
};

}  // namespace troupe
