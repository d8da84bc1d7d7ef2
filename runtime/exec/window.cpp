/// Window functions: a partition's rows are gathered, then every call computes its column over them.
#include <algorithm>
#include <deque>

#include "runtime/exec/aggregator.hpp"
#include "runtime/exec/operator.hpp"
#include "runtime/exec/user_aggregate.hpp"
#include "runtime/exec/window_frame.hpp"

namespace troupe {
namespace {

struct CompiledCall {
  WindowFunction function = WindowFunction::kRowNumber;
  BoundAggregate aggregate;
  std::vector<Program> args;
  Program filter;
  Type type;
};

struct WindowBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  SortSpec partition_by;
  SortSpec order;
  FrameSpec frame;
  std::vector<CompiledCall> calls;
};

/// One partition, and what its calls answer.
class WindowPartition {
 public:
  WindowPartition(const WindowBlueprint& blueprint, const Batch& rows, const std::vector<std::string>& order_keys,
                  Run& run)
      : blueprint_{blueprint}, rows_{rows}, peers_(order_keys), run_{run}, count_{rows.rows} {}

  absl::StatusOr<Vector> compute(const CompiledCall& call) {
    std::vector<Vector> args(call.args.size());
    for (size_t i = 0; i < args.size(); ++i) TROUPE_RETURN_IF_ERROR(call.args[i].run(run_.input(rows_), &args[i]));
    Vector out;
    out.reset_empty(physical_kind(call.type), std::max(count_, 1u));
    switch (call.function) {
      case WindowFunction::kRowNumber:
      case WindowFunction::kRank:
      case WindowFunction::kDenseRank:
      case WindowFunction::kPercentRank:
      case WindowFunction::kCumeDist: rank(call.function, &out); return out;
      case WindowFunction::kNtile: TROUPE_RETURN_IF_ERROR(ntile(args, &out)); return out;
      case WindowFunction::kLag:
      case WindowFunction::kLead: shift(call, args, &out); return out;
      default: break;
    }
    if (!frames_) {
      TROUPE_ASSIGN_OR_RETURN(Frames frames, Frames::make(blueprint_.frame, peers_, rows_, run_));
      frames_ = std::move(frames);
    }
    if (call.function == WindowFunction::kAggregate) {
      TROUPE_RETURN_IF_ERROR(aggregate(call, args, &out));
    } else {
      TROUPE_RETURN_IF_ERROR(value_in_frame(call, args, &out));
    }
    return out;
  }

 private:
  void rank(WindowFunction function, Vector* out) const {
    for (uint32_t row = 0; row < count_; ++row) {
      switch (function) {
        case WindowFunction::kRowNumber: out->append<int64_t>(row + 1); break;
        case WindowFunction::kRank: out->append<int64_t>(peers_.begin_of(row) + 1); break;
        case WindowFunction::kDenseRank: out->append<int64_t>(peers_.group_of[row] + 1); break;
        case WindowFunction::kPercentRank:
          out->append<double>(count_ == 1 ? 0.0 : static_cast<double>(peers_.begin_of(row)) / (count_ - 1));
          break;
        default: out->append<double>(static_cast<double>(peers_.end_of(row)) / count_); break;
      }
    }
  }

  absl::Status ntile(const std::vector<Vector>& args, Vector* out) const {
    if (args[0].is_null(0)) {
      for (uint32_t row = 0; row < count_; ++row) out->append_null();
      return absl::OkStatus();
    }
    const int64_t buckets = args[0].get<int32_t>(0);
    if (buckets <= 0) {
      return error(ErrorCode::kInvalidArgumentForNtile, "argument of ntile must be greater than zero");
    }
    // The first count % buckets buckets have one row more.
    const int64_t size = count_ / buckets, larger = count_ % buckets;
    for (int64_t row = 0; row < count_; ++row) {
      const int64_t in_larger = larger * (size + 1);
      const int64_t bucket = row < in_larger ? row / (size + 1) : larger + (row - in_larger) / size;
      out->append<int32_t>(static_cast<int32_t>(bucket + 1));
    }
    return absl::OkStatus();
  }

  void shift(const CompiledCall& call, const std::vector<Vector>& args, Vector* out) const {
    for (uint32_t row = 0; row < count_; ++row) {
      if (args.size() > 1 && args[1].is_null(row)) {
        out->append_null();
        continue;
      }
      int64_t distance = args.size() > 1 ? args[1].get<int32_t>(row) : 1;
      if (call.function == WindowFunction::kLag) distance = -distance;
      const int64_t at = row + distance;
      if (at >= 0 && at < count_) {
        out->append_from(args[0], static_cast<uint32_t>(at));
      } else if (args.size() > 2) {
        out->append_from(args[2], row);
      } else {
        out->append_null();
      }
    }
  }

  absl::Status value_in_frame(const CompiledCall& call, const std::vector<Vector>& args, Vector* out) const {
    for (uint32_t row = 0; row < count_; ++row) {
      int64_t nth = 1;
      if (call.function == WindowFunction::kNthValue) {
        if (args[1].is_null(row)) {
          out->append_null();
          continue;
        }
        nth = args[1].get<int32_t>(row);
        if (nth <= 0) {
          return error(ErrorCode::kInvalidArgumentForNthValue, "argument of nth_value must be greater than zero");
        }
      }
      const int64_t found = find_in_frame(row, nth, call.function == WindowFunction::kLastValue);
      if (found < 0) {
        out->append_null();
      } else {
        out->append_from(args[0], static_cast<uint32_t>(found));
      }
    }
    return absl::OkStatus();
  }

  /// The nth row of the row's frame that is not excluded, from its end when `from_end`; -1: none.
  int64_t find_in_frame(uint32_t row, int64_t nth, bool from_end) const {
    const Frames::Bounds frame = frames_->of(row);
    if (blueprint_.frame.exclusion == FrameExclusion::kNone) {
      const int64_t at = from_end ? static_cast<int64_t>(frame.end) - nth : static_cast<int64_t>(frame.start) + nth - 1;
      return at >= frame.start && at < frame.end ? at : -1;
    }
    for (uint32_t i = 0; i < frame.end - frame.start; ++i) {
      const uint32_t candidate = from_end ? frame.end - 1 - i : frame.start + i;
      if (frames_->excludes(blueprint_.frame, peers_, row, candidate)) continue;
      if (--nth == 0) return candidate;
    }
    return -1;
  }

  absl::Status aggregate(const CompiledCall& call, std::vector<Vector>& args, Vector* out) {
    counted_.clear();
    if (call.filter) {
      Vector passes;
      TROUPE_RETURN_IF_ERROR(call.filter.run(run_.input(rows_), &passes));
      counted_.resize(count_);
      for (uint32_t row = 0; row < count_; ++row) counted_[row] = !passes.is_null(row) && passes.get<bool>(row);
    }
    AggregateStates state(&call.aggregate);
    state.resize(1);
    Frames::Bounds fed;  // what the state has seen
    for (uint32_t row = 0; row < count_; ++row) {
      const Frames::Bounds frame = frames_->of(row);
      const bool grows = frame.start == fed.start && frame.end >= fed.end;
      const bool slides = call.aggregate.aggregate->retract != nullptr && frame.start >= fed.start &&
                          frame.start <= fed.end && frame.end >= fed.end;
      if (blueprint_.frame.exclusion != FrameExclusion::kNone || !(grows || slides)) {
        AggregateStates fresh(&call.aggregate);
        fresh.resize(1);
        std::swap_ranges(fresh.base(), fresh.base() + call.aggregate.aggregate->state_bytes, state.base());
        fed = {frame.start, frame.start};
      }
      if (fed.start < frame.start) TROUPE_RETURN_IF_ERROR(feed(call, args, row, fed.start, frame.start, true, &state));
      TROUPE_RETURN_IF_ERROR(feed(call, args, row, fed.end, frame.end, false, &state));
      fed = frame;
      TROUPE_RETURN_IF_ERROR(
          call.aggregate.aggregate->finalize(call.aggregate, state.state(0), *run_.context.eval, *out));
      // Rows with the same frame have the same answer.
      const bool same_until_end = blueprint_.frame.exclusion == FrameExclusion::kNone;
      while (same_until_end && row + 1 < count_ && frames_->of(row + 1).start == frame.start &&
             frames_->of(row + 1).end == frame.end) {
        out->append_from(Vector(*out), row);
        ++row;
      }
    }
    return absl::OkStatus();
  }

  absl::Status feed(const CompiledCall& call, const std::vector<Vector>& args, uint32_t row, uint32_t from, uint32_t to,
                    bool retract, AggregateStates* state) {
    if (from >= to) return absl::OkStatus();
    const auto step = retract ? call.aggregate.aggregate->retract : call.aggregate.aggregate->update;
    std::vector<Vector> part;
    if (counted_.empty() && blueprint_.frame.exclusion == FrameExclusion::kNone) {
      for (const Vector& arg : args) part.push_back(arg.slice(from, to - from));
      return step(call.aggregate, {state->base(), nullptr}, part, to - from, *run_.context.eval);
    }
    std::vector<uint32_t> selection;
    for (uint32_t i = from; i < to; ++i) {
      if (!counted_.empty() && !counted_[i]) continue;
      if (!frames_->excludes(blueprint_.frame, peers_, row, i)) selection.push_back(i);
    }
    for (const Vector& arg : args) part.push_back(arg.gather(selection));
    return step(call.aggregate, {state->base(), nullptr}, part, static_cast<uint32_t>(selection.size()),
                *run_.context.eval);
  }

  const WindowBlueprint& blueprint_;
  const Batch& rows_;
  PeerGroups peers_;
  Run& run_;
  uint32_t count_;
  std::optional<Frames> frames_;
  std::vector<bool> counted_;  ///< rows that pass the call's FILTER; empty: all
};

class Window final : public Operator {
 public:
  Window(Run& run, const WindowBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        input_{blueprint.input->start(run)},
        rows_(blueprint.input->output()),
        memory_(&run.memory) {}
  void rewind() override {
    input_->rewind();
    rows_.clear();
    order_keys_.clear();
    ready_.clear();
    done_ = false;
  }

  Task<BatchResult> next() override {
    while (ready_.empty() && !done_) {
      auto pulling = input_->next();
      BatchResult batch = co_await pulling;
      if (!batch.ok()) co_return batch;
      absl::Status status = batch->rows == 0 ? finish() : take(*batch);
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (run_.should_pause(batch->rows)) {
        Yield yield(*run_.context.data);
        co_await yield;
      }
    }
    if (ready_.empty()) co_return Batch{};
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    co_return batch;
  }

 private:
  static std::string key_of(const SortSpec& spec, const std::vector<Vector>& keys, uint32_t row) {
    std::string key;
    for (size_t i = 0; i < keys.size(); ++i) encode_key_column(spec.columns[i], keys[i], row, &key);
    return key;
  }

  absl::Status take(const Batch& batch) {
    std::vector<Vector> partition_keys, order_keys;
    TROUPE_RETURN_IF_ERROR(blueprint_.partition_by.run(run_.input(batch), &partition_keys));
    TROUPE_RETURN_IF_ERROR(blueprint_.order.run(run_.input(batch), &order_keys));
    uint32_t from = 0;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      std::string key = key_of(blueprint_.partition_by, partition_keys, row);
      if (key != partition_key_) {
        rows_.append(batch.slice(from, row - from));
        from = row;
        TROUPE_RETURN_IF_ERROR(end_partition());
        partition_key_ = std::move(key);
      }
      order_keys_.push_back(key_of(blueprint_.order, order_keys, row));
    }
    rows_.append(batch.slice(from, batch.rows - from));
    return memory_.hold(rows_.memory_bytes() + order_keys_.capacity() * sizeof(std::string));
  }

  absl::Status finish() {
    done_ = true;
    return end_partition();
  }

  absl::Status end_partition() {
    if (rows_.size() == 0) return absl::OkStatus();
    Batch out = rows_.rows();
    WindowPartition partition(blueprint_, rows_.rows(), order_keys_, run_);
    for (const CompiledCall& call : blueprint_.calls) {
      TROUPE_ASSIGN_OR_RETURN(Vector column, partition.compute(call));
      out.columns.push_back(std::move(column));
    }
    for (uint32_t from = 0; from < out.rows; from += kBatchRows) {
      ready_.push_back(out.slice(from, std::min(kBatchRows, out.rows - from)));
    }
    rows_.clear();
    order_keys_.clear();
    return absl::OkStatus();
  }

  const WindowBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  RowStore rows_;  ///< of the partition at hand
  std::vector<std::string> order_keys_;
  std::string partition_key_;
  MemoryShare memory_;
  std::deque<Batch> ready_;
  bool done_ = false;
};

std::unique_ptr<Operator> WindowBlueprint::open(Run& run) const { return std::make_unique<Window>(run, *this); }

}  // namespace

BlueprintResult compile_window(const WindowPlan& plan) {
  auto blueprint = std::make_unique<WindowBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  std::vector<SortKey> partition_by;
  for (const ExprPtr& expr : plan.spec.partition_by) partition_by.push_back({expr, false, false});
  TROUPE_ASSIGN_OR_RETURN(blueprint->partition_by, SortSpec::compile(partition_by));
  TROUPE_ASSIGN_OR_RETURN(blueprint->order, SortSpec::compile(plan.spec.order));
  TROUPE_ASSIGN_OR_RETURN(blueprint->frame, FrameSpec::compile(plan.spec));
  for (const WindowCall& call : plan.calls) {
    CompiledCall compiled;
    compiled.function = call.function;
    if (call.function == WindowFunction::kAggregate) {
      TROUPE_ASSIGN_OR_RETURN(compiled.aggregate, runnable_aggregate(call.aggregate.aggregate));
    }
    compiled.type = call.type;
    TROUPE_ASSIGN_OR_RETURN(compiled.args, compile_programs(call.aggregate.args));
    if (call.aggregate.filter) {
      TROUPE_ASSIGN_OR_RETURN(compiled.filter, Program::compile(call.aggregate.filter));
    }
    blueprint->calls.push_back(std::move(compiled));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
