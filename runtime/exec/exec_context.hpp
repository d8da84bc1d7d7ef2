#pragma once
/// What an execution needs of the session that runs it.
#include <atomic>
#include <cstdint>

#include "runtime/exec/data_access.hpp"
#include "runtime/exec/sequence_access.hpp"
#include "runtime/plan/system_table.hpp"
#include "runtime/types/eval_context.hpp"

namespace troupe {

/// Keys of rows in tables without a primary key.
class RowIdSource {
 public:
  virtual ~RowIdSource() = default;
  /// Never given out before, by anybody. Ascending numbers fill pages best.
  virtual uint64_t next_row_id() = 0;
};

struct KeyChanges;

/// Owner: the session; everything in it outlives the execution.
struct ExecContext {
  DataAccess* data = nullptr;
  EvalContext* eval = nullptr;
  SequenceAccess* sequences = nullptr;        ///< null: nextval() is refused
  RowIdSource* row_ids = nullptr;             ///< null: inserting without a primary key is refused
  const SystemEnvironment* system = nullptr;  ///< null: system relations are refused

  KeyChanges* key_changes = nullptr;          ///< null: nobody watches foreign keys

  TxnId txn = kNoTxn;
  Scn snapshot = kMaxScn;
  /// With one_snapshot: writes of rows that are newer than this fail, though reads see them. kNoScn: `snapshot`.
  Scn oldest_write = kNoScn;
  CommandId command = 1;
  bool one_snapshot = false;  ///< REPEATABLE READ and stricter
  bool track_reads = false;   ///< SERIALIZABLE
  bool measure = false;       ///< EXPLAIN ANALYZE: Execution::actual(); times need eval->clock
  uint32_t lock_timeout_ms = 0;
  uint64_t memory_bytes_max = 1ull << 30;         ///< limits.sort_bytes_max
  std::atomic<uint64_t>* memory_shown = nullptr;  ///< see MemoryBudget
};

}  // namespace troupe
