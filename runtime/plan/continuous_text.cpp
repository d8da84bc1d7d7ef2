#include "runtime/plan/continuous_text.hpp"

#include "runtime/plan/continuous_stage.hpp"
#include "storage/base/text.hpp"

namespace troupe {

std::string continuous_weight(size_t place) { return cat("__weight_", place + 1); }

std::string continuous_key_text(Type type, const std::string& value) {
  switch (type.oid) {
    case oid::kNumeric: return cat("pg_catalog.trim_scale(", value, ")");
    case oid::kFloat4:
    case oid::kFloat8: return cat("(", value, " + 0.0::pg_catalog.float8)");
    case oid::kBpchar: return cat(value, "::pg_catalog.text");
    case oid::kBool:
    case oid::kBytea:
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kText:
    case oid::kVarchar:
    case oid::kName:
    case oid::kDate:
    case oid::kTime:
    case oid::kTimestamp:
    case oid::kTimestamptz:
    case oid::kUuid:
    case oid::kOid:
    case oid::kChar: return value;
    default: return type_info(type.oid).category == 'E' ? value : std::string();
  }
}

bool is_continuous_key(Type type) { return !continuous_key_text(type, "x").empty(); }

std::string continuous_digest(const std::string& fields) {
  const std::string text = fields.empty() ? std::string("''") : cat("ROW(", fields, ")::pg_catalog.text");
  return cat("pg_catalog.sha256(pg_catalog.convert_to(", text, ", 'UTF8'))");
}

std::string continuous_list(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) list += cat(list.empty() ? "" : ", ", column);
  return list.empty() ? std::string("1 AS one") : list;
}

}  // namespace troupe
