/// Apply: the right side runs anew for each left row (LATERAL, subqueries that could not be decorrelated).
#include "runtime/exec/operator.hpp"
#include "runtime/exec/pair_matcher.hpp"

namespace troupe {
namespace {

struct ApplyBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr left;
  BlueprintPtr right;
  std::vector<SlotBinding> bindings;
  PairMatcher::Spec match;
};

class Apply final : public Operator {
 public:
  Apply(Run& run, const ApplyBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        left_{blueprint.left->start(run)},
        right_{blueprint.right->start(run)},
        matcher_(run, blueprint.match) {}

  void rewind() override {
    left_->rewind();
    has_left_ = false;
    in_right_ = false;
  }

  Task<BatchResult> next() override {
    Batch out;
    while (true) {
      if (!has_left_) {
        auto pulling = left_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok() || batch->rows == 0) co_return batch;
        left_rows_ = *std::move(batch);
        has_left_ = true;
        row_ = 0;
        matcher_.begin_left(&left_rows_);
      }
      if (row_ == left_rows_.rows) {
        has_left_ = false;
        matcher_.finish_left(&out);
        if (out.rows > 0) co_return out;
        continue;
      }
      if (!in_right_) {
        for (const SlotBinding& binding : blueprint_.bindings) {
          run_.slots[binding.slot] = left_rows_.columns[binding.column].value(row_);
        }
        right_->rewind();
        in_right_ = true;
      }
      auto pulling = right_->next();
      BatchResult right = co_await pulling;
      if (!right.ok()) co_return right;
      absl::Status status = run_.context.data->check_cancelled();
      if (status.ok() && right->rows > 0) status = match(*right, &out);
      if (!status.ok()) co_return status;
      if (run_.should_pause(right->rows + 16)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
      if (right->rows == 0 || (matcher_.first_match_decides() && matcher_.matched(row_))) {
        in_right_ = false;
        ++row_;
      }
      if (out.rows > 0) co_return out;
    }
  }

 private:
  absl::Status match(const Batch& right, Batch* out) {
    std::vector<uint32_t> left_rows(right.rows, row_), right_rows(right.rows);
    for (uint32_t i = 0; i < right.rows; ++i) right_rows[i] = i;
    return matcher_.add_pairs(left_rows, right, right_rows, out, nullptr);
  }

  const ApplyBlueprint& blueprint_;
  std::unique_ptr<Operator> left_;
  std::unique_ptr<Operator> right_;
  PairMatcher matcher_;
  Batch left_rows_;
  uint32_t row_ = 0;
  bool has_left_ = false;
  bool in_right_ = false;
};

std::unique_ptr<Operator> ApplyBlueprint::open(Run& run) const { return std::make_unique<Apply>(run, *this); }

}  // namespace

BlueprintResult compile_apply(const ApplyPlan& plan) {
  auto blueprint = std::make_unique<ApplyBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->left, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->right, compile_node(*plan.inputs[1]));
  blueprint->bindings = plan.bindings;
  blueprint->match.join = plan.join;
  blueprint->match.null_aware = plan.join == JoinKind::kMark && plan.null_aware_mark;
  blueprint->match.right_types = blueprint->right->output();
  if (plan.condition) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->match.condition, Program::compile(plan.condition));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
