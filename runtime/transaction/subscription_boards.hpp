#pragma once
/// Who applies which subscription of a node, how far they are, and what keeps them from it: told by those who apply to
/// those who start, stop and show them. Safe from any thread.
/// Invariant: a subscription is applied by one worker at most, and by none while somebody holds it.
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/transaction/lsn.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

/// A subscription as the newest look at pg_subscription found it.
struct ListedSubscription {
  Oid oid = 0;
  Oid database = 0;
  Oid owner = 0;
  std::string name;
  bool enabled = false;
};

/// What pg_stat_subscription and pg_stat_subscription_stats show of one.
struct SubscriptionProgress {
  int32_t pid = 0;  ///< of its worker; 0: there is none
  Lsn received = kNoLsn;
  int64_t sent_us = 0, received_us = 0;  ///< of the newest message
  Lsn applied = kNoLsn;                  ///< and told the publisher
  int64_t applied_us = 0;
  uint64_t apply_errors = 0, copy_errors = 0;
  std::string error;  ///< of the last failure
};

class SubscriptionBoards {
 public:
  /// Those of the node whose services these are.
  static SubscriptionBoards& of_node(const void* services);

  // Definitions.
  /// What is in pg_subscription has changed, and is committed.
  void changed();
  uint64_t changes() const;
  /// The rows of pg_subscription, looked at after `changes`.
  void list(std::vector<ListedSubscription> subscriptions, uint64_t changes);
  std::vector<ListedSubscription> listed() const;
  /// Of which change.
  uint64_t listed_as_of() const;

  // Workers.
  /// `end` is called, from any thread, when the worker is to go. False: there is another one, or somebody holds it.
  bool enter(Oid subscription, int32_t pid, std::function<void()> end);
  void leave(Oid subscription);
  void advance(Oid subscription, const std::function<void(SubscriptionProgress&)>& change);
  void fail(Oid subscription, std::string error, bool copying);
  bool applied(Oid subscription) const;

  // Those who change a subscription.
  /// No worker enters, and the one that there is is told to go; `tell` is called once when it has gone, from any
  /// thread. True: there is none.
  bool hold(Oid subscription, std::function<void()> tell);
  void release(Oid subscription);

  SubscriptionProgress progress(Oid subscription) const;

 private:
  struct Board {
    SubscriptionProgress progress;
    std::function<void()> end;  ///< of the worker that is there
    uint32_t holds = 0;
    std::vector<std::function<void()>> waiting;  ///< for it to go
  };

  mutable std::mutex mutex_;
  uint64_t changes_ = 1;
  uint64_t listed_as_of_ = 0;
  std::vector<ListedSubscription> listed_;
  std::map<Oid, Board> boards_;
};

}  // namespace troupe
