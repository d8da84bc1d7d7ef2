/// Set-returning functions: in FROM, and in a select list.
#include <algorithm>

#include "runtime/exec/operator.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/types/record.hpp"

namespace troupe {
namespace {

/// A FunctionScanPlan::Call made ready.
struct CompiledCall {
  const FunctionScanPlan::Call* call = nullptr;
  std::vector<Program> args;
};

absl::StatusOr<std::vector<CompiledCall>> compile_calls(const std::vector<FunctionScanPlan::Call>& calls) {
  std::vector<CompiledCall> compiled;
  for (const FunctionScanPlan::Call& call : calls) {
    CompiledCall one;
    one.call = &call;
    TROUPE_ASSIGN_OR_RETURN(one.args, compile_programs(call.args));
    compiled.push_back(std::move(one));
  }
  return compiled;
}

/// The rows of one call, fetched as needed.
class CallRows {
 public:
  absl::Status open(const CompiledCall& call, const EvalInput& in) {
    cursor_.reset();
    batch_ = {};
    row_ = 0;
    done_ = true;
    std::vector<Value> args;
    bool has_null = false;
    for (const Program& arg : call.args) {
      TROUPE_ASSIGN_OR_RETURN(Value value, arg.run_once(in));
      has_null = has_null || value.is_null();
      args.push_back(std::move(value));
    }
    expands_ = call.call->expands ? &call.call->columns : nullptr;
    if (call.call->function == nullptr) {
      batch_.columns.emplace_back().reset_empty(physical_kind(call.call->arguments[0]), 1);
      batch_.columns[0].append_value(args[0]);
      batch_.rows = 1;
      if (expands_ != nullptr) batch_ = expanded(batch_);
      return absl::OkStatus();
    }
    if (call.call->function->strict && has_null) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(cursor_, call.call->function->open(call.call->arguments, args, *in.context));
    done_ = false;
    return absl::OkStatus();
  }
  /// Rows at hand, at least one unless at the end.
  absl::StatusOr<uint32_t> available(EvalContext& context) {
    if (row_ == batch_.rows && !done_) {
      row_ = 0;
      batch_ = {};
      TROUPE_RETURN_IF_ERROR(cursor_->next(kBatchRows, context, batch_));
      if (expands_ != nullptr) batch_ = expanded(batch_);
      done_ = batch_.rows == 0;
    }
    return batch_.rows - row_;
  }
  /// Appends `rows` rows, nulls beyond the end.
  void take(uint32_t rows, uint32_t available, std::span<Vector> columns) {
    const uint32_t given = std::min(rows, available);
    for (size_t c = 0; c < columns.size(); ++c) {
      for (uint32_t i = 0; i < given; ++i) columns[c].append_from(batch_.columns[c], row_ + i);
      for (uint32_t i = given; i < rows; ++i) columns[c].append_null();
    }
    row_ += given;
  }

 private:
  /// The fields of a batch's one column.
  Batch expanded(const Batch& records) const {
    Batch out;
    out.rows = records.rows;
    for (const Type& type : *expands_) out.columns.emplace_back().reset_empty(physical_kind(type));
    for (uint32_t row = 0; row < records.rows; ++row) {
      const Vector& column = records.columns[0];
      const std::vector<RecordField> fields =
          column.is_null(row) ? std::vector<RecordField>{} : live_fields(column.string(row));
      for (size_t i = 0; i < out.columns.size(); ++i) {
        if (i < fields.size() && !fields[i].is_null) {
          out.columns[i].append_value(fields[i].value());
        } else {
          out.columns[i].append_null();
        }
      }
    }
    return out;
  }

  const std::vector<Type>* expands_ = nullptr;
  std::unique_ptr<TableFunctionCursor> cursor_;
  Batch batch_;
  uint32_t row_ = 0;
  bool done_ = true;
};

/// Several calls side by side; shorter ones are filled with nulls.
class CallsSideBySide {
 public:
  explicit CallsSideBySide(const std::vector<CompiledCall>& calls) : calls_{calls}, rows_(calls.size()) {}

  absl::Status open(const EvalInput& in) {
    for (size_t i = 0; i < calls_.size(); ++i) TROUPE_RETURN_IF_ERROR(rows_[i].open(calls_[i], in));
    return absl::OkStatus();
  }
  /// Appends up to `rows_max` rows to `columns`; returns how many, 0 at the end.
  absl::StatusOr<uint32_t> next(uint32_t rows_max, EvalContext& context, std::span<Vector> columns) {
    std::vector<uint32_t> available(rows_.size());
    uint32_t rows = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      TROUPE_ASSIGN_OR_RETURN(available[i], rows_[i].available(context));
      // As far as the shortest that goes on: the others may have more behind what is at hand.
      if (available[i] > 0) rows = rows == 0 ? available[i] : std::min(rows, available[i]);
    }
    rows = std::min(rows, rows_max);
    size_t column = 0;
    for (size_t i = 0; i < rows_.size() && rows > 0; ++i) {
      const size_t width = calls_[i].call->columns.size();
      rows_[i].take(rows, available[i], columns.subspan(column, width));
      column += width;
    }
    return rows;
  }

 private:
  const std::vector<CompiledCall>& calls_;
  std::vector<CallRows> rows_;
};

struct FunctionScanBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  std::vector<CompiledCall> calls;
  bool ordinality = false;
};

class FunctionScan final : public Operator {
 public:
  FunctionScan(Run& run, const FunctionScanBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, calls_(blueprint.calls) {}
  void rewind() override { opened_ = false; }

  Task<BatchResult> next() override {
    if (!opened_) {
      absl::Status status = calls_.open(run_.input({}, 1));
      if (!status.ok()) co_return status;
      opened_ = true;
      ordinal_ = 0;
    }
    Batch batch;
    for (const Type& type : blueprint_.output()) batch.columns.emplace_back().reset_empty(physical_kind(type));
    absl::StatusOr<uint32_t> rows = calls_.next(kBatchRows, *run_.context.eval, batch.columns);
    if (!rows.ok()) co_return rows.status();
    if (*rows == 0) co_return Batch{};
    batch.rows = *rows;
    if (blueprint_.ordinality) {
      for (uint32_t i = 0; i < *rows; ++i) batch.columns.back().append(++ordinal_);
    }
    absl::Status status = run_.context.data->check_cancelled();
    if (!status.ok()) co_return status;
    co_return batch;
  }

 private:
  const FunctionScanBlueprint& blueprint_;
  CallsSideBySide calls_;
  bool opened_ = false;
  int64_t ordinal_ = 0;
};

std::unique_ptr<Operator> FunctionScanBlueprint::open(Run& run) const {
  return std::make_unique<FunctionScan>(run, *this);
}

struct ProjectSetBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr input;
  std::vector<CompiledCall> calls;
};

class ProjectSet final : public Operator {
 public:
  ProjectSet(Run& run, const ProjectSetBlueprint& blueprint)
      : Operator(run), blueprint_{blueprint}, input_{blueprint.input->start(run)}, calls_(blueprint.calls) {}
  void rewind() override {
    input_->rewind();
    rows_ = {};
    row_ = 0;
    opened_ = false;
  }

  Task<BatchResult> next() override {
    while (true) {
      if (row_ == rows_.rows) {
        auto pulling = input_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok() || batch->rows == 0) co_return batch;
        rows_ = *std::move(batch);
        row_ = 0;
      }
      Batch out;
      absl::Status status = fill(&out);
      if (status.ok()) status = run_.context.data->check_cancelled();
      if (!status.ok()) co_return status;
      if (out.rows > 0) co_return out;
    }
  }

 private:
  absl::Status fill(Batch* out) {
    const size_t width = rows_.columns.size();
    std::vector<Vector> sets;
    for (size_t c = width; c < blueprint_.output().size(); ++c) {
      sets.emplace_back().reset_empty(physical_kind(blueprint_.output()[c]));
    }
    std::vector<uint32_t> repeated;
    while (row_ < rows_.rows && repeated.size() < kBatchRows) {
      if (!opened_) {
        const uint32_t selection[] = {row_};
        const Batch one = rows_.gather(selection);
        TROUPE_RETURN_IF_ERROR(calls_.open(run_.input(one)));
        opened_ = true;
      }
      const auto room = static_cast<uint32_t>(kBatchRows - repeated.size());
      TROUPE_ASSIGN_OR_RETURN(const uint32_t count, calls_.next(room, *run_.context.eval, sets));
      if (count == 0) {
        ++row_;
        opened_ = false;
      }
      repeated.insert(repeated.end(), count, row_);
    }
    *out = rows_.gather(repeated);
    for (Vector& column : sets) out->columns.push_back(std::move(column));
    return absl::OkStatus();
  }

  const ProjectSetBlueprint& blueprint_;
  std::unique_ptr<Operator> input_;
  CallsSideBySide calls_;
  Batch rows_;
  uint32_t row_ = 0;
  bool opened_ = false;
};

std::unique_ptr<Operator> ProjectSetBlueprint::open(Run& run) const { return std::make_unique<ProjectSet>(run, *this); }

}  // namespace

BlueprintResult compile_function_scan(const FunctionScanPlan& plan) {
  auto blueprint = std::make_unique<FunctionScanBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->calls, compile_calls(plan.calls));
  blueprint->ordinality = plan.ordinality;
  return BlueprintPtr(std::move(blueprint));
}

BlueprintResult compile_project_set(const ProjectSetPlan& plan) {
  auto blueprint = std::make_unique<ProjectSetBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->input, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->calls, compile_calls(plan.calls));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
