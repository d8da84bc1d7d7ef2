#pragma once
/// Keeps one continuous view: follows what is committed in the view's tables, and in a transaction of its own, as the
/// view's owner, brings the view's rows to what its query gives at that transaction's snapshot. How far it is stands in
/// the same transaction (the table place_<oid>), so that nothing is lost or done twice however it ends.
/// What cannot be gone on from (another definition, a table that was emptied or loaded in bulk, more changes than there
/// is memory for, a place that is not there) makes the view anew. Meanwhile readers run the view's query.
/// Owner: one session's coroutine, which runs nothing else.
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/session/backend.hpp"
#include "runtime/plan/continuous_program.hpp"
#include "runtime/stream/base_changes.hpp"
#include "runtime/transaction/view_boards.hpp"

namespace troupe {

class ViewKeeper {
 public:
  ViewKeeper(Backend& backend, Oid view);
  ~ViewKeeper();

  /// Until the view is dropped or the session is to end.
  Task<void> run();

 private:
  /// A statement that is run again and again.
  using Statement = std::shared_ptr<Prepared>;
  struct Answer {
    ValueRows rows;
    uint64_t affected = 0;
  };

  // One way through: from wherever the view is, as long as nothing is wrong.
  Task<absl::Status> keep();
  absl::Status load();
  Task<absl::Status> find_place();
  Task<absl::Status> rebuild();
  Task<absl::Status> follow();
  Task<absl::StatusOr<bool>> look_again();
  Task<absl::Status> receive();
  Task<absl::Status> receive_up_to(Scn scn);
  absl::Status take(const Changes& changes, Scn up_to);
  Task<absl::Status> batch();
  Task<absl::Status> apply();
  Task<absl::Status> apply_stage(size_t number, uint64_t touched);
  Task<absl::StatusOr<ValueRows>> affected(size_t number);
  static bool cannot_be_added(const ContinuousStage& stage, const ValueRows& found);
  Task<absl::Status> run_steps(size_t number);
  Task<absl::Status> fill();
  Task<absl::Status> save_place();

  Task<absl::Status> begin();
  Task<absl::StatusOr<Scn>> commit();
  Task<absl::StatusOr<Answer>> run(const Statement& statement, std::vector<Value> parameters = {});
  absl::StatusOr<Statement> prepare(std::string text, std::vector<Type> parameters = {});

  bool gone() const;
  Task<void> pause(int64_t us);
  absl::Status start_over(std::string_view why);
  std::shared_ptr<const TableDef> definition() const;
  absl::Status check_tables() const;
  absl::Status prepare_stages();
  void sort_found(ContinuousShape::Kind kind, ValueRows found);
  ValueRows rows_of(ContinuousStage::RowsOf which) const;
  void net_rows(ValueRows found);

  Backend& backend_;
  const Oid view_;
  const ViewBoardPtr board_;
  std::shared_ptr<const TableDef> loaded_;  ///< the definition that the program is of
  std::shared_ptr<ContinuousProgram> program_;
  SystemTables relations_;
  BaseChanges changes_;
  Scn catalog_version_ = kNoScn;

  std::optional<Scn> place_;  ///< as it is on the disk; none: the view is to be made
  Scn seen_ = kNoScn;         ///< every commit up to it is in the view, or of no concern to it
  uint32_t behind_ = 0;       ///< records that were seen of the commit behind it
  Scn stored_ = kNoScn;
  std::string why_;
  bool anew_ = false;  ///< its rows are not to be gone on from
  uint64_t next_copy_ = 1;

  /// Of one stage.
  struct Statements {
    std::map<uint64_t, Statement> changes;  ///< by what was touched
    std::vector<Statement> steps;
    Statement clear, fill, affected;
  };
  std::vector<Statements> stages_;
  Statement read_place_, move_place_, clear_place_, set_place_;
  // What change() found, by what the steps want of it.
  ValueRows all_, gone_, came_, whole_, with_null_;
};

}  // namespace troupe
