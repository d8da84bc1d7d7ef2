#include <cmath>
#include <cstring>

#include "runtime/types/aggregate_state.hpp"
#include "runtime/types/datetime.hpp"

/// count, sum and avg.
namespace troupe::aggregate_detail {
namespace {

struct CountRows {
  static constexpr bool kSkipsNulls = true;
  struct State {
    int64_t count = 0;
  };
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    into.count += from.count;
    return absl::OkStatus();
  }
  static absl::Status add(State& s, std::span<const Vector>, uint32_t, const BoundAggregate&, EvalContext&) {
    ++s.count;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) { out.u64(static_cast<uint64_t>(s.count)); }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) { s.count = static_cast<int64_t>(in.u64()); }
  static absl::Status result(const State& s, const BoundAggregate&, EvalContext&, Vector& out) {
    out.append(s.count);
    return absl::OkStatus();
  }
};

absl::Status count_all(const BoundAggregate&, GroupStates states, std::span<const Vector> args, uint32_t rows, EvalContext&) {
  auto* counts = reinterpret_cast<CountRows::State*>(states.base);
  constexpr size_t kStride = state_bytes<CountRows>() / sizeof(CountRows::State);
  const bool nulls = !args.empty() && args[0].may_have_nulls();
  if (states.groups == nullptr) {
    counts->count += rows - (nulls ? args[0].null_count() : 0);
    return absl::OkStatus();
  }
  for (uint32_t i = 0; i < rows; ++i) {
    if (!nulls || !args[0].is_null(i)) ++counts[states.groups[i] * kStride].count;
  }
  return absl::OkStatus();
}

/// int2, int4, int8: 128 bits never overflow.
template <typename T>
struct IntegerSum {
  static constexpr bool kSkipsNulls = true;
  struct State {
    __int128 sum = 0;
    int64_t count = 0;
  };
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    s.sum += args[0].get<T>(row);
    ++s.count;
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    into.sum += from.sum;
    into.count += from.count;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.raw(&s.sum, sizeof s.sum);
    out.u64(static_cast<uint64_t>(s.count));
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view sum = in.raw(sizeof s.sum);
    if (in.ok()) std::memcpy(&s.sum, sum.data(), sizeof s.sum);
    s.count = static_cast<int64_t>(in.u64());
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.count == 0) {
      out.append_null();
    } else if (call.aggregate->name == "avg") {
      TROUPE_ASSIGN_OR_RETURN(const Numeric v, numeric_divide(Numeric::of_int128(s.sum), Numeric::of_int(s.count)));
      append_numeric(out, v);
    } else if (call.result.oid == oid::kNumeric) {
      append_numeric(out, Numeric::of_int128(s.sum));
    } else {
      if (s.sum > INT64_MAX || s.sum < INT64_MIN) return error(ErrorCode::kNumericValueOutOfRange, "bigint out of range");
      out.append(static_cast<int64_t>(s.sum));
    }
    return absl::OkStatus();
  }
};

/// No group, no nulls: the loop the compiler can widen.
template <typename T, int Sign>
absl::Status sum_integers(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                          EvalContext&) {
  using Spec = IntegerSum<T>;
  const Vector& v = args[0];
  if (states.groups == nullptr && !v.may_have_nulls() && !v.is_constant() && sizeof(T) < 8) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < rows; ++i) sum += v.values<T>()[i];
    auto& s = state_at<Spec>(states.base);
    s.sum += Sign * static_cast<__int128>(sum);
    s.count += Sign * static_cast<int64_t>(rows);
    return absl::OkStatus();
  }
  (void)call;
  for (uint32_t i = 0; i < rows; ++i) {
    if (v.is_null(i)) continue;
    auto& s = state_at<Spec>(states.base + (states.groups == nullptr ? 0 : size_t{states.groups[i]} * state_bytes<Spec>()));
    s.sum += Sign * static_cast<__int128>(v.get<T>(i));
    s.count += Sign;
  }
  return absl::OkStatus();
}

template <typename T>
struct FloatSum {
  static constexpr bool kSkipsNulls = true;
  struct State {
    double sum = -0.0;  // to which any zero is added as it is
    int64_t count = 0;
  };
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate& call, EvalContext&) {
    const T v = args[0].get<T>(row);
    const bool finite = std::isfinite(s.sum) && std::isfinite(v);
    // real sums in real, as PostgreSQL; its average is double precision.
    s.sum = call.result.oid == oid::kFloat4 ? static_cast<double>(static_cast<float>(s.sum) + static_cast<float>(v)) : s.sum + v;
    ++s.count;
    if (finite && std::isinf(s.sum)) return error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow");
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    into.sum += from.sum;
    into.count += from.count;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.f64(s.sum);
    out.u64(static_cast<uint64_t>(s.count));
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    s.sum = in.f64();
    s.count = static_cast<int64_t>(in.u64());
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.count == 0) {
      out.append_null();
    } else if (call.aggregate->name == "avg") {
      out.append(s.sum / static_cast<double>(s.count));
    } else if (call.result.oid == oid::kFloat4) {
      out.append(static_cast<float>(s.sum));
    } else {
      out.append(s.sum);
    }
    return absl::OkStatus();
  }
};

/// numeric: 128 bits while every value is small and has the scale of the first, then exact Numerics.
struct NumericSum {
  static constexpr bool kSkipsNulls = true;
  struct State {
    __int128 sum = 0;
    int64_t count = 0;
    int scale = -1;
    Numeric* exact = nullptr;
  };
  static absl::Status add_value(State& s, std::string_view packed) {
    ++s.count;
    if (numeric_form(packed) == NumericForm::kSmall && s.exact == nullptr) {
      const SmallNumeric small = small_numeric(packed);
      if (s.scale < 0) s.scale = small.scale;
      if (small.scale == s.scale) {
        s.sum += small.value;
        return absl::OkStatus();
      }
    }
    return add_exact(s, Numeric(packed));
  }
  static absl::Status add_exact(State& s, const Numeric& v) {
    if (s.exact == nullptr) {
      s.exact = new Numeric(s.scale < 0 ? Numeric() : Numeric::of_int128(s.sum, s.scale));
    }
    TROUPE_ASSIGN_OR_RETURN(*s.exact, numeric_add(*s.exact, v));
    return absl::OkStatus();
  }
  static Numeric total(const State& s) {
    if (s.exact != nullptr) return *s.exact;
    return s.scale < 0 ? Numeric() : Numeric::of_int128(s.sum, s.scale);
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    return add_value(s, args[0].string(row));
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.count == 0) return absl::OkStatus();
    into.count += from.count;
    if (from.exact == nullptr && into.exact == nullptr && (into.scale < 0 || into.scale == from.scale)) {
      into.scale = from.scale;
      into.sum += from.sum;
      return absl::OkStatus();
    }
    return add_exact(into, total(from));
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u64(static_cast<uint64_t>(s.count));
    out.bytes(total(s).bytes());
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    s.count = static_cast<int64_t>(in.u64());
    const std::string_view packed = in.bytes();
    if (numeric_is_valid(packed)) s.exact = new Numeric(packed);
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.count == 0) {
      out.append_null();
      return absl::OkStatus();
    }
    Numeric v = total(s);
    if (call.aggregate->name == "avg") {
      TROUPE_ASSIGN_OR_RETURN(v, numeric_divide(v, Numeric::of_int(s.count)));
    }
    append_numeric(out, v);
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.exact; }
};

struct IntervalSum {
  static constexpr bool kSkipsNulls = true;
  struct State {
    Interval sum;
    int64_t count = 0;
  };
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    TROUPE_ASSIGN_OR_RETURN(s.sum, interval_add(s.sum, args[0].get<Interval>(row)));
    ++s.count;
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    TROUPE_ASSIGN_OR_RETURN(into.sum, interval_add(into.sum, from.sum));
    into.count += from.count;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.raw(&s.sum, sizeof s.sum);
    out.u64(static_cast<uint64_t>(s.count));
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view sum = in.raw(sizeof s.sum);
    if (in.ok()) std::memcpy(&s.sum, sum.data(), sizeof s.sum);
    s.count = static_cast<int64_t>(in.u64());
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (s.count == 0) {
      out.append_null();
    } else if (call.aggregate->name == "avg") {
      TROUPE_ASSIGN_OR_RETURN(const Interval v, interval_divide(s.sum, static_cast<double>(s.count)));
      out.append(v);
    } else {
      out.append(s.sum);
    }
    return absl::OkStatus();
  }
};

template <typename T>
void add_integer(std::vector<Aggregate>* to, Oid type, Oid sum) {
  for (const auto& [name, result] : {std::pair{"sum", sum}, std::pair{"avg", oid::kNumeric}}) {
    Aggregate a = aggregate_of<IntegerSum<T>>(name, {type}, result);
    a.update = sum_integers<T, 1>;
    a.retract = sum_integers<T, -1>;
    to->push_back(std::move(a));
  }
}

}  // namespace

void add_counts_and_sums(std::vector<Aggregate>* to) {
  for (std::vector<Oid> arguments : {std::vector<Oid>{}, std::vector<Oid>{oid::kAny}}) {
    Aggregate count = aggregate_of<CountRows>("count", std::move(arguments), oid::kInt8);
    count.update = count_all;
    to->push_back(std::move(count));
  }
  add_integer<int16_t>(to, oid::kInt2, oid::kInt8);
  add_integer<int32_t>(to, oid::kInt4, oid::kInt8);
  add_integer<int64_t>(to, oid::kInt8, oid::kNumeric);
  to->push_back(aggregate_of<FloatSum<float>>("sum", {oid::kFloat4}, oid::kFloat4));
  to->push_back(aggregate_of<FloatSum<float>>("avg", {oid::kFloat4}, oid::kFloat8));
  to->push_back(aggregate_of<FloatSum<double>>("sum", {oid::kFloat8}, oid::kFloat8));
  to->push_back(aggregate_of<FloatSum<double>>("avg", {oid::kFloat8}, oid::kFloat8));
  for (const char* name : {"sum", "avg"}) {
    to->push_back(aggregate_of<NumericSum>(name, {oid::kNumeric}, oid::kNumeric));
    to->push_back(aggregate_of<IntervalSum>(name, {oid::kInterval}, oid::kInterval));
  }
}

}  // namespace troupe::aggregate_detail

namespace troupe {

std::span<const Aggregate> all_aggregates() {
  static const std::vector<Aggregate> aggregates = [] {
    std::vector<Aggregate> made;
    aggregate_detail::add_counts_and_sums(&made);
    aggregate_detail::add_extremes(&made);
    aggregate_detail::add_collectors(&made);
    aggregate_detail::add_bit_strings(&made);
    aggregate_detail::add_range_collectors(&made);
    aggregate_detail::add_json_collectors(&made);
    aggregate_detail::add_statistics(&made);
    aggregate_detail::add_ordered_sets(&made);
    return made;
  }();
  return aggregates;
}

}  // namespace troupe
