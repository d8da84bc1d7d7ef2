#include <cmath>
#include <numbers>

#include "runtime/types/kernel.hpp"

/// float4 and float8: arithmetic with PostgreSQL's overflow and underflow errors, and the mathematical functions.
namespace troupe {
namespace {

absl::Status overflow() { return error(ErrorCode::kNumericValueOutOfRange, "value out of range: overflow"); }
absl::Status underflow() { return error(ErrorCode::kNumericValueOutOfRange, "value out of range: underflow"); }
absl::Status division_by_zero() { return error(ErrorCode::kDivisionByZero, "division by zero"); }
absl::Status input_out_of_range() { return error(ErrorCode::kNumericValueOutOfRange, "input is out of range"); }

template <typename T>
absl::StatusOr<T> checked(T v, bool infinite_input, bool zero_allowed) {
  if (std::isinf(v) && !infinite_input) return overflow();
  if (v == 0 && !zero_allowed) return underflow();
  return v;
}

template <typename A, typename B, typename R>
void register_pair(Registrar& to, Oid a, Oid b, Oid result) {
  to.op<[](A x, B y) { return checked<R>(static_cast<R>(x) + static_cast<R>(y), std::isinf(x) || std::isinf(y), true); }>("+", {a, b}, result);
  to.op<[](A x, B y) { return checked<R>(static_cast<R>(x) - static_cast<R>(y), std::isinf(x) || std::isinf(y), true); }>("-", {a, b}, result);
  to.op<[](A x, B y) {
    return checked<R>(static_cast<R>(x) * static_cast<R>(y), std::isinf(x) || std::isinf(y), x == 0 || y == 0);
  }>("*", {a, b}, result);
  to.op<[](A x, B y) -> absl::StatusOr<R> {
    if (y == 0 && !std::isnan(x)) return division_by_zero();
    return checked<R>(static_cast<R>(x) / static_cast<R>(y), std::isinf(x), x == 0 || std::isinf(y));
  }>("/", {a, b}, result);
}

template <typename T>
void register_signs(Registrar& to, Oid type) {
  to.op<[](T v) { return static_cast<T>(-v); }>("-", {type}, type);
  to.op<[](T v) { return v; }>("+", {type}, type);
  constexpr auto absolute = [](T v) { return static_cast<T>(std::fabs(v)); };
  to.op_and_function<absolute>("@", "abs", {type}, type);
}

absl::StatusOr<double> power(double base, double exponent) {
  if (std::isnan(base)) return exponent == 0 ? 1.0 : base;
  if (std::isnan(exponent)) return base == 1 ? 1.0 : exponent;
  if (base == 0 && exponent < 0) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction, "zero raised to a negative power is undefined");
  }
  if (base < 0 && std::isfinite(exponent) && std::floor(exponent) != exponent) {
    return error(ErrorCode::kInvalidArgumentForPowerFunction,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  const double v = std::pow(base, exponent);
  return checked(v, std::isinf(base) || std::isinf(exponent), base == 0 || std::isinf(base) || std::isinf(exponent));
}

absl::StatusOr<double> logarithm(double v, double (*log)(double)) {
  if (v == 0) return error(ErrorCode::kInvalidArgumentForLogarithm, "cannot take logarithm of zero");
  if (v < 0) return error(ErrorCode::kInvalidArgumentForLogarithm, "cannot take logarithm of a negative number");
  return log(v);
}

absl::StatusOr<double> square_root(double v) {
  if (v < 0) return error(ErrorCode::kInvalidArgumentForPowerFunction, "cannot take square root of a negative number");
  return std::sqrt(v);
}

void register_rounding(Registrar& to) {
  constexpr auto up = [](double v) { return std::ceil(v); };
  to.function<up>("ceil", {oid::kFloat8}, oid::kFloat8);
  to.function<up>("ceiling", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::floor(v); }>("floor", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::rint(v); }>("round", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::trunc(v); }>("trunc", {oid::kFloat8}, oid::kFloat8);
  constexpr auto sign = [](double v) {
    if (v > 0) return 1.0;
    if (v < 0) return -1.0;
    return v == 0 ? 0.0 : v;
  };
  to.function<sign>("sign", {oid::kFloat8}, oid::kFloat8);
}

template <auto F>
void domain_limited(Registrar& to, const char* name) {
  // acos, asin ...: arguments outside [-1, 1].
  constexpr auto limited = [](double v) -> absl::StatusOr<double> {
    if (std::fabs(v) > 1) return input_out_of_range();
    return F(v);
  };
  to.function<limited>(name, {oid::kFloat8}, oid::kFloat8);
}

template <auto F>
void periodic(Registrar& to, const char* name) {
  constexpr auto finite = [](double v) -> absl::StatusOr<double> {
    if (std::isinf(v)) return input_out_of_range();
    return F(v);
  };
  to.function<finite>(name, {oid::kFloat8}, oid::kFloat8);
}

void register_trigonometry(Registrar& to) {
  domain_limited<[](double v) { return std::acos(v); }>(to, "acos");
  domain_limited<[](double v) { return std::asin(v); }>(to, "asin");
  domain_limited<[](double v) { return std::atanh(v); }>(to, "atanh");
  periodic<[](double v) { return std::sin(v); }>(to, "sin");
  periodic<[](double v) { return std::cos(v); }>(to, "cos");
  periodic<[](double v) { return std::tan(v); }>(to, "tan");
  periodic<[](double v) { return 1 / std::tan(v); }>(to, "cot");
  to.function<[](double v) { return std::atan(v); }>("atan", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double y, double x) { return std::atan2(y, x); }>("atan2", {oid::kFloat8, oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::sinh(v); }>("sinh", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::cosh(v); }>("cosh", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::tanh(v); }>("tanh", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return std::asinh(v); }>("asinh", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) -> absl::StatusOr<double> {
    if (v < 1) return input_out_of_range();
    return std::acosh(v);
  }>("acosh", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return v * (180.0 / std::numbers::pi); }>("degrees", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return v * (std::numbers::pi / 180.0); }>("radians", {oid::kFloat8}, oid::kFloat8);
  to.function<[]() { return std::numbers::pi; }>("pi", {}, oid::kFloat8);
}

absl::StatusOr<int32_t> width_bucket(double v, double low, double high, int32_t count) {
  if (count <= 0) return error(ErrorCode::kInvalidArgumentForWidthBucket, "count must be greater than zero");
  if (std::isnan(v) || std::isnan(low) || std::isnan(high)) {
    return error(ErrorCode::kInvalidArgumentForWidthBucket, "operand, lower bound, and upper bound cannot be NaN");
  }
  if (std::isinf(low) || std::isinf(high)) {
    return error(ErrorCode::kInvalidArgumentForWidthBucket, "lower and upper bounds must be finite");
  }
  if (low == high) return error(ErrorCode::kInvalidArgumentForWidthBucket, "lower bound cannot equal upper bound");
  const bool ascending = low < high;
  if (ascending ? v < low : v > low) return 0;
  if (ascending ? v >= high : v <= high) {
    if (count == INT32_MAX) return error(ErrorCode::kNumericValueOutOfRange, "integer out of range");
    return count + 1;
  }
  return static_cast<int32_t>(count * ((v - low) / (high - low))) + 1;
}

}  // namespace

void register_floats(Registrar& to) {
  register_pair<float, float, float>(to, oid::kFloat4, oid::kFloat4, oid::kFloat4);
  register_pair<double, double, double>(to, oid::kFloat8, oid::kFloat8, oid::kFloat8);
  register_pair<float, double, double>(to, oid::kFloat4, oid::kFloat8, oid::kFloat8);
  register_pair<double, float, double>(to, oid::kFloat8, oid::kFloat4, oid::kFloat8);
  register_signs<float>(to, oid::kFloat4);
  register_signs<double>(to, oid::kFloat8);
  register_rounding(to);
  register_trigonometry(to);
  constexpr auto pow = [](double a, double b) { return power(a, b); };
  to.op_and_function<pow>("^", "power", {oid::kFloat8, oid::kFloat8}, oid::kFloat8);
  to.function<pow>("pow", {oid::kFloat8, oid::kFloat8}, oid::kFloat8);
  constexpr auto root = [](double v) { return square_root(v); };
  to.op_and_function<root>("|/", "sqrt", {oid::kFloat8}, oid::kFloat8);
  constexpr auto cube_root = [](double v) { return std::cbrt(v); };
  to.op_and_function<cube_root>("||/", "cbrt", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return checked(std::exp(v), std::isinf(v), std::isinf(v)); }>("exp", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v) { return logarithm(v, [](double x) { return std::log(x); }); }>("ln", {oid::kFloat8}, oid::kFloat8);
  constexpr auto log10 = [](double v) { return logarithm(v, [](double x) { return std::log10(x); }); };
  to.function<log10>("log", {oid::kFloat8}, oid::kFloat8);
  to.function<log10>("log10", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double v, double low, double high, int32_t count) { return width_bucket(v, low, high, count); }>(
      "width_bucket", {oid::kFloat8, oid::kFloat8, oid::kFloat8, oid::kInt4}, oid::kInt4);
}

}  // namespace troupe
