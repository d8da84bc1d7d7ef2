#pragma once
/// Bugs that a test switches on to see that the checkers find them (tests/sim/planted_test.cpp). A node that a user
/// runs has none: no key of the configuration sets one.
#include <cstdint>

namespace troupe {

enum class PlantedBug : uint8_t {
  kNone,
  kValidationSkipped,     ///< SERIALIZABLE: nobody looks whether something was written that was read
  kRangeNotRecorded,      ///< SERIALIZABLE: ranges that were scanned are forgotten
  kKeyNotRecorded,        ///< SERIALIZABLE: keys that were looked up are forgotten
  kIndexRowsNotRecorded,  ///< SERIALIZABLE: the rows behind scanned index entries are forgotten
  kWritesForgotten,       ///< SERIALIZABLE: commits are forgotten once they are durable, whoever may still ask for them
  kValidatedTooLate,      ///< SERIALIZABLE: reads are validated as if the snapshot were taken at the commit
  kSnapshotTooNew,        ///< REPEATABLE READ and stricter: each statement has a snapshot of its own
  kUpdatesOverwritten,  ///< REPEATABLE READ and stricter: a row that changed since the snapshot is changed all the same
  kSnapshotTooOld,       ///< a snapshot lacks the newest commits
  kLogNotSynced,         ///< a batch of the log counts as durable once it is written
  kAcknowledgedEarly,    ///< a commit is acknowledged once it has its place in the log
  kLogReleasedEarly,     ///< a checkpoint lets go of log that it does not cover
  kMissedNotAskedFor,    ///< a restarted partition does not ask for the commits that it missed
  kEventsLost,           ///< of commits that are durable together, subscribers hear of the first only
  kRowLockSkipped,       ///< a row is changed though another transaction has it locked
  kUnlockedEarly,        ///< rows are unlocked before those who waited can see how they were changed
  kGateIgnored,          ///< a table is locked though transactions that write to it are open
  kSavepointIgnored,     ///< ROLLBACK TO leaves the writes where they are
  kUniqueUnchecked,      ///< an entry of a unique index takes the place of another row's
  kIndexEntryForgotten,  ///< a unique index keeps the entry of a row that was changed or deleted
  kReferencesUnchecked,  ///< nobody looks whether a row that is referred to is there
  kSequenceNotLogged,    ///< values of a sequence are given out before the log knows
  kPreparedUnlocked,     ///< a prepared transaction's locks are gone after a restart
  kPageChecksumSkipped,  ///< a page is used though its checksum is wrong
  kTornRecordAccepted    ///< recovery takes a record of the log by its header, whatever became of its payload
};

}  // namespace troupe
