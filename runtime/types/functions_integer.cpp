#include <cstdlib>
#include <limits>
#include <numeric>

#include "runtime/types/kernel.hpp"

/// int2, int4, int8 (and oid's few): arithmetic that reports overflow, bits, divisors.
namespace troupe {
namespace {

template <typename T>
constexpr std::string_view type_name() {
  if constexpr (sizeof(T) == 2) return "smallint";
  return sizeof(T) == 4 ? "integer" : "bigint";
}
template <typename T>
absl::Status out_of_range() {
  return error(ErrorCode::kNumericValueOutOfRange, type_name<T>(), " out of range");
}
absl::Status division_by_zero() { return error(ErrorCode::kDivisionByZero, "division by zero"); }

struct Add {
  template <typename T>
  static bool overflows(T a, T b, T* out) { return __builtin_add_overflow(a, b, out); }
};
struct Subtract {
  template <typename T>
  static bool overflows(T a, T b, T* out) { return __builtin_sub_overflow(a, b, out); }
};
struct Multiply {
  template <typename T>
  static bool overflows(T a, T b, T* out) { return __builtin_mul_overflow(a, b, out); }
};

/// Overflows are collected, not branched on: one test a batch.
template <typename Op, typename A, typename B, typename R>
absl::Status arithmetic(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const kernel_detail::ArgumentColumn<A> a(args[0]);
  const kernel_detail::ArgumentColumn<B> b(args[1]);
  R* to = out.mutable_values<R>();
  bool overflow = false;
  if (!out.may_have_nulls()) {
    for (uint32_t i = 0; i < rows; ++i) overflow |= Op::overflows(static_cast<R>(a[i]), static_cast<R>(b[i]), &to[i]);
  } else {
    for (uint32_t i = 0; i < rows; ++i) {
      if (!out.is_null(i)) overflow |= Op::overflows(static_cast<R>(a[i]), static_cast<R>(b[i]), &to[i]);
    }
  }
  if (overflow) return out_of_range<R>();
  return absl::OkStatus();
}

template <typename T>
constexpr Oid oid_of() {
  if constexpr (sizeof(T) == 2) return oid::kInt2;
  return sizeof(T) == 4 ? oid::kInt4 : oid::kInt8;
}

template <typename A, typename B>
void register_pair(Registrar& to) {
  using R = std::conditional_t<(sizeof(A) > sizeof(B)), A, B>;
  const auto add = [&](const char* symbol, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {oid_of<A>(), oid_of<B>()}, .result = oid_of<R>(), .kernel = kernel, .is_operator = true});
  };
  add("+", arithmetic<Add, A, B, R>);
  add("-", arithmetic<Subtract, A, B, R>);
  add("*", arithmetic<Multiply, A, B, R>);
  to.op<[](A a, B b) -> absl::StatusOr<R> {
    if (b == 0) return division_by_zero();
    if (b == -1 && static_cast<R>(a) == std::numeric_limits<R>::min()) return out_of_range<R>();
    return static_cast<R>(static_cast<R>(a) / static_cast<R>(b));
  }>("/", {oid_of<A>(), oid_of<B>()}, oid_of<R>());
}

template <typename T>
absl::StatusOr<T> gcd_of(T a, T b) {
  using U = std::make_unsigned_t<T>;
  U x = a < 0 ? static_cast<U>(-static_cast<U>(a)) : static_cast<U>(a);
  U y = b < 0 ? static_cast<U>(-static_cast<U>(b)) : static_cast<U>(b);
  const U result = std::gcd(x, y);
  if (result > static_cast<U>(std::numeric_limits<T>::max())) return out_of_range<T>();
  return static_cast<T>(result);
}

template <typename T>
absl::StatusOr<T> lcm_of(T a, T b) {
  if (a == 0 || b == 0) return T{0};
  TROUPE_ASSIGN_OR_RETURN(const T divisor, gcd_of<T>(a, b));
  T product;
  if (__builtin_mul_overflow(static_cast<T>(a / divisor), b, &product)) return out_of_range<T>();
  if (product == std::numeric_limits<T>::min()) return out_of_range<T>();
  return product < 0 ? static_cast<T>(-product) : product;
}

template <typename T>
void register_width(Registrar& to) {
  constexpr Oid kType = oid_of<T>();
  constexpr auto modulo = [](T a, T b) -> absl::StatusOr<T> {
    if (b == 0) return division_by_zero();
    return b == -1 ? T{0} : static_cast<T>(a % b);
  };
  constexpr auto absolute = [](T v) -> absl::StatusOr<T> {
    if (v == std::numeric_limits<T>::min()) return out_of_range<T>();
    return static_cast<T>(v < 0 ? -v : v);
  };
  to.op_and_function<modulo>("%", "mod", {kType, kType}, kType);
  to.op_and_function<absolute>("@", "abs", {kType}, kType);
  to.op<[](T v) -> absl::StatusOr<T> {
    if (v == std::numeric_limits<T>::min()) return out_of_range<T>();
    return static_cast<T>(-v);
  }>("-", {kType}, kType);
  to.op<[](T v) { return v; }>("+", {kType}, kType);
  to.op<[](T a, T b) { return static_cast<T>(a & b); }>("&", {kType, kType}, kType);
  to.op<[](T a, T b) { return static_cast<T>(a | b); }>("|", {kType, kType}, kType);
  to.op<[](T a, T b) { return static_cast<T>(a ^ b); }>("#", {kType, kType}, kType);
  to.op<[](T v) { return static_cast<T>(~v); }>("~", {kType}, kType);
  // Shifts as the processor does them: the count modulo the width (PostgreSQL's own behaviour on x86).
  to.op<[](T v, int32_t by) { return static_cast<T>(static_cast<std::make_unsigned_t<T>>(v) << (by & (sizeof(T) == 8 ? 63 : 31))); }>(
      "<<", {kType, oid::kInt4}, kType);
  to.op<[](T v, int32_t by) { return static_cast<T>(v >> (by & (sizeof(T) == 8 ? 63 : 31))); }>(">>", {kType, oid::kInt4}, kType);
}

}  // namespace

void register_integers(Registrar& to) {
  register_pair<int16_t, int16_t>(to);
  register_pair<int16_t, int32_t>(to);
  register_pair<int16_t, int64_t>(to);
  register_pair<int32_t, int16_t>(to);
  register_pair<int32_t, int32_t>(to);
  register_pair<int32_t, int64_t>(to);
  register_pair<int64_t, int16_t>(to);
  register_pair<int64_t, int32_t>(to);
  register_pair<int64_t, int64_t>(to);
  register_width<int16_t>(to);
  register_width<int32_t>(to);
  register_width<int64_t>(to);
  to.function<[](int32_t a, int32_t b) { return gcd_of<int32_t>(a, b); }>("gcd", {oid::kInt4, oid::kInt4}, oid::kInt4);
  to.function<[](int64_t a, int64_t b) { return gcd_of<int64_t>(a, b); }>("gcd", {oid::kInt8, oid::kInt8}, oid::kInt8);
  to.function<[](int32_t a, int32_t b) { return lcm_of<int32_t>(a, b); }>("lcm", {oid::kInt4, oid::kInt4}, oid::kInt4);
  to.function<[](int64_t a, int64_t b) { return lcm_of<int64_t>(a, b); }>("lcm", {oid::kInt8, oid::kInt8}, oid::kInt8);
}

}  // namespace troupe
