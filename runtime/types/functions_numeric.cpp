#include "runtime/types/kernel.hpp"
#include "runtime/types/numeric.hpp"

/// numeric: operators and functions over numeric.hpp.
namespace troupe {
namespace {

constexpr Oid kN = oid::kNumeric;

absl::StatusOr<int32_t> width_bucket(const Numeric& v, const Numeric& low, const Numeric& high, int32_t count) {
  if (count <= 0) return error(ErrorCode::kInvalidArgumentForWidthBucket, "count must be greater than zero");
  if (v.is_nan() || low.is_nan() || high.is_nan()) {
    return error(ErrorCode::kInvalidArgumentForWidthBucket, "operand, lower bound, and upper bound cannot be NaN");
  }
  if (low.is_infinite() || high.is_infinite()) {
    return error(ErrorCode::kInvalidArgumentForWidthBucket, "lower and upper bounds must be finite");
  }
  const int order = low.compare(high);
  if (order == 0) return error(ErrorCode::kInvalidArgumentForWidthBucket, "lower bound cannot equal upper bound");
  if (v.compare(low) * order > 0) return 0;
  if (v.compare(high) * order <= 0) return count + 1;
  TROUPE_ASSIGN_OR_RETURN(const Numeric offset, numeric_subtract(v, low));
  TROUPE_ASSIGN_OR_RETURN(const Numeric range, numeric_subtract(high, low));
  TROUPE_ASSIGN_OR_RETURN(const Numeric scaled, numeric_multiply(offset, Numeric::of_int(count)));
  TROUPE_ASSIGN_OR_RETURN(const Numeric bucket, numeric_divide_truncated(scaled, range));
  TROUPE_ASSIGN_OR_RETURN(const int64_t n, numeric_to_int64(bucket));
  return static_cast<int32_t>(n + 1);
}

using Operation = absl::StatusOr<Numeric> (*)(const Numeric&, const Numeric&);

/// Both small and of the result's reach: no Numeric is made.
template <char Symbol>
bool small_result(std::string_view a, std::string_view b, SmallNumeric* out) {
  if (numeric_form(a) != NumericForm::kSmall || numeric_form(b) != NumericForm::kSmall) return false;
  const SmallNumeric x = small_numeric(a), y = small_numeric(b);
  if constexpr (Symbol == '*') {
    out->scale = x.scale + y.scale;
    return out->scale <= kNumericSmallScaleMax && !__builtin_mul_overflow(x.value, y.value, &out->value);
  }
  out->scale = x.scale;
  if (x.scale != y.scale) return false;
  return Symbol == '+' ? !__builtin_add_overflow(x.value, y.value, &out->value)
                       : !__builtin_sub_overflow(x.value, y.value, &out->value);
}

template <char Symbol, Operation General>
absl::Status arithmetic(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const std::string_view a = args[0].string(row), b = args[1].string(row);
    if (SmallNumeric small; small_result<Symbol>(a, b, &small)) {
      char packed[kNumericSmallBytes];
      write_small_numeric(small, packed);
      out.set(row, StringRef(std::string_view(packed, sizeof packed)));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const Numeric v, General(Numeric(a), Numeric(b)));
    out.set_string(row, v.bytes());
  }
  return absl::OkStatus();
}

void register_arithmetic(Registrar& to) {
  to.raw({.name = "+", .arguments = {kN, kN}, .result = kN, .kernel = arithmetic<'+', numeric_add>, .is_operator = true});
  to.raw({.name = "-", .arguments = {kN, kN}, .result = kN, .kernel = arithmetic<'-', numeric_subtract>, .is_operator = true});
  to.raw({.name = "*", .arguments = {kN, kN}, .result = kN, .kernel = arithmetic<'*', numeric_multiply>, .is_operator = true});
  to.op<[](const Numeric& a, const Numeric& b) { return numeric_divide(a, b); }>("/", {kN, kN}, kN);
  to.op<[](const Numeric& v) { return numeric_negate(v); }>("-", {kN}, kN);
  to.op<[](const Numeric& v) { return v; }>("+", {kN}, kN);
  constexpr auto modulo = [](const Numeric& a, const Numeric& b) { return numeric_modulo(a, b); };
  to.op_and_function<modulo>("%", "mod", {kN, kN}, kN);
  constexpr auto absolute = [](const Numeric& v) { return numeric_abs(v); };
  to.op_and_function<absolute>("@", "abs", {kN}, kN);
  to.function<[](const Numeric& a, const Numeric& b) { return numeric_divide_truncated(a, b); }>("div", {kN, kN}, kN);
  to.function<[](EvalContext& c, const Numeric& a, const Numeric& b) { return numeric_gcd(a, b, c.interrupt); }>(
      "gcd", {kN, kN}, kN);
  to.function<[](EvalContext& c, const Numeric& a, const Numeric& b) { return numeric_lcm(a, b, c.interrupt); }>(
      "lcm", {kN, kN}, kN);
  to.function<[](EvalContext& c, int64_t n) { return numeric_factorial(n, c.interrupt); }>("factorial", {oid::kInt8},
                                                                                           kN);
}

void register_rounding(Registrar& to) {
  to.function<[](const Numeric& v) { return numeric_round(v, 0); }>("round", {kN}, kN);
  to.function<[](const Numeric& v, int32_t scale) { return numeric_round(v, scale); }>("round", {kN, oid::kInt4}, kN);
  to.function<[](const Numeric& v) { return numeric_truncate(v, 0); }>("trunc", {kN}, kN);
  to.function<[](const Numeric& v, int32_t scale) { return numeric_truncate(v, scale); }>("trunc", {kN, oid::kInt4}, kN);
  constexpr auto up = [](const Numeric& v) { return numeric_ceil(v); };
  to.function<up>("ceil", {kN}, kN);
  to.function<up>("ceiling", {kN}, kN);
  to.function<[](const Numeric& v) { return numeric_floor(v); }>("floor", {kN}, kN);
  to.function<[](const Numeric& v) { return v.is_nan() ? v : Numeric::of_int(v.sign()); }>("sign", {kN}, kN);
  to.function<[](const Numeric& v) -> std::optional<int32_t> {
    if (!v.is_finite()) return std::nullopt;
    return v.scale();
  }>("scale", {kN}, oid::kInt4);
  to.function<[](const Numeric& v) -> std::optional<int32_t> {
    if (!v.is_finite()) return std::nullopt;
    return numeric_min_scale(v);
  }>("min_scale", {kN}, oid::kInt4);
  to.function<[](const Numeric& v) { return numeric_trim_scale(v); }>("trim_scale", {kN}, kN);
}

}  // namespace

void register_numerics(Registrar& to) {
  register_arithmetic(to);
  register_rounding(to);
  constexpr auto power = [](const Numeric& a, const Numeric& b) { return numeric_power(a, b); };
  to.op_and_function<power>("^", "power", {kN, kN}, kN);
  to.function<power>("pow", {kN, kN}, kN);
  to.function<[](const Numeric& v) { return numeric_sqrt(v); }>("sqrt", {kN}, kN);
  to.function<[](const Numeric& v) { return numeric_exp(v); }>("exp", {kN}, kN);
  to.function<[](const Numeric& v) { return numeric_ln(v); }>("ln", {kN}, kN);
  constexpr auto log10 = [](const Numeric& v) { return numeric_log(Numeric::of_int(10), v); };
  to.function<log10>("log", {kN}, kN);
  to.function<log10>("log10", {kN}, kN);
  to.function<[](const Numeric& b, const Numeric& v) { return numeric_log(b, v); }>("log", {kN, kN}, kN);
  to.function<[](const Numeric& v, const Numeric& low, const Numeric& high, int32_t count) {
    return width_bucket(v, low, high, count);
  }>("width_bucket", {kN, kN, kN, oid::kInt4}, oid::kInt4);
}

}  // namespace troupe
