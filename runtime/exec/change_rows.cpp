/// UPDATE and DELETE: sends the rows to change, by their keys, to where they lie; assignments and conditions are
/// evaluated there, on the newest versions.
#include <absl/container/flat_hash_set.h>

#include "runtime/exec/batch_queue.hpp"
#include "runtime/exec/constraint_errors.hpp"
#include "runtime/exec/execution.hpp"
#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/key_changes.hpp"
#include "runtime/exec/lock_errors.hpp"
#include "runtime/exec/partitioned_insert.hpp"
#include "runtime/exec/row_inserter.hpp"
#include "runtime/exec/table_scan.hpp"

namespace troupe {
namespace {

bool leads_to(const RoutingLevel& level, uint32_t leaf) {
  return std::any_of(level.children.begin(), level.children.end(), [leaf](const RoutingLevel::Child& child) {
    return child.below != nullptr ? leads_to(*child.below, leaf) : child.leaf == leaf;
  });
}

/// The uppermost table between the root and the leaf that foreign keys refer to; null: none.
const TableDef* find_referred(const RoutingLevel& level, uint32_t leaf, bool is_root) {
  if (!is_root && !level.table->referenced_by.empty()) return level.table.get();
  for (const RoutingLevel::Child& child : level.children) {
    if (child.below != nullptr && leads_to(*child.below, leaf)) return find_referred(*child.below, leaf, false);
  }
  return nullptr;
}

using schema::WriteFlag;
using schema::WriteKind;

struct ChangeBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;

  const TableWrite* write = nullptr;
  bool removes = false;
  uint32_t extras = 0;
  RowLayout extras_layout;
  BlueprintPtr input;                              ///< rows to change; null when direct
  std::unique_ptr<const TableScanBlueprint> keys;  ///< direct: whose keys say which
  std::unique_ptr<FragmentCall> call;              ///< update, remove; with changes_key: lock
  bool has_global_indexes = false;
  // UPDATE that changes primary keys: lock, then delete and insert.
  bool changes_key = false;
  std::unique_ptr<FragmentCall> remove_call;
  std::vector<uint32_t> assigned;
  std::vector<Program> assignments;  ///< over the row's layout columns, then the extras
  std::vector<uint32_t> regenerated;
  std::vector<Program> generated;    ///< over the new row's layout columns
  TableWrite insert_write;           ///< write without RETURNING, all indexes
  std::unique_ptr<const InsertSpec> insert;
  // ... and of a partition whose rows may go to others: the rows are inserted as the partitioned table's.
  std::unique_ptr<const PartitionedInsertSpec> partitions;
  uint32_t leaf = 0;
  std::vector<uint32_t> to_root;
  std::vector<Program> returning;  ///< over the new row's layout columns, then the extras
};

class ChangeRows final : public Operator {
 public:
  ChangeRows(Run& run, const ChangeBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input ? blueprint.input->start(run) : nullptr} {}
  bool at_end() const override { return done_ && returned_.empty(); }
  void rewind() override { TROUPE_CHECK_MSG(!done_, "a data-modifying statement runs once"); }

  Task<BatchResult> next() override {
    if (!done_) {
      done_ = true;
      auto running = run_all();
      absl::Status status = co_await running;
      if (!status.ok()) co_return status;
      if (is_root()) run_.rows_affected += affected_;
    }
    if (returned_.empty()) co_return Batch{};
    co_return returned_.pop_front();
  }

 private:
  /// A row to change: where it is, its key, and its extras.
  struct Target {
    PartitionId partition = 0;
    std::string key;
    std::string extras;
  };

  /// Whether the rows are the statement's: a change of several partitions is done partition by partition.
  bool is_root() const {
    if (&run_.plan.root() == &blueprint_) return true;
    const auto* partitions = run_.plan.root().node().as<PartitionedChangePlan>();
    return partitions != nullptr && partitions->has(blueprint_.node());
  }

  Task<absl::Status> run_all() {
    if (blueprint_.keys) {
      absl::Status status = targets_of_keys();
      if (!status.ok() || targets_.empty()) co_return status;
      auto changing = change();
      co_return co_await changing;
    }
    while (true) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) co_return absl::OkStatus();
      targets_of_rows(*batch);
      if (targets_.empty()) continue;
      auto changing = change();
      absl::Status status = co_await changing;
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
    }
  }

  absl::Status targets_of_keys() {
    std::vector<LookupKey> keys;
    TROUPE_RETURN_IF_ERROR(blueprint_.keys->access().lookup_keys(run_.input({}, 1), &keys));
    for (LookupKey& key : keys) {
      targets_.push_back({run_.context.data->partition_of(key.hash), std::move(key.key), {}});
    }
    return absl::OkStatus();
  }

  void targets_of_rows(const Batch& rows) {
    targets_.clear();
    std::vector<const Vector*> extras;
    for (uint32_t i = 0; i < blueprint_.extras; ++i) extras.push_back(&rows.columns[1 + i]);
    for (uint32_t row = 0; row < rows.rows; ++row) {
      if (rows.columns[0].is_null(row)) continue;
      const std::string_view locator = rows.columns[0].string(row);
      Target target{locator_partition(locator), std::string(locator_key(locator)), {}};
      if (blueprint_.changes_key && !moved_.insert(target.key).second) continue;
      if (!extras.empty()) encode_row(blueprint_.extras_layout, extras, row, &target.extras);
      targets_.push_back(std::move(target));
    }
  }

  WriteBatch::Spec spec(WriteKind kind, const FragmentCall* call, bool returning) const {
    WriteBatch::Spec spec;
    spec.tree = blueprint_.write->table->tree;
    spec.kind = kind;
    spec.call = call;
    spec.with_rows = blueprint_.extras > 0;
    if (returning) spec.flags |= bit(WriteFlag::returning);
    const bool keeps_keys = kind == WriteKind::update && !blueprint_.write->changes_referenced;
    if (keeps_keys) spec.strength = schema::LockStrength::no_key_update;
    return spec;
  }
  /// Its targets go along when a concurrent update has given them other keys.
  WriteBatch::Spec target_spec(WriteKind kind, bool returning) {
    WriteBatch::Spec spec = this->spec(kind, blueprint_.call.get(), returning);
    spec.moved = [this](uint32_t ordinal, PartitionId partition, std::string_view key) {
      targets_[ordinal].partition = partition;
      targets_[ordinal].key = key;
    };
    return spec;
  }

  Task<absl::Status> change() {
    if (blueprint_.changes_key) {
      auto moving = move_rows();
      co_return co_await moving;
    }
    const bool returning = !blueprint_.write->returning.empty() || !blueprint_.write->watched.empty();
    WriteBatch batch(run_, target_spec(blueprint_.removes ? WriteKind::remove : WriteKind::update, returning));
    for (uint32_t i = 0; i < targets_.size(); ++i) {
      batch.add(targets_[i].partition, targets_[i].key, targets_[i].extras, i);
    }
    batch.start();
    auto finishing = batch.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> answers = co_await finishing;
    if (!answers.ok()) co_return with_context(answers.status());
    for (const WriteBatch::Answer& answer : *answers) affected_ += answer.frame->head()->affected();
    if (returning) keep_returned(*answers);
    if (!blueprint_.has_global_indexes) co_return absl::OkStatus();
    const std::vector<std::string_view> keys = row_keys();
    auto applying = apply_unique_changes(run_, *blueprint_.write->table, blueprint_.write->indexes, *answers, keys);
    co_return co_await applying;
  }

  absl::Status with_context(const absl::Status& status) const {
    return with_lock_context(status, blueprint_.removes ? "deleting" : "updating", *blueprint_.write->table);
  }

  std::vector<std::string_view> row_keys() const {
    std::vector<std::string_view> keys;
    for (const Target& target : targets_) keys.push_back(target.key);
    return keys;
  }

  void keep_returned(std::span<const WriteBatch::Answer> answers) {
    ReturnedRows rows = returned_rows(answers);
    if (rows.batch.rows > 0 && !blueprint_.write->watched.empty()) note_changes(&rows.batch);
    if (rows.batch.rows > 0 && !blueprint_.write->returning.empty()) returned_.push_back(std::move(rows.batch));
  }

  /// What foreign keys have to know goes along with RETURNING.
  void note_changes(Batch* rows) {
    const size_t watched = blueprint_.write->watched.size();
    const Batch before = split_columns(rows, watched);
    if (blueprint_.removes) {
      if (run_.context.key_changes) run_.context.key_changes->add(*blueprint_.write, RowChange::kDelete, &before, nullptr);
      return;
    }
    const Batch after = split_columns(rows, watched);
    if (run_.context.key_changes) run_.context.key_changes->add(*blueprint_.write, RowChange::kUpdate, &before, &after);
  }

  void note_moves(const Batch& old_rows, const Batch& new_rows) {
    const TableWrite& write = *blueprint_.write;
    if (write.watched.empty() || run_.context.key_changes == nullptr) return;
    std::vector<uint32_t> stayed, left;
    for (uint32_t i = 0; i < new_rows.rows; ++i) (left_[i] ? left : stayed).push_back(i);
    note_update(write, old_rows.gather(stayed), new_rows.gather(stayed), write.watched);
    if (left.empty()) return;
    // What went to another partition is a row of the root that has changed.
    TableWrite root;
    root.table = blueprint_.partitions->plan().routing->table;
    std::vector<uint32_t> columns;
    for (uint32_t i = 0; i < blueprint_.to_root.size(); ++i) {
      const uint32_t own = blueprint_.to_root[i];
      if (!std::binary_search(write.watched.begin(), write.watched.end(), own)) continue;
      root.watched.push_back(i);
      columns.push_back(own);
    }
    note_update(root, old_rows.gather(left), new_rows.gather(left), columns);
  }

  void note_update(const TableWrite& write, const Batch& old_rows, const Batch& new_rows,
                   const std::vector<uint32_t>& columns) {
    if (new_rows.rows == 0) return;
    const Batch before = columns_of(old_rows, columns), after = columns_of(new_rows, columns);
    run_.context.key_changes->add(write, RowChange::kUpdate, &before, &after);
  }

  /// Rows whose primary keys change: their newest versions are locked and fetched, computed here, taken out, and put
  /// back under their new keys.
  Task<absl::Status> move_rows() {
    WriteBatch locks(run_, target_spec(WriteKind::lock, true));
    for (uint32_t i = 0; i < targets_.size(); ++i) locks.add(targets_[i].partition, targets_[i].key, targets_[i].extras, i);
    locks.start();
    auto locking = locks.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> locked = co_await locking;
    if (!locked.ok()) co_return with_context(locked.status());
    ReturnedRows old_rows = returned_rows(*locked);
    if (old_rows.batch.rows == 0) co_return absl::OkStatus();
    Batch new_rows;
    absl::Status status = assign(old_rows.batch, &new_rows);
    if (!status.ok()) co_return status;

    auto removing = remove_moved(old_rows.ordinals, new_rows);
    status = co_await removing;
    if (!status.ok()) co_return status;
    auto inserting = insert_moved(new_rows);
    status = co_await inserting;
    if (!status.ok()) co_return status;
    note_moves(old_rows.batch, new_rows);
    if (blueprint_.returning.empty()) co_return absl::OkStatus();
    const size_t width = blueprint_.write->table->columns.size();
    for (size_t c = width; c < old_rows.batch.columns.size(); ++c)
      new_rows.columns.push_back(old_rows.batch.columns[c]);
    Batch out;
    out.rows = new_rows.rows;
    out.columns.resize(blueprint_.returning.size());
    for (size_t i = 0; i < out.columns.size(); ++i) {
      status = blueprint_.returning[i].run(run_.input(new_rows), &out.columns[i]);
      if (!status.ok()) co_return status;
    }
    returned_.push_back(std::move(out));
    co_return absl::OkStatus();
  }

  /// A foreign key to the leaf, or to a table between it and the root, sees no row go that moves on within the root.
  absl::Status check_may_leave() const {
    const RoutingLevel& root = *blueprint_.partitions->plan().routing;
    const TableDef* referred = blueprint_.write->table->referenced_by.empty()
                                   ? find_referred(root, blueprint_.leaf, /*is_root=*/true)
                                   : blueprint_.write->table.get();
    if (referred == nullptr) return absl::OkStatus();
    return with_hint(
        with_detail(error(ErrorCode::kFeatureNotSupported,
                          "cannot move tuple across partitions when a non-root ancestor of the source partition is "
                          "directly referenced in a foreign key"),
                    cat("A foreign key points to ancestor \"", referred->name, "\" but not the root ancestor \"",
                        root.table->name, "\".")),
        cat("Consider defining the foreign key on table \"", root.table->name, "\"."));
  }

  /// Takes the rows out, saying where they go for those who wait for them.
  Task<absl::Status> remove_moved(const std::vector<uint32_t>& ordinals, const Batch& new_rows) {
    left_.assign(new_rows.rows, false);
    if (blueprint_.partitions) {
      PartitionedInserter router(run_, *blueprint_.partitions);
      std::vector<uint32_t> places;
      absl::Status status = router.route(root_rows(new_rows), &places);
      if (!status.ok()) co_return status;
      for (uint32_t i = 0; i < new_rows.rows; ++i) left_[i] = places[i] != blueprint_.leaf;
      const bool any_left = std::find(left_.begin(), left_.end(), true) != left_.end();
      if (any_left) status = check_may_leave();
      if (!status.ok()) co_return status;
    }
    WriteBatch::Spec remove = spec(WriteKind::remove, blueprint_.remove_call.get(), false);
    remove.flags |= bit(WriteFlag::moves);
    remove.with_rows = true;
    WriteBatch removes(run_, std::move(remove));
    const TableShape& shape = *blueprint_.write->table->shape;
    for (uint32_t i = 0; i < new_rows.rows; ++i) {
      const Target& target = targets_[ordinals[i]];
      std::string place = global_entry_value(0, kUnknownPlace);
      if (!left_[i] && !shape.key.empty()) {
        const LookupKey new_key = primary_key_of(shape, values_at(new_rows, shape.key, i));
        place = global_entry_value(new_key.hash, new_key.key);
      }
      removes.add(target.partition, target.key, place, ordinals[i]);
    }
    removes.start();
    auto removing = removes.finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> removed = co_await removing;
    if (!removed.ok()) co_return removed.status();
    const std::vector<std::string_view> keys = row_keys();
    auto applying = apply_unique_changes(run_, *blueprint_.write->table, blueprint_.write->indexes, *removed, keys);
    co_return co_await applying;
  }

  Task<absl::Status> insert_moved(const Batch& new_rows) {
    std::vector<Batch> nothing_returned;
    if (blueprint_.partitions) {
      PartitionedInserter inserter(run_, *blueprint_.partitions);
      const Batch rows = root_rows(new_rows);
      auto inserting = inserter.insert(rows, &affected_, &nothing_returned);
      co_return co_await inserting;
    }
    RowInserter inserter(run_, *blueprint_.insert);
    auto inserting = inserter.insert(new_rows, &affected_, &nothing_returned);
    co_return co_await inserting;
  }

  Batch root_rows(const Batch& rows) const {
    const TableDef& root = *blueprint_.partitions->plan().routing->table;
    return rows_in_layout(rows, blueprint_.to_root, root);
  }

  absl::Status assign(const Batch& old_rows, Batch* new_rows) {
    const size_t width = blueprint_.write->table->columns.size();
    new_rows->rows = old_rows.rows;
    new_rows->columns.assign(old_rows.columns.begin(), old_rows.columns.begin() + static_cast<ptrdiff_t>(width));
    for (size_t i = 0; i < blueprint_.assigned.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(
          blueprint_.assignments[i].run(run_.input(old_rows), &new_rows->columns[blueprint_.assigned[i]]));
    }
    for (size_t i = 0; i < blueprint_.regenerated.size(); ++i) {
      Vector value;  // no generated column is of another one
      TROUPE_RETURN_IF_ERROR(blueprint_.generated[i].run(run_.input(*new_rows), &value));
      new_rows->columns[blueprint_.regenerated[i]] = std::move(value);
    }
    return absl::OkStatus();
  }

  const ChangeBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  std::vector<Target> targets_;
  std::vector<bool> left_;  ///< of the rows that are moved: those that go to another partition
  /// Keys that were to be changed already: a join may find a row again, and its new version may have its old key.
  absl::flat_hash_set<std::string> moved_;
  bool done_ = false;
  uint64_t affected_ = 0;
  BatchQueue returned_;
};

std::unique_ptr<Operator> ChangeBlueprint::open(Run& run) const { return std::make_unique<ChangeRows>(run, *this); }

/// What UPDATE and DELETE share. `node`'s input yields the row key, then the extras.
absl::StatusOr<std::unique_ptr<ChangeBlueprint>> start_change(const PlanNode& node, const TableWrite& write,
                                                              uint32_t extras, bool direct) {
  auto blueprint = std::make_unique<ChangeBlueprint>(node);
  blueprint->write = &write;
  blueprint->extras = extras;
  const PlanNode& input = *node.inputs[0];
  std::vector<Physical> kinds;
  for (uint32_t i = 0; i < extras; ++i) kinds.push_back(physical_kind(input.output[1 + i]));
  blueprint->extras_layout = RowLayout(std::move(kinds));
  if (direct) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->keys, TableScanBlueprint::compile(input.to<TableScanPlan>()));
  } else {
    TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(input));
  }
  for (const IndexPtr& index : write.indexes) {
    blueprint->has_global_indexes = blueprint->has_global_indexes || index->global();
  }
  return blueprint;
}

FragmentSpec change_fragment(const PlanNode& node, const TableWrite& write, uint32_t extras, const ExprPtr& recheck,
                             bool direct) {
  FragmentSpec spec;
  describe_table(*write.table, &spec);
  spec.filter = recheck;
  spec.check_always = direct;
  spec.key = write.table->shape->key;
  spec.key_kinds = write.table->shape->key_kinds;
  for (uint32_t i = 0; i < extras; ++i) spec.extras.push_back(node.inputs[0]->output[1 + i]);
  return spec;
}

absl::Status compile_key_change(const UpdatePlan& plan, FragmentSpec lock, ChangeBlueprint* blueprint) {
  blueprint->changes_key = true;
  FragmentSpec remove = lock;
  remove.filter = nullptr;  // the locks have decided
  remove.check_always = false;
  remove.extras.clear();
  describe_indexes(plan.write, &remove);
  blueprint->remove_call = std::make_unique<FragmentCall>(std::move(remove));
  const auto width = static_cast<uint32_t>(lock.types.size());
  for (uint32_t column = 0; column < width; ++column) lock.output.push_back(make_column(lock.types[column], column));
  for (uint32_t i = 0; i < plan.extras; ++i) lock.output.push_back(make_column(lock.extras[i], width + i));
  blueprint->call = std::make_unique<FragmentCall>(std::move(lock));
  for (const ColumnAssignment& assignment : plan.assignments) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(assignment.value));
    blueprint->assigned.push_back(assignment.column);
    blueprint->assignments.push_back(std::move(program));
  }
  for (const ColumnAssignment& assignment : plan.write.generated) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(assignment.value));
    blueprint->regenerated.push_back(assignment.column);
    blueprint->generated.push_back(std::move(program));
  }
  TROUPE_ASSIGN_OR_RETURN(blueprint->returning, compile_programs(plan.write.returning));
  if (plan.partitions) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->partitions, PartitionedInsertSpec::compile(*plan.partitions));
    blueprint->leaf = plan.leaf;
    blueprint->to_root = plan.to_root;
    return absl::OkStatus();
  }
  blueprint->insert_write = plan.write;
  blueprint->insert_write.returning.clear();
  blueprint->insert_write.watched.clear();  // the whole move is told
  TROUPE_ASSIGN_OR_RETURN(blueprint->insert, InsertSpec::compile(blueprint->insert_write, nullptr));
  return absl::OkStatus();
}

}  // namespace

BlueprintResult compile_update(const UpdatePlan& plan) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<ChangeBlueprint> blueprint,
                          start_change(plan, plan.write, plan.extras, plan.direct));
  FragmentSpec spec = change_fragment(plan, plan.write, plan.extras, plan.recheck, plan.direct);
  if (plan.changes_key) {
    TROUPE_RETURN_IF_ERROR(compile_key_change(plan, std::move(spec), blueprint.get()));
    return BlueprintPtr(std::move(blueprint));
  }
  spec.assignments = plan.assignments;
  spec.generated = plan.write.generated;
  spec.not_null = plan.write.not_null;
  spec.checks = plan.write.checks;
  spec.output = plan.write.returning;
  spec.watched = plan.write.watched;
  describe_indexes(plan.write, &spec);
  blueprint->call = std::make_unique<FragmentCall>(std::move(spec));
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_delete(const DeletePlan& plan) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<ChangeBlueprint> blueprint,
                          start_change(plan, plan.write, plan.extras, plan.direct));
  blueprint->removes = true;
  FragmentSpec spec = change_fragment(plan, plan.write, plan.extras, plan.recheck, plan.direct);
  spec.output = plan.write.returning;
  spec.watched = plan.write.watched;
  describe_indexes(plan.write, &spec);
  blueprint->call = std::make_unique<FragmentCall>(std::move(spec));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
