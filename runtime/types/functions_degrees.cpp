#include <cmath>
#include <numbers>

#include "runtime/types/kernel.hpp"

/// Trigonometry in degrees. The results at multiples of 30 and 45 degrees are exact, by PostgreSQL's way of scaling
/// (utils/adt/float.c): each quadrant is put together from ranges whose ends are divided by what the library says there.
namespace troupe {
namespace {

double radians(double degrees) { return degrees * (std::numbers::pi / 180.0); }

double sine_to_30(double x) { return std::sin(radians(x)) / std::sin(radians(30)) / 2.0; }
double cosine_to_60(double x) {
  return 1.0 - (1.0 - std::cos(radians(x))) / (1.0 - std::cos(radians(60))) / 2.0;
}
double sine_of_quadrant(double x) { return x <= 30 ? sine_to_30(x) : cosine_to_60(90 - x); }
double cosine_of_quadrant(double x) { return x <= 60 ? cosine_to_60(x) : sine_to_30(90 - x); }

double sine(double x) {
  x = std::fmod(x, 360.0);
  double sign = 1;
  if (x < 0) {
    x = -x;
    sign = -sign;
  }
  if (x > 180) {
    x = 360 - x;
    sign = -sign;
  }
  if (x > 90) x = 180 - x;
  return sign * sine_of_quadrant(x);
}

double cosine(double x) {
  x = std::fabs(std::fmod(x, 360.0));
  if (x > 180) x = 360 - x;
  return x > 90 ? -cosine_of_quadrant(180 - x) : cosine_of_quadrant(x);
}

/// Tangent, or with `inverse` cotangent.
double tangent(double x, bool inverse) {
  x = std::fmod(x, 360.0);
  double sign = 1;
  if (x < 0) {
    x = -x;
    sign = -sign;
  }
  if (x > 180) {
    x = 360 - x;
    sign = -sign;
  }
  if (x > 90) {
    x = 180 - x;
    sign = -sign;
  }
  const double s = sine_of_quadrant(x), c = cosine_of_quadrant(x);
  const double s45 = sine_of_quadrant(45), c45 = cosine_of_quadrant(45);
  const double result = sign * (inverse ? (c / s) / (c45 / s45) : (s / c) / (s45 / c45));
  return result == 0 ? 0.0 : result;  // no minus zero
}

double arcsine_of_quadrant(double x) {
  if (x <= 0.5) return std::asin(x) / std::asin(0.5) * 30.0;
  return 90.0 - std::acos(x) / std::acos(0.5) * 60.0;
}
double arccosine_of_quadrant(double x) {
  if (x <= 0.5) return 90.0 - std::asin(x) / std::asin(0.5) * 30.0;
  return std::acos(x) / std::acos(0.5) * 60.0;
}
double arctangent(double radians_of) { return radians_of / std::atan(1.0) * 45.0; }

absl::Status input_out_of_range() {
  return error(ErrorCode::kNumericValueOutOfRange, "input is out of range");
}

template <auto F>
void angle(Registrar& to, const char* name) {
  constexpr auto finite = [](double v) -> absl::StatusOr<double> {
    if (std::isinf(v)) return input_out_of_range();
    return std::isnan(v) ? v : F(v);
  };
  to.function<finite>(name, {oid::kFloat8}, oid::kFloat8);
}

template <auto F>
void ratio(Registrar& to, const char* name) {
  constexpr auto limited = [](double v) -> absl::StatusOr<double> {
    if (std::fabs(v) > 1) return input_out_of_range();
    return std::isnan(v) ? v : F(v);
  };
  to.function<limited>(name, {oid::kFloat8}, oid::kFloat8);
}

}  // namespace

void register_degrees(Registrar& to) {
  angle<[](double v) { return sine(v); }>(to, "sind");
  angle<[](double v) { return cosine(v); }>(to, "cosd");
  angle<[](double v) { return tangent(v, false); }>(to, "tand");
  angle<[](double v) { return tangent(v, true); }>(to, "cotd");
  ratio<[](double v) { return v >= 0 ? arcsine_of_quadrant(v) : -arcsine_of_quadrant(-v); }>(to, "asind");
  ratio<[](double v) { return v >= 0 ? arccosine_of_quadrant(v) : 90.0 + arcsine_of_quadrant(-v); }>(to, "acosd");
  to.function<[](double v) { return arctangent(std::atan(v)); }>("atand", {oid::kFloat8}, oid::kFloat8);
  to.function<[](double y, double x) { return arctangent(std::atan2(y, x)); }>("atan2d", {oid::kFloat8, oid::kFloat8},
                                                                               oid::kFloat8);
}

}  // namespace troupe
