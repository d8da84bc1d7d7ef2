#include "actors/session/view_keeper.hpp"

#include <algorithm>

#include "actors/session/backend.hpp"
#include "runtime/types/numeric.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// What one batch may hold; more is not worth keeping: the view is made anew.
constexpr uint64_t kBatchBytesMax = 32u << 20;
/// How far the place on the disk may be behind while nothing concerns the view.
constexpr Scn kPlaceLagMax = 20'000;
constexpr int64_t kFirstPauseUs = 50'000;
constexpr int64_t kLongestPauseUs = 10'000'000;

/// While the view waits to be filled.
constexpr int64_t kIdlePauseUs = 100'000;

/// Gone by itself when it is tried again.
bool is_passing(const absl::Status& status) {
  const ErrorCode code = error_code(status);
  return code == ErrorCode::kSerializationFailure || code == ErrorCode::kQueryCanceled ||
         code == ErrorCode::kDeadlockDetected || code == ErrorCode::kLockNotAvailable;
}

/// The key of a stage's row and what others see of it, as bytes.
std::string bytes_of(const std::vector<Value>& row, size_t key, size_t hidden) {
  std::string bytes;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i >= key && i < hidden) continue;
    const Value& value = row[i];
    bytes += value.is_null() ? '\0' : '\1';
    if (value.is_null()) continue;
    if (value.kind() != Physical::kVarlen) {
      bytes.append(static_cast<const char*>(value.raw()), width(value.kind()));
      continue;
    }
    const auto size = static_cast<uint64_t>(value.bytes().size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes += value.bytes();
  }
  return bytes;
}

/// What a stage's rows were and are, as changes of it: each row, and its weight. Rows that are the same are none.
ValueRows rows_between(const ValueRows& before, const ValueRows& after, size_t key, size_t hidden) {
  std::map<std::string, std::pair<const std::vector<Value>*, int64_t>, std::less<>> net;
  for (const auto& [rows, weight] : {std::pair{&before, int64_t{-1}}, std::pair{&after, int64_t{1}}}) {
    for (const std::vector<Value>& row : *rows) {
      auto& [known, total] = net[bytes_of(row, key, hidden)];
      known = &row;
      total += weight;
    }
  }
  ValueRows changes;
  for (const auto& [bytes, counted] : net) {
    if (counted.second == 0) continue;
    changes.push_back(*counted.first);
    changes.back().push_back(Value::of(counted.second));
  }
  return changes;
}

}  // namespace

/// The view has to be made anew.
absl::Status ViewKeeper::start_over(std::string_view why) {
  anew_ = true;
  why_ = why;
  return error(ErrorCode::kSerializationFailure, "the view is made anew: ", why);
}

ViewKeeper::ViewKeeper(Backend& backend, Oid view)
    : backend_{backend}, view_{view}, board_{ViewBoards::of_node(&backend.services_).of(view)} {
  backend_.own_tables_ = &relations_;
}

ViewKeeper::~ViewKeeper() {
  backend_.own_tables_ = nullptr;
  board_->leave();
  backend_.host_.send_subscription_end();
}

std::shared_ptr<const TableDef> ViewKeeper::definition() const {
  return std::dynamic_pointer_cast<const TableDef>(backend_.transaction_.catalog()->find_shared(view_));
}

bool ViewKeeper::gone() const {
  if (!backend_.end_reason_.ok()) return true;
  const CatalogPtr whole = backend_.services_.catalog.get();
  return whole->find_anywhere(view_) == nullptr;
}

Task<void> ViewKeeper::run() {
  int64_t pause_us = kFirstPauseUs;
  while (!gone()) {
    backend_.data_.begin_statement();
    backend_.record_->tell.interrupt->clear();
    const uint64_t batches = board_->progress().batches;
    auto keeping = keep();
    const absl::Status status = co_await keeping;
    backend_.clean_up();
    backend_.keys_.events().clear();
    if (gone()) break;
    if (status.ok() || is_passing(status)) {
      auto pausing = pause(loaded_ != nullptr && !loaded_->populated ? kIdlePauseUs : kFirstPauseUs / 50);
      co_await pausing;
      continue;
    }
    // An error that changes bring about goes when their rows are gone: the view as a whole will tell.
    anew_ = true;
    why_ = std::string(status.message());
    board_->fail(std::string(status.message()));
    if (board_->progress().batches != batches) pause_us = kFirstPauseUs;
    auto pausing = pause(pause_us);
    co_await pausing;
    pause_us = std::min(pause_us * 2, kLongestPauseUs);
  }
}

Task<void> ViewKeeper::pause(int64_t us) {
  backend_.data_.begin_statement();
  backend_.sleep_us_ = us;
  auto sleeping = backend_.sleep_if_asked();
  co_await sleeping;
}

// --- one way through ---

Task<absl::Status> ViewKeeper::keep() {
  if (!anew_) board_->withdraw();
  absl::Status status = load();
  if (!status.ok() || !loaded_->populated) co_return status;
  auto finding = find_place();
  status = co_await finding;
  if (!status.ok()) co_return status;
  if (!place_) {
    auto building = rebuild();
    status = co_await building;
    if (!status.ok()) co_return status;
  }
  anew_ = false;
  seen_ = *place_;
  behind_ = 0;
  stored_ = backend_.services_.commits.durable();
  board_->publish(seen_, stored_, 0);
  auto following = follow();
  co_return co_await following;
}

/// The program of the view as it is defined now. Errors: those of making it, and of the view being gone.
absl::Status ViewKeeper::load() {
  const CatalogPtr& catalog = backend_.transaction_.catalog();
  catalog_version_ = catalog->version();
  loaded_ = definition();
  if (loaded_ == nullptr) return error(ErrorCode::kUndefinedTable, "the view is gone");
  const auto* owner = catalog->find_as<RoleDef>(loaded_->owner);
  if (owner != nullptr && owner->oid != backend_.role_) backend_.log_in(*owner);
  backend_.know_new_types(catalog);
  PlanContext context;
  context.catalog = catalog;
  context.system_tables = &backend_.services_.system_tables;
  context.eval = &backend_.eval_;
  context.search_path = {kPgCatalogSchema};
  context.role = context.session_role = loaded_->owner;
  TROUPE_ASSIGN_OR_RETURN(program_, ContinuousProgram::make(loaded_->query_sql, loaded_->owner, view_, context));
  // What has changed comes from the log, which asks nobody for rights.
  TROUPE_ASSIGN_OR_RETURN(const Statement query, prepare(loaded_->query_sql));
  TROUPE_RETURN_IF_ERROR(backend_.plan_prepared(*query));
  TROUPE_RETURN_IF_ERROR(query->plan->denied);
  relations_ = program_->relations(&backend_.services_.system_tables);
  TROUPE_RETURN_IF_ERROR(check_tables());
  changes_ = BaseChanges();
  for (const auto& table : program_->tables()) {
    for (const auto& part : table.parts)
      changes_.follow(part.table, part.columns, program_->input(table.input).changes);
  }
  changes_.clear();
  TROUPE_RETURN_IF_ERROR(prepare_stages());
  ViewReads reads;
  for (const auto& table : program_->tables()) reads.tables.push_back(table.definition->oid);
  reads.trees = trees_of(reads.tables, *catalog);
  board_->set_reads(std::move(reads));
  const std::string place = continuous_place_name(view_);
  TROUPE_ASSIGN_OR_RETURN(clear_place_, prepare(cat("DELETE FROM ", place)));
  TROUPE_ASSIGN_OR_RETURN(read_place_, prepare(cat("SELECT base, fingerprint FROM ", place)));
  TROUPE_ASSIGN_OR_RETURN(move_place_, prepare(cat("UPDATE ", place, " SET base = $1"), {Type{oid::kInt8}}));
  TROUPE_ASSIGN_OR_RETURN(
      set_place_, prepare(cat("INSERT INTO ", place, " VALUES ($1, $2)"), {Type{oid::kInt8}, Type{oid::kText}}));
  return absl::OkStatus();
}

absl::Status ViewKeeper::prepare_stages() {
  stages_.clear();
  for (const auto& stage : program_->stages()) {
    Statements& statements = stages_.emplace_back();
    for (const auto& step : stage->steps()) {
      TROUPE_ASSIGN_OR_RETURN(statements.steps.emplace_back(), prepare(step.sql));
    }
    std::string columns;
    for (const auto& column : stage->state()) columns += cat(columns.empty() ? "" : ", ", column.name);
    TROUPE_ASSIGN_OR_RETURN(statements.fill,
                            prepare(cat("INSERT INTO ", stage->rows(), " (", columns, ") ", stage->fill())));
    TROUPE_ASSIGN_OR_RETURN(statements.clear, prepare(cat("DELETE FROM ", stage->rows())));
    TROUPE_ASSIGN_OR_RETURN(statements.affected, prepare(stage->affected()));
  }
  return absl::OkStatus();
}

/// A view that the query reads may have been replaced: what is kept is then of other columns.
absl::Status ViewKeeper::check_tables() const {
  const Catalog& catalog = *backend_.transaction_.catalog();
  const auto& stages = program_->stages();
  for (size_t i = 0; i < stages.size(); ++i) {
    const bool last = i + 1 == stages.size();
    const TableDef* table = last ? continuous_rows(view_, catalog) : continuous_stage(view_, i + 1, catalog);
    const auto& state = stages[i]->state();
    bool same = table != nullptr && table->columns.size() == state.size();
    for (size_t column = 0; same && column < state.size(); ++column) {
      same = table->columns[column].name == state[column].name && table->columns[column].type == state[column].type.oid;
    }
    if (same) continue;
    return with_hint(
        error(ErrorCode::kObjectNotInPrerequisiteState, "a view that the continuous view reads was defined anew"),
        "Drop the continuous view and create it again; until then its query is run.");
  }
  return absl::OkStatus();
}

Task<absl::Status> ViewKeeper::find_place() {
  place_ = std::nullopt;
  if (anew_) co_return absl::OkStatus();
  auto beginning = begin();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  auto reading = run(read_place_);
  auto answer = co_await reading;
  if (!answer.ok()) co_return answer.status();
  auto committing = commit();
  auto committed = co_await committing;
  if (!committed.ok()) co_return committed.status();
  if (answer->rows.size() != 1) co_return absl::OkStatus();
  const std::vector<Value>& row = answer->rows[0];
  if (row[1].string() == program_->fingerprint()) place_ = static_cast<Scn>(row[0].get<int64_t>());
  co_return absl::OkStatus();
}

/// From scratch, at a snapshot of its own.
Task<absl::Status> ViewKeeper::rebuild() {
  board_->rebuild(std::exchange(why_, {}));
  auto beginning = begin();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  auto filling = fill();
  status = co_await filling;
  if (!status.ok()) co_return status;
  const Scn base = backend_.transaction_.state().snapshot();
  auto committing = commit();
  auto committed = co_await committing;
  if (!committed.ok()) co_return committed.status();
  board_->rebuilt();
  place_ = base;
  co_return absl::OkStatus();
}

Task<absl::Status> ViewKeeper::fill() {
  std::vector<Statement> statements{clear_place_};
  for (const Statements& stage : stages_) {
    statements.push_back(stage.clear);
    statements.push_back(stage.fill);
  }
  for (const Statement& statement : statements) {
    auto running = run(statement);
    auto done = co_await running;
    if (!done.ok()) co_return done.status();
  }
  const auto base = static_cast<int64_t>(backend_.transaction_.state().snapshot());
  auto setting = run(set_place_, {Value::of(base), Value::text(program_->fingerprint())});
  auto set = co_await setting;
  co_return set.status();
}

// --- following ---

/// Ends with an error, or when the view is to be looked at anew.
Task<absl::Status> ViewKeeper::follow() {
  while (true) {
    auto receiving = receive();
    absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    const bool redefined = backend_.transaction_.catalog()->version() != catalog_version_;
    if (redefined) {
      if (!changes_.empty() || behind_ != 0) co_return absl::OkStatus();
      auto looking = look_again();
      const auto same = co_await looking;
      if (!same.ok() || !*same) co_return same.status();
    }
    if (!changes_.empty()) {
      auto bringing = batch();
      status = co_await bringing;
      if (!status.ok()) co_return status;
      continue;
    }
    if (behind_ != 0) continue;
    board_->advance(seen_);
    if (seen_ <= *place_ + kPlaceLagMax) continue;
    auto saving = save_place();
    status = co_await saving;
    if (!status.ok()) co_return status;
  }
}

/// Something was defined: whether it is of no concern to the view.
Task<absl::StatusOr<bool>> ViewKeeper::look_again() {
  const std::string before = program_->fingerprint();
  const absl::Status status = load();
  if (!status.ok()) co_return status;
  if (!loaded_->populated || program_->fingerprint() != before) co_return false;
  auto finding = find_place();
  const absl::Status found = co_await finding;
  if (!found.ok()) co_return found;
  co_return place_.has_value();
}

/// The next commits that there are.
Task<absl::Status> ViewKeeper::receive() {
  auto receiving = backend_.receive_changes({seen_, behind_}, backend_.services_.config.stream_window_bytes);
  const absl::Status status = co_await receiving;
  if (!status.ok()) co_return status;
  const std::shared_ptr<Changes> changes = std::move(backend_.changes_);
  // A commit is in the log, and told, before snapshots see it: what is taken must not be newer than the next snapshot.
  co_return take(*changes, backend_.services_.commits.durable());
}

/// What is behind `up_to` comes again.
absl::Status ViewKeeper::take(const Changes& changes, Scn up_to) {
  for (const CommitFrame& record : changes.records) {
    if (record->head()->scn() > up_to) {
      seen_ = up_to;
      behind_ = 0;
      return absl::OkStatus();
    }
    TROUPE_RETURN_IF_ERROR(changes_.add(bytes_view(record->changes())));
  }
  seen_ = std::min(changes.through, up_to);
  behind_ = changes.through < up_to ? changes.records_behind : 0;
  if (changes_.bytes() > kBatchBytesMax) return start_over("there are too many changes at once");
  return absl::OkStatus();
}

Task<absl::Status> ViewKeeper::receive_up_to(Scn scn) {
  while (seen_ < scn) {
    auto receiving = backend_.receive_changes({seen_, behind_}, backend_.services_.config.stream_window_bytes);
    absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    const std::shared_ptr<Changes> changes = std::move(backend_.changes_);
    status = take(*changes, scn);
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

/// Brings the view to the snapshot of a new transaction.
Task<absl::Status> ViewKeeper::batch() {
  auto beginning = begin();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  const Scn base = backend_.transaction_.state().snapshot();
  auto receiving = receive_up_to(base);
  status = co_await receiving;
  if (!status.ok()) co_return status;
  if (changes_.unknown()) co_return start_over("a table was emptied or loaded in bulk");
  auto applying = apply();
  status = co_await applying;
  if (!status.ok()) co_return status;
  auto moving = run(move_place_, {Value::of(static_cast<int64_t>(base))});
  auto moved = co_await moving;
  if (!moved.ok()) co_return moved.status();
  if (moved->affected != 1) co_return start_over("its place was taken away");
  auto committing = commit();
  auto committed = co_await committing;
  if (!committed.ok()) co_return committed.status();
  stored_ = *committed;
  place_ = base;
  const uint64_t count = changes_.count();
  changes_.clear();
  board_->publish(base, stored_, count);
  co_return absl::OkStatus();
}

Task<absl::Status> ViewKeeper::save_place() {
  auto beginning = begin();
  absl::Status status = co_await beginning;
  if (!status.ok()) co_return status;
  auto moving = run(move_place_, {Value::of(static_cast<int64_t>(seen_))});
  auto moved = co_await moving;
  if (!moved.ok()) co_return moved.status();
  if (moved->affected != 1) co_return start_over("its place was taken away");
  auto committing = commit();
  auto committed = co_await committing;
  if (committed.ok()) place_ = seen_;
  co_return committed.status();
}

// --- what the changes come to ---

/// Stage after stage: the changes of one are what the next ones look at.
Task<absl::Status> ViewKeeper::apply() {
  for (size_t i = 0; i + 1 < stages_.size(); ++i) program_->output(i)->changes->clear();
  for (size_t i = 0; i < stages_.size(); ++i) {
    const uint64_t touched = program_->touched() & program_->stages()[i]->reads();
    if (touched == 0) continue;
    auto applying = apply_stage(i, touched);
    const absl::Status status = co_await applying;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> ViewKeeper::apply_stage(size_t number, uint64_t touched) {
  const ContinuousStage& stage = *program_->stages()[number];
  ValueRows found;
  if (!stage.is_whole()) {
    Statement& statement = stages_[number].changes[touched];
    if (statement == nullptr) {
      auto prepared = prepare(stage.change(touched));
      if (!prepared.ok()) co_return prepared.status();
      statement = *std::move(prepared);
    }
    auto asking = run(statement);
    auto answer = co_await asking;
    if (!answer.ok()) co_return answer.status();
    found = std::move(answer->rows);
    if (found.empty()) co_return absl::OkStatus();
    if (cannot_be_added(stage, found)) co_return start_over("a sum is no number, or infinite");
  }
  const ContinuousInput* output = program_->output(number);
  sort_found(stage.kind(), std::move(found));
  ValueRows before;
  if (output != nullptr) {
    auto looking = affected(number);
    auto rows = co_await looking;
    if (!rows.ok()) co_return rows.status();
    before = *std::move(rows);
  }
  auto running = run_steps(number);
  const absl::Status status = co_await running;
  if (!status.ok() || output == nullptr) co_return status;
  auto looking = affected(number);
  auto after = co_await looking;
  if (!after.ok()) co_return after.status();
  *output->changes = rows_between(before, *after, stage.key_columns(), stage.hidden());
  co_return absl::OkStatus();
}

/// The stage's rows that what was found is about.
Task<absl::StatusOr<ValueRows>> ViewKeeper::affected(size_t number) {
  program_->stages()[number]->found() = all_;
  auto looking = run(stages_[number].affected);
  auto answer = co_await looking;
  if (!answer.ok()) co_return answer.status();
  co_return std::move(answer->rows);
}

/// NaN and the infinities cannot be taken from a sum again.
bool ViewKeeper::cannot_be_added(const ContinuousStage& stage, const ValueRows& found) {
  const size_t sums = stage.sums();
  return std::any_of(found.begin(), found.end(), [sums](const std::vector<Value>& row) {
    return std::any_of(row.end() - static_cast<ptrdiff_t>(sums), row.end(), [](const Value& value) {
      return !value.is_null() && value.kind() == Physical::kVarlen && !Numeric(value.bytes()).is_finite();
    });
  });
}

Task<absl::Status> ViewKeeper::run_steps(size_t number) {
  const ContinuousStage& stage = *program_->stages()[number];
  uint64_t wanted = 0;
  for (const std::vector<Value>& row : gone_) wanted -= static_cast<uint64_t>(row.back().get<int64_t>());
  for (size_t i = 0; i < stage.steps().size(); ++i) {
    const auto which = stage.steps()[i].rows;
    stage.found() = rows_of(which);
    if (stage.found().empty() && !stage.is_whole()) continue;
    auto running = run(stages_[number].steps[i]);
    auto done = co_await running;
    if (!done.ok()) co_return done.status();
    if (which == ContinuousStage::RowsOf::kGone && done->affected != wanted) co_return start_over("rows are missing");
  }
  stage.found().clear();
  co_return absl::OkStatus();
}

void ViewKeeper::sort_found(ContinuousShape::Kind kind, ValueRows found) {
  all_.clear(), gone_.clear(), came_.clear(), whole_.clear(), with_null_.clear();
  all_ = std::move(found);
  switch (kind) {
    case ContinuousShape::Kind::kRows: return net_rows(all_);
    case ContinuousShape::Kind::kSums: return;
    case ContinuousShape::Kind::kKeys: break;
  }
  for (const std::vector<Value>& row : all_) {
    const bool null = std::any_of(row.begin(), row.end(), [](const Value& value) { return value.is_null(); });
    (null ? with_null_ : whole_).push_back(row);
  }
}

/// Rows that came and went are none; each copy of one that came gets a number that none has had.
void ViewKeeper::net_rows(ValueRows found) {
  std::map<std::string, std::vector<Value>, std::less<>> net;
  for (std::vector<Value>& row : found) {
    const std::string key(row[0].string());
    const int64_t weight = row.back().get<int64_t>();
    const auto [at, added] = net.try_emplace(key);
    if (added) {
      at->second = std::move(row);
    } else {
      at->second.back() = Value::of(at->second.back().get<int64_t>() + weight);
    }
  }
  for (auto& [key, row] : net) {
    const int64_t weight = row.back().get<int64_t>();
    if (weight < 0) gone_.push_back(row);
    for (int64_t copy = 0; copy < weight; ++copy) {
      row.back() = Value::of(static_cast<int64_t>(next_copy_++));
      came_.push_back(row);
    }
  }
}

ValueRows ViewKeeper::rows_of(ContinuousStage::RowsOf which) const {
  switch (which) {
    case ContinuousStage::RowsOf::kAll: return all_;
    case ContinuousStage::RowsOf::kGone: return gone_;
    case ContinuousStage::RowsOf::kCame: return came_;
    case ContinuousStage::RowsOf::kWhole: return whole_;
    case ContinuousStage::RowsOf::kWithNull: return with_null_;
  }
  return {};
}

// --- transactions and statements ---

/// REPEATABLE READ, with the tables locked against definitions before the snapshot is taken: what they were emptied or
/// made anew by is then no later than that.
Task<absl::Status> ViewKeeper::begin() {
  backend_.begin_clock(cat("keeping continuous view ", loaded_->name));
  TransactionModes modes = backend_.parameters_.snapshot().transaction;
  modes.isolation = IsolationLevel::kRepeatableRead;
  modes.read_only = false;
  backend_.parameters_.begin();
  Transaction& transaction = backend_.transaction_.state();
  absl::Status status = transaction.begin_block(modes, backend_.eval_.statement_us);
  if (!status.ok()) co_return status;
  for (const auto& table : program_->tables()) {
    std::vector<std::shared_ptr<const TableDef>> locked{table.definition};
    for (const auto& part : table.parts) {
      if (part.table->oid != table.definition->oid) locked.push_back(part.table);
    }
    for (const auto& one : locked) {
      auto locking = backend_.transaction_.lock_table(*one, TableLockMode::kAccessShare, false);
      status = co_await locking;
      if (!status.ok()) co_return status;
    }
  }
  if (backend_.transaction_.catalog()->version() != catalog_version_) {
    co_return error(ErrorCode::kSerializationFailure, "something was defined meanwhile");
  }
  const auto snapshot = backend_.transaction_.take_snapshot();
  if (!snapshot.ok()) co_return snapshot.status();
  next_copy_ = std::max(next_copy_, *snapshot << 20);
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Scn>> ViewKeeper::commit() {
  const bool reads = backend_.transaction_.only_read();
  auto ending = backend_.end_transaction(true);
  const absl::Status status = co_await ending;
  if (!status.ok()) co_return status;
  backend_.writer_.buffer().consume(backend_.writer_.buffer().size());  // notices
  co_return reads ? stored_ : backend_.transaction_.committed_at();
}

absl::StatusOr<ViewKeeper::Statement> ViewKeeper::prepare(std::string text, std::vector<Type> parameters) {
  auto statement = std::make_shared<Prepared>();
  TROUPE_ASSIGN_OR_RETURN(statement->parsed, sql::parse_statement(text));
  statement->raw = &statement->parsed->statements()[0];
  statement->declared = std::move(parameters);
  return statement;
}

Task<absl::StatusOr<ViewKeeper::Answer>> ViewKeeper::run(const Statement& statement, std::vector<Value> parameters) {
  const Statement kept = statement;
  Portal portal;
  portal.prepared = kept;
  portal.parameters = std::move(parameters);
  portal.quiet = true;
  backend_.begin_transaction_statement();
  auto starting = backend_.start_portal(portal);
  const absl::Status status = co_await starting;
  if (!status.ok()) co_return status;
  Answer answer;
  while (true) {
    auto fetching = portal.execution->next();
    auto batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    if (batch->rows == 0) break;
    for (uint32_t row = 0; row < batch->rows; ++row) {
      std::vector<Value>& values = answer.rows.emplace_back();
      for (const Vector& column : batch->columns) values.push_back(column.value(row));
    }
  }
  answer.affected = portal.execution->rows_affected();
  co_return answer;
}

}  // namespace troupe
