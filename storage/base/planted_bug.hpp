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
  kUpdatesOverwritten  ///< REPEATABLE READ and stricter: a row that changed since the snapshot is changed all the same
};

}  // namespace troupe
