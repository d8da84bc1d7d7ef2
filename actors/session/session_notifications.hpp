#pragma once
/// LISTEN and NOTIFY of one session: what its transaction has said and wants to hear, which counts when it commits, and
/// what others have said to it, which its client is told between transactions.
/// Owner: one backend's transaction.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/node/services.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "runtime/transaction/notification_queue.hpp"

namespace troupe {

class SessionNotifications {
 public:
  /// Where a savepoint is among the transaction's wishes.
  struct Mark {
    size_t wishes = 0;
    size_t said = 0;
  };

  SessionNotifications(NodeServices& services, const SessionRecord& session)
      : services_{services}, session_{session} {}

  /// Errors: 22023 for a name or a payload that is too long, 54000 when the queue is full.
  absl::Status notify(std::string_view channel, std::string_view payload);
  /// Errors: 54000 for more of them in one transaction than there may be channels.
  absl::Status listen(std::string_view channel);
  void unlisten(std::string_view channel);
  void unlisten_all();

  bool has_pending() const { return !wishes_.empty() || said_ != nullptr; }
  Mark mark() const { return {wishes_.size(), said_ == nullptr ? 0 : said_->size()}; }
  void rollback_to(const Mark& mark);

  /// Before the commit: from here on it hears what it is to listen to. Errors: 54000; the commit has to fail.
  absl::Status prepare();
  /// What the commit says; null: nothing. The caller's from here on.
  NotificationBatchPtr take_said();
  /// The commit is durable: its wishes have come true.
  void committed();
  /// Commit and rollback: nothing is left of the transaction.
  void end_transaction();

  /// What it listens to, oldest first.
  std::vector<std::string> channels() const;

  // For the client.
  bool has_waiting() const { return reading_ != nullptr || (inbox_ != nullptr && inbox_->has_any()); }
  /// Tells the client some of what waits, no more than about `bytes_max` and none that came after `until`.
  void write(BackendWriter& writer, size_t bytes_max, uint64_t until = UINT64_MAX);
  /// Whether something waits that had come when `arrived()` was so much.
  bool has_waiting_of(uint64_t until) const;
  uint64_t arrived() const { return inbox_ == nullptr ? 0 : inbox_->arrived(); }

 private:
  enum class What : uint8_t { kListen, kUnlisten, kUnlistenAll };
  struct Wish {
    What what{};
    std::string channel;
  };

  void make_true(const Wish& wish);

  NodeServices& services_;
  const SessionRecord& session_;
  std::vector<Wish> wishes_;
  std::shared_ptr<NotificationBatch> said_;
  std::map<std::string, uint64_t, std::less<>> channels_;  ///< with a number that tells which one is older
  uint64_t next_channel_ = 0;
  /// Channels on which the inbox may hear what it is to hear no longer, or not yet.
  std::set<std::string> in_doubt_;
  std::unique_ptr<NotificationInbox> inbox_;
  NotificationBatchPtr reading_;  ///< the client was told part of it
  size_t next_ = 0;               ///< of reading_
};

}  // namespace troupe
