#pragma once
/// How values of a type compare, whatever its name: the one place that knows order, equality and hash of values.
/// Equal values (1.0 and 1.00; 'a' and 'a ' of bpchar; int2 1 and int8 1) compare 0, hash alike and encode to the
/// same key (integers of one width).
#include <cstdint>
#include <string_view>

#include "storage/base/ids.hpp"
#include "storage/column/physical.hpp"
#include "storage/column/value.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

enum class CompareKind : uint8_t {
  kBool,
  kInt16,
  kInt32,
  kInt64,
  kFloat32,   ///< NaN equals itself and is greatest; -0 equals 0
  kFloat64,
  kBytes,     ///< text, varchar, name, bytea: unsigned bytes (collation "C")
  kPadded,    ///< bpchar: trailing spaces do not count
  kNumeric,   ///< numeric_format.hpp
  kInterval,  ///< by months * 30 days + days + time
  kTimeTz,    ///< by instant, then zone
  kUuid,
  kArray,     ///< array_format.hpp: by elements, then dimensions
  kRecord,    ///< record_format.hpp: by fields
  kJsonb,     ///< json_format.hpp: by kind, then size, then members
  kRange,     ///< range_format.hpp: by lower, then upper bound
  kOwn,       ///< a user's type: an array, a range or a record, as the value says (value_shape.hpp)
};

/// Of a type by its pg_type oid; `physical` decides for oids it does not know (enums, domains).
CompareKind compare_kind(Oid type, Physical physical);
Physical physical_of(CompareKind kind);

/// Neither row is null. The vectors may be constants.
int compare_values(CompareKind kind, const Vector& a, uint32_t row_a, const Vector& b, uint32_t row_b);
bool equal_values(CompareKind kind, const Vector& a, uint32_t row_a, const Vector& b, uint32_t row_b);
int compare_values(CompareKind kind, const Value& a, const Value& b);

/// By payload pointers: fixed-width values as stored (unaligned allowed), kVarlen as string_view.
int compare_fixed(CompareKind kind, const void* a, const void* b);
int compare_bytes(CompareKind kind, std::string_view a, std::string_view b);

/// PostgreSQL's comparison value of an interval, in microseconds.
__int128 interval_order(const Interval& v);

}  // namespace troupe
