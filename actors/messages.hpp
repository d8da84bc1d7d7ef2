#pragma once
/// What actors of a node say to each other: one typed interface per kind of actor, a comment per message. Answers go to
/// the sender as one-way messages with the request's number, because that is the cheapest form CAF has (caf.md).
#include <memory>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "runtime/cell/frame_message.hpp"
#include "runtime/exec/data_access.hpp"
#include "schemas/log_generated.h"
#include "storage/base/ids.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/lock/row_lock.hpp"

namespace troupe {

using read_atom = caf::atom_constant<caf::atom("read")>;
using readdone_atom = caf::atom_constant<caf::atom("readdone")>;
using write_atom = caf::atom_constant<caf::atom("write")>;
using written_atom = caf::atom_constant<caf::atom("written")>;
using prepare_atom = caf::atom_constant<caf::atom("prepare")>;
using prepared_atom = caf::atom_constant<caf::atom("prepared")>;
using commit_atom = caf::atom_constant<caf::atom("commit")>;
using committed_atom = caf::atom_constant<caf::atom("committed")>;
using apply_atom = caf::atom_constant<caf::atom("apply")>;
using discard_atom = caf::atom_constant<caf::atom("discard")>;
using rollback_atom = caf::atom_constant<caf::atom("rollback")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using abort_atom = caf::atom_constant<caf::atom("abort")>;
using table_atom = caf::atom_constant<caf::atom("table")>;
using granted_atom = caf::atom_constant<caf::atom("granted")>;
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using turn_atom = caf::atom_constant<caf::atom("turn")>;
using lost_atom = caf::atom_constant<caf::atom("lost")>;
using rejoin_atom = caf::atom_constant<caf::atom("rejoin")>;
using append_atom = caf::atom_constant<caf::atom("append")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using durable_atom = caf::atom_constant<caf::atom("durable")>;
using page_atom = caf::atom_constant<caf::atom("page")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using checkpt_atom = caf::atom_constant<caf::atom("checkpt")>;
using ckptdone_atom = caf::atom_constant<caf::atom("ckptdone")>;
using waits_atom = caf::atom_constant<caf::atom("waits")>;
using set_atom = caf::atom_constant<caf::atom("set")>;
using next_atom = caf::atom_constant<caf::atom("next")>;

using CommitFrame = Frame<schema::Commit>;

/// One transaction on its way through the transaction manager, the log and the partitions. The session builds it; the
/// manager alone sets the SCN in the frames, before anybody else reads them.
struct CommitRequest {
  TxnId txn = kNoTxn;
  /// Bit i: partition i has something to apply or locks to release.
  uint64_t participants = 0;
  /// Log records; the last one makes it a commit.
  std::vector<CommitFrame> records;
  /// DDL: what changes in the catalog.
  std::vector<CatalogChange> catalog_changes;
  CatalogCounters counters;
  bool changes_catalog = false;
  /// Who is told once it is durable.
  caf::strong_actor_ptr waiter;
  Scn scn = kNoScn;
};
using CommitRequestPtr = std::shared_ptr<CommitRequest>;

enum class LostKind : uint8_t { kPartition, kLockShard, kTransactionManager, kLogWriter };

using SessionActor = caf::typed_actor<
    caf::reacts_to<readdone_atom, ReadResultFrame>,
    caf::reacts_to<written_atom, WriteResultFrame>,
    // One participant's redo (packed changes), or an encoded error.
    caf::reacts_to<prepared_atom, TxnId, PartitionId, FrameBytes, std::string>,
    // The transaction is durable under this SCN; or, with an encoded error, it did not happen.
    caf::reacts_to<committed_atom, TxnId, Scn, std::string>,
    // A table or advisory lock request ended; empty or an encoded error.
    caf::reacts_to<granted_atom, uint64_t, std::string>,
    // A sequence's next values: request, first value, how many; or an encoded error.
    caf::reacts_to<next_atom, uint64_t, int64_t, uint32_t, std::string>,
    // Ends the running statement, if there is one: encoded error.
    caf::reacts_to<cancel_atom, std::string>,
    // Ends the session: encoded error.
    caf::reacts_to<end_atom, std::string>,
    // To itself: others had their turn.
    caf::reacts_to<turn_atom>,
    // A part of the node was restarted; requests sent to an older incarnation get no answer.
    caf::reacts_to<lost_atom, uint8_t, uint32_t, uint64_t>>;

using PartitionActor = caf::typed_actor<
    caf::reacts_to<read_atom, ReadFrame>,
    // From the lock shard, which has locked the keys; the answer goes to the session.
    caf::reacts_to<write_atom, WriteFrame, caf::strong_actor_ptr>,
    caf::reacts_to<prepare_atom, TxnId>,
    // A commit in SCN order, and the SCN of the one that this partition was sent before it.
    caf::reacts_to<apply_atom, CommitRequestPtr, Scn>,
    // Forget the transaction's writes and release its locks.
    caf::reacts_to<discard_atom, TxnId>,
    // Savepoint: forget writes of this command id and later.
    caf::reacts_to<rollback_atom, TxnId, CommandId>,
    // A page that an operation waited for was read.
    caf::reacts_to<page_atom, uint64_t>,
    // Begin a checkpoint that covers everything up to the SCN.
    caf::reacts_to<checkpt_atom, Scn>,
    caf::reacts_to<ckptdone_atom>,
    // To itself: more of a sliced operation, and of garbage collection.
    caf::reacts_to<turn_atom>,
    caf::reacts_to<tick_atom>,
    // To itself: after a restart, ask the transaction manager for what was missed.
    caf::reacts_to<rejoin_atom>>;

using LockShardActor = caf::typed_actor<
    // Locks the frame's keys, then forwards it to the partition.
    caf::reacts_to<write_atom, WriteFrame>,
    // Request number, transaction, table oid, mode: answers with granted.
    caf::reacts_to<table_atom, uint64_t, TxnId, Oid, uint8_t, uint8_t>,
    // Idempotent.
    caf::reacts_to<release_atom, TxnId>,
    // The transaction no longer waits: its statement was cancelled. Encoded error for the waiting request.
    caf::reacts_to<cancel_atom, TxnId, std::string>,
    // The deadlock detector wants (waiter, blocker) pairs.
    caf::reacts_to<waits_atom>,
    caf::reacts_to<tick_atom>>;

using TransactionManagerActor = caf::typed_actor<
    caf::reacts_to<commit_atom, CommitRequestPtr>,
    // A session ended with this transaction open: roll it back at the participants, unless it is committed already.
    caf::reacts_to<abort_atom, TxnId, uint64_t>,
    // A restarted partition has applied everything up to the SCN and wants the rest.
    caf::reacts_to<rejoin_atom, PartitionId, Scn>,
    // A restarted log writer has appended everything up to the SCN and wants the rest.
    caf::reacts_to<append_atom, Scn>,
    caf::reacts_to<checkpt_atom>,
    caf::reacts_to<tick_atom>>;

using SequenceActor = caf::typed_actor<
    // Request number, sequence, how many values: answers the session with next.
    caf::reacts_to<next_atom, uint64_t, Oid, uint32_t>,
    // setval: request number, sequence, value, is_called.
    caf::reacts_to<set_atom, uint64_t, Oid, int64_t, bool>,
    // The sequence is dropped.
    caf::reacts_to<release_atom, Oid>,
    // The log record that lets values be given out is durable.
    caf::reacts_to<committed_atom, TxnId, Scn, std::string>>;

using LogWriterActor = caf::typed_actor<
    caf::reacts_to<append_atom, CommitRequestPtr>,
    // To itself: write and sync what was appended.
    caf::reacts_to<flush_atom>,
    // Recovery needs nothing before this SCN any more.
    caf::reacts_to<release_atom, Scn>>;

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::CommitRequestPtr)
