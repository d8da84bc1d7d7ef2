#pragma once
/// A session's transaction with everything it holds in the node: snapshot, participants, table locks, changed catalog;
/// and how it ends.
/// Owner: one backend. commit() is a coroutine: it waits for the participants, then for the log.
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/node/commit_request.hpp"
#include "actors/node/services.hpp"
#include "actors/session/bulk_log.hpp"
#include "actors/session/session_advisory_locks.hpp"
#include "actors/session/session_data.hpp"
#include "actors/session/session_host.hpp"
#include "actors/session/session_notifications.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/transaction/exported_snapshots.hpp"
#include "runtime/transaction/prepared_transactions.hpp"
#include "runtime/transaction/table_gate.hpp"
#include "runtime/transaction/transaction.hpp"

namespace troupe {

class SessionTransaction {
 public:
  SessionTransaction(NodeServices& services, SessionHost& host, SessionData& data, SessionRecord& info);
  ~SessionTransaction();

  Transaction& state() { return state_; }
  const Transaction& state() const { return state_; }

  /// The snapshot of the statement that begins: the transaction's own, or a new one. Errors: 53300.
  /// `keep_older`: a suspended portal still needs the one taken before.
  absl::StatusOr<Scn> take_snapshot(bool keep_older = false);
  /// The next take_snapshot() answers this one, which is not older than one that is held.
  void choose_snapshot(Scn snapshot) { chosen_snapshot_ = snapshot; }
  /// The SCN of the last commit.
  Scn committed_at() const { return committed_at_; }
  /// READ COMMITTED: nothing is kept from being collected any more.
  void release_statement_snapshot();
  /// SERIALIZABLE: what it reads is kept for its commit. One that is READ ONLY is in no need of it: it sees what was
  /// committed up to its snapshot, as if it had run then.
  bool tracks_reads() const;
  /// A statement of such a one begins.
  void track_statement(std::string_view text);
  /// The transaction's id, given at its first write.
  TxnId ensure_id();

  /// From here on the catalog is that database's; false: there is none.
  bool enter_database(Oid database);
  /// The catalog as this transaction sees it.
  const CatalogPtr& catalog();
  /// Planning DDL starts from this catalog: its counters are oids and tree ids that nobody else will use.
  CatalogPtr catalog_for_ddl();
  /// What was planned takes the numbers from `first` up to `used`. False: those are more than there were, and now there
  /// are as many in a row: it is planned anew. Errors: kProgramLimitExceeded, no more are left.
  absl::StatusOr<bool> take_numbers(const CatalogCounters& first, const CatalogCounters& used);
  /// What a DDL statement did. Errors: a name that is taken.
  absl::Status change_catalog(const std::vector<CatalogChange>& changes, const CatalogCounters& counters);
  bool changes_catalog() const { return !definitions_.changes.empty(); }
  /// The tree was made by this transaction, so nobody else can see it. `news`: so was every row in it.
  void own_tree(TreeId tree, bool news);
  bool owns_tree(TreeId tree) const { return definitions_.own_trees.contains(tree); }
  bool holds_news(TreeId tree) const { return definitions_.news_trees.contains(tree); }
  /// A statement may have written into the tree; noted for own trees only.
  void note_write(TreeId tree);
  bool wrote(TreeId tree) const { return definitions_.written_trees.contains(tree); }
  /// These tables were emptied: what the transaction did to their rows before is no news any more.
  void truncated(const std::vector<CatalogChange>& changes);
  /// The commit drops the tree.
  void drop_tree(TreeId tree) { definitions_.dropped_trees.insert(tree); }
  /// It wrote rows past the log (bulk): a checkpoint has to hold them before the commit counts.
  void needs_checkpoint() { definitions_.needs_checkpoint = true; }
  bool wants_checkpoint() const { return definitions_.needs_checkpoint; }
  /// What it writes in bulk, for subscribers.
  BulkLog& bulk_log() { return bulk_log_; }
  /// Runs after the commit is durable (true) or the transaction was rolled back (false).
  void at_end(std::function<void(bool committed)> action) { at_end_.push_back(std::move(action)); }

  void set_lock_timeout(uint32_t ms) { lock_timeout_ms_ = ms; }
  /// A weak lock without waiting, if that is possible: the usual case.
  bool lock_table_at_once(const TableDef& table, TableLockMode mode);
  /// Locks are kept to the end. Errors: 55P03, 40P01, 57014 when it had to wait.
  Task<absl::Status> lock_table(const TableDef& table, TableLockMode mode, bool no_wait);
  SessionAdvisoryLocks& advisory_locks() { return advisory_locks_; }
  SessionNotifications& notifications() { return notifications_; }
  /// Waits for those that functions of the statement wanted. Errors: 55P03, 40P01, 57014.
  Task<absl::Status> take_advisory_locks();

  /// Waits until a new snapshot shows every commit that there has been.
  Task<absl::Status> wait_for_commits() { return wait_for_durable(services_.commits.assigned()); }

  /// Ends it: durable when OK. Not OK: rolled back, or (40003) unknown.
  Task<absl::Status> commit();
  // session_two_phase.cpp
  /// Whether it can be left to somebody's decision. Errors: 0A000.
  absl::Status check_preparable() const;
  /// PREPARE TRANSACTION: it is over here, and waits with its locks for COMMIT PREPARED. Not OK: rolled back, or (40003)
  /// unknown.
  Task<absl::Status> leave_prepared(PreparedTransactions::Claim claim, Oid owner, Oid database);
  /// COMMIT PREPARED and ROLLBACK PREPARED of another one.
  Task<absl::Status> finish_prepared(PreparedTransactions::Claim claim, bool commit);
  void rollback();
  /// Nothing was written or locked by it: its end needs nobody.
  bool only_read() const {
    return state_.id() == kNoTxn && doom_.ok() && !definitions_.needs_checkpoint && !notifications_.has_pending();
  }
  /// The commit of such a one.
  void end_reading() { release_everything(true); }
  /// A statement failed in a block: only its end may follow. What it holds is let go now, as PostgreSQL does, unless a
  /// savepoint could bring it back.
  void fail();
  absl::Status savepoint(std::string_view name);
  absl::Status release(std::string_view name);
  /// Writes, definitions, row locks and advisory locks are what they were; table locks stay.
  /// Answers the first command that never was.
  absl::StatusOr<CommandId> rollback_to(std::string_view name);

  // session_snapshots.cpp
  /// pg_export_snapshot(): a name for the snapshot, until the transaction ends. Errors: 25001 within a savepoint; 53300.
  absl::StatusOr<std::string> export_snapshot(Oid database);
  /// SET TRANSACTION SNAPSHOT. Errors: 25001, 0A000, 22023.
  absl::Status import_snapshot(std::string_view name, Oid database);

  /// It has used a temporary table, or made one.
  void touch_temporaries() { temporaries_touched_ = true; }
  bool temporaries_touched() const { return temporaries_touched_; }

  // Answers.
  void on_prepared(TxnId txn, PartitionId partition, FrameBytes redo, const std::string& error);
  void on_committed(TxnId txn, Scn scn, const std::string& error);
  void on_granted(uint64_t request, const std::string& error);
  void on_lost(LostPart part, uint32_t index, bool state_lost);
  void on_tick();
  /// Ends a wait for a lock.
  void cancel(const absl::Status& status);

  /// Not OK once a restarted actor took something with it that the transaction needs.
  const absl::Status& doom() const { return doom_; }

 private:
  absl::Status reserve_numbers(Oid oids, TreeId trees);
  /// What changed in the catalog, and the trees that go with it: what a savepoint brings back.
  struct Definitions {
    std::vector<CatalogChange> changes;
    std::set<TreeId> own_trees;
    std::set<TreeId> news_trees;     ///< of them, those whose rows nobody who follows the log knows
    std::set<TreeId> written_trees;  ///< of them, those with pending writes or rows in bulk
    std::set<TreeId> dropped_trees;
    std::map<Oid, std::set<TreeId>> former_trees;  ///< what tables had before this transaction gave them others
    std::set<Oid> truncated;
    std::set<TreeId> stale_trees;  ///< pending writes into them are no news
    bool needs_checkpoint = false;
  };
  struct Mark {
    std::string name;
    Definitions definitions;
    size_t at_end;
    size_t advisory_locks;
    SessionNotifications::Mark notifications;
  };
  /// What participants are asked for before the end: changes of the partitions, or locks of the lock shards.
  enum class Preparing : uint8_t { kRedo, kLocks };
  struct Answers {
    uint64_t waiting = 0;  ///< participants that have not answered
    Preparing what = Preparing::kRedo;
    std::vector<std::pair<PartitionId, FrameBytes>> answers;  ///< of redo: pieces (redo_piece.hpp)
    std::array<uint32_t, kPartitionsMax> pieces{};            ///< of each participant's redo that have come
    absl::Status status;
    ReplySignal signal;
  };
  struct LockWait {
    uint64_t request = 0;
    absl::Status status;
    bool done = false;
    ReplySignal signal;
  };

  Task<absl::Status> prepare(Preparing what);
  void ask_to_prepare(PartitionId partition);
  Task<absl::Status> log_commit();
  Task<absl::Status> send_to_log(CommitRequestPtr request);
  std::vector<HeldTableLock> weak_table_locks();
  void forget_snapshots();
  Task<absl::Status> log_preparation(PreparedTransactions::Claim claim, Oid owner, Oid database);
  void hand_over(CommitRequestPtr request);
  absl::Status commit_outcome();
  void tell_those_who_listen();
  Task<absl::Status> validate_reads();
  std::shared_ptr<SerializableCommit> take_reads();
  absl::Status report(const absl::Status& status, const ReadConflict& conflict);
  bool makes_room(uint64_t bytes) const;
  Task<absl::Status> wait_for_log(uint64_t bytes);
  const FrameFiles* files_for(std::span<const std::string_view> redo) const;
  Task<absl::Status> wait_for_durable(Scn scn);
  Task<absl::Status> pause(int64_t* us);
  std::string drop_changes();
  std::string news_changes();
  const CatalogPtr& newest_catalog();
  void note_former_tree(const Catalog& base, const CatalogChange& change);
  std::string counters_change() const;
  void release_everything(bool committed);
  void release_holdings();
  void abandon_trees(const std::set<TreeId>& kept);
  absl::Status see_changes(const CatalogPtr& base, const CatalogCounters& counters);
  std::vector<Mark>::iterator find_mark(std::string_view name);
  void discard_participants();

  NodeServices& services_;
  SessionHost& host_;
  SessionData& data_;
  SessionRecord& info_;
  Transaction state_;
  SnapshotRegistry::Slot slot_;
  SnapshotRegistry::Slot serializable_slot_;  ///< taken with the first SERIALIZABLE transaction
  std::vector<TableGate::Hold> gates_;
  bool temporaries_touched_ = false;
  std::vector<std::pair<std::string, ExportedSnapshotPtr>> exported_;
  ExportedSnapshotPtr imported_;

  PublishedView<Catalog> published_;
  Oid database_ = kNoOid;
  CatalogPtr whole_catalog_;     ///< of which
  CatalogPtr database_catalog_;  ///< this is the view
  CatalogPtr own_catalog_;
  uint64_t own_catalog_base_ = 0;
  CatalogCounters free_;      ///< the next oid and tree id of those that this session took from the node's counters,
  CatalogCounters free_end_;  ///< and where they end
  bool reserved_for_plan_ = false;  ///< what is planned next needs them all
  Definitions definitions_;
  std::vector<Mark> marks_;
  BulkLog bulk_log_;
  std::vector<std::function<void(bool)>> at_end_;

  Answers preparation_;
  SessionAdvisoryLocks advisory_locks_;
  SessionNotifications notifications_;
  LockWait lock_wait_;
  uint64_t next_lock_request_ = 1;
  uint32_t lock_timeout_ms_ = 0;
  CommitRequestPtr committing_;
  absl::Status commit_status_;
  bool commit_answered_ = false;
  Scn committed_at_ = kNoScn;
  Scn chosen_snapshot_ = kNoScn;
  ReplySignal commit_signal_;
  ReplySignal pause_over_;
  bool pausing_ = false;
  absl::Status doom_;
  uint64_t rolled_back_ = 0;  ///< participants that were told to take writes back
};

}  // namespace troupe
