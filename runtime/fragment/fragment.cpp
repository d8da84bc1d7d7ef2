#include "runtime/fragment/fragment.hpp"

#include <algorithm>

#include "runtime/fragment/fragment_source.hpp"
#include "storage/column/hash.hpp"
#include "storage/column/row_codec.hpp"

namespace troupe {
namespace {

/// Owner of strings that point into a tree's pages: they are used before the partition changes anything.
class BorrowedRows final : public Shared {
 public:
  static Ref<Shared> get() {
    thread_local const Ref<Shared> instance{static_cast<Shared*>(new BorrowedRows)};
    return instance;
  }
};

}  // namespace

/// Gives each used column its place, and programs over those places.
class Fragment::Compiler {
 public:
  explicit Compiler(Fragment& fragment) : f_{fragment}, width_{static_cast<uint32_t>(fragment.spec_.types.size())} {}

  absl::Status run() {
    const FragmentSpec& spec = f_.spec_;
    collect();
    if (spec.filter) {
      TROUPE_ASSIGN_OR_RETURN(f_.filter_, compile(spec.filter));
    }
    TROUPE_ASSIGN_OR_RETURN(f_.output_, compile(spec.output));
    f_.plain_output_ = std::all_of(f_.output_.begin(), f_.output_.end(), [](const Program& p) { return p.column() >= 0; });
    for (const ExprPtr& output : spec.output) f_.output_types_.push_back(output->type);
    if (spec.with_row_key) f_.output_types_.push_back(Type{oid::kBytea});
    if (spec.with_key) f_.output_types_.push_back(Type{oid::kBytea});
    TROUPE_RETURN_IF_ERROR(compile_aggregation());
    for (const SortKey& key : spec.order) {
      TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(key.value));
      f_.order_.push_back(std::move(program));
    }
    for (const ColumnAssignment& assignment : spec.assignments) {
      TROUPE_ASSIGN_OR_RETURN(Program program, compile(assignment.value));
      f_.assigned_.push_back(assignment.column);
      f_.assignments_.push_back(std::move(program));
    }
    for (const ColumnAssignment& assignment : spec.generated) {
      TROUPE_ASSIGN_OR_RETURN(Program program, compile(assignment.value));
      f_.regenerated_.push_back(assignment.column);
      f_.generated_.push_back(std::move(program));
    }
    for (const uint32_t column : spec.watched) f_.watched_.push_back(place(column));
    TROUPE_RETURN_IF_ERROR(compile_checks());
    return compile_indexes();
  }

 private:
  void collect() {
    std::vector<bool> used(width_), by_filter(width_);
    const auto note = [&](const ExprPtr& expr, std::vector<bool>& seen) {
      if (!expr) return;
      visit_expr(*expr, [&](const Expr& part) {
        if (part.is_column() && part.index < width_) seen[part.index] = true;
      });
    };
    const FragmentSpec& spec = f_.spec_;
    note(spec.filter, by_filter);
    for (const ExprPtr& expr : spec.output) note(expr, used);
    if (spec.partial) {
      for (const ExprPtr& group : spec.partial->groups) note(group, used);
      for (const AggregateCall& call : spec.partial->calls) {
        for (const ExprPtr& arg : call.args) note(arg, used);
        for (const SortKey& key : call.order) note(key.value, used);
        note(call.filter, used);
      }
    }
    for (const ColumnAssignment& assignment : spec.assignments) note(assignment.value, used);
    for (const ColumnAssignment& assignment : spec.generated) note(assignment.value, used);
    for (const uint32_t column : spec.not_null) used[column] = true;
    for (const uint32_t column : spec.watched) used[column] = true;
    for (const CheckCondition& check : spec.checks) note(check.condition, used);
    for (const FragmentIndex& index : spec.indexes) {
      for (const ExprPtr& value : index.values) note(value, used);
      note(index.predicate, used);
    }
    for (uint32_t column = 0; column < width_; ++column) {
      if (!used[column] && !by_filter[column]) continue;
      (by_filter[column] ? f_.filter_columns_ : f_.other_columns_).add(static_cast<uint32_t>(f_.columns_.size()), column);
      f_.columns_.push_back(column);
    }
  }

  uint32_t place(uint32_t column) const {
    if (column >= width_) return static_cast<uint32_t>(f_.columns_.size()) + column - width_;
    const auto at = std::lower_bound(f_.columns_.begin(), f_.columns_.end(), column);
    return static_cast<uint32_t>(at - f_.columns_.begin());
  }
  ExprPtr placed(const ExprPtr& expr) const {
    return replace_expr(expr, [this](const ExprPtr& part) -> ExprPtr {
      return part->is_column() ? make_column(part->type, place(part->index)) : nullptr;
    });
  }
  absl::StatusOr<Program> compile(const ExprPtr& expr) const {
    auto program = Program::compile(placed(expr));
    if (program.ok() && (!program->sequences().empty() || program->sets_sequences())) {
      return error(ErrorCode::kFeatureNotSupported, "sequences cannot be used in this expression");
    }
    return program;
  }
  absl::StatusOr<std::vector<Program>> compile(const ExprList& exprs) const {
    std::vector<Program> programs;
    for (const ExprPtr& expr : exprs) {
      TROUPE_ASSIGN_OR_RETURN(Program program, compile(expr));
      programs.push_back(std::move(program));
    }
    return programs;
  }

  absl::Status compile_aggregation() {
    if (!f_.spec_.partial) return absl::OkStatus();
    Aggregation placed_aggregation = *f_.spec_.partial;
    for (ExprPtr& group : placed_aggregation.groups) group = placed(group);
    for (AggregateCall& call : placed_aggregation.calls) {
      for (ExprPtr& arg : call.args) arg = placed(arg);
      for (SortKey& key : call.order) key.value = placed(key.value);
      call.filter = placed(call.filter);
    }
    TROUPE_ASSIGN_OR_RETURN(CompiledAggregation compiled, CompiledAggregation::compile(placed_aggregation));
    f_.aggregation_ = std::make_unique<CompiledAggregation>(std::move(compiled));
    return absl::OkStatus();
  }

  absl::Status compile_checks() {
    f_.check_.table = f_.spec_.table;
    for (const uint32_t column : f_.spec_.not_null) {
      f_.check_.not_null.push_back({f_.spec_.column_names[column], place(column)});
    }
    for (const CheckCondition& check : f_.spec_.checks) {
      TROUPE_ASSIGN_OR_RETURN(Program program, compile(check.condition));
      f_.check_.conditions.push_back({check.name, std::move(program), check.of_view, check.of_partition});
    }
    return absl::OkStatus();
  }

  absl::Status compile_indexes() {
    for (const FragmentIndex& spec : f_.spec_.indexes) {
      Index index;
      TROUPE_ASSIGN_OR_RETURN(index.values, compile(spec.values));
      if (spec.predicate) {
        TROUPE_ASSIGN_OR_RETURN(index.predicate, compile(spec.predicate));
      }
      for (const KeyColumn& column : spec.columns) index.kinds.push_back(column.kind);
      f_.indexes_.push_back(std::move(index));
    }
    return absl::OkStatus();
  }

  Fragment& f_;
  uint32_t width_;
};

Fragment::Fragment() = default;
Fragment::~Fragment() = default;

absl::StatusOr<std::shared_ptr<const Fragment>> Fragment::compile(FragmentSpec spec) {
  auto fragment = std::make_shared<Fragment>();
  std::sort(spec.assignments.begin(), spec.assignments.end(),
            [](const ColumnAssignment& a, const ColumnAssignment& b) { return a.column < b.column; });
  std::vector<Physical> kinds = spec.kinds, extras;
  for (const Type& type : spec.extras) extras.push_back(physical_kind(type));
  fragment->layout_ = std::make_unique<RowLayout>(std::move(kinds));
  fragment->extras_layout_ = std::make_unique<RowLayout>(std::move(extras));
  fragment->spec_ = std::move(spec);
  TROUPE_RETURN_IF_ERROR(Compiler(*fragment).run());
  return std::shared_ptr<const Fragment>(std::move(fragment));
}

EvalInput Fragment::input(const Columns& columns, FragmentParams& params) const {
  EvalInput in;
  in.columns = columns.vectors;
  in.rows = columns.rows;
  in.params = params.params;
  in.context = &params.context;
  return in;
}

absl::Status Fragment::decode_filtered(std::span<const std::string_view> rows, FragmentParams& params,
                                       Columns* columns, std::vector<uint32_t>* selection) const {
  columns->vectors.clear();
  columns->vectors.resize(columns_.size());
  columns->rows = static_cast<uint32_t>(rows.size());
  selection->clear();
  std::vector<std::string_view> kept_rows;
  if (filter_) {
    Batch filter_values;
    decode_rows(*layout_, rows, filter_columns_.columns, spec_.missing, BorrowedRows::get(), &filter_values);
    for (size_t i = 0; i < filter_columns_.places.size(); ++i) {
      columns->vectors[filter_columns_.places[i]] = std::move(filter_values.columns[i]);
    }
    TROUPE_RETURN_IF_ERROR(evaluate_filter(*columns, params, selection));
    if (selection->size() < rows.size()) {
      for (const uint32_t place : filter_columns_.places) {
        columns->vectors[place] = columns->vectors[place].gather(*selection);
      }
      kept_rows.reserve(selection->size());
      for (const uint32_t row : *selection) kept_rows.push_back(rows[row]);
      rows = kept_rows;
      columns->rows = static_cast<uint32_t>(rows.size());
    }
  } else {
    selection->resize(rows.size());
    for (uint32_t i = 0; i < rows.size(); ++i) (*selection)[i] = i;
  }
  if (other_columns_.places.empty() || rows.empty()) return absl::OkStatus();
  Batch others;
  decode_rows(*layout_, rows, other_columns_.columns, spec_.missing, BorrowedRows::get(), &others);
  for (size_t i = 0; i < other_columns_.places.size(); ++i) {
    columns->vectors[other_columns_.places[i]] = std::move(others.columns[i]);
  }
  return absl::OkStatus();
}

absl::Status Fragment::decode(std::span<const std::string_view> rows, std::span<const std::string_view> extras,
                              Columns* columns) const {
  Batch values;
  decode_rows(*layout_, rows, columns_, spec_.missing, BorrowedRows::get(), &values);
  columns->vectors = std::move(values.columns);
  columns->rows = static_cast<uint32_t>(rows.size());
  if (spec_.extras.empty() || extras.empty()) return absl::OkStatus();
  std::vector<uint32_t> every(spec_.extras.size());
  for (uint32_t i = 0; i < every.size(); ++i) every[i] = i;
  for (const std::string_view extra : extras) TROUPE_RETURN_IF_ERROR(RowView::verify(*extras_layout_, extra));
  Batch extra_values;
  decode_rows(*extras_layout_, extras, every, {}, BorrowedRows::get(), &extra_values);
  for (Vector& column : extra_values.columns) columns->vectors.push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status Fragment::evaluate_filter(const Columns& columns, FragmentParams& params,
                                       std::vector<uint32_t>* selection) const {
  Vector passes;
  TROUPE_RETURN_IF_ERROR(filter_.run(input(columns, params), &passes));
  select_true(passes, columns.rows, selection);
  return absl::OkStatus();
}

absl::Status Fragment::evaluate_output(const Columns& columns, FragmentParams& params, Batch* out) const {
  out->rows = columns.rows;
  out->columns.resize(output_.size());
  if (plain_output_) {
    for (size_t i = 0; i < output_.size(); ++i) out->columns[i] = columns.vectors[static_cast<size_t>(output_[i].column())];
    return absl::OkStatus();
  }
  const EvalInput in = input(columns, params);
  for (size_t i = 0; i < output_.size(); ++i) TROUPE_RETURN_IF_ERROR(output_[i].run(in, &out->columns[i]));
  return absl::OkStatus();
}

absl::Status Fragment::aggregate(const Columns& columns, FragmentParams& params, Aggregator* aggregator) const {
  return aggregator->add(input(columns, params));
}

absl::Status Fragment::evaluate_order(const Batch& output, FragmentParams& params, std::vector<Vector>* keys) const {
  const Columns columns{output.columns, output.rows};
  const EvalInput in = input(columns, params);
  keys->resize(order_.size());
  for (size_t i = 0; i < order_.size(); ++i) TROUPE_RETURN_IF_ERROR(order_[i].run(in, &(*keys)[i]));
  return absl::OkStatus();
}

std::vector<KeyColumn> Fragment::order_columns() const {
  std::vector<KeyColumn> columns;
  for (const SortKey& key : spec_.order) {
    columns.push_back({compare_kind_for(key.value->type), key.descending, key.nulls_first});
  }
  return columns;
}

absl::Status Fragment::assign(std::span<const std::string_view> rows, const Columns& columns, FragmentParams& params,
                              std::vector<std::string>* changed) const {
  TROUPE_RETURN_IF_ERROR(assign_to(assigned_, assignments_, rows, columns, params, changed));
  if (generated_.empty()) return absl::OkStatus();
  const std::vector<std::string> assigned = std::move(*changed);
  const std::vector<std::string_view> assigned_rows(assigned.begin(), assigned.end());
  Columns new_columns;
  TROUPE_RETURN_IF_ERROR(decode(assigned_rows, {}, &new_columns));
  changed->clear();
  return assign_to(regenerated_, generated_, assigned_rows, new_columns, params, changed);
}

absl::Status Fragment::assign_to(std::span<const uint32_t> assigned, const std::vector<Program>& programs,
                                 std::span<const std::string_view> rows, const Columns& columns,
                                 FragmentParams& params, std::vector<std::string>* changed) const {
  const EvalInput in = input(columns, params);
  std::vector<Vector> values(programs.size());
  for (size_t i = 0; i < values.size(); ++i) TROUPE_RETURN_IF_ERROR(programs[i].run(in, &values[i]));
  changed->resize(rows.size());
  std::vector<Value> row_values(values.size());
  for (uint32_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < values.size(); ++i) row_values[i] = values[i].value(row);
    encode_changed_row(*layout_, RowView(*layout_, rows[row]), assigned, row_values, spec_.missing, &(*changed)[row]);
  }
  return absl::OkStatus();
}

absl::Status Fragment::check(const Columns& columns, std::span<const std::string_view> rows,
                             FragmentParams& params) const {
  if (check_.empty()) return absl::OkStatus();
  uint32_t failing = 0;
  absl::Status status = check_.run(input(columns, params), &failing);
  if (status.ok()) return status;
  if (!is_about_row(status)) return status;
  std::vector<Value> values;
  std::vector<Type> types;
  const RowView row(*layout_, rows[failing]);
  for (uint32_t column = 0; column < layout_->columns(); ++column) {
    if (spec_.column_names[column].empty()) continue;
    values.push_back(row.value(column, column < spec_.missing.size() ? spec_.missing[column] : Value{}));
    types.push_back(spec_.types[column]);
  }
  return with_detail(std::move(status), failing_row_detail(values, types, params.context));
}

absl::Status Fragment::evaluate_index(size_t i, const Columns& columns, FragmentParams& params,
                                      IndexKeys* keys) const {
  const Index& index = indexes_[i];
  const EvalInput in = input(columns, params);
  keys->values.resize(index.values.size());
  for (size_t c = 0; c < index.values.size(); ++c) TROUPE_RETURN_IF_ERROR(index.values[c].run(in, &keys->values[c]));
  keys->present.clear();
  if (!index.predicate) return absl::OkStatus();
  Vector holds;
  TROUPE_RETURN_IF_ERROR(index.predicate.run(in, &holds));
  for (uint32_t row = 0; row < columns.rows; ++row) keys->present.push_back(!holds.is_null(row) && holds.get<bool>(row));
  return absl::OkStatus();
}

std::string Fragment::index_key(size_t i, const IndexKeys& keys, uint32_t row, std::string_view row_key,
                                size_t* prefix_size) const {
  const FragmentIndex& spec = spec_.indexes[i];
  std::string key;
  bool has_null = false;
  for (size_t c = 0; c < spec.columns.size(); ++c) {
    encode_key_column(spec.columns[c], keys.values[c], row, &key);
    has_null = has_null || keys.values[c].is_null(row);
  }
  *prefix_size = key.size();
  if (!spec.global || (has_null && !spec.nulls_not_distinct)) key.append(row_key);
  return key;
}

uint64_t Fragment::index_hash(size_t i, const IndexKeys& keys, uint32_t row) const {
  std::vector<Value> values;
  for (const Vector& column : keys.values) values.push_back(column.value(row));
  return hash_key(indexes_[i].kinds, values);
}

uint64_t Fragment::row_hash(std::string_view row, std::string_view row_key) const {
  if (spec_.key.empty()) {
    uint64_t row_id = 0;
    for (const char byte : row_key) row_id = (row_id << 8) | static_cast<uint8_t>(byte);
    return hash_int(static_cast<int64_t>(row_id));
  }
  const RowView view(*layout_, row);
  std::vector<Value> values;
  for (const uint32_t column : spec_.key) {
    values.push_back(view.value(column, column < spec_.missing.size() ? spec_.missing[column] : Value{}));
  }
  return hash_key(spec_.key_kinds, values);
}

absl::StatusOr<std::shared_ptr<const Fragment>> compile_fragment(std::string_view definition) {
  TROUPE_ASSIGN_OR_RETURN(FragmentSpec spec, decode_fragment(definition));
  return Fragment::compile(std::move(spec));
}

}  // namespace troupe
