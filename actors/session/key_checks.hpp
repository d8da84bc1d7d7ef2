#pragma once
/// Looks after foreign keys, exclusions and deferrable keys when a statement is done and when a transaction is about to
/// commit, as PostgreSQL's triggers do: referred rows are locked FOR KEY SHARE; rows that refer to what has gone are
/// found in a snapshot that is as new as the locks that were waited for; actions are statements of their own, whose
/// changes are looked at too.
/// Keys are looked up many at a time.
/// Owner: one backend, whose means it uses.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/session/key_events.hpp"
#include "actors/session/key_queries.hpp"
#include "actors/session/portal.hpp"
#include "runtime/exec/fragment_call.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/sql/ast_utility.hpp"

namespace troupe {

class Backend;

class KeyChecks {
 public:
  explicit KeyChecks(Backend& backend) : backend_{backend} {}

  KeyEvents& events() { return events_; }

  /// What the statement changed. Errors: 23503, 23505, 23P01, and those of actions.
  Task<absl::Status> after_statement();
  /// The same of a change that another server has made: what refers to what was looked after there, and what its keys
  /// brought about comes by itself. Errors: 23505, 23P01.
  Task<absl::Status> after_replicated();
  /// What was deferred.
  Task<absl::Status> before_commit();
  /// SET CONSTRAINTS. Errors: 42704, 42809; 23503 of what need not wait any longer.
  Task<absl::Status> set_constraints(const sql::SetConstraintsStatement& statement);
  /// Whether all rows of the table satisfy the constraint.
  Task<absl::Status> check_table(Oid table, Oid constraint);

 private:
  /// A partition that has left the table that the foreign key refers to: nobody may refer to its rows.
  Task<absl::Status> check_detached(Oid table, Oid constraint);

  using Ordinals = std::vector<uint32_t>;

  Task<absl::Status> run_events(std::deque<KeyEvent> queue);
  Task<absl::Status> run_event(const KeyEvent& event);
  Task<absl::Status> check_referring(const KeyEvent& event, FoundKey found);
  Task<absl::Status> run_action(const KeyEvent& event, FoundKey found);
  Task<absl::Status> set_columns(const KeyEvent& event, FoundKey found, const Batch& keys);
  // Exclusions and deferrable keys (key_comparisons.cpp).
  Task<absl::Status> check_compared(const KeyEvent& event, FoundKey found);
  Task<absl::Status> check_all_compared(FoundKey found);
  Task<absl::Status> lock_compared(FoundKey found, const Batch& keys);

  /// 23503 when a key is referred to; `again`: unless there is a row with that key now.
  Task<absl::Status> check_unreferenced(FoundKey found, const Batch& keys, bool again);

  /// Which of the keys (of their rows) are not there, ascending.
  Task<absl::StatusOr<Ordinals>> missing_referred(FoundKey found, const Batch& keys);
  /// The same when the keys are those of the referred table's rows: one locking message a partition.
  Task<absl::StatusOr<Ordinals>> missing_rows(FoundKey found, const Batch& keys);
  bool refers_to_rows(const FoundKey& found) const;
  const FragmentCall& lock_call(const std::shared_ptr<const TableDef>& table);

  /// Which keys a query found, ascending, from 0.
  Task<absl::StatusOr<Ordinals>> find(KeyQuery query, FoundKey found, const Batch& keys);
  Task<absl::StatusOr<std::vector<Batch>>> run(KeyQuery query, FoundKey found, std::vector<Value> values);
  absl::StatusOr<std::shared_ptr<Prepared>> prepared_for(KeyQuery query, const FoundKey& found);
  std::vector<Oid> named_constraints(const sql::TableRef& name, bool* deferrable) const;

  Backend& backend_;
  KeyEvents events_;
  std::map<std::pair<Oid, KeyQuery>, std::shared_ptr<Prepared>> statements_;
  /// How rows of a referred table are locked.
  struct LockCall {
    std::shared_ptr<const TableDef> table;
    std::unique_ptr<FragmentCall> call;
  };
  std::map<Oid, LockCall> lock_calls_;
  std::shared_ptr<Prepared> nothing_;  ///< a plan to hang direct writes on
};

}  // namespace troupe
