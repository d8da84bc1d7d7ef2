/// Joins that keep the right side in memory: by a hash table over the keys, or (no keys) every row with every row.
#include <utility>

#include "runtime/exec/group_table.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/pair_matcher.hpp"

namespace troupe {
namespace {

struct JoinBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr left;
  BlueprintPtr right;
  std::vector<Program> left_keys;
  std::vector<Program> right_keys;
  std::vector<CompareKind> key_kinds;
  PairMatcher::Spec match;
};

/// The right side: its rows, and chains of those with equal keys.
class BuildSide {
 public:
  static constexpr uint32_t kEnd = UINT32_MAX;

  BuildSide(const JoinBlueprint& blueprint, MemoryBudget* budget)
      : blueprint_{blueprint},
        rows_(blueprint.right->output()),
        groups_(blueprint.key_kinds),
        memory_{budget} {
    for (const CompareKind kind : blueprint.key_kinds) keys_.emplace_back().reset_empty(physical_of(kind), 16);
  }

  absl::Status add(const Batch& batch, Run& run) {
    std::vector<Vector> keys(blueprint_.right_keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(blueprint_.right_keys[i].run(run.input(batch), &keys[i]));
    }
    std::vector<uint32_t> groups(batch.rows);
    groups_.assign(keys, batch.rows, groups.data());
    heads_.resize(groups_.size(), kEnd);
    tails_.resize(groups_.size(), kEnd);
    const uint32_t first = rows_.size();
    rows_.append(batch);
    next_.resize(rows_.size(), kEnd);
    for (uint32_t i = 0; i < batch.rows; ++i) {
      bool has_null = false;
      for (const Vector& key : keys) has_null = has_null || key.is_null(i);
      if (has_null) {
        null_rows_.push_back(first + i);
      } else {
        link(groups[i], first + i);
      }
    }
    if (blueprint_.match.null_aware) {
      for (size_t c = 0; c < keys.size(); ++c) keys_[c].append_all(keys[c]);
    }
    return memory_.hold(rows_.memory_bytes() + groups_.memory_bytes() + next_.capacity() * 12);
  }

  const Batch& rows() const { return rows_.rows(); }
  void find(std::span<const Vector> keys, uint32_t rows, uint32_t* groups) const {
    groups_.find(keys, rows, groups);
    for (uint32_t row = 0; row < rows; ++row) {
      for (const Vector& key : keys) {
        if (key.is_null(row)) groups[row] = GroupTable::kNone;
      }
      groups[row] = groups[row] == GroupTable::kNone ? kEnd : heads_[groups[row]];
    }
  }
  uint32_t next(uint32_t row) const { return next_[row]; }

  /// Whether the row's keys would equal some right row's if a null were known. The row matches none.
  bool may_equal(std::span<const Vector> keys, uint32_t row) const {
    bool has_null = false;
    for (const Vector& key : keys) has_null = has_null || key.is_null(row);
    if (!has_null) {
      for (const uint32_t candidate : null_rows_) {
        if (may_equal_row(keys, row, candidate)) return true;
      }
      return false;
    }
    for (uint32_t candidate = 0; candidate < rows_.size(); ++candidate) {
      if (may_equal_row(keys, row, candidate)) return true;
    }
    return false;
  }

 private:
  void link(uint32_t group, uint32_t row) {
    if (heads_[group] == kEnd) {
      heads_[group] = row;
    } else {
      next_[tails_[group]] = row;
    }
    tails_[group] = row;
  }
  bool may_equal_row(std::span<const Vector> keys, uint32_t row, uint32_t candidate) const {
    for (size_t c = 0; c < keys.size(); ++c) {
      if (keys[c].is_null(row) || keys_[c].is_null(candidate)) continue;
      if (!equal_values(blueprint_.key_kinds[c], keys[c], row, keys_[c], candidate)) return false;
    }
    return true;
  }

  const JoinBlueprint& blueprint_;
  RowStore rows_;
  GroupTable groups_;
  MemoryShare memory_;
  std::vector<Vector> keys_;  ///< of all rows; kept for null-aware joins only
  std::vector<uint32_t> heads_, tails_, next_;
  std::vector<uint32_t> null_rows_;
};

class Join final : public Operator {
 public:
  Join(Run& run, const JoinBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        left_{blueprint.left->start(run)},
        right_{blueprint.right->start(run)},
        matcher_(run, blueprint.match) {}

  void rewind() override {
    left_->rewind();
    right_->rewind();
    build_.reset();
    probing_ = false;
    left_done_ = false;
    next_unmatched_ = 0;
  }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    if (!build_) {
      auto building = build();
      absl::Status status = co_await building;
      if (!status.ok()) co_return status;
    }
    const uint64_t wanted = std::exchange(wanted_, UINT64_MAX);
    while (true) {
      if (!probing_) {
        if (left_done_) co_return unmatched_right();
        if (wanted != UINT64_MAX) left_->want(wanted);
        auto pulling = left_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok()) co_return batch;
        if (batch->rows == 0) {
          left_done_ = true;
          continue;
        }
        absl::Status status = begin_probe(*std::move(batch));
        if (!status.ok()) co_return status;
      }
      Batch out;
      absl::Status status = probe(&out);
      if (!status.ok()) co_return status;
      if (out.rows > 0) co_return out;
      status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (run_.should_pause(kBatchRows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
  }

 private:
  bool keeps_right_rows() const {
    return blueprint_.match.join == JoinKind::kRight || blueprint_.match.join == JoinKind::kFull;
  }

  /// Without a right row no left row comes out.
  bool needs_right_rows() const {
    const JoinKind join = blueprint_.match.join;
    return join == JoinKind::kInner || join == JoinKind::kSemi || join == JoinKind::kRight;
  }

  Task<absl::Status> build() {
    build_ = std::make_unique<BuildSide>(blueprint_, &run_.memory);
    while (true) {
      auto pulling = right_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch.status();
      if (batch->rows == 0) break;
      absl::Status status = build_->add(*batch, run_);
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
    left_done_ = build_->rows().rows == 0 && needs_right_rows();
    if (keeps_right_rows()) right_matched_.assign(build_->rows().rows, false);
    co_return absl::OkStatus();
  }

  absl::Status begin_probe(Batch batch) {
    probe_ = std::move(batch);
    probing_ = true;
    row_ = 0;
    keys_.resize(blueprint_.left_keys.size());
    for (size_t i = 0; i < keys_.size(); ++i) {
      TROUPE_RETURN_IF_ERROR(blueprint_.left_keys[i].run(run_.input(probe_), &keys_[i]));
    }
    candidates_.resize(probe_.rows);
    build_->find(keys_, probe_.rows, candidates_.data());
    matcher_.begin_left(&probe_);
    return absl::OkStatus();
  }

  /// Checks the next candidates; after the last ones of the batch, what depends on all of them.
  absl::Status probe(Batch* out) {
    std::vector<uint32_t> left_rows, right_rows;
    const bool one_is_enough = matcher_.first_match_decides() && !blueprint_.match.condition;
    while (row_ < probe_.rows && left_rows.size() < kBatchRows) {
      uint32_t& candidate = candidates_[row_];
      if (candidate == BuildSide::kEnd || (matcher_.first_match_decides() && matcher_.matched(row_))) {
        ++row_;
        continue;
      }
      left_rows.push_back(row_);
      right_rows.push_back(candidate);
      candidate = one_is_enough ? BuildSide::kEnd : build_->next(candidate);
    }
    if (!left_rows.empty()) {
      std::vector<uint32_t> matched;
      TROUPE_RETURN_IF_ERROR(
          matcher_.add_pairs(left_rows, build_->rows(), right_rows, out, keeps_right_rows() ? &matched : nullptr));
      for (const uint32_t row : matched) right_matched_[row] = true;
      return absl::OkStatus();
    }
    if (blueprint_.match.null_aware && !keys_.empty()) {
      for (uint32_t row = 0; row < probe_.rows; ++row) {
        if (!matcher_.matched(row) && build_->may_equal(keys_, row)) matcher_.note_unknown(row);
      }
    }
    matcher_.finish_left(out);
    probing_ = false;
    return absl::OkStatus();
  }

  Batch unmatched_right() {
    Batch out;
    if (!keeps_right_rows()) return out;
    std::vector<uint32_t> rows;
    for (; next_unmatched_ < right_matched_.size() && rows.size() < kBatchRows; ++next_unmatched_) {
      if (!right_matched_[next_unmatched_]) rows.push_back(next_unmatched_);
    }
    if (rows.empty()) return out;
    append_null_columns(blueprint_.left->output(), static_cast<uint32_t>(rows.size()), &out.columns);
    Batch right = build_->rows().gather(rows);
    for (Vector& column : right.columns) out.columns.push_back(std::move(column));
    out.rows = static_cast<uint32_t>(rows.size());
    return out;
  }

  const JoinBlueprint& blueprint_;
  std::unique_ptr<Operator> left_;
  std::unique_ptr<Operator> right_;
  PairMatcher matcher_;
  std::unique_ptr<BuildSide> build_;
  Batch probe_;
  std::vector<Vector> keys_;
  std::vector<uint32_t> candidates_;  ///< per probe row: the next right row to check
  uint32_t row_ = 0;
  bool probing_ = false;
  bool left_done_ = false;
  uint64_t wanted_ = UINT64_MAX;
  std::vector<bool> right_matched_;
  uint32_t next_unmatched_ = 0;
};

std::unique_ptr<Operator> JoinBlueprint::open(Run& run) const { return std::make_unique<Join>(run, *this); }

absl::StatusOr<std::unique_ptr<JoinBlueprint>> start_join(const PlanNode& plan, JoinKind join, const ExprPtr& condition,
                                                          bool null_aware_mark) {
  auto blueprint = std::make_unique<JoinBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->left, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->right, compile_node(*plan.inputs[1]));
  blueprint->match.join = join;
  blueprint->match.null_aware = join == JoinKind::kNullAwareAnti || (join == JoinKind::kMark && null_aware_mark);
  blueprint->match.right_types = blueprint->right->output();
  if (condition) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->match.condition, Program::compile(condition));
  }
  return blueprint;
}

}  // namespace

BlueprintResult compile_hash_join(const HashJoinPlan& plan) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<JoinBlueprint> blueprint,
                          start_join(plan, plan.join, plan.residual, plan.null_aware_mark));
  if (blueprint->match.null_aware && plan.residual) {
    return error(ErrorCode::kFeatureNotSupported, "a null-aware hash join with a further condition");
  }
  TROUPE_ASSIGN_OR_RETURN(blueprint->left_keys, compile_programs(plan.left_keys));
  TROUPE_ASSIGN_OR_RETURN(blueprint->right_keys, compile_programs(plan.right_keys));
  for (const ExprPtr& key : plan.right_keys) blueprint->key_kinds.push_back(compare_kind_for(key->type));
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_nested_loop(const NestedLoopPlan& plan) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<JoinBlueprint> blueprint,
                          start_join(plan, plan.join, plan.condition, plan.null_aware_mark));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
