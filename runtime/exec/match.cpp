/// MATCH_RECOGNIZE: a partition's rows are gathered, then looked through from the first to the last.
#include <algorithm>

#include "runtime/cep/pattern_matcher.hpp"
#include "runtime/exec/match_output.hpp"

namespace troupe {
namespace {

struct MatchBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  SortSpec partition_by;
  CompiledMatch match;
};

/// What depends on parameters: made when the first row is asked for.
class MatchSearch final : public PatternConditions {
 public:
  MatchSearch(const MatchBlueprint& blueprint, std::vector<MatchOffset> offsets, Run& run)
      : match_{blueprint.match},
        run_{run},
        offsets_{std::move(offsets)},
        rows_(match_, run),
        values_(match_, offsets_, rows_),
        output_(match_, offsets_, rows_, run),
        truths_(match_.conditions.size()),
        truth_pointers_(match_.conditions.size()),
        matcher_(*match_.spec->program, variables_that_look_back()) {}

  /// Another partition; `rows` stay until finish().
  void begin(const Batch& rows) {
    rows_.set(rows);
    for (size_t variable = 0; variable < truths_.size(); ++variable) {
      if (!match_.conditions[variable]) continue;
      if (looks_back_[variable]) {
        truths_[variable].assign(rows.rows, static_cast<uint8_t>(RowTruth::kAsk));
      } else {
        rows_.evaluate(*match_.conditions[variable], offsets_, &truths_[variable]);
      }
      truth_pointers_[variable] = truths_[variable].data();
    }
    matcher_.reset();
    match_number_ = 0;
    matched_end_ = 0;
    start(0);
  }
  bool at_end() const { return row_ >= rows_.size(); }
  void finish() { rows_.clear(); }

  /// Looks on, for a moment.
  absl::Status go_on() {
    for (uint32_t searches = 0; searches < kSearchesPerTurn && !at_end(); ++searches) {
      const PatternRows rows{rows_.size(), true, truth_pointers_};
      TROUPE_ASSIGN_OR_RETURN(const SearchOutcome outcome, matcher_.search(rows, *this));
      if (outcome == SearchOutcome::kPaused) return absl::OkStatus();
      if (outcome == SearchOutcome::kMatch) {
        TROUPE_RETURN_IF_ERROR(take_match());
      } else {
        TROUPE_RETURN_IF_ERROR(skip_row());
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<RowTruth> ask(MatchPath& path) override {
    values_.follow(path);
    const MatchExpressions& condition = *match_.conditions[path.variable(path.size() - 1)];
    columns_.resize(condition.values.size());
    for (size_t i = 0; i < columns_.size(); ++i) {
      const uint32_t value = condition.values[i];
      columns_[i].reset_empty(physical_kind(match_.spec->values[value].type), 1);
      TROUPE_RETURN_IF_ERROR(values_.append(value, path.size(), /*tentative=*/true, *run_.context.eval, &columns_[i]));
    }
    Vector passes;
    TROUPE_RETURN_IF_ERROR(condition.programs[0].run(run_.input(columns_, 1), &passes));
    return !passes.is_null(0) && passes.get<bool>(0) ? RowTruth::kTrue : RowTruth::kFalse;
  }

  MatchOutput& output() { return output_; }
  size_t memory_bytes() const {
    size_t bytes = matcher_.memory_bytes() + output_.memory_bytes();
    for (const auto& truths : truths_) bytes += truths.capacity();
    return bytes;
  }

 private:
  static constexpr uint32_t kSearchesPerTurn = 4096;

  std::vector<bool> variables_that_look_back() {
    for (uint16_t variable = 0; variable < match_.conditions.size(); ++variable) {
      looks_back_.push_back(match_.conditions[variable] && !is_local(match_, offsets_, variable));
    }
    return looks_back_;
  }

  void start(uint32_t row) {
    row_ = row;
    matcher_.start(row);
    values_.set_match_number(match_number_ + 1);
  }

  absl::Status take_match() {
    MatchPath& path = matcher_.path();
    const uint32_t row = row_;
    TROUPE_RETURN_IF_ERROR(output_.add_match(path, ++match_number_));
    TROUPE_ASSIGN_OR_RETURN(const uint32_t next, row_after(path));
    matched_end_ = std::max(matched_end_, row + static_cast<uint32_t>(path.size()));
    start(next);
    return absl::OkStatus();
  }

  absl::Status skip_row() {
    if (match_.spec->rows == RowsPerMatch::kWithUnmatched && row_ >= matched_end_) {
      TROUPE_RETURN_IF_ERROR(output_.add_unmatched(row_));
    }
    start(row_ + 1);
    return absl::OkStatus();
  }

  /// Where to look for the next match. Errors: 2202K, 2202L.
  absl::StatusOr<uint32_t> row_after(const MatchPath& path) const {
    const MatchSpec& spec = *match_.spec;
    if (path.empty() || spec.skip == SkipTo::kNextRow) return row_ + 1;
    if (spec.skip == SkipTo::kPastLastRow) return row_ + static_cast<uint32_t>(path.size());
    const std::vector<uint32_t> positions = MatchValues::positions_of(path, spec.skip_variables);
    if (positions.empty()) {
      return error(kSkipToNonExistentRow, "AFTER MATCH SKIP TO \"", spec.skip_name,
                   "\": no row of the match is this variable");
    }
    const uint32_t at = spec.skip == SkipTo::kFirst ? positions.front() : positions.back();
    if (at > 0) return row_ + at;
    return with_hint(error(kSkipToFirstRow, "AFTER MATCH SKIP TO \"", spec.skip_name,
                           "\" leads to the first row of the match, which would be found again and again"),
                     "Skip to a later variable, TO NEXT ROW or PAST LAST ROW.");
  }

  const CompiledMatch& match_;
  Run& run_;
  const std::vector<MatchOffset> offsets_;
  MatchRows rows_;
  MatchValues values_;  ///< the conditions'
  MatchOutput output_;
  std::vector<bool> looks_back_;
  std::vector<std::vector<uint8_t>> truths_;
  std::vector<const uint8_t*> truth_pointers_;
  PatternMatcher matcher_;
  std::vector<Vector> columns_;
  uint32_t row_ = 0;
  uint32_t matched_end_ = 0;  ///< rows before it were part of a match
  int64_t match_number_ = 0;
};

class Match final : public Operator {
 public:
  Match(Run& run, const MatchBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        input_{blueprint.input->start(run)},
        rows_(blueprint.input->output()),
        memory_(&run.memory) {}
  void rewind() override {
    input_->rewind();
    rows_.clear();
    search_.reset();
    partition_key_.clear();
    done_ = false;
  }

  Task<BatchResult> next() override {
    if (!search_) {
      absl::Status status = open_search();
      if (!status.ok()) co_return status;
    }
    while (!done_ && !search_->output().has_batch()) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch;
      done_ = batch->rows == 0;
      auto working = done_ ? end_partition() : take(*batch);
      absl::Status status = co_await working;
      if (status.ok() && done_) status = search_->output().end();
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
    co_return search_->output().has_batch() ? search_->output().take() : Batch{};
  }

 private:
  absl::Status open_search() {
    TROUPE_ASSIGN_OR_RETURN(std::vector<MatchOffset> offsets, evaluate_offsets(blueprint_.match, run_.input({}, 1)));
    search_ = std::make_unique<MatchSearch>(blueprint_, std::move(offsets), run_);
    return absl::OkStatus();
  }

  Task<absl::Status> take(const Batch& batch) {
    std::vector<Vector> keys;
    absl::Status status = blueprint_.partition_by.run(run_.input(batch), &keys);
    if (!status.ok()) co_return status;
    uint32_t from = 0;
    for (uint32_t row = 0; row < batch.rows && !keys.empty(); ++row) {
      key_.clear();
      for (size_t i = 0; i < keys.size(); ++i)
        encode_key_column(blueprint_.partition_by.columns[i], keys[i], row, &key_);
      if (key_ == partition_key_) continue;
      if (row > from) rows_.append(batch.slice(from, row - from));
      from = row;
      auto ending = end_partition();
      status = co_await ending;
      if (!status.ok()) co_return status;
      partition_key_ = key_;
    }
    rows_.append(batch.slice(from, batch.rows - from));
    status = memory_.hold(rows_.memory_bytes() + search_->memory_bytes());
    co_return status;
  }

  Task<absl::Status> end_partition() {
    if (rows_.size() == 0) co_return absl::OkStatus();
    search_->begin(rows_.rows());
    while (!search_->at_end()) {
      absl::Status status = search_->go_on();
      if (status.ok()) status = memory_.hold(rows_.memory_bytes() + search_->memory_bytes());
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (search_->at_end()) break;
      Yield yield(*run_.context.data);
      co_await yield;
    }
    search_->finish();
    rows_.clear();
    co_return absl::OkStatus();
  }

  const MatchBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  RowStore rows_;  ///< of the partition at hand
  std::unique_ptr<MatchSearch> search_;
  std::string key_;
  std::string partition_key_;
  MemoryShare memory_;
  bool done_ = false;
};

std::unique_ptr<Operator> MatchBlueprint::open(Run& run) const { return std::make_unique<Match>(run, *this); }

}  // namespace

BlueprintResult compile_match(const MatchPlan& plan) {
  auto blueprint = std::make_unique<MatchBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  std::vector<SortKey> partition_by;
  for (const ExprPtr& expr : plan.spec.partition_by) partition_by.push_back({expr, false, false});
  TROUPE_ASSIGN_OR_RETURN(blueprint->partition_by, SortSpec::compile(partition_by));
  TROUPE_ASSIGN_OR_RETURN(blueprint->match, CompiledMatch::compile(plan.spec));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
