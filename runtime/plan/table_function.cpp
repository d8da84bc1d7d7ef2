#include "runtime/plan/table_function.hpp"

#include <deque>

#include "runtime/types/cast.hpp"
#include "runtime/types/numeric.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/regex.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/record_format.hpp"

namespace troupe {
namespace {

using Open = absl::StatusOr<std::unique_ptr<TableFunctionCursor>>;

absl::Status zero_step() { return error(ErrorCode::kInvalidParameterValue, "step size cannot equal zero"); }

/// generate_series of int4 and int8.
template <typename T>
class IntegerSeries final : public TableFunctionCursor {
 public:
  IntegerSeries(T from, T to, T step) : next_{from}, to_{to}, step_{step} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.resize(1);
    Vector& column = out.columns[0];
    column.reset(physical_of<T>(), rows_max);
    uint32_t rows = 0;
    while (rows < rows_max && !done_ && (step_ > 0 ? next_ <= to_ : next_ >= to_)) {
      column.set<T>(rows++, next_);
      done_ = __builtin_add_overflow(next_, step_, &next_);
    }
    column.truncate(rows);
    out.rows = rows;
    return absl::OkStatus();
  }

 private:
  T next_;
  T to_;
  T step_;
  bool done_ = false;
};

template <typename T>
Open open_integers(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const T step = args.size() > 2 ? args[2].get<T>() : T{1};
  if (step == 0) return zero_step();
  return std::make_unique<IntegerSeries<T>>(args[0].get<T>(), args[1].get<T>(), step);
}

class NumericSeries final : public TableFunctionCursor {
 public:
  NumericSeries(Numeric from, Numeric to, Numeric step) : next_{from}, to_{to}, step_{step} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.resize(1);
    Vector& column = out.columns[0];
    column.reset_empty(Physical::kVarlen);
    out.rows = 0;
    while (out.rows < rows_max) {
      const int order = next_.compare(to_);
      if (step_.sign() > 0 ? order > 0 : order < 0) break;
      column.append_string(next_.bytes());
      ++out.rows;
      TROUPE_ASSIGN_OR_RETURN(next_, numeric_add(next_, step_));
    }
    return absl::OkStatus();
  }

 private:
  Numeric next_, to_, step_;
};

Open open_numerics(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const Numeric step = args.size() > 2 ? Numeric(args[2].bytes()) : Numeric::of_int(1);
  const Numeric from(args[0].bytes()), to(args[1].bytes());
  for (const auto& [name, value] : {std::pair("start value", &from), std::pair("stop value", &to), std::pair("step size", &step)}) {
    if (value->is_finite()) continue;
    return error(ErrorCode::kInvalidParameterValue, name, " cannot be ", value->is_nan() ? "NaN" : "infinity");
  }
  if (step.is_zero()) return zero_step();
  return std::make_unique<NumericSeries>(from, to, step);
}

/// generate_series of timestamps: each value is the one before plus the interval, by the `+` operator.
class TimeSeries final : public TableFunctionCursor {
 public:
  TimeSeries(int64_t from, int64_t to, Value step, bool up, BoundFunction plus)
      : next_{from}, to_{to}, step_{std::move(step)}, up_{up}, plus_{std::move(plus)} {}

  absl::Status next(uint32_t rows_max, EvalContext& context, Batch& out) override {
    out.columns.resize(1);
    Vector& column = out.columns[0];
    column.reset(Physical::kInt64, rows_max);
    uint32_t rows = 0;
    while (rows < rows_max && (up_ ? next_ <= to_ : next_ >= to_)) {
      column.set<int64_t>(rows++, next_);
      const Value args[] = {Value::of(next_), step_};
      TROUPE_ASSIGN_OR_RETURN(const Value sum, call_function(plus_, args, context));
      next_ = sum.get<int64_t>();
    }
    column.truncate(rows);
    out.rows = rows;
    return absl::OkStatus();
  }

 private:
  int64_t next_, to_;
  Value step_;
  bool up_;
  BoundFunction plus_;
};

Open open_times(std::span<const Type> types, std::span<const Value> args, EvalContext&) {
  const auto step = args[2].get<Interval>();
  const __int128 order = interval_order(step);
  if (order == 0) return zero_step();
  const Type pair[] = {types[0], Type{oid::kInterval}};
  TROUPE_ASSIGN_OR_RETURN(BoundFunction plus, resolve_operator("+", pair));
  return std::make_unique<TimeSeries>(args[0].get<int64_t>(), args[1].get<int64_t>(), args[2], order > 0,
                                      std::move(plus));
}

/// unnest(anyarray).
class Unnest final : public TableFunctionCursor {
 public:
  explicit Unnest(std::string array) : bytes_{std::move(array)}, array_{bytes_} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.resize(1);
    Vector& column = out.columns[0];
    column.reset_empty(array_.element_kind());
    out.rows = 0;
    while (out.rows < rows_max && at_ < array_.size()) {
      if (array_.is_null(at_)) {
        column.append_null();
      } else {
        column.append_value(array_.value(at_));
      }
      ++at_;
      ++out.rows;
    }
    return absl::OkStatus();
  }

 private:
  std::string bytes_;
  ArrayView array_;
  uint32_t at_ = 0;
};

class StringList final : public TableFunctionCursor {
 public:
  explicit StringList(std::vector<std::string> strings) : strings_{std::move(strings)} {}

  absl::Status next(uint32_t rows_max, EvalContext&, Batch& out) override {
    out.columns.resize(1);
    out.columns[0].reset_empty(Physical::kVarlen);
    out.rows = 0;
    for (; out.rows < rows_max && at_ < strings_.size(); ++out.rows) out.columns[0].append_string(strings_[at_++]);
    return absl::OkStatus();
  }

 private:
  std::vector<std::string> strings_;
  size_t at_ = 0;
};

Open open_unnest(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  return std::make_unique<Unnest>(args[0].string());
}

/// information_schema._pg_expandarray(): (x, n) for each element.
Open open_pairs(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const ArrayView array(args[0].bytes());
  std::vector<std::string> pairs;
  for (uint32_t i = 0; i < array.size(); ++i) {
    std::string& pair = pairs.emplace_back(new_record());
    append_record_field(oid::kInt2, Physical::kInt16, "x", array.value(i), &pair);
    append_record_field(oid::kInt4, Physical::kInt32, "n", Value::of(static_cast<int32_t>(i + 1)), &pair);
  }
  return std::make_unique<StringList>(std::move(pairs));
}

Open open_subscripts(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  const ArrayView array(args[0].bytes());
  const int32_t dimension = args[1].get<int32_t>();
  const bool reverse = args.size() > 2 && args[2].get<bool>();
  if (dimension < 1 || dimension > array.dimensions()) return std::make_unique<IntegerSeries<int32_t>>(1, 0, 1);
  const int32_t low = array.lower_bound(dimension - 1), high = low + array.length(dimension - 1) - 1;
  if (reverse) return std::make_unique<IntegerSeries<int32_t>>(high, low, -1);
  return std::make_unique<IntegerSeries<int32_t>>(low, high, 1);
}

/// The elements of what an ordinary function returns as an array.
template <auto Name>
Open open_elements(std::span<const Type> types, std::span<const Value> args, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(BoundFunction function, resolve_function(Name(), types));
  TROUPE_ASSIGN_OR_RETURN(const Value array, call_function(function, args, context));
  if (array.is_null()) return std::make_unique<IntegerSeries<int32_t>>(1, 0, 1);
  return std::make_unique<Unnest>(array.string());
}

/// regexp_matches(): an array of the groups for each match, or for the first.
Open open_matches(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  TROUPE_ASSIGN_OR_RETURN(std::vector<std::string> matches,
                          regexp_matches(args[0].bytes(), args[1].bytes(), args.size() > 2 ? args[2].bytes() : ""));
  return std::make_unique<StringList>(std::move(matches));
}

std::deque<TableFunction> built_in_functions() {
  std::deque<TableFunction> all;
  const auto add = [&](std::string name, std::vector<Oid> arguments, Oid column, auto open) {
    TableFunction function;
    function.name = std::move(name);
    function.arguments = std::move(arguments);
    function.columns = {column};
    function.open = open;
    all.push_back(std::move(function));
  };
  add("generate_series", {oid::kInt4, oid::kInt4}, oid::kInt4, &open_integers<int32_t>);
  add("generate_series", {oid::kInt4, oid::kInt4, oid::kInt4}, oid::kInt4, &open_integers<int32_t>);
  add("generate_series", {oid::kInt8, oid::kInt8}, oid::kInt8, &open_integers<int64_t>);
  add("generate_series", {oid::kInt8, oid::kInt8, oid::kInt8}, oid::kInt8, &open_integers<int64_t>);
  add("generate_series", {oid::kNumeric, oid::kNumeric}, oid::kNumeric, &open_numerics);
  add("generate_series", {oid::kNumeric, oid::kNumeric, oid::kNumeric}, oid::kNumeric, &open_numerics);
  add("generate_series", {oid::kTimestamp, oid::kTimestamp, oid::kInterval}, oid::kTimestamp, &open_times);
  add("generate_series", {oid::kTimestamptz, oid::kTimestamptz, oid::kInterval}, oid::kTimestamptz, &open_times);
  add("unnest", {oid::kAnyArray}, oid::kAnyElement, &open_unnest);
  add("unnest", {oid::kAnyMultirange}, oid::kAnyRange, &open_unnest);  // a multirange is an array of its ranges
  add("generate_subscripts", {oid::kAnyArray, oid::kInt4}, oid::kInt4, &open_subscripts);
  add("generate_subscripts", {oid::kAnyArray, oid::kInt4, oid::kBool}, oid::kInt4, &open_subscripts);
  add("_pg_expandarray", {oid::kInt2Vector}, oid::kRecord, &open_pairs);
  constexpr Oid kT = oid::kText;
  add("regexp_matches", {kT, kT}, oid::kTextArray, &open_matches);
  add("regexp_matches", {kT, kT, kT}, oid::kTextArray, &open_matches);
  constexpr auto split_regexp = [] { return std::string_view("regexp_split_to_array"); };
  add("regexp_split_to_table", {kT, kT}, kT, &open_elements<split_regexp>);
  add("regexp_split_to_table", {kT, kT, kT}, kT, &open_elements<split_regexp>);
  constexpr auto split_string = [] { return std::string_view("string_to_array"); };
  for (const size_t arguments : {2, 3}) {
    add("string_to_table", std::vector<Oid>(arguments, kT), kT, &open_elements<split_string>);
    all.back().strict = false;
  }
  for (TableFunction& function : json_table_functions()) all.push_back(std::move(function));
  for (TableFunction& function : json_populate_functions()) all.push_back(std::move(function));
  return all;
}

std::deque<TableFunction>& table_functions() {
  static std::deque<TableFunction> all = built_in_functions();
  return all;
}

/// How well the arguments fit: 0 exact; each implicit cast costs, more to a type that is not preferred; -1: not at all.
int mismatch(const TableFunction& function, std::span<const Type> arguments) {
  if (function.arguments.size() != arguments.size()) return -1;
  int score = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Oid wanted = function.arguments[i], given = arguments[i].oid;
    if (wanted == given) continue;
    if (wanted == oid::kAnyArray) {
      if (!is_array_type(given)) return -1;
      continue;
    }
    if (wanted == oid::kAnyElement) {
      if (given == oid::kUnknown) return -1;
      continue;
    }
    if (wanted == oid::kAnyMultirange) {
      if (range_of_multirange(given) == oid::kInvalid) return -1;
      continue;
    }
    if (given == oid::kUnknown) {
      score += type_info(wanted).preferred ? 1 : 2;
      continue;
    }
    if (!can_cast(given, wanted, CastContext::kImplicit)) return -1;
    score += type_info(wanted).preferred ? 4 : 8;
    if (type_info(wanted).category != type_info(given).category) score += 16;
  }
  return score;
}

}  // namespace

void add_table_function(TableFunction function) { table_functions().push_back(std::move(function)); }

bool is_table_function(std::string_view name) {
  for (const TableFunction& function : table_functions()) {
    if (function.name == name) return true;
  }
  return false;
}

absl::StatusOr<BoundTableFunction> resolve_table_function(std::string_view name, std::span<const Type> arguments) {
  const TableFunction* best = nullptr;
  int best_score = 0;
  for (const TableFunction& function : table_functions()) {
    if (function.name != name) continue;
    const int score = mismatch(function, arguments);
    if (score < 0 || (best != nullptr && score >= best_score)) continue;
    best = &function;
    best_score = score;
  }
  if (best == nullptr) {
    return with_hint(error(ErrorCode::kUndefinedFunction, "function ", describe_call(name, arguments),
                           " does not exist"),
                     "No function matches the given name and argument types. You might need to add explicit type casts.");
  }
  BoundTableFunction bound;
  bound.function = best;
  Oid element = 0, range = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool any = best->arguments[i] == oid::kAnyArray || best->arguments[i] == oid::kAnyElement;
    const bool multirange = best->arguments[i] == oid::kAnyMultirange;
    if (any) element = best->arguments[i] == oid::kAnyArray ? element_type_of(arguments[i].oid) : arguments[i].oid;
    if (multirange) range = range_of_multirange(arguments[i].oid);
    bound.arguments.push_back(any || multirange ? arguments[i] : Type{best->arguments[i]});
  }
  for (const Oid column : best->columns) {
    bound.columns.push_back(Type{column == oid::kAnyElement ? element : (column == oid::kAnyRange ? range : column)});
  }
  return bound;
}

}  // namespace troupe
