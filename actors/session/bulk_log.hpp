#pragma once
/// What a transaction writes in bulk, on its way into the log, where subscribers find it. The log writer acknowledges
/// each record; until then it is kept, because a restarted log writer has lost what was in its mailbox.
/// Invariant: records reach the log in order; one that comes twice has the same number.
/// Memory: what the writer lets be under way (BulkWriter waits for written() after each round).
/// Owner: one session's transaction.
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "actors/session/session_host.hpp"
#include "runtime/exec/task.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

class BulkLog {
 public:
  explicit BulkLog(SessionHost& host) : host_{host} {}

  /// Packed changes, `rows` of them, all of `tree`.
  void append(TxnId txn, TreeId tree, uint32_t rows, std::string_view changes);
  /// Waits until all of it is in the log's queue. Errors: the log cannot be written; cancelled.
  Task<absl::Status> written();
  void on_logged(TxnId txn, uint32_t record, uint64_t position, const std::string& error);
  void send_again();
  void cancel(const absl::Status& status);
  void clear();

  /// One for each tree that was written; complete once written() said so.
  struct Run {
    TreeId tree = 0;
    BulkRun run;
  };
  const std::vector<Run>& runs() const { return runs_; }

 private:
  struct Record {
    uint32_t number;
    BulkFrame frame;
  };
  SessionHost& host_;
  std::deque<Record> under_way_;
  std::vector<Run> runs_;
  uint32_t next_record_ = 0;
  absl::Status status_;
  ReplySignal signal_;
};

}  // namespace troupe
