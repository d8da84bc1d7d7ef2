#include <algorithm>
#include <utility>

#include "runtime/exec/limit_value.hpp"
#include "runtime/exec/operator.hpp"

namespace troupe {

absl::StatusOr<uint64_t> evaluate_limit(const Program& limit, const EvalInput& in) {
  if (!limit) return UINT64_MAX;
  TROUPE_ASSIGN_OR_RETURN(const Value value, limit.run_once(in));
  if (value.is_null()) return UINT64_MAX;
  if (value.get<int64_t>() < 0) return error(ErrorCode::kInvalidRowCountInLimit, "LIMIT must not be negative");
  return static_cast<uint64_t>(value.get<int64_t>());
}

absl::StatusOr<uint64_t> evaluate_offset(const Program& offset, const EvalInput& in) {
  if (!offset) return 0;
  TROUPE_ASSIGN_OR_RETURN(const Value value, offset.run_once(in));
  if (value.is_null()) return 0;
  if (value.get<int64_t>() < 0) return error(ErrorCode::kInvalidRowCountInOffset, "OFFSET must not be negative");
  return static_cast<uint64_t>(value.get<int64_t>());
}

namespace {

struct LimitBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  Program limit;
  Program offset;
  SortSpec ties;
};

class Limit final : public Operator {
 public:
  Limit(Run& run, const LimitBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)} {}

  void rewind() override {
    input_->rewind();
    opened_ = false;
    done_ = false;
    last_key_.clear();
  }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    if (!opened_) {
      opened_ = true;
      absl::StatusOr<uint64_t> limit = evaluate_limit(blueprint_.limit, run_.input({}, 1));
      if (!limit.ok()) co_return limit.status();
      absl::StatusOr<uint64_t> offset = evaluate_offset(blueprint_.offset, run_.input({}, 1));
      if (!offset.ok()) co_return offset.status();
      left_ = *limit;
      skip_ = *offset;
      done_ = left_ == 0;
    }
    while (!done_) {
      input_->want(rows_wanted());
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok() || batch->rows == 0) {
        done_ = true;
        co_return batch;
      }
      if (skip_ >= batch->rows) {
        skip_ -= batch->rows;
        if (!run_.should_pause(batch->rows)) continue;
        Yield yield(*run_.context.data);
        co_await yield;
        const absl::Status cancelled = run_.context.data->check_cancelled();
        if (!cancelled.ok()) co_return cancelled;
        continue;
      }
      Batch rest = skip_ == 0 ? *std::move(batch) : batch->slice(static_cast<uint32_t>(skip_), batch->rows - static_cast<uint32_t>(skip_));
      skip_ = 0;
      absl::StatusOr<uint32_t> taken = rows_taken(rest);
      if (!taken.ok()) co_return taken.status();
      if (*taken < rest.rows) rest = rest.slice(0, *taken);
      if (rest.rows > 0) co_return rest;
    }
    co_return Batch{};
  }

 private:
  /// Of the input's next rows. WITH TIES looks at one more after another once the limit is reached.
  uint64_t rows_wanted() {
    const uint64_t wanted = std::min(std::exchange(wanted_, UINT64_MAX), std::max<uint64_t>(left_, 1));
    return wanted > UINT64_MAX - skip_ ? UINT64_MAX : wanted + skip_;
  }

  /// How many of the batch's rows still count. Keeps the last one's key for WITH TIES.
  absl::StatusOr<uint32_t> rows_taken(const Batch& batch) {
    const auto within = static_cast<uint32_t>(std::min<uint64_t>(left_, batch.rows));
    left_ -= left_ == UINT64_MAX ? 0 : within;
    if (blueprint_.ties.programs.empty()) {
      done_ = left_ == 0;
      return within;
    }
    if (left_ > 0) return within;
    std::vector<Vector> keys;
    TROUPE_RETURN_IF_ERROR(blueprint_.ties.run(run_.input(batch), &keys));
    if (within > 0) last_key_ = key_of(keys, within - 1);
    uint32_t taken = within;
    while (taken < batch.rows && key_of(keys, taken) == last_key_) ++taken;
    done_ = taken < batch.rows;
    return taken;
  }

  std::string key_of(const std::vector<Vector>& keys, uint32_t row) const {
    std::string key;
    for (size_t i = 0; i < keys.size(); ++i) encode_key_column(blueprint_.ties.columns[i], keys[i], row, &key);
    return key;
  }

  const LimitBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  bool opened_ = false;
  bool done_ = false;
  uint64_t left_ = 0;
  uint64_t skip_ = 0;
  uint64_t wanted_ = UINT64_MAX;
  std::string last_key_;
};

std::unique_ptr<Operator> LimitBlueprint::open(Run& run) const { return std::make_unique<Limit>(run, *this); }

}  // namespace

BlueprintResult compile_limit(const LimitPlan& plan) {
  auto blueprint = std::make_unique<LimitBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  if (plan.limit) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->limit, Program::compile(plan.limit));
  }
  if (plan.offset) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->offset, Program::compile(plan.offset));
  }
  TROUPE_ASSIGN_OR_RETURN(blueprint->ties, SortSpec::compile(plan.ties));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
