#include <cmath>

#include "runtime/types/kernel.hpp"

/// Arithmetic of money.
namespace troupe {
namespace {

constexpr Oid kM = oid::kMoney;

absl::Status division_by_zero() { return error(ErrorCode::kDivisionByZero, "division by zero"); }

absl::Status out_of_range() { return error(ErrorCode::kNumericValueOutOfRange, "money out of range"); }

absl::StatusOr<int64_t> rounded(double cents) {
  // 2^63 is the first that does not fit.
  if (std::isnan(cents) || std::rint(cents) < -0x1p63 || std::rint(cents) >= 0x1p63) return out_of_range();
  return static_cast<int64_t>(std::rint(cents));
}

template <typename Number>
constexpr auto kTimes = [](int64_t cents, Number n) -> absl::StatusOr<int64_t> {
  if constexpr (std::is_floating_point_v<Number>) return rounded(static_cast<double>(cents) * static_cast<double>(n));
  int64_t product;
  if (__builtin_mul_overflow(cents, static_cast<int64_t>(n), &product)) return out_of_range();
  return product;
};
template <typename Number>
constexpr auto kTimesReversed = [](Number n, int64_t cents) { return kTimes<Number>(cents, n); };
template <typename Number>
constexpr auto kDivided = [](int64_t cents, Number n) -> absl::StatusOr<int64_t> {
  if (n == 0) return division_by_zero();
  if constexpr (std::is_floating_point_v<Number>) {
    return rounded(static_cast<double>(cents) / static_cast<double>(n));
  } else {
    if (n == -1 && cents == INT64_MIN) return out_of_range();
    return cents / static_cast<int64_t>(n);
  }
};

template <typename Number>
void register_with(Registrar& to, Oid type) {
  to.op<kTimes<Number>>("*", {kM, type}, kM);
  to.op<kTimesReversed<Number>>("*", {type, kM}, kM);
  to.op<kDivided<Number>>("/", {kM, type}, kM);
}

}  // namespace

void register_money(Registrar& to) {
  to.op<[](int64_t a, int64_t b) -> absl::StatusOr<int64_t> {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return out_of_range();
    return sum;
  }>("+", {kM, kM}, kM);
  to.op<[](int64_t a, int64_t b) -> absl::StatusOr<int64_t> {
    int64_t rest;
    if (__builtin_sub_overflow(a, b, &rest)) return out_of_range();
    return rest;
  }>("-", {kM, kM}, kM);
  to.op<[](int64_t a, int64_t b) -> absl::StatusOr<double> {
    if (b == 0) return division_by_zero();
    return static_cast<double>(a) / static_cast<double>(b);
  }>("/", {kM, kM}, oid::kFloat8);
  register_with<int16_t>(to, oid::kInt2);
  register_with<int32_t>(to, oid::kInt4);
  register_with<int64_t>(to, oid::kInt8);
  register_with<float>(to, oid::kFloat4);
  register_with<double>(to, oid::kFloat8);
}

}  // namespace troupe
