#include "storage/column/compare_kind.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"
#include "storage/column/numeric_format.hpp"
#include "storage/column/range_format.hpp"
#include "storage/column/record_format.hpp"
#include "storage/column/value_shape.hpp"

namespace troupe {
namespace {

// The few pg_type oids whose order differs from their representation's.
constexpr Oid kBpcharOid = 1042, kNumericOid = 1700, kIntervalOid = 1186, kTimetzOid = 1266, kRecordOid = 2249,
              kJsonbOid = 3802,
              kFirstUserTypeOid = 16384;

template <typename T>
T load(const void* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}

template <typename T>
int order(T a, T b) {
  return a == b ? 0 : (a < b ? -1 : 1);
}

template <typename T>
int compare_floats(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
  return order(a, b);
}

int compare_timetz(const TimeTz& a, const TimeTz& b) {
  const int64_t x = a.us + int64_t{1000000} * a.zone, y = b.us + int64_t{1000000} * b.zone;
  return x != y ? order(x, y) : order(a.zone, b.zone);
}

int compare_plain(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  const int c = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  return c != 0 ? c : order(a.size(), b.size());
}

std::string_view without_padding(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_array_representation(Oid type) {
  // pg_type's array types of the built-in scalars and ranges, the two vector types, and multiranges.
  constexpr Oid kArrays[] = {22,   30,   143,  199,  271,  629,  651,  719,  775,  791,  1000, 1001, 1002, 1003, 1005,
                             1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1021, 1022, 1028, 1034,
                             1040, 1041, 1115, 1182, 1183, 1185, 1187, 1231, 1263, 1270, 1561, 1563, 2201, 2207, 2208,
                             2209, 2210, 2211, 2287, 2951, 3221, 3735, 3807, 3905, 3907, 3909, 3911, 3913, 3927, 4073,
                             4090, 4097, 4451, 4532, 4533, 4534, 4535, 4536, 6150, 6151, 6152, 6153, 6155, 6157};
  return std::binary_search(std::begin(kArrays), std::end(kArrays), type);
}

bool is_range(Oid type) {
  constexpr Oid kRanges[] = {3904, 3906, 3908, 3910, 3912, 3926};
  return std::binary_search(std::begin(kRanges), std::end(kRanges), type);
}

int compare_own(std::string_view a, std::string_view b) {
  switch (value_shape(a)) {
    case ValueShape::kRange: return compare_ranges(a, b);
    case ValueShape::kRecord: return compare_records(a, b);
    default: return compare_arrays(a, b);
  }
}

}  // namespace

CompareKind compare_kind(Oid type, Physical physical) {
  switch (physical) {
    case Physical::kBool: return CompareKind::kBool;
    case Physical::kInt16: return CompareKind::kInt16;
    case Physical::kInt32: return CompareKind::kInt32;
    case Physical::kInt64: return CompareKind::kInt64;
    case Physical::kFloat32: return CompareKind::kFloat32;
    case Physical::kFloat64: return CompareKind::kFloat64;
    case Physical::kFixed16:
      return type == kIntervalOid ? CompareKind::kInterval
                                  : (type == kTimetzOid ? CompareKind::kTimeTz : CompareKind::kUuid);
    case Physical::kVarlen: break;
  }
  if (type == kNumericOid) return CompareKind::kNumeric;
  if (type == kBpcharOid) return CompareKind::kPadded;
  if (type == kRecordOid) return CompareKind::kRecord;
  if (type == kJsonbOid) return CompareKind::kJsonb;
  if (is_range(type)) return CompareKind::kRange;
  if (type >= kFirstUserTypeOid) return CompareKind::kOwn;  // of a domain the base type counts
  return is_array_representation(type) ? CompareKind::kArray : CompareKind::kBytes;
}

Physical physical_of(CompareKind kind) {
  switch (kind) {
    case CompareKind::kBool: return Physical::kBool;
    case CompareKind::kInt16: return Physical::kInt16;
    case CompareKind::kInt32: return Physical::kInt32;
    case CompareKind::kInt64: return Physical::kInt64;
    case CompareKind::kFloat32: return Physical::kFloat32;
    case CompareKind::kFloat64: return Physical::kFloat64;
    case CompareKind::kInterval:
    case CompareKind::kTimeTz:
    case CompareKind::kUuid: return Physical::kFixed16;
    default: return Physical::kVarlen;
  }
}

__int128 interval_order(const Interval& v) {
  constexpr int64_t kDayUs = int64_t{24} * 3600 * 1000000;
  return static_cast<__int128>(int64_t{v.months} * 30 + v.days) * kDayUs + v.us;
}

int compare_fixed(CompareKind kind, const void* a, const void* b) {
  switch (kind) {
    case CompareKind::kBool: return order(load<uint8_t>(a), load<uint8_t>(b));
    case CompareKind::kInt16: return order(load<int16_t>(a), load<int16_t>(b));
    case CompareKind::kInt32: return order(load<int32_t>(a), load<int32_t>(b));
    case CompareKind::kInt64: return order(load<int64_t>(a), load<int64_t>(b));
    case CompareKind::kFloat32: return compare_floats(load<float>(a), load<float>(b));
    case CompareKind::kFloat64: return compare_floats(load<double>(a), load<double>(b));
    case CompareKind::kInterval: return order(interval_order(load<Interval>(a)), interval_order(load<Interval>(b)));
    case CompareKind::kTimeTz: return compare_timetz(load<TimeTz>(a), load<TimeTz>(b));
    default: return std::memcmp(a, b, sizeof(Fixed16));
  }
}

int compare_bytes(CompareKind kind, std::string_view a, std::string_view b) {
  switch (kind) {
    case CompareKind::kPadded: return compare_plain(without_padding(a), without_padding(b));
    case CompareKind::kNumeric: return compare_numeric(a, b);
    case CompareKind::kArray: return compare_arrays(a, b);
    case CompareKind::kRecord: return compare_records(a, b);
    case CompareKind::kJsonb: return compare_jsonb(a, b);
    case CompareKind::kRange: return compare_ranges(a, b);
    case CompareKind::kOwn: return compare_own(a, b);
    default: return compare_plain(a, b);
  }
}

int compare_values(CompareKind kind, const Vector& a, uint32_t row_a, const Vector& b, uint32_t row_b) {
  if (kind == CompareKind::kBytes) return a.get<StringRef>(row_a).compare(b.get<StringRef>(row_b));
  if (physical_of(kind) == Physical::kVarlen) return compare_bytes(kind, a.string(row_a), b.string(row_b));
  const uint32_t bytes = width(physical_of(kind));
  return compare_fixed(kind, a.values<uint8_t>() + size_t{a.position(row_a)} * bytes,
                       b.values<uint8_t>() + size_t{b.position(row_b)} * bytes);
}

bool equal_values(CompareKind kind, const Vector& a, uint32_t row_a, const Vector& b, uint32_t row_b) {
  if (kind == CompareKind::kBytes) return a.get<StringRef>(row_a) == b.get<StringRef>(row_b);
  return compare_values(kind, a, row_a, b, row_b) == 0;
}

int compare_values(CompareKind kind, const Value& a, const Value& b) {
  return physical_of(kind) == Physical::kVarlen ? compare_bytes(kind, a.bytes(), b.bytes())
                                                : compare_fixed(kind, a.raw(), b.raw());
}

}  // namespace troupe
