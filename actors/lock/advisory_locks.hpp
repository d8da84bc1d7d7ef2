#pragma once
/// The advisory locks of all sessions. Any thread may call it, and nobody waits in here: a session that has to wait is
/// told (SessionSignals::granted) when its turn has come.
/// Invariant: the holders of a key are compatible; waiters are served first in, first out.
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "actors/session/session_list.hpp"
#include "storage/base/error.hpp"
#include "storage/lock/advisory_lock.hpp"
#include "storage/lock/lock_queue.hpp"

namespace troupe {

class AdvisoryLocks {
 public:
  /// What pg_locks shows.
  struct Row {
    AdvisoryLock lock;
    int32_t session = 0;
    bool granted = true;
  };

  AdvisoryLocks(const SessionList& sessions, uint32_t keys_max) : sessions_{sessions}, keys_max_{keys_max} {}

  /// Whether the session has it now. If not, and there is a ticket, the session waits and is told by it.
  /// Errors: 53200 when limits.advisory_locks_max keys are locked.
  absl::StatusOr<bool> acquire(int32_t session, const AdvisoryLock& lock, std::optional<uint64_t> ticket);
  void release(int32_t session, const AdvisoryLock& lock);
  /// Ends a wait, also when the lock was granted and the session not told yet.
  void cancel_wait(int32_t session, const AdvisoryLock& lock);
  /// Ends the wait of a session from outside: it is told the (encoded) error.
  void refuse(int32_t session, const std::string& encoded_error);
  /// The session is over.
  void release_session(int32_t session);

  /// (waiter, blocker), both sessions.
  std::vector<std::pair<int32_t, int32_t>> waits() const;
  std::vector<Row> rows() const;
  size_t size() const;

 private:
  using Queue = LockQueue<AdvisoryMode, &advisory_locks_conflict>;
  using Queues = absl::btree_map<AdvisoryKey, Queue>;

  static TxnId id_of(int32_t session) { return static_cast<TxnId>(session); }
  /// Forgets what nobody holds or waits for.
  void settle(int32_t session, const AdvisoryKey& key);
  void tell(const std::vector<LockGrant>& grants, const std::string& encoded_error) const;

  const SessionList& sessions_;
  const uint32_t keys_max_;
  mutable std::mutex mutex_;
  Queues queues_;
  absl::btree_set<std::pair<int32_t, AdvisoryKey>> by_session_;  ///< what each holds or waits for
};

}  // namespace troupe
