#pragma once
/// Every client session as others see it: pg_stat_activity, cancel requests, and what has to be cleaned up when a
/// session dies in the middle of a transaction.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/security/secret_source.hpp"
#include "runtime/security/tls_facts.hpp"
#include "runtime/transaction/table_gate.hpp"
#include "runtime/types/interrupt.hpp"
#include "storage/base/ids.hpp"
#include "storage/catalog/names.hpp"

namespace troupe {

enum class SessionState : uint8_t { kIdle, kActive, kIdleInTransaction, kIdleInFailedTransaction };

/// What others tell a session, from any thread.
struct SessionSignals {
  /// Ends the statement.
  std::function<void(std::string encoded_error)> cancel;
  /// Ends the session.
  std::function<void(std::string encoded_error)> end;
  /// A part of the node was restarted: LostPart, which one, its incarnation, whether its state is lost.
  std::function<void(uint8_t part, uint32_t index, uint64_t incarnation, bool state_lost)> lost;
  std::function<void()> tick;
  /// Something came into the inbox of its notifications, which was empty.
  std::function<void()> notified;
  /// A lock that it waits for: which request, and an encoded error if it is not to have it.
  std::function<void(uint64_t request, std::string encoded_error)> granted;
  /// Gets through to a statement that keeps its cell busy; cancel() and end() raise it too.
  std::shared_ptr<Interrupt> interrupt = std::make_shared<Interrupt>();
};

struct SessionRecord {
  explicit SessionRecord(SessionSignals how) : tell{std::move(how)} {}

  const SessionSignals tell;
  int32_t process_id = 0;  ///< what PostgreSQL calls the backend's pid
  int32_t secret_key = 0;
  int64_t started_us = 0;
  std::atomic<TxnId> txn{kNoTxn};
  std::atomic<uint64_t> participants{0};
  std::atomic<Oid> database{kNoOid};  ///< set by SessionList::enter()
  WeakLockList weak_locks;
  std::atomic<SessionState> state{SessionState::kIdle};
  std::atomic<int64_t> state_changed_us{0};
  std::atomic<int64_t> transaction_us{0};
  std::atomic<int64_t> query_us{0};
  /// Of its pipeline, until the Sync.
  std::atomic<uint32_t> statements_in_flight{0};
  /// Changes sent to its subscription and not yet taken by its socket.
  std::atomic<uint64_t> stream_bytes{0};
  /// Of a SERIALIZABLE transaction, when its last statement began.
  std::atomic<uint64_t> read_ranges{0};
  /// Sorts, hash tables and materialised rows of its statements.
  std::atomic<uint64_t> memory_bytes{0};

  struct Text {
    std::string user;
    std::string database;
    std::string application_name;
    std::string client_address;
    int client_port = -1;
    std::optional<TlsFacts> tls;
    std::string query;  ///< the running or last statement, cut to 1,024 bytes
  };
  Text text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  template <typename Edit>
  void edit(Edit edit) {
    const std::lock_guard lock(mutex_);
    edit(text_);
  }
  /// See SessionList::want_ticks().
  std::atomic<bool> wants_ticks{false};

 private:
  mutable std::mutex mutex_;
  Text text_;
};
using SessionRecordPtr = std::shared_ptr<SessionRecord>;

class SessionList {
 public:
  explicit SessionList(SecretSource secrets) : secrets_{std::move(secrets)} {}

  /// Others see it at once, so it comes with all that they may tell it.
  SessionRecordPtr add(int64_t now_us, SessionSignals signals);
  void remove(int32_t process_id);
  SessionRecordPtr find(int32_t process_id) const;
  std::vector<SessionRecordPtr> list() const;
  size_t size() const;
  /// Those that have entered a database.
  size_t logged_in() const;
  /// Of those that have not yet, the one that came first; null: there is none.
  SessionRecordPtr oldest_stranger() const;

  /// The session is in the database from here on, unless that is closed.
  bool enter(SessionRecord& session, Oid database);
  /// Sessions in the database, `except` aside.
  std::vector<SessionRecordPtr> in_database(Oid database, int32_t except) const;
  /// Nobody enters the database any more; false when others than `except` are in it: then nothing changes, or,
  /// `at_once`, nobody enters all the same.
  bool close(Oid database, int32_t except, bool at_once);
  void open(Oid database);

  /// Whether some timeout of the session may run. Cheap when nothing changes; thousands of others do not matter.
  void want_ticks(const SessionRecordPtr& session, bool wanted);
  std::vector<SessionRecordPtr> ticking() const;
  /// True while some session has this transaction open.
  bool is_open(TxnId txn) const;

 private:
  mutable std::mutex mutex_;
  const SecretSource secrets_;
  int32_t next_process_id_ = 1000;
  std::map<int32_t, SessionRecordPtr> sessions_;
  std::map<int32_t, SessionRecordPtr> ticking_;
  std::set<Oid> closed_;
};

}  // namespace troupe
