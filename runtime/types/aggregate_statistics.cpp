#include <cmath>
#include <cstring>
#include <optional>

#include "runtime/types/aggregate_state.hpp"

/// Variances, deviations, correlation and regression. Floating point by Youngs and Cramer's updates (as PostgreSQL, so
/// that results agree); integers and numerics by exact sums.
namespace troupe::aggregate_detail {
namespace {

/// A sum or square that left the range of what was finite before.
absl::Status overflow() { return error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow"); }

enum class Moment : uint8_t { kVarPop, kVarSamp, kStddevPop, kStddevSamp };

Moment moment_of(const BoundAggregate& call) {
  const std::string& name = call.aggregate->name;
  if (name == "var_pop") return Moment::kVarPop;
  if (name == "stddev_pop") return Moment::kStddevPop;
  return name.starts_with("var") ? Moment::kVarSamp : Moment::kStddevSamp;
}
bool is_sample(Moment m) { return m == Moment::kVarSamp || m == Moment::kStddevSamp; }
bool is_deviation(Moment m) { return m == Moment::kStddevPop || m == Moment::kStddevSamp; }

template <typename T>
struct FloatVariance {
  static constexpr bool kSkipsNulls = true;
  struct State {
    double n = 0, sum = 0, squares = 0;  ///< squares of the differences from the mean
  };
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    const auto v = static_cast<double>(args[0].get<T>(row));
    const double before = s.sum;
    s.n += 1;
    s.sum += v;
    if (s.n > 1) {
      const double d = v * s.n - s.sum;
      s.squares += d * d / (s.n * (s.n - 1));
      if (std::isinf(s.sum) || std::isinf(s.squares)) {
        if (!std::isinf(before) && !std::isinf(v)) return overflow();
        s.squares = std::nan("");
      }
    } else if (!std::isfinite(v)) {
      s.squares = std::nan("");
    }
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.n == 0) return absl::OkStatus();
    if (into.n == 0) {
      into = from;
      return absl::OkStatus();
    }
    const double d = into.sum / into.n - from.sum / from.n, n = into.n + from.n;
    into.squares += from.squares + into.n * from.n * d * d / n;
    into.sum += from.sum;
    into.n = n;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) { out.raw(&s, sizeof s); }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    s.n = in.f64();
    s.sum = in.f64();
    s.squares = in.f64();
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    const Moment m = moment_of(call);
    if (s.n < (is_sample(m) ? 2 : 1)) {
      out.append_null();
      return absl::OkStatus();
    }
    const double variance = s.squares / (is_sample(m) ? s.n - 1 : s.n);
    out.append(is_deviation(m) ? std::sqrt(variance) : variance);
    return absl::OkStatus();
  }
};

template <typename T>
Numeric numeric_argument(const Vector& v, uint32_t row) {
  if constexpr (std::is_same_v<T, Numeric>) {
    return Numeric(v.string(row));
  } else {
    return Numeric::of_int(v.get<T>(row));
  }
}

template <typename T>
struct ExactVariance {
  static constexpr bool kSkipsNulls = true;
  struct Sums {
    Numeric sum, squares;
  };
  struct State {
    int64_t n = 0;
    Sums* sums = nullptr;
  };
  static absl::Status add_sums(State& s, int64_t n, const Numeric& sum, const Numeric& squares) {
    if (s.sums == nullptr) s.sums = new Sums;
    TROUPE_ASSIGN_OR_RETURN(s.sums->sum, numeric_add(s.sums->sum, sum));
    TROUPE_ASSIGN_OR_RETURN(s.sums->squares, numeric_add(s.sums->squares, squares));
    s.n += n;
    return absl::OkStatus();
  }
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    const Numeric v = numeric_argument<T>(args[0], row);
    TROUPE_ASSIGN_OR_RETURN(const Numeric square, numeric_multiply(v, v));
    return add_sums(s, 1, v, square);
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    return from.sums == nullptr ? absl::OkStatus() : add_sums(into, from.n, from.sums->sum, from.sums->squares);
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) {
    out.u64(static_cast<uint64_t>(s.n));
    if (s.sums == nullptr) return;
    out.bytes(s.sums->sum.bytes());
    out.bytes(s.sums->squares.bytes());
  }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    s.n = static_cast<int64_t>(in.u64());
    if (in.at_end()) return;
    const std::string_view sum = in.bytes(), squares = in.bytes();
    if (numeric_is_valid(sum) && numeric_is_valid(squares)) s.sums = new Sums{Numeric(sum), Numeric(squares)};
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    const Moment m = moment_of(call);
    if (s.n < (is_sample(m) ? 2 : 1) || s.sums == nullptr) {
      out.append_null();
      return absl::OkStatus();
    }
    // (n * sum(x^2) - sum(x)^2) / (n * (n - 1)), or / n^2.
    const Numeric n = Numeric::of_int(s.n);
    TROUPE_ASSIGN_OR_RETURN(const Numeric a, numeric_multiply(n, s.sums->squares));
    TROUPE_ASSIGN_OR_RETURN(const Numeric b, numeric_multiply(s.sums->sum, s.sums->sum));
    TROUPE_ASSIGN_OR_RETURN(const Numeric difference, numeric_subtract(a, b));
    if (!difference.is_nan() && difference.sign() <= 0) {
      append_numeric(out, Numeric());
      return absl::OkStatus();
    }
    TROUPE_ASSIGN_OR_RETURN(const Numeric divisor, numeric_multiply(n, is_sample(m) ? Numeric::of_int(s.n - 1) : n));
    TROUPE_ASSIGN_OR_RETURN(Numeric v, numeric_divide(difference, divisor));
    if (is_deviation(m) && v.is_finite()) v = numeric_sqrt_to_scale(v, v.scale());
    append_numeric(out, v);
    return absl::OkStatus();
  }
  static void destroy(State& s) { delete s.sums; }
};

/// regr_* and corr: sums over pairs (y, x).
struct Regression {
  static constexpr bool kSkipsNulls = true;
  struct State {
    double n = 0, sx = 0, sxx = 0, sy = 0, syy = 0, sxy = 0;
  };
  static absl::Status add(State& s, std::span<const Vector> args, uint32_t row, const BoundAggregate&, EvalContext&) {
    const double y = args[0].get<double>(row), x = args[1].get<double>(row);
    const bool was_finite_x = !std::isinf(s.sx) && !std::isinf(x), was_finite_y = !std::isinf(s.sy) && !std::isinf(y);
    s.n += 1;
    s.sx += x;
    s.sy += y;
    if (s.n > 1) {
      const double dx = x * s.n - s.sx, dy = y * s.n - s.sy, scale = 1.0 / (s.n * (s.n - 1));
      s.sxx += dx * dx * scale;
      s.syy += dy * dy * scale;
      s.sxy += dx * dy * scale;
      if (((std::isinf(s.sx) || std::isinf(s.sxx)) && was_finite_x) ||
          ((std::isinf(s.sy) || std::isinf(s.syy)) && was_finite_y) ||
          (std::isinf(s.sxy) && was_finite_x && was_finite_y)) {
        return overflow();
      }
      for (double* sum : {&s.sxx, &s.syy, &s.sxy}) {
        if (std::isinf(*sum)) *sum = std::nan("");
      }
    } else {
      if (!std::isfinite(x)) s.sxx = s.sxy = std::nan("");
      if (!std::isfinite(y)) s.syy = s.sxy = std::nan("");
    }
    return absl::OkStatus();
  }
  static absl::Status combine(State& into, const State& from, const BoundAggregate&) {
    if (from.n == 0) return absl::OkStatus();
    if (into.n == 0) {
      into = from;
      return absl::OkStatus();
    }
    const double n = into.n + from.n, dx = into.sx / into.n - from.sx / from.n, dy = into.sy / into.n - from.sy / from.n;
    const double weight = into.n * from.n / n;
    into.sxx += from.sxx + weight * dx * dx;
    into.syy += from.syy + weight * dy * dy;
    into.sxy += from.sxy + weight * dx * dy;
    into.sx += from.sx;
    into.sy += from.sy;
    into.n = n;
    return absl::OkStatus();
  }
  static void serialize(const State& s, const BoundAggregate&, ByteWriter out) { out.raw(&s, sizeof s); }
  static void deserialize(State& s, const BoundAggregate&, ByteReader& in) {
    const std::string_view raw = in.raw(sizeof s);
    if (in.ok()) std::memcpy(&s, raw.data(), sizeof s);
  }
  /// NaN-free: nothing = null.
  static std::optional<double> value(const State& s, const std::string& name) {
    if (name == "covar_samp") return s.n < 2 ? std::nullopt : std::optional(s.sxy / (s.n - 1));
    if (s.n < 1) return std::nullopt;
    if (name == "covar_pop") return s.sxy / s.n;
    if (name == "regr_sxx") return s.sxx;
    if (name == "regr_syy") return s.syy;
    if (name == "regr_sxy") return s.sxy;
    if (name == "regr_avgx") return s.sx / s.n;
    if (name == "regr_avgy") return s.sy / s.n;
    if (name == "corr") return s.sxx == 0 || s.syy == 0 ? std::nullopt : std::optional(s.sxy / std::sqrt(s.sxx * s.syy));
    if (s.sxx == 0) return std::nullopt;
    if (name == "regr_slope") return s.sxy / s.sxx;
    if (name == "regr_intercept") return (s.sy - s.sx * s.sxy / s.sxx) / s.n;
    return s.syy == 0 ? 1.0 : (s.sxy * s.sxy) / (s.sxx * s.syy);  // regr_r2
  }
  static absl::Status result(const State& s, const BoundAggregate& call, EvalContext&, Vector& out) {
    if (call.aggregate->name == "regr_count") {
      out.append(static_cast<int64_t>(s.n));
    } else if (const auto v = value(s, call.aggregate->name)) {
      out.append(*v);
    } else {
      out.append_null();
    }
    return absl::OkStatus();
  }
};

}  // namespace

void add_statistics(std::vector<Aggregate>* to) {
  for (const char* name : {"variance", "var_samp", "var_pop", "stddev", "stddev_samp", "stddev_pop"}) {
    to->push_back(aggregate_of<ExactVariance<int16_t>>(name, {oid::kInt2}, oid::kNumeric));
    to->push_back(aggregate_of<ExactVariance<int32_t>>(name, {oid::kInt4}, oid::kNumeric));
    to->push_back(aggregate_of<ExactVariance<int64_t>>(name, {oid::kInt8}, oid::kNumeric));
    to->push_back(aggregate_of<ExactVariance<Numeric>>(name, {oid::kNumeric}, oid::kNumeric));
    to->push_back(aggregate_of<FloatVariance<float>>(name, {oid::kFloat4}, oid::kFloat8));
    to->push_back(aggregate_of<FloatVariance<double>>(name, {oid::kFloat8}, oid::kFloat8));
  }
  for (const char* name : {"covar_pop", "covar_samp", "corr", "regr_sxx", "regr_syy", "regr_sxy", "regr_avgx", "regr_avgy",
                           "regr_slope", "regr_intercept", "regr_r2"}) {
    to->push_back(aggregate_of<Regression>(name, {oid::kFloat8, oid::kFloat8}, oid::kFloat8));
  }
  to->push_back(aggregate_of<Regression>("regr_count", {oid::kFloat8, oid::kFloat8}, oid::kInt8));
}

}  // namespace troupe::aggregate_detail
