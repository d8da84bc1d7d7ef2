#include "runtime/types/type.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/types/user_types.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// SQL names that are neither pg_type's nor format_type()'s.
constexpr std::pair<std::string_view, Oid> kAliases[] = {
    {"int", oid::kInt4},           {"decimal", oid::kNumeric},      {"dec", oid::kNumeric},
    {"float", oid::kFloat8},       {"char", oid::kBpchar},          {"nchar", oid::kBpchar},
    {"national character", oid::kBpchar}, {"character", oid::kBpchar}, {"char varying", oid::kVarchar},
    {"timestamp", oid::kTimestamp}, {"time", oid::kTime},           {"bit varying", oid::kVarbit},
};

std::string interval_fields(int32_t mask) {
  constexpr int32_t kMonth = 1 << 1, kYear = 1 << 2, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11, kSecond = 1 << 12;
  switch (mask) {
    case kYear: return " year";
    case kMonth: return " month";
    case kDay: return " day";
    case kHour: return " hour";
    case kMinute: return " minute";
    case kSecond: return " second";
    case kYear | kMonth: return " year to month";
    case kDay | kHour: return " day to hour";
    case kDay | kHour | kMinute: return " day to minute";
    case kDay | kHour | kMinute | kSecond: return " day to second";
    case kHour | kMinute: return " hour to minute";
    case kHour | kMinute | kSecond: return " hour to second";
    case kMinute | kSecond: return " minute to second";
    default: return "";
  }
}

constexpr int32_t kFullRange = 0x7FFF, kFullPrecision = 0xFFFF;

int32_t interval_mask(std::string_view fields) {
  for (int32_t mask = 1; mask < kFullRange; ++mask) {
    if (const std::string name = interval_fields(mask); !name.empty() && std::string_view(name).substr(1) == fields) {
      return mask;
    }
  }
  return kFullRange;
}

std::string format_scalar(const TypeInfo& info, int32_t typmod) {
  if (typmod < 0) {
    if (info.oid == oid::kBpchar) return typmod == -1 ? "character" : "bpchar";
    return std::string(info.sql_name);
  }
  switch (info.oid) {
    case oid::kBpchar:
    case oid::kVarchar: return cat(info.sql_name, "(", typmod - kVarHeader, ")");
    case oid::kBit:
    case oid::kVarbit: return cat(info.sql_name, "(", typmod, ")");
    case oid::kNumeric: {
      const int32_t packed = typmod - kVarHeader;
      return cat("numeric(", (packed >> 16) & 0xFFFF, ",", ((packed & 0x7FF) ^ 1024) - 1024, ")");
    }
    case oid::kTime: return cat("time(", typmod, ") without time zone");
    case oid::kTimetz: return cat("time(", typmod, ") with time zone");
    case oid::kTimestamp: return cat("timestamp(", typmod, ") without time zone");
    case oid::kTimestamptz: return cat("timestamp(", typmod, ") with time zone");
    case oid::kInterval: {
      const int32_t precision = typmod & kFullPrecision;
      const std::string fields = interval_fields((typmod >> 16) & kFullRange);
      return precision == kFullPrecision ? cat("interval", fields) : cat("interval", fields, "(", precision, ")");
    }
    default: return std::string(info.sql_name);
  }
}

constexpr int32_t kLengthMax = 10 * 1024 * 1024, kBitsMax = kLengthMax * 8;

absl::StatusOr<int32_t> length_typmod(std::string_view name, std::span<const int32_t> modifiers, int32_t header,
                                      int32_t longest = kLengthMax) {
  if (modifiers.size() != 1) return error(ErrorCode::kInvalidParameterValue, "invalid type modifier");
  if (modifiers[0] < 1) return error(ErrorCode::kInvalidParameterValue, "length for type ", name, " must be at least 1");
  if (modifiers[0] > longest) {
    return error(ErrorCode::kInvalidParameterValue, "length for type ", name, " cannot exceed ", longest);
  }
  return modifiers[0] + header;
}

absl::StatusOr<int32_t> numeric_typmod(std::span<const int32_t> modifiers) {
  if (modifiers.empty() || modifiers.size() > 2) {
    return error(ErrorCode::kInvalidParameterValue, "invalid NUMERIC type modifier");
  }
  const int32_t precision = modifiers[0], scale = modifiers.size() == 2 ? modifiers[1] : 0;
  if (precision < 1 || precision > 1000) {
    return error(ErrorCode::kInvalidParameterValue, "NUMERIC precision ", precision, " must be between 1 and 1000");
  }
  if (scale < -1000 || scale > 1000) {
    return error(ErrorCode::kInvalidParameterValue, "NUMERIC scale ", scale, " must be between -1000 and 1000");
  }
  return ((precision << 16) | (scale & 0x7FF)) + kVarHeader;
}

absl::StatusOr<int32_t> precision_typmod(std::string_view what, std::span<const int32_t> modifiers) {
  if (modifiers.size() != 1) return error(ErrorCode::kInvalidParameterValue, "invalid type modifier");
  if (modifiers[0] < 0) {
    return error(ErrorCode::kInvalidParameterValue, what, " precision must not be negative");
  }
  return std::min(modifiers[0], 6);
}

}  // namespace

const TypeInfo& type_info(Oid type) {
  const TypeInfo* info = find_type(type);
  TROUPE_CHECK_MSG(info != nullptr, cat("no type ", type));
  return *info;
}

const TypeInfo* find_type_by_name(std::string_view name) {
  if (name.size() > 2 && name.ends_with("[]")) {
    const TypeInfo* element = find_type_by_name(name.substr(0, name.size() - 2));
    return element == nullptr ? nullptr : find_type(element->array);
  }
  if (name == "\"char\"") return find_type(oid::kChar);
  for (const auto& [alias, type] : kAliases) {
    if (alias == name) return find_type(type);
  }
  for (const TypeInfo& info : all_types()) {
    if (info.name == name || info.sql_name == name) return &info;
  }
  return nullptr;
}

bool is_array_type(Oid type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr && (info->category == 'A' || type == array_type_of(oid::kRecord));
}

Oid element_type_of(Oid type) { return is_array_type(type) ? type_info(type).element : oid::kInvalid; }

Oid array_type_of(Oid element) {
  const TypeInfo* info = find_type(element);
  return info == nullptr ? oid::kInvalid : info->array;
}

bool is_polymorphic(Oid type) {
  switch (type) {
    case oid::kAnyElement:
    case oid::kAnyArray:
    case oid::kAnyNonArray:
    case oid::kAnyEnum:
    case oid::kAnyCompatible:
    case oid::kAnyCompatibleArray:
    case oid::kAnyCompatibleNonArray:
    case oid::kAnyRange:
    case oid::kAnyMultirange:
    case oid::kAnyCompatibleRange:
    case oid::kAnyCompatibleMultirange: return true;
    default: return false;
  }
}

bool is_string_type(Oid type) {
  switch (type) {
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kName:
    case oid::kUnknown:
    case oid::kCstring: return true;
    default: return false;
  }
}

bool is_integer_type(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

bool is_composite_type(Oid type) {
  const TypeInfo* info = type < kFirstUserTypeOid ? nullptr : find_type(type);
  return info != nullptr && info->kind == 'c';
}

bool is_reg_type(Oid type) {
  return type == oid::kRegproc || type == oid::kRegconfig || (type >= oid::kRegprocedure && type <= oid::kRegtype) ||
         type == oid::kRegnamespace || type == oid::kRegrole;
}

std::string format_type(Type type) {
  if (type.oid == oid::kInvalid) return "-";
  const TypeInfo* info = find_type(type.oid);
  if (info == nullptr) return "???";
  const bool vector = type.oid == oid::kInt2Vector || type.oid == oid::kOidVector;
  if (info->category == 'A' && !vector && info->element != 0) {
    return cat(format_scalar(type_info(info->element), type.typmod), "[]");
  }
  return format_scalar(*info, type.typmod);
}

absl::StatusOr<int32_t> make_typmod(Oid type, std::span<const int32_t> modifiers) {
  if (modifiers.empty()) return -1;
  switch (type) {
    case oid::kVarchar: return length_typmod("varchar", modifiers, kVarHeader);
    case oid::kBpchar: return length_typmod("char", modifiers, kVarHeader);
    case oid::kBit: return length_typmod("bit", modifiers, 0, kBitsMax);
    case oid::kVarbit: return length_typmod("varbit", modifiers, 0, kBitsMax);
    case oid::kNumeric: return numeric_typmod(modifiers);
    case oid::kTime: return precision_typmod(cat("TIME(", modifiers[0], ")"), modifiers);
    case oid::kTimetz: return precision_typmod(cat("TIME(", modifiers[0], ") WITH TIME ZONE"), modifiers);
    case oid::kTimestamp: return precision_typmod(cat("TIMESTAMP(", modifiers[0], ")"), modifiers);
    case oid::kTimestamptz: return precision_typmod(cat("TIMESTAMP(", modifiers[0], ") WITH TIME ZONE"), modifiers);
    case oid::kInterval: return make_interval_typmod("", modifiers[0]);
    default:
      if (const Oid element = element_type_of(type); element != oid::kInvalid) return make_typmod(element, modifiers);
      return error(ErrorCode::kSyntaxError, "type modifier is not allowed for type \"", type_info(type).name, "\"");
  }
}

absl::StatusOr<int32_t> make_interval_typmod(std::string_view fields, int32_t precision) {
  const int32_t mask = fields.empty() ? kFullRange : interval_mask(fields);
  if (mask == kFullRange && precision < 0) return -1;
  const int32_t digits = precision < 0 ? kFullPrecision : std::min(precision, 6);
  return (mask << 16) | digits;
}

int32_t typmod_length(Type type) {
  if (type.typmod < 0) return -1;
  switch (type.oid) {
    case oid::kVarchar:
    case oid::kBpchar: return type.typmod - kVarHeader;
    case oid::kBit:
    case oid::kVarbit: return type.typmod;
    default: return -1;
  }
}

}  // namespace troupe
