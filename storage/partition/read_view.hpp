#pragma once
/// What a statement may see, and what reading answers.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

/// Committed versions with SCN <= snapshot, covered by the own transaction's writes of commands < command.
struct ReadView {
  TxnId txn = kNoTxn;
  CommandId command = 0;
  Scn snapshot = kMaxScn;  ///< kMaxScn: the newest committed
};

/// Views are valid until the partition's next mutating call (any but get, latest, scan, prepare and statistics).
struct StoredRow {
  std::string_view row;
  Scn scn = kNoScn;  ///< kNoScn: an own pending write
};

struct Absent {};

/// An absl::Status in it is never OK: kSnapshotTooOld.
using ReadResult = std::variant<StoredRow, Absent, PageFault, absl::Status>;

/// The newest state of a key, for writes and locked reads. First updater wins: a transaction may write when
/// scn <= its snapshot.
struct LatestRow {
  bool exists = false;  ///< with the own pending writes applied, of any command
  std::string_view row;
  Scn scn = kNoScn;  ///< of the newest committed change, a deletion too; kNoScn: none that anybody could still miss
  CommandId pending_command = 0;  ///< of the newest own pending write; 0: none
};
using LatestResult = std::variant<LatestRow, PageFault>;

/// Keys in [lower, upper). No upper: to the end.
struct KeyRange {
  std::string lower;
  std::string upper;
  bool has_upper = false;
};

enum class ScanDirection : uint8_t { kForward, kBackward };

/// Where a scan is: a key, so that it survives any change of the tree. Start with the range, hand it to every scan().
struct ScanCursor {
  TreeId tree = 0;
  KeyRange range{};
  ScanDirection direction = ScanDirection::kForward;
  std::string position{};  ///< the last key visited
  bool started = false;
};

struct ScanBudget {
  uint32_t rows_max = 1024;
  uint64_t bytes_max = 1 << 20;  ///< of keys and rows; the row that crosses it is the last
  uint32_t visits_max = 65536;   ///< entries looked at, visible or not
  uint32_t ahead_max = 0;        ///< with a fault, so many of the pages that follow may be asked for as well
};

struct ScanRow {
  std::string_view key;
  std::string_view row;
};

enum class ScanState : uint8_t { kMore, kEnd, kFault };

/// Rows may come together with kFault: use them, fetch the page, scan on with the same cursor.
struct ScanBatch {
  std::vector<ScanRow> rows;
  ScanState state = ScanState::kMore;
  PageFault fault;
  std::vector<PageAddress> ahead;  ///< with kFault: what the scan needs next; install or forget each, like the fault
};

}  // namespace troupe
