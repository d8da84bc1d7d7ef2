#pragma once
/// What actors of a node say to each other: one typed interface per kind of actor, a comment per message. Answers go to
/// the sender as one-way messages with the request's number, because that is the cheapest form CAF has (caf.md).
#include <memory>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include "actors/node/commit_request.hpp"
#include "runtime/cell/frame_message.hpp"
#include "runtime/exec/data_access.hpp"
#include "runtime/stream/interest.hpp"
#include "runtime/transaction/table_gate.hpp"
#include "storage/base/ids.hpp"
#include "storage/lock/lock_queue.hpp"
#include "storage/log/bulk_record.hpp"

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
using drained_atom = caf::atom_constant<caf::atom("drained")>;
using granted_atom = caf::atom_constant<caf::atom("granted")>;
using cancel_atom = caf::atom_constant<caf::atom("cancel")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using turn_atom = caf::atom_constant<caf::atom("turn")>;
using moved_atom = caf::atom_constant<caf::atom("moved")>;
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
using changes_atom = caf::atom_constant<caf::atom("changes")>;
using bulk_atom = caf::atom_constant<caf::atom("bulk")>;
using full_atom = caf::atom_constant<caf::atom("full")>;
using next_atom = caf::atom_constant<caf::atom("next")>;
using notify_atom = caf::atom_constant<caf::atom("notify")>;
using save_atom = caf::atom_constant<caf::atom("save")>;

struct Changes;
using ChangesPtr = std::shared_ptr<Changes>;

using SessionActor =
    caf::typed_actor<caf::reacts_to<readdone_atom, ReadResultFrame>, caf::reacts_to<written_atom, WriteResultFrame>,
                     // One participant's redo (packed changes) or locks, or an encoded error.
                     caf::reacts_to<prepared_atom, TxnId, PartitionId, FrameBytes, std::string>,
                     // The transaction is durable under this SCN; or, with an encoded error, it did not happen.
                     caf::reacts_to<committed_atom, TxnId, Scn, std::string>,
                     // A table or advisory lock request ended; empty or an encoded error.
                     caf::reacts_to<granted_atom, uint64_t, std::string>,
                     // A sequence's next values: request, first value, how many; or an encoded error.
                     caf::reacts_to<next_atom, uint64_t, int64_t, uint32_t, std::string>,
                     // A bulk record is in the log's queue: transaction, record, its position; or an encoded error.
                     caf::reacts_to<append_atom, TxnId, uint32_t, uint64_t, std::string>,
                     // From the publisher: commits after the SCN that was asked from, or an encoded error.
                     caf::reacts_to<changes_atom, ChangesPtr, std::string>,
                     // Ends the running statement, if there is one: encoded error.
                     caf::reacts_to<cancel_atom, std::string>,
                     // Ends the session: encoded error.
                     caf::reacts_to<end_atom, std::string>,
                     // Begin to serve.
                     caf::reacts_to<start_atom>,
                     // To itself: others had their turn.
                     caf::reacts_to<turn_atom>,
                     // To itself: it was moved to another cell, and this is its first message there.
                     caf::reacts_to<moved_atom>,
                     // A part of the node was restarted: LostPart, which one, its incarnation, whether its state is
                     // lost too. Requests sent to an older incarnation get no answer.
                     caf::reacts_to<lost_atom, uint8_t, uint32_t, uint64_t, bool>,
                     // Something waits that others said to the channels that it listens to.
                     caf::reacts_to<notify_atom>,
                     // Timeouts.
                     caf::reacts_to<tick_atom>>;

struct LoadedPage;
using LoadedPagePtr = std::shared_ptr<LoadedPage>;
struct CheckpointRun;
using CheckpointRunPtr = std::shared_ptr<CheckpointRun>;

using PartitionActor = caf::typed_actor<
    caf::reacts_to<read_atom, ReadFrame>,
    // From the lock shard, which has locked the keys; the answer goes to the session.
    caf::reacts_to<write_atom, WriteFrame, caf::strong_actor_ptr>, caf::reacts_to<prepare_atom, TxnId>,
    // A commit in SCN order, and the SCN of the one that this partition was sent before it.
    caf::reacts_to<apply_atom, CommitRequestPtr, Scn>,
    // From the lock shard: forget the transaction's writes.
    caf::reacts_to<discard_atom, TxnId>,
    // From the session: forget its writes of commands in [first, end), and those that are still on their way.
    caf::reacts_to<abort_atom, TxnId, CommandId, CommandId>,
    // The same from the lock shard, behind the last of those writes.
    caf::reacts_to<rollback_atom, TxnId, CommandId, CommandId>,
    // From the session that wrote it in bulk: its transaction was rolled back, nobody will know the tree.
    caf::reacts_to<abort_atom, TreeId>,
    // From the page reader: a page that an operation waits for.
    caf::reacts_to<page_atom, LoadedPagePtr>,
    // The page reader was restarted: what a predecessor was asked for may be lost.
    caf::reacts_to<lost_atom>,
    // From the transaction manager: begin a checkpoint that covers everything up to the SCN; which round it is.
    caf::reacts_to<checkpt_atom, Scn, uint64_t>,
    // From the page writer.
    caf::reacts_to<ckptdone_atom, CheckpointRunPtr>,
    // To itself: more of a sliced operation, and of garbage collection.
    caf::reacts_to<turn_atom>,
    caf::reacts_to<tick_atom>,
    // Its address is known, after a restart: ask the transaction manager for what was missed.
    caf::reacts_to<rejoin_atom>,
    // From the transaction manager: everything up to the SCN has been sent.
    caf::reacts_to<rejoin_atom, Scn>>;

// The part of a partition's interface that a partition of another node has, too (actors/cluster).
using PartitionReaderActor = caf::typed_actor<caf::reacts_to<read_atom, ReadFrame>>;

// Detached: blocks on the disk.
using PageReaderActor = caf::typed_actor<caf::reacts_to<page_atom, LoadedPagePtr>>;
using PageWriterActor = caf::typed_actor<caf::reacts_to<checkpt_atom, CheckpointRunPtr>>;

// Decides when to make checkpoints; hears how they went.
using CheckpointerActor =
    caf::typed_actor<caf::reacts_to<tick_atom>,
                     // Now, please; the asker is told with granted (request number, encoded error).
                     caf::reacts_to<checkpt_atom, uint64_t>,
                     // A partition has so many changed pages that commits wait: now, and nobody needs to be told.
                     caf::reacts_to<full_atom>,
                     // A partition's checkpoint ended: its round, partition, SCN it covers, encoded error.
                     caf::reacts_to<ckptdone_atom, uint64_t, PartitionId, Scn, std::string>>;

using LockShardActor = caf::typed_actor<
    // Locks the frame's keys, then forwards it to the partition.
    caf::reacts_to<write_atom, WriteFrame>,
    // Answers with granted.
    caf::reacts_to<table_atom, TableLockRequest>,
    // A weak lock left a closed gate.
    caf::reacts_to<drained_atom>,
    // From the partition, which has applied the commit. Idempotent.
    caf::reacts_to<release_atom, TxnId>,
    // The transaction ended without a commit: release its locks and let the partition forget its writes. Idempotent.
    caf::reacts_to<discard_atom, TxnId>,
    // Savepoint, of commands in [first, end): goes on to the partition, behind the writes forwarded before.
    caf::reacts_to<rollback_atom, TxnId, CommandId, CommandId>,
    // What the transaction holds (HeldLocks): answers with prepared, as the partition with this number + kLocksOf.
    caf::reacts_to<prepare_atom, TxnId>,
    // The transaction no longer waits: its statement was cancelled. Encoded error for the waiting request.
    caf::reacts_to<cancel_atom, TxnId, std::string>,
    // The deadlock detector wants (waiter, blocker) pairs.
    caf::reacts_to<waits_atom>, caf::reacts_to<tick_atom>>;

using WaitEdgesPtr = std::shared_ptr<std::vector<WaitEdge>>;

using DeadlockDetectorActor = caf::typed_actor<
    // Somebody has begun to wait (or may have, unheard): look for a cycle soon.
    caf::reacts_to<waits_atom>,
    // A shard's waits.
    caf::reacts_to<waits_atom, PartitionId, WaitEdgesPtr>,
    // To itself.
    caf::reacts_to<tick_atom>>;

using TransactionManagerActor = caf::typed_actor<
    // The waiter is told with committed once it is durable.
    caf::reacts_to<commit_atom, CommitRequestPtr, caf::strong_actor_ptr>,
    // A session ended with this transaction open: roll it back at the participants, unless it is committed already.
    caf::reacts_to<abort_atom, TxnId, uint64_t>,
    // A restarted partition has applied everything up to the SCN and wants the rest.
    caf::reacts_to<rejoin_atom, PartitionId, Scn>,
    // A restarted log writer has appended everything up to the SCN and wants the rest.
    caf::reacts_to<append_atom, Scn>,
    // From the checkpointer: let every partition begin a checkpoint, of this round.
    caf::reacts_to<checkpt_atom, uint64_t>,
    // Its address is known, after a restart: what a predecessor was asked may be lost.
    caf::reacts_to<lost_atom>,
    caf::reacts_to<tick_atom>>;

using SequencePtr = std::shared_ptr<const SequenceDef>;

using SequenceActor = caf::typed_actor<
    // Request number, sequence, how many values: answers the session with next.
    caf::reacts_to<next_atom, uint64_t, SequencePtr, uint32_t>,
    // setval: request number, sequence, value, is_called.
    caf::reacts_to<set_atom, uint64_t, SequencePtr, int64_t, bool>,
    // The sequence is dropped.
    caf::reacts_to<release_atom, Oid>,
    // The log record that lets values be given out is durable.
    caf::reacts_to<committed_atom, TxnId, Scn, std::string>,
    // The transaction manager was restarted: its mailbox is gone, and with it perhaps such a record.
    caf::reacts_to<lost_atom>>;

using LogWriterActor = caf::typed_actor<
    // In SCN order; the waiter is told with committed once it is durable.
    caf::reacts_to<append_atom, CommitRequestPtr, caf::strong_actor_ptr>,
    // Rows that a session writes in bulk; it is told with append once they are queued.
    caf::reacts_to<append_atom, BulkFrame>,
    // Its address is known, after a restart: what a predecessor was sent may be lost.
    caf::reacts_to<lost_atom>,
    // To itself: write and sync what was appended.
    caf::reacts_to<flush_atom>,
    // To itself: nothing has come for a while.
    caf::reacts_to<tick_atom>,
    // Recovery needs nothing up to this SCN any more.
    caf::reacts_to<release_atom, Scn>>;

using CommitsPtr = std::shared_ptr<std::vector<CommitRequestPtr>>;

// Hands the log's commits to those who follow it.
using PublisherActor = caf::typed_actor<
    // From the log writer: these are durable.
    caf::reacts_to<durable_atom, CommitsPtr>,
    // A subscriber wants what comes after the SCN and is of interest (null: all), up to so many bytes; answered with
    // changes when there are some, and now and then with how far there were none. No bytes: answered at once.
    caf::reacts_to<next_atom, uint64_t, Scn, uint32_t, uint64_t, InterestPtr>,
    // The same for a transaction's bulk records: subscription, transaction, first record, position, bytes.
    caf::reacts_to<bulk_atom, uint64_t, TxnId, uint32_t, uint64_t, uint64_t>,
    // Put the replication slots on the disk as they are now; answered with granted, with this request number.
    caf::reacts_to<save_atom, uint64_t>,
    // The subscriber is gone.
    caf::reacts_to<release_atom, uint64_t>>;

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::CommitRequestPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::TableLockRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::LoadedPagePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::CheckpointRunPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::WaitEdgesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::SequencePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::ChangesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::CommitsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::InterestPtr)
