#pragma once
/// The advisory locks of one session: how often it took each, and which of them go with its transaction.
/// A function that must wait cannot do so in the middle of an expression: it leaves its wish here, and the statement
/// waits before the rows computed so far go out.
/// Owner: one backend's transaction.
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "actors/node/services.hpp"
#include "actors/session/session_host.hpp"
#include "runtime/exec/task.hpp"
#include "storage/lock/advisory_lock.hpp"

namespace troupe {

/// Tells answers to these requests from those to others of the session.
inline constexpr uint64_t kAdvisoryRequest = uint64_t{1} << 62;

class SessionAdvisoryLocks {
 public:
  SessionAdvisoryLocks(NodeServices& services, SessionHost& host, int32_t session)
      : services_{services}, host_{host}, session_{session} {}

  /// Without waiting. Errors: 53200.
  absl::StatusOr<bool> try_lock(const AdvisoryLock& lock, AdvisoryScope scope);
  /// Taken at once if that is possible, else by take_wanted(). Errors: 53200.
  absl::Status want(const AdvisoryLock& lock, AdvisoryScope scope);
  bool holds(const AdvisoryLock& lock) const { return counts_.contains(lock); }
  bool has_wanted() const { return !wanted_.empty(); }
  /// Waits for what is wanted, one after the other. Errors: 55P03 after `timeout_ms` (0: none), 40P01, 57014.
  Task<absl::Status> take_wanted(uint32_t timeout_ms);
  /// One of those that go with the session. False: it has none.
  bool unlock(const AdvisoryLock& lock);
  void unlock_all();
  /// Whether the transaction holds keys of constraints.
  bool has_keys() const;

  /// Where a savepoint is among the transaction's locks.
  size_t mark() const { return of_transaction_.size(); }
  /// Lets go what the transaction took since.
  void rollback_to(size_t mark);
  /// A statement failed.
  void forget_wanted() { wanted_.clear(); }
  void end_transaction() {
    forget_wanted();
    rollback_to(0);
  }

  void on_granted(uint64_t request, const std::string& encoded_error);
  /// Ends a wait.
  void cancel(const absl::Status& status);
  void on_tick();

 private:
  struct Wish {
    AdvisoryLock lock;
    AdvisoryScope scope = AdvisoryScope::kSession;
  };
  struct Wait {
    AdvisoryLock lock;
    uint64_t request = 0;
    bool done = true;
    absl::Status status;
    ReplySignal signal;
  };
  struct Count {
    uint32_t session = 0, transaction = 0;
  };

  Task<absl::Status> wait_for(AdvisoryLock lock, uint32_t timeout_ms);
  void note(const AdvisoryLock& lock, AdvisoryScope scope);
  void release_if_unused(std::map<AdvisoryLock, Count>::iterator at);

  NodeServices& services_;
  SessionHost& host_;
  const int32_t session_;
  std::map<AdvisoryLock, Count> counts_;
  std::vector<AdvisoryLock> of_transaction_;  ///< in the order they were taken
  std::deque<Wish> wanted_;
  Wait wait_;
  uint64_t next_request_ = 0;
};

}  // namespace troupe
