#pragma once
/// numeric: exact decimal arithmetic with PostgreSQL's result scales. Values are packed bytes
/// (storage/column/numeric_format.hpp); small ones (an int64 and a scale) never leave the fast path.
#include <string>
#include <string_view>

#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"
#include "storage/column/numeric_format.hpp"

namespace troupe {

class Interrupt;

/// A packed numeric that needs no allocation when small.
class Numeric {
 public:
  Numeric() { write_small_numeric({0, 0}, inline_), size_ = kNumericSmallBytes; }
  explicit Numeric(std::string_view packed);
  static Numeric of_int(int64_t v, int scale = 0);
  static Numeric of_int128(__int128 v, int scale = 0);
  static Numeric of_digits(NumericDigits digits);
  /// Shortest digits that read back as v: 15 significant for double, 6 for float, as PostgreSQL's casts.
  static Numeric of_double(double v);
  static Numeric of_float(float v);
  static Numeric nan();
  static Numeric infinity(bool negative);

  std::string_view bytes() const { return long_.empty() ? std::string_view(inline_, size_) : std::string_view(long_); }
  NumericForm form() const { return numeric_form(bytes()); }
  bool is_small() const { return form() == NumericForm::kSmall; }
  bool is_finite() const { return form() <= NumericForm::kLarge; }
  bool is_nan() const { return form() == NumericForm::kNan; }
  bool is_infinite() const { return form() == NumericForm::kInfinity || form() == NumericForm::kMinusInfinity; }
  /// -1, 0, 1; 0 for NaN.
  int sign() const;
  bool is_zero() const { return is_finite() && sign() == 0; }
  /// Digits after the point that output shows.
  int scale() const;
  int compare(const Numeric& other) const { return compare_numeric(bytes(), other.bytes()); }

 private:
  char inline_[12] = {};
  uint8_t size_ = 0;
  std::string long_;  ///< in use when not empty
};

/// Errors: 22P02 `invalid input syntax for type numeric: "abc"`, 22003.
absl::StatusOr<Numeric> parse_numeric(std::string_view text);
void format_numeric(std::string_view packed, std::string* out);

absl::StatusOr<Numeric> numeric_add(const Numeric& a, const Numeric& b);
absl::StatusOr<Numeric> numeric_subtract(const Numeric& a, const Numeric& b);
absl::StatusOr<Numeric> numeric_multiply(const Numeric& a, const Numeric& b);
/// Scale as PostgreSQL's select_div_scale(). Errors: 22012.
absl::StatusOr<Numeric> numeric_divide(const Numeric& a, const Numeric& b);
/// div(): truncated to an integer.
absl::StatusOr<Numeric> numeric_divide_truncated(const Numeric& a, const Numeric& b);
absl::StatusOr<Numeric> numeric_modulo(const Numeric& a, const Numeric& b);
Numeric numeric_negate(const Numeric& v);
Numeric numeric_abs(const Numeric& v);
/// Half away from zero; `scale` may be negative.
Numeric numeric_round(const Numeric& v, int scale);
Numeric numeric_truncate(const Numeric& v, int scale);
Numeric numeric_ceil(const Numeric& v);
Numeric numeric_floor(const Numeric& v);
absl::StatusOr<Numeric> numeric_sqrt(const Numeric& v);
/// sqrt() rounded to `scale`; v is finite and not negative.
Numeric numeric_sqrt_to_scale(const Numeric& v, int scale);
absl::StatusOr<Numeric> numeric_exp(const Numeric& v);
absl::StatusOr<Numeric> numeric_ln(const Numeric& v);
absl::StatusOr<Numeric> numeric_log(const Numeric& base, const Numeric& v);
absl::StatusOr<Numeric> numeric_power(const Numeric& base, const Numeric& exponent);
// These may work for seconds: they end early when `interrupt` says so.
absl::StatusOr<Numeric> numeric_gcd(const Numeric& a, const Numeric& b, const Interrupt* interrupt = nullptr);
absl::StatusOr<Numeric> numeric_lcm(const Numeric& a, const Numeric& b, const Interrupt* interrupt = nullptr);
absl::StatusOr<Numeric> numeric_factorial(int64_t n, const Interrupt* interrupt = nullptr);
int numeric_min_scale(const Numeric& v);
Numeric numeric_trim_scale(const Numeric& v);

/// Rounded half away from zero. Errors: 22003 `bigint out of range`, 0A000 `cannot convert NaN to bigint`.
absl::StatusOr<int64_t> numeric_to_int64(const Numeric& v, std::string_view type_name = "bigint");
absl::StatusOr<double> numeric_to_double(const Numeric& v);
double numeric_to_double_lossy(const Numeric& v);

/// numeric(p, s): rounds, or 22003 `numeric field overflow` with PostgreSQL's detail. typmod -1 = unchanged.
absl::StatusOr<Numeric> apply_numeric_typmod(const Numeric& v, int32_t typmod);

}  // namespace troupe
