#pragma once
/// SQL types by PostgreSQL's oids, and what pg_type says about them.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/column/compare_kind.hpp"
#include "storage/column/physical.hpp"

namespace troupe {

namespace oid {
inline constexpr Oid kInvalid = 0, kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21,
                     kInt2Vector = 22, kInt4 = 23, kRegproc = 24, kText = 25, kOid = 26, kTid = 27, kXid = 28,
                     kCid = 29, kOidVector = 30, kJson = 114, kXml = 142, kPgNodeTree = 194, kXid8 = 5069,
                     kFloat4 = 700, kFloat8 = 701, kUnknown = 705, kCidr = 650, kMacaddr = 829, kInet = 869,
                     kMoney = 790, kAclItem = 1033, kBpchar = 1042, kVarchar = 1043, kDate = 1082, kTime = 1083,
                     kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186, kTimetz = 1266, kBit = 1560,
                     kVarbit = 1562, kNumeric = 1700, kRefcursor = 1790, kRegprocedure = 2202, kRegoper = 2203,
                     kRegoperator = 2204, kRegclass = 2205, kRegtype = 2206, kRecord = 2249, kCstring = 2275,
                     kAny = 2276, kAnyArray = 2277, kVoid = 2278, kTrigger = 2279, kInternal = 2281,
                     kAnyElement = 2283, kAnyNonArray = 2776, kUuid = 2950, kAnyEnum = 3500, kRegconfig = 3734,
                     kJsonb = 3802, kJsonpath = 4072, kRegnamespace = 4089, kRegrole = 4096, kAnyCompatible = 5077,
                     kAnyCompatibleArray = 5078, kAnyCompatibleNonArray = 5079, kMacaddr8 = 774, kPgLsn = 3220;
inline constexpr Oid kInt4Range = 3904, kNumRange = 3906, kTsRange = 3908, kTstzRange = 3910, kDateRange = 3912,
                     kInt8Range = 3926, kAnyRange = 3831, kAnyCompatibleRange = 5080, kInt4Multirange = 4451,
                     kNumMultirange = 4532, kTsMultirange = 4533, kTstzMultirange = 4534, kDateMultirange = 4535,
                     kInt8Multirange = 4536, kAnyMultirange = 4537, kAnyCompatibleMultirange = 4538;
inline constexpr Oid kBoolArray = 1000, kByteaArray = 1001, kCharArray = 1002, kNameArray = 1003, kInt2Array = 1005,
                     kInt4Array = 1007, kTextArray = 1009, kOidArray = 1028, kBpcharArray = 1014,
                     kVarcharArray = 1015, kInt8Array = 1016, kFloat4Array = 1021, kFloat8Array = 1022,
                     kDateArray = 1182, kTimestampArray = 1115, kTimestamptzArray = 1185, kIntervalArray = 1187,
                     kNumericArray = 1231, kUuidArray = 2951, kJsonArray = 199, kJsonbArray = 3807;
}  // namespace oid

/// A type with its modifier (varchar(10), numeric(8,2)); -1 means none.
struct Type {
  Oid oid = oid::kUnknown;
  int32_t typmod = -1;
  bool operator==(const Type&) const = default;
};

/// One row of pg_type.
struct TypeInfo {
  Oid oid;
  std::string_view name;      ///< pg_type.typname ("int4")
  std::string_view sql_name;  ///< what format_type() prints ("integer")
  int16_t typlen;             ///< -1 varlena, -2 cstring
  char category;              ///< typcategory
  bool preferred;             ///< typispreferred
  char align;                 ///< typalign
  bool by_value;              ///< typbyval
  Oid element;                ///< typelem: of arrays and of int2vector, oidvector, name
  Oid array;                  ///< typarray, 0 if none
  bool is_collatable;
  char kind;                  ///< typtype: b, p, c, d, e, r, m
  Physical physical;
  CompareKind compare;
  char delimiter() const { return ','; }
};

/// Every type Troupe knows, by ascending oid.
std::span<const TypeInfo> all_types();
/// Null when unknown.
const TypeInfo* find_type(Oid type);
/// Must be known.
const TypeInfo& type_info(Oid type);
/// By pg_type.typname or an SQL name in lower case ("integer", "character varying", "double precision", "int").
/// Names with [] after them are arrays. Null when unknown.
const TypeInfo* find_type_by_name(std::string_view name);

inline Physical physical_of(Type type) { return type_info(type.oid).physical; }
inline CompareKind compare_kind_of(Type type) { return type_info(type.oid).compare; }

bool is_array_type(Oid type);
/// The element type of an array (also int2vector, oidvector), or 0.
Oid element_type_of(Oid type);
/// 0 when there is none.
Oid array_type_of(Oid element);
bool is_polymorphic(Oid type);
/// Types whose text is the value: text, varchar, bpchar, name, unknown ...
bool is_string_type(Oid type);
bool is_integer_type(Oid type);
bool is_reg_type(Oid type);
/// CREATE TYPE ... AS (...), and the rows of tables.
bool is_composite_type(Oid type);
/// The same, and record.
inline bool is_record_type(Oid type) { return type == oid::kRecord || is_composite_type(type); }

/// "integer", "character varying(10)", "numeric(8,2)", "timestamp(3) without time zone", "text[]".
std::string format_type(Type type);
inline std::string format_type(Oid type) { return format_type(Type{type}); }

/// The typmod of name(modifiers): varchar(10) = 14, numeric(8,2), timestamp(3) ... `modifiers` are the parenthesised
/// integers. Errors as PostgreSQL's (22023, 42601 for a type that takes none).
absl::StatusOr<int32_t> make_typmod(Oid type, std::span<const int32_t> modifiers);
/// The typmod of INTERVAL's fields: "day to second(3)" ...; `fields` is lower case, precision -1 for none.
absl::StatusOr<int32_t> make_interval_typmod(std::string_view fields, int32_t precision);
inline constexpr int32_t kVarHeader = 4;
/// The n of varchar(n), char(n), bit(n); -1 if none.
int32_t typmod_length(Type type);

}  // namespace troupe
